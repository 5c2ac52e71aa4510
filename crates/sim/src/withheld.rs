//! Executions that the venue keeps back (F-B16): the ledger has them, quantities and order statuses tell of them, but neither
//! the stream nor any list shows them until the venue gets round to it, which may be a day later.

use crate::exchange::Exchange;
use crate::report::{Fill, StreamEvent};
use crate::request::Slot;
use backstop_model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is kept back, and whose next closing will be.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Withheld {
    armed: BTreeSet<String>,
    kept: BTreeSet<u64>,
}

impl Exchange {
    /// The next execution that closes something of an account is kept back.
    pub fn withhold_next(&mut self, account: &str) {
        self.withheld.armed.insert(account.to_owned());
    }

    /// Whether an execution is kept back now.
    #[must_use]
    pub fn is_withheld(&self, fill: u64) -> bool {
        self.withheld.kept.contains(&fill)
    }

    /// The executions that are kept back now.
    pub fn withheld(&self) -> impl Iterator<Item = u64> {
        self.withheld.kept.iter().copied()
    }

    /// What was kept back is told, and nothing more is kept. Says which executions.
    pub fn tell_withheld(&mut self, now: Timestamp) -> Vec<u64> {
        self.work_until(now);
        let Withheld { kept, .. } = std::mem::take(&mut self.withheld);
        kept.iter().for_each(|id| self.tell_again(now, *id));
        kept.into_iter().collect()
    }

    /// An execution is told once more, with its order as it stands.
    pub fn tell_again(&mut self, now: Timestamp, id: u64) {
        self.work_until(now);
        let fill = self.ledger.fill(id).cloned();
        let order = fill.as_ref().and_then(|fill| self.shown(fill.order_id));
        if let (Some(fill), Some(order)) = (fill, order) {
            let account = fill.account.clone();
            let (order, fill) = (Box::new(order), Some(Box::new(fill)));
            self.publish(&account, StreamEvent::OrderUpdate { at: self.now, order, fill });
        }
    }

    /// An execution as its owner hears of it now; nothing where it is kept back.
    pub(crate) fn told_of(&mut self, fill: Fill) -> Option<Fill> {
        let is_deal = matches!(fill.slot, Slot::Deal(_));
        let closes = self.ledger.order(fill.order_id).is_some_and(|order| order.closes && !is_deal);
        if closes && self.withheld.armed.remove(&fill.account) {
            self.withheld.kept.insert(fill.id);
            return None;
        }
        Some(fill)
    }
}
