//! The hash chain through the records: SHA3-256 over the hash before, number, time, form and text (I23).

use crate::{Checkpoint, Record, StoreError, decode};
use rusqlite::{Connection, OptionalExtension};
use sha3::{Digest, Sha3_256};

/// A link of the chain.
pub(super) type Hash = [u8; 32];

/// What the first record is chained to.
pub(super) const START: Hash = [0; 32];

pub(super) fn record_hash(previous: &Hash, sequence: u64, at: i64, version: u32, payload: &str) -> Hash {
    let mut digest = Sha3_256::new();
    digest.update(previous);
    digest.update(sequence.to_be_bytes());
    digest.update(at.to_be_bytes());
    digest.update(version.to_be_bytes());
    digest.update(payload.as_bytes());
    digest.finalize().into()
}

pub(super) fn checkpoint_hash(checkpoint: &Checkpoint) -> Hash {
    let mut digest = Sha3_256::new();
    digest.update(checkpoint.sequence.to_be_bytes());
    digest.update(checkpoint.fingerprint.as_bytes());
    digest.update([0]);
    digest.update(checkpoint.state.as_bytes());
    digest.finalize().into()
}

/// The newest link.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<Hash> {
    let newest = connection.query_row("SELECT hash FROM journal ORDER BY sequence DESC LIMIT 1", [], |row| row.get(0));
    Ok(newest.optional()?.unwrap_or(START))
}

/// All records after `after`, and the number of the last one; the whole chain is verified on the way.
pub(super) fn records_after(connection: &Connection, file: &str, after: u64) -> Result<(Vec<Record>, u64), StoreError> {
    let wrong = |why: rusqlite::Error| StoreError::from_sqlite(file, &why);
    let mut select = connection
        .prepare("SELECT sequence, at, version, payload, previous_hash, hash FROM journal ORDER BY sequence")
        .map_err(wrong)?;
    let mut rows = select.query([]).map_err(wrong)?;
    let (mut hash, mut last, mut records) = (START, 0, Vec::new());
    while let Some(row) = rows.next().map_err(wrong)? {
        let sequence: u64 = row.get(0).map_err(wrong)?;
        let broken = || StoreError::Broken { file: file.to_owned(), sequence };
        // A column of another type than we wrote is a changed record, too.
        let (at, version): (i64, u32) = (row.get(1).map_err(|_| broken())?, row.get(2).map_err(|_| broken())?);
        let payload: String = row.get(3).map_err(|_| broken())?;
        let (previous, own): (Hash, Hash) = (row.get(4).map_err(|_| broken())?, row.get(5).map_err(|_| broken())?);
        if sequence != last + 1 || previous != hash || own != record_hash(&hash, sequence, at, version, &payload) {
            return Err(broken());
        }
        (hash, last) = (own, sequence);
        if sequence > after {
            records.push(decode(file, sequence, version, &payload)?);
        }
    }
    Ok((records, last))
}
