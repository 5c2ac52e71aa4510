//! What the engine shows of its orders, against the venue's, when all has come to rest (I38).

use super::{Found, State, is_ours};
use crate::storm::process::Process;
use crate::storm::stage::ME;
use backstop_core::orders::OrderState;
use backstop_model::{ClientOrderId, Quantity, Span, Timestamp};
use backstop_sim::{Kind, Order, Status};
use backstop_venues::paper::PaperVenue;

/// `T_see` of what happens at rest.
const HEARD_WITHIN: Span = Span::from_secs(3);

/// Every order of ours that waits at the venue is known, and every one believed to wait there does.
/// What was executed a moment ago may still be on its way to be heard.
pub fn orders(now: Timestamp, venue: &PaperVenue, process: &Process, state: &State, found: &mut Found) {
    let Some(engine) = process.engine() else { return };
    let ledger = venue.exchange().ledger();
    if ledger.fills().last().is_some_and(|fill| now.since(fill.at) < HEARD_WITHIN) {
        return;
    }
    let ours = || engine.positions().flat_map(|position| &position.orders);
    for order in ours().filter(|order| matches!(order.state, OrderState::Working { change: None })) {
        // Levels of deals are no orders of the venue's.
        let mut theirs = ledger.orders_of(ME, order.id.as_str()).peekable();
        let stands = |theirs: &Order| theirs.is_open() || is_fresh(now, theirs);
        if theirs.peek().is_some() && !theirs.any(stands) {
            found.push(("I38", format!("{} is over, the engine takes it to work", order.id)));
        }
    }
    let waits = ledger.open_orders(ME).filter(|order| order.closes && order.status == Status::New);
    for order in waits.filter(|order| is_ours(&order.place.client_id)) {
        let id = ClientOrderId::new(&order.place.client_id).ok();
        let is_known = ours().any(|own| Some(own.id) == id && own.is_live());
        if !is_known && !state.journal_lost {
            found.push(("I38", format!("{} rests, the engine does not know it", order.place.client_id)));
        }
    }
}

/// It has changed a moment ago, as when the venue's system cancels what it has accepted a while before (F-C06): that is still
/// on its way to be heard.
fn is_fresh(now: Timestamp, order: &Order) -> bool {
    order.history.last().is_some_and(|change| now.since(change.at) < HEARD_WITHIN)
}

/// F-D09: stops beyond the price that the venue liquidates at protect nothing, wherever margin has gone meanwhile.
pub fn stops_come_before_liquidation(venue: &PaperVenue, state: &State, found: &mut Found) {
    let exchange = venue.exchange();
    let Some(view) = exchange.view(ME, exchange.now()) else { return };
    for position in view.positions.iter().filter(|_| !state.settled) {
        let (Some(liquidation), side, open) = (position.liquidation, position.side, position.quantity) else {
            continue;
        };
        let of_it = |order: &&Order| order.slot == position.slot && order.place.side == side.closing() && order.closes;
        let stops = exchange.ledger().open_orders(ME).filter(of_it);
        let stops = stops.filter(|order| matches!(order.place.kind, Kind::StopMarket { .. }) && order.is_waiting());
        let (before, beyond): (Vec<&Order>, Vec<&Order>) =
            stops.partition(|order| order.place.kind.trigger().is_some_and(|level| side.is_better(level, liquidation)));
        let sum = |stops: &[&Order]| {
            let each = stops.iter().map(|order| order.remaining().unwrap_or(open));
            each.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(sum))
        };
        if sum(&before) < open && !beyond.is_empty() && sum(&[before, beyond].concat()) >= open {
            found.push(("I25", format!("stops stand beyond {liquidation}, where the venue liquidates {open} {side}")));
        }
    }
}
