//! Every action says its cause, its inputs, and what else could have been done (product.md §8).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// A store in which a long of 0.1 from 50,000 was played on these bars.
fn played(plan: &str, bars: &str) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("p.yaml"), format!("plans:\n  p:\n{plan}")).unwrap();
    fs::write(folder.path().join("BTCUSDT.csv"), format!("time,open,high,low,close\n{bars}")).unwrap();
    let line = "demo --json --speed max --config p.yaml --klines BTCUSDT.csv --store s.db";
    let output = run(folder.path(), line, &["--open", "1700000000000 BTCUSDT long 0.1 p"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    folder
}

fn explained(folder: &Path, what: &str) -> Vec<Value> {
    let output = run(folder, "explain --json --store s.db", &[what]);
    assert_eq!(code(&output), 0, "{what}: {}", said(&output));
    last_line(&output).as_array().unwrap().clone()
}

/// The decision about `what` that begins so, with the record it was made in.
fn decision(folder: &Path, what: &str, beginning: &str) -> (Value, Value) {
    let begins = |decision: &&Value| decision["decided"].as_str().unwrap().starts_with(beginning);
    let records = explained(folder, what);
    let found = records.iter().find_map(|record| {
        let decision = record["decisions"].as_array().unwrap().iter().find(begins)?;
        Some((record.clone(), decision.clone()))
    });
    found.unwrap_or_else(|| panic!("{what}: nothing begins with {beginning:?}: {records:#?}"))
}

fn why_not(decision: &Value, instead: &str) -> String {
    let alternatives = decision["alternatives"].as_array().unwrap();
    let found = alternatives.iter().find(|other| other["instead"].as_str().unwrap().starts_with(instead));
    found.unwrap_or_else(|| panic!("{instead:?} is not there: {decision:#}"))["why_not"].as_str().unwrap().to_owned()
}

const LADDER: &str = "    stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 3%, close: 40% }, { at: 5%, close: 30% }, { at: 8%, close: 30% }]
    stop_ladder: previous_target
    breakeven: plain
instruments:
  BTCUSDT: { tick: 0.1, step: 0.001 }
";

#[test]
fn a_stop_moved_by_the_ladder_names_the_level_and_why_the_old_one_did_not_stay() {
    let folder = played(
        LADDER,
        "1700000000,50000,50000,50000,50000\n1700000060,50000,51600,50000,51500\n1700000120,51500,51500,51000,51000\n",
    );
    let (record, first) = decision(folder.path(), "stop#1", "place stop#1");
    assert_eq!(record["cause"]["kind"], "fill");
    assert_eq!(first["because"], "the plan's stop for this entry; nothing protects 0.1 yet");
    assert_eq!(why_not(&first, "wait without"), "0.1 would be open without protection");
    let (record, moved) = decision(folder.path(), "stop#2", "place stop#2: sell 0.06 stop 50000 on last");
    assert_eq!(moved["because"], "break-even after TP1");
    assert_eq!(why_not(&moved, "stay at 49000"), "50000 is 1000 pt tighter, and a stop only ever tightens");
    assert_eq!(why_not(&moved, "move stop#1 in place"), "this venue does not move a resting stop");
    assert!(why_not(&moved, "cancel stop#1 first").starts_with("nothing would protect in between"));
    let before = &record["inputs"]["positions"][0];
    assert_eq!(
        (&before["quantity"], &before["stop"], &before["entry_price"]),
        (&"0.1".into(), &"49000".into(), &"50000".into())
    );
    assert_eq!(record["inputs"]["prices"][0]["last"], "51500");
    let (_, gone) = decision(folder.path(), "stop#1", "cancel stop#1");
    assert_eq!(gone["because"], "stop#2 is working at 50000 for 0.06");
    // By the id that the client gave, and by the one that the venue gave.
    let id = moved["order"].as_str().unwrap();
    assert_eq!(explained(folder.path(), id), explained(folder.path(), "stop#2"));
    let told = run(folder.path(), "explain stop#2 --store s.db", &[]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("    not: stay at 49000, because 50000 is 1000 pt tighter"), "{told}");
    assert!(
        told.contains("  before: paper-1: BTCUSDT long 0.1 from 50000, stop 49000; levels TP1 51500 (open, "),
        "{told}"
    );
}

#[test]
fn a_stop_beside_the_one_for_the_whole_position_says_that_this_stays() {
    let account = "accounts:\n  main: { venue: binance, mode: paper, plan: p, adopt: plan }\n";
    let folder = played(
        &format!("{LADDER}{account}"),
        "1700000000,50000,50000,50000,50000\n1700000060,50000,51600,50000,51500\n1700000120,51500,51500,51000,51000\n",
    );
    let (_, moved) = decision(folder.path(), "stop#1", "place stop#1: sell 0.06 stop 50000 on last");
    assert_eq!(moved["because"], "break-even after TP1");
    assert!(why_not(&moved, "cancel whole-stop#1").starts_with("it rests until nothing is open"), "{moved:#}");
}

#[test]
fn a_target_says_why_it_closes_more_than_its_own_share() {
    let plan = "    stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 1%, close: 10% }, { at: 5%, close: 90% }]
instruments:
  BTCUSDT: { tick: 0.1, step: 0.001, min_quantity: 0.02 }
";
    let folder = played(plan, "1700000000,50000,50000,50000,50000\n1700000060,50000,50100,50000,50000\n");
    let (_, target) = decision(folder.path(), "TP2#1", "place TP2#1: sell 0.1 limit 52500");
    let why = why_not(&target, "close its own share alone, 0.09 (90 % of 0.1)");
    assert!(why.starts_with("it is to close 0.1 in all"), "{why}");
    assert!(why_not(&target, "watch the price").contains("also works when Backstop does not"));
}

#[test]
fn a_market_exit_says_why_it_did_not_wait_for_the_stop() {
    let plan = "    stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 9%, close: 100% }]
    time_limit: 1m
instruments:
  BTCUSDT: { tick: 0.1, step: 0.001 }
";
    let folder = played(
        plan,
        "1700000000,50000,50000,50000,50000\n1700000060,50000,50010,50000,50000\n1700000120,50000,50010,50000,50000\n",
    );
    let (record, close) = decision(folder.path(), "close#1", "place close#1: sell 0.1 at market");
    assert_eq!(close["because"], "its time is up (time_limit)");
    assert_eq!(why_not(&close, "wait for the venue's stop at 49000"), "time does not wait for a price");
    assert!(why_not(&close, "cancel the stop first").starts_with("it stays until nothing is open"));
    assert!(record["inputs"]["positions"][0]["levels"][0]["price"] == "54500");
}

#[test]
fn a_move_of_the_trail_that_was_too_small_is_named() {
    let plan = "    stop_loss: { at: 2%, trigger: last }
    take_profits: [{ at: 0.5%, close: 30% }, { at: 0.52%, close: 30% }]
    rest: trail
    trailing: { activation: 0.3%, distance: 0.2%, by: amend, trigger: last }
    stop_ladder: none
instruments:
  BTCUSDT: { tick: 0.1, step: 0.001 }
";
    let folder = played(
        plan,
        "1700000000,50000,50000,50000,50000\n1700000060,50000,50250,50000,50250\n1700000120,50250,50265,50250,50260\n",
    );
    let fill = explained(folder.path(), "TP2#1").into_iter().find(|record| record["cause"]["kind"] == "fill").unwrap();
    let (_, left) = decision(folder.path(), &fill["record"].to_string(), "leave the stop at 50149.5");
    assert_eq!(
        why_not(&left, "move the stop to 50159.5, behind the best price 50260"),
        "10 pt is less than the smallest move, 25.13 pt"
    );
}

#[test]
fn every_record_of_a_demonstration_can_be_explained() {
    let folder = tempdir().unwrap();
    run(folder.path(), "demo --speed max --json --store s.db --seed 5", &[]);
    let replayed = last_line(&run(folder.path(), "replay --json --store s.db", &[]));
    let mut decisions = 0;
    for record in 1..=replayed["records"].as_u64().unwrap() {
        let [explained] = explained(folder.path(), &record.to_string()).try_into().unwrap();
        assert!(!explained["cause"]["text"].as_str().unwrap().is_empty());
        for decision in explained["decisions"].as_array().unwrap() {
            decisions += 1;
            assert!(!decision["because"].as_str().unwrap().is_empty(), "{decision:#}");
            assert!(!decision["alternatives"].as_array().unwrap().is_empty(), "{decision:#}");
        }
    }
    assert!(decisions > 20, "{decisions}");
}

#[test]
fn what_nothing_is_about_says_what_to_give() {
    let folder = played(LADDER, "1700000000,50000,50000,50000,50000\n");
    for what in ["stop#9", "999999", "nobody"] {
        let output = run(folder.path(), "explain --store s.db", &[what]);
        assert_eq!(code(&output), 2);
        assert!(said(&output).contains("short name like stop#2"), "{}", said(&output));
    }
}
