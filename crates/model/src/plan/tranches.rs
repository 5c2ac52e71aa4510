//! Whether a position is held as one tranche or as several, each with its own entry, levels and stop (product.md §2.5).

use super::{BadPlan, Distance};
use crate::Ratio;
use serde::{Deserialize, Serialize};

/// The most tranches that are open at once: their numbers take one letter of an order id.
pub const MOST_TRANCHES: u8 = 16;

/// When an entry opens a tranche of its own.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tranches {
    /// When it is made while the newest tranche loses more than this; else it joins that one.
    NewWhenLoss {
        /// Share of the newest tranche's entry.
        loss: Ratio,
        /// How many may be open at once; a further entry joins the newest. 1 to [`MOST_TRANCHES`].
        max: u8,
    },
    /// Never: everything is one tranche.
    #[default]
    Off,
    /// Always, up to [`MOST_TRANCHES`]; partial executions of one order belong together.
    PerFill,
}

/// What becomes of tranches that are back in profit and have no level hit.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// They become one, with the weighted entry and the tightest of their stops.
    #[default]
    InProfit,
    /// They stay.
    Never,
}

impl Tranches {
    /// A threshold beyond the stop would never be reached: the stop would have closed the tranche before.
    pub(super) fn check(self, stop: Distance) -> Result<(), BadPlan> {
        let Self::NewWhenLoss { loss, max } = self else { return Ok(()) };
        if loss <= Ratio::ZERO {
            return Err(BadPlan::NotPositive { what: "tranches", distance: Distance::Percent(loss).to_string() });
        }
        if max == 0 || max > MOST_TRANCHES {
            return Err(BadPlan::TrancheCount(max));
        }
        match stop {
            Distance::Percent(stop) if loss >= stop => {
                Err(BadPlan::TrancheBeyondStop { loss: Distance::Percent(loss), stop: Distance::Percent(stop) })
            }
            // In other units it is known with the entry: arming says so.
            _ => Ok(()),
        }
    }
}
