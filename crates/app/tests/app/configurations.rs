//! A configuration is written anew between two starts, or while the engine runs: what is open stays whose it was, and under its
//! stop (F-M15, I37).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, code as code_of, last_line, run, said};
use super::engine::{Engine, start_again_with, start_alone};
use serde_json::Value;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const ALPHA: &str = "  alpha: { plan: near, adopt: plan }\n";
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

#[test]
fn an_account_that_is_written_at_another_venue_is_told_of_and_left_alone_at_both() {
    // F-M15: its number would make the positions, the executions and the orders of one venue those of another.
    let (folder, token) = a_position_of_alpha("BTCUSDT", &format!("{ALPHA}{BETA}"), "");
    let before = positions(folder.path());
    let elsewhere = ALPHA.replace("{ plan", "{ venue: bitget, plan");
    write(folder.path(), &format!("{elsewhere}{BETA}"), "");
    let mut engine = again(folder.path(), &token);
    let alarm = engine.wait_for_alarm("account alpha is recorded at paper, and the configuration has it at bitget");
    assert!(alarm.contains("BTCUSDT long 1") && alarm.contains("put `venue: paper` back"), "{alarm}");
    let (code, said) = reload(&engine, "");
    assert_eq!(code, 0, "a file that is as it was changes nothing: {said}");
    let opened = engine.ask("open BTCUSDT long 1 --account alpha");
    assert_ne!(code_of(&opened), 0, "nothing is entered there: {}", super::binary::said(&opened));
    assert_eq!(engine.end_cleanly(), 0);
    assert_eq!(positions(folder.path())[0]["position_id"], before[0]["position_id"]);
    let ledger = std::fs::read_to_string(folder.path().join("s.venue")).unwrap();
    assert_eq!(ledger.matches("StopMarket").count(), 1, "its stop stays: {ledger}");
    // It is back, and the other one has a name of its own.
    write(folder.path(), &format!("{}{ALPHA}{BETA}", elsewhere.replace("alpha", "gamma")), "");
    let engine = again(folder.path(), &token);
    engine.wait_until_protected(1);
    let closing = engine.ask("close alpha-BTCUSDT-long-1");
    assert!(closing.status.success(), "{closing:?}");
    engine.wait_until_protected(0);
}

/// What `reload` says, and its exit code.
fn reload(engine: &Engine, more: &str) -> (i32, String) {
    let done = engine.ask(&format!("reload {more}"));
    (code(&done), String::from_utf8_lossy(&done.stdout).into_owned() + &said(&done))
}

/// An engine that protects one position of alpha's, with this file.
fn running(folder: &Path, accounts: &str) -> Engine {
    write(folder, accounts, "");
    let engine = start_alone(folder, &["--config", "c.yaml", "--open", "0 alpha:BTCUSDT long 1"]);
    engine.wait_until_protected(1);
    engine
}

#[test]
fn a_plan_that_is_written_anew_counts_for_what_is_opened_next_and_moves_no_stop_that_rests() {
    let folder = tempdir().unwrap();
    let engine = running(folder.path(), ALPHA);
    let before = last_line(&engine.ask("positions"));
    let file = folder.path().join("c.yaml");
    let wider = std::fs::read_to_string(&file).unwrap().replace("at: 2%", "at: 9%");
    std::fs::write(
        &file,
        wider
            .replace("plans: {", "plans: { extra: { stop_loss: { at: 1% }, take_profits: [{ at: 3%, close: 100% }] },"),
    )
    .unwrap();
    let (code, said) = reload(&engine, "");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("plan near") && said.contains("plan extra"), "{said}");
    assert!(said.contains("alpha-BTCUSDT-long-1"), "it says who keeps the plan as it was: {said}");
    let after = last_line(&engine.ask("positions"));
    assert_eq!(after[0]["current_stop_loss"], before[0]["current_stop_loss"]);
    // The new plan is known at once, to the preview and to people.
    let preview = engine.api(
        "POST",
        "/api/v1/preview",
        r#"{"plan":"extra","symbol":"BTCUSDT","side":"long","entry":"50000","quantity":"1"}"#,
    );
    assert!(String::from_utf8_lossy(&preview.stdout).starts_with("HTTP/1.1 200"), "{preview:?}");
    assert_eq!(code_of(&engine.ask("plan alpha-BTCUSDT-long-1 extra")), 0);
    let (code, said) = reload(&engine, "");
    assert_eq!((code, said.contains("\"changed\":[]")), (0, true), "{said}");
}

