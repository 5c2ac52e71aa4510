//! How often each fault of the catalogue has struck, alone and in pairs, and what was reached, over many lives.

use super::life::Life;
use super::readings::Reading;
use super::sometimes::Sometimes;
use super::troubles;
use super::world::Ended;
use std::collections::BTreeMap;

/// Two ids, the smaller first.
pub type Pair = (&'static str, &'static str);

/// Counts by fault id.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    hits: BTreeMap<&'static str, u64>,
    reached: BTreeMap<Sometimes, u64>,
    /// Lives in which the venue did otherwise than its profile.
    readings: BTreeMap<Reading, u64>,
    /// Lives in which levels could not stand anywhere.
    spaced: u64,
    /// Lives in which both have struck.
    pairs: BTreeMap<Pair, u64>,
    /// Lives that were played.
    pub lives: u64,
    /// Events that engines took in.
    pub events: u64,
}

impl Tally {
    /// Counts one life.
    pub fn count(&mut self, life: &Life, ended: &Ended) {
        self.lives += 1;
        self.events += ended.events;
        for one in Sometimes::ALL.into_iter().filter(|one| ended.reached.has(*one)) {
            *self.reached.entry(one).or_default() += 1;
        }
        life.readings.iter().for_each(|reading| *self.readings.entry(*reading).or_default() += 1);
        self.spaced += u64::from(life.least.is_some());
        let mut struck: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut add = |ids: &[&'static str], count: u64| {
            ids.iter().filter(|_| count > 0).for_each(|id| *struck.entry(id).or_default() += count);
        };
        for trouble in &life.troubles {
            let hits = ended.struck.iter().find(|(fault, _)| *fault == trouble.fault).map_or(0, |(_, count)| *count);
            add(troubles::ids_of(trouble), hits);
        }
        ended.happened.iter().for_each(|act| add(troubles::ids_of_act(act), 1));
        add(troubles::ids_of_place(life), 1);
        for (one, count) in &struck {
            *self.hits.entry(one).or_default() += count;
            for (other, _) in struck.iter().skip_while(|(other, _)| *other <= one) {
                *self.pairs.entry((one, other)).or_default() += 1;
            }
        }
    }

    /// Adds another tally.
    pub fn join(&mut self, other: Self) {
        self.lives += other.lives;
        self.events += other.events;
        for (id, count) in other.hits {
            *self.hits.entry(id).or_default() += count;
        }
        for (pair, count) in other.pairs {
            *self.pairs.entry(pair).or_default() += count;
        }
        for (reading, count) in other.readings {
            *self.readings.entry(reading).or_default() += count;
        }
        self.spaced += other.spaced;
        for (one, count) in other.reached {
            *self.reached.entry(one).or_default() += count;
        }
    }

    /// What must be reached sometimes, with the number of lives that did.
    #[must_use]
    pub fn sometimes(&self) -> Vec<(Sometimes, u64)> {
        Sometimes::ALL.into_iter().map(|one| (one, self.reached.get(&one).copied().unwrap_or(0))).collect()
    }

    /// What the venues' pages leave open, with the number of lives that played the other answer.
    #[must_use]
    pub fn readings(&self) -> Vec<(&'static str, u64)> {
        let count = |reading: Reading| (reading.words(), self.readings.get(&reading).copied().unwrap_or(0));
        Reading::all().map(count).chain([("levels have a least distance", self.spaced)]).collect()
    }

    /// Every pair of ids that can strike in one life, with the number of lives in which it did.
    #[must_use]
    pub fn pairs(&self) -> Vec<(Pair, u64)> {
        let ids = troubles::ids();
        let all = ids.iter().enumerate().flat_map(|(at, one)| ids[at + 1..].iter().map(move |other| (*one, *other)));
        let possible = all.filter(|(one, other)| troubles::can_meet(one, other));
        possible.map(|pair| (pair, self.pairs.get(&pair).copied().unwrap_or(0))).collect()
    }

    /// Every fault of the menu with its count, those that never struck included.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, u64)> {
        troubles::ids().into_iter().map(|id| (id, self.hits.get(id).copied().unwrap_or(0))).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::storm::draw::{Choice, draw};
    use crate::storm::life::{Act, DiskTrouble, Hand, Incident, VenueKind};
    use crate::storm::trace::Trace;
    use crate::storm::troubles::can_meet;
    use crate::storm::world::play;

    /// What is counted of a calm life in which only these things happen.
    fn struck(venue: VenueKind, acts: &[(i64, Act)]) -> Vec<&'static str> {
        let mut life = draw(1, Choice { venue: Some(venue), calm: true });
        life.acts = acts.to_vec();
        let mut tally = Tally::default();
        tally.count(&life, &play(&life, Trace::default()));
        let places = troubles::ids_of_place(&life);
        tally.rows().into_iter().filter(|(id, hits)| *hits > 0 && !places.contains(id)).map(|(id, _)| id).collect()
    }

    #[test]
    fn what_finds_nothing_to_strike_is_not_counted() {
        let in_vain = [
            Act::Hand(Hand::CancelStop),
            Act::Hand(Hand::Reduce { steps: 1 }),
            Act::Venue(Incident::Liquidate),
            Act::Venue(Incident::CancelAll),
            Act::Venue(Incident::MarginCall),
            Act::Disk(DiskTrouble::Full),
        ];
        for venue in VenueKind::ALL {
            let down = [(1_000, Act::Terminate { down: 60_000 }), (1_500, Act::Terminate { down: 9_000 })];
            let acts: Vec<_> = down.into_iter().chain(in_vain.map(|act| (2_000, act))).collect();
            assert_eq!(struck(venue, &acts), ["F-M18"], "{venue:?}");
        }
    }

    #[test]
    fn what_strikes_is_counted_at_every_venue() {
        for venue in VenueKind::ALL {
            let open =
                Act::Hand(Hand::Open { steps: draw(1, Choice { venue: Some(venue), calm: true }).grid.least_steps });
            let acts = [(1_000, open), (9_000, Act::Hand(Hand::CancelStop)), (12_000, Act::Venue(Incident::Liquidate))];
            let counted = struck(venue, &acts);
            for id in ["F-D03", "F-D05", "F-F01"] {
                assert!(counted.contains(&id), "{venue:?}: {counted:?}");
            }
        }
    }

    #[test]
    fn pairs_that_cannot_meet_are_told_from_the_menu() {
        // One knob, which a life turns once, and says one thing then.
        assert!(!can_meet("F-A03", "F-A04"));
        // One line, one knob, two meanings: they always meet.
        assert!(can_meet("F-B07", "F-B08"));
        assert!(can_meet("F-A01", "F-M07"));
    }
}
