//! Accepting, refusing and amending orders: what the venue checks before an order exists.
//!
//! The order of the checks is the order of this file, so that of two faults the same one is always named. How an
//! accepted order trades is `matching`'s and `conditional`'s work.

use crate::conditional;
use crate::exchange::{Counters, Due, Exchange};
use crate::faults::Fault;
use crate::habits::{Amending, Crowding};
use crate::market::Market;
use crate::order::{Order, Trail};
use crate::refusal::{self, Refused};
use crate::report::{Cause, OrderView, Status};
use crate::request::{Amend, Amount, Kind, Place, Slot, Term};
use backstop_model::{Money, OrderSide, PositionMode, Price, Quantity, Ratio};

/// A trailing order's callback in millionths: 0.1 % to 20 % (venues/binance.md §8.2).
const LEAST_CALLBACK: u32 = 1_000;
const MOST_CALLBACK: u32 = 200_000;

impl Exchange {
    pub(crate) fn place(&mut self, account: &str, place: Place) -> Result<OrderView, Refused> {
        check_client_id(&place.client_id)?;
        if self.open_order(account, &place.client_id).is_some() {
            return Err(refusal::DUPLICATE_ID.about(&place.client_id));
        }
        let market = self.markets.get(&place.symbol).ok_or_else(|| refusal::BAD_SYMBOL.about(&place.symbol))?;
        if market.settled {
            return Err(refusal::CLOSED.about(&place.symbol));
        }
        let (slot, closes) = self.belonging(account, &place)?;
        check_form(&place, closes)?;
        market.rules.check(place.side, place.amount, &place.kind, closes, market.mark())?;
        self.check_room(account, &place)?;
        if !closes && self.faults.strikes(Fault::OnlyReduce, self.now) {
            return Err(refusal::ONLY_REDUCE.about(&place.symbol));
        }
        let quantity = self.check_reduction(account, &place, slot, closes)?;
        self.check_price_now(&place)?;
        if !closes && !place.kind.is_conditional() && self.lacks_margin(account, &place, slot, quantity) {
            return Err(refusal::MARGIN.about(&place.client_id));
        }
        let id = self.accept(account, place, slot, closes, quantity);
        self.begin(id);
        self.ledger.order(id).map(Order::view).ok_or_else(|| refusal::NO_SUCH_ORDER.refused())
    }

    /// The slot an order works on, and whether it can only close there (venues/binance.md §6.1).
    fn belonging(&self, account: &str, place: &Place) -> Result<(Slot, bool), Refused> {
        let owner = self.ledger.account(account).ok_or_else(|| refusal::NO_ACCOUNT.about(account))?;
        let close_position = place.amount == Amount::ClosePosition;
        match (owner.mode, place.position_side) {
            (PositionMode::OneWay, None) => Ok((Slot::Both, place.reduce_only || close_position)),
            (PositionMode::Hedge, Some(_)) if place.reduce_only => Err(refusal::NOT_REQUIRED.about("reduceOnly")),
            (PositionMode::Hedge, Some(side)) => Ok((Slot::of(place.position_side), side.closing() == place.side)),
            (PositionMode::OneWay, Some(_)) | (PositionMode::Hedge, None) => {
                Err(refusal::WRONG_SIDE.about(&place.client_id))
            }
        }
    }

