//! One record of the journal: an event that changed something, the prices it was decided on, and what was decided.

use crate::StoreError;
use backstop_model::{Command, Event, InstrumentId, MarketView, Notice, Timestamp};
use serde::{Deserialize, Serialize};

/// The form this version writes. Older forms stay readable; a newer one is refused.
pub const VERSION: u32 = 1;

/// An event that changed something.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// Counts up by one per record.
    pub sequence: u64,
    /// The time it was decided at.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// The prices it was decided on.
    pub market: Vec<(InstrumentId, MarketView)>,
    /// What was asked for.
    pub commands: Vec<Command>,
    /// What people were told.
    pub notices: Vec<Notice>,
    /// The engine's fingerprint after it, where it was taken.
    pub fingerprint: Option<String>,
}

impl Record {
    /// The event's name, for people who look into the file.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.event {
            Event::Answer(_) => "answer",
            Event::AssignPlan { .. } => "assign_plan",
            Event::Close { .. } => "close",
            Event::DefineAccount(_) => "define_account",
            Event::DefineInstrument(_) => "define_instrument",
            Event::DefinePlan { .. } => "define_plan",
            Event::Fill(_) => "fill",
            Event::Funding(_) => "funding",
            Event::Lookup(_) => "lookup",
            Event::Order(_) => "order",
            Event::Position(_) => "position",
            Event::Snapshot(_) => "snapshot",
            Event::SymbolPlan { .. } => "symbol_plan",
            Event::Tick(_) => "tick",
            Event::Wake => "wake",
        }
    }
}

/// A record as it is written.
///
/// # Errors
/// [`StoreError::Other`] when it cannot be written as JSON, which no record of ours is known to do.
pub fn encode(record: &Record) -> Result<String, StoreError> {
    serde_json::to_string(record)
        .map_err(|why| StoreError::Other { file: String::new(), why: format!("a record cannot be written: {why}") })
}

/// A record as it was read.
///
/// # Errors
/// [`StoreError::Newer`] for a form that this version does not know, [`StoreError::Broken`] for a text that is no record.
pub fn decode(file: &str, sequence: u64, version: u32, text: &str) -> Result<Record, StoreError> {
    if version > VERSION {
        return Err(StoreError::Newer { file: file.to_owned(), found: version, known: VERSION });
    }
    serde_json::from_str(text).map_err(|_| StoreError::Broken { file: file.to_owned(), sequence })
}
