//! Backstop's memory: the append-only journal, checkpoints of the engine's state, and read models for other tools.
//!
//! What the engine's state is made of is none of this crate's business: it keeps a text and gives it back. The promises
//! stand at [`Journal`]; two implementations keep them, one in memory and one on SQLite.

mod error;
mod journal;
mod lease;
mod memory;
mod read;
mod record;
mod regular;
mod sqlite;
mod writer;

pub use error::{Holder, StoreError};
pub use journal::{Checkpoint, Journal, Loaded};
pub use lease::{FileLease, LeaseAnswer, LeaseKeeper};
pub use memory::MemoryJournal;
pub use read::{ReadUpdate, Step, Stored};
pub use record::{Record, VERSION, decode, encode};
pub use regular::regular;
pub use sqlite::{ReadOnly, Records, SqliteJournal, set_aside};
pub use writer::{Done, Work, Writer};
