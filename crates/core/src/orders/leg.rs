//! The legs of a tranche: what an order of ours is for.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What one order is for. At most two live orders share a leg, and only while a stop is being replaced (I6).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Leg {
    /// The stop for whatever the position is when it triggers, kept until flat (product.md §2.7).
    WholeStop,
    /// The protective stop of one tranche, wherever the plan has moved it.
    Stop,
    /// One more order of the same stop, counted from 1, where the venue takes no single one so large (F-G04).
    StopPart(u8),
    /// The venue's native trailing order, for the runner.
    Trail,
    /// An order that only proves that the venue takes its kind (product.md §8.3).
    Drill,
    /// A market exit of everything that is left.
    Close,
    /// A market exit of a part, by hand.
    Part,
    /// The resting order of a level.
    Target(u8),
    /// A level taken over the live stop: an immediate-or-cancel limit, then market.
    Instant(u8),
}

impl Leg {
    /// Exits at market or soon to be; the others rest.
    #[must_use]
    pub const fn takes_at_once(self) -> bool {
        match self {
            Self::Close | Self::Instant(_) | Self::Part => true,
            Self::Drill | Self::Stop | Self::StopPart(_) | Self::Target(_) | Self::Trail | Self::WholeStop => false,
        }
    }

    /// Waits for a profit: targets and the native trail.
    #[must_use]
    pub const fn rests(self) -> bool {
        matches!(self, Self::Target(_) | Self::Trail)
    }

    /// Protects: never cancelled before another does, and no claim on the position beside targets and exits (I2, I7).
    #[must_use]
    pub const fn is_stop(self) -> bool {
        self.is_own_stop() || matches!(self, Self::WholeStop)
    }

    /// The stop of one tranche, or a part of it.
    #[must_use]
    pub const fn is_own_stop(self) -> bool {
        matches!(self, Self::Stop | Self::StopPart(_))
    }

    /// The orders that the stop of one tranche is made of, counted from 0; mostly there is one.
    #[must_use]
    pub const fn stop_part(number: u8) -> Self {
        if number == 0 { Self::Stop } else { Self::StopPart(number) }
    }

    /// The level it belongs to.
    #[must_use]
    pub const fn level(self) -> Option<u8> {
        match self {
            Self::Instant(level) | Self::Target(level) => Some(level),
            Self::Close | Self::Drill | Self::Part | Self::Stop | Self::StopPart(_) | Self::Trail | Self::WholeStop => {
                None
            }
        }
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stop => f.write_str("stop"),
            Self::StopPart(number) => write!(f, "stop part {}", u16::from(*number) + 1),
            Self::Trail => f.write_str("trail"),
            Self::Close => f.write_str("close"),
            Self::Drill => f.write_str("drill"),
            Self::Part => f.write_str("part"),
            Self::Target(level) => write!(f, "TP{level}"),
            Self::Instant(level) => write!(f, "instant TP{level}"),
            Self::WholeStop => f.write_str("whole stop"),
        }
    }
}
