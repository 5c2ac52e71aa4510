//! One story, told to the journal in memory and to the one on SQLite.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{checkpoint, open, record, steps};
use backstop_store::{Checkpoint, Journal, MemoryJournal, SqliteJournal, StoreError};
use tempfile::tempdir;

fn tell(journal: &mut dyn Journal) {
    assert_eq!(journal.load().unwrap(), Default::default(), "an empty journal holds nothing");
    journal.append(&[]).unwrap();
    journal.append(&steps(1, 3)).unwrap();
    journal.append(&steps(4, 4)).unwrap();
    let loaded = journal.load().unwrap();
    assert_eq!((loaded.tail.len(), loaded.last_sequence), (4, 4));
    assert_eq!(loaded.tail[1], record(2));
    journal.save_checkpoint(&checkpoint(3)).unwrap();
    journal.append(&steps(5, 6)).unwrap();
    let loaded = journal.load().unwrap();
    assert_eq!(loaded.checkpoint, Some(checkpoint(3)));
    assert_eq!(loaded.tail.iter().map(|record| record.sequence).collect::<Vec<_>>(), [4, 5, 6]);
    assert_eq!(journal.load().unwrap(), loaded, "reading changes nothing");
    tell_of_checkpoints_that_do_not_fit(journal);
    tell_of_a_gap(journal);
}

fn tell_of_checkpoints_that_do_not_fit(journal: &mut dyn Journal) {
    let refused = journal.save_checkpoint(&checkpoint(9)).unwrap_err();
    assert!(matches!(refused, StoreError::OutOfOrder { expected: 6, found: 9, .. }), "{refused}");
    journal.save_checkpoint(&checkpoint(2)).unwrap();
    assert_eq!(journal.load().unwrap().checkpoint, Some(checkpoint(3)), "an older one does not hide a newer one");
    journal.append(&steps(7, 7)).unwrap();
}

/// A step that does not follow is refused with all that came with it, and from then on everything is, until the journal
/// is reopened and says where to go on.
fn tell_of_a_gap(journal: &mut dyn Journal) {
    for gap in [steps(9, 9), steps(7, 8)] {
        let refused = journal.append(&gap).unwrap_err();
        assert!(matches!(refused, StoreError::OutOfOrder { expected: 8, .. }), "{refused}");
        assert_eq!(journal.append(&steps(8, 8)), Err(refused.clone()), "nothing is taken after a failure");
        assert_eq!(journal.save_checkpoint(&checkpoint(7)), Err(refused));
        assert_eq!(journal.load().unwrap().last_sequence, 7);
        assert_eq!(journal.reopen(), Ok(7));
    }
    let mut half_good = steps(8, 9);
    half_good.extend(steps(11, 11));
    assert!(journal.append(&half_good).is_err());
    assert_eq!(journal.reopen(), Ok(7), "all or nothing");
    journal.append(&steps(8, 9)).unwrap();
    assert_eq!(journal.load().unwrap().last_sequence, 9);
    assert!(!journal.is_on_reserve());
}

#[test]
fn memory_keeps_the_promises() {
    tell(&mut MemoryJournal::new());
}

#[test]
fn sqlite_keeps_the_promises_and_goes_on_after_it_was_closed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = open(&path);
    tell(&mut journal);
    drop(journal);
    let mut journal = open(&path);
    assert_eq!(journal.load().unwrap().last_sequence, 9);
    journal.append(&steps(10, 10)).unwrap();
    assert_eq!(journal.load().unwrap().last_sequence, 10);
}

#[test]
fn the_journal_that_forgets_still_wants_its_steps_in_order() {
    let mut journal = MemoryJournal::forgetful();
    journal.append(&steps(1, 2)).unwrap();
    assert_eq!(journal.load().unwrap(), Default::default());
    assert!(journal.append(&steps(4, 4)).is_err());
}

#[test]
fn only_the_newest_checkpoints_are_kept() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = open(&path);
    journal.append(&steps(1, 10)).unwrap();
    for sequence in 1..=10 {
        journal.save_checkpoint(&checkpoint(sequence)).unwrap();
    }
    assert_eq!(journal.load().unwrap().checkpoint, Some(checkpoint(10)));
    let connection = rusqlite::Connection::open(&path).unwrap();
    let kept: i64 = connection.query_row("SELECT count(*) FROM checkpoints", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 3);
}

#[test]
fn a_checkpoint_before_the_first_record_is_one_too() {
    let folder = tempdir().unwrap();
    let mut journal: SqliteJournal = open(&folder.path().join("s.db"));
    let empty = Checkpoint { sequence: 0, fingerprint: String::new(), state: "{}".to_owned() };
    journal.save_checkpoint(&empty).unwrap();
    journal.append(&steps(1, 2)).unwrap();
    let loaded = journal.load().unwrap();
    assert_eq!((loaded.checkpoint, loaded.tail.len()), (Some(empty), 2));
}
