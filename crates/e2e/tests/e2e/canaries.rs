//! Seeded bugs: there are enough of them for every promise, and one for each seam is caught. All of them are played by
//! `cargo xtask canaries`, with optimisation.

use backstop_e2e::storm::canaries::catch::catch;
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
    let names: BTreeSet<&str> = all().iter().map(|canary| canary.name).collect();
    assert_eq!(names.len(), all().len());
    assert!(all().iter().all(|canary| CHECKED.contains(&canary.breaks)));
}

#[test]
fn a_canary_of_each_seam_is_caught_by_the_promise_it_breaks() {
    for canary in all().into_iter().filter(|canary| QUICK.contains(&canary.name)) {
        let outcome = catch(canary);
        assert!(outcome.seed.is_some(), "{} survives {} lives", canary.name, outcome.lives);
    }
}
