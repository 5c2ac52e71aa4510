//! A toy market, written for these tests: one position, net or one side of an account that keeps both, resting orders, the
//! venue's own trailing stop among them, prices, and faults drawn from given bytes.
//!
//! It knows nothing of the core but how to read an order id. Its position is the truth that invariants are checked
//! against; reduce-only is enforced, so what it must never see is asserted where it would happen.

use crate::builders::{ACCOUNT, BTC, fill, key, tick};
use backstop_core::orders::{Leg, Named};
use backstop_model::{
    Answer, Asked, Capability, ClientOrderId, Command, Epoch, Event, Fill, Lookup, NewOrder, OrderKind, OrderQuantity,
    OrderReport, OrderSide, OrderStatus, Outcome, PositionReport, PositionSide, Price, Prices, Quantity, Ratio,
    Refusal, RefusalReason, SizedStops, Snapshot, TimeInForce, Timestamp, TrancheId, Trigger, TriggerSource,
    UnknownCause, VenueOrderId,
};
use std::collections::{BTreeMap, VecDeque};

/// One order of ours.
#[derive(Clone, Debug)]
pub struct Held {
    pub order: NewOrder,
    pub status: OrderStatus,
    pub quantity: Quantity,
    pub filled: Quantity,
    /// Of a trailing stop that is active: the best price since.
    pub best: Option<Price>,
}

#[derive(Debug)]
pub struct Toy {
    pub side: PositionSide,
    /// What is open: the truth.
    pub open: Quantity,
    pub entry: Option<Price>,
    /// The tightest stop that has ever rested here for a tranche of an incarnation.
    pub tightest: BTreeMap<(Epoch, TrancheId), Price>,
    pub orders: BTreeMap<ClientOrderId, Held>,
    pub now: Timestamp,
    /// Events on their way to the engine.
    pub outbox: VecDeque<Event>,
    prices: Prices,
    fills: Vec<Fill>,
    fates: Vec<u8>,
    drawn: usize,
    /// Share of things that go wrong, of 256.
    trouble: u8,
    step: Quantity,
    /// The account keeps long and short apart, and executions say which they belong to.
    per_side: bool,
    /// What the venue offers, where it counts sized stops, targets and trails together.
    shared: Option<Capability>,
}

impl Toy {
    pub fn new(side: PositionSide, now: Timestamp, fates: Vec<u8>, trouble: u8, step: Quantity) -> Self {
        Self {
            side,
            open: Quantity::ZERO,
            entry: None,
            tightest: BTreeMap::new(),
            orders: BTreeMap::new(),
            now,
            outbox: VecDeque::new(),
            prices: Prices::default(),
            fills: Vec::new(),
            fates,
            drawn: 0,
            trouble,
            step,
            per_side: false,
            shared: None,
        }
    }

    /// A venue that offers this.
    pub fn offering(mut self, capability: &Capability) -> Self {
        self.shared = Some(capability.clone()).filter(|offered| offered.sized_stops == SizedStops::Shared);
        self
    }

    /// One side of an account that keeps both.
    pub const fn of_its_side(mut self) -> Self {
        self.per_side = true;
        self
    }

    /// From now on nothing goes wrong (I38).
    pub const fn heal(&mut self) {
        self.trouble = 0;
    }

    fn fate(&mut self) -> u8 {
        self.drawn += 1;
        let round = u8::try_from(self.drawn / self.fates.len() % 256).unwrap();
        self.fates[self.drawn % self.fates.len()].wrapping_add(round.wrapping_mul(37))
    }

    fn goes_wrong(&mut self) -> bool {
        self.fate() < self.trouble
    }

    /// Somebody else's execution.
    pub fn by_hand(&mut self, opens: bool, at: Price, quantity: Quantity) {
        let side = if opens { self.side.opening() } else { self.side.closing() };
        let quantity = if opens { quantity } else { quantity.min(self.open) };
        if quantity.is_zero() {
            return;
        }
        self.open = if opens { self.open.plus(quantity).unwrap() } else { self.open.minus(quantity).unwrap() };
        self.entry = Some(at);
        let made = self.execution(None, side, at, quantity);
        self.publish_fill(made);
    }

