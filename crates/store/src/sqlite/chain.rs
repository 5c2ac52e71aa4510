//! The hash chain through the records: SHA3-256 over the hash before, number, time, form and text (I23).
//!
//! Whoever reads records reads them through here, a page at a time, and gets none that is not what was written.

use crate::{Record, StoreError, decode};
use rusqlite::{Connection, OptionalExtension, Row};
use sha3::{Digest, Sha3_256};
use std::collections::VecDeque;

/// A link of the chain.
pub(super) type Hash = [u8; 32];

/// What the first record is chained to.
pub(super) const START: Hash = [0; 32];

/// Records read at once: enough to be quick, few enough to keep a long journal out of memory.
const PAGE: usize = 256;

const SELECT_PAGE: &str = "SELECT sequence, at, version, kind, payload, previous_hash, hash FROM journal \
                           WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";

pub(super) fn record_hash(previous: &Hash, sequence: u64, at: i64, version: u32, payload: &str) -> Hash {
    let mut digest = Sha3_256::new();
    digest.update(previous);
    digest.update(sequence.to_be_bytes());
    digest.update(at.to_be_bytes());
    digest.update(version.to_be_bytes());
    digest.update(payload.as_bytes());
    digest.finalize().into()
}

/// Where the chain stands: the number of a record, and its hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Link {
    pub(super) sequence: u64,
    pub(super) hash: Hash,
}

impl Link {
    /// Before the first record.
    pub(super) const FIRST: Self = Self { sequence: 0, hash: START };
}

/// The newest link.
///
/// # Errors
/// [`StoreError::Broken`] when it cannot be read.
pub(super) fn last(connection: &Connection, file: &str) -> Result<Link, StoreError> {
    let newest: Option<u64> = connection
        .query_row("SELECT max(sequence) FROM journal", [], |row| row.get(0))
        .map_err(|why| StoreError::from_sqlite(file, &why))?;
    match newest {
        None => Ok(Link::FIRST),
        Some(sequence) => {
            at(connection, file, sequence)?.ok_or_else(|| StoreError::Broken { file: file.to_owned(), sequence })
        }
    }
}

/// The link at one record, verified as far as one record alone can be. Nothing when there is no such record.
///
/// # Errors
/// [`StoreError::Broken`] when it is not what was written.
pub(super) fn at(connection: &Connection, file: &str, sequence: u64) -> Result<Option<Link>, StoreError> {
    if sequence == 0 {
        return Ok(Some(Link::FIRST));
    }
    let broken = || StoreError::Broken { file: file.to_owned(), sequence };
    let row = connection
        .prepare_cached(
            "SELECT sequence, at, version, kind, payload, previous_hash, hash FROM journal WHERE sequence = ?1",
        )
        .map_err(|why| StoreError::from_sqlite(file, &why))?
        .query_row([sequence], RowText::read)
        .optional()
        .map_err(|_| broken())?;
    let Some(row) = row else { return Ok(None) };
    if row.hash != record_hash(&row.previous, sequence, row.at, row.version, &row.payload) {
        return Err(broken());
    }
    Ok(Some(Link { sequence, hash: row.hash }))
}

/// Takes note of where the journal ends, in the transaction of its newest records.
pub(super) fn note_end(connection: &Connection, end: Link) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE journal_head SET sequence = ?1, hash = ?2")?
        .execute((end.sequence, end.hash))
        .map(|_| ())
}

