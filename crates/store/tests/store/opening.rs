//! Whose the file is and who may write it: refusals are clear, and what is refused is left as it was.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{checkpoint, open, steps};
use backstop_store::{FileLease, Journal, ReadOnly, SqliteJournal, StoreError, set_aside};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

fn store_with(records: u64) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    open(&path).append(&steps(1, records)).unwrap();
    (folder, path)
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Makes a file.
type Make<'m> = &'m dyn Fn(&Path);

#[test]
fn what_is_not_ours_is_left_untouched() {
    let foreign = |path: &Path, sql: &str| Connection::open(path).unwrap().execute_batch(sql).unwrap();
    let strangers: [(&str, Make); 5] = [
        ("a text", &|path| fs::write(path, "a text of somebody's").unwrap()),
        ("one byte", &|path| fs::write(path, "S").unwrap()),
        ("noise", &|path| fs::write(path, [0xA5; 9_000]).unwrap()),
        ("another program's tables", &|path| foreign(path, "CREATE TABLE recipes (name TEXT)")),
        ("another program's id", &|path| foreign(path, "PRAGMA application_id = 7; CREATE TABLE journal (x)")),
    ];
    for (what, make) in strangers {
        let folder = tempdir().unwrap();
        let path = folder.path().join("s.db");
        make(&path);
        let before = fs::read(&path).unwrap();
        let wrong = SqliteJournal::open(&path).map(drop).unwrap_err();
        assert!(matches!(wrong, StoreError::NotOurs { .. }) && wrong.is_foreign(), "{what}: {wrong}");
        assert!(matches!(ReadOnly::open(&path), Err(StoreError::NotOurs { .. })), "{what}");
        assert!(fs::read(&path).unwrap() == before, "{what}");
        assert_eq!(names_in(folder.path()), ["s.db"], "{what}: nothing is left beside it");
    }
}

#[test]
fn what_was_ours_and_does_not_look_so_any_more_is_damaged_and_never_a_reason_to_stay_down() {
    // F-M07, R9: a power failure may leave zeros, a bad disk any bit of the header.
    let flips: [(&str, usize); 5] =
        [("the magic", 3), ("the page size", 16), ("the form of reading", 19), ("the owner", 70), ("everything", 0)];
    for (what, at) in flips {
        let folder = tempdir().unwrap();
        let path = folder.path().join("s.db");
        open(&path).append(&steps(1, 5)).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        match what {
            "everything" => bytes.fill(0),
            _ => bytes[at] ^= 4,
        }
        fs::write(&path, &bytes).unwrap();
        let lease = FileLease::take(&path).unwrap();
        let wrong = SqliteJournal::open_held(&path, &lease).and_then(|journal| journal.load().map(drop)).unwrap_err();
        assert!(wrong.is_damage() && !wrong.is_foreign(), "{what}: {wrong}");
        assert!(ReadOnly::open(&path).and_then(|reader| reader.verify().map(drop)).is_err(), "{what}");
        assert!(FileLease::take(&path).unwrap_err().is_another_engine(), "{what}: it is held all the same");
        assert!(fs::read(&path).unwrap() == bytes, "{what}: left untouched");
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    fs::write(&path, "").unwrap();
    // Until then there is nothing to read in it, and no disk to check.
    assert!(matches!(ReadOnly::open(&path), Err(StoreError::NotOurs { .. })));
    open(&path).append(&steps(1, 1)).unwrap();
    assert_eq!(ReadOnly::open(&path).unwrap().verify(), Ok(1));
}

#[test]
fn the_header_says_whose_it_is_from_the_first_moment() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let _open = open(&path);
    assert_eq!(&fs::read(&path).unwrap()[68..72], b"BKST");
}

#[test]
fn a_newer_store_is_refused_and_left_untouched() {
    // F-M12
    let (folder, path) = store_with(1);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 4).unwrap();
    let before = (fs::read(&path).unwrap(), names_in(folder.path()));
    assert!(matches!(SqliteJournal::open(&path), Err(StoreError::Newer { found: 4, known: 3, .. })));
    assert!(matches!(ReadOnly::open(&path), Err(StoreError::Newer { found: 4, known: 3, .. })));
    assert_eq!(names_in(folder.path()), before.1);
    assert!(fs::read(&path).unwrap() == before.0);
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    // F-K01
    let (_folder, path) = store_with(1);
    let first = open(&path);
    let wrong = SqliteJournal::open(&path).map(drop).unwrap_err();
    assert!(wrong.is_another_engine(), "{wrong}");
    assert!(wrong.to_string().contains(&format!("process {}", std::process::id())), "{wrong}");
    assert_eq!(ReadOnly::open(&path).unwrap().records().unwrap().len(), 1, "readers are welcome");
    drop(first);
    assert!(SqliteJournal::open(&path).is_ok());
}

#[cfg(unix)]
#[test]
fn another_name_of_the_same_store_is_the_same_store() {
    let (folder, path) = store_with(1);
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let _first = open(&path);
    assert!(matches!(SqliteJournal::open(&link), Err(StoreError::Locked { .. })));
}

#[test]
fn a_read_only_file_is_read_and_not_written() {
    // F-M08
    let (_folder, path) = store_with(2);
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let wrong = SqliteJournal::open(&path).map(drop).unwrap_err();
    assert!(matches!(wrong, StoreError::ReadOnly { .. }), "{wrong}");
    assert_eq!(ReadOnly::open(&path).unwrap().records().unwrap().len(), 2);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let wrong = SqliteJournal::open(Path::new("/nonexistent/folder/s.db")).map(drop).unwrap_err();
    assert!(matches!(wrong, StoreError::ReadOnly { .. }), "{wrong}");
    assert!(wrong.to_string().contains("/nonexistent/folder/s.db"));
    assert!(matches!(ReadOnly::open(Path::new("/nonexistent/s.db")), Err(StoreError::Missing { .. })));
}

#[test]
fn a_damaged_store_is_moved_aside_whole_and_a_new_one_begins() {
    // F-M07: the old file is kept for looking into.
    let (_folder, path) = store_with(3);
    let first = open(&path);
    assert!(set_aside(&path).unwrap_err().is_another_engine());
    drop(first);
    for count in 1..=2 {
        let aside = set_aside(&path).unwrap();
        assert_eq!(aside, path.canonicalize().unwrap_or(path.clone()).with_extension(format!("db.damaged-{count}")));
        assert!(!path.exists());
        assert_eq!(ReadOnly::open(&aside).unwrap().verify(), Ok(3));
        let mut new = open(&path);
        assert_eq!(new.load().unwrap(), Default::default());
        new.append(&steps(1, 3)).unwrap();
        new.save_checkpoint(&checkpoint(2)).unwrap();
    }
    assert!(matches!(set_aside(Path::new("/nonexistent/s.db")), Err(StoreError::Missing { .. })));
}

#[test]
fn a_reader_sees_one_moment_while_the_engine_writes() {
    let (_folder, path) = store_with(300);
    let mut journal = open(&path);
    let reader = ReadOnly::open(&path).unwrap();
    let mut records = reader.records_after(250).unwrap();
    assert_eq!(records.next().unwrap().unwrap().sequence, 251);
    journal.append(&steps(301, 310)).unwrap();
    let rest: Vec<u64> = records.map(|record| record.unwrap().sequence).collect();
    assert!(rest.starts_with(&(252..=300).collect::<Vec<_>>()), "{rest:?}");
    assert_eq!(reader.verify(), Ok(310));
    assert!(matches!(reader.records_after(999), Err(StoreError::Broken { sequence: 999, .. })));
}
