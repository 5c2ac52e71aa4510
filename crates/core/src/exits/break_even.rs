//! Break-even: the price at which closing what remains costs nothing.
//!
//! `plain` is the entry. `net` counts what has been paid for the remainder and what its exit will cost: entry fee,
//! taker exit fee, half the spread, the median slippage of stops seen on the instrument, funding paid so far (received
//! funding is not counted), and one tick on top. Profit already realised is not counted (product.md §2.2).

use super::arm::toward_market;
use backstop_model::plan::BreakEven;
use backstop_model::{Instrument, Money, OutOfRange, Points, PositionSide, Price, Quantity, Ratio, Rounding};

/// What net break-even depends on, beside the instrument.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Costs {
    /// Average entry.
    pub entry: Price,
    /// What remains.
    pub remaining: Quantity,
    /// The remainder's share of the entry fees.
    pub entry_fees: Money,
    /// Funding paid for the remainder, as a cost.
    pub funding: Money,
    /// What guaranteed stops have cost or will cost for the remainder.
    pub premium: Money,
    /// The spread now, if known.
    pub spread: Points,
    /// Median slippage of stops on this instrument, in points.
    pub slippage: Points,
}

/// The break-even price, on the grid, rounded toward the market.
///
/// # Errors
/// [`OutOfRange`] when a number does not fit.
pub fn price(kind: BreakEven, side: PositionSide, instrument: &Instrument, costs: &Costs) -> Result<Price, OutOfRange> {
    match kind {
        BreakEven::Plain => toward_market(side, costs.entry, instrument.tick),
        BreakEven::Net => net(side, instrument, costs),
    }
}

/// Long: q × p × (1 − fee) = q × entry + costs + q × (spread / 2 + slippage); short mirrored with (1 + fee).
fn net(side: PositionSide, instrument: &Instrument, costs: &Costs) -> Result<Price, OutOfRange> {
    let per_unit = costs.spread.halved().plus(costs.slippage)?;
    let paid = costs.entry_fees.plus(costs.funding)?.plus(costs.premium)?;
    // What was paid is money, what the price has to go is points.
    let spent = paid.in_points(instrument.value_per_point, Rounding::Up)?.plus(per_unit.value(costs.remaining)?)?;
    let value = costs.entry.notional(costs.remaining)?;
    let fee = instrument.taker_fee;
    let tick = instrument.tick.as_points();
    match side {
        PositionSide::Long => {
            let raw = value.plus(spent)?.per(costs.remaining, Rounding::Up)?;
            let raw = raw.times(Ratio::ONE.over(Ratio::ONE.minus(fee)?, Rounding::Up)?, Rounding::Up)?;
            toward_market(side, raw, instrument.tick)?.plus(tick)
        }
        PositionSide::Short => {
            let raw = value.minus(spent)?.per(costs.remaining, Rounding::Down)?;
            let raw = raw.times(Ratio::ONE.over(Ratio::ONE.plus(fee)?, Rounding::Down)?, Rounding::Down)?;
            toward_market(side, raw, instrument.tick)?.minus(tick)
        }
    }
}
