//! The paper venue: live or recorded prices in, the simulated exchange behind, its ledger in a file of its own.
//!
//! Like a real exchange it writes its ledger before it acknowledges anything, and its market time stands still while it
//! is down. Orders here are the exchange's own; the engine learns of them by the same events as everywhere.
//!
//! The exchange plays any venue, and says what is native there; by that, and never by a name, the words are chosen:
//! `encode` for orders and for orders bound to a position, `deals` for levels of deals. `answers` waits for what comes
//! back, `decode` reads it.

mod answers;
mod candle_file;
mod candles;
mod capability;
mod deals;
mod decode;
mod encode;
mod ledger;
mod modes;
mod names;
mod refusal;

pub use capability::capability;
pub use ledger::{LedgerFailure, LedgerFile};

use crate::{CandleQuestion, RulesQuestion, Usage, Venue, VenueFailure};
use answers::{Named, Pending, answer};
use backstop_model::{
    AccountId, Asked, ClientOrderId, Command, Depth, Event, Instrument, InstrumentId, MarginCall, ModeReport, Name,
    Outcome, PositionMode, PositionSide, Prices, Quantity, Refusal, RefusalReason, Span, Symbol, Timestamp,
};
use backstop_sim as sim;
use backstop_sim::habits::RequestWindow;
use candles::Candles;
use deals::{Desk, Job, Outcomes, Teller};
use decode::Reader;
use encode::Words;
use modes::Modes;
use names::Names;
use std::collections::BTreeMap;

/// Validity of every request, as short as an exit engine keeps it (R5).
pub const REQUEST_VALIDITY: Span = Span::from_secs(3);
/// Rounds of one poll before it leaves the rest to the next.
const MOST_ROUNDS: usize = 100;

/// The simulated exchange, spoken to in Backstop's words.
pub struct PaperVenue {
    exchange: sim::Exchange,
    ledger: Option<LedgerFile>,
    names: Names,
    modes: Modes,
    pending: BTreeMap<u64, Pending>,
    /// Executions up to this instant are known to the engine; only newer ones are read back in a snapshot.
    known_until: Timestamp,
    desk: Desk,
    teller: Teller,
    /// The newest execution of deals that has been told, for each account.
    seen_fills: BTreeMap<AccountId, u64>,
    /// When an execution was last told, by account and market.
    traded: BTreeMap<(AccountId, InstrumentId), Timestamp>,
    /// Answers that no request was needed for.
    ready: Vec<Event>,
    /// What had arrived when the ledger could not be written.
    undelivered: Vec<sim::Delivery>,
    /// The newest time stamp of a request, where no two may have the same.
    stamped: Timestamp,
    dirty: bool,
    candles: Candles,
    /// How deep each market was told to be.
    depths: BTreeMap<InstrumentId, Quantity>,
    /// What of the budget for requests answers have told to be used up.
    used: BTreeMap<AccountId, usize>,
}

impl PaperVenue {
    /// The venue around an exchange. With a ledger file everything acknowledged is written there first, and whose the
    /// levels of deals are is read from there.
    #[must_use]
    pub fn new(exchange: sim::Exchange, ledger: Option<LedgerFile>, known_until: Timestamp) -> Self {
        let book = ledger.as_ref().map(LedgerFile::deals).unwrap_or_default();
        let candles = ledger.as_ref().map(LedgerFile::candles).unwrap_or_default();
        Self {
            exchange,
            ledger,
            names: Names::default(),
            modes: Modes::default(),
            pending: BTreeMap::new(),
            known_until,
            desk: Desk::with(book),
            teller: Teller::default(),
            seen_fills: BTreeMap::new(),
            traded: BTreeMap::new(),
            ready: Vec::new(),
            undelivered: Vec::new(),
            stamped: Timestamp::EPOCH,
            dirty: true,
            candles,
            depths: BTreeMap::new(),
            used: BTreeMap::new(),
        }
    }

    /// The same exchange for a client that comes back: whatever was under way for the one before is nobody's any more.
    #[must_use]
    pub fn restarted(self, known_until: Timestamp) -> Self {
        let modes = self.modes.restarted(self.exchange.now());
        let fresh = Self::new(self.exchange, self.ledger, known_until);
        let (names, candles) = (self.names, self.candles);
        Self { names, modes, desk: Desk::with(self.desk.book), stamped: self.stamped, candles, ..fresh }
    }

