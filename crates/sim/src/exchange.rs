//! The venue as its clients meet it: markets and accounts come in, requests and quotes go through, deliveries come out.
//!
//! This file keeps the order of things in time and nothing else. What a request does is decided in `arrival` and
//! `placing`, what a quote does in `conditional` and `matching`, what reaches clients in `outbox`.

use crate::account::{Account, TrailingStops};
use crate::deal::{Confirm, DealAsk, DealUpdate};
use crate::dice::Dice;
use crate::entries;
use crate::faults::{Fault, Faults};
use crate::filters::Rules;
use crate::habits::Habits;
use crate::ledger::Ledger;
use crate::market::Market;
use crate::native::Native;
use crate::physics::Physics;
use crate::report::Delivery;
use crate::request::{Request, Ticket};
use crate::sparse::is_default;
use crate::withheld::Withheld;
use backstop_model::{Leverage, Money, PositionMode, Prices, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a venue is made of.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Setup {
    /// Decides every chance.
    pub seed: u64,
    /// How long things take and what they cost.
    pub physics: Physics,
    /// What goes wrong.
    pub faults: Faults,
    /// What the venue offers and how it treats crowded exits.
    pub habits: Habits,
}

impl Setup {
    /// The pessimistic physics, no faults, Binance's habits.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, physics: Physics::default(), faults: Faults::none(seed), habits: Habits::default() }
    }

    /// No latency, no slippage, no faults: for tests and for replay.
    #[must_use]
    pub fn exact(seed: u64) -> Self {
        Self { physics: Physics::exact(), ..Self::new(seed) }
    }
}

/// Why a call to the venue's operator side was wrong. These are mistakes of the caller, not answers to clients.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SetupError {
    /// The account name is taken.
    #[error("account {0} exists already; open every account once")]
    AccountExists(String),
    /// The symbol is listed.
    #[error("{0} is listed already; use change_rules to change it")]
    AlreadyListed(String),
    /// The venue keeps no positions in this mode.
    #[error("this venue keeps no positions in {0:?} mode; choose one its profile keeps")]
    NoMode(PositionMode),
    /// No such account.
    #[error("there is no account {0}; open it first")]
    NoAccount(String),
    /// No such market.
    #[error("{0} is not listed; list it first")]
    NotListed(String),
    /// A grid is needed.
    #[error("{0}: step is zero; give the smallest quantity increment")]
    NoStep(String),
}

/// How an account begins.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Opening {
    /// How positions are kept.
    pub mode: PositionMode,
    /// The leverage for everything.
    pub leverage: Leverage,
    /// The first deposit, in the quote currency.
    pub balance: Money,
}

/// Something the venue will do at an instant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Due {
    /// A request arrives.
    Arrive { ticket: Ticket, account: String, request: Request },
    /// A request that was answered already is executed.
    ExecuteLate { account: String, request: Request },
    /// The venue cancels an order of its own accord.
    CancelBySystem { order: u64 },
    /// A request about a deal that was received is done.
    Deal { account: String, reference: String, ask: DealAsk },
    /// A contract ends, unless its rules have changed.
    Expire { symbol: String },
    /// A market that a fault closed opens again.
    Reopen { symbol: String },
    /// A triggered order reaches the engine.
    TakeOver { order: u64 },
}

/// A venue with its markets, accounts and truth. The same calls on the same setup give the same bytes, also when it
/// was saved and read back in between.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Exchange {
    pub(crate) physics: Physics,
    pub(crate) faults: Faults,
    pub(crate) habits: Habits,
    pub(crate) dice: Dice,
    pub(crate) now: Timestamp,
    pub(crate) ledger: Ledger,
    pub(crate) markets: BTreeMap<String, Market>,
    #[serde(with = "entries")]
    agenda: BTreeMap<(Timestamp, u64), Due>,
    #[serde(with = "entries")]
    pub(crate) outbox: BTreeMap<(Timestamp, u64), Delivery>,
    pub(crate) streams: BTreeMap<String, Timestamp>,
    pub(crate) counters: Counters,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) nonces: BTreeMap<String, BTreeSet<i64>>,
    #[serde(default, with = "entries", skip_serializing_if = "is_default")]
    pub(crate) confirms: BTreeMap<(String, String), Confirm>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) withheld: Withheld,
    /// Others on the same address, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) traffic: Option<Box<crate::traffic::Traffic>>,
    /// Updates of deals that wait for their confirm; between two calls there are none.
    #[serde(skip)]
    pub(crate) held_updates: Option<Vec<DealUpdate>>,
}

