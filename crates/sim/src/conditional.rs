//! Orders that wait for a price: when they come true, in which order, and what becomes of them
//! (venues/binance.md §8.2, §8.4).
//!
//! Of everything that comes true on one point of the market, stops and trails go before targets (limit orders are
//! targets), nearer levels before farther ones, older orders before younger ones. "Near" is measured from where the
//! watched series was before. How the market order that follows fills is `matching`'s work.

use crate::exchange::{Counters, Due, Exchange};
use crate::faults::Fault;
use crate::habits::{ChildIds, ConditionalHome, TriggerTold};
use crate::market::{Market, watched};
use crate::order::{Approach, Bound, Order, Trail};
use crate::reduction::Candidate;
use crate::report::{Cause, Status};
use crate::request::{Amount, Kind, Place, Term};
use backstop_model::{OrderSide, Points, Price, Prices, Quantity, Ratio, Rounding, Series, Span};

/// Whether a condition is true at `price`: a stop once the market is against it, a target once it is with it.
pub(crate) const fn true_at(kind: Condition, side: OrderSide, order: std::cmp::Ordering) -> bool {
    match (kind, side) {
        (Condition::Stop, OrderSide::Sell) | (Condition::Target, OrderSide::Buy) => order.is_le(),
        (Condition::Stop, OrderSide::Buy) | (Condition::Target, OrderSide::Sell) => order.is_ge(),
    }
}

/// Which way a price has to go.
#[derive(Clone, Copy)]
pub(crate) enum Condition {
    Stop,
    Target,
}

impl Condition {
    /// The condition of an order whose level has to be reached from the other side.
    const fn reached_from(self, approach: Approach) -> Self {
        match (self, approach) {
            (Self::Stop, Approach::Asked) | (Self::Target, Approach::Reversed) => Self::Stop,
            (Self::Stop, Approach::Reversed) | (Self::Target, Approach::Asked) => Self::Target,
        }
    }
}

/// Whether a new order's condition is true before it is placed (-2021). An unknown price makes nothing true.
pub(crate) fn already_true(place: &Place, prices: &Prices) -> bool {
    match place.kind {
        Kind::StopMarket { trigger, source } => {
            let now = prices.of(watched(source, place.side));
            now.is_some_and(|price| true_at(Condition::Stop, place.side, price.cmp(&trigger)))
        }
        Kind::TakeProfitLimit { trigger, source, .. } | Kind::TakeProfitMarket { trigger, source } => {
            let now = prices.of(watched(source, place.side));
            now.is_some_and(|price| true_at(Condition::Target, place.side, price.cmp(&trigger)))
        }
        // A trail begins ahead of the market: a sell above the latest price, a buy below it.
        Kind::Trailing { activation: Some(activation), source, .. } => {
            let now = prices.of(watched(source, place.side));
            now.is_some_and(|price| true_at(Condition::Target, place.side, price.cmp(&activation)))
        }
        Kind::Limit { .. } | Kind::Market | Kind::Trailing { activation: None, .. } => false,
    }
}

/// Where a trailing order stops out: so far behind the best price.
pub(crate) fn trail_level(side: OrderSide, best: Price, callback: Ratio) -> Option<Price> {
    let factor = match side {
        OrderSide::Buy => Ratio::ONE.plus(callback),
        OrderSide::Sell => Ratio::ONE.minus(callback),
    };
    best.times(factor.ok()?, Rounding::Nearest).ok()
}

/// The trail after one more price: the best follows, and the activation price is looked at.
pub(crate) fn followed(trail: Trail, side: OrderSide, activation: Option<Price>, price: Price) -> Trail {
    let best = match (side, trail.best) {
        (_, None) => price,
        (OrderSide::Buy, Some(best)) => best.min(price),
        (OrderSide::Sell, Some(best)) => best.max(price),
    };
    let reached = activation.is_none_or(|level| true_at(Condition::Target, side, best.cmp(&level)));
    Trail { active: trail.active || reached, best: Some(best) }
}

/// One order that comes true: its place in the queue of this point.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Turn {
    pub is_target: bool,
    pub distance: Points,
    pub id: u64,
    pub what: What,
}

/// What comes true: an order, or a level of the deal with that id.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum What {
    DealLimit,
    DealStop,
    Order,
}

