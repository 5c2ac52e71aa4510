//! Hours of a market as instants: which session runs or comes next, through daylight saving, half-days and holidays
//! (F-J05, product.md §2.6).

use backstop_model::hours::{Hours, Open};
use backstop_model::plan::Weekday;
use backstop_model::{Timestamp, hours};
use backstop_runtime::Session;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{ToSpan, Zoned};

/// A session may have begun the day before yesterday, where a zone has left a day out.
const DAYS_BEFORE: i64 = 2;
/// Farther ahead nobody looks: a market that is shut for so long says anew when it opens.
const DAYS_AHEAD: i64 = 16;

/// Where one session runs on for as far as anybody looks, its end is so many days away: a market that never shuts has none.
const NEVER: i64 = 3650;

/// The session that ends next after `after`, which may have begun; none where none is held within two weeks.
pub(crate) fn next(hours: &Hours, after: Timestamp) -> Option<Session> {
    let zone = TimeZone::get(&hours.zone).ok()?;
    let after = jiff::Timestamp::from_nanosecond(i128::from(after.as_nanos())).ok()?;
    let today = after.to_zoned(zone.clone()).date();
    let sessions = around(hours, &zone, today);
    let at = sessions.iter().position(|(_, ends)| ends.timestamp() > after)?;
    let (opens, ends) = &sessions[at];
    let farthest = today.checked_add(DAYS_AHEAD.days()).ok()?;
    if opens.date() <= today && ends.date() > farthest {
        let never = after.to_zoned(zone).checked_add(NEVER.days()).ok()?;
        return Some(Session { opens: instant(opens)?, ends: instant(&never)?, last_of_week: false });
    }
    let reopens = sessions.get(at + 1).map(|(opens, _)| opens);
    Some(Session {
        opens: instant(opens)?,
        ends: instant(ends)?,
        last_of_week: reopens.is_none_or(|reopens| is_weekend_between(ends, reopens)),
    })
}

/// All sessions of the days around one, in order. Those that follow each other without a pause are one.
fn around(hours: &Hours, zone: &TimeZone, today: Date) -> Vec<(Zoned, Zoned)> {
    let days = (-DAYS_BEFORE..=DAYS_AHEAD).filter_map(|days| today.checked_add(days.days()).ok());
    let mut sessions: Vec<(Zoned, Zoned)> = days
        .flat_map(|day| hours.on(date(day), weekday(day)).into_iter().map(move |open| (day, open)))
        .filter_map(|(day, open)| ends_of(open, day, zone))
        .collect();
    sessions.sort_by_key(|(opens, _)| opens.timestamp());
    let mut joined: Vec<(Zoned, Zoned)> = Vec::new();
    for (opens, ends) in sessions {
        match joined.last_mut().filter(|(_, before)| opens <= *before) {
            Some((_, before)) => *before = ends.max(before.clone()),
            None => joined.push((opens, ends)),
        }
    }
    joined
}

/// Beginning and end of a session that begins on this day. Where clocks jump over such a time, the moment of the jump: no clock
/// shows anything of what lies between, and a session that lies wholly there is not held. Where they show it twice, the first.
fn ends_of(open: Open, day: Date, zone: &TimeZone) -> Option<(Zoned, Zoned)> {
    let last = if open.ends_next_day() { day.checked_add(1.day()).ok()? } else { day };
    let (opens, ends) = (at(day, open.from, zone)?, at(last, open.to, zone)?);
    (opens < ends).then_some((opens, ends))
}

fn at(day: Date, minute: u16, zone: &TimeZone) -> Option<Zoned> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    let time = Time::new(hour, minute, 0, 0).ok()?;
    let at = zone.to_ambiguous_zoned(day.to_datetime(time));
    let is_left_out = matches!(at.offset(), AmbiguousOffset::Gap { .. });
    // As far behind the jump as it would have been behind the last moment before it.
    let shown = at.compatible().ok()?;
    if !is_left_out {
        return Some(shown);
    }
    let after = shown.timestamp().checked_add(1.nanosecond()).ok()?;
    let jump = zone.preceding(after).next()?;
    Some(jump.timestamp().to_zoned(zone.clone()))
}

/// Whether a Saturday's noon lies between: that is what a weekend is wherever markets have one.
fn is_weekend_between(ends: &Zoned, reopens: &Zoned) -> bool {
    let mut day = ends.date();
    while day <= reopens.date() {
        let noon = at(day, 720, ends.time_zone());
        if weekday(day) == Weekday::Saturday && noon.is_some_and(|noon| *ends <= noon && noon <= *reopens) {
            return true;
        }
        let Ok(next) = day.checked_add(1.day()) else { return false };
        day = next;
    }
    false
}

