//! A flipped bit anywhere in the file: noticed, or without any consequence; never believed (I23).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{checkpoint, document, open, showing, steps};
use backstop_store::{Journal, ReadOnly, Record};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// A closed store with everything in one file, and its records.
fn store(path: &Path) -> Vec<Record> {
    let mut journal = open(path);
    journal.append(&steps(1, 40)).unwrap();
    journal.append(&[showing(41, document("main-BTCUSDT-long-1", true))]).unwrap();
    journal.save_checkpoint(&checkpoint(30)).unwrap();
    journal.append(&steps(42, 60)).unwrap();
    drop(journal);
    ReadOnly::open(path).unwrap().records().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_changed_record_is_ever_believed(place in 0.0..1.0, bit in 0_u8..8) {
        let folder = tempdir().unwrap();
        let path = folder.path().join("s.db");
        let written = store_once(&path);
        let mut bytes = fs::read(&path).unwrap();
        let at = (bytes.len() as f64 * place) as usize;
        bytes[at] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        let Ok(reader) = ReadOnly::open(&path) else { return Ok(()) };
        if let Ok(records) = reader.records() {
            // Fewer is possible for one that only reads records: the tree above them may be cut. The whole check is not taken in.
            prop_assert!(written.starts_with(&records), "byte {at}, bit {bit}");
            if reader.verify().is_ok() {
                prop_assert_eq!(&records, written, "byte {}, bit {}", at, bit);
            }
        }
        let (whole, _) = reader.whole_records();
        prop_assert!(written.starts_with(&whole), "byte {at}, bit {bit}");
        if let Ok(loaded) = reader.loaded() {
            let after = loaded.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.sequence);
            prop_assert!(loaded.checkpoint.is_none_or(|found| found == checkpoint(30)), "byte {at}, bit {bit}");
            prop_assert!(written[usize::try_from(after).unwrap()..].starts_with(&loaded.tail), "byte {at}, bit {bit}");
        }
    }
}

/// Making the store takes longer than looking at it, so it is made once and copied.
fn store_once(path: &Path) -> &'static Vec<Record> {
    use std::sync::OnceLock;
    static MADE: OnceLock<(Vec<u8>, Vec<Record>)> = OnceLock::new();
    let (bytes, records) = MADE.get_or_init(|| {
        let folder = tempdir().unwrap();
        let path = folder.path().join("s.db");
        let records = store(&path);
        (fs::read(&path).unwrap(), records)
    });
    fs::write(path, bytes).unwrap();
    records
}