    /// Says which account of the exchange a number stands for. It is believed to keep its positions as it does now, until
    /// the exchange says otherwise.
    pub fn name_account(&mut self, id: AccountId, name: Name) {
        let owner = self.exchange.ledger().account(name.as_str());
        let opened = owner.map_or(PositionMode::OneWay, |owner| owner.mode);
        self.modes.open(id, opened, self.exchange.now());
        self.names.accounts.insert(id, name);
    }

    /// An account keeps its positions so, as the engine remembers it: the exchange may have said so before a restart.
    pub fn remember_mode(&mut self, account: AccountId, mode: PositionMode) {
        self.modes.remember(account, mode);
    }

    /// Says which market of the exchange a number stands for.
    pub fn name_instrument(&mut self, id: InstrumentId, symbol: Symbol) {
        self.names.instruments.insert(id, symbol);
    }

    /// What the engine is told of an instrument; its grid and its minimums are the exchange's when it asks for them again.
    pub fn describe(&mut self, instrument: Instrument) {
        self.names.told.insert(instrument.id, instrument);
    }

    /// Whether an account is held here.
    #[must_use]
    pub fn knows(&self, account: AccountId) -> bool {
        self.names.accounts.contains_key(&account)
    }

    /// The exchange, for looking at its truth.
    #[must_use]
    pub fn exchange(&self) -> &sim::Exchange {
        &self.exchange
    }

    /// The exchange, for what befalls it: liquidations, faults, sessions.
    pub fn exchange_mut(&mut self) -> &mut sim::Exchange {
        self.dirty = true;
        &mut self.exchange
    }

    /// The market moves.
    pub fn quote(&mut self, now: Timestamp, instrument: InstrumentId, prices: Prices) {
        if let Some(symbol) = self.names.instruments.get(&instrument) {
            self.candles.note(now, *symbol, &prices);
        }
        let symbol = self.names.symbol(instrument);
        // A market that is not listed is a mistake of the caller's that shows at once: nothing ever fills there.
        let _ = self.exchange.quote(now, symbol, prices);
        self.tell_depth(now, instrument);
    }

    /// A book that has become another one is told of, where the exchange keeps one.
    fn tell_depth(&mut self, at: Timestamp, instrument: InstrumentId) {
        let Some(deep) = self.exchange.rules(self.names.symbol(instrument)).and_then(|rules| rules.depth) else {
            return;
        };
        if self.depths.insert(instrument, deep) != Some(deep) {
            self.ready.push(Event::Depth(Depth { instrument, bids: deep, asks: deep, at }));
        }
    }

    /// Whether any candle is known, of this run or of one before.
    #[must_use]
    pub fn has_past(&self) -> bool {
        !self.candles.is_empty()
    }

    /// Where a market was before the venue was first played: for its candles, nothing happens at those prices.
    pub fn recall(&mut self, at: Timestamp, instrument: InstrumentId, prices: &Prices) {
        if let Some(symbol) = self.names.instruments.get(&instrument) {
            self.candles.note(at, *symbol, prices);
        }
    }

    /// Somebody opens a position by hand at the venue.
    ///
    /// # Errors
    /// The exchange's own words when it refuses.
    pub fn open_by_hand(
        &mut self,
        now: Timestamp,
        account: AccountId,
        instrument: InstrumentId,
        side: PositionSide,
        quantity: Quantity,
    ) -> Result<(), VenueFailure> {
        let name = self.names.name(account).to_owned();
        let symbol = self.names.symbol(instrument).to_owned();
        let action = sim::HandAction::Open { symbol, side, quantity };
        self.dirty = true;
        self.exchange.by_hand(now, &name, action).map_err(|refused| {
            VenueFailure(format!("the paper venue refuses to open: {} ({})", refused.text, refused.code))
        })
    }

    /// Somebody closes a position by hand at the venue.
    ///
    /// # Errors
    /// The exchange's own words when it refuses.
    pub fn close_by_hand(
        &mut self,
        now: Timestamp,
        account: AccountId,
        instrument: InstrumentId,
        side: PositionSide,
    ) -> Result<(), VenueFailure> {
        let name = self.names.name(account).to_owned();
        let symbol = self.names.symbol(instrument).to_owned();
        self.dirty = true;
        self.exchange.by_hand(now, &name, sim::HandAction::Close { symbol, side }).map_err(|refused| {
            VenueFailure(format!("the paper venue refuses to close: {} ({})", refused.text, refused.code))
        })
    }

