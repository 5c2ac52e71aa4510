//! What a bug remembers from one moment to the next.

use backstop_core::orders::{Leg, Named};
use backstop_model::{
    ClientOrderId, Command, Event, NewOrder, OrderKind, OrderQuantity, OrderReport, Price, Prices, Quantity, Span,
    Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// The notes of one bug in one life.
#[derive(Debug, Default)]
pub struct Notes {
    /// What it counts.
    pub count: u32,
    /// How often the process has been started.
    pub starts: u32,
    /// When that was last.
    pub started_at: Timestamp,
    /// Orders it has an eye on.
    pub ids: BTreeSet<ClientOrderId>,
    /// What orders were first for.
    pub quantities: Vec<(ClientOrderId, Quantity)>,
    /// Orders as they left.
    pub orders: BTreeMap<ClientOrderId, NewOrder>,
    /// Orders as they were last told of.
    pub reports: BTreeMap<ClientOrderId, OrderReport>,
    /// The newest prices.
    pub prices: Option<Prices>,
    /// When it last let something pass.
    pub at: Option<Timestamp>,
    /// Commands that leave later, under the epoch of when they were kept.
    pub(super) kept: Vec<(Timestamp, Command, Option<u64>)>,
    /// Events that are heard later.
    pub(super) unsaid: Vec<(Timestamp, Event)>,
    /// Of the process, when something is kept.
    pub(super) epoch: Option<u64>,
}

impl Notes {
    /// Lets a command leave then.
    pub fn keep(&mut self, until: Timestamp, command: Command) {
        self.kept.push((until, command, self.epoch));
    }

    /// Lets an event be heard then.
    pub fn say(&mut self, at: Timestamp, event: Event) {
        self.unsaid.push((at, event));
    }

    /// Counts one more.
    pub const fn next(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    /// The process was started again, and not so long ago.
    pub fn has_restarted(&self, now: Timestamp, within: Span) -> bool {
        self.starts > 1 && now < self.started_at.plus(within)
    }
}

/// What an order is for, if it is an exit of ours.
pub fn leg_of(id: &ClientOrderId) -> Option<Leg> {
    Named::read(id).map(|named| named.leg)
}

/// The order that a command places for this kind of leg.
pub fn placed(command: &Command, is: fn(Leg) -> bool) -> Option<NewOrder> {
    let Command::Place(order) = command else { return None };
    leg_of(&order.id).is_some_and(is).then_some(*order)
}

/// Stops.
pub fn is_stop(leg: Leg) -> bool {
    leg.is_stop()
}

/// Resting targets.
pub fn is_target(leg: Leg) -> bool {
    matches!(leg, Leg::Target(_))
}

/// Exits at market.
pub fn is_market(leg: Leg) -> bool {
    leg.takes_at_once()
}

/// The same order for another quantity.
pub fn resized(order: NewOrder, mut to: impl FnMut(Quantity) -> Option<Quantity>) -> NewOrder {
    let OrderQuantity::Exact(quantity) = order.quantity else { return order };
    NewOrder { quantity: OrderQuantity::Exact(to(quantity).unwrap_or(quantity)), ..order }
}

/// The same order at another price.
pub fn repriced(order: NewOrder, to: impl Fn(Price) -> Option<Price>) -> NewOrder {
    let mut kind = order.kind;
    match &mut kind {
        OrderKind::Limit { price, .. } => *price = to(*price).unwrap_or(*price),
        OrderKind::StopMarket(trigger) | OrderKind::TakeProfitMarket(trigger) => {
            trigger.price = to(trigger.price).unwrap_or(trigger.price);
        }
        OrderKind::Market | OrderKind::TrailingStop { .. } => {}
    }
    NewOrder { kind, ..order }
}

/// The same order so many revisions later.
pub fn revised(order: NewOrder, by: u16) -> NewOrder {
    let named = Named::read(&order.id).map(|named| Named { revision: named.revision.saturating_add(by), ..named });
    NewOrder { id: named.map_or(order.id, |named| named.id()), ..order }
}
