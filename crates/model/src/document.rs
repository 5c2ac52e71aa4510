//! The position document (product.md §4): one per tranche, the form in which positions leave the program.
//!
//! The field names and their order are a promise to other tools. Times are epoch milliseconds UTC; money, prices and
//! quantities are decimal strings.

use crate::{Money, PositionSide, Price, Quantity, Ratio};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why something was closed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// The initial stop.
    StopLoss,
    /// The stop after it was moved to break-even.
    BreakevenStop,
    /// The stop after the ladder moved it further.
    LadderStop,
    /// A trailing stop, native or ours.
    TrailingStop,
    /// A target.
    TakeProfit,
    /// A target taken over the live stop because its order had not filled.
    InstantTakeProfit,
    /// The position's time was up.
    TimeLimit,
    /// The daily close.
    EndOfDay,
    /// The operator, through Backstop.
    Manual,
    /// Closed because it could not be protected otherwise.
    Emergency,
    /// The venue liquidated it.
    Liquidation,
    /// Auto-deleveraging.
    Adl,
    /// Somebody else closed it at the venue.
    External,
    /// The venue does not say.
    Unknown,
}

impl ExitReason {
    /// The word used in documents and on screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::StopLoss => "stop_loss",
            Self::BreakevenStop => "breakeven_stop",
            Self::LadderStop => "ladder_stop",
            Self::TrailingStop => "trailing_stop",
            Self::TakeProfit => "take_profit",
            Self::InstantTakeProfit => "instant_take_profit",
            Self::TimeLimit => "time_limit",
            Self::EndOfDay => "end_of_day",
            Self::Manual => "manual",
            Self::Emergency => "emergency",
            Self::Liquidation => "liquidation",
            Self::Adl => "adl",
            Self::External => "external",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One closing, partial or last.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PartialExitDocument {
    /// The level it belongs to, counted from 1; null for exits that are no target.
    pub tp_level: Option<u8>,
    /// Why.
    pub reason: ExitReason,
    /// When it was complete, ms.
    pub exit_time: i64,
    /// Average price of its executions.
    pub exit_price: Price,
    /// Quantity closed.
    pub quantity_closed: Quantity,
    /// Gross profit.
    pub profit: Money,
    /// Profit as percent of the entry value of what was closed.
    pub profit_pct: Ratio,
    /// The stop after it; null when nothing remains.
    pub new_stop_loss: Option<Price>,
}

/// A tranche of a position, open or closed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PositionDocument {
    /// Names the position's incarnation.
    pub position_id: String,
    /// Which tranche of it.
    pub tranche: u8,
    /// The venue's name of the instrument.
    pub symbol: String,
    /// Side.
    pub side: PositionSide,
    /// The plan's name.
    pub plan: String,
    /// First fill, ms.
    pub entry_time: i64,
    /// Average entry.
    pub entry_price: Price,
    /// What a whole unit of price brings a unit of quantity, where that is not 1: a `profit` is points × quantity × this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_per_point: Option<Ratio>,
    /// All that was ever entered.
    pub original_quantity: Quantity,
    /// What is still open.
    pub current_quantity: Quantity,
    /// Levels hit, ascending.
    pub tp_levels_hit: Vec<u8>,
    /// The next level, if any.
    pub next_tp_level: Option<u8>,
    /// Its price.
    pub next_tp_price: Option<Price>,
    /// What is still open, in percent of the original.
    pub remaining_pct: Ratio,
    /// Average over all exits so far.
    pub average_exit_price: Option<Price>,
    /// The stop that is wanted now; after the end, the last one.
    pub current_stop_loss: Option<Price>,
    /// Most favourable price since the entry.
    pub best_price: Option<Price>,
    /// When the last of it was closed, ms.
    pub exit_time: Option<i64>,
    /// Why the last of it was closed.
    pub exit_reason: Option<ExitReason>,
    /// Fees so far, positive is a cost.
    pub fees: Money,
    /// Funding so far, positive was received.
    pub funding: Money,
    /// Σ profit − fees + funding.
    pub realized_pnl: Money,
    /// Currency of all money here.
    pub currency: String,
    /// Every closing, the last one too.
    pub partial_exits: Vec<PartialExitDocument>,
}
