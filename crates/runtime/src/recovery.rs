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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;
    use crate::cycle::tests::definitions;
    use backstop_model::{Account, AccountId, Snapshot};
    use backstop_store::Record;

    /// Which account was read at which second.
    type Read = (u32, i64);

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000).unwrap()
    }

    /// A journal of two accounts that were read then, and whose last record is of the twenty-thousandth second.
    fn journal(reads: &[Read]) -> Loaded {
        let mut events: Vec<(i64, Event)> = definitions().into_iter().map(|event| (0, event)).collect();
        let second = |(_, event): &(i64, Event)| match event {
            Event::DefineAccount(account) => Some(Account { id: AccountId(1), ..(**account).clone() }),
            _ => None,
        };
        let second = events.iter().find_map(second).unwrap();
        events.push((0, Event::DefineAccount(Box::new(second))));
        events.extend(reads.iter().map(|(account, at)| {
            let (positions, orders, fills) = (Vec::new(), Vec::new(), Vec::new());
            let (account, server_time) = (AccountId(*account), seconds(*at));
            (*at, Event::Snapshot(Snapshot { account, positions, orders, fills, server_time, balance: None }))
        }));
        events.push((20_000, definitions().pop().unwrap()));
        let record = |(sequence, (at, event)): (u64, (i64, Event))| Record {
            sequence,
            at: seconds(at),
            event,
            market: Vec::new(),
            commands: Vec::new(),
            notices: Vec::new(),
            fingerprint: None,
        };
        let tail: Vec<Record> = (1..).zip(events).map(record).collect();
        let last_sequence = tail.len() as u64;
        Loaded { checkpoint: None, tail, last_sequence, warnings: Vec::new() }
    }

    #[test]
    fn executions_are_read_again_from_an_hour_before_the_account_that_was_read_longest_ago() {
        // F-B01, I34: what the stream has told of since says nothing of what was executed before it.
        let recovered = recover(journal(&[(0, 8_000), (1, 9_000), (0, 12_000)]));
        assert_eq!((recovered.at, recovered.known_until), (seconds(20_000), seconds(9_000 - 3_600)));
        assert_eq!(recover(journal(&[(0, 100), (1, 200)])).known_until, Timestamp::EPOCH, "there is nothing before");
    }

    #[test]
    fn while_an_account_has_never_been_read_everything_that_was_executed_is_read_again() {
        for reads in [&[][..], &[(0, 8_000)], &[(1, 8_000)]] {
            assert_eq!(recover(journal(reads)).known_until, Timestamp::EPOCH, "{reads:?}");
        }
    }
}
