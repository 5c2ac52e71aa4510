//! Changing open orders in place: what may be changed, and what the change brings about.
//!
//! A change is checked like a new order (`placing`); what would be refused as one leaves the order as it was, but for a
//! post-only order that would take: that one is cancelled.

use crate::exchange::Exchange;
use crate::habits::Amending;
use crate::order::{Bound, Order};
use crate::reduction::Candidate;
use crate::refusal::{self, Refused};
use crate::report::{Cause, OrderView, Status};
use crate::request::{Amend, Amount, Kind, Place};

impl Exchange {
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
        let (executed, closes, bound) = (order.executed, order.closes, order.bound);
        let market = self.markets.get(&place.symbol).ok_or_else(unknown)?;
        if !market.session.trades() {
            return Err(refusal::SYMBOL_CLOSED.about(&place.symbol));
        }
        market.rules.check(place.side, place.amount, &place.kind, self.waives(&place, closes), market.mark())?;
        let approach = match self.check_price_now(&place, bound) {
            // Post-only and made to cross: it is cancelled, not kept (venues/binance.md §7, `PUT /order`).
            Err(refused) if refused.code == refusal::POST_ONLY.0 => return self.cancelled_by_amending(id, cause),
            checked => checked?,
        };
        if bound == Bound::ToPosition {
            self.check_bound_amendment(order, &place)?;
        }
        if matches!(place.amount, Amount::Exact(quantity) if quantity <= executed) {
            return self.cancelled_by_amending(id, cause);
        }
        let now = self.now;
        if let Some(order) = self.ledger.orders.get_mut(&id) {
            if let Amount::Exact(quantity) = place.amount {
                order.quantity = Some(quantity);
            }
            order.place = place;
            order.approach = approach;
            let status = order.status;
            order.turn(now, status, Some(cause));
        }
        self.publish_order(id, None);
        self.after_amendment(id);
        self.shown(id).ok_or_else(unknown)
    }

    /// A change that leaves nothing to stand: the order goes, and that is what is answered.
    fn cancelled_by_amending(&mut self, id: u64, cause: Cause) -> Result<OrderView, Refused> {
        self.end(id, Status::Canceled, Some(cause));
        self.shown(id).ok_or_else(|| refusal::UNKNOWN_ORDER.refused())
    }

    /// A bound order's new quantity shares the position with the others, as when it was placed.
    fn check_bound_amendment(&self, order: &Order, place: &Place) -> Result<(), Refused> {
        let (Amount::Exact(wanted), Some(had)) = (place.amount, order.quantity) else { return Ok(()) };
        let more = Place { amount: Amount::Exact(wanted.saturating_minus(had)), ..place.clone() };
        let holding = self.ledger.holding(&order.account, &place.symbol, order.slot);
        let new =
            Candidate { account: &order.account, place: &more, slot: order.slot, closes: true, bound: order.bound };
        if wanted > had { self.check_bound(new, holding) } else { Ok(()) }
    }

    fn after_amendment(&mut self, id: u64) {
        let Some(order) = self.ledger.order(id) else { return };
        let owner = (order.account.clone(), order.place.symbol.clone(), order.slot);
        if let Kind::Limit { price, term } = order.place.kind {
            self.take_or_rest(id, order.place.side, price, term);
        }
        self.trigger_if_passed(id);
        self.expire_what_no_longer_fits(&owner.0, &owner.1, owner.2);
    }
}

fn amended(place: &Place, amend: &Amend) -> Place {
    let mut new = place.clone();
    match &mut new.kind {
        Kind::Limit { price, .. } => *price = amend.price.unwrap_or(*price),
        Kind::TakeProfitLimit { trigger, price, .. } => {
            *trigger = amend.trigger.unwrap_or(*trigger);
            *price = amend.price.unwrap_or(*price);
        }
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
