//! A plan explained before money depends on it: what happens at each level for a given entry, what the stop locks in
//! after it, and what speaks against arming it (product.md §2).
//!
//! The same rules that decide live work out the numbers here; nothing is placed and nothing is remembered.

use crate::exits::NotArmable;
use crate::exits::arm::{Armed, arm};
use crate::exits::break_even::{Costs, price as break_even_price};
use crate::exits::ladder::{Level, LevelState, Move, levels, profit, stop_after};
use crate::volatility::Volatility;
use backstop_model::plan::{BreakEven, ExitPlan, TargetOrder};
use backstop_model::{Instrument, Money, OutOfRange, Points, PositionSide, Price, Quantity, Ratio, Rounding};
use serde::Serialize;

/// The stop must lie within this share of the way from entry to liquidation, in percent.
const GUARD_PERCENT: u32 = 70;

/// What happens at one step of the plan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Row {
    /// `entry`, or the level.
    pub event: String,
    /// Its price.
    pub price: Price,
    /// What it closes.
    pub closes: Quantity,
    /// What remains after it.
    pub remaining: Quantity,
    /// The stop after it.
    pub stop_after: Option<Price>,
    /// Gross profit realised by then.
    pub realised: Money,
    /// Gross result if the stop is hit next.
    pub worst_gross: Money,
    /// The same after all fees.
    pub worst_net: Money,
}

/// A plan for one entry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Preview {
    /// Step by step.
    pub rows: Vec<Row>,
    /// Where closing everything would cost nothing.
    pub net_break_even: Price,
    /// Where the venue would liquidate, estimated from leverage and maintenance margin.
    pub liquidation: Option<Price>,
    /// How far the initial stop lies on the way from entry to liquidation, in percent.
    pub stop_on_the_way: Option<Ratio>,
    /// Whether the plan may be armed.
    pub armed: bool,
    /// What should be known, in words.
    pub warnings: Vec<String>,
}

/// Explains `plan` for an entry.
///
/// # Errors
/// [`NotArmable`] says which part does not fit this entry or instrument.
pub fn preview(
    plan: &ExitPlan,
    instrument: &Instrument,
    side: PositionSide,
    entry: Price,
    quantity: Quantity,
) -> Result<Preview, NotArmable> {
    let armed = arm(plan, instrument, &Volatility::default(), side, entry)?;
    let (levels, mut warnings) = levels(plan, &armed, instrument, quantity)?;
    let ground = Ground { plan, instrument, side, entry, quantity };
    let rows = ground.rows(&armed, &levels)?;
    let liquidation = ground.liquidation();
    let stop_on_the_way = match liquidation {
        Some(liquidation) => Some(ground.share_of_the_way(armed.stop, liquidation)?),
        None => None,
    };
    let inside = stop_on_the_way.is_none_or(|share| share <= Ratio::whole(GUARD_PERCENT));
    if let (false, Some(share), Some(liquidation)) = (inside, stop_on_the_way, liquidation) {
        let stop = armed.stop;
        warnings.push(format!(
            "stop {stop} lies {share:.1} % of the way to liquidation at {liquidation}, more than {GUARD_PERCENT} %: the plan is not armed; lower the leverage or tighten the stop"
        ));
    }
    warnings.extend(ground.trail_loss(&armed)?);
    let net_break_even = ground.break_even(BreakEven::Net, quantity)?;
    Ok(Preview { rows, net_break_even, liquidation, stop_on_the_way, armed: inside, warnings })
}

struct Ground<'a> {
    plan: &'a ExitPlan,
    instrument: &'a Instrument,
    side: PositionSide,
    entry: Price,
    quantity: Quantity,
}