    /// Writes where the market is, so that it goes on from there, and its candles. Not synced: losing it repeats prices, nothing else.
    ///
    /// # Errors
    /// [`VenueFailure`] naming the file.
    pub fn note_cursor(&mut self, cursor: u64) -> Result<(), VenueFailure> {
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        let candles = self.candles.flush().map_err(|why| ledger.candles_failed(why));
        candles.and_then(|()| ledger.note_cursor(cursor)).map_err(|failure| VenueFailure(failure.to_string()))
    }

    fn reader(&self) -> Reader<'_> {
        Reader { names: &self.names, exchange: &self.exchange, book: &self.desk.book }
    }

    /// What the core is told of how an account's positions are kept.
    fn mode_report(&self, account: AccountId, mode: PositionMode) -> Event {
        let capability = capability(&self.exchange.native(), mode);
        Event::Mode(Box::new(ModeReport { account, mode, capability }))
    }

    /// What arrives may show that an account's owner has switched its mode: that is told first, so that whatever follows from
    /// the rest is worded accordingly (F-D07).
    fn learn(&mut self, account: &str, shown: Option<(Timestamp, PositionMode)>, events: &mut Vec<Event>) {
        let Some(account) = self.names.account(account) else { return };
        let news = shown.and_then(|shown| self.modes.learn(account, shown));
        events.extend(news.map(|mode| self.mode_report(account, mode)));
    }

    /// The time stamp of a request. Where it is a nonce, each is a microsecond after the one before (venues/aster.md
    /// §2.3).
    fn stamp(&mut self, now: Timestamp) -> Timestamp {
        if matches!(self.exchange.native().request_window, RequestWindow::Nonce { .. }) {
            self.stamped = now.max(self.stamped.plus(Span::from_nanos(1_000)));
            return self.stamped;
        }
        now
    }

    fn ask(&mut self, now: Timestamp, account: AccountId, ask: sim::Ask, pending: Pending) {
        let name = self.names.name(account).to_owned();
        let sent_at = self.stamp(now);
        let ticket = self.exchange.request(now, &name, sim::Request { sent_at, valid_for: REQUEST_VALIDITY, ask });
        self.pending.insert(ticket.0, pending);
    }

    fn deliver(&mut self, delivery: sim::Delivery, events: &mut Vec<Event>) {
        let before = events.len();
        self.translate(delivery, events);
        for event in &events[before..] {
            self.desk.book.told(event);
        }
    }

    fn translate(&mut self, delivery: sim::Delivery, events: &mut Vec<Event>) {
        match delivery.body {
            sim::Body::Stream(event) => {
                self.learn(&delivery.account, modes::shown_by_stream(&event), events);
                self.stream(&delivery.account, event, delivery.at, events);
            }
            sim::Body::Response { ticket, reply } => {
                // Answers to requests of an earlier life are nobody's: the engine has asked what became of them.
                if let Some(pending) = self.pending.remove(&ticket.0) {
                    let told = self.names.account(&delivery.account).zip(self.exchange.used());
                    self.used.extend(told);
                    self.learn(&delivery.account, modes::shown_by_answer(&reply), events);
                    self.respond(delivery.at, pending, reply, events);
                }
            }
        }
    }

    fn stream(&mut self, account: &str, event: sim::StreamEvent, at: Timestamp, events: &mut Vec<Event>) {
        let Some(account) = self.names.account(account) else { return };
        match event {
            // What it says has been learned.
            sim::StreamEvent::ConfigUpdate { .. } => {}
            sim::StreamEvent::Confirm(confirm) => self.confirmed(&confirm, at, events),
            sim::StreamEvent::DealUpdate(update) => {
                if self.teller.update(&self.names, account, &update, &mut self.desk.book, events) {
                    self.ask_deal_fills(account, 0, at);
                }
            }
            sim::StreamEvent::FundingFee(payment) => {
                events.extend(self.reader().funding(&payment).map(Event::Funding));
            }
            sim::StreamEvent::MarginCall { at, positions } => {
                let reports = positions.iter().flat_map(|position| decode::positions(&self.names, account, position));
                let open = reports.filter(|report| !report.quantity.is_zero());
                let positions = open.map(|report| report.key).collect();
                events.push(Event::MarginCall(MarginCall { account, positions, at }));
            }
            sim::StreamEvent::OrderUpdate { order: view, fill, .. } => {
                // The execution first: the status that follows speaks of it.
                if let Some(fill) = fill.and_then(|fill| self.reader().fill(&fill)) {
                    self.traded.insert((account, fill.instrument), at);
                    events.push(Event::Fill(fill));
                }
                events.extend(decode::order(&self.names, account, &view).map(Event::Order));
            }
            sim::StreamEvent::TradeAnnulled { at, fill } => events.extend(self.reader().annulled(&fill, at)),
            sim::StreamEvent::PositionUpdate { position, .. } => {
                let reports = decode::positions(&self.names, account, &position);
                events.extend(reports.into_iter().map(Event::Position));
            }
        }
    }

    fn confirmed(&mut self, confirm: &sim::Confirm, at: Timestamp, events: &mut Vec<Event>) {
        let mut out = Outcomes::default();
        self.desk.confirmed(confirm, at, &self.exchange, &mut out);
        self.send_on(out, at, events);
    }

    fn send_on(&mut self, out: Outcomes, now: Timestamp, events: &mut Vec<Event>) {
        events.extend(out.events);
        for (account, request, ask) in out.asks {
            let pending = match ask {
                sim::Ask::Deal(sim::DealAsk::Confirm { .. }) => Pending::Confirm,
                _ => Pending::Deal { request },
            };
            self.ask(now, account, ask, pending);
        }
    }

    /// A command about a deal.
    fn submit_deal(&mut self, now: Timestamp, command: &Command) {
        let Some(job) = Job::of(command, &self.names) else {
            let (Some(instrument), Some(id)) = (command.instrument(), command.order()) else { return };
            let refusal = Refusal::new(RefusalReason::Unsupported, "there is no such order about a deal");
            let of = Named { account: command.account(), instrument, id };
            self.ready.push(answer(of, Asked::Place, Outcome::Refused(refusal), now));
            return;
        };
        let (mut out, mut events) = (Outcomes::default(), Vec::new());
        self.desk.take(job, now, &self.exchange, &mut out);
        self.send_on(out, now, &mut events);
        self.ready.append(&mut events);
    }

    fn submit_order(&mut self, now: Timestamp, command: &Command, words: Words) {
        let account = command.account();
        let (instrument, id, asked, ask) = match command {
            Command::Place(order) => {
                (order.instrument, order.id, Asked::Place, encode::place(&self.names, order, words))
            }
            Command::Amend { instrument, id, trigger, quantity, .. } => {
                if let Some(order) = self.stands_already(account, id.as_str(), trigger.price, *quantity) {
                    let of = Named { account, instrument: *instrument, id: *id };
                    self.ready.push(answer(of, Asked::Amend, Outcome::Accepted(order), now));
                    return;
                }
                (*instrument, *id, Asked::Amend, encode::amend(*id, trigger, Some(*quantity)))
            }
            Command::Cancel { instrument, id, .. } => {
                (*instrument, *id, Asked::Cancel, sim::Ask::Cancel { client_id: self.name_in_book(account, *id) })
            }
            Command::Lookup { .. } | Command::Snapshot { .. } => return,
        };
        let pending = Pending::Order { of: Named { account, instrument, id }, asked, sent_at: now };
        self.ask(now, account, ask, pending);
    }

    /// Under which name an order is cancelled: what a trigger has put into the book may have one of the venue's
    /// (`plan-sub-order`, venues/bitget.md §7).
    fn name_in_book(&self, account: AccountId, id: ClientOrderId) -> String {
        let mut orders = self.exchange.ledger().orders_of(self.names.name(account), id.as_str()).rev();
        let child = orders.find(|order| order.is_resting()).and_then(|order| order.child_client_id.clone());
        child.unwrap_or_else(|| id.to_string())
    }

    /// Whether an order that cannot be cancelled is just becoming one that rests: it can be in a moment.
    fn is_about_to_rest(&self, of: Named) -> bool {
        let mut orders = self.exchange.ledger().orders_of(self.names.name(of.account), of.id.as_str()).rev();
        orders.find(|order| order.is_open()).is_some_and(|order| decode::will_rest(&order.view()) || order.is_resting())
    }

    /// What stands already as it is asked for: venues refuse an amend that changes nothing (-5027), in a word that on
    /// Bitget means anything.
    fn stands_already(
        &self,
        account: AccountId,
        id: &str,
        price: backstop_model::Price,
        quantity: Quantity,
    ) -> Option<backstop_model::VenueOrderId> {
        let mut orders = self.exchange.ledger().orders_of(self.names.name(account), id).rev();
        let order = orders.find(|order| order.is_open())?;
        let same_quantity = match order.place.amount {
            sim::Amount::ClosePosition => true,
            sim::Amount::Exact(stands) => stands == quantity,
        };
        (same_quantity && order.place.kind.trigger() == Some(price)).then(|| decode::venue_id(order.id)).flatten()
    }

    /// Everything acknowledged is on disk before anybody hears of it.
    fn write_ledger(&mut self) -> Result<(), VenueFailure> {
        if self.dirty
            && let Some(ledger) = &mut self.ledger
        {
            ledger.write(&self.exchange, &self.desk.book).map_err(|failure| VenueFailure(failure.to_string()))?;
        }
        self.dirty = false;
        Ok(())
    }
}

