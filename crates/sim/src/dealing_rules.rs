//! The rules of a market whose positions are deals: points, distances, stop types, premium (venues/ig.md §6).
//!
//! Whether a level keeps them is decided in `levels`.

use crate::sparse::is_default;
use backstop_model::{OutOfRange, Points, Price, Ratio, Rounding};
use serde::{Deserialize, Serialize};

/// A market's dealing rules. Read every number from here: they differ per account and change in volatile hours.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Dealing {
    /// How much price one point is: 1 for most indices, 0.0001 for many currencies. Which of the two is unverified in
    /// general; here it is said.
    pub point: Points,
    /// What one point brings a unit of quantity.
    pub value_per_point: Ratio,
    /// Nearest a stop or limit may stand to the price it would close at.
    pub min_distance: Distance,
    /// Nearest a guaranteed stop may stand.
    pub min_guaranteed_distance: Distance,
    /// Farthest a stop or limit may stand.
    pub max_distance: Distance,
    /// `minStepDistance`: the smallest step of a trailing stop, and perhaps of every move of a level (`LevelStep`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub min_step: Distance,
    /// `controlledRiskSpacing`: how far apart guaranteed stops keep (`RiskSpacing`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub guaranteed_spacing: Distance,
    /// Whether this market takes trailing stops, and in which steps.
    pub trailing: TrailingPreference,
    /// Whether this market takes guaranteed stops, and for what.
    pub guaranteed: GuaranteedStops,
}

/// A distance as the venue states it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Distance {
    /// So many points.
    InPoints(Ratio),
    /// Such a share of the price.
    OfPrice(Ratio),
}

impl Default for Distance {
    /// None at all.
    fn default() -> Self {
        Self::InPoints(Ratio::ZERO)
    }
}

/// Whether trailing stops are taken (`trailingStopsPreference`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum TrailingPreference {
    /// Where the account allows them too, in steps of at least so many points.
    Available {
        /// The smallest step, in points.
        least_increment: Ratio,
    },
    /// Not at all.
    NotAvailable,
}

/// Whether guaranteed stops are taken (`controlledRiskAllowed`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum GuaranteedStops {
    /// For so many points on the quantity (`limitedRiskPremium`).
    Available {
        /// The premium, in points.
        premium: Ratio,
    },
    /// Not at all.
    NotAvailable,
}

impl Dealing {
    /// A market whose point is one unit of price, worth `value_per_point`, without distances: levels may stand anywhere
    /// on their side, trail and be guaranteed for nothing.
    #[must_use]
    pub fn in_whole_points(value_per_point: Ratio) -> Self {
        Self {
            point: one().as_points(),
            value_per_point,
            min_distance: Distance::default(),
            min_guaranteed_distance: Distance::default(),
            max_distance: Distance::OfPrice(Ratio::ONE),
            min_step: Distance::default(),
            guaranteed_spacing: Distance::default(),
            trailing: TrailingPreference::Available { least_increment: Ratio::ZERO },
            guaranteed: GuaranteedStops::Available { premium: Ratio::ZERO },
        }
    }

    /// So many points as a distance in price.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn points(&self, count: Ratio) -> Result<Points, OutOfRange> {
        self.point.times(count, Rounding::Nearest)
    }

    /// A distance from `price`, in price.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn length(&self, distance: Distance, price: Price) -> Result<Points, OutOfRange> {
        match distance {
            Distance::InPoints(count) => self.points(count),
            Distance::OfPrice(share) => price.share(share, Rounding::Nearest),
        }
    }

    /// What a whole unit of price is worth for a unit of quantity.
    ///
    /// # Errors
    /// [`OutOfRange`] when a point has no length, or the result does not fit.
    pub fn worth(&self) -> Result<Ratio, OutOfRange> {
        self.value_per_point.over(self.point.share_of(one(), Rounding::Nearest)?, Rounding::Nearest)
    }
}

fn one() -> Price {
    "1".parse().expect("1 is a price")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ratio(text: &str) -> Ratio {
        text.parse().unwrap()
    }

    #[test]
    fn a_currencys_point_is_a_fraction_of_its_price() {
        let mut pips = Dealing::in_whole_points(ratio("1"));
        pips.point = "0.0001".parse().unwrap();
        assert_eq!(pips.worth(), Ok(ratio("10000")));
        assert_eq!(pips.length(Distance::InPoints(ratio("12")), one()), Ok("0.0012".parse().unwrap()));
        assert_eq!(pips.length(Distance::OfPrice(ratio("0.75")), one()), Ok("0.75".parse().unwrap()));
        assert_eq!(Dealing::in_whole_points(ratio("25")).worth(), Ok(ratio("25")));
    }

    #[test]
    fn a_point_without_length_is_worth_nothing_one_could_name() {
        let mut none = Dealing::in_whole_points(ratio("1"));
        none.point = Points::ZERO;
        assert_eq!(none.worth(), Err(OutOfRange));
    }
}