impl Ground<'_> {
    fn rows(&self, armed: &Armed, levels: &[Level]) -> Result<Vec<Row>, OutOfRange> {
        let mut stop = armed.stop;
        let mut remaining = self.quantity;
        let (mut realised, mut fees) = (Money::ZERO, self.fee(self.entry, self.quantity, self.instrument.taker_fee)?);
        let mut rows =
            vec![self.row("entry".to_owned(), self.entry, Quantity::ZERO, remaining, stop, realised, fees)?];
        for level in levels.iter().filter(|level| level.state != LevelState::Moot) {
            let closes = level.planned.min(remaining);
            remaining = remaining.minus(closes)?;
            realised = realised.plus(self.profit(level.price, closes)?)?;
            fees = fees.plus(self.fee(level.price, closes, self.target_fee())?)?;
            if let Some(wish) =
                stop_after(level.number, self.plan, levels, self.side, Some(level.price), self.instrument.tick)?
            {
                let wanted = match wish {
                    Move::To(price) => price,
                    Move::BreakEven if remaining.is_zero() => stop,
                    Move::BreakEven => self.break_even(self.plan.breakeven, remaining)?,
                };
                stop = self.side.better(stop, wanted);
            }
            rows.push(self.row(format!("TP{}", level.number), level.price, closes, remaining, stop, realised, fees)?);
        }
        Ok(rows)
    }

    #[allow(clippy::too_many_arguments, reason = "one argument per column of the table")]
    fn row(
        &self,
        event: String,
        price: Price,
        closes: Quantity,
        remaining: Quantity,
        stop: Price,
        realised: Money,
        fees: Money,
    ) -> Result<Row, OutOfRange> {
        let worst_gross = realised.plus(self.profit(stop, remaining)?)?;
        let exit_fee = self.fee(stop, remaining, self.instrument.taker_fee)?;
        let worst_net = worst_gross.minus(fees)?.minus(exit_fee)?;
        let stop_after = Some(stop).filter(|_| !remaining.is_zero());
        Ok(Row { event, price, closes, remaining, stop_after, realised, worst_gross, worst_net })
    }

    fn profit(&self, price: Price, quantity: Quantity) -> Result<Money, OutOfRange> {
        profit(self.side, self.entry.notional(quantity)?, price.notional(quantity)?)
    }

    fn fee(&self, price: Price, quantity: Quantity, rate: Ratio) -> Result<Money, OutOfRange> {
        price.notional(quantity)?.times(rate, Rounding::Up)
    }

    fn target_fee(&self) -> Ratio {
        match self.plan.target_order {
            TargetOrder::Limit | TargetOrder::PostOnly => self.instrument.maker_fee,
            TargetOrder::Market => self.instrument.taker_fee,
        }
    }

    fn break_even(&self, kind: BreakEven, remaining: Quantity) -> Result<Price, OutOfRange> {
        let entry_fees = self.fee(self.entry, remaining, self.instrument.taker_fee)?;
        let costs = Costs {
            entry: self.entry,
            remaining,
            entry_fees,
            funding: Money::ZERO,
            spread: Points::ZERO,
            slippage: Points::ZERO,
        };
        break_even_price(kind, self.side, self.instrument, &costs)
    }

    /// What a trail locks in where it begins, when that is a loss.
    fn trail_loss(&self, armed: &Armed) -> Result<Option<String>, OutOfRange> {
        let (Some(activation), Some(behind)) = (armed.activation, armed.trail) else { return Ok(None) };
        let level = behind.stop(self.side, activation, self.instrument.tick)?;
        if !self.side.is_better(self.entry, level) {
            return Ok(None);
        }
        let loss = self.entry.above(level).absolute()?.share_of(self.entry, Rounding::Nearest)?.in_percent();
        Ok(Some(format!(
            "active from {activation} the trail can close at {level}, {loss:.1} % beyond the entry: a loss"
        )))
    }

    /// Isolated margin: entry × (1 ∓ (1 / leverage − maintenance)); none where margin covers the whole way.
    fn liquidation(&self) -> Option<Price> {
        let leverage = self.instrument.leverage?;
        let margin = Ratio::ONE.over(leverage.as_ratio(), Rounding::Down).ok()?;
        let way = margin.minus(self.instrument.maintenance_margin).ok()?;
        let factor = match self.side {
            PositionSide::Long => Ratio::ONE.minus(way),
            PositionSide::Short => Ratio::ONE.plus(way),
        };
        self.entry.times(factor.ok()?, Rounding::Nearest).ok()
    }

    fn share_of_the_way(&self, stop: Price, liquidation: Price) -> Result<Ratio, OutOfRange> {
        let to_stop = self.entry.above(stop).absolute()?.share_of(self.entry, Rounding::Up)?;
        let whole = self.entry.above(liquidation).absolute()?.share_of(self.entry, Rounding::Down)?;
        Ok(to_stop.over(whole, Rounding::Up)?.in_percent())
    }
}

#[cfg(test)]
mod tests;
