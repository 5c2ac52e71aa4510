//! One record of the journal: an event that changed something, the prices it was decided on, and what was decided.
//!
//! It is written as JSON in an envelope that says its form. Each form this version can read has its own function here;
//! a change of the form adds one and leaves the others alone, so that older journals stay readable (F-M12).

use crate::StoreError;
use backstop_model::{Command, Event, InstrumentId, MarketView, Notice, Timestamp};
use serde::{Deserialize, Serialize};

/// The form this version writes. Older forms stay readable; a newer one is refused.
pub const VERSION: u32 = 1;

/// An event that changed something.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// Counts up by one per record, from 1.
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
            Event::BreakEven { .. } => "break_even",
            Event::CancelEntry { .. } => "cancel_entry",
            Event::Candles { .. } => "candles",
            Event::Close { .. } => "close",
            Event::ClosePart { .. } => "close_part",
            Event::DefineAccount(_) => "define_account",
            Event::DefineInstrument(_) => "define_instrument",
            Event::DefinePlan { .. } => "define_plan",
            Event::Depth(_) => "depth",
            Event::Drill { .. } => "drill",
            Event::Enter(_) => "enter",
            Event::Fill(_) => "fill",
            Event::Funding(_) => "funding",
            Event::Lookup(_) => "lookup",
            Event::MarginCall(_) => "margin_call",
            Event::Mode(_) => "mode",
            Event::NextClose { .. } => "next_close",
            Event::Order(_) => "order",
            Event::Pause { .. } => "pause",
            Event::Permit { .. } => "permit",
            Event::Position(_) => "position",
            Event::SessionEnds { .. } => "session_ends",
            Event::Snapshot(_) => "snapshot",
            Event::SymbolPlan { .. } => "symbol_plan",
            Event::Annulled(_) => "annulled",
            Event::Tick(_) => "tick",
            Event::Wake => "wake",
        }
    }
}

/// A record as it is written: the form first, then the record's own fields.
///
/// # Errors
/// [`StoreError::Other`] when it cannot be written as JSON, which no record of ours is known to do.
pub fn encode(record: &Record) -> Result<String, StoreError> {
    serde_json::to_string(&Envelope { version: VERSION, record }).map_err(|why| StoreError::Other {
        file: format!("record {}", record.sequence),
        why: format!("it cannot be written as JSON: {why}"),
    })
}

/// A record as it was read from `file`, where it stands under `sequence` in the form `version`.
///
/// # Errors
/// [`StoreError::Newer`] for a form that this version does not know, [`StoreError::Broken`] for a text that is no record.
pub fn decode(file: &str, sequence: u64, version: u32, text: &str) -> Result<Record, StoreError> {
    let broken = || StoreError::Broken { file: file.to_owned(), sequence };
    match version {
        1 => form_1(text).map_err(|_| broken()),
        newer if newer > VERSION => Err(StoreError::Newer { file: file.to_owned(), found: newer, known: VERSION }),
        _ => Err(broken()),
    }
}

/// What is written.
#[derive(Serialize)]
struct Envelope<'r> {
    version: u32,
    #[serde(flatten)]
    record: &'r Record,
}

/// Form 1 is the record itself; the version beside its fields is for those who look at the text alone.
fn form_1(text: &str) -> serde_json::Result<Record> {
    serde_json::from_str(text)
}
