//! A world in which every position looks once more after each event, at the same instant and at the same prices, as a replay makes it
//! look at prices that nothing waited for. Nothing may come of it (I20): what is decided depends on what is known, not on how often it
//! is looked at.

use super::World;
use crate::builders::tick;
use backstop_model::{Event, Prices, Stamped};

/// Accounts, instruments and plans come one after the other, and nothing in between.
pub(super) const fn is_told_in_parts(event: &Event) -> bool {
    matches!(event, Event::DefineAccount(_) | Event::DefineInstrument(_) | Event::DefinePlan { .. })
}

impl World {
    pub(super) fn look_again(&mut self) {
        self.engine = std::mem::take(&mut self.engine).exhaustive();
        self.sequence += 1;
        let event = tick(Prices::default(), true);
        self.take_in(Stamped { sequence: self.sequence, at: self.now, event });
    }
}