impl Exchange {
    /// The prices of a market have changed: follow, queue up, strike.
    pub(crate) fn market_moved(&mut self, symbol: &str, before: Prices) {
        self.follow_trails(symbol);
        self.follow_levels(symbol);
        for turn in self.queue(symbol, before) {
            if turn.what != What::Order {
                self.strike(turn.id, turn.what);
                continue;
            }
            let Some(order) = self.ledger.order(turn.id) else { continue };
            if !order.is_open() {
                continue;
            }
            match order.place.kind {
                Kind::Limit { price, .. } => self.fill_resting(turn.id, price),
                Kind::Market => {}
                Kind::StopMarket { .. }
                | Kind::TakeProfitLimit { .. }
                | Kind::TakeProfitMarket { .. }
                | Kind::Trailing { .. } => self.trigger(turn.id),
            }
        }
        self.liquidate_what_is_due(symbol);
    }

    fn follow_trails(&mut self, symbol: &str) {
        let Some(market) = self.markets.get(symbol) else { return };
        let mut activated = Vec::new();
        for id in &market.open {
            let Some(order) = self.ledger.orders.get_mut(id) else { continue };
            let Kind::Trailing { activation, source, .. } = order.place.kind else { continue };
            let (Some(trail), Some(price)) = (order.trail, market.prices.of(watched(source, order.place.side))) else {
                continue;
            };
            if !order.is_waiting() {
                continue;
            }
            let next = followed(trail, order.place.side, activation, price);
            order.trail = Some(next);
            if next.active && !trail.active {
                activated.push(*id);
            }
        }
        // A second New event tells that it trails now (venues/binance.md §10.4, `ia`).
        for id in activated {
            self.publish_order(id, None);
        }
    }

    fn queue(&self, symbol: &str, before: Prices) -> Vec<Turn> {
        let Some(market) = self.markets.get(symbol) else { return Vec::new() };
        let orders = market.open.iter().filter_map(|id| self.ledger.order(*id));
        let mut queue: Vec<Turn> = orders.filter_map(|order| self.turn(market, order, &before)).collect();
        queue.extend(self.levels_reached(symbol, market, &before));
        queue.sort_unstable();
        queue
    }

    fn turn(&self, market: &Market, order: &Order, before: &Prices) -> Option<Turn> {
        let side = order.place.side;
        let (is_target, level, series) = match order.place.kind {
            Kind::Limit { price, .. } => {
                let executable = market.executable(side);
                let fills = self.physics.limit_fill.fills(side, price, executable, market.prices.last);
                (true, fills.then_some(price)?, Series::Last)
            }
            Kind::Market => return None,
            Kind::StopMarket { trigger, source } => (false, trigger, watched(source, side)),
            Kind::TakeProfitLimit { trigger, source, .. } | Kind::TakeProfitMarket { trigger, source } => {
                (true, trigger, watched(source, side))
            }
            Kind::Trailing { callback, source, .. } => {
                let trail = order.trail.filter(|trail| trail.active)?;
                (false, trail_level(side, trail.best?, callback)?, watched(source, side))
            }
        };
        let price = market.prices.of(series).or_else(|| market.executable(side))?;
        let condition = if is_target { Condition::Target } else { Condition::Stop }.reached_from(order.approach);
        let strikes = order.limit().is_some() || (order.is_waiting() && true_at(condition, side, price.cmp(&level)));
        let origin = before.of(series).unwrap_or(price);
        let distance = level.above(origin).absolute().ok()?;
        strikes.then_some(Turn { is_target, distance, id: order.id, what: What::Order })
    }

    /// A condition came true.
    pub(crate) fn trigger(&mut self, id: u64) {
        let now = self.now;
        if self.faults.strikes(Fault::TriggerStuck, now) {
            self.turn_triggering(id);
            return;
        }
        let delay = self.physics.latency.trigger.drawn(&mut self.dice);
        if delay > Span::ZERO {
            self.turn_triggering(id);
            self.plan(now.plus(delay), Due::TakeOver { order: id });
            return;
        }
        self.take_over(id);
    }

