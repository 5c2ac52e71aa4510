//! Accepting and refusing orders: what the venue checks before an order exists.
//!
//! The order of the checks is the order of this file, so that of two faults the same one is always named. How exits
//! share a position is checked in `reduction`; how an accepted order trades is `matching`'s and `conditional`'s work.

use crate::account::worth_of;
use crate::conditional;
use crate::exchange::{Counters, Due, Exchange};
use crate::faults::Fault;
use crate::habits::{
    ClientIds, ConditionalCount, ConditionalHome, ConditionalMargin, HedgeWords, NativeTrailing, PassedTrigger, Waiver,
    WholePosition,
};
use crate::market::{Market, Session};
use crate::numbers;
use crate::order::{Approach, Bound, Order, Terms, Trail};
use crate::reduction::Candidate;
use crate::refusal::{self, Refused};
use crate::report::{Cause, Status};
use crate::request::{Amount, Kind, Place, Slot, Term};
use backstop_model::{Money, OrderSide, PositionMode, Price, Quantity, Ratio, Rounding};

/// Where ids of conditional orders begin that are counted apart: far from all others, as Binance's are (venues/binance.md
/// §8.3).
const FIRST_OWN_ID: u64 = 1_000_000_000_000_000;

/// An order that was accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Placed {
    pub id: u64,
    /// How many older exits had to go for it.
    pub evicted: usize,
}

impl Exchange {
    /// Places an order in the ordinary words.
    pub(crate) fn place(&mut self, account: &str, place: Place) -> Result<Placed, Refused> {
        match (self.habits.requests.hedge, place.position_side) {
            (HedgeWords::PositionSide, _) => self.place_belonging(account, place),
            (HedgeWords::TradeSide, None) => self.place_unsided(account, place),
            (HedgeWords::TradeSide, Some(_)) => Err(refusal::NOT_REQUIRED.about("positionSide")),
        }
    }

    /// Places an order whose position side says where it belongs.
    pub(crate) fn place_belonging(&mut self, account: &str, place: Place) -> Result<Placed, Refused> {
        self.check_name(account, &place)?;
        let (slot, closes) = self.belonging(account, &place)?;
        self.enter(Candidate { account, place: &place, slot, closes, bound: Bound::Free })
    }

    /// Its client id, and whether there is such a market and it trades.
    pub(crate) fn check_name(&self, account: &str, place: &Place) -> Result<(), Refused> {
        let id = &place.client_id;
        if !self.habits.requests.id_form.fits(id) {
            return Err(refusal::BAD_CLIENT_ID.about(id.chars().take(40).collect::<String>()));
        }
        let taken = match self.habits.requests.client_ids {
            ClientIds::OpeningsOnly | ClientIds::UniqueAmongOpen => self.open_order(account, id).is_some(),
            ClientIds::UniqueForever => self.ledger.orders_of(account, id).next().is_some(),
        };
        if taken {
            return Err(refusal::DUPLICATE_ID.about(id));
        }
        let market = self.markets.get(&place.symbol).ok_or_else(|| refusal::BAD_SYMBOL.about(&place.symbol))?;
        if market.settled {
            return Err(numbers::DELISTED.about(&place.symbol));
        }
        if !market.session.trades() {
            return Err(refusal::SYMBOL_CLOSED.about(&place.symbol));
        }
        Ok(())
    }

