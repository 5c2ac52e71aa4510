//! How much worse than the book a taking order fills, and when a resting limit order fills at all.

use backstop_model::{OrderSide, OutOfRange, Price, Ratio, Rounding};
use serde::{Deserialize, Serialize};

/// Ticks by which taking orders fill worse than the executable price.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Slippage {
    /// For market orders and limits that take.
    pub market_ticks: u32,
    /// For orders that a trigger brought alive, and for liquidations.
    pub trigger_ticks: u32,
}

impl Slippage {
    /// The executable price itself.
    #[must_use]
    pub const fn none() -> Self {
        Self { market_ticks: 0, trigger_ticks: 0 }
    }

    /// One tick for market orders, three for triggered ones: others trigger at the same moment.
    #[must_use]
    pub const fn pessimistic() -> Self {
        Self { market_ticks: 1, trigger_ticks: 3 }
    }
}

/// When a resting limit order fills (lessons.md §2, rule 5).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum LimitFill {
    /// A sell at L fills when the bid is at L or above, or a trade was above L. A trade at L alone was somebody else's.
    BookOrThrough,
    /// Only when the bid or a trade is beyond L.
    Through,
    /// A trade at L is enough.
    Touch,
}

impl LimitFill {
    /// Whether a resting order of `side` at `limit` fills on these prices.
    #[must_use]
    pub fn fills(self, side: OrderSide, limit: Price, executable: Option<Price>, last: Option<Price>) -> bool {
        let beyond = |price: Price| match side {
            OrderSide::Buy => price < limit,
            OrderSide::Sell => price > limit,
        };
        let there = |price: Price| beyond(price) || price == limit;
        match self {
            Self::BookOrThrough => executable.is_some_and(there) || last.is_some_and(beyond),
            Self::Through => executable.is_some_and(beyond) || last.is_some_and(beyond),
            Self::Touch => executable.is_some_and(there) || last.is_some_and(there),
        }
    }
}

/// `price` made worse for `side` by `ticks`; never below one tick.
///
/// # Errors
/// [`OutOfRange`] when the price leaves the range upward.
pub fn worsened(price: Price, side: OrderSide, ticks: u32, tick: Price) -> Result<Price, OutOfRange> {
    if ticks == 0 {
        return Ok(price);
    }
    let distance = tick.as_points().times(Ratio::whole(ticks), Rounding::Nearest)?;
    match side {
        OrderSide::Buy => price.plus(distance),
        OrderSide::Sell => Ok(price.minus(distance).unwrap_or(tick).max(tick)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn the_three_ways_a_limit_sell_at_100_fills() {
        // bid, last, then whether BookOrThrough, Through, Touch fill.
        for (bid, last, expected) in [
            ("99", "99", [false, false, false]),
            ("99", "100", [false, false, true]),
            ("100", "100", [true, false, true]),
            ("99", "100.1", [true, true, true]),
            ("100.1", "99", [true, true, true]),
        ] {
            let ways = [LimitFill::BookOrThrough, LimitFill::Through, LimitFill::Touch];
            let seen = ways.map(|way| way.fills(OrderSide::Sell, price("100"), Some(price(bid)), Some(price(last))));
            assert_eq!(seen, expected, "bid {bid} last {last}");
        }
        assert!(LimitFill::BookOrThrough.fills(OrderSide::Buy, price("100"), None, Some(price("99"))));
        assert!(!LimitFill::BookOrThrough.fills(OrderSide::Buy, price("100"), None, None));
    }

    #[test]
    fn slippage_hurts_both_sides_and_ends_at_one_tick() {
        let tick = price("0.1");
        assert_eq!(worsened(price("100"), OrderSide::Sell, 3, tick), Ok(price("99.7")));
        assert_eq!(worsened(price("100"), OrderSide::Buy, 3, tick), Ok(price("100.3")));
        assert_eq!(worsened(price("0.2"), OrderSide::Sell, 50, tick), Ok(tick));
    }
}
