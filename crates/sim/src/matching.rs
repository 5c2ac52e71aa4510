//! How orders trade: taking from the book, resting in it, and booking each execution.
//!
//! There is no book behind the best prices: a taking order gets the executable price worsened by the slippage model,
//! a resting one its own limit. Market and triggered orders take the bid for sells and the ask for buys, so a gap
//! through a stop fills at the gapped price.

use crate::account::{Position, worth_of};
use crate::exchange::{Counters, Exchange};
use crate::faults::Fault;
use crate::filters::Rules;
use crate::habits::{Crowding, WhenFlat};
use crate::order::Bound;
use crate::physics::slippage::worsened;
use crate::report::{Cause, Fill, Status};
use crate::request::Slot;
use backstop_model::{Money, OrderSide, OutOfRange, Price, Quantity, Ratio, Rounding};

/// A resting order is filled in at most so many parts.
const MOST_PARTS: u32 = 3;
/// Whatever is taken beyond what rests near the price fills so many ticks farther away.
const MOVED_TICKS: u32 = 100;

impl Exchange {
    /// Takes what the book gives, `ticks` worse; whatever is left expires.
    pub(crate) fn take_at_market(&mut self, id: u64, ticks: u32) {
        self.take(id, ticks, None);
        self.end(id, Status::Expired, Some(Cause::MarketRest));
    }

    /// Takes what the book gives, but at `limit` at worst; whatever is left stays.
    pub(crate) fn take_up_to(&mut self, id: u64, limit: Price) {
        self.take(id, self.physics.slippage.market_ticks, Some(limit));
    }

    fn take(&mut self, id: u64, ticks: u32, limit: Option<Price>) {
        let Some(order) = self.ledger.order(id) else { return };
        let side = order.place.side;
        let mut left = order.remaining().unwrap_or(Quantity::ZERO);
        if order.closes {
            left = left.min(self.ledger.holding(&order.account, &order.place.symbol, order.slot).reducible_by(side));
        }
        let Some(market) = self.markets.get(&order.place.symbol) else { return };
        let (tick, step, market_depth) = (market.rules.tick, market.rules.step, market.rules.depth);
        let Some(best) = market.executable(side) else { return };
        let thin = self.faults.strikes(Fault::MarketRest, self.now);
        let mut parts = self.parts(left, step, thin);
        if thin {
            // What a thin book does not give: the last part, or all of what cannot be divided.
            parts.pop();
        }
        // What is taken beyond the depth moves the price for it (F-G05).
        let mut taken = Quantity::ZERO;
        for (worse, part) in (0..).zip(parts) {
            taken = taken.plus(part).unwrap_or(part);
            let beyond = market_depth.filter(|deep| taken > *deep).map_or(0, |_| MOVED_TICKS);
            let price = worsened(best, side, ticks.saturating_add(worse).saturating_add(beyond), tick).unwrap_or(best);
            let price = limit.map_or(price, |limit| no_worse(side, price, limit));
            if !self.execute(id, part, price, false) {
                break;
            }
        }
    }

    /// A resting order's price has come: all of it fills at its limit, or a part, and the rest on later quotes.
    pub(crate) fn fill_resting(&mut self, id: u64, limit: Price) {
        let Some(order) = self.ledger.order(id) else { return };
        let Some(market) = self.markets.get(&order.place.symbol) else { return };
        let (step, had) = (market.rules.step, order.parts);
        let reducible = self.ledger.holding(&order.account, &order.place.symbol, order.slot);
        let reducible = reducible.reducible_by(order.place.side);
        let mut left = order.remaining().unwrap_or(Quantity::ZERO);
        let cut = order.closes && left > reducible;
        if cut {
            left = reducible;
        }
        let first = if had + 1 < MOST_PARTS { self.parts(left, step, false).first().copied() } else { None };
        let part = first.unwrap_or(left);
        if part.is_zero() || !self.execute(id, part, limit, true) || (cut && part == left) {
            self.end(id, Status::Expired, Some(Cause::KnockedOut));
        }
    }

