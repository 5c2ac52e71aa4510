//! The tables, and whether a file is a store of ours.

use crate::StoreError;
use rusqlite::Connection;
use std::io::Read;
use std::path::Path;

/// `BKST` in ASCII: says in the file's header whose it is.
const APPLICATION: i32 = 0x424B_5354;
/// The form of the tables.
const SCHEMA: u32 = 1;

pub(super) const INSERT_RECORD: &str = "INSERT INTO journal (sequence, at, version, kind, payload, previous_hash, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
pub(super) const INSERT_CHECKPOINT: &str =
    "INSERT OR REPLACE INTO checkpoints (sequence, fingerprint, state, hash) VALUES (?1, ?2, ?3, ?4)";
pub(super) const FORGET_CHECKPOINTS: &str =
    "DELETE FROM checkpoints WHERE sequence NOT IN (SELECT sequence FROM checkpoints ORDER BY sequence DESC LIMIT 3)";
pub(super) const NEWEST_CHECKPOINT: &str =
    "SELECT sequence, fingerprint, state, hash FROM checkpoints WHERE sequence < ?1 ORDER BY sequence DESC LIMIT 1";

/// The tables of form 1. Decimals are texts, because only texts keep them exact; times are epoch milliseconds, except
/// in the journal, which counts nanoseconds.
const TABLES: &str = include_str!("../../migrations/sqlite/V1__journal.sql");

/// Refuses files that are not SQLite at all, before anything is opened for writing.
pub(super) fn refuse_strangers(path: &Path, file: &str) -> Result<(), StoreError> {
    let Ok(mut existing) = std::fs::File::open(path) else { return Ok(()) };
    let mut head = Vec::new();
    let read = existing.by_ref().take(16).read_to_end(&mut head);
    let is_sqlite = head.is_empty() || head == b"SQLite format 3\0";
    if read.is_err() || !is_sqlite {
        return Err(StoreError::NotOurs { file: file.to_owned() });
    }
    Ok(())
}

/// Checks whose the file is and makes the tables when there are none.
pub(super) fn prepare(connection: &Connection, file: &str) -> Result<(), StoreError> {
    let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
    connection.busy_timeout(std::time::Duration::from_secs(2)).map_err(wrong)?;
    check_owner(connection, file)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(wrong)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(wrong)?;
    let form: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(wrong)?;
    if form == 0 {
        connection.execute_batch(TABLES).map_err(wrong)?;
        connection.pragma_update(None, "application_id", APPLICATION).map_err(wrong)?;
        connection.pragma_update(None, "user_version", SCHEMA).map_err(wrong)?;
    }
    Ok(())
}

/// A file with tables and another owner is not ours; one of a newer form is not ours to touch.
pub(super) fn check_owner(connection: &Connection, file: &str) -> Result<(), StoreError> {
    let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
    let number =
        |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0)).map_err(wrong);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(wrong)?;
    if number("application_id")? != APPLICATION && tables > 0 {
        return Err(StoreError::NotOurs { file: file.to_owned() });
    }
    let found = u32::try_from(number("user_version")?).unwrap_or(u32::MAX);
    if found > SCHEMA {
        return Err(StoreError::Newer { file: file.to_owned(), found, known: SCHEMA });
    }
    Ok(())
}
