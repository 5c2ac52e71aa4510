//! `mode: observe` with a real process: nothing is sent, and what would be is told once and shown.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, said};
use super::engine::start_with;
use serde_json::Value;
use tempfile::tempdir;

#[test]
fn an_observed_account_sends_nothing_and_shows_what_it_would_send() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), "accounts: { main: { plan: swing, mode: observe, adopt: plan } }\n")
        .unwrap();
    let mut engine = start_with(folder.path(), &["--config", "c.yaml"]);
    engine.wait_until_read();
    let position = || last_line(&engine.ask("positions"))[0].clone();
    while position()["would"].as_array().is_none_or(|would| would.len() < 3) {
        std::thread::yield_now();
    }
    let would = position()["would"].to_string();
    assert!(would.contains("place stop: sell 0.05 stop"), "{would}");
    assert!(would.contains("place TP1: sell 0.02 limit"), "{would}");
    assert_eq!(position()["stop_at_venue"], Value::Null);
    let health = engine.health();
    assert_eq!((&health["unprotected_positions"], &health["pending_orders"]), (&Value::from(1), &Value::from(0)));
    let refused = engine.ask("close main-BTCUSDT-long-1");
    assert_eq!(code(&refused), 2);
    assert!(said(&refused).contains("only observed"), "{}", said(&refused));
    assert_eq!(last_line(&engine.ask("close --all"))["not_touched"], 1);
    let entry = engine.ask("open ETHUSDT long 1 --id a");
    assert_eq!(code(&entry), 1, "{}", said(&entry));
    assert!(last_line(&entry)["error"].as_str().unwrap().contains("only observed"));
    engine.wait_for_alarm("observe, nothing is sent: BTCUSDT long: UNPROTECTED");
    assert_eq!(engine.end_cleanly(), 0);
    // The venue has heard of one order only, the one that somebody has opened by hand.
    let ledger: Value = serde_json::from_slice(&std::fs::read(folder.path().join("s.venue")).unwrap()).unwrap();
    assert!(!ledger.to_string().contains("\"bs"), "an order of ours is at the venue");
}

#[test]
fn a_position_of_others_shows_what_is_proposed_for_it() {
    // product.md §3: propose asks, and nothing is done until the operator decides.
    let folder = tempdir().unwrap();
    let config = "accounts: { main: { plan: swing, adopt: propose, hard_stop: { at: 3% } } }\n";
    std::fs::write(folder.path().join("c.yaml"), config).unwrap();
    let mut engine = start_with(folder.path(), &["--config", "c.yaml"]);
    let position = || last_line(&engine.ask("positions"))[0].clone();
    while position()["proposal"].is_null() {
        std::thread::yield_now();
    }
    let proposal = position()["proposal"].as_str().unwrap().to_owned();
    assert!(proposal.contains("nothing is done without you") && proposal.ends_with("or plan swing"), "{proposal}");
    assert_eq!(code(&engine.ask("plan main-BTCUSDT-long-1 swing")), 0);
    engine.wait_until_protected(1);
    assert_eq!(position()["proposal"], Value::Null);
    assert_eq!(engine.end_cleanly(), 0);
}
