//! The process dies, or the power fails, at any moment: what was durable is there, and nothing else is believed (I21).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{checkpoint, document, open, showing, step, steps};
use backstop_store::{Done, Journal, ReadOnly, Work, Writer};
use proptest::prelude::*;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::{TempDir, tempdir};

const STORE: &str = "BACKSTOP_TEST_STORE_OF_THE_CHILD";

/// Not a test of its own: what the process does that is ended below. Without a store it does nothing.
#[test]
fn child_that_writes_until_it_is_ended() {
    let Ok(path) = std::env::var(STORE) else { return };
    let journal = open(Path::new(&path));
    let from = journal.load().unwrap().last_sequence + 1;
    let writer = Writer::start(Box::new(journal), |news| {
        let Done::Durable { through } = news else { panic!("{news:?}") };
        // One write, so that a line is there whole or not at all.
        std::io::stderr().write_all(format!("durable {through}\n").as_bytes()).unwrap();
    });
    for sequence in from.. {
        while !writer.submit(Work::Step(Box::new(showing(sequence, document("main-BTCUSDT-long-1", true))))) {}
        if sequence % 50 == 0 {
            writer.submit(Work::Checkpoint(checkpoint(sequence)));
            writer.flush();
        }
    }
}

/// Runs that process until it has said `lines` times that something is durable, then ends it as `kill -9` does. Returns
/// the last record it called durable.
fn end_a_writer(path: &Path, lines: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_writes_until_it_is_ended", "--nocapture", "--test-threads", "1"])
        .env(STORE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let numbers = said.filter_map(|line| line.strip_prefix("durable ")?.parse::<u64>().ok());
    let last = numbers.take(lines).last().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    last
}

#[test]
fn what_was_called_durable_is_there_after_kill_9() {
    // F-M01, k2 to k7 of the crash matrix, seen from the journal
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut before = 0;
    for lines in [1, 2, 5, 13, 30] {
        let durable = end_a_writer(&path, lines);
        assert!(durable > before);
        // A reader is first, so that it finds the log as the dead process has left it.
        let reader = ReadOnly::open(&path).unwrap();
        let records = reader.verify().unwrap();
        assert!(records >= durable, "{records} records, {durable} were called durable");
        assert_eq!(reader.positions(true).unwrap().len(), 1);
        drop(reader);
        // The dead process' lock is gone with it.
        let loaded = open(&path).load().unwrap();
        assert_eq!(loaded.last_sequence, records);
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        before = records;
    }
}

/// What the disk holds while the store is open, as a power failure at this moment leaves it.
fn image_of(path: &Path, to: &TempDir) -> PathBuf {
    let copy = to.path().join("s.db");
    fs::copy(path, &copy).unwrap();
    fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    copy
}

#[test]
fn a_store_that_was_never_closed_opens_as_it_was() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let path = folder.path().join("s.db");
    let mut journal = open(&path);
    journal.append(&steps(1, 100)).unwrap();
    journal.save_checkpoint(&checkpoint(60)).unwrap();
    let image = image_of(&path, &other);
    assert_eq!(ReadOnly::open(&image).unwrap().loaded().unwrap(), journal.load().unwrap());
    let mut again = open(&image);
    assert_eq!(again.load().unwrap(), journal.load().unwrap());
    again.append(&steps(101, 101)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_torn_end_leaves_whole_groups_from_the_first_record_on(groups in prop::collection::vec(1_u64..6, 1..12), cut in 0.0..1.0) {
        // F-M02: the log breaks off anywhere.
        let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
        let path = folder.path().join("s.db");
        let mut journal = open(&path);
        let mut ends = vec![0];
        for count in groups {
            let last = *ends.last().unwrap();
            journal.append(&steps(last + 1, last + count)).unwrap();
            ends.push(last + count);
        }
        let image = image_of(&path, &other);
        let log = fs::OpenOptions::new().write(true).open(image.with_extension("db-wal")).unwrap();
        let length = log.metadata().unwrap().len();
        log.set_len((length as f64 * cut) as u64).unwrap();
        drop(log);
        let mut again = open(&image);
        let loaded = again.load().unwrap();
        prop_assert!(ends.contains(&loaded.last_sequence), "{} is no end of a group {ends:?}", loaded.last_sequence);
        prop_assert_eq!(&loaded.tail, &journal.load().unwrap().tail[..loaded.tail.len()]);
        again.append(&[step(loaded.last_sequence + 1)]).unwrap();
        drop(again);
        prop_assert_eq!(ReadOnly::open(&image).unwrap().verify(), Ok(loaded.last_sequence + 1));
    }

    #[test]
    fn however_records_are_grouped_the_chain_is_the_same(groups in prop::collection::vec(1_u64..9, 1..8)) {
        // I20, as far as memory goes: the same prefix has the same last hash.
        let folder = tempdir().unwrap();
        let total = groups.iter().sum();
        let (grouped, single) = (folder.path().join("g.db"), folder.path().join("s.db"));
        let mut journal = open(&grouped);
        let mut last = 0;
        for count in groups {
            journal.append(&steps(last + 1, last + count)).unwrap();
            last += count;
        }
        let mut one_by_one = open(&single);
        (1..=total).for_each(|sequence| one_by_one.append(&[step(sequence)]).unwrap());
        prop_assert_eq!(hashes(&grouped), hashes(&single));
    }
}

fn hashes(path: &Path) -> Vec<Vec<u8>> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut select = connection.prepare("SELECT hash FROM journal ORDER BY sequence").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
