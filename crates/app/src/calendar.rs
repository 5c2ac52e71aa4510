//! Times of day as instants: time zones and daylight saving from the tz database (F-J05).

use crate::sessions;
use backstop_model::plan::{CloseAt, Weekday};
use backstop_model::{Hours, Timestamp};
use backstop_runtime::{Calendar, Session};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

/// The calendar of the tz database.
#[derive(Clone, Copy, Debug, Default)]
pub struct TzCalendar;

impl Calendar for TzCalendar {
    /// The next instant after `after` at which the clocks of the zone show this time. Where they jump over it, the moment
    /// after the jump; where they show it twice, the first.
    fn next(&self, close_at: &CloseAt, after: Timestamp) -> Option<Timestamp> {
        let zone = TimeZone::get(&close_at.zone).ok()?;
        let after = jiff::Timestamp::from_nanosecond(i128::from(after.as_nanos())).ok()?;
        let (hour, minute) = (i8::try_from(close_at.minute / 60).ok()?, i8::try_from(close_at.minute % 60).ok()?);
        let time = Time::new(hour, minute, 0, 0).ok()?;
        let mut day = after.to_zoned(zone.clone()).date();
        // Today's, else tomorrow's, else that of the weekday; a zone may leave a day out.
        for _ in 0..10 {
            let at: Zoned = zone.to_ambiguous_zoned(day.to_datetime(time)).compatible().ok()?;
            let weekday = Weekday::ALL.get(usize::try_from(day.weekday().to_monday_zero_offset()).ok()?);
            if at.timestamp() > after && close_at.weekday.is_none_or(|wanted| weekday == Some(&wanted)) {
                return i64::try_from(at.timestamp().as_nanosecond()).ok().map(Timestamp::from_nanos);
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }

    fn session(&self, hours: &Hours, after: Timestamp) -> Option<Session> {
        sessions::next(hours, after)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn next(minute: u16, zone: &str, after: &str) -> String {
        let after: jiff::Timestamp = after.parse().unwrap();
        let after = Timestamp::from_nanos(i64::try_from(after.as_nanosecond()).unwrap());
        let at = TzCalendar.next(&CloseAt { minute, zone: zone.to_owned(), weekday: None }, after).unwrap();
        jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).unwrap().to_string()
    }

    #[test]
    fn the_same_time_of_day_is_another_instant_after_the_clocks_change() {
        let cases = [
            // 21:55 in Berlin, around the last Sunday of March and of October.
            (1315, "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-28T20:55:00Z"),
            (1315, "Europe/Berlin", "2026-03-28T20:55:00Z", "2026-03-29T19:55:00Z"),
            (1315, "Europe/Berlin", "2026-10-24T19:55:00Z", "2026-10-25T20:55:00Z"),
            // 16:55 in New York, which changes on other weekends: the second Sunday of March, the first of November.
            (1015, "America/New_York", "2026-03-07T22:00:00Z", "2026-03-08T20:55:00Z"),
            (1015, "America/New_York", "2026-10-25T20:00:00Z", "2026-10-25T20:55:00Z"),
            (1015, "America/New_York", "2026-10-31T20:55:00Z", "2026-11-01T21:55:00Z"),
            // 02:30 does not exist on the day the clocks go forward, and exists twice on the day they go back.
            (150, "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),
            (150, "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
            (0, "UTC", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
        ];
        for (minute, zone, after, expected) in cases {
            assert_eq!(next(minute, zone, after), expected, "{minute} {zone} after {after}");
        }
    }

    #[test]
    fn the_week_ends_at_the_same_local_time_before_and_after_the_clocks_change() {
        let cases = [
            // Fridays 22:00 in London around the last Sundays of March and of October 2026.
            ("2026-03-27T00:00:00Z", "2026-03-27T22:00:00Z"),
            ("2026-03-27T22:00:00Z", "2026-04-03T21:00:00Z"),
            ("2026-10-21T00:00:00Z", "2026-10-23T21:00:00Z"),
            ("2026-10-23T21:00:00Z", "2026-10-30T22:00:00Z"),
            ("2026-10-31T21:00:00Z", "2026-11-06T22:00:00Z"),
        ];
        for (after, expected) in cases {
            let after: jiff::Timestamp = after.parse().unwrap();
            let nanos = Timestamp::from_nanos(i64::try_from(after.as_nanosecond()).unwrap());
            let week = CloseAt { minute: 1320, zone: "Europe/London".to_owned(), weekday: Some(Weekday::Friday) };
            let at = TzCalendar.next(&week, nanos).unwrap();
            let at = jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).unwrap().to_string();
            assert_eq!(at, expected, "after {after}");
        }
    }

    #[test]
    fn a_zone_that_does_not_exist_has_no_time() {
        let nowhere = CloseAt { minute: 0, zone: "Europe/Nowhere".to_owned(), weekday: None };
        assert_eq!(TzCalendar.next(&nowhere, Timestamp::EPOCH), None);
    }
}
