//! A full disk: nothing half-stored, nothing tried again and trusted, and some room kept for that day (F-M04, F-M05).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{checkpoint, document, open, showing, steps};
use backstop_store::{Checkpoint, Journal, ReadOnly, SqliteJournal, StoreError};
use std::fs;
use tempfile::tempdir;

const KEPT: u64 = 256 * 1024;

#[test]
fn a_full_disk_stores_nothing_of_the_batch_and_is_never_trusted_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = open(&path);
    journal.append(&steps(1, 1)).unwrap();
    journal.limit_pages(1).unwrap();
    let wrong = journal.append(&steps(2, 2_000)).unwrap_err();
    assert!(wrong.is_full(), "{wrong}");
    journal.limit_pages(1_000_000).unwrap();
    assert_eq!(journal.append(&steps(2, 2)), Err(wrong), "a write that failed is not tried again and trusted");
    assert_eq!(journal.load().unwrap().last_sequence, 1);
    assert_eq!(journal.reopen(), Ok(1));
    journal.append(&steps(2, 2)).unwrap();
    drop(journal);
    assert_eq!(ReadOnly::open(&path).unwrap().verify(), Ok(2));
}

#[test]
fn read_models_of_a_batch_that_did_not_fit_are_not_there_either() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = open(&path);
    journal.limit_pages(1).unwrap();
    let mut batch = vec![showing(1, document("main-BTCUSDT-long-1", true))];
    batch.extend(steps(2, 2_000));
    assert!(journal.append(&batch).unwrap_err().is_full());
    assert!(ReadOnly::open(&path).unwrap().positions(false).unwrap().is_empty());
}

#[test]
fn the_ballast_is_given_up_once_and_taken_again_when_there_is_room() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let ballast = folder.path().join("s.db.ballast");
    let mut journal = SqliteJournal::open_with_ballast(&path, KEPT).unwrap();
    assert_eq!(fs::metadata(&ballast).unwrap().len(), KEPT);
    assert!(!journal.is_on_reserve());
    // The limit stays when the ballast goes, unlike on a real disk, so this fails all the same.
    journal.limit_pages(1).unwrap();
    assert!(journal.append(&steps(1, 2_000)).unwrap_err().is_full());
    assert!(!ballast.exists() && journal.is_on_reserve());
    assert!(journal.load().unwrap().warnings[0].contains("free some space"));
    assert_eq!(journal.reopen(), Ok(0));
    assert!(ballast.exists() && !journal.is_on_reserve());
}

#[test]
fn a_store_opens_although_there_is_no_room_for_the_ballast() {
    let folder = tempdir().unwrap();
    // What cannot be written over stands for what finds no room.
    fs::create_dir(folder.path().join("s.db.ballast")).unwrap();
    let mut journal = SqliteJournal::open_with_ballast(&folder.path().join("s.db"), KEPT).unwrap();
    assert!(journal.is_on_reserve());
    journal.append(&steps(1, 1)).unwrap();
}

#[test]
fn a_checkpoint_that_finds_no_room_harms_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = SqliteJournal::open_with_ballast(&path, KEPT).unwrap();
    journal.append(&steps(1, 3)).unwrap();
    journal.save_checkpoint(&checkpoint(2)).unwrap();
    journal.limit_pages(1).unwrap();
    let large = Checkpoint { state: "x".repeat(1 << 20), ..checkpoint(3) };
    assert!(matches!(journal.save_checkpoint(&large), Err(StoreError::Full { .. })));
    assert!(!journal.is_on_reserve(), "the reserve is for records");
    journal.limit_pages(1_000_000).unwrap();
    journal.append(&steps(4, 4)).unwrap();
    assert_eq!(journal.load().unwrap().checkpoint, Some(checkpoint(2)));
}
