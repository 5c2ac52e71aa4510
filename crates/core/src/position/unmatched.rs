//! Closings of what is not known to be open (F-B01, F-B03): the execution that opened it was lost on its way, or comes later.
//!
//! They are kept until that one is here, and booked then; a closing that is only remembered by its id would be lost
//! (I10). What an execution closes is decided in `facts`; whose it is, in the engine's `route`.

use super::{Ctx, Out, Position, facts_fee};
use backstop_model::{Fee, Fill, OutOfRange, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

/// Kept at most; the oldest goes first.
const MOST: usize = 16;

/// A closing, and how much of it has closed nothing yet.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Unmatched {
    fill: Fill,
    left: Quantity,
}

impl Unmatched {
    /// Whether it is this execution, which tells its fee only now (F-B11).
    pub(super) fn lacks_fee_of(&self, fill: &Fill) -> bool {
        self.fill.id == fill.id && self.fill.fee == Fee::Unknown
    }

    /// The fee of this execution is known.
    pub(super) fn note_fee_of(&mut self, fill: &Fill) {
        if self.lacks_fee_of(fill) {
            self.fill.fee = fill.fee;
        }
    }
}

impl Position {
    /// Keeps what an execution has closed beyond what is known to be open.
    pub(crate) fn keep_unmatched(&mut self, fill: &Fill, left: Quantity) {
        self.aside.unmatched.push(Unmatched { fill: fill.clone(), left });
        if self.aside.unmatched.len() > MOST {
            self.aside.unmatched.remove(0);
        }
    }

    /// What entries of ours are told to have executed while no execution, no read and no closing has shown it yet.
    fn untold_entries(&self) -> Quantity {
        let sum = |sum: Quantity, one: Quantity| sum.plus(one).unwrap_or(sum);
        let told = self.entries.iter().map(|entry| entry.reported.saturating_minus(entry.filled));
        let told = told.fold(Quantity::ZERO, sum);
        let known = self.aside.unmatched.iter().map(|kept| kept.left).fold(self.assumed_entries(), sum);
        told.saturating_minus(known)
    }

    /// The same, or what the venue has told to be open before `at` while nothing known opens it.
    pub(crate) fn untold(&self, at: Timestamp) -> Quantity {
        self.untold_entries().max(self.unseen_before(at))
    }

    /// What exits of ours are told to have executed beyond the executions that are known.
    pub(super) fn untold_exits(&self) -> Quantity {
        let told = self.orders.iter().filter(|order| order.epoch == self.epoch);
        let told = told.map(|order| order.reported.saturating_minus(order.filled));
        told.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(sum))
    }

    /// A closing is gone; how much of it had closed nothing yet.
    pub(super) fn forget_unmatched(&mut self, fill: &Fill) -> Quantity {
        let place = self.aside.unmatched.iter().position(|kept| kept.fill.id == fill.id);
        place.map_or(Quantity::ZERO, |place| self.aside.unmatched.remove(place).left)
    }

    /// Whether something was closed after that instant that is known to be open only now.
    pub(crate) fn was_closed_since(&self, opened_at: Timestamp) -> bool {
        self.aside.unmatched.iter().any(|kept| kept.fill.at > opened_at)
    }

    /// How much was closed after that instant that has found nothing to close.
    pub(super) fn closed_since(&self, at: Timestamp) -> Quantity {
        let kept = self.aside.unmatched.iter().filter(|kept| kept.fill.at > at).map(|kept| kept.left);
        kept.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(sum))
    }

    /// Books what was closed after that, oldest first, as far as something is open.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn close_unmatched(&mut self, opened_at: Timestamp, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let all = self.quantity();
        self.book_kept(all, |kept| kept.fill.at > opened_at, ctx, out)
    }

    /// A read shows less than we know of: closings that found nothing to close have closed it, whatever came when.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn close_down_to(&mut self, read: Quantity, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let excess = self.quantity().saturating_minus(read);
        self.book_kept(excess, |_| true, ctx, out)
    }

    fn book_kept(
        &mut self,
        mut most: Quantity,
        chosen: impl Fn(&Unmatched) -> bool,
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        let mut kept = std::mem::take(&mut self.aside.unmatched);
        kept.sort_by_key(|kept| kept.fill.at);
        for one in kept {
            let closes = if chosen(&one) { one.left.min(most) } else { Quantity::ZERO };
            if !closes.is_zero() {
                most = most.saturating_minus(closes);
                self.leave(&one.fill, closes, facts_fee(&one.fill, closes)?, ctx, out)?;
            }
            let left = one.left.saturating_minus(closes);
            if !left.is_zero() {
                self.keep_unmatched(&one.fill, left);
            }
        }
        Ok(())
    }
}
