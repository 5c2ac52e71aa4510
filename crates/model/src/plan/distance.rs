//! How far: always with its unit, so that `0.03`, `3` and `3.00` can never be confused.

use super::BadPlan;
use crate::{Points, Price, Ratio, Span};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Multiples of the average true range.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AtrSpec {
    /// How many of it.
    pub multiple: Ratio,
    /// Bars it is averaged over (Wilder).
    pub period: u16,
    /// Length of a bar.
    pub interval: Span,
}

/// A distance from the entry.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Distance {
    /// An absolute price instead of a distance.
    At(Price),
    /// Multiples of the average true range.
    Atr(AtrSpec),
    /// Return on margin: price move × leverage.
    Margin(Ratio),
    /// Percent of the tranche's average entry, as a fraction.
    Percent(Ratio),
    /// Points of price.
    Points(Points),
    /// Multiples of the initial risk, entry to initial stop.
    Risk(Ratio),
}

impl Distance {
    pub(super) fn check_positive(self, what: &'static str) -> Result<(), BadPlan> {
        let positive = match self {
            Self::At(_) => true,
            Self::Atr(atr) => atr.multiple > Ratio::ZERO && atr.period > 0 && atr.interval > Span::ZERO,
            Self::Margin(ratio) | Self::Percent(ratio) | Self::Risk(ratio) => ratio > Ratio::ZERO,
            Self::Points(points) => points > Points::ZERO,
        };
        if positive { Ok(()) } else { Err(BadPlan::NotPositive { what, distance: self.to_string() }) }
    }

    /// Whether this lies beyond `other`, where both are in one unit; nothing can be said otherwise before an entry is
    /// known. Absolute prices ascend for a long and descend for a short, so they wait for the entry too.
    pub(super) fn is_beyond(self, other: Self) -> Option<bool> {
        match (self, other) {
            (Self::Percent(a), Self::Percent(b))
            | (Self::Margin(a), Self::Margin(b))
            | (Self::Risk(a), Self::Risk(b)) => Some(a > b),
            (Self::Points(a), Self::Points(b)) => Some(a > b),
            (Self::Atr(a), Self::Atr(b)) if (a.period, a.interval) == (b.period, b.interval) => {
                Some(a.multiple > b.multiple)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Distance {
    /// As it is written in a plan.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(price) => write!(f, "@ {price}"),
            Self::Atr(atr) => {
                let minutes = atr.interval.as_millis() / 60_000;
                let (count, unit) = if minutes % 60 == 0 { (minutes / 60, 'h') } else { (minutes, 'm') };
                write!(f, "{} atr({}, {count}{unit})", atr.multiple, atr.period)
            }
            Self::Margin(ratio) => write!(f, "{}% margin", ratio.in_percent()),
            Self::Percent(ratio) => write!(f, "{}%", ratio.in_percent()),
            Self::Points(points) => write!(f, "{points} pt"),
            Self::Risk(ratio) => write!(f, "{ratio} R"),
        }
    }
}
