//! Entries through Backstop with real processes: opened, refused in words, taken back, repeated, and survived.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use super::engine::{Engine, start_again_with, start_alone};
use serde_json::Value;
use std::path::Path;
use tempfile::tempdir;

/// Positions of others are only proposed here: what is protected is ours.
const PROPOSES: &str =
    "accounts: { main: { plan: swing, adopt: propose, symbols: [BTCUSDT, ETHUSDT], max_notional: 100000 } }\n";

fn engine(folder: &Path) -> Engine {
    std::fs::write(folder.join("c.yaml"), PROPOSES).unwrap();
    let engine = start_alone(folder, &["--config", "c.yaml"]);
    engine.wait_until_read();
    engine
}

/// Asks until prices are known; every other answer is the caller's.
fn open(engine: &Engine, line: &str) -> std::process::Output {
    loop {
        let output = engine.ask(&format!("open {line}"));
        if !String::from_utf8_lossy(&output.stdout).contains("no price is known yet") {
            return output;
        }
        std::thread::yield_now();
    }
}

fn position(engine: &Engine, symbol: &str) -> Option<Value> {
    let positions = last_line(&engine.ask("positions"));
    positions.as_array().unwrap().iter().find(|document| document["symbol"] == symbol).cloned()
}

#[test]
fn an_entry_is_filled_protected_and_managed_under_its_plan_and_a_repeat_sends_nothing() {
    let folder = tempdir().unwrap();
    let engine = engine(folder.path());
    let opened = open(&engine, "ETHUSDT long 1 --id a --plan swing");
    assert_eq!(code(&opened), 0, "{} {}", said(&opened), last_line(&opened));
    assert_eq!(last_line(&opened)["state"], "filled");
    engine.wait_until_protected(1);
    let again = open(&engine, "ETHUSDT long 1 --id a --plan swing");
    assert_eq!(last_line(&again), last_line(&opened));
    let document = position(&engine, "ETHUSDT").unwrap();
    assert_eq!(document["current_quantity"], "1");
    assert_eq!(document["plan"], "swing");
    let added = open(&engine, "ETHUSDT long 0.5 --id b");
    assert_eq!(code(&added), 0, "{}", last_line(&added));
    while position(&engine, "ETHUSDT").unwrap()["current_quantity"] != "1.5" {
        std::thread::yield_now();
    }
    assert_eq!(code(&engine.ask("close ETHUSDT")), 0);
    engine.wait_until_protected(0);
    let explained = run(folder.path(), "explain a --json --store s.db", &[]);
    assert!(String::from_utf8_lossy(&explained.stdout).contains("the operator asked for it"), "{}", said(&explained));
    let replayed = last_line(&run(folder.path(), "replay --json --store s.db", &[]));
    assert_eq!(replayed["differences"], Value::Array(Vec::new()), "{replayed}");
}

#[test]
fn after_a_loss_a_new_entry_waits_until_an_earlier_one_must_have_arrived_and_a_known_one_does_not() {
    // I5, F-M13: the witness of the journal is gone, so its end may be.
    let folder = tempdir().unwrap();
    let mut first = engine(folder.path());
    assert_eq!(last_line(&open(&first, "ETHUSDT long 1 --id a"))["state"], "filled");
    first.end_at_once();
    std::fs::remove_file(folder.path().join("s.witness")).unwrap();
    let again = start_again_with(folder.path(), &first.token, &["--config", "c.yaml"]);
    again.wait_until_read();
    let refused = open(&again, "ETHUSDT long 0.5 --id b");
    assert_eq!(code(&refused), 1);
    let words = format!("{}{}", said(&refused), String::from_utf8_lossy(&refused.stdout));
    assert!(words.contains("the journal may have lost its end") && words.contains("ask again in"), "{words}");
    assert_eq!(last_line(&open(&again, "ETHUSDT long 1 --id a"))["state"], "filled", "it is known");
    while code(&open(&again, "ETHUSDT long 0.5 --id b")) != 0 {
        std::thread::yield_now();
    }
    while position(&again, "ETHUSDT").unwrap()["current_quantity"] != "1.5" {
        std::thread::yield_now();
    }
}