/// The venue's running numbers.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Counters {
    pub due: u64,
    pub fill: u64,
    pub hand: u64,
    pub order: u64,
    pub ticket: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub conditional: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub reference: u64,
}

impl Counters {
    /// The next number of one count, from 1.
    pub fn next(count: &mut u64) -> u64 {
        *count += 1;
        *count
    }
}

impl Exchange {
    /// A venue without markets and accounts.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self {
            physics: setup.physics,
            faults: setup.faults,
            habits: setup.habits,
            dice: Dice::new(setup.seed, 0xE0),
            now: Timestamp::EPOCH,
            ledger: Ledger::default(),
            markets: BTreeMap::new(),
            agenda: BTreeMap::new(),
            outbox: BTreeMap::new(),
            streams: BTreeMap::new(),
            counters: Counters::default(),
            nonces: BTreeMap::new(),
            confirms: BTreeMap::new(),
            withheld: Withheld::default(),
            traffic: None,
            held_updates: None,
        }
    }

    /// Lists a market. It trades once it has a price.
    ///
    /// # Errors
    /// [`SetupError::AlreadyListed`], [`SetupError::NoStep`].
    pub fn list(&mut self, symbol: &str, rules: Rules) -> Result<(), SetupError> {
        if self.markets.contains_key(symbol) {
            return Err(SetupError::AlreadyListed(symbol.to_owned()));
        }
        if rules.step.is_zero() {
            return Err(SetupError::NoStep(symbol.to_owned()));
        }
        self.markets.insert(symbol.to_owned(), Market::new(rules, self.now));
        self.plan_expiry(symbol);
        Ok(())
    }

    /// Changes the rules of a market while it trades; resting orders stay as they are (F-G02).
    ///
    /// # Errors
    /// [`SetupError::NotListed`], [`SetupError::NoStep`].
    pub fn change_rules(&mut self, symbol: &str, rules: Rules) -> Result<(), SetupError> {
        if rules.step.is_zero() {
            return Err(SetupError::NoStep(symbol.to_owned()));
        }
        let now = self.now;
        let market = self.listed(symbol)?;
        market.next_funding = rules.funding.and_then(|funding| funding.next_after(now));
        market.rules = rules;
        self.plan_expiry(symbol);
        self.faults.count(Fault::FiltersChange);
        Ok(())
    }

    /// Opens an account.
    ///
    /// # Errors
    /// [`SetupError::AccountExists`], [`SetupError::NoMode`].
    pub fn open_account(&mut self, name: &str, opening: Opening) -> Result<(), SetupError> {
        if self.ledger.accounts.contains_key(name) {
            return Err(SetupError::AccountExists(name.to_owned()));
        }
        let Opening { mode, leverage, balance } = opening;
        if !self.native().keeps(mode) {
            return Err(SetupError::NoMode(mode));
        }
        let trailing = TrailingStops::default();
        let (positions, leverages) = (BTreeMap::new(), BTreeMap::new());
        let (switched, deleveraged_until) = (None, BTreeMap::new());
        let account = Account { mode, leverage, leverages, balance, positions, trailing, switched, deleveraged_until };
        self.ledger.accounts.insert(name.to_owned(), account);
        Ok(())
    }

    /// Sets the leverage of an account in one market, as its owner does before trading there; nobody is told.
    ///
    /// # Errors
    /// [`SetupError::NoAccount`].
    pub fn set_leverage(&mut self, name: &str, symbol: &str, leverage: Leverage) -> Result<(), SetupError> {
        let account = self.ledger.accounts.get_mut(name).ok_or_else(|| SetupError::NoAccount(name.to_owned()))?;
        account.leverages.insert(symbol.to_owned(), leverage);
        Ok(())
    }

    /// What is native here.
    #[must_use]
    pub fn native(&self) -> Native {
        Native::of(&self.habits)
    }

    /// The truth.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The knobs and how often each struck.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The knobs, to turn them while the venue runs.
    pub const fn faults_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// The newest instant the venue has lived through.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Sends a request. It arrives after its way; its answer comes out of [`Self::advance`] with the same ticket.
    ///
    /// An unknown account is refused like a wrong key (-2015). A `now` before [`Self::now`] counts as that.
    pub fn request(&mut self, now: Timestamp, account: &str, request: Request) -> Ticket {
        let now = now.max(self.now);
        let ticket = Ticket(Counters::next(&mut self.counters.ticket));
        if self.faults.strikes_on(Fault::DropRequest, now, &request.ask) {
            self.lose(now.plus(self.physics.latency.lost_after), account, ticket);
            return ticket;
        }
        let mut at = now.plus(self.physics.latency.request.drawn(&mut self.dice));
        for fault in [Fault::Delay, Fault::Reorder] {
            if self.faults.strikes_on(fault, now, &request.ask) {
                let longest = self.faults.delay_up_to;
                at = at.plus(self.faults.dice().within(longest));
            }
        }
        self.plan(at, Due::Arrive { ticket, account: account.to_owned(), request });
        ticket
    }

    /// The market moves: what is absent in `prices` stays as it was. Everything due until `now` happens first; then
    /// trailing orders follow, triggers fire and limits fill, in the order that `conditional` documents.
    ///
    /// # Errors
    /// [`SetupError::NotListed`].
    pub fn quote(&mut self, now: Timestamp, symbol: &str, prices: Prices) -> Result<(), SetupError> {
        self.work_until(now);
        let market = self.listed(symbol)?;
        if !market.session.trades() {
            return Ok(());
        }
        let before = market.take_over(prices);
        if market.settled {
            return Ok(());
        }
        if !market.open.is_empty() || !self.ledger.open_deals.is_empty() || self.habits.liquidation {
            self.market_moved(symbol, before);
        }
        self.incidents(symbol);
        Ok(())
    }

    /// Lives until `now` and hands over everything that has reached a client by then, in the order of arrival.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Delivery> {
        self.work_until(now);
        let mut arrived = Vec::new();
        while let Some(entry) = self.outbox.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            arrived.push(entry.remove());
        }
        arrived
    }

    /// When the next thing happens or arrives. Funding counts only while something is open on its market.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let agenda = self.agenda.keys().next().map(|(at, _)| *at);
        let outbox = self.outbox.keys().next().map(|(at, _)| *at);
        let funding = self.next_funding(Timestamp::FAR_FUTURE).map(|(at, _)| at);
        [agenda, outbox, funding].into_iter().flatten().min()
    }

    pub(crate) fn plan(&mut self, at: Timestamp, due: Due) {
        let number = Counters::next(&mut self.counters.due);
        self.agenda.insert((at, number), due);
    }

    /// Does what is due until `now`, in the order of time; of things at one instant, what was planned first, and
    /// funding before all others.
    pub(crate) fn work_until(&mut self, now: Timestamp) {
        let now = now.max(self.now);
        loop {
            let agenda = self.agenda.keys().next().map(|(at, _)| *at).filter(|at| *at <= now);
            let funding = self.next_funding(now);
            match (agenda, funding) {
                (None, None) => break,
                (agenda, Some((at, symbol))) if agenda.is_none_or(|other| at <= other) => {
                    self.now = self.now.max(at);
                    self.pay_funding(&symbol, at);
                }
                (Some(_), _) | (None, Some(_)) => {
                    let Some(((at, _), due)) = self.agenda.pop_first() else { break };
                    self.now = self.now.max(at);
                    self.skip_idle_funding(at);
                    self.carry_out(due);
                }
            }
        }
        self.now = now;
        self.skip_idle_funding(now);
    }

    fn carry_out(&mut self, due: Due) {
        match due {
            Due::Arrive { ticket, account, request } => self.arrive(ticket, &account, request),
            Due::ExecuteLate { account, request } => self.execute_late(&account, &request),
            Due::CancelBySystem { order } => self.cancel_one_by_system(order),
            Due::Deal { account, reference, ask } => self.settle_deal(&account, reference, ask),
            Due::Expire { symbol } => self.expire_now(&symbol),
            Due::Reopen { symbol } => self.reopen(&symbol),
            Due::TakeOver { order } => self.take_over(order),
        }
    }

    pub(crate) fn listed(&mut self, symbol: &str) -> Result<&mut Market, SetupError> {
        self.markets.get_mut(symbol).ok_or_else(|| SetupError::NotListed(symbol.to_owned()))
    }
}
