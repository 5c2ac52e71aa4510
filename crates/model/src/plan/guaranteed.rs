//! Whether a stop is to fill at its level whatever happens, where a venue sells that (product.md §2.7).

use serde::{Deserialize, Serialize};

/// Whether the stop is to be a guaranteed one.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guaranteed {
    /// An ordinary stop.
    #[default]
    Never,
    /// A guaranteed one where the venue offers it, else an ordinary one.
    Prefer,
    /// A guaranteed one; an ordinary one with an alarm when the venue refuses it.
    Require,
}

impl Guaranteed {
    /// Whether one is wanted at all.
    #[must_use]
    pub const fn is_wanted(self) -> bool {
        match self {
            Self::Never => false,
            Self::Prefer | Self::Require => true,
        }
    }

    /// Ordinary, which goes without saying in records.
    #[must_use]
    pub const fn is_never(&self) -> bool {
        !self.is_wanted()
    }
}