    fn execution(&self, order: Option<ClientOrderId>, side: OrderSide, at: Price, quantity: Quantity) -> Fill {
        let number = self.fills.len();
        let id = if self.per_side { format!("f-{}-{number}", self.side) } else { format!("f{number}") };
        let position_side = self.per_side.then_some(self.side);
        Fill { at: self.now, position_side, ..fill(&id, order, side, at, quantity) }
    }

    fn publish_fill(&mut self, made: Fill) {
        self.fills.push(made.clone());
        self.outbox.push_back(Event::Fill(made.clone()));
        if self.goes_wrong() {
            self.outbox.push_back(Event::Fill(made));
        }
    }

    /// New prices: told to the engine, then triggers and limits are looked at, stops before targets.
    pub fn move_to(&mut self, prices: Prices, sure: bool) {
        self.outbox.push_back(tick(prices, sure));
        self.move_untold(prices);
    }

    /// The same, where the engine hears of them from elsewhere.
    pub fn move_untold(&mut self, prices: Prices) {
        let old = self.prices;
        self.prices = Prices {
            last: prices.last.or(old.last),
            mark: prices.mark.or(old.mark),
            bid: prices.bid.or(old.bid),
            ask: prices.ask.or(old.ask),
        };
        let ids: Vec<ClientOrderId> = self.orders.keys().copied().collect();
        for stops in [true, false] {
            for id in &ids {
                let held = &self.orders[id];
                let is_stop = matches!(held.order.kind, OrderKind::StopMarket(_) | OrderKind::TrailingStop { .. });
                if held.status == OrderStatus::Working && is_stop == stops {
                    self.look_at(*id);
                }
            }
        }
    }

    fn executable(&self) -> Option<Price> {
        self.prices.of(backstop_model::Series::executable(self.side))
    }

    fn look_at(&mut self, id: ClientOrderId) {
        let (side, kind) = (self.side, self.orders[&id].order.kind);
        let Some(price) = self.executable() else { return };
        match kind {
            OrderKind::StopMarket(trigger) if self.is_through(trigger) => {
                self.orders.get_mut(&id).unwrap().status = OrderStatus::Triggered;
                self.report(id);
                self.execute(id, price);
            }
            OrderKind::TakeProfitMarket(trigger) => {
                let watched = self.prices.of(trigger.source.series(side));
                if watched.is_some_and(|now| side.reached(now, trigger.price)) {
                    self.execute(id, price);
                }
            }
            OrderKind::Limit { price: limit, .. } if !self.orders[&id].order.reduce_only => {
                let taken = self.prices.of(backstop_model::Series::executable(side.other()));
                if taken.is_some_and(|now| side.other().reached(now, limit)) {
                    self.execute(id, limit);
                }
            }
            OrderKind::Limit { price: limit, .. } if side.reached(price, limit) => self.execute(id, limit),
            OrderKind::TrailingStop { activation, distance, source }
                if self.trails(id, activation, distance, source) =>
            {
                self.orders.get_mut(&id).unwrap().status = OrderStatus::Triggered;
                self.report(id);
                self.execute(id, price);
            }
            OrderKind::Limit { .. } | OrderKind::Market | OrderKind::StopMarket(_) | OrderKind::TrailingStop { .. } => {
            }
        }
    }

    /// The venue's own trail follows its price, from its activation on; whether that has come back far enough.
    fn trails(&mut self, id: ClientOrderId, activation: Option<Price>, distance: Ratio, source: TriggerSource) -> bool {
        let side = self.side;
        let Some(now) = self.prices.of(source.series(side)) else { return false };
        let best = &mut self.orders.get_mut(&id).unwrap().best;
        if best.is_none() && activation.is_some_and(|at| !side.reached(now, at)) {
            return false;
        }
        let best = *best.insert(best.map_or(now, |best| side.better(best, now)));
        side.hit(now, behind(side, best, distance))
    }

    /// The price that the venue's own trail waits for; none where none waits.
    pub fn trail_waits_for(&self) -> Option<Price> {
        let waiting = |held: &Held| match held.order.kind {
            OrderKind::TrailingStop { activation, .. }
                if held.status == OrderStatus::Working && held.best.is_none() =>
            {
                activation
            }
            _ => None,
        };
        self.orders.values().find_map(waiting)
    }

