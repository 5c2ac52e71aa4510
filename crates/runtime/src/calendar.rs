//! When times of day come next, and when sessions end. The calendar itself, with its zones, is the application's; here it
//! is asked and its answer becomes an event.

use backstop_model::plan::CloseAt;
use backstop_model::{Event, Hours, Instrument, InstrumentId, Timestamp};

/// Knows when a time of day comes next, and when a market trades.
pub trait Calendar: Send {
    /// The next instant after `after` at which clocks there show this time; none for a zone that does not exist.
    fn next(&self, close_at: &CloseAt, after: Timestamp) -> Option<Timestamp>;

    /// The session that ends next after `after`, which may have begun; none where none is held within two weeks.
    fn session(&self, hours: &Hours, after: Timestamp) -> Option<Session>;
}

/// A session of a market.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Session {
    /// When it begins.
    pub opens: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
    /// The weekend follows.
    pub last_of_week: bool,
}

/// The times of day that plans name and the sessions of markets, and when each comes next.
#[derive(Default)]
pub struct Closes {
    calendar: Option<Box<dyn Calendar>>,
    known: Vec<(CloseAt, Timestamp)>,
    sessions: Vec<(InstrumentId, Box<Hours>, Session)>,
}

impl Closes {
    /// Asks this calendar.
    #[must_use]
    pub fn of(calendar: Box<dyn Calendar>) -> Self {
        Self { calendar: Some(calendar), ..Self::default() }
    }

    /// A plan closes at this time of day.
    pub fn keep(&mut self, now: Timestamp, close_at: &CloseAt) -> Option<Event> {
        let known = self.known.iter().any(|(known, _)| known == close_at);
        let at = self.calendar.as_ref().filter(|_| !known)?.next(close_at, now)?;
        self.known.push((close_at.clone(), at));
        Some(Event::NextClose { close_at: close_at.clone(), at })
    }

    /// An instrument trades at these hours from now on, or always.
    pub fn keep_hours(&mut self, now: Timestamp, instrument: &Instrument) -> Option<Event> {
        let known = |(id, hours, _): &(InstrumentId, Box<Hours>, Session)| {
            *id == instrument.id && Some(hours) == instrument.hours.as_ref()
        };
        if self.sessions.iter().any(known) {
            return None;
        }
        self.sessions.retain(|(id, ..)| *id != instrument.id);
        let hours = instrument.hours.as_ref()?;
        let session = self.calendar.as_ref()?.session(hours, now)?;
        self.sessions.push((instrument.id, hours.clone(), session));
        Some(told(instrument.id, session))
    }

    /// The times that have come, each with its next one.
    pub fn due(&mut self, now: Timestamp) -> Vec<Event> {
        let Some(calendar) = &self.calendar else { return Vec::new() };
        let mut events = Vec::new();
        for (close_at, at) in self.known.iter_mut().filter(|(_, at)| *at <= now) {
            if let Some(next) = calendar.next(close_at, now) {
                *at = next;
                events.push(Event::NextClose { close_at: close_at.clone(), at: next });
            }
        }
        // A market whose sessions have run out, because nothing but holidays is left of its calendar, is asked for no more.
        self.sessions.retain_mut(|(instrument, hours, session)| {
            if session.ends > now {
                return true;
            }
            let Some(next) = calendar.session(hours, now) else { return false };
            *session = next;
            events.push(told(*instrument, next));
            true
        });
        events
    }

    /// When the next one comes.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        let sessions = self.sessions.iter().map(|(.., session)| session.ends);
        self.known.iter().map(|(_, at)| *at).chain(sessions).min()
    }
}

fn told(instrument: InstrumentId, session: Session) -> Event {
    Event::SessionEnds { instrument, at: session.ends, last_of_week: session.last_of_week }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::Span;

    /// Every full hour.
    struct Hourly;

    impl Calendar for Hourly {
        fn next(&self, _: &CloseAt, after: Timestamp) -> Option<Timestamp> {
            let hour = Span::from_secs(3_600).as_nanos();
            Some(Timestamp::from_nanos((after.as_nanos() / hour + 1) * hour))
        }

        /// The first half of every hour, and with hours in Rome the first quarter.
        fn session(&self, hours: &Hours, after: Timestamp) -> Option<Session> {
            let (hour, length) = (Span::from_secs(3_600), if hours.zone == "Rome" { 900 } else { 1_800 });
            let begun = Timestamp::from_nanos(after.as_nanos() / hour.as_nanos() * hour.as_nanos());
            let sessions = [begun, begun.plus(hour)].map(|opens| Session {
                opens,
                ends: opens.plus(Span::from_secs(length)),
                last_of_week: false,
            });
            sessions.into_iter().find(|session| session.ends > after)
        }
    }

    #[test]
    fn a_time_that_has_come_is_told_with_its_next_one_and_each_only_once() {
        let mut closes = Closes::of(Box::new(Hourly));
        let close_at = CloseAt { minute: 0, zone: "UTC".to_owned(), weekday: None };
        let hours = |count: i64| Timestamp::EPOCH.plus(Span::from_secs(3_600 * count));
        let told = |at| Event::NextClose { close_at: close_at.clone(), at };
        assert_eq!(closes.keep(hours(0), &close_at), Some(told(hours(1))));
        assert_eq!(closes.keep(hours(0), &close_at), None);
        assert_eq!(closes.due(Timestamp::EPOCH), []);
        assert_eq!(closes.due(hours(1)), [told(hours(2))]);
        assert_eq!(closes.due(hours(1)), []);
        assert_eq!(closes.next(), Some(hours(2)));
    }

    fn instrument(zone: Option<&str>) -> Instrument {
        let mut spec = crate::cycle::tests::instrument_spec();
        let hours = |zone: &str| Hours { zone: zone.to_owned(), week: Vec::new(), days: Vec::new() };
        spec.hours = zone.map(|zone| Box::new(hours(zone)));
        Instrument::try_from(spec).unwrap()
    }

    #[test]
    fn the_end_of_a_session_is_told_at_the_start_when_hours_change_and_after_each_end() {
        let mut closes = Closes::of(Box::new(Hourly));
        let minutes = |count: i64| Timestamp::EPOCH.plus(Span::from_secs(60 * count));
        let told = |at| Event::SessionEnds { instrument: InstrumentId(0), at, last_of_week: false };
        assert_eq!(closes.keep_hours(minutes(5), &instrument(None)), None);
        assert_eq!(closes.keep_hours(minutes(5), &instrument(Some("Bonn"))), Some(told(minutes(30))));
        assert_eq!(closes.keep_hours(minutes(6), &instrument(Some("Bonn"))), None);
        assert_eq!(closes.keep_hours(minutes(7), &instrument(Some("Rome"))), Some(told(minutes(15))));
        assert_eq!(closes.next(), Some(minutes(15)));
        assert_eq!(closes.due(minutes(14)), []);
        assert_eq!(closes.due(minutes(15)), [told(minutes(75))]);
        assert_eq!(closes.due(minutes(16)), []);
        assert_eq!(closes.keep_hours(minutes(20), &instrument(None)), None);
        assert_eq!(closes.next(), None);
    }
}
