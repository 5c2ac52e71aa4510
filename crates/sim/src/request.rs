//! What a client can ask of the venue. These are the simulator's own words, written from venues/binance.md §7 and §8;
//! whoever connects to it translates.
//!
//! Numbers may be anything here: checking them is the venue's work (`filters`), and refusing them an answer.

use backstop_model::{OrderSide, PositionSide, Price, Quantity, Ratio, Span, Timestamp, TriggerSource};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Names one request; its answer carries the same number.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Ticket(pub u64);

/// A request as it leaves the client.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Request {
    /// When the client signed it, by the client's clock.
    pub sent_at: Timestamp,
    /// How long after `sent_at` the venue may still act on it (venues/binance.md §16, `recvWindow`).
    pub valid_for: Span,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Ask {
    /// Change an open order in place.
    Amend(Amend),
    /// Cancel the open order with this client id.
    Cancel {
        /// The client's id of the order.
        client_id: String,
    },
    /// The account's executions after the one with this id, oldest first; 0 for all.
    Fills {
        /// The last execution id already known.
        since: u64,
    },
    /// Place an order.
    Place(Place),
    /// The newest order with this client id, open or not.
    Query {
        /// The client's id of the order.
        client_id: String,
    },
    /// Positions, open orders and balance.
    Snapshot,
}

impl Ask {
    /// Whether it can change something. Only such requests can be executed late.
    #[must_use]
    pub const fn mutates(&self) -> bool {
        match self {
            Self::Amend(_) | Self::Cancel { .. } | Self::Place(_) => true,
            Self::Fills { .. } | Self::Query { .. } | Self::Snapshot => false,
        }
    }
}

/// A new order.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Place {
    /// The client's id, unique among the account's open orders only (venues/binance.md §0 fact 11).
    pub client_id: String,
    /// Which market.
    pub symbol: String,
    /// Buy or sell.
    pub side: OrderSide,
    /// Needed in hedge mode, refused in one-way mode (venues/binance.md §6.1).
    pub position_side: Option<PositionSide>,
    /// How much.
    pub amount: Amount,
    /// How.
    pub kind: Kind,
    /// May only shrink a position. One-way mode only; in hedge mode the position side says it.
    pub reduce_only: bool,
}

/// How much an order is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Amount {
    /// Whatever the position is when the order comes alive; stop-market and take-profit-market only.
    ClosePosition,
    /// So much.
    Exact(Quantity),
}

/// How an order trades.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Kind {
    /// At `price` or better.
    Limit {
        /// The worst price accepted.
        price: Price,
        /// How long it stands.
        term: Term,
    },
    /// At once, at what the book gives.
    Market,
    /// A market order once the price went against the position as far as `trigger`.
    StopMarket {
        /// The trigger price.
        trigger: Price,
        /// The series watched.
        source: TriggerSource,
    },
    /// A market order once the price went with the position as far as `trigger`.
    TakeProfitMarket {
        /// The trigger price.
        trigger: Price,
        /// The series watched.
        source: TriggerSource,
    },
    /// A market order once the price came back by `callback` from its best (venues/binance.md §8.2).
    Trailing {
        /// The price from which it trails; absent means from the latest price.
        activation: Option<Price>,
        /// How far it may come back, as a share of the best price: 0.001 to 0.2.
        callback: Ratio,
        /// The series watched.
        source: TriggerSource,
    },
}

impl Kind {
    /// Whether it waits for a condition, outside the book.
    #[must_use]
    pub const fn is_conditional(&self) -> bool {
        match self {
            Self::Limit { .. } | Self::Market => false,
            Self::StopMarket { .. } | Self::TakeProfitMarket { .. } | Self::Trailing { .. } => true,
        }
    }

    /// The trigger price, where it has a fixed one.
    #[must_use]
    pub const fn trigger(&self) -> Option<Price> {
        match self {
            Self::StopMarket { trigger, .. } | Self::TakeProfitMarket { trigger, .. } => Some(*trigger),
            Self::Limit { .. } | Self::Market | Self::Trailing { .. } => None,
        }
    }
}

/// How long a limit order stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Term {
    /// Until filled or cancelled.
    Gtc,
    /// Post-only: refused when it would take.
    Gtx,
    /// What cannot be filled at once expires.
    Ioc,
}

/// New values for an open order; what is absent stays.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Amend {
    /// The client's id of the order.
    pub client_id: String,
    /// A new limit price.
    pub price: Option<Price>,
    /// A new trigger price.
    pub trigger: Option<Price>,
    /// A new quantity, counting what is already executed.
    pub quantity: Option<Quantity>,
}

/// Where a position is kept: one net position, or one for each side in hedge mode (venues/binance.md §6.1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Slot {
    /// The net position of one-way mode.
    Both,
    /// The long of hedge mode.
    Long,
    /// The short of hedge mode.
    Short,
}

impl Slot {
    /// The slot an order with this position side works on.
    #[must_use]
    pub const fn of(position_side: Option<PositionSide>) -> Self {
        match position_side {
            None => Self::Both,
            Some(PositionSide::Long) => Self::Long,
            Some(PositionSide::Short) => Self::Short,
        }
    }

    /// The position side as orders name it; absent for the net position.
    #[must_use]
    pub const fn position_side(self) -> Option<PositionSide> {
        match self {
            Self::Both => None,
            Self::Long => Some(PositionSide::Long),
            Self::Short => Some(PositionSide::Short),
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Both => "both",
            Self::Long => "long",
            Self::Short => "short",
        })
    }
}
