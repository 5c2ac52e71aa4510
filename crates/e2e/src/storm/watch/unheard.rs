//! Stops that have triggered and are stuck, at a venue that goes on calling them working (F-C11): where the price is back at
//! once, or was not heard, neither a read nor a price tells them from those that wait, so they count as protection in the checks
//! of coverage. Where it stays through the stop an exit follows (I28).

use crate::storm::process::Process;
use crate::storm::stage::ME;
use backstop_core::orders::OrderState;
use backstop_model::{PositionSide, Quantity};
use backstop_sim::{Kind, Order, Slot, Status};
use backstop_venues::paper::PaperVenue;

/// What is covered, and what the engine has every reason to take for covered.
pub fn and(
    covered: Quantity,
    venue: &PaperVenue,
    process: &Process,
    (slot, side, open): (Slot, PositionSide, Quantity),
) -> Quantity {
    let fired = |order: &&Order| {
        let closes = order.slot == slot && order.closes && order.place.side == side.closing();
        let stuck = matches!(order.status, Status::Triggered | Status::Triggering);
        closes && stuck && matches!(order.place.kind, Kind::StopMarket { .. })
    };
    let stops = venue.exchange().ledger().open_orders(ME).filter(fired);
    let called = |order: &&Order| is_called_working(order, venue) && is_taken_to_work(order, process);
    let each = stops.filter(called).map(|order| order.remaining().unwrap_or(open));
    each.fold(covered, |sum, one| sum.plus(one).unwrap_or(sum)).min(open)
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
