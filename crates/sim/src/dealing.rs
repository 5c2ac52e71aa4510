//! Deals: received first, made a little later, and judged in a confirm (venues/ig.md §4).
//!
//! A deal is a position of its own, in the slot of the id it was opened under. How an opening or a closing trades and
//! what is told of it stands here; the levels attached to deals are `levels`' work, the door in front is `receipts`'.

use crate::deal::{
    Accepted, Affected, CloseDeal, CloseTarget, ConfirmStatus, Deal, DealAsk, DealOrder, DealStatus, DealUpdate,
    DealView, Fulfilment, Levels, OpenDeal, Reason,
};
use crate::exchange::{Counters, Exchange};
use crate::faults::Fault;
use crate::filters::Rules;
use crate::habits::{PartialClose, RepeatedReference};
use crate::market::Session;
use crate::order::Terms;
use crate::physics::slippage::worsened;
use crate::refusal;
use crate::report::{Cause, Status, StreamEvent};
use crate::request::{Amount, Kind, Place, Slot, Term};
use backstop_model::{Money, OrderSide, PositionSide, Price, Quantity, Timestamp};

/// How a request trades, whatever it is for.
#[derive(Clone, Copy)]
pub(crate) struct DealTerms<'r> {
    pub account: &'r str,
    pub reference: &'r str,
    pub symbol: &'r str,
    pub side: OrderSide,
    pub order: DealOrder,
    pub fulfilment: Fulfilment,
}

/// What closing several deals came to.
struct Closed {
    affected: Vec<Affected>,
    quantity: Quantity,
    profit: Money,
}

impl Exchange {
    /// Does what was received.
    pub(crate) fn dealt(&mut self, account: &str, reference: &str, ask: &DealAsk) -> Result<Accepted, Reason> {
        if self.faults.strikes(Fault::DealReject, self.now) {
            return Err(self.faults.incidents.reason);
        }
        match ask {
            DealAsk::Close(close) => self.close_deal(account, reference, close),
            DealAsk::Confirm { .. } => Err(Reason::GeneralError),
            DealAsk::Levels(levels) => self.set_levels(account, levels),
            DealAsk::Open(open) => self.open_deal(account, reference, open),
        }
    }

    pub(crate) fn open_deal(&mut self, account: &str, reference: &str, ask: &OpenDeal) -> Result<Accepted, Reason> {
        let OpenDeal { symbol, side, quantity, order, fulfilment, .. } = ask;
        let terms = DealTerms { account, reference, symbol, side: *side, order: *order, fulfilment: *fulfilment };
        self.check_repeated(account, reference)?;
        self.check_session(symbol, true)?;
        check_quantity(self.rules(symbol).ok_or(Reason::MarketOffline)?, *quantity, true)?;
        let price = self.dealing_price(terms)?;
        let levels = self.levels_of(account, ask, price)?;
        let against = if ask.force_open { Vec::new() } else { self.deals_against(account, symbol, *side) };
        let rest = quantity.saturating_minus(self.quantity_of(&against));
        if !rest.is_zero() && self.lacks_funds(terms, rest) {
            return Err(Reason::InsufficientFunds);
        }
        self.check_depth(*fulfilment)?;
        let closed = self.close_in_turn(terms, &against, *quantity);
        let opened = if rest.is_zero() { None } else { self.make_deal(terms, rest, levels) };
        self.opened(closed, opened)
    }

    /// The confirm of an opening: a new deal, or what was netted away in its place.
    fn opened(&self, closed: Closed, origin: Option<u64>) -> Result<Accepted, Reason> {
        let Closed { mut affected, quantity, profit } = closed;
        let profit = if affected.is_empty() { None } else { Some(profit) };
        let Some(deal) = origin.and_then(|origin| self.ledger.deals.get(&origin)) else {
            let first = affected.first().copied().ok_or(Reason::OrderSizeCannotBeFilled)?;
            let (status, deal) = (first.status, first.deal);
            return Ok(Accepted { status, deal, affected, level: None, quantity, levels: Levels::default(), profit });
        };
        let holding = self.ledger.holding(&deal.account, &deal.symbol, Slot::Deal(deal.origin));
        affected.push(Affected { deal: deal.id, status: ConfirmStatus::Open });
        Ok(Accepted {
            status: ConfirmStatus::Open,
            deal: deal.id,
            affected,
            level: holding.entry(),
            quantity: holding.quantity,
            levels: deal.levels,
            profit,
        })
    }

