//! Looking into a store without writing: while the engine runs, or after it has been killed.

use super::chain::{self, Link, Records};
use super::{checkpoints, door, schema};
use crate::{Loaded, Record, StoreError, Stored};
use backstop_model::PositionDocument;
use rusqlite::Connection;
use std::path::Path;

/// A store that is only read.
pub struct ReadOnly {
    connection: Connection,
    file: String,
}

impl ReadOnly {
    /// Opens the store at `path`.
    ///
    /// # Errors
    /// [`StoreError`] when it is not there, not ours, or newer.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = path.display().to_string();
        if !path.exists() {
            return Err(StoreError::Missing { file });
        }
        door::refuse_strangers(path, &file)?;
        let connection = door::look(path, &file)?;
        schema::check_owner(&connection, &file)?;
        schema::check_tables(&connection, &file)?;
        Ok(Self { connection, file })
    }

    /// Position documents with their account's name, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn positions(&self, only_open: bool) -> Result<Vec<(String, PositionDocument)>, StoreError> {
        let stored = self.stored(if only_open { "WHERE open = 1" } else { "" })?;
        Ok(stored.into_iter().map(|stored| (stored.account, stored.document)).collect())
    }

    /// Closed positions with their partial exits, their course and their account's name, oldest entry first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn trades(&self) -> Result<Vec<Stored>, StoreError> {
        self.stored("WHERE open = 0")
    }

    /// Open positions as [`ReadOnly::trades`] gives closed ones.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn open_positions(&self) -> Result<Vec<Stored>, StoreError> {
        self.stored("WHERE open = 1")
    }

    fn stored(&self, which: &str) -> Result<Vec<Stored>, StoreError> {
        let wrong = |why: rusqlite::Error| self.wrong(&why);
        let form: i64 = self.connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(wrong)?;
        // A store that is only read keeps its form, also an older one.
        let beside = if form >= 2 { "course, main_order" } else { "NULL, NULL" };
        let select = format!("SELECT position_id, account, document, {beside} FROM position_documents {which}");
        let mut select = self.connection.prepare(&select).map_err(wrong)?;
        let mut rows = select.query([]).map_err(wrong)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(wrong)? {
            let id: String = row.get(0).map_err(wrong)?;
            let unreadable = |what: &str, why: serde_json::Error| {
                self.damaged(format!("the {what} of position {id} cannot be read: {why}"))
            };
            let text: String = row.get(2).map_err(wrong)?;
            let course: Option<String> = row.get(3).map_err(wrong)?;
            let course = course.map(|text| serde_json::from_str(&text)).transpose();
            found.push(Stored {
                account: row.get(1).map_err(wrong)?,
                document: serde_json::from_str(&text).map_err(|why| unreadable("document", why))?,
                course: course.map_err(|why| unreadable("course", why))?,
                main_order: row.get(4).map_err(wrong)?,
            });
        }
        found.sort_by(|Stored { document: a, .. }, Stored { document: b, .. }| {
            (a.entry_time, &a.position_id, a.tranche).cmp(&(b.entry_time, &b.position_id, b.tranche))
        });
        Ok(found)
    }

    /// The records after the number `after`, one by one, each verified; 0 begins with the first. The chain is taken up at
    /// that record, so nothing before it is looked at.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when that record is missing or is not what was written.
    pub fn records_after(&self, after: u64) -> Result<Records<'_>, StoreError> {
        let link = chain::at(&self.connection, &self.file, after)?
            .ok_or_else(|| StoreError::Broken { file: self.file.clone(), sequence: after })?;
        Ok(Records::after(&self.connection, &self.file, link))
    }

    /// Every record, verified.
    ///
    /// # Errors
    /// [`StoreError::Broken`] naming the record that is not what was written.
    pub fn records(&self) -> Result<Vec<Record>, StoreError> {
        Records::after(&self.connection, &self.file, Link::FIRST).collect()
    }

    /// Every record before the first that is not what was written, and what is wrong with that one: for looking into a
    /// damaged store.
    #[must_use]
    pub fn whole_records(&self) -> (Vec<Record>, Option<StoreError>) {
        let mut whole = Vec::new();
        for record in Records::after(&self.connection, &self.file, Link::FIRST) {
            match record {
                Ok(record) => whole.push(record),
                Err(why) => return (whole, Some(why)),
            }
        }
        (whole, None)
    }

    /// Checkpoint and tail.
    ///
    /// # Errors
    /// As for [`ReadOnly::records`].
    pub fn loaded(&self) -> Result<Loaded, StoreError> {
        checkpoints::load(&self.connection, &self.file)
    }

    /// Verifies the whole file: every record, that none is missing at the end, and what SQLite says of its own pages.
    /// Returns the number of records.
    ///
    /// # Errors
    /// [`StoreError::Broken`] naming the record, [`StoreError::Shortened`] when the newest are missing, [`StoreError::Damaged`] for anything
    /// beside the records.
    pub fn verify(&self) -> Result<u64, StoreError> {
        let wrong = |why: rusqlite::Error| self.wrong(&why);
        // One view of the file, also while the engine appends.
        let view = self.connection.unchecked_transaction().map_err(wrong)?;
        let mut last = 0;
        for record in Records::after(&view, &self.file, Link::FIRST) {
            last = record?.sequence;
        }
        checkpoints::load_from(&view, &self.file)?;
        let (rows, seen): (u64, u64) = view
            .query_row(
                "SELECT (SELECT count(*) FROM journal), (SELECT coalesce(max(updated_sequence), 0) FROM position_documents)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(wrong)?;
        if seen > last {
            return Err(StoreError::Shortened { file: self.file.clone(), end: last, written: seen });
        }
        if rows != last {
            return Err(self.damaged(format!("{rows} rows for {last} records")));
        }
        let verdict: String = view.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(wrong)?;
        if verdict == "ok" { Ok(last) } else { Err(self.damaged(verdict)) }
    }

    fn wrong(&self, why: &rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(&self.file, why)
    }

    fn damaged(&self, why: String) -> StoreError {
        StoreError::Damaged { file: self.file.clone(), why }
    }
}
