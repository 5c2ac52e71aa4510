//! What the exchange says becomes Backstop's. What names nothing we know is left out.
//!
//! A triggered order may execute under ids of a child that the venue made up; the execution is given back to the order
//! it came from (venues/binance.md §0 fact 2). Of deals only executions and payments are decoded here, the rest in
//! `deals`.

use super::deals::{DealBook, deal_id, deal_of, level_reports};
use super::names::Names;
use backstop_model::order::Fee;
use backstop_model::{
    AccountId, Annulled, ClientOrderId, Event, Fill, FillCause, FillId, Funding, Liquidity, OrderReport, OrderStatus,
    PositionKey, PositionReport, Quantity, Snapshot, Timestamp, Trigger, VenueOrderId,
};
use backstop_sim as sim;

/// With what an answer is read: our names, the exchange's ledger, and whose the levels of deals are.
#[derive(Clone, Copy)]
pub(super) struct Reader<'v> {
    pub names: &'v Names,
    pub exchange: &'v sim::Exchange,
    pub book: &'v DealBook,
}

pub(super) fn venue_id(id: u64) -> Option<VenueOrderId> {
    VenueOrderId::new(&id.to_string()).ok()
}

pub(super) fn order(names: &Names, account: AccountId, view: &sim::OrderView) -> Option<OrderReport> {
    let trigger = match view.kind {
        sim::Kind::StopMarket { trigger, source } | sim::Kind::TakeProfitMarket { trigger, source } => {
            Some(Trigger::new(trigger, source))
        }
        // What triggers there is a limit order, and one to the engine all along.
        sim::Kind::Limit { .. }
        | sim::Kind::Market
        | sim::Kind::TakeProfitLimit { .. }
        | sim::Kind::Trailing { .. } => None,
    };
    let limit = match view.kind {
        sim::Kind::Limit { price, .. } | sim::Kind::TakeProfitLimit { price, .. } => Some(price),
        sim::Kind::Market
        | sim::Kind::StopMarket { .. }
        | sim::Kind::TakeProfitMarket { .. }
        | sim::Kind::Trailing { .. } => None,
    };
    let whole = view.amount == sim::Amount::ClosePosition;
    Some(OrderReport {
        account,
        instrument: names.instrument(&view.symbol)?,
        id: ClientOrderId::new(&view.client_id).ok(),
        venue_id: venue_id(view.order_id)?,
        deal: None,
        side: view.side,
        status: status(view),
        quantity: view.quantity.filter(|_| !whole),
        filled: view.executed,
        trigger,
        limit,
        at: view.updated_at,
    })
}

fn status(view: &sim::OrderView) -> OrderStatus {
    match view.status {
        sim::Status::New | sim::Status::PartiallyFilled => OrderStatus::Working,
        sim::Status::Canceled => OrderStatus::Canceled,
        sim::Status::Expired if is_shell(view) => OrderStatus::Triggered,
        sim::Status::Expired => OrderStatus::Expired,
        sim::Status::Filled => OrderStatus::Filled,
        sim::Status::Rejected => OrderStatus::Rejected,
        sim::Status::Triggered | sim::Status::Triggering if will_rest(view) => OrderStatus::Working,
        sim::Status::Triggered | sim::Status::Triggering => OrderStatus::Triggered,
    }
}

/// The condition of an order has come true and its shell is told as expired, while the order lives on as a market order
/// under the same ids (venues/aster.md §5.3). An expiry with a reason is none.
fn is_shell(view: &sim::OrderView) -> bool {
    view.kind.is_conditional() && view.cause.is_none() && view.executed.is_zero()
}

/// A target with a limit rests in the book next: its trigger says nothing of an execution.
pub(super) const fn will_rest(view: &sim::OrderView) -> bool {
    matches!(view.kind, sim::Kind::TakeProfitLimit { .. })
}

