//! Damage and strangers: each has a clear error, and nothing is guessed.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::steps;
use backstop_store::{Checkpoint, Journal, ReadOnly, SqliteJournal, StoreError};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

fn store_with(records: u64) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    SqliteJournal::open(&path).unwrap().append(&steps(1, records)).unwrap();
    (folder, path)
}

fn tamper(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER IF EXISTS journal_is_never_changed; DROP TRIGGER IF EXISTS journal_is_never_shortened;",
        )
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn a_changed_record_is_named() {
    // I23, F-M02
    for sql in [
        "UPDATE journal SET payload = replace(payload, 'Wake', 'wake') WHERE sequence = 3",
        "UPDATE journal SET at = at + 1 WHERE sequence = 3",
        "UPDATE journal SET hash = zeroblob(32) WHERE sequence = 3",
        "UPDATE journal SET version = 0 WHERE sequence = 3",
    ] {
        let (_folder, path) = store_with(5);
        tamper(&path, sql);
        let wrong = SqliteJournal::open(&path).unwrap().load().unwrap_err();
        assert!(matches!(wrong, StoreError::Broken { sequence: 3, .. }), "{sql}: {wrong}");
        assert!(ReadOnly::open(&path).unwrap().verify().is_err(), "{sql}");
    }
}

#[test]
fn a_missing_record_is_noticed_at_the_next_one() {
    let (_folder, path) = store_with(5);
    tamper(&path, "DELETE FROM journal WHERE sequence = 2");
    assert!(matches!(SqliteJournal::open(&path).unwrap().load(), Err(StoreError::Broken { sequence: 3, .. })));
}

#[test]
fn the_journal_itself_refuses_changes() {
    let (_folder, path) = store_with(2);
    let connection = Connection::open(&path).unwrap();
    for sql in ["UPDATE journal SET at = 0", "DELETE FROM journal"] {
        let refused = connection.execute_batch(sql).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
}

#[test]
fn a_damaged_checkpoint_gives_way_to_an_older_one_and_that_is_said() {
    let (_folder, path) = store_with(5);
    let mut journal = SqliteJournal::open(&path).unwrap();
    for sequence in [2, 4] {
        journal.save_checkpoint(&Checkpoint { sequence, fingerprint: "f".into(), state: "s".into() }).unwrap();
    }
    drop(journal);
    tamper(&path, "UPDATE checkpoints SET state = 'other' WHERE sequence = 4");
    let loaded = SqliteJournal::open(&path).unwrap().load().unwrap();
    assert_eq!(loaded.checkpoint.unwrap().sequence, 2);
    assert_eq!(loaded.tail.len(), 3);
    assert!(loaded.warnings[0].contains("record 4 is damaged"), "{:?}", loaded.warnings);
}

#[test]
fn what_is_not_ours_is_left_untouched() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    fs::write(&path, "a text of somebody's").unwrap();
    assert!(matches!(SqliteJournal::open(&path), Err(StoreError::NotOurs { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "a text of somebody's");
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(SqliteJournal::open(&path), Err(StoreError::NotOurs { .. })));
    assert!(matches!(ReadOnly::open(&path), Err(StoreError::NotOurs { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_store_is_refused() {
    let (_folder, path) = store_with(1);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert!(matches!(SqliteJournal::open(&path), Err(StoreError::Newer { found: 2, known: 1, .. })));
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    // F-K01
    let (_folder, path) = store_with(1);
    let first = SqliteJournal::open(&path).unwrap();
    assert!(matches!(SqliteJournal::open(&path), Err(StoreError::Locked { .. })));
    assert_eq!(ReadOnly::open(&path).unwrap().records().unwrap().len(), 1, "readers are welcome");
    drop(first);
    assert!(SqliteJournal::open(&path).is_ok());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let wrong = SqliteJournal::open(Path::new("/nonexistent/folder/s.db")).map(drop).unwrap_err();
    assert!(matches!(wrong, StoreError::ReadOnly { .. }), "{wrong}");
    assert!(wrong.to_string().contains("/nonexistent/folder/s.db"));
}

#[test]
fn a_full_disk_stores_nothing_of_the_batch_and_is_never_trusted_again() {
    // F-M04, F-M05
    let (_folder, path) = store_with(1);
    let mut journal = SqliteJournal::open(&path).unwrap();
    journal.limit_pages(1).unwrap();
    let wrong = journal.append(&steps(2, 2_000)).unwrap_err();
    assert!(matches!(wrong, StoreError::Full { .. }), "{wrong}");
    journal.limit_pages(1_000_000).unwrap();
    assert!(journal.append(&steps(2, 2)).is_err(), "a write that failed is not tried again and trusted");
    drop(journal);
    assert_eq!(SqliteJournal::open(&path).unwrap().load().unwrap().last_sequence, 1);
}