    /// On its way an order of the ordinary kind is told as what it was: there is no such status there.
    fn turn_triggering(&mut self, id: u64) {
        match self.habits.conditionals.home {
            ConditionalHome::Ordinary => self.turn_silently(id, Status::Triggering),
            ConditionalHome::OwnIds | ConditionalHome::SharedIds => self.turn_to(id, Status::Triggering, None),
        }
    }

    /// The engine gets the triggered order: it refuses it, or a market or limit order lives on under the same client id.
    pub(crate) fn take_over(&mut self, id: u64) {
        let Some(order) = self.ledger.order(id).filter(|order| order.is_open()) else { return };
        let place = order.place.clone();
        let (account, slot, closes, asked) = (order.account.clone(), order.slot, order.closes, order.quantity);
        let reducible = self.ledger.holding(&account, &place.symbol, slot).reducible_by(place.side);
        let quantity = match asked {
            Some(quantity) if closes => quantity.min(reducible),
            Some(quantity) => quantity,
            None => reducible,
        };
        if let Some(cause) = self.refused_by_engine(&account, &place, closes, quantity, slot) {
            let refused = match self.habits.conditionals.home {
                // An ordinary order that exists already can only expire (venues/aster.md §10).
                ConditionalHome::Ordinary => Status::Expired,
                ConditionalHome::OwnIds | ConditionalHome::SharedIds => Status::Rejected,
            };
            self.end(id, refused, Some(cause));
            return;
        }
        if let Some(order) = self.ledger.orders.get_mut(&id) {
            order.quantity = Some(quantity);
        }
        self.bear_child(id);
        self.fire(id);
    }

    /// The order a trigger brings alive gets its ids; an order of the ordinary kind stays what it was.
    fn bear_child(&mut self, id: u64) {
        match self.habits.conditionals.home {
            ConditionalHome::Ordinary => return,
            ConditionalHome::OwnIds | ConditionalHome::SharedIds => {}
        }
        let child = Counters::next(&mut self.counters.order);
        if let Some(order) = self.ledger.orders.get_mut(&id) {
            order.child_id = Some(child);
        }
        match self.habits.conditionals.child_ids {
            ChildIds::Inherited => {}
            ChildIds::OfVenue => self.ledger.name_child(id, format!("child-{child}")),
        }
    }

    /// Tells of the trigger in the venue's manner, and trades.
    fn fire(&mut self, id: u64) {
        let ticks = self.physics.slippage.trigger_ticks;
        match self.habits.conditionals.told {
            TriggerTold::BeforeFill => self.turn_to(id, Status::Triggered, None),
            TriggerTold::AfterFill => {
                self.turn_silently(id, Status::Triggered);
                let triggered = self.ledger.order(id).map(Order::view);
                self.live_on(id, ticks);
                self.publish_view(id, triggered, Status::Triggered);
                return;
            }
            TriggerTold::NewAgain => {
                self.turn_silently(id, Status::Triggered);
                self.publish_view(id, self.ledger.order(id).map(Order::view), Status::New);
            }
            TriggerTold::ShellExpires => {
                self.turn_silently(id, Status::Triggered);
                let view = self.ledger.order(id).map(Order::view);
                self.publish_view(id, view.clone(), Status::Expired);
                self.publish_view(id, view, Status::New);
            }
        }
        self.live_on(id, ticks);
    }

    /// What a trigger brought alive takes from the book, or rests in it.
    fn live_on(&mut self, id: u64, ticks: u32) {
        match self.ledger.order(id).map(|order| order.place.kind) {
            Some(Kind::TakeProfitLimit { price, .. }) => self.rest_in_book(id, price),
            Some(_) | None => self.take_at_market(id, ticks),
        }
    }

    /// A limit order that a trigger brought alive is one like any other: others make room for it or it finds none, it holds its
    /// quantity, and the client can cancel it.
    fn rest_in_book(&mut self, id: u64, price: Price) {
        let Some(order) = self.ledger.order(id).cloned() else { return };
        let quantity = order.remaining().unwrap_or(Quantity::ZERO);
        let kind = Kind::Limit { price, term: Term::Gtc };
        let place = Place { kind, amount: Amount::Exact(quantity), ..order.place };
        let (account, slot, closes) = (&*order.account, order.slot, order.closes);
        let open = self.ledger.holding(account, &place.symbol, slot).reducible_by(place.side);
        let room =
            self.make_room(Candidate { account, place: &place, slot, closes, bound: Bound::Free }, quantity, open);
        let Ok(room) = room else {
            self.end(id, Status::Rejected, Some(Cause::ReduceOnlyReject));
            return;
        };
        for gone in &room.gone {
            self.end(gone.id, gone.status, Some(gone.cause));
        }
        let side = place.side;
        if let Some(order) = self.ledger.orders.get_mut(&id) {
            (order.place, order.bound) = (place, Bound::Free);
        }
        self.turn_to(id, Status::New, None);
        self.take_or_rest(id, side, price, Term::Gtc);
    }

