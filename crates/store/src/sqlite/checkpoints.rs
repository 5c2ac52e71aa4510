//! Checkpoints: the engine's state as a text with its own hash. One that is damaged gives way to an older one, and the
//! oldest to the whole journal; what the state is made of is not known here.

use super::chain::{self, Hash, Link, Records};
use crate::{Checkpoint, Loaded, StoreError};
use rusqlite::{Connection, params};
use sha3::{Digest, Sha3_256};

/// As many are kept: enough to fall back on.
const KEPT: u32 = 3;

/// Stores a checkpoint and forgets the oldest.
///
/// # Errors
/// [`StoreError::OutOfOrder`] when no such record is stored, else what SQLite says.
pub(super) fn put(connection: &mut Connection, file: &str, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
    let last = chain::last(connection, file)?.sequence;
    if checkpoint.sequence > last {
        let (expected, found) = (last, checkpoint.sequence);
        return Err(StoreError::OutOfOrder { file: file.to_owned(), expected, found });
    }
    let transaction = connection.transaction().map_err(wrong)?;
    transaction
        .execute(
            "INSERT OR REPLACE INTO checkpoints (sequence, fingerprint, state, hash) VALUES (?1, ?2, ?3, ?4)",
            params![checkpoint.sequence, checkpoint.fingerprint, checkpoint.state, hash(checkpoint)],
        )
        .map_err(wrong)?;
    transaction
        .execute(
            "DELETE FROM checkpoints WHERE sequence NOT IN (SELECT sequence FROM checkpoints ORDER BY sequence DESC LIMIT ?1)",
            [KEPT],
        )
        .map_err(wrong)?;
    transaction.commit().map_err(wrong)
}

/// The newest whole checkpoint and the records after it, each verified.
///
/// # Errors
/// [`StoreError::Broken`] when a record after it, or the one it stands on, is not what was written; [`StoreError::Shortened`]
/// when the newest records are missing.
pub(super) fn load(connection: &Connection, file: &str) -> Result<Loaded, StoreError> {
    // One view of the file, also while another process appends.
    let view = connection.unchecked_transaction().map_err(|why| StoreError::from_sqlite(file, &why))?;
    load_from(&view, file)
}

/// As [`load`], within the view of a transaction that is open already.
pub(super) fn load_from(view: &Connection, file: &str) -> Result<Loaded, StoreError> {
    let mut warnings = Vec::new();
    chain::check_end(view, file, chain::last(view, file)?)?;
    let newest = newest(view, file, &mut warnings)?;
    let link = newest.as_ref().map_or(Link::FIRST, |(_, link)| *link);
    let tail = Records::after(view, file, link).collect::<Result<Vec<_>, _>>()?;
    let last_sequence = tail.last().map_or(link.sequence, |record| record.sequence);
    Ok(Loaded { checkpoint: newest.map(|(checkpoint, _)| checkpoint), tail, last_sequence, warnings })
}

fn newest(
    connection: &Connection,
    file: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<(Checkpoint, Link)>, StoreError> {
    let last = chain::last(connection, file)?.sequence;
    for sequence in numbers(connection, file)? {
        match read(connection, sequence) {
            // The records that were stored before it are gone: the end of the journal was cut off.
            Some(_) if sequence > last => {
                return Err(StoreError::Shortened { file: file.to_owned(), end: last, written: sequence });
            }
            Some(checkpoint) => {
                let link = chain::at(connection, file, sequence)?
                    .ok_or_else(|| StoreError::Broken { file: file.to_owned(), sequence })?;
                return Ok(Some((checkpoint, link)));
            }
            None => warnings
                .push(format!("{file}: the checkpoint at record {sequence} is damaged; going on from an older one")),
        }
    }
    if !warnings.is_empty() {
        warnings.push(format!("{file}: no checkpoint is whole; going on from the first record"));
    }
    Ok(None)
}

/// The numbers of all checkpoints, newest first.
fn numbers(connection: &Connection, file: &str) -> Result<Vec<u64>, StoreError> {
    let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
    let mut select = connection.prepare("SELECT sequence FROM checkpoints ORDER BY sequence DESC").map_err(wrong)?;
    let numbers = select.query_map([], |row| row.get::<_, i64>(0)).map_err(wrong)?;
    let numbers = numbers.collect::<rusqlite::Result<Vec<_>>>().map_err(wrong)?;
    Ok(numbers.into_iter().filter_map(|number| u64::try_from(number).ok()).collect())
}

/// A checkpoint, if it is whole.
fn read(connection: &Connection, sequence: u64) -> Option<Checkpoint> {
    let row = connection.query_row(
        "SELECT fingerprint, state, hash FROM checkpoints WHERE sequence = ?1",
        [sequence],
        |row| {
            let checkpoint = Checkpoint { sequence, fingerprint: row.get(0)?, state: row.get(1)? };
            Ok((checkpoint, row.get::<_, Hash>(2)?))
        },
    );
    let (checkpoint, written) = row.ok()?;
    (hash(&checkpoint) == written).then_some(checkpoint)
}

fn hash(checkpoint: &Checkpoint) -> Hash {
    let mut digest = Sha3_256::new();
    digest.update(checkpoint.sequence.to_be_bytes());
    digest.update(checkpoint.fingerprint.as_bytes());
    digest.update([0]);
    digest.update(checkpoint.state.as_bytes());
    digest.finalize().into()
}
