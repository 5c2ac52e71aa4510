//! One execution, and one funding payment: the only things that change what a position is and what it has earned.

use crate::order::Fee;
use crate::{
    AccountId, ClientOrderId, DealId, FillId, InstrumentId, Money, OrderSide, PositionSide, Price, Quantity, Timestamp,
    VenueOrderId,
};
use serde::{Deserialize, Serialize};

/// Whether an execution rested in the book or took from it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Liquidity {
    /// Rested.
    Maker,
    /// Took.
    Taker,
}

/// What brought an execution about, as far as the venue says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum FillCause {
    /// Auto-deleveraging (F-F02).
    Adl,
    /// The venue liquidated the position (F-F01).
    Liquidation,
    /// An order, ours or another's.
    Order,
    /// Settlement or delisting (F-F03).
    Settlement,
}

/// One execution. Its key is (account, instrument, `id`): the second one with the same key is a no-op (F-B02).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Fill {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// The venue's id of the execution.
    pub id: FillId,
    /// The client id of the order, where it had one.
    pub order: Option<ClientOrderId>,
    /// The venue's id of the order.
    pub venue_order: VenueOrderId,
    /// Buy or sell.
    pub side: OrderSide,
    /// The position it belongs to on accounts in hedge mode; absent where there is one net position.
    pub position_side: Option<PositionSide>,
    /// The deal it opened or closed, where the venue keeps a position for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
    /// Price, never zero.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// What it cost.
    pub fee: Fee,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// What brought it about.
    pub cause: FillCause,
    /// When it happened, by the venue's clock.
    pub at: Timestamp,
}

/// The venue has annulled an execution: it never was (F-F08). What was recorded of it stays recorded; this is the correction.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Annulled {
    /// The execution as it was told.
    pub fill: Fill,
    /// When it was annulled, by the venue's clock.
    pub at: Timestamp,
}

/// A funding or overnight payment on a position.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Funding {
    /// Whose.
    pub account: AccountId,
    /// For what.
    pub instrument: InstrumentId,
    /// For which side in hedge mode; absent where there is one net position.
    pub position_side: Option<PositionSide>,
    /// For which deal, where the venue keeps a position for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
    /// Positive was received, negative was paid.
    pub amount: Money,
    /// When, by the venue's clock: with account and instrument the key of the payment.
    pub at: Timestamp,
}
