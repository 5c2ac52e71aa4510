//! The levels of a scaled take profit: how much each closes, and where the stop goes after it (product.md §2.2).
//!
//! Quantities are worked out once per entry. A level below the venue's minimum closes nothing and hands its share on,
//! but its place in the stop ladder stays.

use super::Armed;
use super::arm::toward_market;
use backstop_model::plan::{ExitPlan, StopLadder};
use backstop_model::{
    Capability, ExitReason, Instrument, Money, OutOfRange, PositionSide, Price, Quantity, Ratio, Rounding, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Where a level is in its life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum LevelState {
    /// Its order rests, or will.
    Open,
    /// It closes nothing: it only moves the stop when its price is reached. Too small, or meant so.
    OnlyMoves,
    /// Completely filled, in its turn.
    Hit {},
    /// Reached without closing anything; the stop has been moved.
    Moved,
    /// Given up after refusals; its share went to the next level.
    Failed,
    /// Nothing is left for it: an earlier level closed everything.
    Moot,
}

/// How a level is being taken over the live stop (§2.4).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Instant {
    /// It is not.
    No,
    /// The executable price has stood beyond it since then.
    Past {
        /// Since when.
        since: Since,
    },
    /// Its resting order goes, then the remainder is sent as a limit that fills at once or not.
    Limit,
    /// What that left is sent at market.
    Market,
}

/// An instant that lies anywhere: beside small numbers it takes its eight bytes and no more.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "Timestamp", into = "Timestamp")]
pub struct Since([u8; 8]);

impl From<Timestamp> for Since {
    fn from(at: Timestamp) -> Self {
        Self(at.as_nanos().to_ne_bytes())
    }
}

impl From<Since> for Timestamp {
    fn from(since: Since) -> Self {
        Self::from_nanos(i64::from_ne_bytes(since.0))
    }
}

/// One level of one tranche.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Level {
    /// Counted from 1.
    pub number: u8,
    /// Its target.
    pub price: Price,
    /// What it is to close, all in all.
    pub planned: Quantity,
    /// What it has closed.
    pub filled: Quantity,
    /// State.
    pub state: LevelState,
    /// Whether and how it is taken at once.
    pub instant: Instant,
    /// Definite refusals of its order in a row.
    pub refusals: u8,
}

impl Level {
    /// What it still has to close.
    #[must_use]
    pub fn due(&self) -> Quantity {
        match self.state {
            LevelState::Open => self.planned.saturating_minus(self.filled),
            LevelState::OnlyMoves
            | LevelState::Hit { .. }
            | LevelState::Moved
            | LevelState::Failed
            | LevelState::Moot => Quantity::ZERO,
        }
    }

    /// Whether it is behind us: later levels may count.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        match self.state {
            LevelState::Hit { .. } | LevelState::Moved | LevelState::Failed | LevelState::Moot => true,
            LevelState::Open | LevelState::OnlyMoves => false,
        }
    }

    /// Whether its price has been reached in its turn, and the stop has been moved for it.
    #[must_use]
    pub const fn is_passed(&self) -> bool {
        match self.state {
            LevelState::Hit { .. } | LevelState::Moved => true,
            LevelState::Open | LevelState::OnlyMoves | LevelState::Failed | LevelState::Moot => false,
        }
    }

    /// What an execution of it is booked as.
    #[must_use]
    pub const fn reason(&self) -> ExitReason {
        match self.instant {
            Instant::Limit | Instant::Market => ExitReason::InstantTakeProfit,
            Instant::No | Instant::Past { .. } => ExitReason::TakeProfit,
        }
    }
}

/// Levels, and what people should be told about them.
pub type Worked = (Vec<Level>, Vec<String>);

/// Works out the levels for `quantity`, and what people should be told about those that are too small.
///
/// # Errors
/// [`OutOfRange`] when a number does not fit.
pub fn levels(
    plan: &ExitPlan,
    armed: &Armed,
    instrument: &Instrument,
    capability: &Capability,
    quantity: Quantity,
) -> Result<Worked, OutOfRange> {
    if let Some(single) = single(plan, armed, instrument, capability, quantity)? {
        return Ok(single);
    }
    let mut told = Vec::new();
    let mut left = quantity;
    let mut carried = Ratio::ZERO;
    let mut levels = Vec::with_capacity(armed.targets.len());
    let last = plan.take_profits.len();
    for (number, (level, price)) in (1..).zip(plan.take_profits.iter().zip(&armed.targets)) {
        let share = level.close.plus(carried)?;
        let takes_rest = usize::from(number) == last && !plan.trails();
        let smallest = instrument.smallest_exit(*price, capability)?;
        let mut planned = if takes_rest {
            left
        } else {
            quantity.share(share, Rounding::Down)?.floor_to_step(instrument.step)?.min(left)
        };
        let mut state = LevelState::Open;
        if left.is_zero() {
            (planned, state) = (Quantity::ZERO, LevelState::Moot);
        } else if planned < smallest {
            if share > Ratio::ZERO {
                told.push(format!("TP{number} skipped: quantity {planned} below minimum {smallest}"));
            }
            carried = share;
            (planned, state) = (Quantity::ZERO, LevelState::OnlyMoves);
        } else {
            carried = Ratio::ZERO;
            let rest = left.minus(planned)?;
            if rest < smallest {
                planned = left;
            }
            left = left.minus(planned)?;
        }
        levels.push(Level {
            number,
            price: *price,
            planned,
            filled: Quantity::ZERO,
            state,
            instant: Instant::No,
            refusals: 0,
        });
    }
    if !plan.trails() {
        hand_back(&mut levels, left)?;
    }
    Ok((levels, told))
}