impl Venue for PaperVenue {
    fn submit(&mut self, now: Timestamp, command: &Command) {
        let account = command.account();
        let mode = self.modes.of(account);
        match command {
            Command::Snapshot { .. } => self.ask(now, account, sim::Ask::Snapshot, Pending::Snapshot { account }),
            Command::Lookup { .. } => self.look_up(now, command),
            Command::Amend { .. } | Command::Cancel { .. } | Command::Place(_) if mode == PositionMode::PerDeal => {
                self.submit_deal(now, command);
            }
            Command::Amend { .. } | Command::Cancel { .. } | Command::Place(_) => {
                let words = Words::of(&self.exchange.native(), mode);
                self.submit_order(now, command, words);
            }
        }
    }

    fn poll(&mut self, now: Timestamp) -> Result<Vec<Event>, VenueFailure> {
        let mut events = std::mem::take(&mut self.ready);
        let mut out = Outcomes::default();
        self.desk.overdue(now, &self.exchange, &mut out);
        self.send_on(out, now, &mut events);
        for _ in 0..MOST_ROUNDS {
            let mut deliveries = std::mem::take(&mut self.undelivered);
            deliveries.extend(self.exchange.advance(now));
            self.dirty |= !deliveries.is_empty();
            if let Err(failure) = self.write_ledger() {
                self.dirty = true;
                (self.ready, self.undelivered) = (events, deliveries);
                return Err(failure);
            }
            if deliveries.is_empty() {
                break;
            }
            for delivery in deliveries {
                self.deliver(delivery, &mut events);
            }
        }
        Ok(events)
    }

