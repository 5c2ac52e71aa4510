//! What should be resting or on its way now. Made afresh after every event; nothing remembers it.

use super::Leg;
use backstop_model::{ExitReason, OrderKind, Quantity, TrancheId};

/// One wanted order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Whose it is.
    pub tranche: TrancheId,
    /// What it is for.
    pub leg: Leg,
    /// What it says.
    pub kind: OrderKind,
    /// For how much is still to be executed.
    pub quantity: Quantity,
    /// It is to be for whatever the position is when it executes; `quantity` is all that is open now.
    pub whole: bool,
    /// What its executions are booked as.
    pub reason: ExitReason,
}
