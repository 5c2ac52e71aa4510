//! When fire drills are due (product.md §8.3): at the start and daily, one place after the other, so that they never crowd
//! the venue's budget. What is tried, and whether it can be now, is the core's.

use backstop_model::{Event, PositionKey, Span, Timestamp};

/// A place is asked so often; the core lets a drill that went to its end count for a day.
const EVERY: Span = Span::from_secs(3_600);
/// Between two places.
const APART: Span = Span::from_secs(1);

/// The places that are drilled, each with the time of its next drill.
#[derive(Debug, Default)]
pub struct Drills {
    places: Vec<(PositionKey, Timestamp)>,
}

impl Drills {
    /// Drills at these places, beginning at `start`.
    #[must_use]
    pub fn at(places: impl IntoIterator<Item = PositionKey>, start: Timestamp) -> Self {
        let mut at = start;
        let mut next = || {
            at = at.plus(APART);
            at
        };
        Self { places: places.into_iter().map(|place| (place, next())).collect() }
    }

    /// The drills that are due.
    pub fn due(&mut self, now: Timestamp) -> Vec<Event> {
        let due = self.places.iter_mut().filter(|(_, at)| *at <= now);
        due.map(|(position, at)| {
            *at = now.plus(EVERY);
            Event::Drill { position: *position }
        })
        .collect()
    }

    /// When the next one is due.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.places.iter().map(|(_, at)| *at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_model::{AccountId, InstrumentId, PositionSide};

    #[test]
    fn places_are_drilled_one_after_the_other_and_asked_again_in_an_hour() {
        let place = |number| PositionKey::new(AccountId(0), InstrumentId(number), PositionSide::Long);
        let second = |count: i64| Timestamp::EPOCH.plus(Span::from_secs(count));
        let mut drills = Drills::at([place(0), place(1)], second(0));
        assert_eq!(drills.due(second(0)), []);
        assert_eq!(drills.due(second(1)), [Event::Drill { position: place(0) }]);
        assert_eq!(drills.next(), Some(second(2)));
        assert_eq!(drills.due(second(2)), [Event::Drill { position: place(1) }]);
        assert_eq!(drills.next(), Some(second(3_601)));
    }
}