    /// A quantity in one piece; or in two or three, on step, in a thin book or when the fault of partial fills strikes.
    fn parts(&mut self, quantity: Quantity, step: Quantity, thin: bool) -> Vec<Quantity> {
        if quantity.is_zero() {
            return Vec::new();
        }
        let split = self.faults.drawn(Fault::PartialFill, self.now);
        if !split && !thin {
            return vec![quantity];
        }
        let mut parts = Vec::new();
        let mut left = quantity;
        for _ in 0..=self.faults.dice().below(2) {
            let share = Ratio::whole(1 + self.faults.dice().below(998)).over(Ratio::whole(1_000), Rounding::Nearest);
            let part = share.and_then(|share| left.share(share, Rounding::Down)?.ceil_to_step(step));
            if let Ok(part) = part
                && part < left
            {
                parts.push(part);
                left = left.saturating_minus(part);
            }
        }
        parts.push(left);
        if split && parts.len() > 1 {
            self.faults.count(Fault::PartialFill);
        }
        parts
    }

    /// One execution: order, position, wallet and ledger change together or not at all. False when a number left the
    /// range; the order has ended then.
    pub(crate) fn execute(&mut self, id: u64, quantity: Quantity, price: Price, maker: bool) -> bool {
        match self.book(id, quantity, price, maker) {
            Ok((fill, slot)) => {
                let (account, symbol) = (fill.account.clone(), fill.symbol.clone());
                if self.ledger.order(id).is_some_and(|order| !order.is_open())
                    && let Some(market) = self.markets.get_mut(&symbol)
                {
                    market.open.remove(&id);
                }
                let told = self.told_of(fill);
                self.publish_order(id, told);
                self.publish_position(&account, &symbol, slot);
                self.expire_what_no_longer_fits(&account, &symbol, slot);
                true
            }
            Err(OutOfRange) => {
                self.end(id, Status::Expired, Some(Cause::OutOfRange));
                false
            }
        }
    }

    fn book(&mut self, id: u64, quantity: Quantity, price: Price, maker: bool) -> Result<(Fill, Slot), OutOfRange> {
        let order = self.ledger.orders.get(&id).ok_or(OutOfRange)?;
        let market = self.markets.get(&order.place.symbol).ok_or(OutOfRange)?;
        let account = self.ledger.accounts.get(&order.account).ok_or(OutOfRange)?;
        let (side, slot) = (order.place.side, order.slot);
        let key = (order.place.symbol.clone(), slot);
        let position = account.positions.get(&key).cloned().unwrap_or_default();
        let worth = market.worth();
        let (holding, realised) = position.holding.traded(side, quantity, price)?;
        let realised = worth_of(realised, worth)?;
        let fee = worth_of(self.fee_of(order, &market.rules, (price, quantity), maker)?, worth)?;
        let balance = account.balance.plus(realised)?.minus(fee)?;
        let after = Position {
            holding,
            realised: position.realised.plus(realised)?,
            fees: position.fees.plus(fee)?,
            funding: position.funding,
            at: self.now,
            margin: if holding.is_flat() || holding.side != position.holding.side {
                Money::ZERO
            } else {
                position.margin
            },
            worth,
        };
        let mut booked = order.clone();
        booked.book(self.now, quantity, price)?;
        let fill = Fill {
            id: Counters::next(&mut self.counters.fill),
            account: booked.account.clone(),
            symbol: key.0.clone(),
            slot,
            side,
            client_id: booked.child_client_id.as_ref().unwrap_or(&booked.place.client_id).clone(),
            order_id: id,
            engine_id: booked.child_id.unwrap_or(id),
            price,
            quantity,
            fee,
            maker,
            realised,
            cause: booked.forced,
            at: self.now,
            annulled_at: None,
        };
        self.commit(booked, fill.clone(), key, after, balance);
        Ok((fill, slot))
    }

