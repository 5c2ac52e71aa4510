//! What can go wrong with a store. Each text names the file, the culprit and the next step.

/// Why a store cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// A record is not what was written.
    #[error(
        "{file}: record {sequence} is not what was written there (broken hash); keep this file for looking into it, restore a backup or start with a new --store. Stops stay at the venue"
    )]
    Broken {
        /// The store.
        file: String,
        /// The record.
        sequence: u64,
    },
    /// The disk is full.
    #[error("{file}: the disk is full; free some space and start again. Stops stay at the venue")]
    Full {
        /// The store.
        file: String,
    },
    /// Another process writes it.
    #[error(
        "{file}: in use by another Backstop, which holds {file}.lock; stop that one first, or give another --store"
    )]
    Locked {
        /// The store.
        file: String,
    },
    /// Written by a newer version.
    #[error(
        "{file}: written by a newer Backstop (form {found}, this one knows up to {known}); use that version, or give another --store"
    )]
    Newer {
        /// The store.
        file: String,
        /// The form found.
        found: u32,
        /// The newest form this version knows.
        known: u32,
    },
    /// Not a store of ours.
    #[error("{file}: this is not a Backstop store; give another --store, it is left untouched")]
    NotOurs {
        /// The file.
        file: String,
    },
    /// Anything else.
    #[error("{file}: {why}; check the disk, then start again. Stops stay at the venue")]
    Other {
        /// The store.
        file: String,
        /// What the system says.
        why: String,
    },
    /// Not to be written.
    #[error("{file}: the file or its folder is read-only; check permissions, or give another --store")]
    ReadOnly {
        /// The store.
        file: String,
    },
}

impl StoreError {
    /// SQLite's word for it.
    pub(crate) fn from_sqlite(file: &str, why: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let file = file.to_owned();
        match why.sqlite_error_code() {
            Some(Code::DiskFull) => Self::Full { file },
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Locked { file },
            Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => Self::ReadOnly { file },
            Some(Code::NotADatabase) => Self::NotOurs { file },
            _ => Self::Other { file, why: why.to_string() },
        }
    }
}
