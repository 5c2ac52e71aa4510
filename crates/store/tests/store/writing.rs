//! The writing thread: one sync for many, failures told once for all.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::step;
use backstop_store::{Checkpoint, Done, Journal, Loaded, SqliteJournal, Step, StoreError, Work, Writer};
use std::sync::mpsc::channel;
use tempfile::tempdir;

#[test]
fn everything_handed_over_is_durable_when_the_writer_has_ended() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let (sender, done) = channel();
    let writer = Writer::start(Box::new(SqliteJournal::open(&path).unwrap()), move |news| sender.send(news).unwrap());
    for sequence in 1..=500 {
        assert!(writer.submit(Work::Step(Box::new(step(sequence)))));
    }
    drop(writer);
    let durable: Vec<u64> = done
        .iter()
        .map(|news| if let Done::Durable { through } = news { through } else { panic!("{news:?}") })
        .collect();
    assert!(durable.is_sorted() && durable.last() == Some(&500), "{durable:?}");
    assert_eq!(SqliteJournal::open(&path).unwrap().load().unwrap().last_sequence, 500);
}

/// A journal whose disk is full from some record on.
struct FullAt(u64);

impl Journal for FullAt {
    fn append(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        let fits = steps.iter().all(|step| step.record.sequence < self.0);
        if fits { Ok(()) } else { Err(StoreError::Full { file: "s.db".to_owned() }) }
    }

    fn save_checkpoint(&mut self, _: &Checkpoint) -> Result<(), StoreError> {
        Ok(())
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        Ok(Loaded::default())
    }
}

#[test]
fn after_a_failure_nothing_more_is_said_to_be_durable() {
    // F-M04: also what would fit again.
    let (sender, done) = channel();
    let writer = Writer::start(Box::new(FullAt(3)), move |news| sender.send(news).unwrap());
    for sequence in [1, 2, 3, 1, 2] {
        writer.submit(Work::Step(Box::new(step(sequence))));
    }
    drop(writer);
    let news: Vec<Done> = done.iter().collect();
    let failed = news.iter().position(|news| matches!(news, Done::Failed { .. })).unwrap();
    assert!(news[failed..].iter().all(|news| matches!(news, Done::Failed { .. })), "{news:?}");
}
