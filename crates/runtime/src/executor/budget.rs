//! How many requests an account has, and what of them is spent: what has left here, and what the venue says (F-I07, I19).
//!
//! Others on the same address use up the same budget. What they have used is what the venue tells beyond one's own; it counts until
//! a window after it was told, or until it is told anew. What they leave is shared as the whole is: nobody who asks for nothing any more
//! sees what becomes of his stops. Where they leave nothing, what protects or takes back is tried once a second all the same: what was
//! told may be over by now, and a request too many costs less than a position without a stop.

use backstop_model::{Lane, Span, Timestamp};
use std::collections::VecDeque;

/// How many requests a venue takes in how long.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Requests.
    pub requests: usize,
    /// In this time.
    pub window: Span,
}

impl Budget {
    /// How many of those that others leave may be of a lane, or more urgent: what protects can always leave.
    const fn limit(&self, lane: Lane, others: usize) -> usize {
        let left = self.requests.saturating_sub(others);
        match lane {
            Lane::Protect | Lane::Cancel => left,
            Lane::Reconcile | Lane::Profit => left * 7 / 10,
        }
    }
}

impl Default for Budget {
    /// 300 orders in 10 s (venues/binance.md §3).
    fn default() -> Self {
        Self { requests: 300, window: Span::from_secs(10) }
    }
}

/// So far apart are the requests that protect or take back where others leave no room.
const TRIED_EVERY: Span = Span::from_secs(1);

/// What of it is spent.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// When requests have left here.
    own: VecDeque<Timestamp>,
    /// How many are others', and until when that counts.
    others: Option<(usize, Timestamp)>,
}

impl Spent {
    /// One more leaves.
    pub(super) fn spend(&mut self, now: Timestamp) {
        self.own.push_back(now);
    }

    /// The venue says that so many are used up.
    pub(super) fn told(&mut self, now: Timestamp, used: usize, budget: Budget) {
        self.forget(now, budget);
        let others = used.saturating_sub(self.own.len());
        self.others = (others > 0).then(|| (others, now.plus(budget.window)));
    }

    /// Whether a lane may spend one more.
    pub(super) fn affords(&mut self, lane: Lane, now: Timestamp, budget: Budget) -> bool {
        self.forget(now, budget);
        let is_tried = self.tried_at(lane, budget).is_some_and(|at| now >= at);
        is_tried || self.own.len() < budget.limit(lane, self.others.map_or(0, |(others, _)| others))
    }

    /// From when on what protects or takes back is tried although others leave no room: only where there would be room without them.
    fn tried_at(&self, lane: Lane, budget: Budget) -> Option<Timestamp> {
        let is_alone_in_room = lane <= Lane::Cancel && self.own.len() < budget.requests;
        let last = self.own.back().map_or(Timestamp::EPOCH, |last| last.plus(TRIED_EVERY));
        is_alone_in_room.then_some(last)
    }

    /// When it may: what waits for that is not due before.
    pub(super) fn affords_at(&self, lane: Lane, budget: Budget) -> Option<Timestamp> {
        let alone = self.has_room(budget.limit(lane, 0), budget);
        let Some((others, until)) = self.others else { return alone };
        let without = until.max(alone.unwrap_or(until));
        let without = self.tried_at(lane, budget).map_or(without, |tried| tried.min(without));
        match budget.limit(lane, others) {
            0 => Some(without),
            left => self.has_room(left, budget).map(|beside| beside.min(without)),
        }
    }

    /// When fewer than so many of one's own are left in the window; nothing where they are now.
    fn has_room(&self, most: usize, budget: Budget) -> Option<Timestamp> {
        let oldest = self.own.len().checked_sub(most)?;
        self.own.get(oldest).map(|at| at.plus(budget.window))
    }

    fn forget(&mut self, now: Timestamp, budget: Budget) {
        while self.own.front().is_some_and(|at| now.since(*at) >= budget.window) {
            self.own.pop_front();
        }
        self.others = self.others.filter(|(_, until)| now < *until);
    }
}
