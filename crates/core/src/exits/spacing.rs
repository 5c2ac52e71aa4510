//! How near to the price a stop may be placed: arithmetic of the venue's least distance (F-C20, venues/ig.md §6).
//!
//! Which place is asked for, and what is said of it, is decided in `position/spacing`.

use super::arm::toward_market;
use super::trailing_stop::smallest_move;
use backstop_model::{OutOfRange, Points, PositionSide, Price, Ratio, Rounding};

/// Whether a place is so far from the price that no venue could mean it is too near.
#[must_use]
pub fn is_far(asked: Price, price: Price) -> bool {
    asked.above(price).absolute().is_ok_and(|gap| gap >= farthest(price))
}

/// A quarter of the price: no venue wants more room than that.
fn farthest(price: Price) -> Points {
    price.as_points().halved().halved()
}

/// The place a quarter of the way from `asked` to the price, on the grid, rounded toward the market. None where there is
/// no such price on this side of it.
#[must_use]
pub fn nearer(side: PositionSide, asked: Price, price: Price, tick: Price) -> Option<Price> {
    let quarter = asked.above(price).absolute().ok()?.halved().halved();
    let at = match side {
        PositionSide::Long => toward_market(side, asked.plus(quarter).ok()?, tick).ok()?,
        PositionSide::Short => toward_market(side, asked.minus(quarter).ok()?, tick).ok()?,
    };
    (side.is_better(at, asked) && !side.hit(price, at)).then_some(at)
}

/// What a refusal as too near teaches: twice as far as it was asked for, at least the smallest worthwhile move and at most
/// a quarter of the price.
///
/// # Errors
/// [`OutOfRange`] when it does not fit.
pub fn learned(asked: Price, price: Price, tick: Price) -> Result<Points, OutOfRange> {
    let gap = asked.above(price).absolute()?.max(smallest_move(price, tick, None)?);
    Ok(gap.times(Ratio::whole(2), Rounding::Up)?.min(farthest(price)))
}

/// The place nearest to the market that is so far from `price`, on the grid. None where there is no such price.
#[must_use]
pub fn nearest(side: PositionSide, price: Price, distance: Points, tick: Price) -> Option<Price> {
    match side {
        PositionSide::Long => price.minus(distance).ok()?.floor_to_tick(tick).ok(),
        PositionSide::Short => price.plus(distance).ok()?.ceil_to_tick(tick).ok(),
    }
}

/// The grid of a place that a refusal has led to. Where a venue has one word for too near and for off the grid, or says its new
/// grid late (F-G02), such a place lies on multiples of ten ticks, which most coarser grids have as well; but it does not go
/// farther out for that than as far again.
#[must_use]
pub fn wide_grid(tick: Price, distance: Points) -> Price {
    let ten = tick.times(Ratio::whole(10), Rounding::Nearest);
    ten.ok().filter(|ten| ten.as_points() <= distance).unwrap_or(tick)
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
    fn a_refusal_teaches_twice_the_distance_that_was_asked_for_and_never_more_than_a_quarter_of_the_price() {
        let cases = [("98", "4"), ("102", "4"), ("99.99", "0.1"), ("80", "25"), ("100", "0.1")];
        for (asked, far) in cases {
            assert_eq!(learned(p(asked), p("100"), p("0.01")), Ok(far.parse().unwrap()), "{asked}");
        }
    }

    #[test]
    fn a_place_that_a_refusal_has_led_to_lies_on_ten_ticks_unless_that_is_farther_than_as_far_again() {
        let cases = [("0.5", "100", "5"), ("0.5", "5", "5"), ("0.5", "4.9", "0.5")];
        for (tick, far, grid) in cases {
            assert_eq!(wide_grid(p(tick), far.parse().unwrap()), p(grid), "{tick} {far}");
        }
    }

    #[test]
    fn what_is_too_far_comes_a_quarter_of_the_way_nearer_and_never_through_the_price() {
        use PositionSide::{Long, Short};
        let cases = [
            (Long, "20", Some("40")),
            (Short, "180.01", Some("160")),
            (Long, "99.99", None),
            (Short, "100", None),
            (Long, "101", None),
        ];
        for (side, asked, expected) in cases {
            assert_eq!(nearer(side, p(asked), p("100"), p("0.01")), expected.map(p), "{side} {asked}");
        }
        assert!(is_far(p("75"), p("100")) && is_far(p("125"), p("100")) && !is_far(p("75.01"), p("100")));
    }
}
