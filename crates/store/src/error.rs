//! What can go wrong with a store. Each text names the file, the culprit and the next step.
//!
//! What follows from an error is the caller's decision: an engine goes on protecting without a journal (R9), a command
//! ends. The questions at [`StoreError`] are those such a decision asks.

/// Why a store cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// Records came faster than the disk took them, until the queue was full (F-M10).
    #[error(
        "{file}: the disk does not keep up, {waiting} records are waiting; look for a backup or another program that \
         keeps the disk busy, then reopen the journal. Stops stay at the venue"
    )]
    Behind {
        /// The store.
        file: String,
        /// How many records were waiting.
        waiting: usize,
    },
    /// A record is not what was written, or is missing.
    #[error(
        "{file}: record {sequence} is not what was written there (broken hash); keep this file for looking into it, restore a backup or start with a new --store. Stops stay at the venue"
    )]
    Broken {
        /// The store.
        file: String,
        /// The record.
        sequence: u64,
    },
    /// Something in the file beside the records is not what was written.
    #[error(
        "{file}: the file is damaged ({why}); keep it for looking into it, restore a backup or start with a new --store. Stops stay at the venue"
    )]
    Damaged {
        /// The store.
        file: String,
        /// What was found.
        why: String,
    },
    /// The system could not read or write (F-M04). What was under way is not to be trusted.
    #[error(
        "{file}: the disk fails ({why}); nothing more is recorded, look at the system's log and replace the disk if it says so, then start again. Stops stay at the venue"
    )]
    Disk {
        /// The store.
        file: String,
        /// What the system says.
        why: String,
    },
    /// The disk is full.
    #[error("{file}: the disk is full; free some space and start again. Stops stay at the venue")]
    Full {
        /// The store.
        file: String,
    },
    /// Somebody else is at it.
    #[error("{file}: in use by {holder}; stop that one first, or give another --store")]
    Locked {
        /// The store.
        file: String,
        /// Who, as far as can be said.
        holder: Holder,
    },
    /// There is nothing.
    #[error("{file}: there is no such store; check the path")]
    Missing {
        /// The path.
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
    /// Something that is no file stands where the store is, or what belongs to it.
    #[error("{file} cannot be the store: {why}; nothing is touched")]
    NotAFile {
        /// The store.
        file: String,
        /// What stands there.
        why: String,
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
    /// A step that does not follow the last one: a mistake of ours, refused because a gap could not be told from a loss.
    #[error(
        "{file}: record {found} came where {expected} had to come; this is a mistake in Backstop, please report it. Stops stay at the venue"
    )]
    OutOfOrder {
        /// The store.
        file: String,
        /// The record that had to come.
        expected: u64,
        /// The record that came.
        found: u64,
    },
    /// Not to be written.
    #[error(
        "{file}: cannot be written, the file is read-only or its folder is read-only or missing; check both, or give another --store"
    )]
    ReadOnly {
        /// The store.
        file: String,
    },
    /// The newest records are missing: somebody has taken them out of the file.
    #[error(
        "{file}: the journal ends at record {end}, and record {written} was written: its end was cut off; keep this file for looking into it, restore a backup or start with a new --store. Stops stay at the venue"
    )]
    Shortened {
        /// The store.
        file: String,
        /// The last record that is there.
        end: u64,
        /// The newest that was written.
        written: u64,
    },
}

/// Who is at a store.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Holder {
    /// Another engine: two at once is what must not be (F-K01).
    #[error("another Backstop ({}), which holds {lock}", process.map_or("process unknown".to_owned(), |number| format!("process {number}")))]
    Engine {
        /// Its process, as far as the lock file says.
        process: Option<u32>,
        /// The lock file.
        lock: String,
    },
    /// Somebody who looks or copies.
    #[error("another program, such as a backup")]
    Program,
}

impl StoreError {
    /// What was written is not there any more as it was: keep the file ([`crate::set_aside`]) and go on from the venue's
    /// truth, protecting only (F-M07).
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::Damaged { .. } | Self::Shortened { .. })
    }

    /// There is no room: what helps is space, the file is whole (F-M05).
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// Another engine is at it (F-K01).
    #[must_use]
    pub const fn is_another_engine(&self) -> bool {
        matches!(self, Self::Locked { holder: Holder::Engine { .. }, .. })
    }

    /// The file is not for this program or this version, and was left untouched.
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        matches!(self, Self::NotOurs { .. } | Self::NotAFile { .. } | Self::Newer { .. })
    }

    /// SQLite's word for it.
    pub(crate) fn from_sqlite(file: &str, why: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let file = file.to_owned();
        match why.sqlite_error_code() {
            Some(Code::DiskFull) => Self::Full { file },
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Locked { file, holder: Holder::Program },
            Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => Self::ReadOnly { file },
            // Strangers have been refused by their header before SQLite is asked.
            Some(Code::NotADatabase | Code::DatabaseCorrupt) => Self::Damaged { file, why: why.to_string() },
            Some(Code::SystemIoFailure) => Self::Disk { file, why: why.to_string() },
            _ => Self::Other { file, why: why.to_string() },
        }
    }

    /// The system's word for it.
    pub(crate) fn from_io(file: &str, why: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let file = file.to_owned();
        match why.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => Self::Full { file },
            Kind::NotFound | Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Self::ReadOnly { file },
            _ => Self::Other { file, why: why.to_string() },
        }
    }
}
