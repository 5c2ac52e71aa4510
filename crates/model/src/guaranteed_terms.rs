//! What a market asks for a guaranteed stop: a distance of its own and a premium (venues/ig.md §6).

use crate::{LeastDistance, Money, OutOfRange, Points, Quantity};
use serde::{Deserialize, Serialize};

/// The terms of a market's guaranteed stops.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct GuaranteedTerms {
    /// How near to the price one may be placed; as near as any stop when absent.
    pub least_distance: Option<LeastDistance>,
    /// What it costs for each unit of quantity, in points of price; zero or more.
    pub premium: Points,
}

impl GuaranteedTerms {
    /// The premium for a quantity, in the quote currency.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn premium_of(&self, quantity: Quantity) -> Result<Money, OutOfRange> {
        self.premium.value(quantity)
    }
}
