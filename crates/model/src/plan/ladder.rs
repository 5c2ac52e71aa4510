//! Where the stop goes when levels are complete.

use super::BadPlan;
use crate::Ratio;
use serde::{Deserialize, Serialize};

/// Where the stop goes when a level is complete.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum StopLadder {
    /// To break-even at the first level, and no further.
    Breakeven,
    /// It stays.
    None,
    /// To the best price so far, less this share.
    PercentBelowHigh(Ratio),
    /// To the level's own price, less this share.
    PercentBelowTrigger(Ratio),
    /// To the target before; at the first level to break-even.
    PreviousTarget,
    /// To the target this many levels before, one or more; where that is the entry, to break-even.
    TargetsBehind(u8),
}

impl StopLadder {
    /// A stop at the price itself would close at once, and one a whole price below it is at no price.
    pub(super) fn check(self) -> Result<(), BadPlan> {
        match self {
            Self::PercentBelowHigh(below) | Self::PercentBelowTrigger(below)
                if below <= Ratio::ZERO || below >= Ratio::ONE =>
            {
                Err(BadPlan::LadderShare(below.in_percent()))
            }
            Self::TargetsBehind(0) => Err(BadPlan::LadderOnTarget),
            Self::Breakeven
            | Self::None
            | Self::PercentBelowHigh(_)
            | Self::PercentBelowTrigger(_)
            | Self::PreviousTarget
            | Self::TargetsBehind(_) => Ok(()),
        }
    }
}
