//! Two engines on one store is what must not be (F-K01).

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use backstop_store::{FileLease, LeaseAnswer, LeaseKeeper, SqliteJournal, StoreError};

#[test]
fn a_second_engine_is_refused_and_every_later_holder_has_a_greater_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut first = FileLease::take(&path).unwrap();
    assert_eq!(first.renew(), LeaseAnswer::Granted { epoch: 1, taken_over: false });
    let refused = FileLease::take(&path).unwrap_err();
    assert!(refused.is_another_engine(), "{refused}");
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    assert!(SqliteJournal::open(&path).err().is_some_and(|why| why.is_another_engine()));
    assert!(SqliteJournal::open_held(&path, &first).is_ok());
    drop(first);
    assert_eq!(FileLease::take(&path).unwrap().epoch(), 2);
}

#[test]
fn a_lock_file_that_was_removed_or_replaced_is_a_lost_lease() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut lease = FileLease::take(&path).unwrap();
    std::fs::remove_file(folder.path().join("s.db.lock")).unwrap();
    assert_eq!(lease.renew(), LeaseAnswer::Held);
    let mut other = FileLease::take(&path).unwrap();
    assert_eq!(lease.renew(), LeaseAnswer::Held, "the other one has it now");
    assert!(matches!(other.renew(), LeaseAnswer::Granted { .. }));
}

#[test]
fn nothing_is_left_beside_a_file_that_is_not_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "dear reader").unwrap();
    assert!(matches!(FileLease::take(&path), Err(StoreError::NotOurs { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_lock_file_with_other_words_in_it_still_locks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    std::fs::write(folder.path().join("s.db.lock"), "epoch minus seven ".repeat(50)).unwrap();
    let lease = FileLease::take(&path).unwrap();
    assert_eq!(lease.epoch(), 1);
    assert!(FileLease::take(&path).unwrap_err().is_another_engine());
}