    /// Everything that is checked once it is known where an order belongs; then it exists.
    pub(crate) fn enter(&mut self, new: Candidate<'_>) -> Result<Placed, Refused> {
        let Candidate { account, place, slot, closes, bound } = new;
        self.check_form(new)?;
        let market = self.markets.get(&place.symbol).ok_or_else(|| refusal::BAD_SYMBOL.about(&place.symbol))?;
        market.rules.check(place.side, place.amount, &place.kind, self.waives(place, closes), market.mark())?;
        if !closes && market.session == Session::ClosingsOnly {
            return Err(refusal::CLOSED.about(&place.symbol));
        }
        if closes && !place.kind.is_conditional() && self.is_deleveraging(account, &place.symbol) {
            return Err(numbers::ADL.about(&place.symbol));
        }
        self.check_room(account, place, bound)?;
        if !closes && self.faults.strikes(Fault::OnlyReduce, self.now) {
            return Err(refusal::ONLY_REDUCE.about(&place.symbol));
        }
        let room = self.check_reduction(new)?;
        let approach = self.check_price_now(place, bound)?;
        let needs_margin =
            !place.kind.is_conditional() || self.habits.conditionals.margin == ConditionalMargin::AtPlacing;
        if !closes && needs_margin && self.lacks_margin(account, place, slot, room.quantity) {
            return Err(refusal::MARGIN.about(&place.client_id));
        }
        // Nothing can refuse it any more: only now do others make way.
        for gone in &room.gone {
            self.end(gone.id, gone.status, Some(gone.cause));
        }
        let id = self.accept(account, place.clone(), Terms { slot, closes, quantity: room.quantity, bound, approach });
        self.begin(id);
        // Evictions of one-way mode expire; what a hedge account cancels, and what is replaced, are no evictions.
        let evicted = room.gone.iter().filter(|gone| gone.status == Status::Expired).count();
        Ok(Placed { id, evicted })
    }

    /// The slot an order works on, and whether it can only close there (venues/binance.md §6.1).
    fn belonging(&self, account: &str, place: &Place) -> Result<(Slot, bool), Refused> {
        let close_position = place.amount == Amount::ClosePosition;
        match (self.mode_of(account)?, place.position_side) {
            (PositionMode::OneWay, None) => Ok((Slot::Both, place.reduce_only || close_position)),
            (PositionMode::Hedge, Some(_)) if place.reduce_only => Err(refusal::NOT_REQUIRED.about("reduceOnly")),
            (PositionMode::Hedge, Some(side)) => Ok((Slot::of(place.position_side), side.closing() == place.side)),
            (PositionMode::PerDeal, _) => Err(refusal::UNSUPPORTED.about(&place.client_id)),
            (PositionMode::OneWay, Some(_)) | (PositionMode::Hedge, None) => {
                Err(refusal::WRONG_SIDE.about(&place.client_id))
            }
        }
    }

    /// What does not go together, whatever the market is (venues/binance.md §8.2).
    fn check_form(&self, new: Candidate<'_>) -> Result<(), Refused> {
        let Candidate { place, closes, bound, .. } = new;
        if place.amount == Amount::ClosePosition {
            let offered = bound == Bound::ToPosition || self.habits.exits.whole == WholePosition::ClosePosition;
            let fixed = place.kind.trigger().is_some();
            if !fixed || !closes || !offered {
                return Err(refusal::BAD_CLOSE_KIND.about(&place.client_id));
            }
            if place.reduce_only {
                return Err(refusal::REDUCE_WITH_CLOSE.about(&place.client_id));
            }
        }
        match place.kind {
            Kind::Trailing { callback, .. } => self.check_callback(callback),
            Kind::Limit { .. }
            | Kind::Market
            | Kind::StopMarket { .. }
            | Kind::TakeProfitLimit { .. }
            | Kind::TakeProfitMarket { .. } => Ok(()),
        }
    }

    fn check_callback(&self, callback: Ratio) -> Result<(), Refused> {
        let NativeTrailing::Orders { least, most } = self.habits.exits.trailing else {
            return Err(refusal::UNSUPPORTED.about("trailing"));
        };
        let rate = callback.times(Ratio::whole(1_000_000), Rounding::Nearest);
        if rate.is_ok_and(|rate| Ratio::whole(least) <= rate && rate <= Ratio::whole(most)) {
            return Ok(());
        }
        Err(refusal::BAD_VALUE.about(format_args!("callbackRate {callback}, {least} to {most} millionths")))
    }

    /// Whether an order that only closes may be smaller than the smallest notional, if the market has it so.
    pub(crate) fn waives(&self, place: &Place, closes: bool) -> bool {
        match self.habits.exits.waiver {
            Waiver::Closing => closes,
            Waiver::Flagged => place.reduce_only || place.amount == Amount::ClosePosition,
        }
    }

