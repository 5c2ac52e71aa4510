//! The core's answer to one event.

use crate::entries::NotEntered;
use crate::timers::Deadline;
use backstop_model::{
    ClientOrderId, Command, Course, InstrumentId, MarketView, Money, Notice, PositionDocument, PositionKey, Price,
    Timestamp,
};

/// Everything that follows from one event.
///
/// The caller's one duty: when `changed`, the event, its `market` and the `commands` go into the journal in one
/// transaction, and only when that is durable may a command leave the machine (R1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// Something is different from before: to be recorded. A tick inside all quiet intervals never is.
    pub changed: bool,
    /// What to do, in order.
    pub commands: Vec<Command>,
    /// What to tell people.
    pub notices: Vec<Notice>,
    /// The prices it was decided on, for each instrument concerned.
    pub market: Vec<(InstrumentId, MarketView)>,
    /// Positions that are different now, for the read models.
    pub positions: Vec<PositionRead>,
    /// Why the entry that was asked for is not sent.
    pub not_entered: Option<NotEntered>,
    /// When the core wants to be woken, and why; nothing when only events can change anything.
    pub deadline: Option<(Timestamp, Deadline)>,
}

/// A position as others read it: the document and the orders that guard it.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct PositionRead {
    /// Which position.
    pub key: PositionKey,
    /// The document.
    pub document: PositionDocument,
    /// What the document leaves out: how far the price went, and where the plan had meant it to end.
    pub course: Course,
    /// The order that opened it, where known.
    pub main_order: Option<String>,
    /// The order of the next target.
    pub target_order: Option<ClientOrderId>,
    /// The order of the stop.
    pub stop_order: Option<ClientOrderId>,
    /// The protection.
    pub protection: Coverage,
    /// This tranche has gone up in another one and exists no more; nothing of it was closed.
    pub is_merged: bool,
}

impl PositionRead {
    /// The last word on a tranche that goes up in another one.
    #[must_use]
    pub(crate) fn merged(mut self) -> Self {
        self.is_merged = true;
        self
    }
}

/// Proof of coverage, as data (product.md §8): what protects a position, read back from the venue.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Coverage {
    /// Quantity under working stops on the right side, percent of what is open, cut at 100.
    pub covered: bool,
    /// The trigger price of the working stop.
    pub stop_price: Option<Price>,
    /// When the venue last confirmed it.
    pub confirmed_at: Option<Timestamp>,
    /// Unprotected since, when it is.
    pub unprotected_since: Option<Timestamp>,
    /// The longest time unprotected so far, nanoseconds.
    pub longest_unprotected: backstop_model::Span,
    /// What a stop-out now would lock in, before the fee of that exit.
    pub locked: Option<Money>,
}