    /// Where the venue's own trail would close; none while none is active.
    pub fn trail_level(&self) -> Option<Price> {
        let active = |held: &Held| match held.order.kind {
            OrderKind::TrailingStop { distance, .. } if held.status == OrderStatus::Working => {
                Some(behind(self.side, held.best?, distance))
            }
            _ => None,
        };
        self.orders.values().find_map(active)
    }

    fn note_stop(&mut self, id: ClientOrderId) {
        let (Some(named), side) = (Named::read(&id), self.side) else { return };
        if let OrderKind::StopMarket(trigger) = self.orders[&id].order.kind {
            // The one for the whole position stands at the outermost stop: it says nothing of a tranche.
            if named.leg != Leg::WholeStop {
                let known = self.tightest.entry((named.epoch, named.tranche)).or_insert(trigger.price);
                *known = side.better(*known, trigger.price);
            }
        }
    }

    fn is_through(&self, trigger: Trigger) -> bool {
        let now = self.prices.of(trigger.source.series(self.side));
        now.is_some_and(|now| self.side.hit(now, trigger.price))
    }

    /// Executes an entry: limits in part when fate says so.
    fn enter(&mut self, id: ClientOrderId, at: Price) {
        let held = &self.orders[&id];
        let is_limit = matches!(held.order.kind, OrderKind::Limit { .. });
        let left = held.quantity.minus(held.filled).unwrap();
        let part = if is_limit && self.fate() < 100 { half(left, self.step) } else { left };
        self.open = self.open.plus(part).unwrap();
        self.entry = Some(at);
        let made = self.execution(Some(id), self.side.opening(), at, part);
        let held = self.orders.get_mut(&id).unwrap();
        held.filled = held.filled.plus(part).unwrap();
        if held.filled == held.quantity {
            held.status = OrderStatus::Filled;
        }
        self.publish_fill(made);
        self.report(id);
    }

    /// Executes what reduce-only lets it: limits in part when fate says so, the others to the end.
    fn execute(&mut self, id: ClientOrderId, at: Price) {
        let held = &self.orders[&id];
        if !held.order.reduce_only {
            return self.enter(id, at);
        }
        let is_limit = matches!(held.order.kind, OrderKind::Limit { .. });
        let left =
            if is_whole(&held.order) { self.open } else { held.quantity.minus(held.filled).unwrap().min(self.open) };
        let part = if is_limit && self.fate() < 60 { half(left, self.step) } else { left };
        let side = self.side;
        if !part.is_zero() {
            self.open = self.open.minus(part).unwrap();
            let made = self.execution(Some(id), side.closing(), at, part);
            let held = self.orders.get_mut(&id).unwrap();
            held.filled = held.filled.plus(part).unwrap();
            self.publish_fill(made);
        }
        let held = self.orders.get_mut(&id).unwrap();
        if held.filled == held.quantity || (is_whole(&held.order) && self.open.is_zero()) {
            held.status = OrderStatus::Filled;
        } else if !is_limit || self.open.is_zero() {
            held.status = OrderStatus::Expired;
        }
        self.report(id);
    }

    fn report(&mut self, id: ClientOrderId) {
        let report = self.report_of(id);
        self.outbox.push_back(Event::Order(report.clone()));
        if self.goes_wrong() {
            self.outbox.push_back(Event::Order(report));
        }
        if self.goes_wrong() && self.outbox.len() > 1 {
            // Out of order (F-B03).
            let last = self.outbox.len() - 1;
            self.outbox.swap(last, last - 1);
        }
    }

    fn report_of(&self, id: ClientOrderId) -> OrderReport {
        let held = &self.orders[&id];
        let (trigger, limit) = match held.order.kind {
            OrderKind::StopMarket(trigger) | OrderKind::TakeProfitMarket(trigger) => (Some(trigger), None),
            OrderKind::Limit { price, .. } => (None, Some(price)),
            OrderKind::Market | OrderKind::TrailingStop { .. } => (None, None),
        };
        OrderReport {
            account: ACCOUNT,
            instrument: BTC,
            id: Some(id),
            venue_id: venue_id(id),
            deal: None,
            side: held.order.side,
            status: held.status.clone(),
            quantity: Some(held.quantity).filter(|_| !is_whole(&held.order)),
            filled: held.filled,
            trigger,
            limit,
            at: self.now,
        }
    }