    /// Limits on the number of open orders: per symbol for regular ones, per account for conditional ones.
    fn check_room(&self, account: &str, place: &Place) -> Result<(), Refused> {
        let conditional = place.kind.is_conditional();
        let mine = |market: &Market| {
            let orders = market.open.iter().filter_map(|id| self.ledger.order(*id));
            orders.filter(|o| o.account == account && o.place.kind.is_conditional() == conditional).count()
        };
        if conditional {
            let open: usize = self.markets.values().map(mine).sum();
            return if open < self.habits.max_conditional {
                Ok(())
            } else {
                Err(refusal::TOO_MANY_CONDITIONAL.refused())
            };
        }
        let market = self.markets.get(&place.symbol);
        match market {
            Some(market) if mine(market) >= market.rules.max_open_orders => Err(refusal::TOO_MANY_OPEN.refused()),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether an exit has something to reduce and room to do it (venues/binance.md §7.1). Gives the quantity the order
    /// works for: of market orders cut to the position, of whole-position orders not yet known.
    fn check_reduction(
        &mut self,
        account: &str,
        place: &Place,
        slot: Slot,
        closes: bool,
    ) -> Result<Option<Quantity>, Refused> {
        let open = self.ledger.holding(account, &place.symbol, slot).reducible_by(place.side);
        let Amount::Exact(quantity) = place.amount else {
            if open.is_zero() {
                return Err(refusal::NO_POSITION.about(&place.client_id));
            }
            return self.check_only_close(account, place, slot).map(|()| None);
        };
        if !closes {
            return Ok(Some(quantity));
        }
        if open.is_zero() {
            return Err(refusal::REDUCE_ONLY.about(&place.client_id));
        }
        match place.kind {
            Kind::Market => Ok(Some(quantity.min(open))),
            Kind::Limit { .. } => {
                self.make_room(account, place, slot, quantity, open)?;
                Ok(Some(quantity))
            }
            Kind::StopMarket { .. } | Kind::TakeProfitMarket { .. } | Kind::Trailing { .. } => Ok(Some(quantity)),
        }
    }

    /// One whole-position order of each type and direction (-4130).
    fn check_only_close(&self, account: &str, place: &Place, slot: Slot) -> Result<(), Refused> {
        let same_kind = |kind: &Kind| std::mem::discriminant(kind) == std::mem::discriminant(&place.kind);
        let rival = self
            .open_of(account, &place.symbol, slot)
            .into_iter()
            .find(|order| order.is_close_position() && order.place.side == place.side && same_kind(&order.place.kind));
        match rival {
            Some(order) => Err(refusal::CLOSE_EXISTS.about(&order.place.client_id)),
            None => Ok(()),
        }
    }

    /// Resting exits together never exceed the position, unless the venue lets them.
    fn make_room(
        &mut self,
        account: &str,
        place: &Place,
        slot: Slot,
        quantity: Quantity,
        open: Quantity,
    ) -> Result<(), Refused> {
        let crowded = || refusal::REDUCE_ONLY.about(&place.client_id);
        let resting: Vec<(u64, Quantity)> = self
            .open_of(account, &place.symbol, slot)
            .into_iter()
            .filter(|order| order.closes && order.place.side == place.side && order.limit().is_some())
            .filter_map(|order| order.remaining().map(|left| (order.id, left)))
            .collect();
        let taken = resting.iter().try_fold(Quantity::ZERO, |sum, (_, left)| sum.plus(*left));
        let mut taken = taken.map_err(|_| crowded())?;
        let mut oldest = resting.into_iter();
        while taken.plus(quantity).map_err(|_| crowded())? > open {
            match self.habits.crowding {
                Crowding::Allow => return Ok(()),
                Crowding::Refuse => return Err(crowded()),
                Crowding::ExpireOldest => {
                    let (id, left) = oldest.next().ok_or_else(crowded)?;
                    self.end(id, Status::Expired, Some(Cause::KnockedOut));
                    taken = taken.saturating_minus(left);
                }
            }
        }
        Ok(())
    }

    /// What depends on the price at this moment: would it trigger, would it take, is there anybody to trade with.
    fn check_price_now(&self, place: &Place) -> Result<(), Refused> {
        let Some(market) = self.markets.get(&place.symbol) else { return Ok(()) };
        match place.kind {
            Kind::Market => {
                let best = market.executable(place.side).ok_or_else(|| refusal::UNABLE_TO_FILL.about(&place.symbol))?;
                market.rules.check_market(place.side, best, market.mark())
            }
            Kind::Limit { price, term: Term::Gtx } if crosses(market, place.side, price) => {
                Err(refusal::POST_ONLY.about(price))
            }
            Kind::Limit { .. } => Ok(()),
            Kind::StopMarket { .. } | Kind::TakeProfitMarket { .. } | Kind::Trailing { .. } => {
                if conditional::already_true(place, &market.prices) {
                    return Err(refusal::WOULD_TRIGGER.about(&place.client_id));
                }
                Ok(())
            }
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
            Kind::Limit { price, .. } => Some(price),
            Kind::Market | Kind::StopMarket { .. } | Kind::TakeProfitMarket { .. } | Kind::Trailing { .. } => None,
        };
        let Some(price) = limit.or_else(|| market.executable(place.side)) else { return false };
        let needed = price.notional(grows).and_then(|notional| owner.margin_for(notional));
        match (needed, owner.available()) {
            (Ok(needed), Ok(available)) => needed > Money::ZERO && needed > available,
            (Err(_), _) | (_, Err(_)) => true,
        }
    }

    /// The order exists from here on.
    pub(crate) fn accept(
        &mut self,
        account: &str,
        place: Place,
        slot: Slot,
        closes: bool,
        quantity: Option<Quantity>,
    ) -> u64 {
        let id = Counters::next(&mut self.counters.order);
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
        };
        order.turn(self.now, Status::New, None);
        self.ledger.insert_order(order);
        self.publish_order(id, None);
        id
    }

    /// What happens to a new order at once.
    fn begin(&mut self, id: u64) {
        let Some(order) = self.ledger.order(id) else { return };
        let (side, kind) = (order.place.side, order.place.kind);
        match kind {
            Kind::Market => self.take_at_market(id, self.physics.slippage.market_ticks),
            Kind::Limit { price, term } => self.take_or_rest(id, side, price, term),
            Kind::StopMarket { .. } | Kind::TakeProfitMarket { .. } | Kind::Trailing { .. } => {}
        }
        let still_open = self.ledger.order(id).is_some_and(Order::is_open);
        if still_open && self.faults.drawn(Fault::CancelBySystem, self.now) {
            self.plan(self.now.plus(self.faults.cancel_after), Due::CancelBySystem { order: id });
        }
    }

    fn take_or_rest(&mut self, id: u64, side: OrderSide, price: Price, term: Term) {
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

    pub(crate) fn amend(&mut self, account: &str, amend: &Amend) -> Result<OrderView, Refused> {
        let unknown = || refusal::UNKNOWN_ORDER.about(&amend.client_id);
        let id = self.open_order(account, &amend.client_id).ok_or_else(unknown)?;
        let order = self.ledger.order(id).ok_or_else(unknown)?;
        let allowed = match self.habits.amending {
            Amending::Everything => true,
            Amending::LimitsOnly => order.limit().is_some(),
            Amending::Nothing => false,
        };
        if !allowed {
            return Err(refusal::UNSUPPORTED.about(&amend.client_id));
        }
        if order.place.kind.is_conditional() && !order.is_waiting() {
            return Err(unknown());
        }
        self.amend_open(id, amend, Cause::Amended)
    }

    /// Gives an open order new terms. What would be refused as a new order is refused, and the order stays as it was.
    pub(crate) fn amend_open(&mut self, id: u64, amend: &Amend, cause: Cause) -> Result<OrderView, Refused> {
        let unknown = || refusal::UNKNOWN_ORDER.about(&amend.client_id);
        let order = self.ledger.order(id).ok_or_else(unknown)?;
        let place = amended(&order.place, amend);
        if place == order.place {
            return Err(refusal::NOTHING_TO_AMEND.about(&amend.client_id));
        }
        let (executed, closes) = (order.executed, order.closes);
        let market = self.markets.get(&place.symbol).ok_or_else(unknown)?;
        market.rules.check(place.side, place.amount, &place.kind, closes, market.mark())?;
        self.check_price_now(&place)?;
        if matches!(place.amount, Amount::Exact(quantity) if quantity <= executed) {
            self.end(id, Status::Canceled, Some(cause));
            return self.ledger.order(id).map(Order::view).ok_or_else(unknown);
        }
        let now = self.now;
        if let Some(order) = self.ledger.orders.get_mut(&id) {
            if let Amount::Exact(quantity) = place.amount {
                order.quantity = Some(quantity);
            }
            order.place = place;
            let status = order.status;
            order.turn(now, status, Some(cause));
        }
        self.publish_order(id, None);
        self.after_amendment(id);
        self.ledger.order(id).map(Order::view).ok_or_else(unknown)
    }

    fn after_amendment(&mut self, id: u64) {
        let Some(order) = self.ledger.order(id) else { return };
        let owner = (order.account.clone(), order.place.symbol.clone(), order.slot);
        if let Kind::Limit { price, term } = order.place.kind {
            self.take_or_rest(id, order.place.side, price, term);
        }
        self.expire_what_no_longer_fits(&owner.0, &owner.1, owner.2);
    }

    /// An account's open orders on one slot, oldest first.
    pub(crate) fn open_of(&self, account: &str, symbol: &str, slot: Slot) -> Vec<&Order> {
        let ids = self.markets.get(symbol).into_iter().flat_map(|market| &market.open);
        let orders = ids.filter_map(|id| self.ledger.order(*id));
        orders.filter(|order| order.account == account && order.slot == slot).collect()
    }
}

/// `^[.A-Z:/a-z0-9_-]{1,36}$` (venues/binance.md §7).
fn check_client_id(id: &str) -> Result<(), Refused> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".:/_-".contains(&byte);
    if (1..=36).contains(&id.len()) && id.bytes().all(allowed) {
        return Ok(());
    }
    Err(refusal::BAD_CLIENT_ID.about(id.chars().take(40).collect::<String>()))
}

/// What does not go together, whatever the market is (venues/binance.md §8.2).
fn check_form(place: &Place, closes: bool) -> Result<(), Refused> {
    if place.amount == Amount::ClosePosition {
        if !matches!(place.kind, Kind::StopMarket { .. } | Kind::TakeProfitMarket { .. }) || !closes {
            return Err(refusal::BAD_CLOSE_KIND.about(&place.client_id));
        }
        if place.reduce_only {
            return Err(refusal::REDUCE_WITH_CLOSE.about(&place.client_id));
        }
    }
    if let Kind::Trailing { callback, .. } = place.kind {
        let million = Ratio::whole(1_000_000);
        let in_millionths = callback.times(million, backstop_model::Rounding::Nearest);
        let (least, most) = (Ratio::whole(LEAST_CALLBACK), Ratio::whole(MOST_CALLBACK));
        if !in_millionths.is_ok_and(|rate| least <= rate && rate <= most) {
            return Err(refusal::BAD_VALUE.about(format_args!("callbackRate {callback}, 0.001 to 0.2")));
        }
    }
    Ok(())
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

fn amended(place: &Place, amend: &Amend) -> Place {
    let mut new = place.clone();
    match &mut new.kind {
        Kind::Limit { price, .. } => *price = amend.price.unwrap_or(*price),
        Kind::StopMarket { trigger, .. } | Kind::TakeProfitMarket { trigger, .. } => {
            *trigger = amend.trigger.unwrap_or(*trigger);
        }
        Kind::Market | Kind::Trailing { .. } => {}
    }
    if let (Amount::Exact(quantity), Some(wanted)) = (&mut new.amount, amend.quantity) {
        *quantity = wanted;
    }
    new
}
