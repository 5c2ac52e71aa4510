//! Closing in parts (product.md §2.6): how much of a level, or of a market exit, is asked for at once. Stops are never
//! sliced, and neither is anything that closes in a stop's place.

use backstop_model::plan::Slices;
use backstop_model::{ExitReason, Instrument, OutOfRange, Price, Quantity, Ratio, Rounding};

/// The part to ask for now of something that is `whole` and has closed `done` of it, at about `price`. Parts begin at
/// whole multiples of their size, so that a part that is executed by and by stays the same part; one too small for an
/// order joins its neighbour.
///
/// # Errors
/// [`OutOfRange`] when a number does not fit.
pub fn part(
    slices: Slices,
    whole: Quantity,
    done: Quantity,
    price: Price,
    instrument: &Instrument,
) -> Result<Quantity, OutOfRange> {
    let left = whole.saturating_minus(done);
    let size = size(slices, whole, price, instrument)?;
    if size >= whole {
        return Ok(left);
    }
    let smallest = instrument.smallest_exit(price)?;
    let mut end = done.floor_to_step(size)?.plus(size)?;
    if end.minus(done)? < smallest {
        // What was asked for before had another size: too little of it is left for an order of its own.
        end = end.plus(size)?;
    }
    if whole.saturating_minus(end) < smallest { Ok(left) } else { end.minus(done) }
}

fn size(slices: Slices, whole: Quantity, price: Price, instrument: &Instrument) -> Result<Quantity, OutOfRange> {
    let share = Ratio::ONE.over(Ratio::whole(u32::from(slices.count.max(1))), Rounding::Up)?;
    let by_count = whole.share(share, Rounding::Up)?.ceil_to_step(instrument.step)?;
    let by_worth = match slices.max_notional {
        Some(most) => most.at_price(price, Rounding::Down)?.floor_to_step(instrument.step)?,
        None => whole,
    };
    Ok(by_count.min(by_worth).max(instrument.smallest_exit(price)?))
}

/// Whether a market exit for this reason has the time to go in parts.
#[must_use]
pub const fn has_time(reason: ExitReason) -> bool {
    match reason {
        ExitReason::EndOfDay | ExitReason::Manual | ExitReason::TimeLimit => true,
        ExitReason::Adl
        | ExitReason::BreakevenStop
        | ExitReason::Emergency
        | ExitReason::External
        | ExitReason::InstantTakeProfit
        | ExitReason::LadderStop
        | ExitReason::Liquidation
        | ExitReason::StopLoss
        | ExitReason::TakeProfit
        | ExitReason::TrailingStop
        | ExitReason::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::{InstrumentId, InstrumentSpec, Money, Name, Symbol};

    fn instrument(minimum: &str) -> Instrument {
        let spec = InstrumentSpec {
            id: InstrumentId(0),
            venue: Name::new("toy").unwrap(),
            symbol: Symbol::new("BTCUSDT").unwrap(),
            tick: "0.1".parse().unwrap(),
            step: "0.001".parse().unwrap(),
            min_quantity: minimum.parse().unwrap(),
            max_quantity: None,
            min_notional: Money::ZERO,
            min_notional_waived_for_exits: false,
            maker_fee: Ratio::ZERO,
            taker_fee: Ratio::ZERO,
            leverage: None,
            maintenance_margin: Ratio::ZERO,
            least_distance: None,
            guaranteed: None,
            week_ends: None,
            hours: None,
            currency: Name::new("USDT").unwrap(),
        };
        Instrument::try_from(spec).unwrap()
    }

    #[test]
    fn parts_begin_at_whole_multiples_and_their_sum_is_the_whole() {
        let q = |text: &str| text.parse::<Quantity>().unwrap();
        let none = None;
        let cases = [
            // count, most, minimum, whole, done, part
            (1, none, "0.001", "1", "0", "1"),
            (4, none, "0.001", "1", "0", "0.25"),
            (4, none, "0.001", "1", "0.1", "0.15"),
            (4, none, "0.001", "1", "0.25", "0.25"),
            (4, none, "0.001", "1", "0.9", "0.1"),
            (3, none, "0.001", "1", "0", "0.334"),
            (3, none, "0.001", "1", "0.668", "0.332"),
            (4, none, "0.4", "1", "0", "0.4"),
            (4, none, "0.4", "1", "0.4", "0.6"),
            (4, none, "2", "1", "0", "1"),
            (1, Some("5000"), "0.001", "1", "0", "0.1"),
            (20, Some("5000"), "0.001", "1", "0", "0.05"),
            (4, none, "0.1", "1", "0.2", "0.3"),
        ];
        for (count, most, minimum, whole, done, expected) in cases {
            let slices = Slices { count, max_notional: most.map(|most: &str| most.parse().unwrap()) };
            let instrument = instrument(minimum);
            let made = part(slices, q(whole), q(done), "50000".parse().unwrap(), &instrument).unwrap();
            assert_eq!(made, q(expected), "{count} {most:?} {minimum} {whole} {done}");
        }
    }
}
