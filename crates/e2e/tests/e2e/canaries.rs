//! Seeded bugs: there are enough of them for every promise, and one for each seam is caught. All of them are played by
//! `cargo xtask canaries`, with optimisation.

use backstop_e2e::benches;
use backstop_e2e::storm::canaries::catch::{catch, catch_at_bench};
use backstop_e2e::storm::canaries::{CHECKED, all};
use std::collections::BTreeSet;

/// One for each seam, of those that the first lives show.
const QUICK: [&str; 7] = [
    "cancel-before-place",
    "cut-id",
    "fill-twice",
    "old-answer-last",
    "prices-not-written",
    "send-before-sync",
    "float-rounding",
];

#[test]
fn every_promise_that_the_storm_checks_has_two_canaries_and_every_canary_its_own_name() {
    for promise in CHECKED {
        let count = all().iter().filter(|canary| canary.breaks == promise).count();
        assert!(count >= 2, "{promise} has {count}");
    }
    for promise in benches::CHECKED {
        let count = benches::all().filter(|seeded| seeded.breaks == promise).count();
        assert!(count >= 2, "{promise} has {count}");
    }
    let named = || all().into_iter().map(|canary| canary.name).chain(benches::all().map(|seeded| seeded.name));
    let names: BTreeSet<&str> = named().collect();
    assert_eq!(names.len(), named().count());
    assert!(all().iter().all(|canary| CHECKED.contains(&canary.breaks)));
    assert!(benches::all().all(|seeded| benches::CHECKED.contains(&seeded.breaks)));
}

#[test]
fn the_benches_keep_their_promises_without_a_bug() {
    // I13, I23, I24: what a bench finds broken by itself would be a bug of the engine, or of the bench.
    for seeded in benches::all() {
        for seed in 1..=40 {
            assert_eq!((seeded.plays)(seed, false), None, "{} at seed {seed}", seeded.breaks);
        }
    }
}

#[test]
fn every_seeded_bug_of_a_bench_is_caught() {
    for seeded in benches::all() {
        let outcome = catch_at_bench(seeded);
        assert!(outcome.seed.is_some(), "{} survives {} plays", seeded.name, outcome.lives);
    }
}

#[test]
fn a_canary_of_each_seam_is_caught_by_the_promise_it_breaks() {
    for canary in all().into_iter().filter(|canary| QUICK.contains(&canary.name)) {
        let outcome = catch(canary);
        assert!(outcome.seed.is_some(), "{} survives {} lives", canary.name, outcome.lives);
    }
}
