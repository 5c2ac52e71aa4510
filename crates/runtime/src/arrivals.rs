//! Entries after a start from a journal that may have lost its end (F-M13): what an earlier process has sent may still be on
//! its way, and no question finds what has not arrived (R3, R4). So a new entry waits until nothing can arrive any more and
//! the account has been read once after that; then what did arrive is known by its id, and the same request is not sent twice
//! (I5, docs/decisions/0018). Exits do not wait: they only reduce. Whether records may be lost is not known here.

use backstop_core::Engine;
use backstop_model::{AccountId, Event, Span, Timestamp};
use std::collections::BTreeSet;

/// Clocks differ, and a venue looks at the time before it executes.
const MARGIN: Span = Span::from_secs(1);

/// What may still arrive.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// Whether anything may have been sent that nobody knows of.
    pub awaited: bool,
    started_at: Option<Timestamp>,
    /// Accounts that have been read after everything had arrived.
    settled: BTreeSet<AccountId>,
}

impl Arrivals {
    /// Listens to reads; the first event of all is the start.
    pub fn hear(&mut self, now: Timestamp, event: &Event, engine: &Engine) {
        self.started_at.get_or_insert(now);
        if let Event::Snapshot(snapshot) = event
            && self.all_by(snapshot.account, engine).is_some_and(|by| by < now.min(snapshot.server_time))
        {
            self.settled.insert(snapshot.account);
        }
    }

    /// By when everything that was sent before has arrived, where that is still to be seen.
    #[must_use]
    pub fn all_by(&self, account: AccountId, engine: &Engine) -> Option<Timestamp> {
        let validity = engine.accounts().find(|known| known.id == account)?.capability.request_validity;
        let waits = self.awaited && !self.settled.contains(&account);
        self.started_at.filter(|_| waits).map(|at| at.plus(validity).plus(MARGIN))
    }

    /// How long a new entry has to wait, at least; none when it may go.
    #[must_use]
    pub fn wait(&self, now: Timestamp, account: AccountId, engine: &Engine) -> Option<Span> {
        let by = self.all_by(account, engine)?;
        Some(by.since(now).max(MARGIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::tests::definitions;
    use backstop_model::{Snapshot, Stamped};

    const ACCOUNT: AccountId = AccountId(0);

    fn second(second: i64) -> Timestamp {
        Timestamp::EPOCH.plus(Span::from_secs(second))
    }

    fn engine() -> Engine {
        let mut engine = Engine::new();
        for (sequence, event) in (1..).zip(definitions()) {
            engine.handle(&Stamped { sequence, at: second(0), event });
        }
        engine
    }

    fn read(server_time: Timestamp) -> Event {
        let (positions, orders, fills) = (vec![], vec![], vec![]);
        Event::Snapshot(Snapshot { account: ACCOUNT, positions, orders, fills, server_time, balance: None })
    }

    #[test]
    fn an_entry_waits_for_a_read_after_the_last_moment_at_which_an_earlier_one_can_arrive() {
        let engine = engine();
        let mut arrivals = Arrivals { awaited: true, ..Arrivals::default() };
        arrivals.hear(second(100), &Event::Wake, &engine);
        let by = arrivals.all_by(ACCOUNT, &engine).unwrap_or_default();
        assert!(by > second(101), "{by:?}");
        assert_eq!(arrivals.wait(second(100), ACCOUNT, &engine), Some(by.since(second(100))));
        for (at, told) in [(by, by), (by.plus(MARGIN), by), (by, by.plus(MARGIN))] {
            arrivals.hear(at, &read(told), &engine);
            assert!(arrivals.wait(at, ACCOUNT, &engine).is_some(), "read at {at:?} as of {told:?}");
        }
        arrivals.hear(by.plus(MARGIN), &read(by.plus(MARGIN)), &engine);
        assert_eq!(arrivals.wait(by.plus(MARGIN), ACCOUNT, &engine), None);
    }

    #[test]
    fn with_a_whole_journal_nothing_is_waited_for() {
        let engine = engine();
        let mut arrivals = Arrivals::default();
        arrivals.hear(second(100), &Event::Wake, &engine);
        assert_eq!(arrivals.wait(second(100), ACCOUNT, &engine), None);
    }
}
