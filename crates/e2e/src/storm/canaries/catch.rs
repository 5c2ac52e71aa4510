//! Plays canaries until they are caught, and tells which were.

use super::Canary;
use crate::benches::Seeded;
use crate::storm::draw::{Choice, draw};
use crate::storm::life::Life;
use crate::storm::trace::Trace;
use crate::storm::watch::Violation;
use crate::storm::world::{differs, play, play_with};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// So much processor time each canary has (faults.md, mutation gate).
pub const BUDGET: Duration = Duration::from_secs(60);

/// What became of a canary.
pub struct Outcome {
    /// Its name.
    pub name: &'static str,
    /// What is wrong.
    pub wrong: &'static str,
    /// The promise it was to break.
    pub breaks: &'static str,
    /// The seed of the life that has caught it; nothing when it has survived.
    pub seed: Option<u64>,
    /// What was seen there.
    pub what: String,
    /// Lives played with it.
    pub lives: u64,
    /// The time that took.
    pub took: Duration,
    /// Which promises it has broken first, in lives that keep them without it, and how often.
    pub others: BTreeMap<&'static str, u64>,
}

/// Plays one until the promise it is to break is the first broken, or its time is over.
#[must_use]
pub fn catch(canary: &'static Canary) -> Outcome {
    let begun = Instant::now();
    let mut outcome = Outcome::new(canary.name, canary.wrong, canary.breaks);
    for seed in 1.. {
        let life = draw(seed, Choice::default());
        outcome.lives += 1;
        let broken = broken_only_with(&life, canary);
        if let Some(own) = broken.iter().find(|violation| violation.invariant == canary.breaks) {
            (outcome.seed, outcome.what) = (Some(seed), own.what.clone());
            break;
        }
        if let Some(other) = broken.first() {
            *outcome.others.entry(other.invariant).or_default() += 1;
        }
        if begun.elapsed() > BUDGET {
            break;
        }
    }
    outcome.took = begun.elapsed();
    outcome
}

/// The same at the bench that it belongs to.
#[must_use]
pub fn catch_at_bench(seeded: &'static Seeded) -> Outcome {
    let begun = Instant::now();
    let mut outcome = Outcome::new(seeded.name, seeded.wrong, seeded.breaks);
    for seed in 1.. {
        outcome.lives += 1;
        if let Some(what) = seeded.broken_only_with(seed) {
            (outcome.seed, outcome.what) = (Some(seed), what);
            break;
        }
        if begun.elapsed() > BUDGET {
            break;
        }
    }
    outcome.took = begun.elapsed();
    outcome
}

impl Outcome {
    const fn new(name: &'static str, wrong: &'static str, breaks: &'static str) -> Self {
        let what = String::new();
        Self { name, wrong, breaks, seed: None, what, lives: 0, took: Duration::ZERO, others: BTreeMap::new() }
    }
}

/// What is broken first in a life with a canary, at one and the same instant. A life that breaks any promise without it
/// says nothing: what it breaks later is not known.
fn broken_only_with(life: &Life, canary: &'static Canary) -> Vec<Violation> {
    let with = first_of(life, Some(canary));
    if with.is_empty() || first_of(life, None).is_empty() { with } else { Vec::new() }
}

fn first_of(life: &Life, canary: Option<&'static Canary>) -> Vec<Violation> {
    let twice = canary.is_some_and(|canary| canary.breaks == "I22");
    let lived = || {
        let trace = if twice { Trace::hashed() } else { Trace::silent() };
        match canary {
            Some(canary) => play_with(life, trace, canary),
            None => play(life, trace),
        }
    };
    let ended = lived();
    if twice && ended.violations.is_empty() {
        return differs(&ended, &lived()).into_iter().collect();
    }
    let at = ended.violations.first().map(|first| first.at);
    ended.violations.into_iter().filter(|violation| Some(violation.at) == at).collect()
}
