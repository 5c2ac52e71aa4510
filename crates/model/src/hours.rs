//! When a market trades: the sessions of its week, and the days that are different. Which instants those are, a calendar
//! says; time zones are no matter of words.

use crate::plan::Weekday;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The hours of a market, by the clocks of its zone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Hours {
    /// Name of the time zone, for example `Europe/Berlin`.
    pub zone: String,
    /// The sessions of an ordinary week.
    pub week: Vec<WeekSession>,
    /// Days with other sessions, or with none: half-days and holidays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<OtherDay>,
}

/// A session that begins on this day of every week.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WeekSession {
    /// The day it begins on.
    pub weekday: Weekday,
    /// From when to when.
    pub open: Open,
}

/// A day that is different.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OtherDay {
    /// Which.
    pub date: Date,
    /// The sessions that begin on it; none on a holiday.
    pub open: Vec<Open>,
}

/// From when to when a market trades, in minutes after local midnight. One that ends no later than it begins ends on the
/// next day.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Open {
    /// Below 1440.
    pub from: u16,
    /// Below 1440.
    pub to: u16,
}

impl Open {
    /// Whether it ends on the day after it began.
    #[must_use]
    pub const fn ends_next_day(self) -> bool {
        self.to <= self.from
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Date {
    /// The year.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31.
    pub day: i8,
}

impl Hours {
    /// The sessions that begin on a day.
    #[must_use]
    pub fn on(&self, date: Date, weekday: Weekday) -> Vec<Open> {
        match self.days.iter().find(|day| day.date == date) {
            Some(day) => day.open.clone(),
            None => self.week.iter().filter(|session| session.weekday == weekday).map(|session| session.open).collect(),
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for session in &self.week {
            write!(f, "{} {}, ", session.weekday, session.open)?;
        }
        f.write_str(&self.zone)
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from, self.to);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_is_different_replaces_the_sessions_that_begin_on_it() {
        let (morning, night) = (Open { from: 480, to: 1_320 }, Open { from: 1_380, to: 1_320 });
        let half = Open { from: 480, to: 840 };
        let on = |date, open| OtherDay { date, open };
        let date = |day| Date { year: 2026, month: 12, day };
        let hours = Hours {
            zone: "Europe/London".to_owned(),
            week: vec![
                WeekSession { weekday: Weekday::Thursday, open: morning },
                WeekSession { weekday: Weekday::Sunday, open: night },
            ],
            days: vec![on(date(24), vec![half]), on(date(31), Vec::new())],
        };
        assert_eq!(hours.on(date(17), Weekday::Thursday), [morning]);
        assert_eq!(hours.on(date(18), Weekday::Friday), []);
        assert_eq!(hours.on(date(24), Weekday::Thursday), [half]);
        assert_eq!(hours.on(date(31), Weekday::Thursday), []);
        assert!(night.ends_next_day() && !morning.ends_next_day());
        assert_eq!(hours.to_string(), "Thu 08:00-22:00, Sun 23:00-22:00, Europe/London");
    }
}