    fn close_deal(&mut self, account: &str, reference: &str, ask: &CloseDeal) -> Result<Accepted, Reason> {
        let CloseDeal { target, side, quantity, order, fulfilment } = ask;
        let (symbol, origins) = match target {
            CloseTarget::Deal(id) => {
                let deal = self.ledger.open_deal(account, *id).ok_or(Reason::PositionNotFound)?;
                if deal.side.closing() != *side {
                    return Err(Reason::PositionNotAvailableToClose);
                }
                (deal.symbol.clone(), vec![deal.origin])
            }
            CloseTarget::Epic(symbol) => (symbol.clone(), self.deals_against(account, symbol, *side)),
        };
        if *quantity > self.quantity_of(&origins) {
            return Err(Reason::PositionNotAvailableToClose);
        }
        self.check_session(&symbol, false)?;
        check_quantity(self.rules(&symbol).ok_or(Reason::MarketOffline)?, *quantity, false)?;
        let terms =
            DealTerms { account, reference, symbol: &symbol, side: *side, order: *order, fulfilment: *fulfilment };
        self.dealing_price(terms)?;
        self.check_depth(*fulfilment)?;
        let Closed { affected, quantity, profit } = self.close_in_turn(terms, &origins, *quantity);
        let first = affected.first().copied().ok_or(Reason::OrderSizeCannotBeFilled)?;
        let level = self.ledger.fills().last().map(|fill| fill.price);
        let levels = self.ledger.open_deal(account, first.deal).map_or_else(Levels::default, |deal| deal.levels);
        let (status, deal) = (first.status, first.deal);
        Ok(Accepted { status, deal, affected, level, quantity, levels, profit: Some(profit) })
    }

    /// Closes deals one after the other until so much is closed.
    fn close_in_turn(&mut self, terms: DealTerms<'_>, origins: &[u64], quantity: Quantity) -> Closed {
        let mut closed = Closed { affected: Vec::new(), quantity: Quantity::ZERO, profit: Money::ZERO };
        let mut left = quantity;
        for origin in origins {
            let Some(id) = self.ledger.deals.get(origin).map(|deal| deal.id) else { continue };
            let slot = Slot::Deal(*origin);
            let before = self.totals(terms, slot);
            let part = left.min(before.0);
            if part.is_zero() {
                break;
            }
            self.trade(terms, slot, part, true);
            let after = self.totals(terms, slot);
            let taken = before.0.saturating_minus(after.0);
            if taken.is_zero() {
                break;
            }
            let status = if after.0.is_zero() { ConfirmStatus::Closed } else { ConfirmStatus::PartiallyClosed };
            closed.affected.push(Affected { deal: id, status });
            closed.quantity = closed.quantity.plus(taken).unwrap_or(closed.quantity);
            let profit = after.1.minus(before.1).and_then(|profit| closed.profit.plus(profit));
            closed.profit = profit.unwrap_or(closed.profit);
            left = left.saturating_minus(taken);
            self.deal_changed(*origin);
        }
        closed
    }

    /// How much is open in a slot, and what it has realised.
    fn totals(&self, terms: DealTerms<'_>, slot: Slot) -> (Quantity, Money) {
        let position = self.ledger.position(terms.account, terms.symbol, slot);
        position.map_or((Quantity::ZERO, Money::ZERO), |position| (position.holding.quantity, position.realised))
    }

    /// A new deal; absent when nothing of it could be filled.
    fn make_deal(&mut self, terms: DealTerms<'_>, quantity: Quantity, levels: Levels) -> Option<u64> {
        let origin = self.counters.order + 1;
        self.trade(terms, Slot::Deal(origin), quantity, false);
        if self.ledger.holding(terms.account, terms.symbol, Slot::Deal(origin)).is_flat() {
            return None;
        }
        let mut deal = Deal {
            origin,
            id: origin,
            account: terms.account.to_owned(),
            symbol: terms.symbol.to_owned(),
            side: PositionSide::opened_by(terms.side),
            reference: terms.reference.to_owned(),
            levels,
            closed_at: None,
            premium: Money::ZERO,
            history: Vec::new(),
        };
        deal.turn(self.now, origin, levels);
        self.ledger.deals.insert(origin, deal);
        self.ledger.open_deals.insert(origin);
        self.premium_when_attached(origin, Levels::default());
        self.publish_deal(origin, DealStatus::Open);
        Some(origin)
    }

