//! How many times the margin a position is worth.

use super::{ParseUnitError, Ratio};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Leverage: 1 to 1,000, in whole steps as venues give it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Leverage(u16);

impl Leverage {
    /// As a factor.
    #[must_use]
    pub fn as_ratio(self) -> Ratio {
        Ratio::whole(u32::from(self.0))
    }
}

impl TryFrom<u16> for Leverage {
    type Error = ParseUnitError;

    fn try_from(times: u16) -> Result<Self, ParseUnitError> {
        if (1..=1000).contains(&times) {
            return Ok(Self(times));
        }
        Err(ParseUnitError::new("leverage", &times.to_string(), "it lies between 1 and 1000"))
    }
}

impl From<Leverage> for u16 {
    fn from(leverage: Leverage) -> Self {
        leverage.0
    }
}

impl FromStr for Leverage {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let times: u16 =
            text.parse().map_err(|_| ParseUnitError::new("leverage", text, "a whole number like 10 is needed"))?;
        Self::try_from(times)
    }
}

impl fmt::Display for Leverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
