//! The journal on SQLite: WAL, `synchronous=FULL` (F-M03), one writer, readers beside it.
//!
//! A hash chain runs through the records, so that a changed byte anywhere is noticed. Who may write is said by an
//! advisory lock on a file beside the store, which the system lets go of when a process dies.
//!
//! Beside `s.db` stand: `s.db-wal` and `s.db-shm` (SQLite's own; they belong to the store), `s.db.lock` (who writes) and
//! `s.db.ballast` (room for the day the disk is full).

mod ballast;
mod chain;
mod checkpoints;
pub(crate) mod door;
mod reader;
mod reads;
mod schema;

pub use chain::Records;
pub use door::set_aside;
pub use reader::ReadOnly;

use crate::error::Holder;
use crate::{Checkpoint, FileLease, Journal, Loaded, Step, StoreError, VERSION, encode};
use ballast::Ballast;
use chain::{Link, record_hash};
use rusqlite::{Connection, TransactionBehavior, params};
use std::path::{Path, PathBuf};

const INSERT_RECORD: &str = "INSERT INTO journal (sequence, at, version, kind, payload, previous_hash, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// A store that this process writes.
pub struct SqliteJournal {
    connection: Connection,
    path: PathBuf,
    file: String,
    last: Link,
    ballast: Ballast,
    failed: Option<StoreError>,
    _lease: Option<FileLease>,
}

impl SqliteJournal {
    /// Opens the store at `path`, or makes one, and keeps 64 MiB beside it for the day the disk is full.
    ///
    /// # Errors
    /// [`StoreError`]: not ours, newer, in use, read-only, or what the system says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with_ballast(path, ballast::USUAL)
    }

    /// As [`SqliteJournal::open`], with so many bytes kept; none for 0.
    ///
    /// # Errors
    /// As there.
    pub fn open_with_ballast(path: &Path, ballast_bytes: u64) -> Result<Self, StoreError> {
        let path = door::real_path(path);
        let file = path.display().to_string();
        refuse(&path, &file)?;
        let lease = FileLease::take(&path)?;
        Self::begin(path, file, ballast_bytes, Some(lease))
    }

    /// As [`SqliteJournal::open`], for the holder of the store's lease.
    ///
    /// # Errors
    /// As there, but not because of itself.
    pub fn open_held(path: &Path, _lease: &FileLease) -> Result<Self, StoreError> {
        let path = door::real_path(path);
        let file = path.display().to_string();
        refuse(&path, &file)?;
        Self::begin(path, file, ballast::USUAL, None)
    }

    fn begin(path: PathBuf, file: String, ballast_bytes: u64, lease: Option<FileLease>) -> Result<Self, StoreError> {
        let connection = connect(&path, &file)?;
        let last = chain::last(&connection, &file)?;
        let ballast = Ballast::hold(&path, ballast_bytes);
        Ok(Self { connection, path, file, last, ballast, failed: None, _lease: lease })
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

    fn write(&mut self, steps: &[Step]) -> Result<Link, StoreError> {
        let file = &self.file;
        let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
        let mut last = self.last;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrong)?;
        {
            let mut insert = transaction.prepare_cached(INSERT_RECORD).map_err(wrong)?;
            for step in steps {
                let record = &step.record;
                let (expected, found) = (last.sequence + 1, record.sequence);
                if found != expected {
                    return Err(StoreError::OutOfOrder { file: file.clone(), expected, found });
                }
                let payload = encode(record)?;
                let at = record.at.as_nanos();
                let hash = record_hash(&last.hash, found, at, VERSION, &payload);
                insert.execute(params![found, at, VERSION, record.kind(), payload, last.hash, hash]).map_err(wrong)?;
                for read in &step.reads {
                    reads::put(&transaction, record, read).map_err(wrong)?;
                }
                last = Link { sequence: found, hash };
            }
            chain::note_end(&transaction, last).map_err(wrong)?;
        }
        transaction.commit().map_err(wrong)?;
        Ok(last)
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        self.refuse_after_failure()?;
        if steps.is_empty() {
            return Ok(());
        }
        let mut written = self.write(steps);
        // A full disk is told before anything is stored, and the transaction is gone as a whole. That is not a sync that
        // failed (F-M04), so writing again, now with the ballast's room, hides nothing.
        if matches!(written, Err(StoreError::Full { .. })) && self.ballast.release() {
            written = self.write(steps);
        }
        match written {
            Ok(last) => {
                self.last = last;
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
        let saved = checkpoints::put(&mut self.connection, &self.file, checkpoint);
        match &saved {
            Ok(()) | Err(StoreError::Full { .. } | StoreError::OutOfOrder { .. }) => {}
            Err(why) => self.failed = Some(why.clone()),
        }
        saved
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        let mut loaded = checkpoints::load(&self.connection, &self.file)?;
        if self.is_on_reserve() {
            loaded.warnings.push(format!(
                "{}: the disk has no room for the reserve beside the store; free some space before it is full",
                self.file
            ));
        }
        Ok(loaded)
    }

    fn reopen(&mut self) -> Result<u64, StoreError> {
        // The old connection goes first: nothing it remembers of a write that failed may be believed.
        self.connection = Connection::open_in_memory().map_err(|why| self.wrong(&why))?;
        let why = StoreError::Other { file: self.file.clone(), why: "it could not be opened again".to_owned() };
        self.failed = Some(self.failed.clone().unwrap_or(why));
        self.connection = connect(&self.path, &self.file)?;
        self.write_anew()?;
        let loaded = checkpoints::load(&self.connection, &self.file)?;
        self.last = chain::last(&self.connection, &self.file)?;
        if self.last.sequence != loaded.last_sequence {
            return Err(StoreError::Broken { file: self.file.clone(), sequence: loaded.last_sequence + 1 });
        }
        self.ballast.fill();
        self.failed = None;
        Ok(self.last.sequence)
    }

    fn is_on_reserve(&self) -> bool {
        self.ballast.is_spent()
    }
}

impl SqliteJournal {
    /// Writes everything from the log into the file and syncs it. Pages that a failed sync has left in memory as clean are
    /// written again by this, so that what is verified afterwards is what the disk has taken.
    fn write_anew(&self) -> Result<(), StoreError> {
        let busy: i64 = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(|why| self.wrong(&why))?;
        if busy == 0 {
            return Ok(());
        }
        Err(StoreError::Locked { file: self.file.clone(), holder: Holder::Program })
    }
}

fn refuse(path: &Path, file: &str) -> Result<(), StoreError> {
    door::refuse_strangers(path, file)?;
    door::refuse_read_only(path, file)
}

fn connect(path: &Path, file: &str) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path).map_err(|why| StoreError::from_sqlite(file, &why))?;
    schema::prepare(&mut connection, path, file)?;
    Ok(connection)
}
