//! What a client can ask of the venue. These are the simulator's own words, written from venues/binance.md §7 and §8,
//! venues/bitget.md §6 to §8 and venues/ig.md §4 (in `deal`); whoever connects to it translates.
//!
//! Numbers may be anything here: checking them is the venue's work (`filters`), and refusing them an answer.

use crate::deal::DealAsk;
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
    /// Something about deals, at a venue that keeps a position for each.
    Deal(DealAsk),
    /// The account's executions after the one with this id, oldest first; 0 for all.
    Fills {
        /// The last execution id already known.
        since: u64,
    },
    /// Close a position at market, whatever its quantity, under an id of the venue's (venues/bitget.md §6.4).
    FlashClose {
        /// Which market.
        symbol: String,
        /// Which side; absent for both.
        side: Option<PositionSide>,
    },
    /// How the account's positions are kept (venues/binance.md §6.1, `positionSide/dual`; venues/bitget.md, `posMode`).
    Mode,
    /// Place an order.
    Place(Place),
    /// Place an order in the inverted words of hedge mode: `place.side` names the position, buy a long and sell a short,
    /// and `trade` whether it is opened or closed (venues/bitget.md §6.1).
    PlaceHedged {
        /// The order, without a position side.
        place: Place,
        /// Opening or closing.
        trade: TradeSide,
    },
    /// Place a stop, target or trail that is bound to a position and can only close it (venues/bitget.md §8).
    Protect(Protect),
    /// The newest order with this client id, open or not.
    Query {
        /// The client's id of the order.
        client_id: String,
    },
    /// Use up this request's time stamp, so that an earlier request with the same one that is still under way will be
    /// refused (`noop`, venues/aster.md §8).
    Revoke,
    /// The rules of a market, as they are now (venues/binance.md §5, `exchangeInfo`).
    Rules {
        /// Which market.
        symbol: String,
    },
    /// Positions, open orders and balance.
    Snapshot,
}

impl Ask {
    /// Whether it can change something. Only such requests can be executed late.
    #[must_use]
    pub const fn mutates(&self) -> bool {
        match self {
            Self::Amend(_)
            | Self::Cancel { .. }
            | Self::Deal(DealAsk::Close(_) | DealAsk::Levels(_) | DealAsk::Open(_))
            | Self::FlashClose { .. }
            | Self::Place(_)
            | Self::PlaceHedged { .. }
            | Self::Protect(_) => true,
            Self::Deal(DealAsk::Confirm { .. })
            | Self::Fills { .. }
            | Self::Mode
            | Self::Query { .. }
            | Self::Revoke
            | Self::Rules { .. }
            | Self::Snapshot => false,
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

/// Whether an order in inverted words opens or closes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum TradeSide {
    /// It closes the position it names.
    Close,
    /// It opens the position it names, or makes it larger.
    Open,
}

/// A stop, target or trail bound to a position. It carries neither buy or sell nor reduce-only: it can only close.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Protect {
    /// The client's id.
    pub client_id: String,
    /// Which market.
    pub symbol: String,
    /// The side of the position it belongs to (`holdSide`), also in one-way mode.
    pub holds: PositionSide,
    /// For all of it whatever it is then (`pos_loss`, `pos_profit`), or for so much (`loss_plan`, `profit_plan`,
    /// `moving_plan`).
    pub amount: Amount,
    /// Stop-market, take-profit-market, take-profit-limit or trailing.
    pub kind: Kind,
}

/// How much an order is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Amount {
    /// Whatever the position is when the order comes alive; with a fixed trigger price only.
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
    /// A limit order at `price` once the price went with the position as far as `trigger`: from then on it rests in the book
    /// like any other (`profit_plan` with an `executePrice`, venues/bitget.md §8.1).
    TakeProfitLimit {
        /// The trigger price.
        trigger: Price,
        /// The worst price accepted.
        price: Price,
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
            Self::StopMarket { .. }
            | Self::TakeProfitLimit { .. }
            | Self::TakeProfitMarket { .. }
            | Self::Trailing { .. } => true,
        }
    }

    /// The trigger price, where it has a fixed one.
    #[must_use]
    pub const fn trigger(&self) -> Option<Price> {
        match self {
            Self::StopMarket { trigger, .. }
            | Self::TakeProfitLimit { trigger, .. }
            | Self::TakeProfitMarket { trigger, .. } => Some(*trigger),
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

/// Where a position is kept: one net position, one for each side in hedge mode (venues/binance.md §6.1), or one for
/// each deal (venues/ig.md §4).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Slot {
    /// The net position of one-way mode.
    Both,
    /// One deal, by the id it was opened under.
    Deal(u64),
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

    /// The position side as orders name it; absent for the net position and for deals.
    #[must_use]
    pub const fn position_side(self) -> Option<PositionSide> {
        match self {
            Self::Both | Self::Deal(_) => None,
            Self::Long => Some(PositionSide::Long),
            Self::Short => Some(PositionSide::Short),
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Both => f.pad("both"),
            Self::Deal(id) => write!(f, "deal {id}"),
            Self::Long => f.pad("long"),
            Self::Short => f.pad("short"),
        }
    }
}