    /// Limits on the number of open orders, regular and conditional ones.
    fn check_room(&self, account: &str, place: &Place, bound: Bound) -> Result<(), Refused> {
        let conditional = place.kind.is_conditional();
        let Some(market) = self.markets.get(&place.symbol) else { return Ok(()) };
        let of_kind = |market: &Market| self.open_count(account, market, |open| open == conditional);
        if conditional {
            let open = match self.habits.conditionals.count {
                ConditionalCount::PerAccount => self.markets.values().map(of_kind).sum(),
                ConditionalCount::PerSymbol => of_kind(market),
            };
            if open >= self.habits.max_conditional {
                return Err(self.habits.requests.numbers.too_many_waiting(&place.kind, bound).refused());
            }
        }
        let among = match self.habits.conditionals.count {
            ConditionalCount::PerAccount if conditional => return Ok(()),
            ConditionalCount::PerAccount => of_kind(market),
            ConditionalCount::PerSymbol => self.open_count(account, market, |_| true),
        };
        if among >= market.rules.max_open_orders { Err(refusal::TOO_MANY_OPEN.refused()) } else { Ok(()) }
    }

    fn open_count(&self, account: &str, market: &Market, counts: impl Fn(bool) -> bool) -> usize {
        let orders = market.open.iter().filter_map(|id| self.ledger.order(*id));
        orders.filter(|order| order.account == account && counts(order.place.kind.is_conditional())).count()
    }

    /// What depends on the price at this moment: would it trigger, would it take, is there anybody to trade with. Gives
    /// the side from which a trigger price will be reached.
    pub(crate) fn check_price_now(&self, place: &Place, bound: Bound) -> Result<Approach, Refused> {
        let Some(market) = self.markets.get(&place.symbol) else { return Ok(Approach::Asked) };
        match place.kind {
            Kind::Market => {
                let best = market.executable(place.side).ok_or_else(|| refusal::UNABLE_TO_FILL.about(&place.symbol))?;
                market.rules.check_market(place.side, best, market.mark())?;
            }
            Kind::Limit { price, term: Term::Gtx } if crosses(market, place.side, price) => {
                return Err(refusal::POST_ONLY.about(price));
            }
            Kind::Limit { .. } => {}
            Kind::StopMarket { .. }
            | Kind::TakeProfitLimit { .. }
            | Kind::TakeProfitMarket { .. }
            | Kind::Trailing { .. } => {
                if conditional::already_true(place, &market.prices) {
                    return self.approach_of_passed(place, bound);
                }
            }
        }
        Ok(Approach::Asked)
    }

    /// What becomes of a level that the market has passed. Orders bound to a position are checked everywhere
    /// (venues/bitget.md §7).
    fn approach_of_passed(&self, place: &Place, bound: Bound) -> Result<Approach, Refused> {
        match (bound, self.habits.conditionals.passed) {
            (Bound::ToPosition, _) | (Bound::Free, PassedTrigger::Refused) => {
                Err(refusal::WOULD_TRIGGER.about(&place.client_id))
            }
            (Bound::Free, PassedTrigger::TriggersAtOnce) => Ok(Approach::Asked),
            // A trail is merely active at once; only a fixed trigger price waits for the other direction.
            (Bound::Free, PassedTrigger::WaitsForReturn) if place.kind.trigger().is_some() => Ok(Approach::Reversed),
            (Bound::Free, PassedTrigger::WaitsForReturn) => Ok(Approach::Asked),
        }
    }

    /// Whether the wallet does not carry what an order would add to the position.
    pub(crate) fn lacks_margin(&self, account: &str, place: &Place, slot: Slot, quantity: Option<Quantity>) -> bool {
        let (Some(owner), Some(market)) = (self.ledger.account(account), self.markets.get(&place.symbol)) else {
            return false;
        };
        if !self.habits.margin_check {
            return false;
        }
        let against = owner.holding(&place.symbol, slot).reducible_by(place.side);
        let grows = quantity.unwrap_or(Quantity::ZERO).saturating_minus(against);
        let limit = match place.kind {
            Kind::Limit { price, .. } | Kind::TakeProfitLimit { price, .. } => Some(price),
            Kind::Market | Kind::StopMarket { .. } | Kind::TakeProfitMarket { .. } | Kind::Trailing { .. } => None,
        };
        let Some(price) = limit.or_else(|| market.executable(place.side)) else { return false };
        let worth = market.worth();
        let needed =
            price.notional(grows).and_then(|notional| worth_of(owner.margin_for(&place.symbol, notional)?, worth));
        match (needed, owner.available()) {
            (Ok(needed), Ok(available)) => needed > Money::ZERO && needed > available,
            (Err(_), _) | (_, Err(_)) => true,
        }
    }

