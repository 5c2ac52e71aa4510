//! Closing in parts (product.md §2.6): how much of a level, or of a market exit, is asked for at once. Stops are never
//! sliced, and neither is anything that closes in a stop's place: they are only cut where the venue takes no single order
//! so large (F-G04).

use backstop_model::plan::Slices;
use backstop_model::{Capability, ExitReason, Instrument, OutOfRange, Price, Quantity, Ratio, Rounding};

/// The most orders that one stop is made of: as many as an id can tell apart.
pub const MOST: u8 = 32;

/// What the venue takes in one order that closes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Quantities are multiples of this.
    pub step: Quantity,
    /// No less than this.
    pub smallest: Quantity,
    /// No more than this, where there is a limit.
    pub largest: Option<Quantity>,
    /// What a whole unit of price brings a unit of quantity.
    pub value_per_point: Ratio,
}

impl Sizes {
    /// What it takes at `price`; the largest is said apart, because it depends on the kind of the order.
    ///
    /// # Errors
    /// [`OutOfRange`] when the smallest does not fit.
    pub fn at(
        price: Price,
        largest: Option<Quantity>,
        instrument: &Instrument,
        capability: &Capability,
    ) -> Result<Self, OutOfRange> {
        let smallest = instrument.smallest_exit(price, capability)?;
        Ok(Self { step: instrument.step, smallest, largest, value_per_point: instrument.value_per_point })
    }
}

/// The first of the orders that close `quantity` where none may be larger than `largest`. What it leaves is not below
/// `smallest`, as far as that can be.
#[must_use]
pub fn first(quantity: Quantity, largest: Option<Quantity>, smallest: Quantity) -> Quantity {
    let Some(largest) = largest.filter(|largest| *largest < quantity) else { return quantity };
    let short = quantity.saturating_minus(smallest);
    // A rest that is too small for an order of its own is made large enough.
    if quantity.saturating_minus(largest) < smallest && short >= smallest { short.min(largest) } else { largest }
}

/// All of them, at most [`MOST`]: only the last two change when a little is closed.
#[must_use]
pub fn cut(quantity: Quantity, largest: Option<Quantity>, smallest: Quantity) -> Vec<Quantity> {
    let (mut left, mut cut) = (quantity, Vec::new());
    while !left.is_zero() && cut.len() < usize::from(MOST) {
        let next = first(left, largest, smallest);
        left = left.saturating_minus(next);
        cut.push(next);
    }
    cut
}

/// The part to ask for now of something that is `whole` and has closed `done` of it, at about `price`. Parts begin at
/// whole multiples of their size, so that a part that is executed by and by stays the same part; one too small for an
/// order joins its neighbour, or where both together were too large, takes from it. None is above the largest.
///
/// # Errors
/// [`OutOfRange`] when a number does not fit.
pub fn part(
    slices: Slices,
    whole: Quantity,
    done: Quantity,
    price: Price,
    sizes: Sizes,
) -> Result<Quantity, OutOfRange> {
    let Sizes { smallest, largest, .. } = sizes;
    let left = whole.saturating_minus(done);
    let size = size(slices, whole, price, sizes)?.min(largest.unwrap_or(whole));
    if size >= whole {
        return Ok(left);
    }
    let mut end = done.floor_to_step(size)?.plus(size)?;
    if end.minus(done)? < smallest {
        // What was asked for before had another size: too little of it is left for an order of its own.
        end = end.plus(size)?;
    }
    let part = end.minus(done)?;
    if largest.is_some_and(|largest| part > largest) {
        return Ok(first(left, largest, smallest));
    }
    if whole.saturating_minus(end) >= smallest {
        return Ok(part);
    }
    let together = whole.saturating_minus(end.saturating_minus(size));
    let short = whole.saturating_minus(smallest);
    let too_large = largest.is_some_and(|largest| together > largest) && short > done;
    Ok(if too_large { short.minus(done)? } else { first(left, largest, smallest) })
}

