//! What befalls markets and accounts by chance: on every quote the venue's own knobs are asked (faults.md, section F).
//!
//! Each does what its hand-called counterpart does. A knob that is not turned draws no number, so that switching one on
//! does not shift anything else.

use crate::deal::Reason;
use crate::exchange::{Due, Exchange, SetupError};
use crate::faults::Fault;
use crate::filters::Rules;
use crate::market::Session;
use crate::request::Slot;
use backstop_model::{PositionMode, Quantity, Ratio, Rounding, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// What the faults that strike on quotes and on deals do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Incidents {
    /// How long [`Fault::MarketClosed`] shuts a market.
    pub closed_for: Span,
    /// What [`Fault::DealReject`] rejects with.
    pub reason: Reason,
}

impl Default for Incidents {
    fn default() -> Self {
        Self { closed_for: Span::from_secs(60), reason: Reason::GeneralError }
    }
}

impl Exchange {
    /// Opens or shuts a market, or leaves it to closings (F-H08, F-L).
    ///
    /// # Errors
    /// [`SetupError::NotListed`].
    pub fn set_session(&mut self, now: Timestamp, symbol: &str, session: Session) -> Result<(), SetupError> {
        self.work_until(now);
        self.listed(symbol)?.session = session;
        Ok(())
    }

    /// A market that a fault closed trades again, unless somebody has settled it meanwhile.
    pub(crate) fn reopen(&mut self, symbol: &str) {
        if let Some(market) = self.markets.get_mut(symbol) {
            market.session = Session::Trading;
        }
    }

    /// Asks the knobs, after everything else on this quote.
    pub(crate) fn incidents(&mut self, symbol: &str) {
        let now = self.now;
        if self.faults.drawn(Fault::FiltersChange, now) {
            self.coarsen_or_restore(symbol);
        }
        if self.faults.drawn(Fault::ModeChange, now) {
            self.switch_somebodys_mode();
        }
        if self.faults.drawn(Fault::Adl, now) {
            self.deleverage_somebody(symbol);
        }
        if self.faults.drawn(Fault::Liquidation, now)
            && let Some((account, slot)) = self.somebody(symbol)
        {
            self.liquidate_slot(&account, symbol, slot);
        }
        if self.faults.strikes(Fault::MarketClosed, now) {
            self.close_for_a_while(symbol);
        }
        if self.faults.drawn(Fault::Settlement, now) {
            self.settle_at_mark(symbol);
        }
    }

    /// One of the open positions of a market, by chance.
    fn somebody(&mut self, symbol: &str) -> Option<(String, Slot)> {
        let mut open: Vec<(String, Slot)> =
            self.holders(symbol).map(|(account, slot, _)| (account.to_owned(), slot)).collect();
        let count = u32::try_from(open.len()).ok().filter(|count| *count > 0)?;
        let which = usize::try_from(self.faults.dice().below(count)).ok()?;
        Some(open.swap_remove(which))
    }

    /// Takes a half, up to the next step; all of what is one step.
    fn deleverage_somebody(&mut self, symbol: &str) {
        let Some((account, slot)) = self.somebody(symbol) else { return };
        let Some(step) = self.rules(symbol).map(|rules| rules.step) else { return };
        let held = self.ledger.holding(&account, symbol, slot).quantity;
        let half = Ratio::percent("50").ok().and_then(|half| held.share(half, Rounding::Up).ok());
        let taken = half.and_then(|half| half.ceil_to_step(step).ok()).unwrap_or(held);
        let _taken: Quantity = self.adl(self.now, &account, symbol, slot, taken);
    }

    fn settle_at_mark(&mut self, symbol: &str) {
        let mark = self.markets.get(symbol).and_then(crate::market::Market::mark);
        if let Some(mark) = mark {
            // It is listed: it has just been quoted.
            let _listed = self.settle(self.now, symbol, mark);
        }
    }

    fn close_for_a_while(&mut self, symbol: &str) {
        let again = self.now.plus(self.faults.incidents.closed_for);
        if let Some(market) = self.markets.get_mut(symbol) {
            market.session = Session::Closed;
            self.plan(again, Due::Reopen { symbol: symbol.to_owned() });
        }
    }

    /// The grid gets ten times as coarse; the next time it is what it was.
    fn coarsen_or_restore(&mut self, symbol: &str) {
        let Some(market) = self.markets.get_mut(symbol) else { return };
        let (rules, kept) = match market.replaced_rules.take() {
            Some(before) => (before, None),
            None => match coarser(&market.rules) {
                Some(coarse) => (coarse, Some(market.rules.clone())),
                None => return,
            },
        };
        market.replaced_rules = kept;
        // It is listed, and ten steps are no less than one.
        let _changed = self.change_rules(symbol, rules);
    }

    fn switch_somebodys_mode(&mut self) {
        let accounts: Vec<String> = self.ledger.account_names().map(str::to_owned).collect();
        let Some(count) = u32::try_from(accounts.len()).ok().filter(|count| *count > 0) else { return };
        let which = usize::try_from(self.faults.dice().below(count)).unwrap_or(0);
        let Some(account) = accounts.get(which) else { return };
        let other = match self.mode_of(account) {
            Ok(PositionMode::Hedge) => PositionMode::OneWay,
            Ok(PositionMode::OneWay) => PositionMode::Hedge,
            Ok(PositionMode::PerDeal) | Err(_) => return,
        };
        if self.change_mode(account, other).is_ok() {
            self.faults.count(Fault::ModeChange);
        }
    }
}

fn coarser(rules: &Rules) -> Option<Rules> {
    let ten = Ratio::whole(10);
    let tick = rules.tick.times(ten, Rounding::Nearest).ok()?;
    let step = rules.step.share(ten, Rounding::Nearest).ok()?;
    Some(Rules { tick, step, min_quantity: rules.min_quantity.max(step), ..rules.clone() })
}
