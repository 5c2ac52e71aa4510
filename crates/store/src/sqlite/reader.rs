//! Looking into a store without writing: while the engine runs, or after it has been killed.

use super::{chain, load, schema};
use crate::{Loaded, Record, StoreError};
use backstop_model::PositionDocument;
use rusqlite::{Connection, OpenFlags};
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
            return Err(StoreError::Other { file, why: "there is no such store; check the path".to_owned() });
        }
        schema::refuse_strangers(path, &file)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|why| StoreError::from_sqlite(&file, &why))?;
        schema::check_owner(&connection, &file)?;
        Ok(Self { connection, file })
    }

    /// Position documents with their account's name, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn positions(&self, only_open: bool) -> Result<Vec<(String, PositionDocument)>, StoreError> {
        let wrong = |why: rusqlite::Error| StoreError::from_sqlite(&self.file, &why);
        let mut select = self
            .connection
            .prepare("SELECT account, document FROM position_documents WHERE open >= ?1 ORDER BY rowid")
            .map_err(wrong)?;
        let rows = select
            .query_map([i64::from(only_open)], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
            .map_err(wrong)?;
        let mut positions = Vec::new();
        for row in rows {
            let (account, text) = row.map_err(wrong)?;
            let document: PositionDocument = serde_json::from_str(&text).map_err(|why| StoreError::Other {
                file: self.file.clone(),
                why: format!("a position document cannot be read: {why}"),
            })?;
            positions.push((account, document));
        }
        positions.sort_by(|(_, a), (_, b)| (a.entry_time, &a.position_id).cmp(&(b.entry_time, &b.position_id)));
        Ok(positions)
    }

    /// Every record, verified.
    ///
    /// # Errors
    /// [`StoreError::Broken`] naming the record that is not what was written.
    pub fn records(&self) -> Result<Vec<Record>, StoreError> {
        chain::records_after(&self.connection, &self.file, 0).map(|(records, _)| records)
    }

    /// Checkpoint and tail.
    ///
    /// # Errors
    /// As for [`ReadOnly::records`].
    pub fn loaded(&self) -> Result<Loaded, StoreError> {
        load(&self.connection, &self.file)
    }

    /// Verifies the whole chain and counts its records.
    ///
    /// # Errors
    /// As for [`ReadOnly::records`].
    pub fn verify(&self) -> Result<u64, StoreError> {
        chain::records_after(&self.connection, &self.file, u64::MAX).map(|(_, last)| last)
    }
}
