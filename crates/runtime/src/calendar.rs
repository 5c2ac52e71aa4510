//! When times of day come next. The calendar itself, with its zones, is the application's; here it is asked and its answer
//! becomes an event.

use backstop_model::plan::CloseAt;
use backstop_model::{Event, Timestamp};

/// Knows when a time of day comes next.
pub trait Calendar: Send {
    /// The next instant after `after` at which clocks there show this time; none for a zone that does not exist.
    fn next(&self, close_at: &CloseAt, after: Timestamp) -> Option<Timestamp>;
}

/// The times of day that plans name, and when each comes next.
#[derive(Default)]
pub struct Closes {
    calendar: Option<Box<dyn Calendar>>,
    known: Vec<(CloseAt, Timestamp)>,
}

impl Closes {
    /// Asks this calendar.
    #[must_use]
    pub fn of(calendar: Box<dyn Calendar>) -> Self {
        Self { calendar: Some(calendar), known: Vec::new() }
    }

    /// A plan closes at this time of day.
    pub fn keep(&mut self, now: Timestamp, close_at: &CloseAt) -> Option<Event> {
        let known = self.known.iter().any(|(known, _)| known == close_at);
        let at = self.calendar.as_ref().filter(|_| !known)?.next(close_at, now)?;
        self.known.push((close_at.clone(), at));
        Some(Event::NextClose { close_at: close_at.clone(), at })
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
        events
    }

    /// When the next one comes.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.known.iter().map(|(_, at)| *at).min()
    }
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
}
