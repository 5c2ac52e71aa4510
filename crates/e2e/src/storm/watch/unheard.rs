//! Stops that have triggered while nobody was there and are stuck, at a venue that goes on calling them working (F-C11): neither
//! a read nor a price tells them from one that waits, so they count as protection in the checks of coverage.

use crate::storm::process::Process;
use crate::storm::stage::{ACCOUNT, ME};
use backstop_core::orders::OrderState;
use backstop_model::{Permit, PositionSide, Quantity};
use backstop_sim::{Kind, Order, Slot, Status};
use backstop_venues::paper::PaperVenue;
use std::collections::BTreeSet;

/// By the venue's ids.
#[derive(Debug, Default)]
pub struct Unheard {
    fired: BTreeSet<u64>,
    alone: BTreeSet<u64>,
}

impl Unheard {
    /// After every step.
    pub fn look(&mut self, now: backstop_model::Timestamp, venue: &PaperVenue, process: &Process) {
        let engine = process.engine().filter(|engine| engine.permitted(ACCOUNT) != Permit::Observe);
        let listens = engine.is_some() && process.acts(now);
        let fired = |order: &&Order| matches!(order.status, Status::Triggered | Status::Triggering);
        let now_fired = venue.exchange().ledger().open_orders(ME).filter(fired).map(|order| order.id);
        let now_fired: BTreeSet<u64> = now_fired.collect();
        self.alone.retain(|id| now_fired.contains(id));
        if !listens {
            self.alone.extend(now_fired.difference(&self.fired));
        }
        self.fired = now_fired;
    }

    /// What is covered, and what the engine has every reason to take for covered.
    pub fn and(
        &self,
        covered: Quantity,
        venue: &PaperVenue,
        process: &Process,
        (slot, side, open): (Slot, PositionSide, Quantity),
    ) -> Quantity {
        if self.alone.is_empty() {
            return covered;
        }
        let is_stop = |order: &&Order| {
            let closes = order.slot == slot && order.closes && order.place.side == side.closing();
            closes && matches!(order.place.kind, Kind::StopMarket { .. }) && self.alone.contains(&order.id)
        };
        let stops = venue.exchange().ledger().open_orders(ME).filter(is_stop);
        let called = |order: &&Order| is_called_working(order, venue) && is_taken_to_work(order, process);
        let each = stops.filter(called).map(|order| order.remaining().unwrap_or(open));
        each.fold(covered, |sum, one| sum.plus(one).unwrap_or(sum)).min(open)
    }
}

/// Most venues say of a stop that it has triggered; what such a one says is no excuse.
fn is_called_working(order: &Order, venue: &PaperVenue) -> bool {
    let view = venue.exchange().view(ME, venue.exchange().now());
    let orders = view.into_iter().flat_map(|view| view.orders);
    orders.filter(|told| told.order_id == order.id).all(|told| told.status == Status::New)
}

fn is_taken_to_work(order: &Order, process: &Process) -> bool {
    let positions = process.engine().into_iter().flat_map(backstop_core::Engine::positions);
    let mut same =
        positions.flat_map(|position| &position.orders).filter(|own| own.id.as_str() == order.place.client_id);
    same.any(|own| matches!(own.state, OrderState::Working { .. }))
}
