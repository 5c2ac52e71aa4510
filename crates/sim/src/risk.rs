//! What the venue does on its own: funding, liquidation, auto-deleveraging, settlement, and cancelling orders.
//!
//! Each produces the same orders, executions and events as a client's order would, under the venue's own client ids
//! (venues/binance.md §10.3): `autoclose-`, `adl_autoclose`, `settlement_autoclose-`.

use crate::account::{Holding, Position, worth_of};
use crate::exchange::{Due, Exchange, SetupError};
use crate::faults::Fault;
use crate::habits::MassCancel;
use crate::order::Terms;
use crate::physics::slippage::worsened;
use crate::report::{Cause, FundingPayment, Status, StreamEvent};
use crate::request::{Amount, Kind, Place, Slot};
use backstop_model::{OrderSide, Price, Quantity, Rounding, Span, Timestamp};

impl Exchange {
    /// The first funding boundary until then of a market with something open.
    pub(crate) fn next_funding(&self, until: Timestamp) -> Option<(Timestamp, String)> {
        let all = self.markets.iter().filter_map(|(symbol, market)| Some((market.next_funding?, symbol)));
        let due = all.filter(|(at, _)| *at <= until);
        let open = due.filter(|(_, symbol)| self.holders(symbol).next().is_some());
        open.min().map(|(at, symbol)| (at, symbol.clone()))
    }

    /// Boundaries that passed while nothing was open are nobody's business any more.
    pub(crate) fn skip_idle_funding(&mut self, until: Timestamp) {
        for market in self.markets.values_mut() {
            if market.next_funding.is_some_and(|at| at <= until) {
                market.next_funding = market.rules.funding.and_then(|funding| funding.next_after(until));
            }
        }
    }

