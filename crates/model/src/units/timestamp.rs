//! Instants and lengths of time as integers. Where they come from is the caller's concern: there is no clock here.

use super::OutOfRange;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU64;

/// Nanoseconds since 1970-01-01T00:00:00Z, from the year 1677 to 2262.
///
/// Counted from one before the earliest, so that none is zero: an instant that may be absent takes no more room than one.
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(from = "i64", into = "i64")]
pub struct Timestamp(NonZeroU64);

/// A length of time in nanoseconds; negative when it points back.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Span(i64);

/// Turns the order of signed numbers into that of unsigned ones.
const SIGN: u64 = 1 << 63;

impl Default for Timestamp {
    fn default() -> Self {
        Self::EPOCH
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.as_nanos())
    }
}

impl From<i64> for Timestamp {
    fn from(nanos: i64) -> Self {
        Self::from_nanos(nanos)
    }
}

impl From<Timestamp> for i64 {
    fn from(at: Timestamp) -> Self {
        at.as_nanos()
    }
}

impl Timestamp {
    /// The beginning of the count.
    pub const EPOCH: Self = Self::from_nanos(0);
    /// Later than anything.
    pub const FAR_FUTURE: Self = Self::from_nanos(i64::MAX);

    /// From nanoseconds since the epoch; held at the end of the range.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        match NonZeroU64::new(nanos.cast_unsigned() ^ SIGN) {
            Some(counted) => Self(counted),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// From milliseconds since the epoch.
    ///
    /// # Errors
    /// [`OutOfRange`] beyond the year 2262.
    pub fn from_millis(millis: i64) -> Result<Self, OutOfRange> {
        millis.checked_mul(1_000_000).map(Self::from_nanos).ok_or(OutOfRange)
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    /// Whole milliseconds since the epoch, cut off.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.as_nanos().div_euclid(1_000_000)
    }

    /// This instant moved by `span`; held at the ends of the range.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self::from_nanos(self.as_nanos().saturating_add(span.0))
    }

    /// The time from `earlier` to this instant; held at the ends of the range.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.as_nanos().saturating_sub(earlier.as_nanos()))
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
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn a_length_is_told_as_it_is_written() {
        let cases = [(259_200, "3d"), (129_600, "1d 12h"), (5400, "1h 30m"), (45, "45s"), (0, "0 ms")];
        for (secs, words) in cases {
            assert_eq!(Span::from_secs(secs).in_words(), words);
        }
        assert_eq!(Span::from_millis(250).in_words(), "250 ms");
    }

    #[test]
    fn an_instant_that_may_be_absent_takes_no_more_room_and_the_order_is_that_of_the_numbers() {
        assert_eq!(size_of::<Option<Timestamp>>(), size_of::<Timestamp>());
        let numbers = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX];
        let instants = numbers.map(Timestamp::from_nanos);
        assert!(instants.is_sorted());
        assert_eq!(instants.map(Timestamp::as_nanos)[1..], numbers[1..]);
        assert_eq!(instants[0], instants[1], "held at the end of the range");
        assert_eq!(serde_json::to_string(&instants[2]).unwrap(), "-1");
        assert_eq!(serde_json::from_str::<Timestamp>("-1").unwrap(), instants[2]);
    }
}
