//! The exchange's answers and events become Backstop's. What names nothing we know is left out.

use super::Names;
use backstop_model::order::Fee;
use backstop_model::{
    AccountId, ClientOrderId, Event, Fill, FillCause, FillId, Funding, Liquidity, OrderReport, OrderStatus,
    PositionKey, PositionReport, Quantity, Snapshot, Trigger, VenueOrderId,
};
use backstop_sim as sim;

pub(super) fn venue_id(id: u64) -> Option<VenueOrderId> {
    VenueOrderId::new(&id.to_string()).ok()
}

pub(super) fn stream(names: &Names, account: &str, event: sim::StreamEvent, events: &mut Vec<Event>) {
    let Some(account) = names.account(account) else { return };
    match event {
        // The paper venue keeps no deals, so that nothing is ever told of one.
        sim::StreamEvent::ConfigUpdate { .. } | sim::StreamEvent::Confirm(_) | sim::StreamEvent::DealUpdate(_) => {}
        sim::StreamEvent::FundingFee(payment) => {
            let Some(instrument) = names.instrument(&payment.symbol) else { return };
            let position_side = payment.slot.position_side();
            events.push(Event::Funding(Funding {
                account,
                instrument,
                position_side,
                deal: None,
                amount: payment.amount,
                at: payment.at,
            }));
        }
        sim::StreamEvent::OrderUpdate { order: view, fill: execution, .. } => {
            // The execution first: the status that follows speaks of it.
            events.extend(execution.and_then(|execution| fill(names, &execution)).map(Event::Fill));
            events.extend(order(names, account, &view).map(Event::Order));
        }
        sim::StreamEvent::PositionUpdate { position, .. } => {
            events.extend(position_reports(names, account, &position).into_iter().map(Event::Position))
        }
    }
}

pub(super) fn order(names: &Names, account: AccountId, view: &sim::OrderView) -> Option<OrderReport> {
    let trigger = match view.kind {
        sim::Kind::StopMarket { trigger, source } | sim::Kind::TakeProfitMarket { trigger, source } => {
            Some(Trigger { price: trigger, source })
        }
        sim::Kind::Limit { .. } | sim::Kind::Market | sim::Kind::Trailing { .. } => None,
    };
    let limit = match view.kind {
        sim::Kind::Limit { price, .. } => Some(price),
        sim::Kind::Market
        | sim::Kind::StopMarket { .. }
        | sim::Kind::TakeProfitMarket { .. }
        | sim::Kind::Trailing { .. } => None,
    };
    Some(OrderReport {
        account,
        instrument: names.instrument(&view.symbol)?,
        id: ClientOrderId::new(&view.client_id).ok(),
        venue_id: venue_id(view.order_id)?,
        deal: None,
        side: view.side,
        status: status(view.status),
        quantity: view.quantity,
        filled: view.executed,
        trigger,
        limit,
        at: view.updated_at,
    })
}

const fn status(status: sim::Status) -> OrderStatus {
    match status {
        sim::Status::New | sim::Status::PartiallyFilled => OrderStatus::Working,
        sim::Status::Canceled => OrderStatus::Canceled,
        sim::Status::Expired => OrderStatus::Expired,
        sim::Status::Filled => OrderStatus::Filled,
        sim::Status::Rejected => OrderStatus::Rejected,
        sim::Status::Triggered | sim::Status::Triggering => OrderStatus::Triggered,
    }
}

pub(super) fn fill(names: &Names, fill: &sim::Fill) -> Option<Fill> {
    Some(Fill {
        account: names.account(&fill.account)?,
        instrument: names.instrument(&fill.symbol)?,
        id: FillId::new(&fill.id.to_string()).ok()?,
        order: ClientOrderId::new(&fill.client_id).ok(),
        venue_order: venue_id(fill.order_id)?,
        side: fill.side,
        position_side: fill.slot.position_side(),
        deal: None,
        price: fill.price,
        quantity: fill.quantity,
        fee: Fee::Known(fill.fee),
        liquidity: if fill.maker { Liquidity::Maker } else { Liquidity::Taker },
        cause: match fill.cause {
            Some(sim::Cause::Adl) => FillCause::Adl,
            Some(sim::Cause::Liquidation) => FillCause::Liquidation,
            Some(sim::Cause::Settlement) => FillCause::Settlement,
            _ => FillCause::Order,
        },
        at: fill.at,
    })
}

/// One report for each side: the net position of one-way mode says that the other side is flat.
fn position_reports(names: &Names, account: AccountId, view: &sim::PositionView) -> Vec<PositionReport> {
    let Some(instrument) = names.instrument(&view.symbol) else { return Vec::new() };
    let report = |side, quantity: Quantity| PositionReport {
        key: PositionKey::new(account, instrument, side),
        quantity,
        entry_price: view.entry.filter(|_| !quantity.is_zero()),
        liquidation_price: view.liquidation.filter(|_| !quantity.is_zero()),
        at: view.updated_at,
    };
    match view.slot.position_side() {
        Some(side) => vec![report(side, view.quantity)],
        None => vec![report(view.side, view.quantity), report(view.side.other(), Quantity::ZERO)],
    }
}

pub(super) fn snapshot(names: &Names, account: AccountId, view: &sim::AccountView) -> Snapshot {
    Snapshot {
        account,
        positions: view.positions.iter().flat_map(|position| position_reports(names, account, position)).collect(),
        orders: view.orders.iter().filter_map(|view| order(names, account, view)).collect(),
        fills: Vec::new(),
        server_time: view.at,
        balance: Some(view.balance),
    }
}
