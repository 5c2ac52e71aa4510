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
/// * What `append` has returned `Ok` for survives the loss of power; a step is there whole or not at all.
/// * Records are never changed or removed, and a record that was changed from outside is noticed (I23).
/// * After an error nothing more is taken: a write that failed once is never tried again and trusted (F-M04).
pub trait Journal: Send {
    /// Stores steps together, with one sync.
    ///
    /// # Errors
    /// [`StoreError`]; none of the steps is stored then.
    fn append(&mut self, steps: &[Step]) -> Result<(), StoreError>;

    /// Stores the engine's state.
    ///
    /// # Errors
    /// [`StoreError`].
    fn save_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError>;

    /// Everything needed to go on.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when a record is not what was written.
    fn load(&self) -> Result<Loaded, StoreError>;
}