impl Reader<'_> {
    /// One execution, under the id of the order it came from.
    pub(super) fn fill(self, fill: &sim::Fill) -> Option<Fill> {
        let asked = self.exchange.ledger().order(fill.order_id);
        let deal = deal_of(self.exchange, fill.slot);
        let closes = asked.is_some_and(|order| order.closes);
        let ours = match deal {
            Some(deal) if closes => self.book.closer(deal.side, deal, fill),
            Some(_) | None => None,
        };
        let client_id = asked.map_or(&fill.client_id, |order| &order.place.client_id);
        Some(Fill {
            account: self.names.account(&fill.account)?,
            instrument: self.names.instrument(&fill.symbol)?,
            id: FillId::new(&fill.id.to_string()).ok()?,
            order: ours.or_else(|| ClientOrderId::new(client_id).ok()),
            venue_order: venue_id(fill.order_id)?,
            side: fill.side,
            position_side: deal.map(|deal| deal.side).or(fill.slot.position_side()),
            deal: deal.and_then(|deal| deal_id(deal.origin)),
            price: fill.price,
            quantity: fill.quantity,
            fee: Fee::Known(fill.fee),
            liquidity: if fill.maker { Liquidity::Maker } else { Liquidity::Taker },
            cause: match fill.cause {
                Some(sim::Cause::Adl) => FillCause::Adl,
                Some(sim::Cause::Liquidation) => FillCause::Liquidation,
                Some(sim::Cause::Settlement) => FillCause::Settlement,
                // A struck level is told like any closing (venues/ig.md §0 fact 2).
                _ => FillCause::Order,
            },
            at: fill.at,
        })
    }

    /// One that was annulled.
    pub(super) fn annulled(self, fill: &sim::Fill, at: Timestamp) -> Option<Event> {
        Some(Event::Annulled(Box::new(Annulled { fill: self.fill(fill)?, at })))
    }

    pub(super) fn funding(self, payment: &sim::FundingPayment) -> Option<Funding> {
        let deal = deal_of(self.exchange, payment.slot);
        Some(Funding {
            account: self.names.account(&payment.account)?,
            instrument: self.names.instrument(&payment.symbol)?,
            position_side: deal.map(|deal| deal.side).or(payment.slot.position_side()),
            deal: deal.and_then(|deal| deal_id(deal.origin)),
            amount: payment.amount,
            at: payment.at,
        })
    }

    /// The whole account. The levels of deals are among its orders.
    pub(super) fn snapshot(self, account: AccountId, view: &sim::AccountView) -> Snapshot {
        let levels = view.positions.iter().filter_map(|position| {
            let instrument = self.names.instrument(&position.symbol)?;
            let deal = position.deal.as_ref()?;
            Some(level_reports(self.book, (account, instrument), deal, position.side, (position.updated_at, view.at)))
        });
        let orders = view.orders.iter().filter_map(|view| order(self.names, account, view));
        Snapshot {
            account,
            positions: view.positions.iter().flat_map(|position| positions(self.names, account, position)).collect(),
            orders: orders.chain(levels.flatten()).collect(),
            fills: Vec::new(),
            server_time: view.at,
            balance: Some(view.balance),
        }
    }
}

/// One report for each side: the net position of one-way mode says that the other side is flat.
pub(super) fn positions(names: &Names, account: AccountId, view: &sim::PositionView) -> Vec<PositionReport> {
    let Some(instrument) = names.instrument(&view.symbol) else { return Vec::new() };
    let deal = view.deal.as_ref().and_then(|deal| deal_id(deal.origin));
    let report = |side, quantity: Quantity| PositionReport {
        key: PositionKey::new(account, instrument, side).of_deal(deal),
        quantity,
        entry_price: view.entry.filter(|_| !quantity.is_zero()),
        liquidation_price: view.liquidation.filter(|_| !quantity.is_zero()),
        premium: view.deal.as_ref().map(|deal| deal.premium),
        at: view.updated_at,
    };
    match (deal, view.slot.position_side()) {
        (Some(_), _) => vec![report(view.side, view.quantity)],
        (None, Some(side)) => vec![report(side, view.quantity)],
        (None, None) => vec![report(view.side, view.quantity), report(view.side.other(), Quantity::ZERO)],
    }
}
