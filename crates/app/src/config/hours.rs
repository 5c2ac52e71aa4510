//! The hours of a market, as they are written: days of the week, and the dates that are different.

use super::amounts::not_a;
use super::located::{Located, Place};
use super::problem::Problem;
use super::{times, wire};
use backstop_model::hours::{Date, Hours, Open, OtherDay, WeekSession};
use backstop_model::plan::Weekday;

/// How the sessions of a week are written.
const WEEK: &str = "write day or days, and from when to when, for example `Mon-Fri 08:00-22:00`";
/// How a day that is different is written.
const DAY: &str = "write the date, and from when to when or `shut`, for example `2026-12-24 08:00-14:00`";

/// The hours of one instrument, in a zone that exists.
pub(super) fn hours(written: &wire::Hours) -> Result<Hours, Problem> {
    let zone = times::zone(&written.zone.value, written.zone.at)?;
    let mut week = Vec::new();
    for sessions in &written.week {
        week.extend(week_sessions(sessions)?);
    }
    if week.is_empty() {
        let message = "hours without a session: the market would never trade";
        return Err(Problem::new(written.zone.at, message, "write its sessions below `week`, or leave `hours` out"));
    }
    let mut days: Vec<OtherDay> = Vec::new();
    for written in written.days.iter().flatten() {
        let (date, open) = other_day(written)?;
        match days.iter_mut().find(|day| day.date == date) {
            Some(day) => day.open.extend(open),
            None => days.push(OtherDay { date, open: open.into_iter().collect() }),
        }
    }
    Ok(Hours { zone, week, days })
}

fn week_sessions(written: &Located<wire::WeekSessions>) -> Result<Vec<WeekSession>, Problem> {
    let text = written.value.0.trim();
    let Some((days, times)) = text.split_once(char::is_whitespace) else {
        return Err(not_a(written.at, text, "session of the week", WEEK));
    };
    let open = open(times.trim(), written.at, WEEK)?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let day = |word: &str| {
        let at = Weekday::ALL.iter().position(|weekday| weekday.word() == word);
        at.ok_or_else(|| not_a(written.at, word, "day of the week", WEEK))
    };
    let (first, last) = (day(first)?, day(last)?);
    // `Sun-Thu` goes over the end of the week.
    let count = (last + 7 - first) % 7 + 1;
    let weekdays = Weekday::ALL.into_iter().cycle().skip(first).take(count);
    Ok(weekdays.map(|weekday| WeekSession { weekday, open }).collect())
}

fn other_day(written: &Located<wire::OtherDay>) -> Result<(Date, Option<Open>), Problem> {
    let text = written.value.0.trim();
    let Some((day, times)) = text.split_once(char::is_whitespace) else {
        return Err(not_a(written.at, text, "day that is different", DAY));
    };
    let date: jiff::civil::Date = day.parse().map_err(|_| not_a(written.at, day, "date", DAY))?;
    let date = Date { year: date.year(), month: date.month(), day: date.day() };
    match times.trim() {
        "shut" => Ok((date, None)),
        times => Ok((date, Some(open(times, written.at, DAY)?))),
    }
}

/// From when to when; `24:00` is midnight at the end of the day.
fn open(text: &str, at: Place, help: &str) -> Result<Open, Problem> {
    let minute = |clock: &str| if clock == "24:00" { Some(0) } else { times::minute_of_day(clock) };
    let both = text.split_once('-').and_then(|(from, to)| Some((minute(from.trim())?, minute(to.trim())?)));
    let (from, to) = both.ok_or_else(|| not_a(at, text, "stretch of a day", help))?;
    Ok(Open { from, to })
}
