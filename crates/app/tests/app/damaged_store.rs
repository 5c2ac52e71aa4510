//! A store that has been damaged while nobody ran: a flipped bit, a torn end, a file cut short, zeros. The engine starts all
//! the same, the stop stays, it says what is wrong and where, and it never goes on past a record that is not what was
//! written (F-M02, F-M07, R9, I23).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use super::engine::{start, start_again};
use backstop_store::{ReadOnly, Record, SqliteJournal};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

const POSITION: &str = "main-BTCUSDT-long-1";

/// A store with a checkpoint in its middle and records after it, left behind by `kill -9` while the position was open.
struct Left {
    folder: TempDir,
    token: String,
}

impl Left {
    fn behind() -> Self {
        let folder = tempdir().unwrap();
        let mut engine = start(folder.path());
        engine.wait_until_protected(1);
        let token = engine.token.clone();
        assert_eq!(engine.end_cleanly(), 0);
        let mut engine = start_again(folder.path(), &token);
        engine.wait_until_read();
        engine.wait_until_protected(1);
        for line in ["pause", "resume"] {
            assert_eq!(code(&engine.ask(&format!("{line} {POSITION}"))), 0);
        }
        engine.end_at_once();
        Self { folder, token }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("s.db")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("s.db-wal")
    }

    /// Everything in one file, as SQLite leaves it when it closes.
    fn in_one_file(self) -> Self {
        drop(SqliteJournal::open_with_ballast(&self.store(), 0).unwrap());
        assert!(!self.log().exists());
        self
    }

    fn records(&self) -> Vec<Record> {
        ReadOnly::open(&self.store()).unwrap().records().unwrap()
    }

    /// Flips a bit in the middle of a text that stands once in the file.
    fn flip(&self, text: &str) {
        let mut bytes = fs::read(self.store()).unwrap();
        let length = text.len();
        let places: Vec<usize> =
            (0..bytes.len() - length).filter(|at| bytes[*at..].starts_with(text.as_bytes())).collect();
        assert_eq!(places.len(), 1, "{text} stands there once");
        bytes[places[0] + length / 2] ^= 1;
        fs::write(self.store(), bytes).unwrap();
    }

    /// It goes on without its journal, says why, protects, closes on demand, and leaves the file as it is.
    fn protects_without_a_journal(&self, why: &str) {
        let found = fs::read(self.store()).unwrap();
        let engine = start_again(self.folder.path(), &self.token);
        let alarm = engine.wait_for_alarm("Going on without a journal");
        assert!(alarm.contains(why), "{why}: {alarm}");
        engine.wait_until_protected(1);
        assert_eq!(engine.health()["journal"], "failed", "{why}");
        let closing = engine.ask(&format!("close {POSITION}"));
        assert_eq!(code(&closing), 0, "{why}: {}", said(&closing));
        engine.wait_until_protected(0);
        drop(engine);
        assert!(fs::read(self.store()).unwrap() == found, "{why}: kept for looking into it");
    }
}

/// The part of a record's text that no other one has: where it says its number and its time.
fn number_and_time(record: &Record) -> String {
    format!("\"sequence\":{},\"at\":{}", record.sequence, record.at.as_nanos())
}

fn cut(path: &Path, to: impl Fn(u64) -> u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(to(file.metadata().unwrap().len())).unwrap();
}

#[test]
fn a_flipped_bit_in_a_record_is_named_and_nothing_after_it_is_believed() {
    for from_the_end in [1, 3] {
        let left = Left::behind().in_one_file();
        let records = left.records();
        let hit = &records[records.len() - from_the_end];
        left.flip(&number_and_time(hit));
        left.protects_without_a_journal(&format!("record {} is not what was written", hit.sequence));
    }
}

#[test]
fn a_store_cut_short_or_filled_with_zeros_is_no_reason_to_stay_down() {
    let left = Left::behind().in_one_file();
    cut(&left.store(), |length| length * 2 / 3);
    left.protects_without_a_journal("damaged");

    let left = Left::behind().in_one_file();
    let length = fs::metadata(left.store()).unwrap().len();
    fs::write(left.store(), vec![0; usize::try_from(length).unwrap()]).unwrap();
    left.protects_without_a_journal("its header is not that of a store");
}

#[test]
fn a_flipped_bit_in_the_only_checkpoint_costs_a_longer_replay_and_is_said() {
    let left = Left::behind().in_one_file();
    let before = last_line(&run(left.folder.path(), "positions --json --store s.db", &[]));
    // Only a checkpoint holds the whole engine.
    left.flip("\"symbol_plans\":[");
    let mut engine = start_again(left.folder.path(), &left.token);
    engine.wait_until_read();
    engine.wait_until_protected(1);
    engine.wait_for_alarm("is damaged; going on from an older one");
    engine.wait_for_alarm("no checkpoint is whole; going on from the first record");
    assert_eq!(engine.health()["journal"], "up");
    assert_eq!(engine.end_cleanly(), 0);
    let after = last_line(&run(left.folder.path(), "positions --json --store s.db", &[]));
    assert_eq!(after[0]["position_id"], before[0]["position_id"]);
    assert_eq!(after[0]["current_stop_loss"], before[0]["current_stop_loss"]);
    replays(&left);
}

#[test]
fn a_log_torn_in_its_last_frame_loses_that_record_alone_and_the_engine_goes_on() {
    let left = Left::behind();
    let whole = left.records().len();
    let last_but = |length: u64| length - 1_000;
    cut(&left.log(), last_but);
    let mut torn = left.records().len();
    while torn == whole {
        // The last frames were the lease's, which is renewed beside the records.
        cut(&left.log(), last_but);
        torn = left.records().len();
    }
    assert!(torn > 0, "{torn} of {whole}");
    let mut engine = start_again(left.folder.path(), &left.token);
    engine.wait_until_read();
    engine.wait_until_protected(1);
    assert_eq!(engine.health()["journal"], "up");
    assert_eq!(engine.end_cleanly(), 0);
    replays(&left);
}

fn replays(left: &Left) {
    let replayed = last_line(&run(left.folder.path(), "replay --json --store s.db", &[]));
    assert_eq!(replayed["differences"].as_array().unwrap().len(), 0, "{replayed}");
}