    pub(crate) fn holders<'e>(&'e self, symbol: &'e str) -> impl Iterator<Item = (&'e str, Slot, Holding)> + 'e {
        self.ledger.accounts.iter().flat_map(move |(name, account)| {
            let open = account.positions.iter().filter(move |((of, _), p)| of == symbol && !p.holding.is_flat());
            open.map(move |((_, slot), position)| (name.as_str(), *slot, position.holding))
        })
    }

    pub(crate) fn pay_funding(&mut self, symbol: &str, at: Timestamp) {
        let holders: Vec<(String, Slot, Holding)> =
            self.holders(symbol).map(|(name, slot, holding)| (name.to_owned(), slot, holding)).collect();
        let Some(market) = self.markets.get_mut(symbol) else { return };
        let Some(funding) = market.rules.funding else {
            market.next_funding = None;
            return;
        };
        market.next_funding = funding.next_after(at);
        let Some(mark) = market.mark() else { return };
        for (account, slot, holding) in holders {
            let worth = self.worth_at(symbol);
            let payment = funding.payment(holding.side, mark, holding.quantity);
            if let Ok(amount) = payment.and_then(|amount| worth_of(amount, worth)) {
                self.book_funding(&account, symbol, slot, amount, at);
            }
        }
    }

    fn book_funding(&mut self, account: &str, symbol: &str, slot: Slot, amount: backstop_model::Money, at: Timestamp) {
        let Some(owner) = self.ledger.accounts.get_mut(account) else { return };
        let Some(position) = owner.positions.get_mut(&(symbol.to_owned(), slot)) else { return };
        let (Ok(balance), Ok(funding)) = (owner.balance.plus(amount), position.funding.plus(amount)) else { return };
        owner.balance = balance;
        position.funding = funding;
        let (account, symbol) = (account.to_owned(), symbol.to_owned());
        let payment = FundingPayment { account: account.clone(), symbol, slot, amount, balance, at };
        self.ledger.insert_funding(payment.clone());
        self.publish(&account, StreamEvent::FundingFee(payment));
    }

    fn worth_at(&self, symbol: &str) -> Option<backstop_model::Ratio> {
        self.markets.get(symbol).and_then(crate::market::Market::worth)
    }

    /// Where a slot would be liquidated if it held so much.
    pub(crate) fn liquidation_price(&self, account: &str, symbol: &str, slot: Slot, holding: Holding) -> Option<Price> {
        let maintenance = self.markets.get(symbol)?.rules.maintenance_margin;
        let known = self.ledger.position(account, symbol, slot).cloned().unwrap_or_default();
        let leverage = self.ledger.account(account)?.leverage_of(symbol);
        Position { holding, ..known }.liquidation_price(leverage, maintenance)
    }

    /// Warns an account's owner that its margin is nearly used up (F-F05); nothing else happens.
    pub fn call_margin(&mut self, now: Timestamp, account: &str) {
        self.work_until(now);
        let Some(owner) = self.ledger.account(account) else { return };
        let open = owner.positions.iter().filter(|(_, position)| !position.holding.is_flat());
        let open: Vec<(String, Slot, Holding)> =
            open.map(|((symbol, slot), position)| (symbol.clone(), *slot, position.holding)).collect();
        let shown = |(symbol, slot, holding): &(String, Slot, Holding)| {
            self.position_view(account, symbol, *slot, *holding, self.now)
        };
        let positions = open.iter().map(shown).collect();
        self.publish(account, StreamEvent::MarginCall { at: self.now, positions });
    }

    /// Liquidates what the mark price has reached; after all triggers of the point, so a nearer stop goes first.
    pub(crate) fn liquidate_what_is_due(&mut self, symbol: &str) {
        if !self.habits.liquidation {
            return;
        }
        let Some(mark) = self.markets.get(symbol).and_then(crate::market::Market::mark) else { return };
        let is_due = |account: &str, slot: Slot, holding: Holding| {
            self.liquidation_price(account, symbol, slot, holding).is_some_and(|level| holding.side.hit(mark, level))
        };
        let due: Vec<(String, Slot)> = self
            .holders(symbol)
            .filter(|(account, slot, holding)| is_due(account, *slot, *holding))
            .map(|(account, slot, _)| (account.to_owned(), slot))
            .collect();
        for (account, slot) in due {
            self.liquidate_slot(&account, symbol, slot);
        }
    }

    /// Liquidates a slot now, whatever the mark price (F-F01): open orders on it expire, the position is closed at
    /// market. Nothing happens when it is flat.
    pub fn liquidate(&mut self, now: Timestamp, account: &str, symbol: &str, slot: Slot) {
        self.work_until(now);
        self.liquidate_slot(account, symbol, slot);
    }

    pub(crate) fn liquidate_slot(&mut self, account: &str, symbol: &str, slot: Slot) {
        let holding = self.ledger.holding(account, symbol, slot);
        if holding.is_flat() {
            return;
        }
        self.faults.count(Fault::Liquidation);
        self.end_all(account, symbol, Some(slot), Cause::Liquidation);
        self.force(account, symbol, slot, holding.quantity, Cause::Liquidation, None);
    }

    /// Auto-deleverages up to `quantity` of a slot at the executable price (F-F02). Returns what was taken.
    pub fn adl(&mut self, now: Timestamp, account: &str, symbol: &str, slot: Slot, quantity: Quantity) -> Quantity {
        self.work_until(now);
        let taken = quantity.min(self.ledger.holding(account, symbol, slot).quantity);
        if !taken.is_zero() {
            self.faults.count(Fault::Adl);
            self.block_for_adl(account, symbol);
            self.force(account, symbol, slot, taken, Cause::Adl, None);
        }
        taken
    }

    fn block_for_adl(&mut self, account: &str, symbol: &str) {
        let blocks = self.habits.exits.adl_blocks;
        if let Some(owner) = self.ledger.accounts.get_mut(account).filter(|_| blocks > Span::ZERO) {
            owner.deleveraged_until.insert(symbol.to_owned(), self.now.plus(blocks));
        }
    }

    /// Whether nothing of an account's in that market closes now, because the venue is deleveraging it.
    pub(crate) fn is_deleveraging(&self, account: &str, symbol: &str) -> bool {
        let until = self.ledger.account(account).and_then(|owner| owner.deleveraged_until.get(symbol));
        until.is_some_and(|until| self.now < *until)
    }

    /// The end of a contract is foreseen.
    pub(crate) fn plan_expiry(&mut self, symbol: &str) {
        if let Some(at) = self.rules(symbol).and_then(|rules| rules.expires) {
            self.plan(at, Due::Expire { symbol: symbol.to_owned() });
        }
    }

    /// A contract ends, when its rules have said or now (F-F03): it is settled at its mark, and where it has none yet nobody
    /// holds it. Of deals an update tells it and gives no reason, as of every closing by the venue (venues/ig.md §0 fact 2,
    /// §8.3 `SYSTEM_OTHER`).
    ///
    /// # Errors
    /// [`SetupError::NotListed`].
    pub fn expire(&mut self, now: Timestamp, symbol: &str) -> Result<(), SetupError> {
        self.work_until(now);
        let now = self.now;
        self.listed(symbol)?.rules.expires = Some(now);
        self.expire_now(symbol);
        Ok(())
    }

    /// Nothing happens before its time, and nothing twice.
    pub(crate) fn expire_now(&mut self, symbol: &str) {
        let Some(market) = self.markets.get_mut(symbol) else { return };
        let due = market.rules.expires.is_some_and(|at| at <= self.now) && !market.settled;
        match market.mark().or_else(|| market.executable(OrderSide::Sell)).filter(|_| due) {
            Some(price) => self.settle_now(symbol, price),
            None => market.settled |= due,
        }
    }

    /// Settles a market at `price`: orders expire, positions are closed, new orders are refused (F-F03).
    ///
    /// # Errors
    /// [`SetupError::NotListed`].
    pub fn settle(&mut self, now: Timestamp, symbol: &str, price: Price) -> Result<(), SetupError> {
        self.work_until(now);
        self.listed(symbol)?;
        self.settle_now(symbol, price);
        Ok(())
    }

    fn settle_now(&mut self, symbol: &str, price: Price) {
        if let Some(market) = self.markets.get_mut(symbol) {
            market.settled = true;
        }
        self.faults.count(Fault::Settlement);
        let accounts: Vec<String> = self.ledger.accounts.keys().cloned().collect();
        for account in &accounts {
            self.end_all(account, symbol, None, Cause::Settlement);
        }
        let open: Vec<(String, Slot, Holding)> =
            self.holders(symbol).map(|(name, slot, holding)| (name.to_owned(), slot, holding)).collect();
        for (account, slot, holding) in open {
            self.force(&account, symbol, slot, holding.quantity, Cause::Settlement, Some(price));
        }
    }

    /// The venue cancels all open orders of an account on a symbol without a word (F-D06). Returns how many.
    pub fn cancel_by_system(&mut self, now: Timestamp, account: &str, symbol: &str) -> usize {
        self.work_until(now);
        let ids = self.mass_cancelled(account, symbol);
        for id in &ids {
            self.faults.count(Fault::CancelBySystem);
            self.end(*id, Status::Canceled, Some(Cause::BySystem));
        }
        ids.len()
    }

    /// What a cancelling of everything on a symbol hits.
    pub(crate) fn mass_cancelled(&self, account: &str, symbol: &str) -> Vec<u64> {
        let mut ids = self.open_ids(account, symbol, None);
        let waits = |id: &u64| self.ledger.order(*id).is_some_and(|order| order.place.kind.is_conditional());
        match self.habits.conditionals.mass_cancel {
            MassCancel::Everything => {}
            MassCancel::RegularOnly => ids.retain(|id| !waits(id)),
        }
        ids
    }

    pub(crate) fn cancel_one_by_system(&mut self, id: u64) {
        if self.ledger.order(id).is_some_and(crate::order::Order::is_open) {
            self.faults.count(Fault::CancelBySystem);
        }
        self.end(id, Status::Canceled, Some(Cause::BySystem));
    }

    fn end_all(&mut self, account: &str, symbol: &str, slot: Option<Slot>, cause: Cause) {
        for id in self.open_ids(account, symbol, slot) {
            self.end(id, Status::Expired, Some(cause));
        }
    }

    pub(crate) fn open_ids(&self, account: &str, symbol: &str, slot: Option<Slot>) -> Vec<u64> {
        let ids = self.markets.get(symbol).into_iter().flat_map(|market| &market.open).copied();
        let is_meant = |id: &u64| {
            let order = self.ledger.order(*id);
            order.is_some_and(|order| order.account == account && slot.is_none_or(|slot| order.slot == slot))
        };
        ids.filter(is_meant).collect()
    }

    /// Closes part of a slot with an order of the venue's own, past all checks.
    pub(crate) fn force(
        &mut self,
        account: &str,
        symbol: &str,
        slot: Slot,
        quantity: Quantity,
        cause: Cause,
        price: Option<Price>,
    ) {
        let Some(market) = self.markets.get(symbol) else { return };
        let side = self.ledger.holding(account, symbol, slot).side.closing();
        let ticks = self.physics.slippage.trigger_ticks;
        let at_market =
            || market.executable(side).map(|best| worsened(best, side, ticks, market.rules.tick).unwrap_or(best));
        let Some(price) = price.or_else(at_market) else { return };
        let number = self.counters.order + 1;
        let client_id = match cause {
            Cause::Adl => "adl_autoclose".to_owned(),
            Cause::Settlement => format!("settlement_autoclose-{number}"),
            Cause::DealLimit | Cause::DealStop => format!("level-{number}"),
            Cause::Liquidation
            | Cause::Amended
            | Cause::Replaced
            | Cause::ByHand
            | Cause::BySystem
            | Cause::ImmediateRest
            | Cause::KnockedOut
            | Cause::Margin
            | Cause::MarketBand
            | Cause::MarketRest
            | Cause::OutOfRange
            | Cause::PositionGone
            | Cause::ReduceOnlyReject => format!("autoclose-{number}"),
        };
        let place = Place {
            client_id,
            symbol: symbol.to_owned(),
            side,
            position_side: slot.position_side(),
            amount: Amount::Exact(quantity),
            kind: Kind::Market,
            reduce_only: slot == Slot::Both,
        };
        let id = self.accept(account, place, Terms::free(slot, true, Some(quantity)));
        if let Some(order) = self.ledger.orders.get_mut(&id) {
            order.forced = Some(cause);
        }
        self.execute(id, quantity, price, false);
        if let Slot::Deal(origin) = slot {
            self.deal_changed(origin);
        }
    }

    /// The wallet plus what is open at the mark price; absent for an unknown account or an unknown mark. It may go below
    /// zero, as nobody insures it here.
    #[must_use]
    pub fn equity(&self, account: &str) -> Option<backstop_model::Money> {
        let owner = self.ledger.account(account)?;
        let mut equity = owner.balance;
        for ((symbol, _), position) in &owner.positions {
            let Holding { side, quantity, cost } = position.holding;
            if quantity.is_zero() {
                continue;
            }
            let worth = self.markets.get(symbol)?.mark()?.notional(quantity).ok()?;
            let profit = match side {
                backstop_model::PositionSide::Long => worth.minus(cost).ok()?,
                backstop_model::PositionSide::Short => cost.minus(worth).ok()?,
            };
            equity = equity.plus(worth_of(profit, position.worth).ok()?).ok()?;
        }
        Some(equity)
    }
}

/// Twice a quantity, for flips.
pub(crate) fn doubled(quantity: Quantity) -> Option<Quantity> {
    quantity.share(backstop_model::Ratio::whole(2), Rounding::Nearest).ok()
}
