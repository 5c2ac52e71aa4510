//! The liquidation guard: a stop must lie within 70 % of the way from entry to liquidation, because beyond that a gap or
//! a fee takes the position before the stop does (product.md §2).

use super::arm::toward_market;
use backstop_model::{Instrument, OutOfRange, PositionSide, Price, Ratio, Rounding};

/// The stop must lie within this share of the way from entry to liquidation, in percent.
pub const GUARD_PERCENT: u32 = 70;

/// Where an isolated position would be liquidated, estimated from leverage and maintenance margin; none without
/// leverage, or when the margin is worth the whole entry.
#[must_use]
pub fn estimate(instrument: &Instrument, side: PositionSide, entry: Price) -> Option<Price> {
    let leverage = instrument.leverage?;
    let margin = Ratio::ONE.over(leverage.as_ratio(), Rounding::Down).ok()?;
    let way = margin.minus(instrument.maintenance_margin).ok()?.max(Ratio::ZERO);
    let factor = match side {
        PositionSide::Long => Ratio::ONE.minus(way),
        PositionSide::Short => Ratio::ONE.plus(way),
    };
    entry.times(factor.ok()?, Rounding::Nearest).ok()
}

/// The farthest place a stop may have: 70 % of the way to liquidation, on the grid, rounded toward the market.
///
/// # Errors
/// [`OutOfRange`] when no positive tick is left.
pub fn guard(side: PositionSide, entry: Price, liquidation: Price, tick: Price) -> Result<Price, OutOfRange> {
    let share = Ratio::whole(GUARD_PERCENT).over(Ratio::whole(100), Rounding::Down)?;
    let way = liquidation.above(entry).absolute()?.times(share, Rounding::Down)?;
    let raw = match side {
        PositionSide::Long => entry.minus(way)?,
        PositionSide::Short => entry.plus(way)?,
    };
    toward_market(side, raw, tick)
}