    /// One order of the venue's book for one slot. What must be filled whole is filled in one piece.
    fn trade(&mut self, terms: DealTerms<'_>, slot: Slot, quantity: Quantity, closes: bool) {
        let DealTerms { account, reference, symbol, side, order, fulfilment } = terms;
        let limit = match order {
            DealOrder::Limit(price) => Some(price),
            DealOrder::Market | DealOrder::Stop(_) => None,
        };
        let place = Place {
            client_id: reference.to_owned(),
            symbol: symbol.to_owned(),
            side,
            position_side: None,
            amount: Amount::Exact(quantity),
            kind: limit.map_or(Kind::Market, |price| Kind::Limit { price, term: Term::Ioc }),
            reduce_only: closes,
        };
        let price = self.dealing_price(terms);
        let id = self.accept(account, place, Terms::free(slot, closes, Some(quantity)));
        match (fulfilment, price, limit) {
            (Fulfilment::FillOrKill, Ok(price), _) => {
                self.execute(id, quantity, price, false);
            }
            (Fulfilment::FillOrKill, Err(_), _) => {}
            (Fulfilment::ExecuteAndEliminate, _, Some(limit)) => self.take_up_to(id, limit),
            (Fulfilment::ExecuteAndEliminate, _, None) => {
                self.take_at_market(id, self.physics.slippage.market_ticks);
            }
        }
        self.end(id, Status::Expired, Some(Cause::ImmediateRest));
    }

    /// The price a request would be dealt at now.
    fn dealing_price(&self, terms: DealTerms<'_>) -> Result<Price, Reason> {
        let market = self.markets.get(terms.symbol).ok_or(Reason::MarketOffline)?;
        let best = market.executable(terms.side).ok_or(Reason::MarketOffline)?;
        let ticks = self.physics.slippage.market_ticks;
        let price = worsened(best, terms.side, ticks, market.rules.tick).unwrap_or(best);
        match (terms.order, terms.side) {
            (DealOrder::Market, _) => Ok(price),
            (DealOrder::Limit(limit), OrderSide::Buy) if best <= limit => Ok(price.min(limit)),
            (DealOrder::Limit(limit), OrderSide::Sell) if best >= limit => Ok(price.max(limit)),
            (DealOrder::Limit(_) | DealOrder::Stop(_), _) => Err(Reason::LimitOrderWrongSide),
        }
    }

    fn check_repeated(&self, account: &str, reference: &str) -> Result<(), Reason> {
        let repeated = self.ledger.orders_of(account, reference).next().is_some();
        match self.deal_habits().repeated_reference {
            RepeatedReference::Refused if repeated => Err(Reason::DuplicateOrder),
            RepeatedReference::Dealt | RepeatedReference::Refused => Ok(()),
        }
    }

    /// Whether the market takes a closing, or an opening.
    fn check_session(&mut self, symbol: &str, opens: bool) -> Result<(), Reason> {
        let market = self.markets.get(symbol).ok_or(Reason::MarketOffline)?;
        if let Some(reason) = market.is_over(self.now) {
            return Err(reason);
        }
        match market.session {
            Session::Closed => Err(Reason::MarketClosed),
            Session::EditsOnly => Err(Reason::MarketClosedWithEdits),
            Session::ClosingsOnly if opens => Err(Reason::ClosingOnlyTradesAccepted),
            Session::Trading if opens && self.faults.strikes(Fault::OnlyReduce, self.now) => {
                Err(Reason::ClosingsOnlyAccount)
            }
            Session::ClosingsOnly | Session::Trading => Ok(()),
        }
    }

    /// A thin book refuses what has to be filled whole.
    fn check_depth(&mut self, fulfilment: Fulfilment) -> Result<(), Reason> {
        match fulfilment {
            Fulfilment::FillOrKill if self.faults.strikes(Fault::MarketRest, self.now) => {
                Err(Reason::OrderSizeCannotBeFilled)
            }
            Fulfilment::ExecuteAndEliminate | Fulfilment::FillOrKill => Ok(()),
        }
    }

