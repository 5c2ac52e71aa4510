//! What the owner of an account wants done when its venue takes no stop, where there is a choice (product.md §8.4).

use crate::{Ratio, Rounding};
use serde::{Deserialize, Serialize};

/// What is done when no stop can be placed within three seconds because the venue is overloaded (F-A05).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnprotectable {
    /// It is closed at market, wherever the price is.
    Close,
    /// It is closed at market when the price is within this share of the stop, above 0 and below 1; else the stop is tried
    /// again and Backstop watches the price.
    CloseWithin(Ratio),
    /// The stop is tried again and Backstop watches the price, however near the stop is.
    KeepTrying,
}

impl Default for OnUnprotectable {
    /// Within 0.5 % of the stop: as far as a liquid market goes in the seconds that a market order may have to be repeated for.
    fn default() -> Self {
        let share = Ratio::whole(5).over(Ratio::whole(1_000), Rounding::Down);
        Self::CloseWithin(share.expect("half a percent is a ratio"))
    }
}

/// The owner's choices about refused stops.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Refusals {
    /// When no stop can be placed in time because the venue is overloaded.
    #[serde(default)]
    pub on_unprotectable: OnUnprotectable,
}