    /// Does what the engine asks for.
    pub fn command(&mut self, command: &Command) {
        match *command {
            Command::Place(order) => self.place(order),
            Command::Cancel { id, .. } => self.cancel(id),
            Command::Amend { id, trigger, quantity, .. } => self.amend(id, trigger, quantity),
            Command::Lookup { id, .. } => self.lookup(id),
            Command::Snapshot { .. } => unreachable!("the whole account is read, not one side of it"),
        }
    }

    fn place(&mut self, order: NewOrder) {
        let quantity = match order.quantity {
            OrderQuantity::Exact(quantity) => quantity,
            OrderQuantity::WholePosition => self.open,
        };
        assert!(!self.orders.contains_key(&order.id), "I5: {:?} is sent twice", order.id);
        let wrong = if self.goes_wrong() { self.fate() % 3 } else { 3 };
        let refused = match order.kind {
            OrderKind::StopMarket(trigger) if self.is_through(trigger) => Some(RefusalReason::WouldTrigger),
            _ if order.reduce_only && self.open.is_zero() => Some(RefusalReason::ReduceOnly),
            OrderKind::StopMarket(_) if is_whole(&order) && self.has_whole_stop() => Some(RefusalReason::Other),
            _ if self.exceeds_position(&order) => Some(RefusalReason::ReduceOnly),
            _ if wrong == 0 => Some(RefusalReason::Throttled),
            _ => None,
        };
        if let Some(reason) = refused {
            return self.answer(order.id, Asked::Place, Outcome::Refused(Refusal::new(reason, "no")));
        }
        if wrong == 1 {
            // The request is lost.
            return self.answer(order.id, Asked::Place, Outcome::Unknown(UnknownCause::TimedOut));
        }
        let held = Held { order, status: OrderStatus::Working, quantity, filled: Quantity::ZERO, best: None };
        self.orders.insert(order.id, held);
        self.note_stop(order.id);
        let outcome = match wrong {
            2 => Outcome::Unknown(UnknownCause::TimedOut),
            _ => Outcome::Accepted(venue_id(order.id)),
        };
        let quick = self.fate() < 30;
        if !quick {
            self.answer(order.id, Asked::Place, outcome.clone());
        }
        match order.kind {
            OrderKind::Market => {
                let at = self.executable().expect("there are prices");
                self.execute(order.id, at);
            }
            OrderKind::Limit { time_in_force: TimeInForce::ImmediateOrCancel, .. } => {
                self.look_at(order.id);
                let held = self.orders.get_mut(&order.id).unwrap();
                if held.status == OrderStatus::Working {
                    held.status = OrderStatus::Expired;
                    self.report(order.id);
                }
            }
            OrderKind::Limit { .. }
            | OrderKind::StopMarket(_)
            | OrderKind::TakeProfitMarket(_)
            | OrderKind::TrailingStop { .. } => self.look_at(order.id),
        }
        if quick {
            // The stream is quicker than the reply (F-B04).
            self.answer(order.id, Asked::Place, outcome);
        }
    }

    /// Whether orders that are counted together would be for more than is open.
    fn exceeds_position(&self, order: &NewOrder) -> bool {
        let Some(offered) = &self.shared else { return false };
        let OrderQuantity::Exact(quantity) = order.quantity else { return false };
        let counts = |order: &NewOrder| offered.shares_position(order.kind) && !is_whole(order);
        let rest = self.orders.values().filter(|held| held.status == OrderStatus::Working && counts(&held.order));
        let held = rest.map(|held| held.quantity.minus(held.filled).unwrap()).reduce(|a, b| a.plus(b).unwrap());
        counts(order) && held.unwrap_or(Quantity::ZERO).plus(quantity).unwrap() > self.open
    }

    /// One stop for the whole position, no more.
    fn has_whole_stop(&self) -> bool {
        let rests = |held: &Held| held.status == OrderStatus::Working && is_whole(&held.order);
        self.orders.values().any(|held| rests(held) && matches!(held.order.kind, OrderKind::StopMarket(_)))
    }

