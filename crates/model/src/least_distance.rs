//! How near to the price a venue lets the level of an exit stand (F-C20, venues/ig.md §6).
//!
//! It is a rule of the market, read from the venue or the configuration; where a stop then rests is decided in `core`.

use crate::{OutOfRange, Points, Price, Ratio, Rounding};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The least distance of a level from the price it would close at.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum LeastDistance {
    /// So many points of price.
    Points(Points),
    /// Such a share of the price.
    Share(Ratio),
}

impl LeastDistance {
    /// The distance at `price`, in points of price; a share is rounded up, so that it is never too little.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn at(self, price: Price) -> Result<Points, OutOfRange> {
        match self {
            Self::Points(points) => Ok(points),
            Self::Share(share) => price.share(share, Rounding::Up),
        }
    }

    /// Less than nothing is no distance.
    #[must_use]
    pub fn is_negative(self) -> bool {
        match self {
            Self::Points(points) => points < Points::ZERO,
            Self::Share(share) => share < Ratio::ZERO,
        }
    }
}

impl fmt::Display for LeastDistance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Points(points) => write!(f, "{points} pt"),
            Self::Share(share) => write!(f, "{}%", share.in_percent()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn a_share_is_of_the_price_and_never_too_little() {
        let price = |text: &str| text.parse::<Price>().unwrap();
        let cases = [
            (LeastDistance::Points("2".parse().unwrap()), "20000", "2", "2 pt"),
            (LeastDistance::Share(Ratio::percent("0.1").unwrap()), "20000", "20", "0.1%"),
            (LeastDistance::Share(Ratio::percent("0.1").unwrap()), "0.0000000001", "0.000000000001", "0.1%"),
        ];
        for (least, at, points, shown) in cases {
            assert_eq!(least.at(price(at)), Ok(points.parse().unwrap()), "{least}");
            assert_eq!(least.to_string(), shown);
        }
    }
}
