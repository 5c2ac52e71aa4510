//! `--open` names an account: its plan counts in a demonstration, and `run` opens the position there.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{backstop, code, documents, last_line, run, said};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use tempfile::{TempDir, tempdir};

const TWO: &str = "accounts:
  first: { plan: wide }
  second: { plan: narrow }
plans:
  wide: { stop_loss: { at: 4% }, take_profits: [ { at: 8%, close: 100% } ] }
  narrow: { stop_loss: { at: 1% }, take_profits: [ { at: 2%, close: 100% } ] }
";

fn two_accounts() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("two.yaml"), TWO).unwrap();
    folder
}

#[test]
fn the_named_accounts_plan_is_played() {
    let folder = two_accounts();
    let open = |account: &str| {
        let spec = format!("0 {account}BTCUSDT long 0.02");
        let result = run(folder.path(), "demo --json --speed max --config two.yaml", &["--open", &spec]);
        let result = last_line(&result);
        let both = [documents(&result, "trades"), documents(&result, "open")].concat();
        both[0].plan.to_string()
    };
    assert_eq!((open(""), open("first:"), open("second:")), ("wide".into(), "wide".into(), "narrow".into()));
}

/// The ids of open positions of a store, as soon as there are two.
fn two_positions(folder: &Path) -> Vec<String> {
    loop {
        let output = run(folder, "positions --json --store s.db", &[]);
        if code(&output) == 0 && last_line(&output).as_array().unwrap().len() == 2 {
            let found = last_line(&output);
            return found.as_array().unwrap().iter().map(|one| one["position_id"].as_str().unwrap().into()).collect();
        }
    }
}

#[test]
fn run_opens_on_the_named_account_and_on_the_first_without_one() {
    let folder = two_accounts();
    let start = ["run", "--config", "two.yaml", "--store", "s.db", "--bind", "127.0.0.1:0"];
    let open = ["--open", "0 second:BTCUSDT long 0.05", "--open", "0 BTCUSDT short 0.05"];
    let mut engine = backstop(folder.path()).args(start).args(open).stdout(Stdio::null()).spawn().unwrap();
    let mut ids = two_positions(folder.path());
    ids.sort();
    assert_eq!(ids, ["first-BTCUSDT-short-1", "second-BTCUSDT-long-1"]);
    engine.kill().unwrap();
    engine.wait().unwrap();
}

#[test]
fn an_unknown_account_is_refused_with_the_known_ones_before_anything_is_written() {
    let folder = two_accounts();
    for line in ["demo --speed max --config two.yaml", "run --config two.yaml --store s.db --bind 127.0.0.1:0"] {
        for (spec, expected) in [
            ("0 third:BTCUSDT long 1", "unknown account third; the configuration has first, second"),
            ("0 :BTCUSDT long 1", "ACCOUNT \"\" is not an account's name"),
            ("0 second: long 1", "SYMBOL \"\" is not a venue's symbol"),
            ("0 second:DOGEUSDT long 1", "unknown symbol DOGEUSDT; this market has BTCUSDT, ETHUSDT"),
        ] {
            let output = run(folder.path(), line, &["--open", spec]);
            assert_eq!(code(&output), 2, "{line} {spec}");
            assert!(said(&output).contains(expected), "{line} {spec}: {}", said(&output));
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