#[test]
fn what_would_take_protection_away_needs_a_word_and_nothing_counts_before() {
    let folder = tempdir().unwrap();
    let engine = running(folder.path(), ALPHA);
    write(folder.path(), "  alpha: { plan: near, adopt: plan, mode: observe }\n", "");
    let (code, said) = reload(&engine, "");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("only be observed") && said.contains("--confirm"), "{said}");
    let closing = engine.ask("close alpha-BTCUSDT-long-1 --part 50%");
    assert_eq!(code_of(&closing), 0, "it is not observed: {closing:?}");
    let (code, said) = reload(&engine, "--confirm");
    assert_eq!(code, 0, "{said}");
    assert_ne!(code_of(&engine.ask("close alpha-BTCUSDT-long-1")), 0, "it is observed now");
}

#[test]
fn what_is_wrong_half_saved_or_needs_a_start_changes_nothing() {
    let folder = tempdir().unwrap();
    let engine = running(folder.path(), &format!("{ALPHA}{BETA}"));
    let file = folder.path().join("c.yaml");
    let whole = std::fs::read_to_string(&file).unwrap();
    let bad = [
        (String::new(), "says nothing"),
        (whole.replace("at: 2%", "at: -2%"), "c.yaml:1"),
        (whole.replace("plan: near", "plan: nearr"), "nearr"),
        (whole.replace("plan: near", "plann: near"), "plann"),
        (whole.replace(BETA, ""), "account beta is gone"),
        (whole.replace("beta:", "gamma:"), "account gamma is new"),
        (whole.replace("plan: swing", "plan: swing, venue: ig"), "another venue"),
        (whole.replace("plan: swing", "plan: swing, fire_drill: false"), "fire_drill"),
        (format!("{whole}instruments: {{ BTCUSDT: {{ tick: 5 }} }}\n"), "instruments"),
    ];
    for (text, why) in bad {
        std::fs::write(&file, &text).unwrap();
        let (code, said) = reload(&engine, "--confirm");
        assert_eq!(code, 2, "{text}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(reload(&engine, "").0, 2, "it is gone");
    std::fs::create_dir(&file).unwrap();
    let (code, said) = reload(&engine, "");
    assert_eq!((code, said.contains("is not a file")), (2, true), "{said}");
    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, &whole).unwrap();
    let (code, said) = reload(&engine, "");
    assert_eq!((code, said.contains("\"changed\":[]")), (0, true), "nothing of all that counts: {said}");
    engine.wait_until_protected(1);
}

#[test]
fn a_file_cut_off_anywhere_counts_as_a_whole_or_not_at_all() {
    // A list that was cut off is a shorter list: nobody can tell. What counts then is one file, and no stop that rests is moved.
    let folder = tempdir().unwrap();
    let engine = running(folder.path(), ALPHA);
    let before = last_line(&engine.ask("positions"));
    let file = folder.path().join("c.yaml");
    let whole = std::fs::read_to_string(&file).unwrap();
    for cut in (0..whole.len()).step_by(9) {
        std::fs::write(&file, &whole[..cut]).unwrap();
        let (code, said) = reload(&engine, "");
        assert!(code == 0 || code == 2, "{cut}: {said}");
        let now = last_line(&engine.ask("positions"));
        assert_eq!(now[0]["current_stop_loss"], before[0]["current_stop_loss"], "{cut}: {said}");
    }
    engine.wait_until_protected(1);
}