    /// What an execution costs: the market's fee, and the venue's own share of a liquidation. The pages give the rate of the
    /// second and say `INSURANCE_CLEAR` of it (venues/binance.md §10.5); it is told with the execution here.
    fn fee_of(
        &self,
        order: &crate::order::Order,
        rules: &Rules,
        (price, quantity): (Price, Quantity),
        maker: bool,
    ) -> Result<Money, OutOfRange> {
        let fee = self.physics.fees.of(price, quantity, maker, rules.maker_fee, rules.taker_fee)?;
        match self.habits.liquidation_fee.filter(|_| order.forced == Some(Cause::Liquidation)) {
            Some(rate) => fee.plus(price.notional(quantity)?.times(rate, Rounding::Up)?),
            None => Ok(fee),
        }
    }

    fn commit(&mut self, order: crate::order::Order, fill: Fill, key: (String, Slot), after: Position, balance: Money) {
        if let Some(account) = self.ledger.accounts.get_mut(&order.account) {
            account.balance = balance;
            account.positions.insert(key, after.clone());
        }
        self.ledger.orders.insert(order.id, order);
        self.ledger.insert_fill(fill, after.holding);
    }

    /// Exits that have become larger than what is left to close (venues/binance.md §7.1): resting limits are knocked
    /// out, the worst-priced first, and whole-position orders go with their position. Conditional orders with a
    /// quantity of their own stay, unless the venue's habits say otherwise: orphans are real (F-C14).
    pub(crate) fn expire_what_no_longer_fits(&mut self, account: &str, symbol: &str, slot: Slot) {
        let holding = self.ledger.holding(account, symbol, slot);
        let mut ended = Vec::new();
        for side in [OrderSide::Buy, OrderSide::Sell] {
            let room = holding.reducible_by(side);
            let mut exits = self.open_of(account, symbol, slot);
            exits.retain(|order| order.closes && order.place.side == side);
            if room.is_zero() {
                let goes = |order: &&crate::order::Order| order.is_waiting() && self.goes_with_its_position(order);
                ended.extend(exits.iter().copied().filter(goes).map(|order| (order.id, Cause::PositionGone)));
            }
            exits.retain(|order| order.limit().is_some());
            self.sort_by_right_to_stay(side, &mut exits);
            let mut taken = Quantity::ZERO;
            for order in exits {
                let left = order.remaining().unwrap_or(Quantity::ZERO);
                let together = if self.habits.crowding == Crowding::Allow { Ok(left) } else { taken.plus(left) };
                match together {
                    Ok(sum) if sum <= room => taken = sum,
                    Ok(_) | Err(OutOfRange) => ended.push((order.id, Cause::KnockedOut)),
                }
            }
        }
        for (id, cause) in ended {
            self.end(id, Status::Expired, Some(cause));
        }
    }

    /// Who stays longest comes first: the first that would fill, or the youngest where the oldest make way.
    fn sort_by_right_to_stay(&self, side: OrderSide, exits: &mut [&crate::order::Order]) {
        match self.habits.crowding {
            Crowding::Allow | Crowding::Refuse => {
                exits.sort_by_key(|order| (farness(side, order.limit()), order.id));
            }
            Crowding::ExpireOldest => exits.sort_by_key(|order| std::cmp::Reverse(order.id)),
        }
    }

    fn goes_with_its_position(&self, order: &crate::order::Order) -> bool {
        match (order.bound, self.habits.exits.bound_when_flat) {
            (Bound::Free, _) => order.is_close_position() || self.habits.conditionals_expire_when_flat,
            (Bound::ToPosition, WhenFlat::Expire) => true,
            (Bound::ToPosition, WhenFlat::Stay) => false,
        }
    }
}

/// Sorts limits from the first that would fill to the last: sells upward, buys downward.
fn farness(side: OrderSide, limit: Option<Price>) -> (Option<Price>, std::cmp::Reverse<Option<Price>>) {
    match side {
        OrderSide::Buy => (None, std::cmp::Reverse(limit)),
        OrderSide::Sell => (limit, std::cmp::Reverse(None)),
    }
}

fn no_worse(side: OrderSide, price: Price, limit: Price) -> Price {
    match side {
        OrderSide::Buy => price.min(limit),
        OrderSide::Sell => price.max(limit),
    }
}
