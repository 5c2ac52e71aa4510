//! Benches: promises that a life of the storm cannot show, because it has one market, a disk of records and not of bytes, and
//! one order in which things happen.
//!
//! * [`neighbours`]: two symbols at one production loop, the one calm and the other in trouble (I13).
//! * [`flips`]: a real store, one bit of which is another one (I23).
//! * [`shuffles`]: the same executions in another order, and some of them twice (I24).
//!
//! Each bench plays itself from a seed, with a seeded bug or without one, and says how its promise is broken. The bug sits at a
//! seam, as those of the storm do, and what it must break is one promise, in a play that keeps it without the bug.

pub mod flips;
pub mod neighbours;
pub mod shuffles;

use crate::storm::draw::{Choice, draw};
use crate::storm::stage::Stage;
use backstop_model::{Adopt, Event, PositionMode};

/// One seeded bug of a bench.
pub struct Seeded {
    /// Its name.
    pub name: &'static str,
    /// What is wrong, in one sentence.
    pub wrong: &'static str,
    /// The promise it is to break.
    pub breaks: &'static str,
    /// Plays a seed with the bug, or without it: how the promise is broken, or nothing.
    pub plays: fn(u64, bool) -> Option<String>,
}

/// The promises that the benches look at, each of which needs two seeded bugs.
pub const CHECKED: [&str; 3] = ["I13", "I23", "I24"];

/// Every seeded bug, by the promise it breaks.
pub fn all() -> impl Iterator<Item = &'static Seeded> {
    [neighbours::SEEDED, flips::SEEDED, shuffles::SEEDED].into_iter().flatten()
}

impl Seeded {
    /// How its promise is broken by it, in a play that keeps it without.
    #[must_use]
    pub fn broken_only_with(&self, seed: u64) -> Option<String> {
        (self.plays)(seed, true).filter(|_| (self.plays)(seed, false).is_none())
    }
}

/// A market, an account and a plan as some life has them, where one position for each market is managed from its first
/// execution on.
fn ground(seed: u64) -> (Stage, Vec<Event>) {
    let stage = Stage::set(&draw(seed, Choice::default())).0;
    let definitions = stage.definitions().into_iter().map(|event| match event {
        Event::DefineAccount(mut account) => {
            (account.position_mode, account.adopt, account.hard_stop) = (PositionMode::OneWay, Adopt::Plan, None);
            account.capability.reduce_only = true;
            Event::DefineAccount(account)
        }
        other => other,
    });
    let definitions = definitions.collect();
    (stage, definitions)
}
