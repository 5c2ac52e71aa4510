//! Damage: it is noticed, the record is named, and nothing is guessed.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{checkpoint, document, open, showing, steps};
use backstop_store::{Journal, ReadOnly, StoreError};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

fn store_with(records: u64) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    open(&path).append(&steps(1, records)).unwrap();
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
        "UPDATE journal SET kind = 'tick' WHERE sequence = 3",
        "UPDATE journal SET previous_hash = zeroblob(32) WHERE sequence = 3",
    ] {
        let (_folder, path) = store_with(5);
        tamper(&path, sql);
        let wrong = open(&path).load().unwrap_err();
        assert!(matches!(wrong, StoreError::Broken { sequence: 3, .. }), "{sql}: {wrong}");
        assert!(ReadOnly::open(&path).unwrap().verify().is_err(), "{sql}");
    }
}

#[test]
fn a_missing_record_is_noticed_at_the_next_one() {
    let (_folder, path) = store_with(5);
    tamper(&path, "DELETE FROM journal WHERE sequence = 2");
    assert!(matches!(open(&path).load(), Err(StoreError::Broken { sequence: 3, .. })));
}

#[test]
fn the_journal_itself_refuses_changes() {
    let (_folder, path) = store_with(2);
    let connection = Connection::open(&path).unwrap();
    let again = "(sequence, at, version, kind, payload, previous_hash, hash) SELECT sequence, at, 1, kind, '{}', hash, hash FROM journal";
    let replaced = format!("INSERT OR REPLACE INTO journal {again}");
    let renumbered = format!("INSERT INTO journal {}", again.replace("SELECT sequence", "SELECT sequence + 5"));
    for sql in ["UPDATE journal SET at = 0", "DELETE FROM journal", &replaced, &renumbered] {
        let refused = connection.execute_batch(sql).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
}

#[test]
fn a_damaged_checkpoint_gives_way_to_an_older_one_and_that_is_said() {
    let (_folder, path) = store_with(5);
    let mut journal = open(&path);
    for sequence in [2, 4] {
        journal.save_checkpoint(&checkpoint(sequence)).unwrap();
    }
    drop(journal);
    tamper(&path, "UPDATE checkpoints SET state = 'other' WHERE sequence = 4");
    let loaded = open(&path).load().unwrap();
    assert_eq!(loaded.checkpoint.unwrap().sequence, 2);
    assert_eq!(loaded.tail.len(), 3);
    assert!(loaded.warnings[0].contains("record 4 is damaged"), "{:?}", loaded.warnings);
}

#[test]
fn when_every_checkpoint_is_damaged_the_whole_journal_is_read() {
    let (_folder, path) = store_with(5);
    let mut journal = open(&path);
    for sequence in [2, 4] {
        journal.save_checkpoint(&checkpoint(sequence)).unwrap();
    }
    drop(journal);
    tamper(&path, "UPDATE checkpoints SET fingerprint = fingerprint || '!'");
    let loaded = open(&path).load().unwrap();
    assert_eq!((loaded.checkpoint, loaded.tail.len(), loaded.last_sequence), (None, 5, 5));
    assert!(loaded.warnings[2].contains("from the first record"), "{:?}", loaded.warnings);
}

#[test]
fn a_journal_whose_end_was_cut_off_is_noticed_by_whatever_was_stored_with_it() {
    // A chain alone does not show it; what was stored together with the missing records does, also where the note of the end is cut to fit.
    let cut = |from: u64| {
        format!(
            "DELETE FROM journal WHERE sequence >= {from};
             UPDATE journal_head SET (sequence, hash) = (SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1)"
        )
    };
    let (_folder, path) = store_with(5);
    let mut journal = open(&path);
    journal.append(&[showing(6, document("main-BTCUSDT-long-1", true))]).unwrap();
    drop(journal);
    tamper(&path, &cut(6));
    let wrong = ReadOnly::open(&path).unwrap().verify().unwrap_err();
    assert!(matches!(wrong, StoreError::Shortened { end: 5, written: 6, .. }), "{wrong}");

    let (_folder, path) = store_with(5);
    open(&path).save_checkpoint(&checkpoint(5)).unwrap();
    tamper(&path, &cut(4));
    let wrong = open(&path).load().unwrap_err();
    assert!(matches!(wrong, StoreError::Shortened { end: 3, written: 5, .. }), "{wrong}");
}

#[test]
fn the_newest_record_taken_out_is_noticed_at_the_next_start() {
    // I23: nothing stands behind the newest record that would prove it; the note of the journal's end does.
    for (from, end) in [(5, 4), (3, 2), (1, 0)] {
        let (_folder, path) = store_with(5);
        tamper(&path, &format!("DELETE FROM journal WHERE sequence >= {from}"));
        let expected = StoreError::Shortened { file: path.display().to_string(), end, written: 5 };
        assert_eq!(open(&path).load().unwrap_err(), expected);
        let reader = ReadOnly::open(&path).unwrap();
        assert_eq!((reader.verify().unwrap_err(), reader.loaded().unwrap_err()), (expected.clone(), expected.clone()));
        assert!(expected.is_damage() && expected.to_string().contains("its end was cut off"), "{expected}");
    }
}

#[test]
fn a_note_of_the_end_that_was_changed_is_noticed_and_a_new_store_has_one() {
    for sql in [
        "DELETE FROM journal_head",
        "UPDATE journal_head SET sequence = 3",
        "UPDATE journal_head SET hash = zeroblob(32)",
        "UPDATE journal_head SET hash = x'00'",
        "DROP TABLE journal_head",
    ] {
        let (_folder, path) = store_with(5);
        tamper(&path, sql);
        let wrong = open(&path).load().unwrap_err();
        assert!(matches!(wrong, StoreError::Damaged { .. }), "{sql}: {wrong}");
        assert!(ReadOnly::open(&path).unwrap().verify().is_err(), "{sql}");
    }
    let folder = tempdir().unwrap();
    let path = folder.path().join("new.db");
    assert_eq!(open(&path).load().unwrap().last_sequence, 0);
    assert_eq!(ReadOnly::open(&path).unwrap().verify(), Ok(0));
}

#[test]
fn damage_before_the_checkpoint_does_not_stop_a_start_and_is_found_by_the_whole_check() {
    let (_folder, path) = store_with(5);
    open(&path).save_checkpoint(&checkpoint(4)).unwrap();
    tamper(&path, "UPDATE journal SET at = at + 1 WHERE sequence = 2");
    let loaded = open(&path).load().unwrap();
    assert_eq!((loaded.checkpoint, loaded.tail.len()), (Some(checkpoint(4)), 1));
    let reader = ReadOnly::open(&path).unwrap();
    assert!(matches!(reader.verify(), Err(StoreError::Broken { sequence: 2, .. })));
    let (whole, wrong) = reader.whole_records();
    assert_eq!(whole.len(), 1);
    assert!(wrong.unwrap().is_damage());
}

#[test]
fn a_row_before_the_first_record_is_noticed() {
    let (_folder, path) = store_with(2);
    tamper(
        &path,
        "DROP TRIGGER journal_has_no_gap;
         INSERT INTO journal SELECT -1, at, version, kind, payload, previous_hash, hash FROM journal WHERE sequence = 1",
    );
    assert!(matches!(ReadOnly::open(&path).unwrap().verify(), Err(StoreError::Damaged { .. })));
}
