//! The tables: made in a new file, brought to the newest form in an older one, with a copy of it first.

use super::door;
use crate::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// `BKST` in ASCII: says in the file's header whose it is.
pub(super) const APPLICATION: i32 = 0x424B_5354;

/// How long somebody else's lock is waited for: less than a position may be without protection (F-M06).
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// What makes each form of the tables out of the one before; the first makes them out of nothing.
const FORMS: [&str; 3] = [
    include_str!("../../migrations/sqlite/V1__journal.sql"),
    include_str!("../../migrations/sqlite/V2__course.sql"),
    include_str!("../../migrations/sqlite/V3__head.sql"),
];

/// The write-ahead log is cut to this after it has grown, for example behind a slow reader, in bytes.
const LONGEST_LOG: i64 = 64 * 1024 * 1024;

/// Checks whose the file is, brings the tables to their newest form and sets how it is written.
pub(super) fn prepare(connection: &mut Connection, path: &Path, file: &str) -> Result<(), StoreError> {
    let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
    connection.busy_timeout(PATIENCE).map_err(wrong)?;
    check_owner(connection, file)?;
    // Before the write-ahead log begins, so that the file's own header says whose it is from the first moment.
    migrate(connection, path, file, &FORMS)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(wrong)?;
    if mode != "wal" {
        return Err(StoreError::Other {
            file: file.to_owned(),
            why: format!("this file system cannot keep a write-ahead log (it stays with {mode:?}); use a local disk"),
        });
    }
    // NORMAL may roll back what was committed when power is lost (F-M03).
    connection.pragma_update(None, "synchronous", "FULL").map_err(wrong)?;
    // Where it has an effect (macOS), a sync without this stops in the disk's own cache.
    connection.pragma_update(None, "fullfsync", true).map_err(wrong)?;
    connection.pragma_update(None, "cell_size_check", true).map_err(wrong)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LONGEST_LOG, |_| Ok(())).map_err(wrong)
}

/// A file with tables and another owner is not ours; one of a newer form is not ours to touch.
pub(super) fn check_owner(connection: &Connection, file: &str) -> Result<(), StoreError> {
    let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(wrong)?;
    if header(connection, file, "application_id")? != APPLICATION && tables > 0 {
        return Err(StoreError::NotOurs { file: file.to_owned() });
    }
    refuse_newer(header(connection, file, "user_version")?, file)
}

/// A file without tables is nobody's yet: there is nothing to read in it.
pub(super) fn check_tables(connection: &Connection, file: &str) -> Result<(), StoreError> {
    if header(connection, file, "application_id")? == APPLICATION {
        return Ok(());
    }
    Err(StoreError::NotOurs { file: file.to_owned() })
}

/// A form of the tables that this version does not know.
pub(super) fn refuse_newer(form: i32, file: &str) -> Result<(), StoreError> {
    let found = u32::try_from(form).unwrap_or(u32::MAX);
    let known = FORMS.len() as u32;
    if found > known {
        return Err(StoreError::Newer { file: file.to_owned(), found, known });
    }
    Ok(())
}

/// Brings the tables from the form they have to the newest, all or nothing.
fn migrate(connection: &mut Connection, path: &Path, file: &str, forms: &[&str]) -> Result<(), StoreError> {
    let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
    let found = usize::try_from(header(connection, file, "user_version")?).unwrap_or(usize::MAX);
    if found >= forms.len() {
        return Ok(());
    }
    if found > 0 {
        let copy = door::free_name(path, &format!(".form-{found}-"));
        connection.execute("VACUUM INTO ?1", [copy.display().to_string()]).map_err(wrong)?;
    }
    let transaction = connection.transaction().map_err(wrong)?;
    for form in &forms[found..] {
        transaction.execute_batch(form).map_err(wrong)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION).map_err(wrong)?;
    transaction.pragma_update(None, "user_version", forms.len() as u32).map_err(wrong)?;
    transaction.commit().map_err(wrong)
}

/// A number in the file's header.
fn header(connection: &Connection, file: &str, name: &str) -> Result<i32, StoreError> {
    connection
        .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        .map_err(|why| StoreError::from_sqlite(file, &why))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn an_older_form_is_brought_up_after_a_copy_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let file = path.display().to_string();
        let mut connection = Connection::open(&path).unwrap();
        let old = ["CREATE TABLE a (x)"];
        let new = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y"];
        migrate(&mut connection, &path, &file, &old).unwrap();
        connection.execute("INSERT INTO a VALUES (7)", []).unwrap();
        migrate(&mut connection, &path, &file, &new).unwrap();
        let kept: i64 = connection.query_row("SELECT x FROM a WHERE y IS NULL", [], |row| row.get(0)).unwrap();
        assert_eq!((kept, header(&connection, &file, "user_version").unwrap()), (7, 2));
        let copy = Connection::open(folder.path().join("s.db.form-1-1")).unwrap();
        assert_eq!(header(&copy, &file, "user_version").unwrap(), 1);
        assert_eq!(copy.query_row("SELECT x FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 7);
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_form() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let mut connection = Connection::open(&path).unwrap();
        migrate(&mut connection, &path, "s.db", &["CREATE TABLE a (x)"]).unwrap();
        let wrong = ["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"];
        assert!(migrate(&mut connection, &path, "s.db", &wrong).is_err());
        assert_eq!(header(&connection, "s.db", "user_version").unwrap(), 1);
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }
}
