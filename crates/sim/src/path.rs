//! A bar as the four points a market may have passed, the worst case first.
//!
//! Inside a bar nobody knows the order. For a long position the low comes before the high, so that its stop is tested
//! before its targets and before the high could raise a trail; for a short the other way round (lessons.md §2, rule 1).
//! All four points share the bar's open time: replay time is the open time of a bar (product.md §5).

use backstop_model::{OutOfRange, PositionSide, Price, Prices, Timestamp};
use serde::{Deserialize, Serialize};

/// One bar whose prices make sense together: high and low enclose open and close.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Bar {
    parts: Parts,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Parts {
    open_time: Timestamp,
    open: Price,
    high: Price,
    low: Price,
    close: Price,
}

/// Why four prices make no bar.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadBar {
    /// Upside down.
    #[error("bar at {} ms: high {high} is below low {low}; check the column order", .at.as_millis())]
    HighBelowLow {
        /// The bar's open time.
        at: Timestamp,
        /// Its high.
        high: Price,
        /// Its low.
        low: Price,
    },
    /// Open or close lies outside.
    #[error("bar at {} ms: {outside} lies outside {low} to {high}; check the column order", .at.as_millis())]
    Outside {
        /// The bar's open time.
        at: Timestamp,
        /// The price that lies outside.
        outside: Price,
        /// Its low.
        low: Price,
        /// Its high.
        high: Price,
    },
}

/// One point of a path: all series are at `price`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PathPoint {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub price: Price,
}

impl PathPoint {
    /// The point as a quote: bars know one series, so last, mark, bid and ask are the same.
    #[must_use]
    pub const fn prices(&self) -> Prices {
        Prices::all(self.price)
    }
}

impl Bar {
    /// A bar that opened at `open_time`.
    ///
    /// # Errors
    /// [`BadBar`] when high is below low, or open or close lies outside of them.
    pub fn new(open_time: Timestamp, open: Price, high: Price, low: Price, close: Price) -> Result<Self, BadBar> {
        if high < low {
            return Err(BadBar::HighBelowLow { at: open_time, high, low });
        }
        for outside in [open, close] {
            if outside < low || outside > high {
                return Err(BadBar::Outside { at: open_time, outside, low, high });
            }
        }
        Ok(Self { parts: Parts { open_time, open, high, low, close } })
    }

    /// When it opened.
    #[must_use]
    pub const fn open_time(&self) -> Timestamp {
        self.parts.open_time
    }

    /// The first price.
    #[must_use]
    pub const fn open(&self) -> Price {
        self.parts.open
    }

    /// The highest price.
    #[must_use]
    pub const fn high(&self) -> Price {
        self.parts.high
    }

    /// The lowest price.
    #[must_use]
    pub const fn low(&self) -> Price {
        self.parts.low
    }

    /// The last price.
    #[must_use]
    pub const fn close(&self) -> Price {
        self.parts.close
    }
}

impl TryFrom<Parts> for Bar {
    type Error = BadBar;

    fn try_from(parts: Parts) -> Result<Self, BadBar> {
        Self::new(parts.open_time, parts.open, parts.high, parts.low, parts.close)
    }
}

impl From<Bar> for Parts {
    fn from(bar: Bar) -> Self {
        bar.parts
    }
}

/// The path of a bar: for a long open, low, high, close; for a short open, high, low, close; without a position the
/// extreme nearer to the open first. Prices off the tick are moved to it against the position, without one downward.
///
/// # Errors
/// [`OutOfRange`] when a price is below one tick.
pub fn path(bar: &Bar, side: Option<PositionSide>, tick: Price) -> Result<[PathPoint; 4], OutOfRange> {
    let Parts { open_time, open, high, low, close } = bar.parts;
    let low_first = match side {
        Some(PositionSide::Long) => true,
        Some(PositionSide::Short) => false,
        None => open.above(low) <= high.above(open),
    };
    let order = if low_first { [open, low, high, close] } else { [open, high, low, close] };
    let mut points = [PathPoint { at: open_time, price: open }; 4];
    for (point, price) in points.iter_mut().zip(order) {
        point.price = match side {
            Some(PositionSide::Short) => price.ceil_to_tick(tick)?,
            Some(PositionSide::Long) | None => price.floor_to_tick(tick)?,
        };
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn bar(open: &str, high: &str, low: &str, close: &str) -> Result<Bar, BadBar> {
        Bar::new(Timestamp::EPOCH, price(open), price(high), price(low), price(close))
    }

    fn shown(side: Option<PositionSide>, bar: &Bar, tick: &str) -> Vec<String> {
        path(bar, side, price(tick)).unwrap().iter().map(|point| point.price.to_string()).collect()
    }

    #[test]
    fn the_bad_extreme_comes_first() {
        let bar = bar("100", "110", "95", "105").unwrap();
        assert_eq!(shown(Some(PositionSide::Long), &bar, "1"), ["100", "95", "110", "105"]);
        assert_eq!(shown(Some(PositionSide::Short), &bar, "1"), ["100", "110", "95", "105"]);
        assert_eq!(shown(None, &bar, "1"), ["100", "95", "110", "105"]);
        let near_high = self::bar("109", "110", "95", "105").unwrap();
        assert_eq!(shown(None, &near_high, "1"), ["109", "110", "95", "105"]);
    }

    #[test]
    fn prices_off_the_tick_move_against_the_position() {
        let bar = bar("100.04", "110.06", "95.07", "105").unwrap();
        assert_eq!(shown(Some(PositionSide::Long), &bar, "0.1"), ["100", "95", "110", "105"]);
        assert_eq!(shown(Some(PositionSide::Short), &bar, "0.1"), ["100.1", "110.1", "95.1", "105"]);
        assert!(path(&bar, None, price("1000")).is_err());
    }

    #[test]
    fn an_impossible_bar_is_refused_also_when_read() {
        assert!(matches!(bar("100", "95", "110", "100"), Err(BadBar::HighBelowLow { .. })));
        assert!(matches!(bar("111", "110", "95", "100"), Err(BadBar::Outside { .. })));
        assert!(matches!(bar("100", "110", "95", "94"), Err(BadBar::Outside { .. })));
        let good = serde_json::to_string(&bar("100", "110", "95", "105").unwrap()).unwrap();
        assert!(serde_json::from_str::<Bar>(&good).is_ok());
        assert!(serde_json::from_str::<Bar>(&good.replace("110", "10")).is_err());
    }
}
