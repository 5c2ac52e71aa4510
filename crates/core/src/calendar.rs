//! When days and sessions end. A close that has come is noticed by every position before the next one is put in its place,
//! so that none is lost to a machine that was off at the time.

use crate::engine::{Engine, Turn};
use crate::exits::end_of_day::SessionEnd;
use backstop_model::plan::CloseAt;
use backstop_model::{InstrumentId, Timestamp};

impl Engine {
    pub(crate) fn next_close(&mut self, close_at: &CloseAt, at: Timestamp, turn: &mut Turn) {
        if self.closes.iter().any(|(known, when)| (known, *when) == (close_at, at)) {
            return;
        }
        self.all_look(turn, |_| true);
        let over = self.closes.iter().find(|(known, at)| known == close_at && *at <= turn.now).cloned();
        if let Some(over) = over {
            self.closed.retain(|(known, _)| known != close_at);
            self.closed.push(over);
        }
        self.closes.retain(|(known, _)| known != close_at);
        self.closes.push((close_at.clone(), at));
        turn.changed = true;
        // Their deadlines follow.
        self.all_look(turn, |_| true);
    }

    pub(crate) fn session_ends(&mut self, instrument: InstrumentId, ends: SessionEnd, turn: &mut Turn) {
        let known = self.markets.get(instrument.index()).is_none_or(|market| market.session_ends == Some(ends));
        if known {
            return;
        }
        self.all_look(turn, |of| of == instrument);
        let market = &mut self.markets[instrument.index()];
        market.session_ended = market.session_ends.filter(|before| before.at <= turn.now).or(market.session_ended);
        market.session_ends = Some(ends);
        turn.changed = true;
        self.all_look(turn, |of| of == instrument);
    }

    fn all_look(&mut self, turn: &mut Turn, of: impl Fn(InstrumentId) -> bool) {
        let slots: Vec<u32> = self.slots.iter().filter(|(key, _)| of(key.instrument)).map(|(_, slot)| *slot).collect();
        slots.into_iter().for_each(|slot| self.with(slot, turn, |_, _, _| Ok(())));
    }
}
