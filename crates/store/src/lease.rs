//! Who may act: one engine at a time, with an epoch that every later holder exceeds (F-K01).
//!
//! On one machine the lease is a lock on a file beside the store: the system lets go of it when a process dies, however
//! it dies, and nobody else can hold it meanwhile. What follows from an answer is decided by the runtime.

use crate::StoreError;
use crate::sqlite::door;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What became of asking for the lease, or for keeping it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LeaseAnswer {
    /// It is ours.
    Granted {
        /// Greater than that of every holder before; the same for as long as it is kept.
        epoch: u64,
        /// The holder before may not have noticed yet: wait until nothing of it can reach a venue any more (F-K03).
        taken_over: bool,
    },
    /// Somebody else has it.
    Held,
    /// Nobody can say.
    Unreachable,
}

/// Where the lease is kept.
pub trait LeaseKeeper: Send {
    /// Asks for the lease, or for keeping it.
    fn renew(&mut self) -> LeaseAnswer;
}

/// The lease of one machine: a locked file beside the store that also counts the holders.
#[derive(Debug)]
pub struct FileLease {
    file: File,
    path: PathBuf,
    epoch: u64,
}

impl FileLease {
    /// Takes the lease of the store at `store`, which need not exist.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another engine has it, [`StoreError::ReadOnly`] where no such file can be made, and
    /// what [`StoreError::is_foreign`] names: beside a stranger's file nothing is left.
    pub fn take(store: &Path) -> Result<Self, StoreError> {
        let store = door::real_path(store);
        let name = store.display().to_string();
        // A damaged store is held like a whole one: only one engine protects beside it.
        door::refuse_strangers(&store, &name).or_else(|why| if why.is_foreign() { Err(why) } else { Ok(()) })?;
        let (file, epoch) = door::lock(&store, &name)?;
        Ok(Self { file, path: door::beside(&store, ".lock"), epoch })
    }

    /// Counts the holders of this store, from 1.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl LeaseKeeper for FileLease {
    /// The lock holds for as long as this process lives; what can happen is that somebody removes the file and another
    /// engine locks a new one of the same name.
    fn renew(&mut self) -> LeaseAnswer {
        let (Ok(ours), Ok(named)) = (self.file.metadata(), std::fs::metadata(&self.path)) else {
            return LeaseAnswer::Held;
        };
        if (ours.dev(), ours.ino()) != (named.dev(), named.ino()) {
            return LeaseAnswer::Held;
        }
        LeaseAnswer::Granted { epoch: self.epoch, taken_over: false }
    }
}
