//! A plan explained before money depends on it: what happens on the way for a given entry, what the stop locks in after
//! each step, who does it, and what speaks against arming it (product.md §2).
//!
//! The same rules that decide live work out the numbers here; nothing is placed and nothing is remembered. `course`
//! walks the way, `duties` says what rests at the venue, `warnings` what a trader would regret; words for people who
//! read a table are the caller's.

mod costs;
mod course;
mod duties;
mod ground;
mod in_parts;
mod warnings;

use crate::exits::arm::{Armed, arm};
use crate::exits::ladder::{Level, levels};
use crate::exits::slices::Sizes;
use crate::exits::trailing_stop::why_not_native;
use crate::exits::{NotArmable, liquidation};
use crate::volatility::Volatility;
use backstop_model::plan::{BreakEven, ExitPlan, Guaranteed, TrailedBy};
use backstop_model::{Capability, ExitReason, Instrument, Money, OutOfRange, PositionSide, Price, Quantity, Ratio};
pub use costs::{AssumedCosts, BelowZero, BreakEvenParts};
use ground::Ground;
pub use in_parts::{PartPreview, in_parts};
use serde::Serialize;

/// What a plan is worked out for.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The plan.
    pub plan: &'a ExitPlan,
    /// The instrument.
    pub instrument: &'a Instrument,
    /// What its venue can do.
    pub capability: &'a Capability,
    /// The side.
    pub side: PositionSide,
    /// The average entry.
    pub entry: Price,
    /// What was entered; more than nothing.
    pub quantity: Quantity,
    /// The average true ranges that distances in ATR are measured in; `until_warm` applies where one is not known.
    pub volatility: &'a Volatility,
    /// What an exit costs beside fees.
    pub costs: AssumedCosts,
}

impl Case<'_> {
    /// The smallest quantity, on step, that an exit of a quantity at `price` may have.
    ///
    /// # Errors
    /// [`OutOfRange`] when the minimum does not fit.
    pub(crate) fn smallest_exit(&self, price: Price) -> Result<Quantity, OutOfRange> {
        self.instrument.smallest_exit(price, self.capability)
    }

    /// What the venue takes in one order that closes at `price`.
    ///
    /// # Errors
    /// [`OutOfRange`] when the smallest does not fit.
    pub(crate) fn sizes(&self, price: Price, largest: Option<Quantity>) -> Result<Sizes, OutOfRange> {
        Sizes::at(price, largest, self.instrument, self.capability)
    }
}

/// What happens at a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// The stop goes to break-even, because the price is where the plan says so.
    BreakEven,
    /// A level closes a part, or all that is left.
    Closes,
    /// The position is opened.
    Entry,
    /// A level has nothing left to do: everything is closed by then.
    Moot,
    /// A level is meant to move the stop only.
    MovesStop,
    /// A level is too small for an order; it may still move the stop.
    Skipped,
    /// The trail becomes active.
    Trails,
}

/// What happens at one step of the plan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Row {
    /// `entry`, the level, `break-even` or `trail`.
    pub event: String,
    /// What happens there.
    pub deed: Deed,
    /// Its price.
    pub price: Price,
    /// How far that is from the entry, in percent of it; positive is a profit.
    pub move_percent: Ratio,
    /// The same in percent of the margin, where the leverage is known.
    pub margin_percent: Option<Ratio>,
    /// The same in multiples of the initial risk.
    pub risk_multiple: Ratio,
    /// What it closes.
    pub closes: Quantity,
    /// What remains after it.
    pub remaining: Quantity,
    /// The stop after it.
    pub stop_after: Option<Price>,
    /// What a stop-out there is booked as.
    pub stop_reason: Option<ExitReason>,
    /// Why the stop is there, in words.
    pub stop_because: Option<String>,
    /// Where a trail that is not the resting stop itself would close; the venue's covers only what no level claims.
    pub trail_after: Option<Price>,
    /// Gross profit realised by then.
    pub realised: Money,
    /// Fees paid by then, the entry's among them.
    pub fees: Money,
    /// Gross result if the stop is hit next.
    pub worst_gross: Money,
    /// Spread, slippage and funding by then, and of that stop.
    pub other_costs: Money,
    /// The result after all fees, the stop's among them, and those costs.
    pub worst_net: Money,
    /// What else is to be known of this step.
    pub note: Option<String>,
}

