//! Coming back: a checkpoint, the journal's tail through the same core, then every request under way in doubt.
//!
//! Replayed commands are compared with the recorded ones and not sent (I20). What became of them is asked of the venue
//! by the ordinary questions about unknown outcomes.

use backstop_core::Engine;
use backstop_model::{Event, Span, Stamped, Timestamp};
use backstop_store::Loaded;

/// What was executed shortly before the account was last read may have been missing in it: the hour before is read again.
const READ_AGAIN: Span = Span::from_secs(-3_600);

/// What was found.
pub struct Recovered {
    /// The engine as it was.
    pub engine: Engine,
    /// The number of the last record.
    pub sequence: u64,
    /// The time of the last record.
    pub at: Timestamp,
    /// What was executed before then is known; what comes after is to be read again.
    pub known_until: Timestamp,
    /// To be handed in first: unknown outcomes of everything that was under way.
    pub doubts: Vec<Event>,
    /// What people should know, for example that a replay decided differently.
    pub warnings: Vec<String>,
}

/// Rebuilds the engine from what the store holds.
#[must_use]
pub fn recover(loaded: Loaded) -> Recovered {
    let mut warnings = loaded.warnings;
    let saved = loaded.checkpoint.as_ref().map(|checkpoint| Engine::read(&checkpoint.state));
    let mut engine = match saved {
        Some(Ok(engine)) => engine,
        Some(Err(why)) => {
            warnings.push(format!("the checkpoint cannot be read ({why}); the journal is replayed from its tail only"));
            Engine::new()
        }
        None => Engine::new(),
    };
    let mut at = Timestamp::EPOCH;
    for record in &loaded.tail {
        let stamped = Stamped { sequence: record.sequence, at: record.at, event: record.event.clone() };
        let step = engine.replay(&stamped, &record.market);
        if step.commands != record.commands {
            warnings.push(format!(
                "record {} decides differently now than it did then: this version's rules differ",
                record.sequence
            ));
        }
        at = record.at;
    }
    let at = at.max(engine.last_event_at());
    let doubts = engine.doubt_in_flight(at);
    // An account that this journal has never read may have had another one before it: nothing of it is known. What a stream has
    // told of since the last full read says nothing of what was executed before it (F-B01).
    let known_until = engine.all_read_at().map_or(Timestamp::EPOCH, |read| read.plus(READ_AGAIN).max(Timestamp::EPOCH));
    Recovered { engine, sequence: loaded.last_sequence, at, known_until, doubts, warnings }
}
