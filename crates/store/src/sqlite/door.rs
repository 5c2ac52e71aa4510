//! Who may come in: whose the file is, whether it may be written, and that only one process writes it.
//!
//! The lock is an advisory one on a file beside the store. The system lets go of it when a process dies, however it dies;
//! readers do not ask for it.

use super::schema;
use crate::StoreError;
use crate::error::Holder;
use crate::regular::regular;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The length of an SQLite file's header, and where it says whose the file is and which form it has.
const HEADER: usize = 100;
const FORM_AT: usize = 60;
const OWNER_AT: usize = 68;

/// The store's one name, whatever links lead to it: the lock must be the same for all of them.
pub(crate) fn real_path(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// A file beside the store, named after it.
pub(crate) fn beside(store: &Path, suffix: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The first name of that kind that is free.
pub(super) fn free_name(store: &Path, suffix: &str) -> PathBuf {
    (1..u32::MAX)
        .map(|count| beside(store, &format!("{suffix}{count}")))
        .find(|name| !name.exists())
        .unwrap_or_else(|| beside(store, suffix))
}

/// Refuses files that are not ours or newer, without touching them or leaving anything beside them. One that has been ours,
/// as its lock file shows, and does not look so any more is damaged: an engine does not stay down for it (F-M07, R9).
pub(crate) fn refuse_strangers(path: &Path, file: &str) -> Result<(), StoreError> {
    for suffix in ["", ".lock", "-wal", "-shm", "-journal"] {
        let not_a_file = |why: std::io::Error| StoreError::NotAFile { file: file.to_owned(), why: why.to_string() };
        regular(&beside(path, suffix)).map_err(not_a_file)?;
    }
    match look_at_header(path, file) {
        Err(StoreError::NotOurs { .. }) if has_been_ours(path) => {
            Err(StoreError::Damaged { file: file.to_owned(), why: "its header is not that of a store".to_owned() })
        }
        looked => looked,
    }
}

/// Whether an engine has locked this store before.
fn has_been_ours(path: &Path) -> bool {
    fs::read_to_string(beside(path, ".lock")).is_ok_and(|text| holder(&text).1.is_some())
}

fn look_at_header(path: &Path, file: &str) -> Result<(), StoreError> {
    let Ok(existing) = File::open(path) else { return Ok(()) };
    let not_ours = || StoreError::NotOurs { file: file.to_owned() };
    let mut head = Vec::new();
    existing.take(HEADER as u64).read_to_end(&mut head).map_err(|_| not_ours())?;
    if head.is_empty() {
        return Ok(());
    }
    if head.len() < HEADER || !head.starts_with(b"SQLite format 3\0") {
        return Err(not_ours());
    }
    let number = |at: usize| i32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    match number(OWNER_AT) {
        schema::APPLICATION => schema::refuse_newer(number(FORM_AT), file),
        0 => refuse_tables_of_others(path, file),
        _ => Err(not_ours()),
    }
}

/// A file that does not say whose it is: with tables in it, it is somebody's.
fn refuse_tables_of_others(path: &Path, file: &str) -> Result<(), StoreError> {
    match look(path, file).and_then(|connection| schema::check_owner(&connection, file)) {
        Err(why) if why.is_foreign() => Err(why),
        // A store whose making was interrupted cannot be read without writing; the writer decides about it.
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A connection that only reads.
pub(super) fn look(path: &Path, file: &str) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
    let connection = Connection::open_with_flags(path, flags).map_err(wrong)?;
    connection.busy_timeout(schema::PATIENCE).map_err(wrong)?;
    Ok(connection)
}

/// Refuses what its owner has marked as not to be written, also to those who could write it all the same.
pub(super) fn refuse_read_only(path: &Path, file: &str) -> Result<(), StoreError> {
    let is_read_only = |path: &Path| fs::metadata(path).is_ok_and(|found| found.permissions().readonly());
    if is_read_only(path) || path.parent().is_some_and(is_read_only) {
        return Err(StoreError::ReadOnly { file: file.to_owned() });
    }
    Ok(())
}

/// Takes the lock for as long as the file returned lives, and counts its holders.
pub(crate) fn lock(path: &Path, file: &str) -> Result<(File, u64), StoreError> {
    let wrong = |why: std::io::Error| StoreError::from_io(file, &why);
    let name = beside(path, ".lock");
    let mut lock = File::options().create(true).truncate(false).read(true).write(true).open(&name).map_err(wrong)?;
    let locked = lock.try_lock();
    let mut text = String::new();
    // A lock file with anything else in it still locks; it only counts from the beginning.
    let _ = (&mut lock).take(80).read_to_string(&mut text);
    let (process, epoch) = holder(&text);
    match locked {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = Holder::Engine { process, lock: name.display().to_string() };
            return Err(StoreError::Locked { file: file.to_owned(), holder });
        }
        Err(TryLockError::Error(why)) => return Err(wrong(why)),
    }
    let epoch = epoch.unwrap_or(0).saturating_add(1);
    // On a full disk the lock holds without its text.
    let _ = lock.seek(SeekFrom::Start(0));
    let _ = writeln!(lock, "process {} epoch {epoch}", std::process::id());
    if let Ok(end) = lock.stream_position() {
        let _ = lock.set_len(end);
    }
    Ok((lock, epoch))
}

/// The process and the epoch in a lock file: `process 123 epoch 7`.
fn holder(text: &str) -> (Option<u32>, Option<u64>) {
    let after = |word: &str| text.split_whitespace().skip_while(|other| *other != word).nth(1);
    (after("process").and_then(|number| number.parse().ok()), after("epoch").and_then(|number| number.parse().ok()))
}

/// Moves a damaged store out of the way, whole, so that it can be looked into and a new one can begin (F-M07). Returns
/// where it is now.
///
/// # Errors
/// [`StoreError::Locked`] while another process writes it, else what the system says.
pub fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let path = real_path(path);
    let file = path.display().to_string();
    if !path.exists() {
        return Err(StoreError::Missing { file });
    }
    refuse_read_only(&path, &file)?;
    let (_lock, _) = lock(&path, &file)?;
    let aside = free_name(&path, ".damaged-");
    // What is not in the file yet goes first: a write-ahead log beside no store is found, one beside a new store is poison.
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let from = beside(&path, suffix);
        if from.exists() {
            fs::rename(&from, beside(&aside, suffix)).map_err(|why| StoreError::from_io(&file, &why))?;
        }
    }
    Ok(aside)
}
