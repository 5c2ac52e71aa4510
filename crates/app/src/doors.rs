//! Whether the markets of a paper venue trade, and what its exchanges are told about it. A market without hours always does.
//!
//! A market opens with its first price: nothing is dealt at one from before the pause. It shuts when its session ends.

use crate::sessions;
use backstop_model::{Instrument, InstrumentId, Timestamp};
use backstop_runtime::Session;
use backstop_sim as sim;
use std::collections::BTreeMap;

/// The doors of all markets.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    known: BTreeMap<InstrumentId, Door>,
}

/// Whether a market trades, as the exchanges have been told.
#[derive(Clone, Copy, Debug)]
struct Door {
    open: bool,
    /// The session that runs or comes next.
    session: Option<Session>,
}

impl Doors {
    /// Whether a market trades at `now`, where a price may come; and what its exchanges have to be told of it, if that is news.
    pub(crate) fn look(&mut self, instrument: &Instrument, now: Timestamp) -> (bool, Option<sim::Session>) {
        let before = self.known.get(&instrument.id).copied();
        let runs = before.and_then(|door| door.session).filter(|session| session.ends > now);
        let next = || instrument.hours.as_deref().and_then(|hours| sessions::next(hours, now));
        let session = runs.or_else(next);
        let open = instrument.hours.is_none() || session.is_some_and(|session| session.opens <= now);
        self.known.insert(instrument.id, Door { open, session });
        let is_news = before.is_none_or(|before| before.open != open);
        (open, is_news.then_some(if open { sim::Session::Trading } else { sim::Session::Closed }))
    }

    /// The markets whose session has ended by `now` and that have not been looked at since.
    pub(crate) fn ended(&self, now: Timestamp) -> Vec<InstrumentId> {
        let ended = |door: &Door| door.open && door.session.is_some_and(|session| session.ends <= now);
        self.known.iter().filter(|(_, door)| ended(door)).map(|(id, _)| *id).collect()
    }

    /// When the next session ends of a market that trades.
    pub(crate) fn next_end(&self) -> Option<Timestamp> {
        let ends = |door: &Door| door.session.filter(|_| door.open).map(|session| session.ends);
        self.known.values().filter_map(ends).min()
    }
}

/// The first instant at `from` or later at which a market trades; nothing where none comes within two weeks.
pub(crate) fn first_open(instrument: &Instrument, from: Timestamp) -> Option<Timestamp> {
    match instrument.hours.as_deref() {
        Some(hours) => sessions::next(hours, from).map(|session| session.opens.max(from)),
        None => Some(from),
    }
}
