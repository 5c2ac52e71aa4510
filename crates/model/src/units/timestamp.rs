//! Instants and lengths of time as integers. Where they come from is the caller's concern: there is no clock here.

use super::OutOfRange;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A length of time in nanoseconds; negative when it points back.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Span(i64);

impl Timestamp {
    /// The beginning of the count.
    pub const EPOCH: Self = Self(0);
    /// Later than anything.
    pub const FAR_FUTURE: Self = Self(i64::MAX);

    /// From nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From milliseconds since the epoch.
    ///
    /// # Errors
    /// [`OutOfRange`] beyond the year 2262.
    pub fn from_millis(millis: i64) -> Result<Self, OutOfRange> {
        millis.checked_mul(1_000_000).map(Self).ok_or(OutOfRange)
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, cut off.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved by `span`; held at the ends of the range.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The time from `earlier` to this instant; held at the ends of the range.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// Nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Milliseconds; held at the end of the range.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Seconds; held at the end of the range.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds, cut off toward zero.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0 / 1_000_000
    }

    /// `times` this long; held at the end of the range.
    #[must_use]
    pub const fn times(self, times: u32) -> Self {
        Self(self.0.saturating_mul(times as i64))
    }

    /// As it is written in a plan: `3d`, `36h` as `1d 12h`, `45s`; less than a second is left out.
    #[must_use]
    pub fn in_words(self) -> String {
        let mut left = self.0 / 1_000_000_000;
        let mut words = Vec::new();
        for (unit, secs) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
            if left / secs != 0 {
                words.push(format!("{}{unit}", left / secs));
            }
            left %= secs;
        }
        if words.is_empty() { self.to_string() } else { words.join(" ") }
    }
}

impl fmt::Display for Span {
    /// Milliseconds, as people read latencies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_told_as_it_is_written() {
        let cases = [(259_200, "3d"), (129_600, "1d 12h"), (5400, "1h 30m"), (45, "45s"), (0, "0 ms")];
        for (secs, words) in cases {
            assert_eq!(Span::from_secs(secs).in_words(), words);
        }
        assert_eq!(Span::from_millis(250).in_words(), "250 ms");
    }
}