    fn refused_by_engine(
        &mut self,
        account: &str,
        place: &Place,
        closes: bool,
        quantity: Quantity,
        slot: crate::request::Slot,
    ) -> Option<Cause> {
        if quantity.is_zero() || self.faults.strikes(Fault::TriggerReject, self.now) {
            return Some(Cause::ReduceOnlyReject);
        }
        if closes && self.is_deleveraging(account, &place.symbol) {
            // `fail_execute`, and the protection is gone (venues/bitget.md §8.4).
            return Some(Cause::ReduceOnlyReject);
        }
        if !closes && self.lacks_margin(account, place, slot, Some(quantity)) {
            return Some(Cause::Margin);
        }
        let market = self.markets.get(&place.symbol)?;
        if matches!(place.kind, Kind::TakeProfitLimit { .. }) {
            // It names its price, and need not trade at once.
            return if market.session.trades() { None } else { Some(Cause::MarketBand) };
        }
        let best = market.executable(place.side).filter(|_| market.session.trades());
        let fits = best.is_some_and(|best| market.rules.check_market(place.side, best, market.mark()).is_ok());
        if fits { None } else { Some(Cause::MarketBand) }
    }

    fn turn_silently(&mut self, id: u64, status: Status) {
        let now = self.now;
        if let Some(order) = self.ledger.orders.get_mut(&id) {
            order.turn(now, status, None);
        }
    }

    pub(crate) fn turn_to(&mut self, id: u64, status: Status, cause: Option<Cause>) {
        let now = self.now;
        if let Some(order) = self.ledger.orders.get_mut(&id) {
            order.turn(now, status, cause);
            self.publish_order(id, None);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn triggers_fire_at_their_level_and_beyond() {
        use Condition::{Stop, Target};
        use OrderSide::{Buy, Sell};
        for (condition, side, at, expected) in [
            (Stop, Sell, "100", true),
            (Stop, Sell, "99.9", true),
            (Stop, Sell, "100.1", false),
            (Stop, Buy, "100", true),
            (Stop, Buy, "100.1", true),
            (Stop, Buy, "99.9", false),
            (Target, Sell, "100", true),
            (Target, Sell, "100.1", true),
            (Target, Sell, "99.9", false),
            (Target, Buy, "100", true),
            (Target, Buy, "99.9", true),
            (Target, Buy, "100.1", false),
        ] {
            assert_eq!(true_at(condition, side, price(at).cmp(&price("100"))), expected, "{side} at {at}");
        }
    }

    #[test]
    fn a_trail_of_three_percent_has_these_levels() {
        let three = Ratio::percent("3").unwrap();
        for (side, best, level) in [
            (OrderSide::Sell, "103", "99.91"),
            (OrderSide::Sell, "104", "100.88"),
            (OrderSide::Sell, "105", "101.85"),
            (OrderSide::Buy, "97", "99.91"),
            (OrderSide::Buy, "96", "98.88"),
            (OrderSide::Buy, "95", "97.85"),
        ] {
            assert_eq!(trail_level(side, price(best), three), Some(price(level)), "{side} best {best}");
        }
    }

    #[test]
    fn a_trail_becomes_active_at_its_activation_and_never_loosens() {
        let mut trail = Trail { active: false, best: Some(price("100")) };
        for (at, active, best) in
            [("101", false, "101"), ("102.5", true, "102.5"), ("103", true, "103"), ("102", true, "103")]
        {
            trail = followed(trail, OrderSide::Sell, Some(price("102.5")), price(at));
            assert_eq!(trail, Trail { active, best: Some(price(best)) }, "{at}");
        }
    }
}