    fn lacks_funds(&self, terms: DealTerms<'_>, quantity: Quantity) -> bool {
        let place = Place {
            client_id: terms.reference.to_owned(),
            symbol: terms.symbol.to_owned(),
            side: terms.side,
            position_side: None,
            amount: Amount::Exact(quantity),
            kind: Kind::Market,
            reduce_only: false,
        };
        self.lacks_margin(terms.account, &place, Slot::Deal(self.counters.order + 1), Some(quantity))
    }

    /// An account's open deals that an order on `side` closes, oldest first.
    pub(crate) fn deals_against(&self, account: &str, symbol: &str, side: OrderSide) -> Vec<u64> {
        let open = self.ledger.open_deals(account);
        open.filter(|deal| deal.symbol == symbol && deal.side.closing() == side).map(|deal| deal.origin).collect()
    }

    pub(crate) fn quantity_of(&self, origins: &[u64]) -> Quantity {
        let deals = origins.iter().filter_map(|origin| self.ledger.deals.get(origin));
        let held = deals.map(|deal| self.ledger.holding(&deal.account, &deal.symbol, Slot::Deal(deal.origin)).quantity);
        held.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(sum))
    }

    /// Part of a deal was closed, or all of it: it goes, or goes on under the id that the venue gives it.
    pub(crate) fn deal_changed(&mut self, origin: u64) {
        let now = self.now;
        let Some(deal) = self.ledger.deals.get(&origin) else { return };
        let (id, levels) = (deal.id, deal.levels);
        let flat = self.ledger.holding(&deal.account, &deal.symbol, Slot::Deal(origin)).is_flat();
        if flat {
            let last = self.ledger.fills().iter().rev().find(|fill| fill.slot == Slot::Deal(origin));
            let closed_at = last.map(|fill| fill.price);
            self.ledger.open_deals.remove(&origin);
            if let Some(deal) = self.ledger.deals.get_mut(&origin) {
                deal.closed_at = closed_at;
            }
            self.publish_deal(origin, DealStatus::Deleted);
            return;
        }
        let id = match self.deal_habits().partial_close {
            PartialClose::KeepsId => id,
            PartialClose::NewId => Counters::next(&mut self.counters.order),
        };
        if let Some(deal) = self.ledger.deals.get_mut(&origin) {
            deal.turn(now, id, levels);
        }
        self.publish_deal(origin, DealStatus::Updated);
    }

    /// Tells a deal's owner how it stands.
    pub(crate) fn publish_deal(&mut self, origin: u64, status: DealStatus) {
        let (Some(deal), Some(view)) = (self.ledger.deals.get(&origin), self.deal_view(Slot::Deal(origin), self.now))
        else {
            return;
        };
        let holding = self.ledger.holding(&deal.account, &deal.symbol, Slot::Deal(origin));
        let level = match status {
            DealStatus::Deleted => deal.closed_at,
            DealStatus::Open | DealStatus::Updated => holding.entry(),
        };
        let (account, symbol, side) = (deal.account.clone(), deal.symbol.clone(), deal.side);
        let update = DealUpdate { at: self.now, deal: view, symbol, side, status, quantity: holding.quantity, level };
        match &mut self.held_updates {
            Some(held) => held.push(update),
            None => self.publish(&account, StreamEvent::DealUpdate(Box::new(update))),
        }
    }

    /// What a deal shows, as a read that stopped at `as_of` knows it.
    pub(crate) fn deal_view(&self, slot: Slot, as_of: Timestamp) -> Option<DealView> {
        let Slot::Deal(origin) = slot else { return None };
        let deal = self.ledger.deals.get(&origin)?;
        let terms = deal.as_of(as_of)?;
        Some(DealView {
            id: terms.id,
            origin,
            reference: deal.reference.clone(),
            levels: terms.levels,
            premium: deal.premium,
        })
    }
}

/// A quantity on the grid. Closing everything may be less than the smallest deal.
fn check_quantity(rules: &Rules, quantity: Quantity, opens: bool) -> Result<(), Reason> {
    let Err(refused) = rules.check_quantity(quantity, true) else { return Ok(()) };
    match refused.code {
        code if code == refusal::OFF_STEP.0 => Err(Reason::SizeIncrement),
        code if code == refusal::ABOVE_MAX.0 => Err(Reason::MaxAutoSizeExceeded),
        code if code == refusal::BELOW_MIN.0 && !opens => Ok(()),
        _ => Err(Reason::MinimumOrderSize),
    }
}
