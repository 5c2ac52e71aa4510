//! The owner's intent for leaving a position. Valid once constructed.
//!
//! What can be said without knowing an entry is checked here: shares, ascending levels of one unit, a trail that cannot
//! lose unless allowed. What depends on entry, tick and minimums is worked out by `core` when the plan is armed.

mod distance;
mod targets;
mod trailing;

pub use distance::{AtrSpec, Distance};
pub use targets::{OnInvalid, TakeProfit, TakeProfits};
pub use trailing::{TrailDistance, TrailedBy, TrailingStop};

use crate::ids::Name;
use crate::{Ratio, Span, TriggerSource};
use serde::{Deserialize, Serialize};
use std::ops::Deref;

/// The fixed stop.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StopLoss {
    /// How far from the entry, on the losing side.
    pub at: Distance,
    /// Which price it watches.
    pub trigger: TriggerSource,
}

/// What happens to what the levels leave over.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// The last level closes whatever is left.
    Close,
    /// It is trailed.
    Trail,
}

/// Where the stop goes when a level is complete.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum StopLadder {
    /// To break-even at the first level, and no further.
    Breakeven,
    /// It stays.
    None,
    /// To the best price so far, less this share.
    PercentBelowHigh(Ratio),
    /// To the level's own price, less this share.
    PercentBelowTrigger(Ratio),
    /// To the target before; at the first level to break-even.
    PreviousTarget,
    /// To the target this many levels before; where that is the entry, to break-even.
    TargetsBehind(u8),
}

/// What break-even means.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakEven {
    /// Entry plus all costs so far and to come, and one tick.
    Net,
    /// The entry price.
    Plain,
}

/// How targets rest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetOrder {
    /// A limit order.
    Limit,
    /// A market order triggered at the target.
    Market,
    /// A limit order that only makes.
    PostOnly,
}

/// Closing every day at the same local time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CloseAt {
    /// Minutes after local midnight.
    pub minute: u16,
    /// Name of the time zone, for example `Europe/Berlin`.
    pub zone: String,
}

/// The parts of an [`ExitPlan`], not yet checked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ExitPlanSpec {
    /// Its name.
    pub name: Name,
    /// The stop.
    pub stop_loss: StopLoss,
    /// The levels, nearest first; may be empty when the rest is trailed.
    pub take_profits: TakeProfits,
    /// What happens to the rest.
    pub rest: Rest,
    /// The trail, needed when the rest is trailed.
    pub trailing: Option<TrailingStop>,
    /// Where the stop goes after levels.
    pub stop_ladder: StopLadder,
    /// What break-even means.
    pub breakeven: BreakEven,
    /// How targets rest.
    pub target_order: TargetOrder,
    /// Take a target over the live stop when the price stands beyond it and the order has not filled.
    pub instant_take_profit: bool,
    /// When every level is below the minimums: one target instead.
    pub fallback_to_single: bool,
    /// Where that one lies; the last level's price when absent.
    pub single_take_profit: Option<Distance>,
    /// How long a position may last.
    pub time_limit: Option<Span>,
    /// Closing at a time of day.
    pub close_at: Option<CloseAt>,
    /// The owner accepts that the trail, once active, can close at a loss.
    pub allow_loss: bool,
}

/// A plan whose parts fit together; read them as fields.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "ExitPlanSpec", into = "ExitPlanSpec")]
pub struct ExitPlan(ExitPlanSpec);

/// Why the parts do not make a plan.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPlan {
    /// Distances are positive.
    #[error("{what} {distance}: a distance is greater than zero")]
    NotPositive {
        /// Which part.
        what: &'static str,
        /// As written.
        distance: String,
    },
    /// R is the distance of the stop; the stop cannot be measured in it.
    #[error("stop_loss {0}: R is the distance from entry to the stop itself; use %, pt or atr")]
    StopInR(Distance),
    /// A stop at or beyond everything is none.
    #[error("stop_loss {0}: a stop 100 % away or more protects nothing")]
    StopTooFar(Distance),
    /// Levels ascend.
    #[error("profit levels must be in ascending order: level {level} at {at} does not lie beyond level {} at {before}", level - 1)]
    NotAscending {
        /// The level that is not beyond the one before, counted from 1.
        level: usize,
        /// Where it lies.
        at: Distance,
        /// Where the one before lies.
        before: Distance,
    },
    /// Shares make a whole.
    #[error("the levels close {sum} % in all; make it 100 %{}", if *.trails { ", or less to leave a rest to trail" } else { ", or less with `rest: trail`" })]
    Shares {
        /// The sum in percent.
        sum: Ratio,
        /// Whether the rest is trailed.
        trails: bool,
    },
    /// `rest: trail` needs something to trail with.
    #[error("`rest: trail` needs a `trailing` section that says activation and distance")]
    NothingToTrailWith,
    /// A plan needs a way out on the good side.
    #[error("a plan needs `take_profits`, or `rest: trail` with `trailing`")]
    NoWayOut,
    /// A trail that can lose must be wanted.
    #[error(
        "activation {activation} with distance {distance} can close {loss} below entry; widen the activation, narrow the distance, or set `allow_loss: true`"
    )]
    TrailCanLose {
        /// From where.
        activation: Distance,
        /// How far behind.
        distance: TrailDistance,
        /// How far below, with its unit.
        loss: String,
    },
}

impl ExitPlan {
    /// Whether what the levels leave over is trailed.
    #[must_use]
    pub fn trails(&self) -> bool {
        self.rest == Rest::Trail
    }
}

impl TryFrom<ExitPlanSpec> for ExitPlan {
    type Error = BadPlan;

    fn try_from(spec: ExitPlanSpec) -> Result<Self, BadPlan> {
        spec.stop_loss.at.check_positive("stop_loss")?;
        match spec.stop_loss.at {
            at @ Distance::Risk(_) => return Err(BadPlan::StopInR(at)),
            at @ Distance::Percent(p) if p >= Ratio::ONE => return Err(BadPlan::StopTooFar(at)),
            _ => {}
        }
        if let Some(single) = spec.single_take_profit {
            single.check_positive("single_take_profit")?;
        }
        spec.take_profits.check(spec.rest == Rest::Trail)?;
        if spec.rest == Rest::Trail && spec.trailing.is_none() {
            return Err(BadPlan::NothingToTrailWith);
        }
        if spec.take_profits.is_empty() && spec.rest == Rest::Close {
            return Err(BadPlan::NoWayOut);
        }
        if let Some(trailing) = &spec.trailing {
            trailing.check(spec.allow_loss)?;
        }
        Ok(Self(spec))
    }
}

impl From<ExitPlan> for ExitPlanSpec {
    fn from(plan: ExitPlan) -> Self {
        plan.0
    }
}

impl Deref for ExitPlan {
    type Target = ExitPlanSpec;

    fn deref(&self) -> &ExitPlanSpec {
        &self.0
    }
}

#[cfg(test)]
mod tests;
