//! The owner of an account has switched at the venue how it keeps positions, hedge or one-way (F-D07). Venues allow it only
//! while nothing is open, so nothing that is held is of the other mode; what is opened from then on is.
//!
//! How orders are worded in each mode is the translator's; here is what the decisions depend on, and that what was refused
//! for its words does not wait its time.

use crate::engine::{Engine, Turn};
use crate::position::{Ctx, Out, Position, Retry};
use backstop_model::{Account, ModeReport, Notice, PositionKey, RefusalReason, Severity};

impl Engine {
    /// Takes in how the venue keeps an account's positions. That it is what it was is no news.
    pub(crate) fn mode_told(&mut self, told: &ModeReport, turn: &mut Turn) {
        let Some(account) = self.accounts.get_mut(&told.account) else { return };
        let (before, name) = (account.position_mode, account.name);
        turn.changed |= before != told.mode || account.capability != told.capability;
        account.position_mode = told.mode;
        account.capability = told.capability.clone();
        if before == told.mode {
            return;
        }
        let text = format!(
            "account {name}: the venue keeps positions {} now ({} before): orders are worded accordingly; let position_mode say so as well",
            told.mode.word(),
            before.word()
        );
        turn.notices.push(Notice { severity: Severity::Warning, position: None, text });
        let of_it = |key: &PositionKey| key.account == told.account;
        let slots: Vec<u32> = self.slots.iter().filter(|(key, _)| of_it(key)).map(|(_, slot)| *slot).collect();
        for slot in slots {
            self.with(slot, turn, |position: &mut Position, ctx: Ctx, _: &mut Out| {
                position.ask_wrong_words_again(ctx);
                Ok(())
            });
        }
    }

    /// An account as it is written down, in the mode that the venue keeps it in as far as that is known: what is told at every
    /// start is older than what the venue has said since, and orders in the other mode's words may open what they should
    /// close (venues/bitget.md §15).
    pub(crate) fn as_the_venue_keeps_it(&self, written: &Account) -> Account {
        // Its number may be another account's by now.
        let same = |known: &&Account| known.name == written.name && known.venue == written.venue;
        match self.accounts.get(&written.id).filter(same) {
            Some(known) if known.position_mode != written.position_mode => {
                Account { position_mode: known.position_mode, capability: known.capability.clone(), ..written.clone() }
            }
            Some(_) | None => written.clone(),
        }
    }
}

impl Position {
    /// What was refused for being in the words of another mode is tried again at once (I25). How often it was refused stays
    /// known: if it is refused once more, the next pause is as long as it would have been (I36).
    fn ask_wrong_words_again(&mut self, ctx: Ctx) {
        let Some(live) = &mut self.live else { return };
        let at_once = |retry: Retry| match retry.why {
            Some(RefusalReason::WrongMode) => Retry { at: retry.at.min(ctx.now), ..retry },
            Some(_) | None => retry,
        };
        let whole = live.whole.retry.get().map(at_once);
        live.whole.retry.put(whole);
        let retries = live.tranches.iter_mut().flat_map(|tranche| tranche.retries.iter_mut());
        retries.for_each(|(_, retry)| *retry = at_once(*retry));
    }
}