/// What the last levels are too small to close, because the minimum has grown on the way (a notional, for a short), the
/// last one that closes something closes as well; those behind it have nothing left to move.
fn hand_back(levels: &mut [Level], left: Quantity) -> Result<(), OutOfRange> {
    let closes = |level: &Level| level.state == LevelState::Open;
    let Some(last) = levels.iter().rposition(closes).filter(|_| !left.is_zero()) else { return Ok(()) };
    levels[last].planned = levels[last].planned.plus(left)?;
    levels[last + 1..].iter_mut().for_each(|level| level.state = LevelState::Moot);
    Ok(())
}

/// When every level that closes something is too small by itself: one target for everything in place of the last level.
/// Levels that lie beyond it have nothing left to move; the others keep their place in the stop ladder.
fn single(
    plan: &ExitPlan,
    armed: &Armed,
    instrument: &Instrument,
    capability: &Capability,
    quantity: Quantity,
) -> Result<Option<Worked>, OutOfRange> {
    let mut told = Vec::new();
    for (number, (level, price)) in (1_u8..).zip(plan.take_profits.iter().zip(&armed.targets)) {
        let smallest = instrument.smallest_exit(*price, capability)?;
        let own = quantity.share(level.close, Rounding::Down)?.floor_to_step(instrument.step)?;
        if own >= smallest {
            return Ok(None);
        }
        if level.close > Ratio::ZERO {
            told.push(format!("TP{number} skipped: quantity {own} below minimum {smallest}"));
        }
    }
    let Some(last) = armed.targets.last().filter(|_| plan.fallback_to_single && !told.is_empty()) else {
        return Ok(None);
    };
    // One level closing everything is what a single take profit is: nothing falls back.
    let is_single = plan.take_profits.len() == 1 && !plan.trails();
    let price = if is_single { *last } else { armed.single.unwrap_or(*last) };
    let up = armed.stop < price;
    let beyond = |at: Price| if up { at >= price } else { at <= price };
    let count = armed.targets.len();
    let levels = (1..).zip(&armed.targets).map(|(number, at)| {
        let is_last = usize::from(number) == count;
        let state = match is_last {
            true => LevelState::Open,
            false if beyond(*at) => LevelState::Moot,
            false => LevelState::OnlyMoves,
        };
        let (price, planned) = if is_last { (price, quantity) } else { (*at, Quantity::ZERO) };
        Level { number, price, planned, filled: Quantity::ZERO, state, instant: Instant::No, refusals: 0 }
    });
    if is_single {
        told.clear();
    } else {
        told.push(format!(
            "Scaled TP falls back to a single take profit at {price} for {quantity}: every level of plan {} is below the minimum",
            plan.name
        ));
    }
    Ok(Some((levels.collect(), told)))
}

/// Where the stop goes when level `number` is complete; nothing when it stays.
///
/// # Errors
/// [`OutOfRange`] when a number does not fit.
pub fn stop_after(
    number: u8,
    plan: &ExitPlan,
    levels: &[Level],
    side: PositionSide,
    best: Option<Price>,
    tick: Price,
) -> Result<Option<Move>, OutOfRange> {
    let behind = |count: u8| match number.checked_sub(count) {
        Some(0) => Some(Move::BreakEven),
        Some(target) => levels.iter().find(|level| level.number == target).map(|level| Move::To(level.price)),
        None => None,
    };
    let less = |price: Price, share: Ratio| {
        let factor = match side {
            PositionSide::Long => Ratio::ONE.minus(share)?,
            PositionSide::Short => Ratio::ONE.plus(share)?,
        };
        let raw = price.times(factor, if side == PositionSide::Long { Rounding::Up } else { Rounding::Down })?;
        toward_market(side, raw, tick).map(|price| Some(Move::To(price)))
    };
    match plan.stop_ladder {
        StopLadder::None => Ok(None),
        StopLadder::Breakeven => Ok(Some(Move::BreakEven)),
        StopLadder::PreviousTarget => Ok(behind(1)),
        StopLadder::TargetsBehind(count) => Ok(behind(count)),
        StopLadder::PercentBelowTrigger(share) => {
            let own = levels.iter().find(|level| level.number == number).map(|level| level.price);
            own.map_or(Ok(None), |price| less(price, share))
        }
        StopLadder::PercentBelowHigh(share) => best.map_or(Ok(None), |price| less(price, share)),
    }
}

/// A move of the stop that the ladder asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Move {
    /// To break-even, whatever the plan means by it.
    BreakEven,
    /// To this price.
    To(Price),
}

/// Gross profit of closing for proceeds `cash` what was entered at cost `cost`, both price × quantity, where a unit of price
/// brings a unit of quantity so much.
///
/// # Errors
/// [`OutOfRange`] when it does not fit.
pub fn profit(side: PositionSide, cost: Money, cash: Money, value_per_point: Ratio) -> Result<Money, OutOfRange> {
    let points = match side {
        PositionSide::Long => cash.minus(cost)?,
        PositionSide::Short => cost.minus(cash)?,
    };
    points.valued(value_per_point)
}
