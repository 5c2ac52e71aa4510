//! Where every deal is a position of its own, an entry is kept beside them, because it was sent before its deal had a name: which
//! deal it has opened, and what the end of that deal means for what has not been filled of it.
//!
//! What becomes of the entry itself is `position/entering.rs`.

use crate::engine::{Engine, Turn};
use crate::orders::{EntryName, EntryOrder, Scope, Unwanted};
use crate::position::{Entered, Position};
use backstop_model::{ClientOrderId, DealId, ExitReason, Fill, PositionKey, Quantity};

impl Engine {
    /// Where every deal is a position, an entry is kept beside them: it was sent before its deal had a name.
    pub(crate) fn asked_beside(&mut self, key: PositionKey, fill: &Fill, turn: &mut Turn) -> Option<Entered> {
        let beside = key.of_deal(None);
        key.deal?;
        if self.position(beside).is_none() && self.is_entry_of(beside, fill) {
            // Its record is lost, its name is not.
            self.tell(beside, turn, |_, _, _| Ok(()));
        }
        let asked = self.position(beside)?.entered_by(fill)?;
        self.tell_known(beside, turn, |position, ctx, out| position.count_at_entry(fill, ctx, out));
        Some(asked)
    }

    fn is_entry_of(&self, key: PositionKey, fill: &Fill) -> bool {
        let account = self.accounts.get(&key.account);
        let scope = account.zip(self.instrument(key.instrument)).map(|(of, at)| Scope::of(of, at, None));
        let name = fill.order.as_ref().and_then(EntryName::read);
        name.is_some_and(|name| Some(name.scope) == scope && name.side == key.side)
    }

    /// The entry of ours that a deal is the work of which a read shows and no execution explains; of several that for as much.
    pub(crate) fn entry_beside(&self, key: PositionKey, quantity: Quantity) -> Option<(ClientOrderId, Entered)> {
        let deal = key.deal?;
        if self.position(key).is_some_and(|known| known.live.is_some()) {
            return None;
        }
        let explains = |entry: &&EntryOrder| {
            let is_free = entry.deal.is_none_or(|known| known == deal);
            is_free && entry.explains_unseen() && quantity <= entry.quantity
        };
        let entries = self.position(key.of_deal(None))?.entries.iter();
        let entry = entries.filter(explains).max_by_key(|entry| entry.quantity == quantity)?;
        Some((entry.id, Entered::of(&entry.id, Some(entry))))
    }

    /// A read has shown what an entry has opened: another deal is not its work.
    pub(crate) fn note_deal_of(&mut self, entry: ClientOrderId, key: PositionKey, turn: &mut Turn) {
        let Some(deal) = key.deal.filter(|_| self.position(key).is_some_and(|opened| opened.live.is_some())) else {
            return;
        };
        self.tell_known(key.of_deal(None), turn, |position, _, _| {
            position.note_deal(entry, deal);
            Ok(())
        });
    }

    /// A deal goes on no more: nothing more of the entry that has opened it is to be filled. What is filled all the same is closed
    /// where the deal is closed by hand or for want of a stop.
    pub(crate) fn end_entry_beside(&mut self, key: PositionKey, turn: &mut Turn) {
        let Some(deal) = key.deal else { return };
        let why = self.position(key).and_then(Position::closing_for).filter(|reason| match reason {
            ExitReason::Emergency | ExitReason::Manual => true,
            ExitReason::Adl
            | ExitReason::BreakevenStop
            | ExitReason::EndOfDay
            | ExitReason::External
            | ExitReason::InstantTakeProfit
            | ExitReason::LadderStop
            | ExitReason::Liquidation
            | ExitReason::StopLoss
            | ExitReason::TakeProfit
            | ExitReason::TimeLimit
            | ExitReason::TrailingStop
            | ExitReason::Unknown => false,
        });
        let why = why.map_or(Unwanted::Cancelled, Unwanted::Closed);
        self.tell_known(key.of_deal(None), turn, |position, _, _| {
            position.end_entries_of(deal, why);
            Ok(())
        });
    }
}

impl Position {
    /// Whether something is open and is not being closed.
    pub(crate) fn goes_on(&self) -> bool {
        self.live.iter().flat_map(|live| live.open()).any(|tranche| tranche.closing.is_none())
    }

    /// Why it is being closed.
    fn closing_for(&self) -> Option<ExitReason> {
        self.live.iter().flat_map(|live| live.open()).find_map(|tranche| Some(tranche.closing?.reason))
    }

    fn note_deal(&mut self, entry: ClientOrderId, deal: DealId) {
        if let Some(entry) = self.entries.iter_mut().find(|known| known.id == entry) {
            entry.deal = Some(deal);
        }
    }
}
