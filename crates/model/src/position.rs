//! What is open on one instrument and side.

use crate::{AccountId, DealId, InstrumentId, Money, OrderSide, Points, Price, Quantity, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which way a position earns.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionSide {
    /// Earns when the price rises.
    Long,
    /// Earns when the price falls.
    Short,
}

impl PositionSide {
    /// The order side that makes such a position larger.
    #[must_use]
    pub const fn opening(self) -> OrderSide {
        match self {
            Self::Long => OrderSide::Buy,
            Self::Short => OrderSide::Sell,
        }
    }

    /// The order side that makes such a position smaller.
    #[must_use]
    pub const fn closing(self) -> OrderSide {
        match self {
            Self::Long => OrderSide::Sell,
            Self::Short => OrderSide::Buy,
        }
    }

    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }

    /// The position that an order on `side` opens.
    #[must_use]
    pub const fn opened_by(side: OrderSide) -> Self {
        match side {
            OrderSide::Buy => Self::Long,
            OrderSide::Sell => Self::Short,
        }
    }

    /// Whether `price` is as good as `level` or better for this side.
    #[must_use]
    pub fn reached(self, price: Price, level: Price) -> bool {
        match self {
            Self::Long => price >= level,
            Self::Short => price <= level,
        }
    }

    /// Whether `price` is as bad as `level` or worse for this side: where a stop at `level` is hit.
    #[must_use]
    pub fn hit(self, price: Price, level: Price) -> bool {
        self.other().reached(price, level)
    }

    /// The better one of two prices.
    #[must_use]
    pub fn better(self, one: Price, other: Price) -> Price {
        match self {
            Self::Long => one.max(other),
            Self::Short => one.min(other),
        }
    }

    /// What a move of the price gains: points with the sign of a profit.
    #[must_use]
    pub fn gain(self, from: Price, to: Price) -> Points {
        match self {
            Self::Long => to.above(from),
            Self::Short => from.above(to),
        }
    }

    /// Whether `price` is strictly better than `other`; for stops: tighter.
    #[must_use]
    pub fn is_better(self, price: Price, other: Price) -> bool {
        match self {
            Self::Long => price > other,
            Self::Short => price < other,
        }
    }
}

impl fmt::Display for PositionSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Long => "long",
            Self::Short => "short",
        })
    }
}

/// Names a position across its incarnations.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct PositionKey {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: PositionSide,
    /// Which deal, where the venue keeps a position for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
}

impl PositionKey {
    /// The position of one side.
    #[must_use]
    pub const fn new(account: AccountId, instrument: InstrumentId, side: PositionSide) -> Self {
        Self { account, instrument, side, deal: None }
    }

    /// The position of one deal.
    #[must_use]
    pub const fn of_deal(self, deal: Option<DealId>) -> Self {
        Self { deal, ..self }
    }
}

/// What the venue says is open. A quantity of zero says that this side is flat.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PositionReport {
    /// Which position.
    pub key: PositionKey,
    /// How much.
    pub quantity: Quantity,
    /// The venue's average entry; absent when flat.
    pub entry_price: Option<Price>,
    /// Where the venue would liquidate, where it says so.
    pub liquidation_price: Option<Price>,
    /// What has been charged for guaranteed stops since it was opened, in the quote currency, where the venue says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premium: Option<Money>,
    /// When it last changed, by the venue's clock.
    pub at: Timestamp,
}

/// The venue warns that an account's margin is nearly used up (F-F05). It may come after the positions are gone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct MarginCall {
    /// Whose.
    pub account: AccountId,
    /// What it is about, as far as the venue says.
    pub positions: Vec<PositionKey>,
    /// When, by the venue's clock.
    pub at: Timestamp,
}
