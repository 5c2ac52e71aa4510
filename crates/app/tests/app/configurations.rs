//! A configuration is written anew between two starts: what is open stays whose it was (F-M15).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{last_line, run};
use super::engine::{Engine, start_again_with, start_alone};
use serde_json::Value;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const ALPHA: &str = "  alpha: { plan: near }\n";
const BETA: &str = "  beta: { plan: swing }\n";
const PLANS: &str = "plans: { near: { stop_loss: { at: 2% }, take_profits: [{ at: 30%, close: 100% }] } }\n";

/// An engine has protected one position of alpha's and has ended; the folder and its token.
fn a_position_of_alpha(symbol: &str, accounts: &str, rest: &str) -> (TempDir, String) {
    let folder = tempdir().unwrap();
    write(folder.path(), accounts, rest);
    let open = format!("0 alpha:{symbol} long 1");
    let mut engine = start_alone(folder.path(), &["--config", "c.yaml", "--open", &open]);
    engine.wait_until_protected(1);
    assert_eq!(engine.end_cleanly(), 0);
    let token = engine.token.clone();
    (folder, token)
}

fn write(folder: &Path, accounts: &str, rest: &str) {
    std::fs::write(folder.join("c.yaml"), format!("{PLANS}accounts:\n{accounts}{rest}")).unwrap();
}

fn again(folder: &Path, token: &str) -> Engine {
    start_again_with(folder, token, &["--config", "c.yaml"])
}

fn positions(folder: &Path) -> Value {
    last_line(&run(folder, "positions --json --store s.db", &[]))
}

#[test]
fn accounts_in_another_order_keep_their_positions() {
    let (folder, token) = a_position_of_alpha("BTCUSDT", &format!("{ALPHA}{BETA}"), "");
    let before = positions(folder.path());
    write(folder.path(), &format!("{BETA}{ALPHA}"), "");
    let mut engine = again(folder.path(), &token);
    engine.wait_until_protected(1);
    assert_eq!(engine.end_cleanly(), 0);
    let after = positions(folder.path());
    assert_eq!(after.as_array().unwrap().len(), 1, "{after}");
    for same in ["position_id", "entry_price", "original_quantity", "current_stop_loss", "plan"] {
        assert_eq!(after[0][same], before[0][same], "{same}");
    }
    let ledger = std::fs::read_to_string(folder.path().join("s.venue")).unwrap();
    assert_eq!(ledger.matches("StopMarket").count(), 1, "the stop was placed once: {ledger}");
}

#[test]
fn a_symbol_that_is_new_in_the_file_moves_no_position_to_another_market() {
    let (folder, token) = a_position_of_alpha("ZZZUSDT", ALPHA, "instruments: { ZZZUSDT: { tick: 0.01 } }\n");
    let before = positions(folder.path());
    write(folder.path(), ALPHA, "instruments: { AAAUSDT: { tick: 0.01 }, ZZZUSDT: { tick: 0.01 } }\n");
    let mut engine = again(folder.path(), &token);
    engine.wait_until_protected(1);
    assert_eq!(engine.end_cleanly(), 0);
    let after = positions(folder.path());
    assert_eq!(after[0]["symbol"], "ZZZUSDT");
    assert_eq!((after.as_array().unwrap().len(), &after[0]["current_stop_loss"]), (1, &before[0]["current_stop_loss"]));
}

#[test]
fn a_symbol_that_the_file_names_no_more_is_looked_after_while_something_is_open() {
    let (folder, token) = a_position_of_alpha("ZZZUSDT", ALPHA, "instruments: { ZZZUSDT: { tick: 0.05 } }\n");
    write(folder.path(), ALPHA, "");
    let engine = again(folder.path(), &token);
    engine.wait_until_protected(1);
    let closing = engine.ask("close ZZZUSDT");
    assert!(closing.status.success(), "{closing:?}");
    engine.wait_until_protected(0);
}

#[test]
fn an_account_that_the_file_names_no_more_is_told_of_and_goes_on_when_it_is_back() {
    let (folder, token) = a_position_of_alpha("BTCUSDT", &format!("{ALPHA}{BETA}"), "");
    write(folder.path(), BETA, "");
    let mut engine = again(folder.path(), &token);
    let alarm = engine.wait_for_alarm("not in the configuration any more");
    assert!(alarm.contains("account alpha") && alarm.contains("BTCUSDT long 1"), "{alarm}");
    assert_eq!(engine.end_cleanly(), 0);
    let ledger = std::fs::read_to_string(folder.path().join("s.venue")).unwrap();
    assert_eq!(ledger.matches("StopMarket").count(), 1, "its stop stays: {ledger}");
    write(folder.path(), &format!("{BETA}{ALPHA}"), "");
    let engine = again(folder.path(), &token);
    engine.wait_until_protected(1);
    let closing = engine.ask("close alpha-BTCUSDT-long-1");
    assert!(closing.status.success(), "{closing:?}");
    engine.wait_until_protected(0);
}
