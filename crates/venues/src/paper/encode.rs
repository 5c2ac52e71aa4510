//! Commands become the exchange's requests.

use super::Names;
use backstop_model::{ClientOrderId, NewOrder, OrderKind, OrderQuantity, Quantity, TimeInForce, Trigger};
use backstop_sim as sim;

pub(super) fn place(names: &Names, order: &NewOrder, one_way: bool) -> sim::Ask {
    let kind = match order.kind {
        OrderKind::Limit { price, time_in_force } => sim::Kind::Limit { price, term: term(time_in_force) },
        OrderKind::Market => sim::Kind::Market,
        OrderKind::StopMarket(Trigger { price, source }) => sim::Kind::StopMarket { trigger: price, source },
        OrderKind::TakeProfitMarket(Trigger { price, source }) => {
            sim::Kind::TakeProfitMarket { trigger: price, source }
        }
        OrderKind::TrailingStop { activation, distance, source } => {
            sim::Kind::Trailing { activation, callback: distance, source }
        }
    };
    let amount = match order.quantity {
        OrderQuantity::Exact(quantity) => sim::Amount::Exact(quantity),
        OrderQuantity::WholePosition => sim::Amount::ClosePosition,
    };
    sim::Ask::Place(sim::Place {
        client_id: order.id.to_string(),
        symbol: names.symbol(order.instrument).to_owned(),
        side: order.side,
        // One-way mode takes no position side, hedge mode no reduce-only flag (venues/binance.md §6.1).
        position_side: (!one_way).then_some(order.position_side),
        amount,
        kind,
        reduce_only: one_way && order.reduce_only && order.quantity != OrderQuantity::WholePosition,
    })
}

pub(super) fn amend(id: ClientOrderId, trigger: &Trigger, quantity: Quantity) -> sim::Ask {
    sim::Ask::Amend(sim::Amend {
        client_id: id.to_string(),
        price: None,
        trigger: Some(trigger.price),
        quantity: Some(quantity),
    })
}

const fn term(time_in_force: TimeInForce) -> sim::Term {
    match time_in_force {
        TimeInForce::GoodTillCancel => sim::Term::Gtc,
        TimeInForce::ImmediateOrCancel => sim::Term::Ioc,
        TimeInForce::PostOnly => sim::Term::Gtx,
    }
}
