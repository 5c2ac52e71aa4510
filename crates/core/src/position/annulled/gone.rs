//! An execution that is gone, while it is being taken out of what it was booked to: how much of it is left to be found, and in
//! which closings it is looked for.
//!
//! What follows from that is the module above; how a record is told again, `past`.

use crate::position::assumed::{Assumed, assumed_in};
use crate::position::facts::part_of;
use crate::position::tranche::Exit;
use backstop_model::{Epoch, ExitReason, Fill, Money, OutOfRange, PartialExitDocument, Quantity, TrancheId};

/// An execution that is gone: what is left of it to be found, and the rest of its fee.
pub(super) struct Gone<'f> {
    pub(super) fill: &'f Fill,
    pub(super) left: Quantity,
    pub(super) fee: Money,
    /// What only reads have shown: that is other executions' (F-B16).
    pub(super) assumed: Vec<Assumed>,
}

/// A closing it may have been part of.
pub(super) struct Closed {
    level: Option<u8>,
    reason: ExitReason,
    quantity: Quantity,
    /// When its last execution happened, in milliseconds.
    at: i64,
}

impl Gone<'_> {
    /// The part of the fee that goes with so much; the last part takes what rounding leaves.
    pub(super) fn fee_with(&mut self, quantity: Quantity) -> Result<Money, OutOfRange> {
        let fee = part_of(self.fee, quantity, self.left)?;
        self.fee = self.fee.minus(fee)?;
        self.left = self.left.saturating_minus(quantity);
        Ok(fee)
    }

    /// In which order the closings of a tranche are looked at, and how much of each may have been this execution: those of its
    /// level first, then the one that was executed just then, then the newest.
    pub(super) fn order(
        &self,
        closings: impl Iterator<Item = Closed>,
        level: Option<u8>,
        (epoch, tranche): (Epoch, TrancheId),
    ) -> Vec<(usize, Quantity)> {
        let mut all: Vec<(usize, Closed)> = closings.enumerate().collect();
        all.reverse();
        all.sort_by_key(|(_, closed)| (closed.level != level, closed.at != self.fill.at.as_millis()));
        let own = |closed: &Closed| {
            let others = assumed_in(&self.assumed, epoch, tranche, closed.level, closed.reason);
            closed.quantity.saturating_minus(others)
        };
        all.iter().map(|(index, closed)| (*index, own(closed))).collect()
    }
}

impl From<&Exit> for Closed {
    fn from(exit: &Exit) -> Self {
        Self { level: exit.level, reason: exit.reason, quantity: exit.quantity, at: exit.at.as_millis() }
    }
}

impl From<&PartialExitDocument> for Closed {
    fn from(exit: &PartialExitDocument) -> Self {
        Self { level: exit.tp_level, reason: exit.reason, quantity: exit.quantity_closed, at: exit.exit_time }
    }
}
