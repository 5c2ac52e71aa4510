//! What an engine goes on from: its store, or, when that cannot be used, the venue's truth alone.
//!
//! An engine that does not start leaves positions naked (R9), so a damaged, full or unwritable store is no reason not to
//! start: it goes on without a journal and only protects (F-M05, F-M07, F-M08). Another engine at the same store is a
//! reason (F-K01), and so is a file that is not ours or of a newer version: that is a mistake of the command line.

use backstop_runtime::{Recovered, recover};
use backstop_store::{FileLease, Journal, MemoryJournal, SqliteJournal, StoreError};
use std::path::Path;

/// What was found at the start.
pub struct Memory {
    /// Where records go.
    pub journal: Box<dyn Journal>,
    /// What the engine was.
    pub recovered: Recovered,
    /// The right to act; none where no lock can be made.
    pub lease: Option<FileLease>,
    /// Why nothing is recorded, if so.
    pub lost: Option<StoreError>,
}

/// Opens the store, or says what goes on without it.
///
/// # Errors
/// [`StoreError`] when another engine is at it, or it is not ours to use.
pub fn open(store: &Path) -> Result<Memory, StoreError> {
    let lease = match FileLease::take(store) {
        Ok(lease) => lease,
        Err(why) if why.is_another_engine() || why.is_foreign() => return Err(why),
        Err(why) => return Ok(without(None, why)),
    };
    let opened = SqliteJournal::open_held(store, &lease).and_then(|journal| Ok((journal.load()?, journal)));
    match opened {
        Ok((loaded, journal)) => {
            Ok(Memory { journal: Box::new(journal), recovered: recover(loaded), lease: Some(lease), lost: None })
        }
        Err(why) if why.is_foreign() => Err(why),
        Err(why) => Ok(without(Some(lease), why)),
    }
}

fn without(lease: Option<FileLease>, lost: StoreError) -> Memory {
    let recovered = recover(backstop_store::Loaded::default());
    Memory { journal: Box::new(MemoryJournal::forgetful()), recovered, lease, lost: Some(lost) }
}
