//! Requests that others make from the same address: they use up the budget that a client has (F-I07, venues/binance.md §3).
//!
//! Nothing is counted before somebody is there. From then on every request counts, and one too many is answered 429.

use crate::exchange::Exchange;
use crate::faults::Http;
use crate::report::Reply;
use backstop_model::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Requests that an address has (venues/binance.md §3).
pub const BUDGET: usize = 300;
/// In this time.
pub const WINDOW: Span = Span::from_secs(10);

/// What is used up of the budget.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Traffic {
    own: VecDeque<Timestamp>,
    others: usize,
    until: Timestamp,
    refused: u64,
}

impl Traffic {
    fn used(&self, now: Timestamp) -> usize {
        let own = self.own.iter().filter(|at| now.since(**at) < WINDOW).count();
        if now < self.until { own + self.others } else { own }
    }
}

impl Exchange {
    /// Others use so many requests of each window, until then.
    pub fn crowd(&mut self, others: usize, until: Timestamp) {
        let traffic = self.traffic.get_or_insert_default();
        (traffic.others, traffic.until) = (others, until);
    }

    /// What is used up of the budget, as every answer says it; nothing where nobody else is there.
    #[must_use]
    pub fn used(&self) -> Option<usize> {
        self.traffic.as_ref().map(|traffic| traffic.used(self.now()))
    }

    /// How many requests were too many.
    #[must_use]
    pub fn refused_for_traffic(&self) -> u64 {
        self.traffic.as_ref().map_or(0, |traffic| traffic.refused)
    }

    /// A request arrives; what it is answered where it is one too many.
    pub(crate) fn counts(&mut self) -> Option<Reply> {
        let now = self.now();
        let traffic = self.traffic.as_mut()?;
        traffic.own.push_back(now);
        while traffic.own.front().is_some_and(|at| now.since(*at) >= WINDOW) {
            traffic.own.pop_front();
        }
        if traffic.used(now) <= BUDGET {
            return None;
        }
        traffic.refused += 1;
        let Http { status, body, retry_after, .. } = Http::limited_429(WINDOW);
        Some(Reply::HttpError { status, body, retry_after })
    }
}
