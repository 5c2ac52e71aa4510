//! Commands become the exchange's requests, in the words that it takes: plain orders, or orders bound to the position, or
//! orders in inverted words. Levels of deals are `deals`' matter.
//!
//! Closing a position without naming a quantity is never used: it carries no client id, and takes what another exit is
//! just closing (venues/bitget.md §6.4).

use super::names::Names;
use backstop_model::{
    ClientOrderId, NewOrder, OrderKind, OrderQuantity, OrderSide, PositionMode, PositionSide, Quantity, TimeInForce,
    Trigger, TriggerSource,
};
use backstop_sim as sim;
use backstop_sim::habits::{HedgeWords, WholePosition};

/// How an exchange wants to be spoken to about exits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Words {
    /// What waits for a price is bound to the position (venues/bitget.md §8).
    pub bound: bool,
    /// Buy and sell name the position, and open or close is said beside them (venues/bitget.md §6.1).
    pub inverted: bool,
    /// How positions are kept.
    pub mode: PositionMode,
}

impl Words {
    /// The words for an account in this mode.
    pub fn of(native: &sim::Native, mode: PositionMode) -> Self {
        let inverted = mode == PositionMode::Hedge && native.hedge == HedgeWords::TradeSide;
        Self { bound: native.whole == WholePosition::Bound, inverted, mode }
    }
}

/// A new order.
pub(super) fn place(names: &Names, order: &NewOrder, words: Words) -> sim::Ask {
    let kind = kind_of(order, words);
    let amount = match order.quantity {
        OrderQuantity::Exact(quantity) => sim::Amount::Exact(quantity),
        OrderQuantity::WholePosition => sim::Amount::ClosePosition,
    };
    let (client_id, symbol) = (order.id.to_string(), names.symbol(order.instrument).to_owned());
    if words.bound && kind.is_conditional() {
        return sim::Ask::Protect(sim::Protect { client_id, symbol, holds: order.position_side, amount, kind });
    }
    let one_way = words.mode == PositionMode::OneWay;
    let place = sim::Place {
        client_id,
        symbol,
        side: order.side,
        // One-way mode takes no position side, hedge mode no reduce-only flag (venues/binance.md §6.1).
        position_side: (!one_way).then_some(order.position_side),
        amount,
        kind,
        reduce_only: one_way && order.reduce_only && order.quantity != OrderQuantity::WholePosition,
    };
    if words.inverted { inverted(place, order) } else { sim::Ask::Place(place) }
}

/// To close a long is to "buy" it: the side names the position.
fn inverted(place: sim::Place, order: &NewOrder) -> sim::Ask {
    let side = match order.position_side {
        PositionSide::Long => OrderSide::Buy,
        PositionSide::Short => OrderSide::Sell,
    };
    let trade = if order.side == order.position_side.closing() { sim::TradeSide::Close } else { sim::TradeSide::Open };
    sim::Ask::PlaceHedged { place: sim::Place { side, position_side: None, reduce_only: false, ..place }, trade }
}

/// Moves a stop in place; what is for the whole position has no quantity.
pub(super) fn amend(id: ClientOrderId, trigger: &Trigger, quantity: Option<Quantity>) -> sim::Ask {
    sim::Ask::Amend(sim::Amend { client_id: id.to_string(), price: None, trigger: Some(trigger.price), quantity })
}

/// A target that would rest in the book waits outside it where what waits is bound to the position: there it holds nothing that
/// a stop or another exit needs, and none of those takes its place (venues/bitget.md §6.2, §8.1). One that may only make stays in
/// the book: plans have no such word.
fn kind_of(order: &NewOrder, words: Words) -> sim::Kind {
    match order.kind {
        OrderKind::Limit { price, time_in_force: TimeInForce::GoodTillCancel } if words.bound && order.reduce_only => {
            sim::Kind::TakeProfitLimit { trigger: price, price, source: TriggerSource::Last }
        }
        OrderKind::Limit { price, time_in_force } => sim::Kind::Limit { price, term: term(time_in_force) },
        OrderKind::Market => sim::Kind::Market,
        OrderKind::StopMarket(Trigger { price, source, .. }) => sim::Kind::StopMarket { trigger: price, source },
        OrderKind::TakeProfitMarket(Trigger { price, source, .. }) => {
            sim::Kind::TakeProfitMarket { trigger: price, source }
        }
        OrderKind::TrailingStop { activation, distance, source } => {
            sim::Kind::Trailing { activation, callback: distance, source }
        }
    }
}

const fn term(time_in_force: TimeInForce) -> sim::Term {
    match time_in_force {
        TimeInForce::GoodTillCancel => sim::Term::Gtc,
        TimeInForce::ImmediateOrCancel => sim::Term::Ioc,
        TimeInForce::PostOnly => sim::Term::Gtx,
    }
}
