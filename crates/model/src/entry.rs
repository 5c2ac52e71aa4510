//! An entry that an operator asks for: the one kind of order that opens something (product.md §3).

use crate::{AccountId, PlanId, PositionKey, Price, Quantity, RequestId};
use serde::{Deserialize, Serialize};

/// What is to be opened or added to, and under which plan it is then looked after.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EntryRequest {
    /// The operator's own name for it. The same name never gives two orders: a repeat is answered with the same entry.
    pub request: RequestId,
    /// Which position.
    pub position: PositionKey,
    /// How much, never more.
    pub quantity: Quantity,
    /// The worst price accepted; at market when absent.
    pub limit: Option<Price>,
    /// The plan; the one that applies to the position when absent.
    pub plan: Option<PlanId>,
}

impl EntryRequest {
    /// Whose entry it is.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.position.account
    }
}
