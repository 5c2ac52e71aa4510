//! The named directions in which a number may be made coarser. There is no default: every caller says which.

use primitive_fixed_point_decimal::Rounding as Library;
use serde::{Deserialize, Serialize};

/// A direction of rounding.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Rounding {
    /// Toward negative infinity.
    Down,
    /// To the nearest, halves away from zero (halves up for multiples of a step).
    Nearest,
    /// Toward positive infinity.
    Up,
}

impl Rounding {
    pub(super) fn library(self) -> Library {
        match self {
            Self::Down => Library::Floor,
            Self::Nearest => Library::Round,
            Self::Up => Library::Ceiling,
        }
    }
}
