//! The course of a tranche: how far the price went for and against it, and where its plan had meant it to end.
//!
//! It stands beside the position document, whose form is a promise to other tools (product.md §4). Nothing decides on it.

use crate::{Money, OutOfRange, Points, PositionDocument, PositionSide, Price, Range, Ratio};
use serde::{Deserialize, Serialize};

/// How far the price went, and where the plan had meant it to end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Course {
    /// Where the price has been since the entry, the entry and every exit among it. It ends with the last exit.
    pub range: Range,
    /// The plan's stop for this entry.
    pub initial_stop: Option<Price>,
    /// The plan's targets: level and price, nearest first.
    pub targets: Vec<(u8, Price)>,
    /// The trail has been activated.
    pub is_trailing: bool,
}

/// Maximum favourable and adverse excursion. Points and money have the sign of a profit: the favourable ones are never
/// below zero, the adverse ones never above.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Excursion {
    /// The price most in favour since the entry.
    pub best_price: Price,
    /// The price most against.
    pub worst_price: Price,
    /// From the average entry to the best price.
    pub mfe_pts: Points,
    /// From the average entry to the worst price.
    pub mae_pts: Points,
    /// What the whole original quantity would have gained there, before costs.
    pub mfe: Money,
    /// What the whole original quantity would have lost there, before costs.
    pub mae: Money,
}

impl Course {
    /// The excursion of the tranche that `document` is about.
    ///
    /// # Errors
    /// [`OutOfRange`] when an amount does not fit.
    pub fn excursion(&self, document: &PositionDocument) -> Result<Excursion, OutOfRange> {
        let Range { high, low } = self.range;
        let (best_price, worst_price) = match document.side {
            PositionSide::Long => (high, low),
            PositionSide::Short => (low, high),
        };
        let gained = |price: Price| document.side.gain(document.entry_price, price);
        let (mfe_pts, mae_pts) = (gained(best_price).max(Points::ZERO), gained(worst_price).min(Points::ZERO));
        let whole = document.original_quantity;
        let value = document.value_per_point.unwrap_or(Ratio::ONE);
        let worth = |points: Points| points.value(whole)?.valued(value);
        let (mfe, mae) = (worth(mfe_pts)?, worth(mae_pts)?);
        Ok(Excursion { best_price, worst_price, mfe_pts, mae_pts, mfe, mae })
    }
}
