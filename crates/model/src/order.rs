//! Orders: what we ask a venue to rest or to do at once, and what it tells us of them.

use crate::{
    AccountId, ClientOrderId, DealId, InstrumentId, Money, PositionKey, PositionSide, Price, Quantity, Ratio,
    Timestamp, TriggerSource, VenueOrderId,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Buy or sell.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderSide {
    /// Adds to a long, reduces a short.
    Buy,
    /// Adds to a short, reduces a long.
    Sell,
}

impl fmt::Display for OrderSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        })
    }
}

/// How long an order stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum TimeInForce {
    /// Until filled or cancelled.
    GoodTillCancel,
    /// What cannot be filled at once is cancelled.
    ImmediateOrCancel,
    /// Only as a maker: refused when it would take.
    PostOnly,
}

/// The condition under which an order comes alive.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Trigger {
    /// The trigger price.
    pub price: Price,
    /// The series that is watched.
    pub source: TriggerSource,
    /// It fills at its price whatever happens, where the venue sells that (venues/ig.md §4.3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guaranteed: bool,
}

impl Trigger {
    /// An ordinary one, which fills at what the market gives.
    #[must_use]
    pub const fn new(price: Price, source: TriggerSource) -> Self {
        Self { price, source, guaranteed: false }
    }
}

/// What kind of order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum OrderKind {
    /// At `price` or better.
    Limit {
        /// The worst price accepted.
        price: Price,
        /// How long it stands.
        time_in_force: TimeInForce,
    },
    /// At once, at what the book gives.
    Market,
    /// A market order once the price has gone against the position as far as the trigger.
    StopMarket(Trigger),
    /// A market order once the price has gone with the position as far as the trigger.
    TakeProfitMarket(Trigger),
    /// A market order once the price has come back by `distance` from its best since activation.
    TrailingStop {
        /// From where trailing begins; at once when absent.
        activation: Option<Price>,
        /// Share of the best price.
        distance: Ratio,
        /// The series that is watched.
        source: TriggerSource,
    },
}

impl OrderKind {
    /// The price it names, if it names one.
    #[must_use]
    pub const fn price(self) -> Option<Price> {
        match self {
            Self::Limit { price, .. } => Some(price),
            Self::StopMarket(trigger) | Self::TakeProfitMarket(trigger) => Some(trigger.price),
            Self::TrailingStop { activation, .. } => activation,
            Self::Market => None,
        }
    }
}

/// How much an order is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum OrderQuantity {
    /// This much.
    Exact(Quantity),
    /// Whatever the position is when the order comes alive (`closePosition` and its like).
    WholePosition,
}

/// An order to place.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NewOrder {
    /// For whom.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Under which id; the same intent always has the same (R2).
    pub id: ClientOrderId,
    /// Buy or sell.
    pub side: OrderSide,
    /// Which position it is meant for.
    pub position_side: PositionSide,
    /// Which deal it closes, where the venue keeps a position for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
    /// How much.
    pub quantity: OrderQuantity,
    /// What kind.
    pub kind: OrderKind,
    /// It may only shrink the position (I4). Every exit has it, and no entry.
    pub reduce_only: bool,
    /// The stop that an entry brings with it, where the venue can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_stop: Option<Trigger>,
}

impl NewOrder {
    /// An order that closes a position, or a part of it, and can do nothing else (I1, I4).
    #[must_use]
    pub const fn exit(position: PositionKey, id: ClientOrderId, quantity: OrderQuantity, kind: OrderKind) -> Self {
        Self {
            account: position.account,
            instrument: position.instrument,
            id,
            side: position.side.closing(),
            position_side: position.side,
            deal: position.deal,
            quantity,
            kind,
            reduce_only: true,
            attached_stop: None,
        }
    }
}

/// Where an order is in its life, as the venue says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum OrderStatus {
    /// Cancelled by somebody.
    Canceled,
    /// Ended by the venue without (full) execution.
    Expired,
    /// Executed to the last.
    Filled,
    /// A word of the venue's that we do not know: not final, ask again (F-B10).
    Other(String),
    /// Refused after it had been accepted, for example when its trigger fired (F-C07).
    Rejected,
    /// Its trigger has fired; the market order it became is on its way (F-C11).
    Triggered,
    /// Alive.
    Working,
}

impl OrderStatus {
    /// Nothing further can happen to the order, except that executions are reported late (I9).
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Canceled | Self::Expired | Self::Filled | Self::Rejected => true,
            Self::Other(_) | Self::Triggered | Self::Working => false,
        }
    }
}

/// What the venue says of one order.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OrderReport {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// The client id, ours or a stranger's; absent for orders placed without one.
    pub id: Option<ClientOrderId>,
    /// The venue's id.
    pub venue_id: VenueOrderId,
    /// The deal it belongs to, where the venue keeps a position for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
    /// Buy or sell.
    pub side: OrderSide,
    /// Status.
    pub status: OrderStatus,
    /// Quantity asked for, absent for whole-position orders.
    pub quantity: Option<Quantity>,
    /// Executed so far, cumulative: the larger one of two reports is the newer (F-B03).
    pub filled: Quantity,
    /// Trigger price, for orders that wait for one.
    pub trigger: Option<Trigger>,
    /// Limit price, for limit orders.
    pub limit: Option<Price>,
    /// When the venue last changed it.
    pub at: Timestamp,
}

/// Money owed for an execution.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Fee {
    /// This much; negative is a rebate.
    Known(Money),
    /// The venue has not said yet (F-B11).
    Unknown,
}