/// A plan for one entry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Preview {
    /// Step by step, nearest first.
    pub rows: Vec<Row>,
    /// The stop that the plan begins with.
    pub stop: Price,
    /// How far it lies from the entry, in percent of it.
    pub stop_percent: Ratio,
    /// Where closing everything would cost nothing: fees in and out, the costs that are assumed, and one tick. None for a
    /// short so near to zero that no price would do.
    pub net_break_even: Option<Price>,
    /// What it is made of.
    pub break_even_parts: Option<BreakEvenParts>,
    /// Where the venue would liquidate, estimated from leverage and maintenance margin.
    pub liquidation: Option<Price>,
    /// How far that is from the entry, in percent of it.
    pub liquidation_percent: Option<Ratio>,
    /// How far the initial stop lies on the way from entry to liquidation, in percent.
    pub stop_on_the_way: Option<Ratio>,
    /// The farthest place a stop may have: 70 % of that way.
    pub guard: Option<Price>,
    /// Whether the plan may be armed.
    pub armed: bool,
    /// What rests at the venue, in words.
    pub rests_at_venue: Vec<String>,
    /// What Backstop does itself and so needs to run for, in words.
    pub done_by_backstop: Vec<String>,
    /// What the numbers assume, in words.
    pub assumptions: Vec<String>,
    /// What should be known, in words.
    pub warnings: Vec<String>,
}

/// Explains a plan for an entry.
///
/// # Errors
/// [`NotArmable`] says which part does not fit this entry or instrument.
pub fn preview(case: &Case) -> Result<Preview, NotArmable> {
    let offered = case.capability.guaranteed_stops && case.instrument.guaranteed.is_some();
    if case.plan.stop_loss.guaranteed == Guaranteed::Require && !offered {
        return Err(NotArmable::NoGuarantee);
    }
    let armed = arm(case.plan, case.instrument, case.volatility, case.side, case.entry)?;
    let (levels, told) = levels(case.plan, &armed, case.instrument, case.capability, case.quantity)?;
    let ground = Ground { case, armed: &armed, levels: &levels, native: native(case, &armed, &levels) };
    // Levels, stops and trails have been proven to be prices by now.
    let no_price = |whose: &str| NotArmable::NoSuchPrice(whose.to_owned(), case.entry);
    let course = course::course(&ground, &told).map_err(|_| no_price("break-even"))?;
    let way = Way::of(&ground).map_err(|_| no_price("the liquidation guard"))?;
    let warnings = warnings::warnings(&ground, &course, &way, &told)?;
    let net_break_even = ground.break_even(BreakEven::Net, case.quantity).ok();
    Ok(Preview {
        stop: armed.stop,
        stop_percent: ground.percent_from_entry(armed.stop)?,
        net_break_even,
        break_even_parts: net_break_even.and_then(|at| ground.break_even_parts(at).ok()),
        liquidation: way.liquidation,
        liquidation_percent: way.liquidation.map(|at| ground.percent_from_entry(at)).transpose()?,
        stop_on_the_way: way.share,
        guard: way.guard,
        armed: way.is_inside(&ground),
        rests_at_venue: duties::resting(&ground),
        done_by_backstop: duties::watched(&ground, &course),
        assumptions: ground.assumptions(),
        warnings,
        rows: course.rows,
    })
}

/// Whether the venue's own trailing order is what trails: nothing is said where the plan does not ask for it.
fn native(case: &Case, armed: &Armed, levels: &[Level]) -> Option<Result<Quantity, String>> {
    let (Some(trailing), Some(behind)) = (case.plan.trailing, armed.trail) else { return None };
    if trailing.by != TrailedBy::Venue {
        return None;
    }
    let claimed = levels.iter().fold(Quantity::ZERO, |sum, level| sum.plus(level.due()).unwrap_or(case.quantity));
    let runner = case.quantity.saturating_minus(claimed);
    Some(match why_not_native(behind, case.capability.native_trailing, runner, case.instrument) {
        Some(why) => Err(why),
        None => Ok(runner),
    })
}

/// The way from the entry to liquidation.
struct Way {
    liquidation: Option<Price>,
    guard: Option<Price>,
    share: Option<Ratio>,
}

impl Way {
    fn of(ground: &Ground) -> Result<Self, OutOfRange> {
        let case = ground.case;
        let liquidation = liquidation::estimate(case.instrument, case.side, case.entry);
        let Some(at) = liquidation.filter(|at| case.side.is_better(case.entry, *at)) else {
            return Ok(Self { liquidation, guard: None, share: None });
        };
        let guard = liquidation::guard(case.side, case.entry, at, case.instrument.tick)?;
        Ok(Self { liquidation, guard: Some(guard), share: Some(ground.share_of_the_way(ground.armed.stop, at)?) })
    }

    /// The same comparison that arming makes.
    fn is_inside(&self, ground: &Ground) -> bool {
        !self.guard.is_some_and(|guard| ground.case.side.is_better(guard, ground.armed.stop))
    }
}

#[cfg(test)]
mod tests;