fn size(slices: Slices, whole: Quantity, price: Price, sizes: Sizes) -> Result<Quantity, OutOfRange> {
    let share = Ratio::ONE.over(Ratio::whole(u32::from(slices.count.max(1))), Rounding::Up)?;
    let by_count = whole.share(share, Rounding::Up)?.ceil_to_step(sizes.step)?;
    let by_worth = match slices.max_notional {
        Some(most) => {
            let points = most.in_points(sizes.value_per_point, Rounding::Down)?;
            points.at_price(price, Rounding::Down)?.floor_to_step(sizes.step)?
        }
        None => whole,
    };
    Ok(by_count.min(by_worth).max(sizes.smallest))
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

    #[test]
    fn parts_begin_at_whole_multiples_and_their_sum_is_the_whole() {
        let q = |text: &str| text.parse::<Quantity>().unwrap();
        let none = None;
        let cases = [
            // count, most, largest, minimum, whole, done, part
            (1, none, none, "0.001", "1", "0", "1"),
            (4, none, none, "0.001", "1", "0", "0.25"),
            (4, none, none, "0.001", "1", "0.1", "0.15"),
            (4, none, none, "0.001", "1", "0.25", "0.25"),
            (4, none, none, "0.001", "1", "0.9", "0.1"),
            (3, none, none, "0.001", "1", "0", "0.334"),
            (3, none, none, "0.001", "1", "0.668", "0.332"),
            (4, none, none, "0.4", "1", "0", "0.4"),
            (4, none, none, "0.4", "1", "0.4", "0.6"),
            (4, none, none, "2", "1", "0", "1"),
            (1, Some("5000"), none, "0.001", "1", "0", "0.1"),
            (20, Some("5000"), none, "0.001", "1", "0", "0.05"),
            (4, none, none, "0.1", "1", "0.2", "0.3"),
            // What is left after it is just enough.
            (4, none, none, "0.25", "1", "0.5", "0.25"),
            (1, none, Some("0.4"), "0.001", "1", "0", "0.4"),
            (1, none, Some("0.4"), "0.001", "1", "0.3", "0.1"),
            (1, none, Some("0.4"), "0.001", "1", "0.8", "0.2"),
            (1, none, Some("0.3"), "0.2", "1", "0.6", "0.2"),
            (1, none, Some("0.3"), "0.2", "1", "0.7", "0.1"),
            (1, none, Some("0.3"), "0.2", "1", "0.8", "0.2"),
            (2, none, Some("0.3"), "0.001", "1", "0", "0.3"),
            // Joined with the part before it would be more than the venue takes in one order (F-G04).
            (1, none, Some("10"), "5", "26", "7", "10"),
        ];
        for (count, most, largest, minimum, whole, done, expected) in cases {
            let slices = Slices { count, max_notional: most.map(|most: &str| most.parse().unwrap()) };
            let sizes =
                Sizes { step: q("0.001"), smallest: q(minimum), largest: largest.map(q), value_per_point: Ratio::ONE };
            let made = part(slices, q(whole), q(done), "50000".parse().unwrap(), sizes).unwrap();
            assert_eq!(made, q(expected), "{count} {most:?} {largest:?} {minimum} {whole} {done}");
        }
    }

    #[test]
    fn orders_that_are_cut_sum_to_the_whole_and_none_is_too_large_or_too_small() {
        let q = |text: &str| text.parse::<Quantity>().unwrap();
        let cases: [(&str, Option<&str>, &str, &[&str]); 8] = [
            ("25", None, "1", &["25"]),
            ("25", Some("30"), "1", &["25"]),
            ("25", Some("10"), "1", &["10", "10", "5"]),
            ("20", Some("10"), "1", &["10", "10"]),
            ("20.3", Some("10"), "0.5", &["10", "9.8", "0.5"]),
            // Just twice the smallest: both halves are enough.
            ("1", Some("0.6"), "0.5", &["0.5", "0.5"]),
            // It cannot be done.
            ("11", Some("10"), "8", &["10", "1"]),
            ("0", Some("10"), "1", &[]),
        ];
        for (whole, largest, smallest, expected) in cases {
            let made = cut(q(whole), largest.map(q), q(smallest));
            assert_eq!(made, expected.iter().map(|text| q(text)).collect::<Vec<_>>(), "{whole} {largest:?}");
        }
        assert_eq!(cut(q("100"), Some(q("1")), q("1")).len(), usize::from(MOST));
    }
}
