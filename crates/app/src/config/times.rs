//! Lengths of time and times of day. Zones are looked up in the embedded zone database, so that a typing error is found
//! before the first evening.

use super::amounts::not_a;
use super::located::{Located, Place};
use super::problem::Problem;
use super::wire;
use backstop_model::Span;
use backstop_model::plan::{CloseAt, Weekday};
use jiff::SpanRelativeTo;
use jiff::tz::TimeZone;

/// A length of time greater than zero; a day is 24 hours, years and months have no fixed length and are refused.
pub(super) fn length(written: &Located<wire::Length>) -> Result<Span, Problem> {
    let text = written.value.0.trim();
    let help = "write it with its unit, for example `3d`, `36h` or `1h 30m`";
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        let help = format!("{help}: `{text}d`, `{text}h` or `{text}m`");
        return Err(Problem::new(written.at, format!("`{text}` has no unit"), help));
    }
    let span = read_length(text).ok_or_else(|| not_a(written.at, text, "length of time", help))?;
    if span > Span::ZERO {
        return Ok(span);
    }
    Err(Problem::new(written.at, format!("`{text}` is no time at all"), "a length of time is greater than zero"))
}

/// A length of time in words, without its place.
pub(crate) fn read_length(text: &str) -> Option<Span> {
    let span: jiff::Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    i64::try_from(duration.as_nanos()).ok().map(Span::from_nanos)
}

/// A time of day in a zone that exists.
pub(super) fn close_at(written: &Located<wire::TimeOfDay>) -> Result<CloseAt, Problem> {
    let text = written.value.0.trim();
    let help = "write hour, minute and zone, for example \"21:55 Europe/Berlin\" or \"21:55 UTC\"";
    let Some((clock, zone_name)) = text.split_once(char::is_whitespace) else {
        let message = format!("`{text}` does not say both a time of day and a zone");
        return Err(Problem::new(written.at, message, help));
    };
    let minute = minute_of_day(clock).ok_or_else(|| not_a(written.at, clock, "time of day", help))?;
    Ok(CloseAt { minute, zone: zone(zone_name, written.at)?, weekday: None })
}

/// The name of a zone that exists.
pub(super) fn zone(name: &str, at: Place) -> Result<String, Problem> {
    let name = name.trim();
    match TimeZone::get(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err(not_a(at, name, "time zone", "use a name of the zone database, for example `Europe/Berlin`")),
    }
}

/// A day of the week with a time in a zone that exists.
pub(super) fn week_ends(written: &Located<wire::TimeOfWeek>) -> Result<CloseAt, Problem> {
    let text = written.value.0.trim();
    let help = "write day, hour, minute and zone, for example \"Fri 22:00 Europe/London\"";
    let Some((day, rest)) = text.split_once(char::is_whitespace) else {
        return Err(not_a(written.at, text, "time of the week", help));
    };
    let weekday = Weekday::ALL.into_iter().find(|weekday| weekday.word() == day);
    let Some(weekday) = weekday else { return Err(not_a(written.at, day, "day of the week", help)) };
    let time = close_at(&Located { value: wire::TimeOfDay(rest.to_owned()), at: written.at })?;
    Ok(CloseAt { weekday: Some(weekday), ..time })
}

/// A time of day in minutes after midnight.
pub(super) fn minute_of_day(clock: &str) -> Option<u16> {
    let (hour, minute) = clock.split_once(':')?;
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute).filter(|_| minute.len() == 2)?);
    (hour < 24 && minute < 60).then(|| hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    const HERE: Place = Place { line: 1, column: 1, length: 1 };

    fn read(text: &str) -> Result<Span, Problem> {
        length(&Located { value: wire::Length(text.to_owned()), at: HERE })
    }

    fn clock(text: &str) -> Result<CloseAt, Problem> {
        close_at(&Located { value: wire::TimeOfDay(text.to_owned()), at: HERE })
    }

    #[test]
    fn lengths_are_read_with_their_unit() {
        for (text, secs) in
            [("3d", 259_200), ("36h", 129_600), ("1h 30m", 5400), ("90m", 5400), ("45s", 45), ("2 days", 172_800)]
        {
            assert_eq!(read(text).unwrap(), Span::from_secs(secs), "{text}");
        }
    }

    #[test]
    fn lengths_without_unit_sign_or_fixed_size_are_refused() {
        for bad in ["", "3", "3.5", "-3d", "0s", "1 month", "1y", "soon", "3x", "400000 days"] {
            assert!(read(bad).is_err(), "{bad:?} was read");
        }
        let bare = read("3").unwrap_err();
        assert_eq!(bare.message, "`3` has no unit");
        assert!(bare.help.contains("`3d`"), "{}", bare.help);
    }

    #[test]
    fn times_of_day_have_a_zone_that_exists() {
        let evening = clock("21:55 Europe/Berlin").unwrap();
        assert_eq!((evening.minute, evening.zone.as_str()), (1315, "Europe/Berlin"));
        assert_eq!(clock("0:05 UTC").unwrap().minute, 5);
        for bad in [
            "21:55",
            "24:00 UTC",
            "21:60 UTC",
            "2155 UTC",
            "21:5 UTC",
            "21:55 Europe/Berln",
            "21:55 CEST!",
            "+1:55 UTC",
            "",
        ] {
            assert!(clock(bad).is_err(), "{bad:?} was read");
        }
    }
}
