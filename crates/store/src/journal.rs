//! The journal's promises, whoever keeps them.

use crate::{Record, Step, StoreError};

/// The engine's state at some record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// The last record it contains.
    pub sequence: u64,
    /// The engine's fingerprint then.
    pub fingerprint: String,
    /// The state, as the engine wrote it.
    pub state: String,
}

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The newest checkpoint that is whole.
    pub checkpoint: Option<Checkpoint>,
    /// The records after it, in order.
    pub tail: Vec<Record>,
    /// The number of the last record; 0 when there is none.
    pub last_sequence: u64,
    /// What people should know, for example that a checkpoint was damaged.
    pub warnings: Vec<String>,
}

/// An append-only journal.
///
/// * What `append` has returned `Ok` for survives the loss of power; a step is there whole, its read models included, or
///   not at all. Several steps given together are stored together.
/// * Records count up by one from 1. A step that does not follow the last one is refused, so that a gap is always a loss.
/// * Records are never changed or removed, and a record that was changed from outside is noticed and named (I23).
/// * `load` gives back what was stored, in order, and changes nothing: twice gives the same twice.
/// * After an error of `append` nothing more is taken: a write that failed once is never tried again and trusted (F-M04).
///   Only `reopen` ends that, and it says from where on records have to be given again.
/// * A checkpoint is a shortcut, never a truth of its own: without it, the records say the same. One that finds no room,
///   or that does not belong to a stored record, is refused and harms nothing.
pub trait Journal: Send {
    /// Stores steps together, with one sync.
    ///
    /// # Errors
    /// [`StoreError`]; none of the steps is stored then.
    fn append(&mut self, steps: &[Step]) -> Result<(), StoreError>;

    /// Stores the engine's state.
    ///
    /// # Errors
    /// [`StoreError::Full`] and [`StoreError::OutOfOrder`] harm nothing; after any other the journal has failed.
    fn save_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError>;

    /// Everything needed to go on, verified from the checkpoint on.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when a record is not what was written.
    fn load(&self) -> Result<Loaded, StoreError>;

    /// Begins anew after a failure: the file is opened again, what it holds is made durable once more and verified.
    /// Returns the number of the last record that is there; what came after has to be given again.
    ///
    /// # Errors
    /// [`StoreError`] when it still cannot be used; it stays failed.
    fn reopen(&mut self) -> Result<u64, StoreError> {
        Err(StoreError::Other { file: "this journal".to_owned(), why: "it cannot be reopened".to_owned() })
    }

    /// Whether the room kept for a full disk is being used up (F-M05): time to refuse new plans and to alarm.
    fn is_on_reserve(&self) -> bool {
        false
    }
}