    fn cancel(&mut self, id: ClientOrderId) {
        let alive = self.orders.get(&id).is_some_and(|held| held.status == OrderStatus::Working);
        if !alive {
            return self.answer(id, Asked::Cancel, Outcome::Refused(Refusal::new(RefusalReason::NotFound, "gone")));
        }
        if self.goes_wrong() {
            return self.answer(id, Asked::Cancel, Outcome::Unknown(UnknownCause::TimedOut));
        }
        self.orders.get_mut(&id).unwrap().status = OrderStatus::Canceled;
        self.answer(id, Asked::Cancel, Outcome::Accepted(venue_id(id)));
        self.report(id);
    }

    fn amend(&mut self, id: ClientOrderId, trigger: Trigger, quantity: Quantity) {
        let alive = self.orders.get(&id).is_some_and(|held| held.status == OrderStatus::Working);
        let refused = match alive {
            false => Some(RefusalReason::NotFound),
            true if self.is_through(trigger) => Some(RefusalReason::WouldTrigger),
            true if self.goes_wrong() => Some(RefusalReason::Throttled),
            true => None,
        };
        if let Some(reason) = refused {
            return self.answer(id, Asked::Amend, Outcome::Refused(Refusal::new(reason, "no")));
        }
        let held = self.orders.get_mut(&id).unwrap();
        held.order.kind = OrderKind::StopMarket(trigger);
        if !is_whole(&held.order) {
            held.quantity = held.filled.plus(quantity).unwrap();
        }
        self.note_stop(id);
        let lost = self.goes_wrong();
        let outcome = if lost { Outcome::Unknown(UnknownCause::TimedOut) } else { Outcome::Accepted(venue_id(id)) };
        self.answer(id, Asked::Amend, outcome);
    }

    fn lookup(&mut self, id: ClientOrderId) {
        let found = self.orders.contains_key(&id).then(|| self.report_of(id));
        let fills = self.fills.iter().filter(|fill| fill.order == Some(id)).cloned().collect();
        let server_time = self.now;
        self.outbox.push_back(Event::Lookup(Lookup {
            account: ACCOUNT,
            instrument: BTC,
            id,
            found,
            fills,
            server_time,
        }));
    }

    /// The full truth of it.
    pub fn read(&self) -> Snapshot {
        let working = self.orders.iter().filter(|(_, held)| held.status == OrderStatus::Working);
        let orders = working.map(|(id, _)| self.report_of(*id)).collect();
        let position = PositionReport {
            key: key(self.side),
            quantity: self.open,
            entry_price: self.entry,
            liquidation_price: None,
            premium: None,
            at: self.now,
        };
        let positions = if self.open.is_zero() { Vec::new() } else { vec![position] };
        let (fills, server_time) = (self.fills.clone(), self.now);
        // Small, so that a limit for the day's loss is reached now and then.
        let balance = Some(crate::builders::money("300"));
        Snapshot { account: ACCOUNT, positions, orders, fills, server_time, balance }
    }

    fn answer(&mut self, id: ClientOrderId, asked: Asked, outcome: Outcome) {
        let answer = Answer { account: ACCOUNT, instrument: BTC, id, asked, outcome, sent_at: self.now };
        self.outbox.push_back(Event::Answer(answer));
    }
}

/// So far behind a best price.
fn behind(side: PositionSide, best: Price, distance: Ratio) -> Price {
    let factor = match side {
        PositionSide::Long => Ratio::ONE.minus(distance),
        PositionSide::Short => Ratio::ONE.plus(distance),
    };
    best.times(factor.unwrap(), backstop_model::Rounding::Nearest).unwrap()
}

fn is_whole(order: &NewOrder) -> bool {
    order.quantity == OrderQuantity::WholePosition
}

/// Half of it, rounded down to the step; all of it when that is nothing.
fn half(left: Quantity, step: Quantity) -> Quantity {
    let half = left.share("0.5".parse().unwrap(), backstop_model::Rounding::Down).unwrap();
    let half = half.floor_to_step(step).unwrap();
    if half.is_zero() { left } else { half }
}

fn venue_id(id: ClientOrderId) -> VenueOrderId {
    VenueOrderId::new(&format!("v{id}")).unwrap()
}
