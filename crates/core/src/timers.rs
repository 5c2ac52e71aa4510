//! The named deadlines: every reason the core may have to be woken without an event.

use backstop_model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Why the core wants to be woken.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Deadline {
    /// A position that others have opened gets its hard stop.
    Adoption,
    /// A cancel or amend has not been heard of.
    ChangeOverdue,
    /// The loss of the day is looked at.
    DailyLoss,
    /// A fire drill waits for a price.
    Drill,
    /// The day ends, or a missed close waits for a price.
    EndOfDay,
    /// A target has been passed for long enough to take it at once.
    InstantTakeProfit,
    /// An outcome is unknown: ask.
    Lookup,
    /// The position has been unprotected for too long: alarm.
    Protection,
    /// A refused order may be tried again.
    Retry,
    /// The stop may be fitted to a smaller position.
    ResizeStop,
    /// The price has stood beyond the soft stop for long enough.
    SoftStop,
    /// The price has been through the stop and the venue is silent.
    StopBackup,
    /// The position's time is up.
    TimeLimit,
    /// The trail may move again.
    TrailMove,
}

/// The earlier one of two optional deadlines.
#[must_use]
pub fn earlier(
    one: Option<(Timestamp, Deadline)>,
    other: Option<(Timestamp, Deadline)>,
) -> Option<(Timestamp, Deadline)> {
    match (one, other) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// One deadline per position, minimum first.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    by_time: BTreeSet<(Timestamp, Deadline, u32)>,
    of_slot: Vec<Option<(Timestamp, Deadline)>>,
}

impl Timers {
    /// Replaces the deadline of a slot.
    pub fn set(&mut self, slot: u32, deadline: Option<(Timestamp, Deadline)>) {
        let index = slot as usize;
        if self.of_slot.len() <= index {
            self.of_slot.resize(index + 1, None);
        }
        if self.of_slot[index] == deadline {
            return;
        }
        if let Some((at, why)) = self.of_slot[index] {
            self.by_time.remove(&(at, why, slot));
        }
        if let Some((at, why)) = deadline {
            self.by_time.insert((at, why, slot));
        }
        self.of_slot[index] = deadline;
    }

    /// The next deadline of all.
    #[must_use]
    pub fn next(&self) -> Option<(Timestamp, Deadline)> {
        self.by_time.first().map(|&(at, why, _)| (at, why))
    }

    /// The slots whose deadline has come, ascending.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> BTreeSet<u32> {
        self.by_time.iter().take_while(|(at, ..)| *at <= now).map(|&(.., slot)| slot).collect()
    }
}
