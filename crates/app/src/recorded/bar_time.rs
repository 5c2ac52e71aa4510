//! The time of a bar as files write it: ISO 8601 with or without a zone (then UTC), or a number since 1970.

use super::epoch::epoch;
use backstop_model::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// `2025-04-03 17:05:00+00:00`, RFC 3339, without zone, a date alone, or a number.
pub(super) fn bar_time(text: &str) -> Option<Timestamp> {
    if let Some(time) = epoch(text) {
        return Some(time);
    }
    let zoned: Option<jiff::Timestamp> = text.parse().ok();
    let time =
        zoned.or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()))?;
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_many_spellings() {
        let expected = Some(Timestamp::from_nanos(1_743_699_900_000_000_000));
        for text in [
            "2025-04-03 17:05:00+00:00",
            "2025-04-03T17:05:00Z",
            "2025-04-03T19:05:00+02:00",
            "2025-04-03 17:05:00",
            "2025-04-03T17:05:00.000",
            "1743699900",
            "1743699900000",
            "1743699900000000",
            "1743699900000000000",
        ] {
            assert_eq!(bar_time(text), expected, "{text}");
        }
        assert_eq!(bar_time("2025-04-03"), Some(Timestamp::from_nanos(1_743_638_400_000_000_000)));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for bad in
            ["", "yesterday", "03.04.2025", "2025-13-01", "2025-04-03 25:00:00", "-5", "NaN", "9999-12-31T00:00:00Z"]
        {
            assert_eq!(bar_time(bad), None, "{bad}");
        }
    }
}
