//! A journal in memory: for demonstrations without a store, and to say in tests what the other one must do.

use crate::{Checkpoint, Journal, Loaded, Record, Step, StoreError};

/// What its errors name instead of a file.
const FILE: &str = "the journal in memory";

/// Records and checkpoints in lists.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    records: Vec<Record>,
    checkpoint: Option<Checkpoint>,
    last: u64,
    keeps: bool,
    full_from: Option<u64>,
    failed: Option<StoreError>,
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

    /// A journal whose disk is full from that record on, until it is reopened: a fault for tests.
    #[must_use]
    pub fn full_from(sequence: u64) -> Self {
        Self { full_from: Some(sequence), ..Self::new() }
    }

    fn check(&self, steps: &[Step]) -> Result<u64, StoreError> {
        let mut last = self.last;
        for step in steps {
            let found = step.record.sequence;
            if found != last + 1 {
                return Err(StoreError::OutOfOrder { file: FILE.to_owned(), expected: last + 1, found });
            }
            if self.full_from.is_some_and(|from| found >= from) {
                return Err(StoreError::Full { file: FILE.to_owned() });
            }
            last = found;
        }
        Ok(last)
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        self.failed.clone().map_or(Ok(()), Err)?;
        match self.check(steps) {
            Ok(last) => self.last = last,
            Err(why) => {
                self.failed = Some(why.clone());
                return Err(why);
            }
        }
        if self.keeps {
            self.records.extend(steps.iter().map(|step| step.record.clone()));
        }
        Ok(())
    }

    fn save_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.failed.clone().map_or(Ok(()), Err)?;
        if checkpoint.sequence > self.last {
            let (expected, found) = (self.last, checkpoint.sequence);
            return Err(StoreError::OutOfOrder { file: FILE.to_owned(), expected, found });
        }
        let newest = self.checkpoint.as_ref().is_none_or(|before| before.sequence <= checkpoint.sequence);
        if self.keeps && newest {
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

    fn reopen(&mut self) -> Result<u64, StoreError> {
        self.full_from = None;
        self.failed = None;
        Ok(self.last)
    }
}
