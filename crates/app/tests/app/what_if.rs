//! Your own trades under another plan: on the recorded tape, from the recorded entries, the same every time.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use super::engine::start;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const PLANS: &str = "plans:
  tight:
    stop_loss: { at: 1%, trigger: last }
    take_profits: [{ at: 2%, close: 100% }]
  wide:
    stop_loss: { at: 4%, trigger: last }
    take_profits: [{ at: 6%, close: 100% }]
instruments:
  BTCUSDT: { tick: 0.1, step: 0.001, maker_fee: 0%, taker_fee: 0% }
";
/// Down by two percent, then up by seven.
const BARS: &str = "time,open,high,low,close
1700000000,50000,50000,50000,50000
1700000060,50000,50000,49000,49000
1700000120,49000,53500,49000,53500
";

fn played() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("p.yaml"), PLANS).unwrap();
    fs::write(folder.path().join("BTCUSDT.csv"), BARS).unwrap();
    let line = "demo --json --speed max --config p.yaml --klines BTCUSDT.csv --store s.db";
    let specs = ["--open", "1700000000000 BTCUSDT long 0.1 tight", "--open", "1700000060000 BTCUSDT short 0.2 tight"];
    let output = run(folder.path(), line, &specs);
    assert_eq!(code(&output), 0, "{}", said(&output));
    folder
}

fn ask(folder: &Path, plan: &str) -> Value {
    let output = run(folder, "replay --json --store s.db --config p.yaml --what-if", &[plan]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    last_line(&output)
}

#[test]
fn another_plan_is_played_from_the_recorded_entries_on_the_recorded_prices() {
    let folder = played();
    let report = ask(folder.path(), "wide");
    let [long, short] = [&report["trades"][0], &report["trades"][1]];
    assert_eq!((&long["recorded"]["result"], &long["recorded"]["exit_reason"]), (&"-50".into(), &"stop_loss".into()));
    assert_eq!((&long["what_if"]["result"], &long["what_if"]["exit_reason"]), (&"300".into(), &"take_profit".into()));
    assert_eq!(long["difference"], "350");
    // The short took its profit of two percent; the wider plan was stopped four percent above its entry.
    assert_eq!((&short["recorded"]["result"], &short["what_if"]["result"]), (&"200".into(), &"-400".into()));
    assert_eq!(report["sums"]["USDT"]["difference"], "-250");
    assert!(report["note"].as_str().unwrap().starts_with("fills are simulated"));
    let told = run(folder.path(), "replay --store s.db --config p.yaml --what-if wide", &[]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("in all: 150 then, -100 under wide: -250 USDT"), "{told}");
    assert!(told.contains("fills are simulated"), "{told}");
}

#[test]
fn the_plan_of_then_gives_the_results_of_then_where_nothing_was_left_to_chance() {
    let folder = played();
    let report = ask(folder.path(), "tight");
    for trade in report["trades"].as_array().unwrap() {
        assert_eq!(trade["recorded"], trade["what_if"], "{trade:#}");
    }
}

#[test]
fn the_same_store_and_plan_give_the_same_bytes() {
    let folder = tempdir().unwrap();
    run(folder.path(), "demo --speed max --json --store s.db --seed 4", &[]);
    let play = || run(folder.path(), "replay --json --store s.db --what-if swing", &[]);
    let first = play();
    assert_eq!(code(&first), 0, "{}", said(&first));
    assert_eq!(first.stdout, play().stdout);
    let report = last_line(&first);
    let trades = last_line(&run(folder.path(), "trades --json --store s.db", &[]));
    // One that was held in tranches is one trade under another plan.
    let positions: BTreeSet<_> =
        trades.as_array().unwrap().iter().map(|trade| trade["position_id"].to_string()).collect();
    assert_eq!(report["trades"].as_array().unwrap().len(), positions.len());
    assert_eq!(report["left_out"].as_array().unwrap().len(), 0, "{}", report["left_out"]);
}

#[test]
fn what_cannot_be_played_again_says_why() {
    let folder = played();
    let asked = |plan: &str| {
        let output = run(folder.path(), "replay --store s.db --config p.yaml --what-if", &[plan]);
        assert_eq!(code(&output), 2);
        said(&output)
    };
    assert!(asked("nosuch").contains("there is no plan nosuch"));
    let tape = fs::read_to_string(folder.path().join("s.tape")).unwrap();
    let later: String = tape.split_inclusive('\n').skip(2).collect();
    fs::write(folder.path().join("s.tape"), later).unwrap();
    assert!(asked("wide").contains("the tape begins after its entry"), "{}", asked("wide"));
    fs::remove_file(folder.path().join("s.tape")).unwrap();
    assert!(asked("wide").contains("s.tape cannot be read"));
}

#[test]
fn a_running_engine_keeps_a_tape_and_a_configuration_may_forbid_it() {
    let folder = tempdir().unwrap();
    let mut engine = start(folder.path());
    engine.wait_until_protected(1);
    engine.ask("close main-BTCUSDT-long-1");
    engine.wait_until_protected(0);
    assert_eq!(engine.end_cleanly(), 0);
    let output = run(folder.path(), "replay --json --store s.db --what-if swing", &[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let trade = &last_line(&output)["trades"][0];
    assert_eq!(
        (&trade["position_id"], &trade["recorded"]["exit_reason"]),
        (&"main-BTCUSDT-long-1".into(), &"manual".into())
    );
    let quiet = tempdir().unwrap();
    fs::write(quiet.path().join("c.yaml"), "tape: false\n").unwrap();
    run(quiet.path(), "demo --speed max --json --store s.db --config c.yaml", &[]);
    assert!(quiet.path().join("s.db").exists() && !quiet.path().join("s.tape").exists());
}

#[test]
fn lines_that_are_none_of_a_tape_are_counted_and_named_and_more_than_one_in_a_hundred_is_a_problem() {
    let folder = played();
    let path = folder.path().join("s.tape");
    let tape = fs::read(&path).unwrap();
    let with = |before: &str, times: usize| {
        let lines = [before.repeat(times).into_bytes(), tape.clone(), b"1700000180".to_vec()].concat();
        fs::write(&path, lines).unwrap();
        run(folder.path(), "replay --json --store s.db --config p.yaml --what-if wide", &[])
    };
    // The torn end is only missing.
    let whole = with("", 0);
    assert_eq!((code(&whole), &last_line(&whole)["skipped"]), (0, &0.into()));
    let bad = with("\u{0}{}\n", 2);
    let report = last_line(&bad);
    assert_eq!(
        (code(&bad), &report["skipped"], &report["named"][0]),
        (1, &2.into(), &"line 1: no moment of a tape".into())
    );
    assert_eq!(report["sums"], last_line(&whole)["sums"]);
    let told = run(folder.path(), "replay --store s.db --config p.yaml --what-if wide", &[]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("2 lines of the tape skipped\n  skipped line 1: no moment of a tape"), "{told}");
}