#[test]
fn what_speaks_against_an_entry_is_said_and_nothing_is_sent() {
    let folder = tempdir().unwrap();
    let engine = engine(folder.path());
    for (line, ends, why) in [
        ("ETHUSDT long 1000 --id a", 1, "more than max_notional 100000"),
        ("SOLUSDT long 1 --id b", 1, "limited to other symbols"),
        ("ETHUSDT long 0.00001 --id c", 1, "not a multiple of the step"),
        ("ETHUSDT long 1 --id d --plan nosuch", 2, "there is no plan nosuch; there are swing"),
        ("XYZ long 1 --id e", 2, "there is no symbol XYZ"),
        ("ETHUSDT up 1 --id f", 2, "neither long nor short"),
        ("ETHUSDT long 1 --account other --id g", 2, "there is no account other"),
        ("ETHUSDT long x --id h", 2, "quantity"),
    ] {
        let output = open(&engine, line);
        assert_eq!(code(&output), ends, "{line}: {}", said(&output));
        let words = format!("{}{}", said(&output), String::from_utf8_lossy(&output.stdout));
        assert!(words.contains(why), "{line}: {words}");
    }
    assert_eq!(last_line(&engine.api("GET", "/api/v1/entries", "")), Value::Array(Vec::new()));
}

#[test]
fn a_limit_entry_rests_is_shown_and_is_taken_back() {
    let folder = tempdir().unwrap();
    let engine = engine(folder.path());
    let opened = open(&engine, "BTCUSDT long 0.01 --limit 40000 --id low");
    assert_eq!(code(&opened), 0, "{}", last_line(&opened));
    assert_eq!(last_line(&opened)["state"], "working");
    assert_eq!(code(&engine.ask("open --cancel low")), 0);
    while last_line(&engine.api("GET", "/api/v1/entries/low", ""))["state"] != "canceled" {
        std::thread::yield_now();
    }
    assert_eq!(code(&engine.ask("open --cancel nosuch")), 2);
    let alert = r#"{"id":"alert-1","ticker":"BTCUSDT.P","action":"buy","contracts":"0.01","limit":"40000"}"#;
    assert_eq!(last_line(&engine.api("POST", "/api/v1/entries", alert))["side"], "long");
    assert_eq!(code(&engine.ask("close --all")), 0);
    while last_line(&engine.api("GET", "/api/v1/entries/alert-1", ""))["state"] != "canceled" {
        std::thread::yield_now();
    }
}

/// What the venue itself says is open: read off its ledger after the engine has ended.
fn fills_at_venue(folder: &Path) -> usize {
    let ledger: Value = serde_json::from_slice(&std::fs::read(folder.join("s.venue")).unwrap()).unwrap();
    let text = ledger["exchange"].to_string();
    text.matches("\"side\":\"buy\"").count()
}

#[test]
fn killed_with_an_entry_under_way_it_is_found_or_proven_absent_and_never_sent_twice() {
    let folder = tempdir().unwrap();
    let mut engine = engine(folder.path());
    open(&engine, "BTCUSDT long 0.01 --limit 40000 --id first");
    let asked = r#"{"id":"mid","symbol":"ETHUSDT","side":"long","quantity":"1"}"#;
    while last_line(&engine.api("POST", "/api/v1/entries", asked))["id"] != "mid" {}
    engine.end_at_once();
    let engine = start_again_with(folder.path(), &engine.token, &["--config", "c.yaml"]);
    engine.wait_until_read();
    let state =
        || last_line(&engine.api("GET", "/api/v1/entries/mid", ""))["state"].as_str().unwrap_or("lost").to_owned();
    // The record may not have been durable: then nothing has left either.
    while matches!(state().as_str(), "in_flight" | "unknown" | "working") {
        std::thread::yield_now();
    }
    let ended = state();
    let open_now = position(&engine, "ETHUSDT");
    match ended.as_str() {
        "filled" => {
            engine.wait_until_protected(1);
            assert_eq!(position(&engine, "ETHUSDT").unwrap()["current_quantity"], "1");
        }
        "absent" | "lost" => assert_eq!(open_now, None),
        other => panic!("{other}"),
    }
}

#[test]
fn with_the_journal_lost_the_position_of_an_entry_is_still_ours_and_the_same_request_is_known() {
    let folder = tempdir().unwrap();
    let mut engine = engine(folder.path());
    assert_eq!(last_line(&open(&engine, "ETHUSDT long 1 --id only"))["state"], "filled");
    engine.wait_until_protected(1);
    engine.end_at_once();
    for end in ["db", "db-wal", "db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("s.{end}")));
    }
    let before = fills_at_venue(folder.path());
    let engine = start_again_with(folder.path(), &engine.token, &["--config", "c.yaml"]);
    engine.wait_until_read();
    engine.wait_until_protected(1);
    let again = open(&engine, "ETHUSDT long 1 --id only");
    assert_eq!(code(&again), 0, "{}", last_line(&again));
    assert_eq!(last_line(&again)["filled"], "1");
    assert_eq!(position(&engine, "ETHUSDT").unwrap()["current_quantity"], "1");
    assert_eq!(fills_at_venue(folder.path()), before);
}
