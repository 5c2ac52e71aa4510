//! A journal in memory: for demonstrations without a store, and to say in tests what the other one must do.

use crate::{Checkpoint, Journal, Loaded, Record, Step, StoreError};

/// Records and checkpoints in lists.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    records: Vec<Record>,
    checkpoint: Option<Checkpoint>,
    keeps: bool,
}

impl MemoryJournal {
    /// A journal that keeps everything it is given.
    #[must_use]
    pub fn new() -> Self {
        Self { keeps: true, ..Self::default() }
    }

    /// A journal that forgets at once, for when nobody will ask.
    #[must_use]
    pub fn forgetful() -> Self {
        Self::default()
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        if self.keeps {
            self.records.extend(steps.iter().map(|step| step.record.clone()));
        }
        Ok(())
    }

    fn save_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        if self.keeps {
            self.checkpoint = Some(checkpoint.clone());
        }
        Ok(())
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        let after = self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.sequence);
        let tail = self.records.iter().filter(|record| record.sequence > after).cloned().collect();
        let last_sequence = self.records.last().map_or(after, |record| record.sequence);
        Ok(Loaded { checkpoint: self.checkpoint.clone(), tail, last_sequence, warnings: Vec::new() })
    }
}
