//! The truth: accounts, every order ever accepted with its history, every execution, every funding payment.
//!
//! It is what a checker compares a client's belief with, and what the paper venue keeps as its memory. It only records
//! and answers; what happens is decided elsewhere, and faults never touch it: they change what clients are told.

use crate::account::{Account, Holding, Position};
use crate::deal::Deal;
use crate::entries;
use crate::order::Order;
use crate::report::{AccountView, Fill, FundingPayment, OrderView, PositionView};
use crate::request::Slot;
use crate::sparse::is_default;
use backstop_model::{Money, OrderSide, OutOfRange, Quantity, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The venue's books.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ledger {
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) orders: BTreeMap<u64, Order>,
    #[serde(with = "entries")]
    by_client: BTreeMap<(String, String), Vec<u64>>,
    fills: Vec<Fill>,
    after: Vec<Holding>,
    funding: Vec<FundingPayment>,
    #[serde(default, skip_serializing_if = "is_default")]
    annulled: Vec<Annulment>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) deals: BTreeMap<u64, Deal>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) open_deals: BTreeSet<u64>,
}

/// An execution that was annulled.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Annulment {
    /// Which.
    pub fill: u64,
    /// When.
    pub at: Timestamp,
    /// What was open then, without it.
    after: Holding,
}

impl Ledger {
    /// Every execution that was annulled, in the order of that.
    #[must_use]
    pub fn annulled(&self) -> &[Annulment] {
        &self.annulled
    }

    /// When an execution was annulled.
    #[must_use]
    pub fn annulled_at(&self, id: u64) -> Option<Timestamp> {
        self.annulled.iter().find(|one| one.fill == id).map(|one| one.at)
    }

    /// What an execution met in its slot.
    pub(crate) fn holding_before(&self, fill: &Fill) -> Holding {
        let place = self.fills.partition_point(|known| known.id < fill.id);
        let same =
            |known: &&Fill| (&known.account, &known.symbol, known.slot) == (&fill.account, &fill.symbol, fill.slot);
        let earlier = self.fills[..place].iter().rposition(|known| same(&known));
        let by_fill = earlier.map(|at| (self.fills[at].at, self.after[at]));
        let annulled =
            self.annulled.iter().rev().find(|one| one.at <= fill.at && self.fill(one.fill).filter(same).is_some());
        match (by_fill, annulled) {
            (Some((at, _)), Some(one)) if one.at >= at => one.after,
            (Some((_, after)), _) => after,
            (None, _) => Holding::FLAT,
        }
    }

    /// Whether nothing was open in its slot at any time since an execution.
    pub(crate) fn was_flat_since(&self, fill: &Fill) -> bool {
        let place = self.fills.partition_point(|known| known.id < fill.id);
        let same =
            |known: &Fill| (&known.account, &known.symbol, known.slot) == (&fill.account, &fill.symbol, fill.slot);
        let later = self.fills.iter().zip(&self.after).skip(place);
        let annulled = self.annulled.iter().filter(|one| one.at >= fill.at && self.fill(one.fill).is_some_and(same));
        later.filter(|(known, _)| same(known)).any(|(_, after)| after.is_flat())
            || annulled.into_iter().any(|one| one.after.is_flat())
    }

    pub(crate) fn note_annulled(&mut self, fill: u64, at: Timestamp, after: Holding) {
        self.annulled.push(Annulment { fill, at, after });
    }

    /// An account by name.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// The names of all accounts.
    pub fn account_names(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }

    /// What is open in a slot; flat when it never was used.
    #[must_use]
    pub fn holding(&self, account: &str, symbol: &str, slot: Slot) -> Holding {
        self.accounts.get(account).map_or(Holding::FLAT, |account| account.holding(symbol, slot))
    }

    /// A slot with its totals; absent when it never was used.
    #[must_use]
    pub fn position(&self, account: &str, symbol: &str, slot: Slot) -> Option<&Position> {
        self.accounts.get(account)?.positions.get(&(symbol.to_owned(), slot))
    }

