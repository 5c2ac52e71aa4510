//! The writing thread: one sync for many, failures told once for all, and a way back.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{checkpoint, open, step};
use backstop_store::{Checkpoint, Done, Journal, Loaded, MemoryJournal, Step, StoreError, Work, Writer};
use std::sync::mpsc::{Receiver, Sender, channel};
use tempfile::tempdir;

fn work(sequence: u64) -> Work {
    Work::Step(Box::new(step(sequence)))
}

fn started(journal: impl Journal + 'static) -> (Writer, Receiver<Done>) {
    let (sender, done) = channel();
    (Writer::start(Box::new(journal), move |news| drop(sender.send(news))), done)
}

#[test]
fn everything_handed_over_is_durable_when_the_writer_has_ended() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let (writer, done) = started(open(&path));
    for sequence in 1..=500 {
        assert!(writer.submit(work(sequence)));
    }
    drop(writer);
    let durable: Vec<u64> = done
        .iter()
        .map(|news| if let Done::Durable { through } = news { through } else { panic!("{news:?}") })
        .collect();
    assert!(durable.is_sorted() && durable.last() == Some(&500), "{durable:?}");
    assert_eq!(open(&path).load().unwrap().last_sequence, 500);
}

/// A journal that begins each append only when it is allowed to, and tells what it was given.
struct Slow {
    allowed: Receiver<()>,
    given: Sender<Vec<u64>>,
}

impl Journal for Slow {
    fn append(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        self.given.send(steps.iter().map(|step| step.record.sequence).collect()).unwrap();
        let _ = self.allowed.recv();
        Ok(())
    }

    fn save_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.given.send(vec![1_000_000 + checkpoint.sequence]).unwrap();
        Ok(())
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        Ok(Loaded::default())
    }

    fn reopen(&mut self) -> Result<u64, StoreError> {
        Ok(4)
    }
}

#[test]
fn what_waits_while_one_group_is_stored_is_the_next_group() {
    let ((allow, allowed), (given, seen)) = (channel(), channel());
    let (writer, _done) = started(Slow { allowed, given });
    assert!(writer.submit(work(1)));
    assert_eq!(seen.recv().unwrap(), [1], "nobody waits for company");
    for sequence in 2..=300 {
        assert!(writer.submit(work(sequence)));
    }
    assert!(writer.submit(Work::Checkpoint(checkpoint(300))));
    drop(allow);
    writer.close().unwrap();
    let groups: Vec<Vec<u64>> = seen.iter().collect();
    assert_eq!(groups, [(2..=257).collect::<Vec<_>>(), (258..=300).collect(), vec![1_000_300]]);
}

#[test]
fn a_disk_that_does_not_keep_up_counts_as_failed_from_the_step_that_found_no_room() {
    // F-M10: handing over never waits, and nothing has a hole in it.
    let ((allow, allowed), (given, seen)) = (channel(), channel());
    let (sender, done) = channel();
    let writer = Writer::start_with(Box::new(Slow { allowed, given }), 3, move |news| drop(sender.send(news)));
    assert!(writer.submit(work(1)));
    assert_eq!(seen.recv().unwrap(), [1]);
    assert!((2..=4).all(|sequence| writer.submit(work(sequence))), "three may wait");
    assert!(!writer.submit(Work::Checkpoint(checkpoint(4))), "a checkpoint is only dropped");
    assert!(!writer.submit(work(5)));
    assert!(!writer.submit(work(6)));
    drop(allow);
    let news: Vec<Done> = done.iter().take(3).collect();
    assert!(!writer.submit(work(5)), "room again, but nothing is trusted until it is reopened");
    let behind = Done::Failed { from: 5, error: StoreError::Behind { file: "the journal".to_owned(), waiting: 3 } };
    assert_eq!(news, [Done::Durable { through: 1 }, Done::Durable { through: 4 }, behind]);
    assert_eq!(writer.reopen(), Ok(4));
    assert!(writer.submit(work(5)));
    writer.close().unwrap();
    assert_eq!(done.iter().last(), Some(Done::Durable { through: 5 }));
}

#[test]
fn after_a_failure_nothing_more_is_said_to_be_durable_until_it_is_reopened() {
    // F-M04: also what would fit again.
    let (writer, done) = started(MemoryJournal::full_from(3));
    for sequence in 1..=5 {
        writer.submit(work(sequence));
        writer.flush();
    }
    let full = StoreError::Full { file: "the journal in memory".to_owned() };
    let failed = Done::Failed { from: 3, error: full };
    let news: Vec<Done> = done.try_iter().collect();
    assert_eq!(news, [Done::Durable { through: 1 }, Done::Durable { through: 2 }, failed]);
    assert!(!writer.submit(Work::Checkpoint(checkpoint(2))));
    assert_eq!(writer.reopen(), Ok(2), "what came after has to be handed over again");
    for sequence in 3..=5 {
        assert!(writer.submit(work(sequence)));
    }
    writer.close().unwrap();
    assert_eq!(done.iter().last(), Some(Done::Durable { through: 5 }));
}

#[test]
fn a_store_on_a_disk_that_was_full_goes_on_after_reopening() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let journal = open(&path);
    journal.limit_pages(1).unwrap();
    let (writer, done) = started(journal);
    let large = |sequence| {
        let mut step = step(sequence);
        step.record.fingerprint = Some("f".repeat(100_000));
        Work::Step(Box::new(step))
    };
    assert!(writer.submit(large(1)));
    writer.flush();
    assert!(matches!(done.try_recv(), Ok(Done::Failed { from: 1, error: StoreError::Full { .. } })));
    assert!(!writer.submit(large(2)));
    // The limit was the old connection's; the new one finds room.
    assert_eq!(writer.reopen(), Ok(0));
    assert!(writer.submit(large(1)) && writer.submit(large(2)));
    writer.close().unwrap();
    assert_eq!(done.iter().last(), Some(Done::Durable { through: 2 }));
    assert_eq!(open(&path).load().unwrap().last_sequence, 2);
}

#[test]
fn a_failure_is_what_closing_ends_in() {
    let (writer, _done) = started(MemoryJournal::full_from(1));
    writer.submit(work(1));
    assert!(writer.close().unwrap_err().is_full());
    let (writer, _done) = started(MemoryJournal::new());
    writer.submit(work(1));
    // A checkpoint that belongs to no stored record harms nothing.
    writer.submit(Work::Checkpoint(checkpoint(7)));
    writer.submit(work(2));
    assert!(!writer.is_on_reserve());
    assert_eq!(writer.close(), Ok(()));
}