    /// The order exists from here on.
    pub(crate) fn accept(&mut self, account: &str, place: Place, terms: Terms) -> u64 {
        let id = self.next_id(&place);
        let Terms { slot, closes, quantity, bound, approach } = terms;
        let mut trail = None;
        if let Some(market) = self.markets.get_mut(&place.symbol) {
            market.open.insert(id);
            trail = first_trail(&place, market);
        }
        let mut order = Order {
            id,
            account: account.to_owned(),
            place,
            slot,
            closes,
            quantity,
            status: Status::New,
            cause: None,
            forced: None,
            executed: Quantity::ZERO,
            paid: Money::ZERO,
            child_id: None,
            trail,
            parts: 0,
            created_at: self.now,
            history: Vec::new(),
            bound,
            approach,
            child_client_id: None,
        };
        order.turn(self.now, Status::New, None);
        self.ledger.insert_order(order);
        self.publish_order(id, None);
        id
    }

    fn next_id(&mut self, place: &Place) -> u64 {
        match self.habits.conditionals.home {
            ConditionalHome::OwnIds if place.kind.is_conditional() => {
                FIRST_OWN_ID + Counters::next(&mut self.counters.conditional)
            }
            ConditionalHome::Ordinary | ConditionalHome::OwnIds | ConditionalHome::SharedIds => {
                Counters::next(&mut self.counters.order)
            }
        }
    }

    /// What happens to a new order at once.
    pub(crate) fn begin(&mut self, id: u64) {
        let Some(order) = self.ledger.order(id) else { return };
        let (side, kind) = (order.place.side, order.place.kind);
        match kind {
            Kind::Market => self.take_at_market(id, self.physics.slippage.market_ticks),
            Kind::Limit { price, term } => self.take_or_rest(id, side, price, term),
            Kind::StopMarket { .. } | Kind::TakeProfitLimit { .. } | Kind::TakeProfitMarket { .. } => {
                self.trigger_if_passed(id);
            }
            Kind::Trailing { .. } => {}
        }
        let still_open = self.ledger.order(id).is_some_and(Order::is_open);
        if still_open && self.faults.drawn(Fault::CancelBySystem, self.now) {
            self.plan(self.now.plus(self.faults.cancel_after), Due::CancelBySystem { order: id });
        }
    }

    /// A level that the market has passed triggers at once, where the venue takes such orders.
    pub(crate) fn trigger_if_passed(&mut self, id: u64) {
        let Some(order) = self.ledger.order(id) else { return };
        let Some(market) = self.markets.get(&order.place.symbol) else { return };
        let fixed = order.is_waiting() && order.place.kind.trigger().is_some();
        if fixed && order.approach == Approach::Asked && conditional::already_true(&order.place, &market.prices) {
            self.trigger(id);
        }
    }

    pub(crate) fn take_or_rest(&mut self, id: u64, side: OrderSide, price: Price, term: Term) {
        let Some(order) = self.ledger.order(id) else { return };
        let takes = self.markets.get(&order.place.symbol).is_some_and(|market| crosses(market, side, price));
        if takes {
            self.take_up_to(id, price);
        }
        match term {
            Term::Ioc => self.end(id, Status::Expired, Some(Cause::ImmediateRest)),
            Term::Gtc | Term::Gtx => {}
        }
    }

    /// An account's open orders on one slot, oldest first.
    pub(crate) fn open_of(&self, account: &str, symbol: &str, slot: Slot) -> Vec<&Order> {
        let ids = self.markets.get(symbol).into_iter().flat_map(|market| &market.open);
        let orders = ids.filter_map(|id| self.ledger.order(*id));
        orders.filter(|order| order.account == account && order.slot == slot).collect()
    }
}

fn crosses(market: &Market, side: OrderSide, limit: Price) -> bool {
    market.executable(side).is_some_and(|best| match side {
        OrderSide::Buy => best <= limit,
        OrderSide::Sell => best >= limit,
    })
}

fn first_trail(place: &Place, market: &Market) -> Option<Trail> {
    let Kind::Trailing { activation, source, .. } = place.kind else { return None };
    Some(Trail { active: activation.is_none(), best: market.prices.of(crate::market::watched(source, place.side)) })
}