    /// An order by the venue's id.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<&Order> {
        self.orders.get(&id)
    }

    /// Every order ever accepted, oldest first.
    pub fn orders(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.orders.values()
    }

    /// An account's open orders, oldest first.
    pub fn open_orders<'l>(&'l self, account: &'l str) -> impl Iterator<Item = &'l Order> {
        self.orders.values().filter(move |order| order.account == account && order.is_open())
    }

    /// Every order an account ever had accepted under a client id, oldest first: more than one is a doubled intent.
    pub fn orders_of<'l>(&'l self, account: &str, client_id: &str) -> impl DoubleEndedIterator<Item = &'l Order> {
        let ids = self.by_client.get(&(account.to_owned(), client_id.to_owned()));
        ids.into_iter().flatten().filter_map(|id| self.orders.get(id))
    }

    /// Every deal ever made, oldest first.
    pub fn deals(&self) -> impl DoubleEndedIterator<Item = &Deal> {
        self.deals.values()
    }

    /// A deal by the id it was opened under, open or not.
    #[must_use]
    pub fn deal(&self, origin: u64) -> Option<&Deal> {
        self.deals.get(&origin)
    }

    /// An account's open deals, oldest first.
    pub fn open_deals<'l>(&'l self, account: &'l str) -> impl Iterator<Item = &'l Deal> {
        let open = self.open_deals.iter().filter_map(|origin| self.deals.get(origin));
        open.filter(move |deal| deal.account == account)
    }

    /// An account's open deal by the id it has now.
    #[must_use]
    pub fn open_deal(&self, account: &str, id: u64) -> Option<&Deal> {
        let mut open = self.open_deals.iter().filter_map(|origin| self.deals.get(origin));
        open.find(|deal| deal.account == account && deal.id == id)
    }

    /// Every execution, oldest first.
    #[must_use]
    pub fn fills(&self) -> &[Fill] {
        &self.fills
    }

    /// One execution.
    #[must_use]
    pub fn fill(&self, id: u64) -> Option<&Fill> {
        self.fills_since(id.checked_sub(1)?).first().filter(|fill| fill.id == id)
    }

    /// Every execution after the one with this id, oldest first.
    #[must_use]
    pub fn fills_since(&self, id: u64) -> &[Fill] {
        let known = self.fills.partition_point(|fill| fill.id <= id);
        &self.fills[known..]
    }

    /// An account's executions, oldest first.
    pub fn fills_of<'l>(&'l self, account: &'l str) -> impl Iterator<Item = &'l Fill> {
        self.fills.iter().filter(move |fill| fill.account == account)
    }

    /// Every funding payment, oldest first.
    #[must_use]
    pub fn funding(&self) -> &[FundingPayment] {
        &self.funding
    }

    /// How much an account has bought or sold of a symbol in all, in one slot.
    ///
    /// # Errors
    /// [`OutOfRange`] when the sum does not fit.
    pub fn executed(&self, account: &str, symbol: &str, slot: Slot, side: OrderSide) -> Result<Quantity, OutOfRange> {
        let fills = self.fills_of(account).filter(|fill| fill.symbol == symbol && fill.slot == slot);
        fills.filter(|fill| fill.side == side).try_fold(Quantity::ZERO, |sum, fill| sum.plus(fill.quantity))
    }

    /// An account's gross realised profit over everything.
    ///
    /// # Errors
    /// [`OutOfRange`] when the sum does not fit.
    pub fn realised(&self, account: &str) -> Result<Money, OutOfRange> {
        self.total(account, |position| position.realised)
    }

    /// An account's fees over everything; positive is a cost.
    ///
    /// # Errors
    /// [`OutOfRange`] when the sum does not fit.
    pub fn fees(&self, account: &str) -> Result<Money, OutOfRange> {
        self.total(account, |position| position.fees)
    }

    /// An account's funding over everything; positive was received.
    ///
    /// # Errors
    /// [`OutOfRange`] when the sum does not fit.
    pub fn funding_of(&self, account: &str) -> Result<Money, OutOfRange> {
        self.total(account, |position| position.funding)
    }

    fn total(&self, account: &str, part: impl Fn(&Position) -> Money) -> Result<Money, OutOfRange> {
        let positions = self.accounts.get(account).into_iter().flat_map(|account| account.positions.values());
        positions.map(part).try_fold(Money::ZERO, Money::plus)
    }

    /// What the venue shows of an account as it was at `at` (F-A08, F-E16: a read may be stale). The balance is today's.
    #[must_use]
    pub(crate) fn view_as_of(
        &self,
        name: &str,
        at: Timestamp,
        orders: Vec<OrderView>,
        shown: impl Fn(&str, Slot, Holding, Timestamp) -> PositionView,
    ) -> Option<AccountView> {
        let account = self.accounts.get(name)?;
        let mut positions = Vec::new();
        for ((symbol, slot), position) in &account.positions {
            let (holding, since) = if position.at <= at {
                (position.holding, position.at)
            } else {
                self.holding_as_of(name, symbol, *slot, at)
            };
            if !holding.is_flat() {
                positions.push(shown(symbol, *slot, holding, since));
            }
        }
        let Account { leverage, balance, .. } = account;
        Some(AccountView {
            at,
            mode: account.mode_as_of(at),
            leverage: *leverage,
            balance: *balance,
            positions,
            orders,
        })
    }

    fn holding_as_of(&self, account: &str, symbol: &str, slot: Slot, at: Timestamp) -> (Holding, Timestamp) {
        let of_it = |fill: &Fill| fill.slot == slot && fill.symbol == symbol && fill.account == account;
        let newest_first = self.fills.iter().zip(&self.after).rev();
        let mut until = newest_first.filter(|(fill, _)| of_it(fill)).skip_while(|(fill, _)| fill.at > at);
        let by_fill = until.next().map(|(fill, after)| (*after, fill.at));
        let of_then = |one: &&Annulment| one.at <= at && self.fill(one.fill).is_some_and(of_it);
        let annulled = self.annulled.iter().rev().find(of_then).map(|one| (one.after, one.at));
        by_fill.into_iter().chain(annulled).max_by_key(|(_, at)| *at).unwrap_or((Holding::FLAT, Timestamp::EPOCH))
    }

    pub(crate) fn insert_order(&mut self, order: Order) {
        let key = (order.account.clone(), order.place.client_id.clone());
        self.by_client.entry(key).or_default().push(order.id);
        self.orders.insert(order.id, order);
    }

    /// Makes a triggered order known under the client id it executes under.
    pub(crate) fn name_child(&mut self, id: u64, client_id: String) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        self.by_client.entry((order.account.clone(), client_id.clone())).or_default().push(id);
        order.child_client_id = Some(client_id);
    }

    pub(crate) fn insert_fill(&mut self, fill: Fill, after: Holding) {
        self.fills.push(fill);
        self.after.push(after);
    }

    pub(crate) fn insert_funding(&mut self, payment: FundingPayment) {
        self.funding.push(payment);
    }
}