/// Whether the journal ends where it was seen to end when its newest records were written: nothing stands behind a record that
/// would prove that it was not followed by others.
///
/// # Errors
/// [`StoreError::Shortened`] when records are missing, [`StoreError::Damaged`] when the note of the end is not what was written.
pub(super) fn check_end(connection: &Connection, file: &str, end: Link) -> Result<(), StoreError> {
    let damaged = |why: &str| StoreError::Damaged { file: file.to_owned(), why: why.to_owned() };
    let form: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(|why| StoreError::from_sqlite(file, &why))?;
    // A store that is only read keeps its form, also one from before there was such a note.
    if form < 3 {
        return Ok(());
    }
    let noted: Option<Link> = connection
        .query_row("SELECT sequence, hash FROM journal_head", [], |row| {
            Ok(Link { sequence: row.get(0)?, hash: row.get(1)? })
        })
        .optional()
        .map_err(|_| damaged("the note of the journal's end cannot be read"))?;
    match noted {
        None => Err(damaged("the note of the journal's end is gone")),
        Some(noted) if noted == end => Ok(()),
        Some(noted) if noted.sequence > end.sequence => {
            Err(StoreError::Shortened { file: file.to_owned(), end: end.sequence, written: noted.sequence })
        }
        Some(_) => Err(damaged("the journal does not end where it was written to end")),
    }
}

/// Records in order, each verified against the one before. Ends at the first that is not what was written.
pub struct Records<'s> {
    connection: &'s Connection,
    file: &'s str,
    link: Link,
    page: VecDeque<Result<Record, StoreError>>,
    ended: bool,
}

impl<'s> Records<'s> {
    /// The records after a link.
    pub(super) fn after(connection: &'s Connection, file: &'s str, link: Link) -> Self {
        Self { connection, file, link, page: VecDeque::new(), ended: false }
    }

    fn broken(&self, sequence: u64) -> StoreError {
        StoreError::Broken { file: self.file.to_owned(), sequence }
    }

    /// A page of the file that SQLite itself finds damaged takes away the record that had to come next.
    fn wrong(&self, why: &rusqlite::Error) -> StoreError {
        match StoreError::from_sqlite(self.file, why) {
            StoreError::Damaged { .. } => self.broken(self.link.sequence + 1),
            other => other,
        }
    }

    fn read_page(&mut self) -> Result<(), StoreError> {
        let connection = self.connection;
        let mut select = connection.prepare_cached(SELECT_PAGE).map_err(|why| self.wrong(&why))?;
        let mut rows = select.query((self.link.sequence, PAGE as i64)).map_err(|why| self.wrong(&why))?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(|why| self.wrong(&why))? {
            count += 1;
            let record = self.check(row);
            let is_whole = record.is_ok();
            self.page.push_back(record);
            if !is_whole {
                self.ended = true;
                return Ok(());
            }
        }
        self.ended = count < PAGE;
        Ok(())
    }

    fn check(&mut self, row: &Row<'_>) -> Result<Record, StoreError> {
        let sequence: u64 = row.get(0).map_err(|_| self.broken(self.link.sequence + 1))?;
        // A column of another type than we wrote is a changed record, too.
        let text = RowText::read(row).map_err(|_| self.broken(sequence))?;
        let follows = sequence == self.link.sequence + 1 && text.previous == self.link.hash;
        if !follows || text.hash != record_hash(&self.link.hash, sequence, text.at, text.version, &text.payload) {
            return Err(self.broken(sequence));
        }
        let record = decode(self.file, sequence, text.version, &text.payload)?;
        // Number, time and kind are there twice: once for people, once in the text that is hashed.
        if record.sequence != sequence || record.at.as_nanos() != text.at || record.kind() != text.kind {
            return Err(self.broken(sequence));
        }
        self.link = Link { sequence, hash: text.hash };
        Ok(record)
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty()
            && !self.ended
            && let Err(why) = self.read_page()
        {
            self.ended = true;
            self.page.push_back(Err(why));
        }
        self.page.pop_front()
    }
}

/// The columns of a record.
struct RowText {
    at: i64,
    version: u32,
    kind: String,
    payload: String,
    previous: Hash,
    hash: Hash,
}

impl RowText {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            at: row.get(1)?,
            version: row.get(2)?,
            kind: row.get(3)?,
            payload: row.get(4)?,
            previous: row.get(5)?,
            hash: row.get(6)?,
        })
    }
}
