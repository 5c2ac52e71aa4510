//! An engine that does not start leaves positions naked (R9): whatever has become of its store, it protects.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use super::engine::{start, start_again};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::tempdir;

/// An engine has protected a position and has ended cleanly; its token.
fn a_protected_position(folder: &Path) -> String {
    let mut engine = start(folder);
    engine.wait_until_protected(1);
    assert_eq!(engine.end_cleanly(), 0);
    engine.token.clone()
}

/// Every record and every checkpoint names the instrument: each is changed.
fn damage(store: &Path) {
    let mut bytes = std::fs::read(store).unwrap();
    let places: Vec<usize> = (0..bytes.len() - 7).filter(|at| &bytes[*at..*at + 7] == b"BTCUSDT").collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at + 6] = b'X');
    std::fs::write(store, bytes).unwrap();
}

#[test]
fn a_damaged_store_is_left_alone_and_the_position_stays_protected_and_can_be_closed() {
    // F-M07, R9, R1's exception.
    let folder = tempdir().unwrap();
    let token = a_protected_position(folder.path());
    let store = folder.path().join("s.db");
    damage(&store);
    let damaged = std::fs::read(&store).unwrap();
    let engine = start_again(folder.path(), &token);
    let alarm = engine.wait_for_alarm("Going on without a journal");
    assert!(alarm.contains("broken hash"), "{alarm}");
    engine.wait_until_protected(1);
    assert_eq!(engine.health()["journal"], "failed");
    let closing = engine.ask("close main-BTCUSDT-long-1");
    assert_eq!(code(&closing), 0, "{}", said(&closing));
    engine.wait_until_protected(0);
    drop(engine);
    assert_eq!(std::fs::read(&store).unwrap(), damaged, "kept for looking into it");
}

#[test]
fn a_store_that_may_not_be_written_is_no_reason_not_to_protect() {
    // F-M08.
    let folder = tempdir().unwrap();
    let token = a_protected_position(folder.path());
    let store = folder.path().join("s.db");
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o444)).unwrap();
    let engine = start_again(folder.path(), &token);
    let alarm = engine.wait_for_alarm("Going on without a journal");
    assert!(alarm.contains("read-only"), "{alarm}");
    engine.wait_until_protected(1);
}

#[test]
fn without_its_store_an_engine_goes_on_with_the_orders_it_finds() {
    // R2: the same position under the same name, its orders recognised, none placed twice.
    let folder = tempdir().unwrap();
    let token = a_protected_position(folder.path());
    let before = last_line(&run(folder.path(), "positions --json --store s.db", &[]));
    for name in ["s.db", "s.db-wal", "s.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let mut engine = start_again(folder.path(), &token);
    engine.wait_until_protected(1);
    assert_eq!(engine.health()["journal"], "up");
    assert_eq!(engine.end_cleanly(), 0);
    let after = last_line(&run(folder.path(), "positions --json --store s.db", &[]));
    for same in ["position_id", "entry_price", "original_quantity", "current_stop_loss", "next_tp_price", "fees"] {
        assert_eq!(after[0][same], before[0][same], "{same}");
    }
    let ledger = std::fs::read_to_string(folder.path().join("s.venue")).unwrap();
    assert_eq!(ledger.matches("StopMarket").count(), 1, "the stop was placed once: {ledger}");
}

#[test]
fn a_second_engine_on_the_same_store_is_refused_with_the_first_ones_process() {
    // F-K01.
    let folder = tempdir().unwrap();
    let engine = start(folder.path());
    engine.wait_until_protected(1);
    let second = run(folder.path(), "run --store s.db --bind 127.0.0.1:0", &[]);
    assert_eq!(code(&second), 2);
    assert!(said(&second).contains("in use by another Backstop (process "), "{}", said(&second));
}

#[test]
fn an_engine_whose_lock_is_taken_away_ends() {
    // F-K06.
    let folder = tempdir().unwrap();
    let mut engine = start(folder.path());
    engine.wait_until_protected(1);
    std::fs::remove_file(folder.path().join("s.db.lock")).unwrap();
    assert_eq!(engine.wait_for_end(), 1);
    engine.wait_for_alarm("another engine has taken this one's place");
}

#[test]
fn it_tries_every_kind_of_protective_order_while_nothing_is_open() {
    // product.md §8.3: this venue lets nothing rest that reduces nothing, so it can only say that it knows them.
    let folder = tempdir().unwrap();
    let engine = start(folder.path());
    engine.wait_for_alarm("fire drill on ETHUSDT: it knows a stop, a target, a native trail");
}
