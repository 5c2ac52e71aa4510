//! `close` without an engine: the paper venue is opened, everything is closed there, and the next engine books it.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use super::engine::{start, start_again, start_with};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use tempfile::tempdir;

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

fn close_alone(folder: &Path, line: &str) -> Output {
    run(folder, &format!("close {line} --store s.db"), &["--api", NOWHERE, "--json"])
}

fn ledger(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("s.venue")).unwrap()
}

#[test]
fn after_a_crash_everything_is_closed_without_an_engine_and_the_next_one_books_the_real_exit() {
    let folder = tempdir().unwrap();
    let mut engine = start(folder.path());
    engine.wait_until_protected(1);
    engine.end_at_once();
    let closing = close_alone(folder.path(), "--all");
    assert_eq!(code(&closing), 0, "{}", said(&closing));
    let report = last_line(&closing);
    assert_eq!((&report["engine"], &report["flat"]), (&Value::Bool(false), &Value::Bool(true)), "{report}");
    assert_eq!(report["closed"][0]["position"], "main-BTCUSDT-long");
    assert_eq!(report["closed"][0]["quantity"], "0.05");
    // The stop, and the targets if they were there already.
    assert!(report["cancelled"].as_u64().unwrap() >= 1, "{report}");
    let again = close_alone(folder.path(), "--all");
    assert_eq!(code(&again), 0, "{}", said(&again));
    assert_eq!(last_line(&again)["closed"], Value::Array(Vec::new()));
    let mut engine = start_again(folder.path(), &engine.token);
    engine.wait_until_read();
    engine.wait_until_protected(0);
    assert_eq!(engine.end_cleanly(), 0);
    let trades = last_line(&run(folder.path(), "trades --json --store s.db", &[]));
    let trade = &trades[0];
    assert_eq!((&trade["current_quantity"], &trade["exit_reason"]), (&"0".into(), &"manual".into()), "{trade}");
    let last = trade["partial_exits"].as_array().unwrap().last().unwrap();
    assert_eq!(last["exit_price"], report["closed"][0]["price"], "{trade}");
    let replayed = last_line(&run(folder.path(), "replay --json --store s.db", &[]));
    assert_eq!(replayed["differences"], Value::Array(Vec::new()), "{replayed}");
}

#[test]
fn one_position_is_closed_by_its_symbol_and_the_others_keep_their_stops() {
    let folder = tempdir().unwrap();
    let mut engine = start_with(folder.path(), &["--open", "0 ETHUSDT long 1"]);
    engine.wait_until_protected(2);
    engine.end_at_once();
    let unknown = close_alone(folder.path(), "XYZ");
    assert_eq!(code(&unknown), 2);
    assert!(said(&unknown).contains("no open position XYZ"), "{}", said(&unknown));
    let part = close_alone(folder.path(), "ETHUSDT --part 50%");
    assert_eq!(code(&part), 2);
    assert!(said(&part).contains("running engine only"), "{}", said(&part));
    let closing = close_alone(folder.path(), "ETHUSDT");
    assert_eq!(code(&closing), 0, "{}", said(&closing));
    assert_eq!(last_line(&closing)["closed"].as_array().unwrap().len(), 1);
    let engine = start_again(folder.path(), &engine.token);
    engine.wait_until_read();
    engine.wait_until_protected(1);
    assert_eq!(last_line(&engine.ask("positions"))[0]["symbol"], "BTCUSDT");
}

#[test]
fn an_engine_that_holds_the_store_and_does_not_answer_is_named_and_nothing_is_touched() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path());
    engine.wait_until_protected(1);
    let closing = close_alone(folder.path(), "--all");
    assert_eq!(code(&closing), 1, "{}", said(&closing));
    let words = said(&closing);
    assert!(words.contains("another Backstop (process ") && words.contains("end that process"), "{words}");
    engine.wait_until_protected(1);
    let nothing = run(folder.path(), "close --all --store other.db", &["--api", NOWHERE]);
    assert_eq!(code(&nothing), 2);
    assert!(said(&nothing).contains("no paper ledger"), "{}", said(&nothing));
}

#[test]
fn what_is_only_observed_is_not_touched_without_an_engine_either() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), "accounts: { main: { plan: swing, mode: observe } }\n").unwrap();
    let mut engine = start_with(folder.path(), &["--config", "c.yaml"]);
    engine.wait_until_read();
    while engine.health()["active_positions"] != 1 {
        std::thread::yield_now();
    }
    engine.end_at_once();
    let before = ledger(folder.path()).matches("\"bs").count();
    let closing = close_alone(folder.path(), "--all");
    assert_eq!(last_line(&closing)["not_touched"], serde_json::json!(["main-BTCUSDT-long"]));
    assert_eq!(ledger(folder.path()).matches("\"bs").count(), before);
}
