//! One story, told to the journal in memory and to the one on SQLite.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{record, steps};
use backstop_store::{Checkpoint, Journal, MemoryJournal, SqliteJournal};
use tempfile::tempdir;

fn checkpoint(sequence: u64) -> Checkpoint {
    Checkpoint { sequence, fingerprint: format!("fingerprint {sequence}"), state: format!("state {sequence}") }
}

fn tell(journal: &mut dyn Journal) {
    assert_eq!(journal.load().unwrap(), Default::default(), "an empty journal holds nothing");
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
}

#[test]
fn memory_keeps_the_promises() {
    tell(&mut MemoryJournal::new());
}

#[test]
fn sqlite_keeps_the_promises_and_goes_on_after_it_was_closed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    tell(&mut journal);
    drop(journal);
    let mut journal = SqliteJournal::open(&path).unwrap();
    assert_eq!(journal.load().unwrap().last_sequence, 6);
    journal.append(&steps(7, 7)).unwrap();
    assert_eq!(journal.load().unwrap().last_sequence, 7);
}

#[test]
fn only_the_newest_checkpoints_are_kept() {
    let folder = tempdir().unwrap();
    let mut journal = SqliteJournal::open(&folder.path().join("s.db")).unwrap();
    journal.append(&steps(1, 10)).unwrap();
    for sequence in 1..=10 {
        journal.save_checkpoint(&checkpoint(sequence)).unwrap();
    }
    assert_eq!(journal.load().unwrap().checkpoint, Some(checkpoint(10)));
}
