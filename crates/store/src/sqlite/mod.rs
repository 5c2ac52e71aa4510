//! The journal on SQLite: WAL, `synchronous=FULL` (F-M03), one writer, readers beside it.
//!
//! A hash chain runs through the records, so that a changed byte anywhere is noticed. Who may write is said by an
//! advisory lock on a file beside the store, which the system lets go of when a process dies.

mod chain;
mod reader;
mod reads;
mod schema;

pub use reader::ReadOnly;

use crate::{Checkpoint, Journal, Loaded, Step, StoreError, VERSION, encode};
use chain::{Hash, checkpoint_hash, record_hash};
use rusqlite::{Connection, OptionalExtension, params};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A store that this process writes.
pub struct SqliteJournal {
    connection: Connection,
    file: String,
    last_hash: Hash,
    failed: Option<StoreError>,
    _lock: File,
}

impl SqliteJournal {
    /// Opens the store at `path`, or makes one.
    ///
    /// # Errors
    /// [`StoreError`]: not ours, newer, in use, read-only, or what the system says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = path.display().to_string();
        schema::refuse_strangers(path, &file)?;
        let lock = lock(path, &file)?;
        let wrong = |why: rusqlite::Error| StoreError::from_sqlite(&file, &why);
        let connection = Connection::open(path).map_err(wrong)?;
        schema::prepare(&connection, &file)?;
        let last_hash = chain::last(&connection).map_err(wrong)?;
        Ok(Self { connection, file, last_hash, failed: None, _lock: lock })
    }

    /// Limits the file to so many pages; a full disk on request.
    ///
    /// # Errors
    /// [`StoreError`] when SQLite refuses.
    pub fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.connection.pragma_update(None, "max_page_count", pages).map_err(|why| self.wrong(&why))
    }

    fn wrong(&self, why: &rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(&self.file, why)
    }

    fn refuse_after_failure(&self) -> Result<(), StoreError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn write(&mut self, steps: &[Step]) -> Result<Hash, StoreError> {
        let file = self.file.clone();
        let wrong = |why: rusqlite::Error| StoreError::from_sqlite(&file, &why);
        let mut hash = self.last_hash;
        let transaction = self.connection.transaction().map_err(wrong)?;
        {
            let mut insert = transaction.prepare_cached(schema::INSERT_RECORD).map_err(wrong)?;
            for step in steps {
                let record = &step.record;
                let payload = encode(record)?;
                let at = record.at.as_nanos();
                let next = record_hash(&hash, record.sequence, at, VERSION, &payload);
                insert
                    .execute(params![record.sequence, at, VERSION, record.kind(), payload, hash, next])
                    .map_err(wrong)?;
                hash = next;
                for read in &step.reads {
                    reads::put(&transaction, record, read).map_err(wrong)?;
                }
            }
        }
        transaction.commit().map_err(wrong)?;
        Ok(hash)
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        self.refuse_after_failure()?;
        match self.write(steps) {
            Ok(hash) => {
                self.last_hash = hash;
                Ok(())
            }
            Err(why) => {
                self.failed = Some(why.clone());
                Err(why)
            }
        }
    }

    fn save_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.refuse_after_failure()?;
        let hash = checkpoint_hash(checkpoint);
        let values = params![checkpoint.sequence, checkpoint.fingerprint, checkpoint.state, hash];
        self.connection.execute(schema::INSERT_CHECKPOINT, values).map_err(|why| self.wrong(&why))?;
        // The newest three are enough to fall back on.
        self.connection.execute(schema::FORGET_CHECKPOINTS, []).map_err(|why| self.wrong(&why))?;
        Ok(())
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        load(&self.connection, &self.file)
    }
}

fn lock(path: &Path, file: &str) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = File::options().create(true).truncate(false).write(true).open(PathBuf::from(name));
    let lock = lock.map_err(|_| StoreError::ReadOnly { file: file.to_owned() })?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Locked { file: file.to_owned() }),
        Err(std::fs::TryLockError::Error(why)) => {
            Err(StoreError::Other { file: file.to_owned(), why: why.to_string() })
        }
    }
}

/// Checkpoint and tail, every hash from the first record on verified.
fn load(connection: &Connection, file: &str) -> Result<Loaded, StoreError> {
    let mut warnings = Vec::new();
    let checkpoint = newest_checkpoint(connection, file, &mut warnings)?;
    let after = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.sequence);
    let (tail, last_sequence) = chain::records_after(connection, file, after)?;
    Ok(Loaded { checkpoint, tail, last_sequence, warnings })
}

fn newest_checkpoint(
    connection: &Connection,
    file: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<Checkpoint>, StoreError> {
    let mut below = i64::MAX;
    loop {
        let row = connection
            .query_row(schema::NEWEST_CHECKPOINT, [below], |row| {
                let checkpoint = Checkpoint { sequence: row.get(0)?, fingerprint: row.get(1)?, state: row.get(2)? };
                Ok((checkpoint, row.get::<_, Hash>(3)?))
            })
            .optional()
            .map_err(|why| StoreError::from_sqlite(file, &why))?;
        let Some((checkpoint, hash)) = row else { return Ok(None) };
        if checkpoint_hash(&checkpoint) == hash {
            return Ok(Some(checkpoint));
        }
        warnings.push(format!(
            "{file}: the checkpoint at record {} is damaged; going on from an older one",
            checkpoint.sequence
        ));
        below = i64::try_from(checkpoint.sequence).unwrap_or(0);
    }
}
