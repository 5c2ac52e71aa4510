//! How much rests in a market's book near the price: what an exit at market could take without moving the price far.

use crate::{InstrumentId, PositionSide, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

/// What rests within one percent of the best price, on either side, as far as the venue shows it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Depth {
    /// Of what.
    pub instrument: InstrumentId,
    /// What is bid: so much could be sold.
    pub bids: Quantity,
    /// What is asked: so much could be bought.
    pub asks: Quantity,
    /// When, by the venue's clock.
    pub at: Timestamp,
}

impl Depth {
    /// How much of a position on `side` the book could take.
    #[must_use]
    pub const fn takes(&self, side: PositionSide) -> Quantity {
        match side {
            PositionSide::Long => self.bids,
            PositionSide::Short => self.asks,
        }
    }
}
