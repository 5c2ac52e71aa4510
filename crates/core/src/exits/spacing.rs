//! How near to the price a stop may be placed: arithmetic of the venue's least distance (F-C20, venues/ig.md §6).
//!
//! Which place is asked for, and what is said of it, is decided in `position/spacing`.

use super::trailing_stop::smallest_move;
use backstop_model::{OutOfRange, Points, PositionSide, Price, Ratio, Rounding};

/// What a refusal as too near teaches: twice as far as it was asked for, at least the smallest worthwhile move and at most
/// half the price.
///
/// # Errors
/// [`OutOfRange`] when it does not fit.
pub fn learned(asked: Price, price: Price, tick: Price) -> Result<Points, OutOfRange> {
    let gap = asked.above(price).absolute()?.max(smallest_move(price, tick, None)?);
    Ok(gap.times(Ratio::whole(2), Rounding::Up)?.min(price.as_points().halved()))
}

/// The place nearest to the market that is so far from `price`, on the grid. None where there is no such price.
#[must_use]
pub fn nearest(side: PositionSide, price: Price, distance: Points, tick: Price) -> Option<Price> {
    match side {
        PositionSide::Long => price.minus(distance).ok()?.floor_to_tick(tick).ok(),
        PositionSide::Short => price.plus(distance).ok()?.ceil_to_tick(tick).ok(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn p(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_keeps_the_distance_on_the_grid_and_never_less() {
        use PositionSide::{Long, Short};
        let cases = [
            (Long, "100", "2", "0.5", Some("98")),
            (Long, "100.3", "2", "0.5", Some("98")),
            (Short, "100.3", "2", "0.5", Some("102.5")),
            (Long, "100", "0", "0.5", Some("100")),
            (Long, "1", "2", "0.5", None),
        ];
        for (side, price, far, tick, place) in cases {
            let made = nearest(side, p(price), far.parse().unwrap(), p(tick));
            assert_eq!(made, place.map(p), "{side} {price} {far}");
        }
    }

    #[test]
    fn a_refusal_teaches_twice_the_distance_that_was_asked_for_and_never_more_than_half_the_price() {
        let cases = [("98", "4"), ("102", "4"), ("99.99", "0.1"), ("60", "50"), ("100", "0.1")];
        for (asked, far) in cases {
            assert_eq!(learned(p(asked), p("100"), p("0.01")), Ok(far.parse().unwrap()), "{asked}");
        }
    }
}
