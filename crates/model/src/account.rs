//! An account at a venue, as far as decisions depend on it. Keys and addresses are not the core's concern.

use crate::plan::{AtrSpec, Distance, StopLoss};
use crate::{AccountId, Capability, Money, PlanId, Ratio, Refusals, Symbol, ids::Name};
use serde::{Deserialize, Serialize};

/// How the venue keeps positions on one instrument apart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum PositionMode {
    /// A long and a short side by side; every order names the side it belongs to.
    Hedge,
    /// One net position: an order the other way reduces it.
    OneWay,
    /// A position for each deal, long and short side by side; what closes one names it.
    PerDeal,
}

impl PositionMode {
    /// As people say it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hedge => "hedge",
            Self::OneWay => "one-way",
            Self::PerDeal => "per deal",
        }
    }
}

/// What the venue says of how it keeps an account's positions. The owner can switch it at the venue's own screen, as long as
/// nothing is open there (F-D07; venues/binance.md §6.1).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ModeReport {
    /// Whose.
    pub account: AccountId,
    /// How positions are kept now.
    pub mode: PositionMode,
    /// What the venue can do natively for an account in this mode.
    pub capability: Capability,
}

/// What is done with a position that somebody else has opened, by hand or by a bot (product.md §3). Those that are there
/// at the very first look are only proposed: they may be legs of a hedge.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Adopt {
    /// After a moment it gets a hard stop, unless a stop of the trader's own covers it; nothing else is done.
    HardStop,
    /// It follows the plan that applies to it, at once.
    Plan,
    /// It is shown with what would be done; the operator decides.
    Propose,
}

/// What may be done for an account's positions; the stricter one is the greater.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permit {
    /// Everything.
    #[default]
    All,
    /// Stops are kept and placed, positions closed; targets and trails that rest stay, no new ones are placed (R9).
    ProtectOnly,
    /// Nothing that changes anything is sent; what would be is told and shown (product.md §2).
    Observe,
}

/// What the owner has limited an account to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Limits {
    /// The loss of a day, as a share of the equity at its start, from which nothing more is entered.
    pub max_daily_loss: Option<Ratio>,
    /// Everything is closed as well when that loss is reached.
    pub flatten: bool,
    /// Only positions on these are touched; all when empty.
    pub symbols: Vec<Symbol>,
    /// The largest notional of one position: entries beyond it are refused, and others' positions beyond it are told of.
    pub max_notional: Option<Money>,
}

impl Limits {
    /// Whether positions on `symbol` may be touched.
    #[must_use]
    pub fn cover(&self, symbol: Symbol) -> bool {
        self.symbols.is_empty() || self.symbols.contains(&symbol)
    }
}

/// An account and what its venue can do.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its name in the configuration; part of every client order id, so renaming it makes it another account.
    pub name: Name,
    /// The venue's name.
    pub venue: Name,
    /// How positions are kept.
    pub position_mode: PositionMode,
    /// The plan of positions that have no closer one. Without any plan nothing is done for a position but to show it.
    pub plan: Option<PlanId>,
    /// What is done with positions that others have opened.
    pub adopt: Adopt,
    /// The stop of [`Adopt::HardStop`]; 3 × ATR(14, 1h), at least 1 %, at most 6 %, when absent.
    pub hard_stop: Option<StopLoss>,
    /// Whether an entry through Backstop is made in one part for each level, where one target rests for each position and
    /// every entry is a position of its own (product.md §2.7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub split_entries: bool,
    /// What the venue can do natively.
    pub capability: Capability,
    /// The currency profits are booked in.
    pub currency: Name,
    /// What the owner has limited it to.
    #[serde(default)]
    pub limits: Limits,
    /// What the owner wants done about refused stops.
    #[serde(default)]
    pub refusals: Refusals,
    /// The most that may be done for it, whatever is permitted later.
    #[serde(default)]
    pub permit: Permit,
}

impl Account {
    /// The average true range that the account's own hard stop is measured in; none when it is measured otherwise.
    #[must_use]
    pub fn hard_stop_atr(&self) -> Option<AtrSpec> {
        match self.hard_stop?.at {
            Distance::Atr(atr) => Some(atr),
            Distance::At(_) | Distance::Margin(_) | Distance::Percent(_) | Distance::Points(_) | Distance::Risk(_) => {
                None
            }
        }
    }
}
