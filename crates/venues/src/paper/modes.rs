//! How each account keeps its positions, as far as the exchange has said so (F-D07).
//!
//! The words of an order follow from the mode, and some venues carry words of the other mode out as something else
//! (venues/bitget.md §15). So it is taken from everything that arrives, and never looked up where only the exchange itself
//! could look. What is told late is about a time before the switch: it counts only if it is newer than what is known.

use backstop_model::{AccountId, PositionMode, Timestamp};
use backstop_sim as sim;
use sim::StreamEvent;
use std::collections::BTreeMap;

/// What is believed of every account.
#[derive(Debug, Default)]
pub(super) struct Modes {
    of: BTreeMap<AccountId, Believed>,
}

/// What is believed of one.
#[derive(Clone, Copy, Debug)]
struct Believed {
    /// What it was opened in: all that is known at a start.
    opened: PositionMode,
    mode: PositionMode,
    /// The newest instant at which it was seen to be so.
    seen_at: Timestamp,
}

impl Modes {
    /// An account in the mode it was opened in.
    pub fn open(&mut self, account: AccountId, opened: PositionMode, at: Timestamp) {
        self.of.insert(account, Believed { opened, mode: opened, seen_at: at });
    }

    /// An account is in this mode, as is remembered elsewhere.
    pub fn remember(&mut self, account: AccountId, mode: PositionMode) {
        if let Some(known) = self.of.get_mut(&account) {
            known.mode = mode;
        }
    }

    /// Those of a client that starts again: what was told before is about a time before that.
    pub fn restarted(mut self, at: Timestamp) -> Self {
        for known in self.of.values_mut() {
            (known.mode, known.seen_at) = (known.opened, at);
        }
        self
    }

    /// The mode that orders of an account are worded for.
    pub fn of(&self, account: AccountId) -> PositionMode {
        self.of.get(&account).map_or(PositionMode::OneWay, |known| known.mode)
    }

    /// Takes in how positions were kept at an instant; the mode where it is news. Deals are never anything else.
    pub fn learn(&mut self, account: AccountId, (at, mode): (Timestamp, PositionMode)) -> Option<PositionMode> {
        let known = self.of.get_mut(&account)?;
        if at < known.seen_at || known.mode == PositionMode::PerDeal {
            return None;
        }
        known.seen_at = at;
        let is_news = known.mode != mode;
        known.mode = mode;
        is_news.then_some(mode)
    }
}

/// How positions were kept when this was true: what a word of the stream shows by the slot it speaks of, or says.
pub(super) fn shown_by_stream(event: &StreamEvent) -> Option<(Timestamp, PositionMode)> {
    match event {
        StreamEvent::ConfigUpdate { at, mode, .. } => Some((*at, (*mode)?)),
        StreamEvent::FundingFee(payment) => Some((payment.at, of_slot(payment.slot)?)),
        StreamEvent::MarginCall { positions, .. } => positions.iter().filter_map(of_position).max_by_key(|(at, _)| *at),
        StreamEvent::OrderUpdate { order, .. } => Some(of_order(order)),
        StreamEvent::PositionUpdate { position, .. } => of_position(position),
        StreamEvent::TradeAnnulled { fill, .. } => of_fill(fill),
        StreamEvent::Confirm(_) | StreamEvent::DealUpdate(_) => None,
    }
}

/// The same for an answer. That to the question itself is told in any case.
pub(super) fn shown_by_answer(reply: &sim::Reply) -> Option<(Timestamp, PositionMode)> {
    let sim::Reply::Result(answer) = reply else { return None };
    match answer {
        sim::Answer::Fills(fills) => fills.iter().filter_map(of_fill).max_by_key(|(at, _)| *at),
        sim::Answer::Order(order) => Some(of_order(order)),
        sim::Answer::Snapshot(view) => Some((view.at, view.mode)),
        sim::Answer::Accepted { .. }
        | sim::Answer::Confirm(_)
        | sim::Answer::Mode(_)
        | sim::Answer::Received { .. }
        | sim::Answer::Revoked
        | sim::Answer::Rules(_) => None,
    }
}

fn of_order(order: &sim::OrderView) -> (Timestamp, PositionMode) {
    let mode = if order.position_side.is_some() { PositionMode::Hedge } else { PositionMode::OneWay };
    (order.updated_at, mode)
}

fn of_fill(fill: &sim::Fill) -> Option<(Timestamp, PositionMode)> {
    Some((fill.at, of_slot(fill.slot)?))
}

fn of_position(position: &sim::PositionView) -> Option<(Timestamp, PositionMode)> {
    Some((position.updated_at, of_slot(position.slot)?))
}

const fn of_slot(slot: sim::Slot) -> Option<PositionMode> {
    match slot {
        sim::Slot::Both => Some(PositionMode::OneWay),
        sim::Slot::Deal(_) => None,
        sim::Slot::Long | sim::Slot::Short => Some(PositionMode::Hedge),
    }
}