fn date(day: Date) -> hours::Date {
    hours::Date { year: day.year(), month: day.month(), day: day.day() }
}

fn weekday(day: Date) -> Weekday {
    let of_week = usize::try_from(day.weekday().to_monday_zero_offset()).ok();
    of_week.and_then(|number| Weekday::ALL.get(number)).copied().unwrap_or(Weekday::Monday)
}

fn instant(at: &Zoned) -> Option<Timestamp> {
    i64::try_from(at.timestamp().as_nanosecond()).ok().map(Timestamp::from_nanos)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::config::Config;
    use backstop_model::Symbol;

    fn hours(written: &str) -> Hours {
        let config = Config::parse(&format!("instruments: {{ AAA: {{ hours: {written} }} }}"), "c.yaml").unwrap();
        *config.overrides(Symbol::new("AAA").unwrap()).hours.unwrap()
    }

    /// When the session opens and ends, and whether the weekend follows.
    fn session(hours: &Hours, after: &str) -> String {
        let after: jiff::Timestamp = after.parse().unwrap();
        let after = Timestamp::from_nanos(i64::try_from(after.as_nanosecond()).unwrap());
        let Some(session) = next(hours, after) else { return "none".to_owned() };
        let text = |at: Timestamp| {
            let text = jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).unwrap().to_string();
            text.replace(":00Z", "Z")
        };
        let week = if session.last_of_week { " week" } else { "" };
        format!("{} {}{week}", text(session.opens), text(session.ends))
    }

    fn check(written: &str, cases: &[(&str, &str)]) {
        let hours = hours(written);
        for (after, expected) in cases {
            assert_eq!(session(&hours, after), *expected, "{written} after {after}");
        }
    }

    #[test]
    fn a_session_ends_at_the_same_local_time_before_and_after_the_clocks_change() {
        check(
            "{ zone: Europe/London, week: [Mon-Fri 08:00-22:00] }",
            &[
                // The last Sunday of March 2026 is the 29th, that of October the 25th.
                ("2026-03-26T23:00:00Z", "2026-03-27T08:00Z 2026-03-27T22:00Z week"),
                ("2026-03-27T22:00:00Z", "2026-03-30T07:00Z 2026-03-30T21:00Z"),
                ("2026-10-23T20:59:00Z", "2026-10-23T07:00Z 2026-10-23T21:00Z week"),
                ("2026-10-23T21:00:00Z", "2026-10-26T08:00Z 2026-10-26T22:00Z"),
            ],
        );
    }

    #[test]
    fn the_clocks_of_new_york_change_on_other_days() {
        check(
            "{ zone: America/New_York, week: [Mon-Fri 09:30-16:00, Sun 18:00-24:00], days: [2026-11-27 09:30-13:00, 2026-11-26 shut] }",
            &[
                // The second Sunday of March 2026 is the 8th, the first of November the 1st.
                ("2026-03-06T20:00:00Z", "2026-03-06T14:30Z 2026-03-06T21:00Z week"),
                ("2026-03-06T21:00:00Z", "2026-03-08T22:00Z 2026-03-09T04:00Z"),
                ("2026-03-09T04:00:00Z", "2026-03-09T13:30Z 2026-03-09T20:00Z"),
                ("2026-10-30T19:59:59Z", "2026-10-30T13:30Z 2026-10-30T20:00Z week"),
                ("2026-10-30T20:00:00Z", "2026-11-01T23:00Z 2026-11-02T05:00Z"),
                // Thanksgiving, and the half day after it.
                ("2026-11-25T21:00:00Z", "2026-11-27T14:30Z 2026-11-27T18:00Z week"),
            ],
        );
    }

    #[test]
    fn a_session_over_the_night_of_the_change_is_an_hour_shorter_or_longer() {
        check(
            "{ zone: Europe/Berlin, week: [Mon-Sun 22:00-06:00] }",
            &[
                ("2026-03-28T20:59:00Z", "2026-03-28T21:00Z 2026-03-29T04:00Z"),
                ("2026-10-24T20:00:00Z", "2026-10-24T20:00Z 2026-10-25T05:00Z"),
            ],
        );
        // It ends in the hour that is left out, or that is there twice: when the clocks jump, and with its first end.
        check(
            "{ zone: Europe/London, week: [Mon-Sun 22:00-01:30] }",
            &[
                ("2026-03-28T22:00:00Z", "2026-03-28T22:00Z 2026-03-29T01:00Z"),
                ("2026-10-24T21:00:00Z", "2026-10-24T21:00Z 2026-10-25T00:30Z"),
                ("2026-10-25T00:30:00Z", "2026-10-25T22:00Z 2026-10-26T01:30Z"),
            ],
        );
    }

    #[test]
    fn a_session_wholly_in_the_hour_that_is_left_out_is_not_held_that_day() {
        check(
            "{ zone: Europe/Berlin, week: [Mon-Sun 02:10-02:50] }",
            &[
                ("2026-03-28T01:00:00Z", "2026-03-28T01:10Z 2026-03-28T01:50Z week"),
                // On the 29th the clocks go from 02:00 to 03:00; on the 25th of October they show the hour twice.
                ("2026-03-28T01:50:00Z", "2026-03-30T00:10Z 2026-03-30T00:50Z"),
                ("2026-10-24T12:00:00Z", "2026-10-25T00:10Z 2026-10-25T00:50Z"),
                ("2026-10-25T00:50:00Z", "2026-10-26T01:10Z 2026-10-26T01:50Z"),
            ],
        );
        check(
            "{ zone: Europe/Berlin, week: [Sun 02:00-03:00] }",
            &[("2026-03-28T00:00:00Z", "2026-04-05T00:00Z 2026-04-05T01:00Z week")],
        );
        // It begins there, or ends there: with the jump. In Lord Howe's half hour as well.
        check(
            "{ zone: Europe/Berlin, week: [Mon-Sun 02:40-03:20] }",
            &[("2026-03-28T12:00:00Z", "2026-03-29T01:00Z 2026-03-29T01:20Z")],
        );
        check(
            "{ zone: America/New_York, week: [Mon-Sun 01:00-02:30] }",
            &[("2026-03-08T00:00:00Z", "2026-03-08T06:00Z 2026-03-08T07:00Z")],
        );
        check(
            "{ zone: Australia/Lord_Howe, week: [Mon-Sun 02:05-02:25] }",
            &[("2026-10-03T06:00:00Z", "2026-10-04T15:05Z 2026-10-04T15:25Z")],
        );
    }

    #[test]
    fn a_market_that_never_shuts_has_no_end_of_a_session_for_years() {
        check(
            "{ zone: Europe/London, week: [Mon-Sun 00:00-24:00] }",
            &[("2026-03-28T20:00:00Z", "2026-03-26T00:00Z 2036-03-25T20:00Z")],
        );
    }

    #[test]
    fn half_days_end_early_and_holidays_are_left_out() {
        check(
            "{ zone: Europe/Berlin, week: [Mon-Fri 08:00-22:00], days: [2026-12-24 08:00-14:00, 2026-12-25 shut] }",
            &[
                ("2026-12-23T20:00:00Z", "2026-12-23T07:00Z 2026-12-23T21:00Z"),
                ("2026-12-23T21:00:00Z", "2026-12-24T07:00Z 2026-12-24T13:00Z week"),
                ("2026-12-24T13:00:00Z", "2026-12-28T07:00Z 2026-12-28T21:00Z"),
            ],
        );
    }

    #[test]
    fn sessions_run_over_midnight_and_those_without_a_pause_are_one() {
        check(
            "{ zone: Europe/London, week: [Sun-Thu 23:00-22:00] }",
            &[
                ("2026-01-05T12:00:00Z", "2026-01-04T23:00Z 2026-01-05T22:00Z"),
                ("2026-01-09T12:00:00Z", "2026-01-08T23:00Z 2026-01-09T22:00Z week"),
                ("2026-01-09T22:00:00Z", "2026-01-11T23:00Z 2026-01-12T22:00Z"),
            ],
        );
        check(
            "{ zone: UTC, week: [Mon-Thu 00:00-24:00, Fri 00:00-22:00, Sun 22:00-24:00] }",
            &[("2026-01-06T12:00:00Z", "2026-01-04T22:00Z 2026-01-09T22:00Z week")],
        );
    }

    #[test]
    fn a_lunch_break_ends_a_session_and_no_week() {
        check(
            "{ zone: Asia/Tokyo, week: [Mon-Fri 09:00-11:30, Mon-Fri 12:30-15:30] }",
            &[
                ("2026-01-09T00:30:00Z", "2026-01-09T00:00Z 2026-01-09T02:30Z"),
                ("2026-01-09T02:30:00Z", "2026-01-09T03:30Z 2026-01-09T06:30Z week"),
            ],
        );
    }
}