    fn usage(&mut self) -> Vec<Usage> {
        std::mem::take(&mut self.used).into_iter().map(|(account, used)| Usage { account, used }).collect()
    }

    fn next_due(&self) -> Option<Timestamp> {
        let ready = (!self.ready.is_empty()).then(|| self.exchange.now());
        ready.into_iter().chain(self.exchange.next_due()).chain(self.desk.next_due()).min()
    }

    fn ask_rules(&mut self, now: Timestamp, question: RulesQuestion) {
        let RulesQuestion { account, instrument } = question;
        if self.names.told.contains_key(&instrument) {
            let symbol = self.names.symbol(instrument).to_owned();
            self.ask(now, account, sim::Ask::Rules { symbol }, Pending::Rules { instrument });
        }
    }

    fn ask_mode(&mut self, now: Timestamp, account: AccountId) {
        self.ask(now, account, sim::Ask::Mode, Pending::Mode { account });
    }

    fn ask_candles(&mut self, now: Timestamp, question: &CandleQuestion) {
        let CandleQuestion { instrument, series, interval, .. } = *question;
        let symbol = self.names.instruments.get(&instrument);
        let candles = symbol.map_or_else(Vec::new, |symbol| self.candles.answer(now, *symbol, question));
        self.ready.push(Event::Candles { instrument, interval, candles, history: Some(series) });
    }
}

#[cfg(test)]
mod tests;
