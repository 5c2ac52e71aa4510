//! How often each fault of the catalogue has struck, over many lives.

use super::life::Life;
use super::troubles;
use super::world::Ended;
use std::collections::BTreeMap;

/// Counts by fault id.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    hits: BTreeMap<&'static str, u64>,
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
        for trouble in &life.troubles {
            let struck = ended.struck.iter().find(|(fault, _)| *fault == trouble.fault).map_or(0, |(_, count)| *count);
            self.add(troubles::ids_of(trouble), struck);
        }
        for (_, act) in &life.acts {
            self.add(troubles::ids_of_act(act), 1);
        }
    }

    fn add(&mut self, ids: &[&'static str], count: u64) {
        for id in ids {
            *self.hits.entry(id).or_default() += count;
        }
    }

    /// Adds another tally.
    pub fn join(&mut self, other: Self) {
        self.lives += other.lives;
        self.events += other.events;
        for (id, count) in other.hits {
            *self.hits.entry(id).or_default() += count;
        }
    }

    /// Every fault of the menu with its count, those that never struck included.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, u64)> {
        troubles::ids().into_iter().map(|id| (id, self.hits.get(id).copied().unwrap_or(0))).collect()
    }
}
