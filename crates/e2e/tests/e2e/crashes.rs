//! The crash matrix: a fixed share of its cells with every ordinary test run, all of them with `CRASHES=all`.
//!
//! `cargo xtask crashes` plays all of them too, with optimisation and a table.

use backstop_e2e::storm::crashes::report::Report;
use backstop_e2e::storm::crashes::verdict::{Verdict, judge};
use backstop_e2e::storm::crashes::{Cell, Kind};

/// Every so manieth cell; no divisor of how often venues, kinds, points or worlds repeat.
const EVERY: usize = 61;

#[test]
fn no_crash_breaks_a_promise() {
    let all = std::env::var_os("CRASHES").is_some_and(|which| which == "all");
    let cells: Vec<Cell> = Cell::all().into_iter().step_by(if all { 1 } else { EVERY }).collect();
    let report = Report::of(&cells, || {});
    let failures: Vec<String> = report
        .failures()
        .map(|(cell, failure)| format!("{cell} --life {}: {} {}", failure.life, failure.promise, failure.what))
        .collect();
    assert!(failures.is_empty(), "replay with `cargo xtask crashes --cell`:\n{}", failures.join("\n"));
    let [passed, absent, failed] = report.counts();
    assert_eq!(passed + absent + failed, cells.len());
    assert_eq!(report.lives().1, 0, "every second crash strikes");
}

#[test]
fn what_a_venue_has_not_is_counted_with_its_reason() {
    let cells = Cell::all();
    let amend = cells.iter().find(|cell| cell.kind == Kind::AmendStop).copied().unwrap();
    assert!(matches!(judge(amend), Verdict::NotThere(why) if why.contains("replaced")), "{amend}");
}
