//! The driver: plays the market to venues and engine in the order of time, stores what changes, sends what may be sent.
//!
//! One thread, one clock, and the clock is the market's. Between two moments everything that is due happens in order:
//! deliveries of the venues, deadlines of the engine, requests that may leave.

use super::audit::Audit;
use super::cast::{Cast, Player};
use super::feed::Moment;
use super::hand::act_if_due;
use crate::doors::Doors;
use backstop_core::PositionRead;
use backstop_model::{
    AccountId, Command, Course, Event, Notice, OrderSide, PositionDocument, PositionKey, Price, Prices, Ratio,
    Rounding, Tick, Timestamp,
};
use backstop_runtime::Cycle;
use backstop_sim as sim;
use backstop_store::{Journal, StoreError};
use backstop_venues::{Venue, VenueFailure};
use std::collections::BTreeMap;

/// Rounds within one instant before something must be wrong.
const MOST_ROUNDS: usize = 10_000;

/// Why a demonstration cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The journal took nothing more.
    #[error("{0}")]
    Journal(#[from] StoreError),
    /// Venue and engine keep answering each other at one instant.
    #[error("venue and engine do not come to rest; please report this with the seed")]
    Restless,
    /// A venue's connection failed.
    #[error("{0}")]
    Venue(#[from] VenueFailure),
}

/// Something worth showing.
#[derive(Clone, Debug)]
pub struct Told {
    /// When, by the market's clock.
    pub at: Timestamp,
    /// What.
    pub notice: Notice,
}

/// The newest that is known of a tranche.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Which position it belongs to.
    pub key: PositionKey,
    /// Its document.
    pub document: PositionDocument,
    /// Its course, up to its end.
    pub course: Option<Course>,
}

/// The market, the venues and the engine together.
pub struct World {
    /// Who plays.
    pub cast: Cast,
    cycle: Cycle,
    journal: Box<dyn Journal>,
    now: Timestamp,
    events: u64,
    told: Vec<Told>,
    /// The newest document of every tranche of every position with its course, by name and tranche.
    documents: BTreeMap<(String, u8), Kept>,
    audit: Audit,
    doors: Doors,
    /// Moments of the market that lay outside its hours.
    shut_moments: u64,
}

impl World {
    /// Sets the stage: definitions, then whatever a recovery has left in doubt.
    ///
    /// # Errors
    /// [`Stopped`] when the journal refuses.
    pub fn new(
        cast: Cast,
        cycle: Cycle,
        journal: Box<dyn Journal>,
        start: Timestamp,
        doubts: Vec<Event>,
    ) -> Result<Self, Stopped> {
        let mut world = Self {
            cast,
            cycle,
            journal,
            now: start,
            events: 0,
            told: Vec::new(),
            documents: BTreeMap::new(),
            audit: Audit::default(),
            doors: Doors::default(),
            shut_moments: 0,
        };
        for event in world.cast.definitions().into_iter().chain(doubts) {
            world.take(event)?;
        }
        Ok(world)
    }

    /// What is known of positions from before.
    pub fn remember(&mut self, documents: impl IntoIterator<Item = Kept>) {
        self.documents.extend(documents.into_iter().map(|kept| (name_of(&kept.document), kept)));
    }

    /// Plays one moment of the market. False when it is shut then: the moment is passed over.
    ///
    /// # Errors
    /// [`Stopped`] when journal or venue fail.
    pub fn play(&mut self, moment: &Moment) -> Result<bool, Stopped> {
        self.run_until(moment.at)?;
        self.now = self.now.max(moment.at);
        let players = 0..self.cast.players.len();
        let of_it: Vec<usize> = players.filter(|index| self.cast.players[*index].symbol() == moment.symbol).collect();
        let open: Vec<usize> = of_it.iter().copied().filter(|index| self.is_open(*index)).collect();
        if open.is_empty() && !of_it.is_empty() {
            self.shut_moments += 1;
            self.settle()?;
            return Ok(false);
        }
        let count = moment.long.len().max(moment.short.len());
        for point in 0..count {
            for index in &open {
                self.go(*index, moment, point)?;
            }
            self.settle()?;
        }
        Ok(true)
    }

    /// Whether a player's market trades now; its exchange is told when it opens or shuts.
    fn is_open(&mut self, index: usize) -> bool {
        let player = &mut self.cast.players[index];
        let (open, news) = self.doors.look(&player.opening.instrument, self.now);
        if let Some(session) = news {
            let symbol = player.symbol();
            // A ledger of another market does not list this one, and nothing ever fills there.
            let _ = player.venue.exchange_mut().set_session(self.now, symbol.as_str(), session);
        }
        open
    }

    /// Sessions that have ended since the last price.
    fn shut(&mut self) {
        let ended = self.doors.ended(self.now);
        for index in 0..self.cast.players.len() {
            if ended.contains(&self.cast.players[index].opening.instrument.id) {
                self.is_open(index);
            }
        }
    }

    /// Takes one player's market to the next point. On a continuous path it calls at every price an order waits at, so
    /// that a stop inside a bar fills at its trigger and only a gap between bars is a gap.
    fn go(&mut self, index: usize, moment: &Moment, point: usize) -> Result<(), Stopped> {
        let points = moment.points(self.cast.players[index].opening.side);
        let Some(prices) = points.get(point).copied() else { return Ok(()) };
        let from = point.checked_sub(1).and_then(|before| points[before].last).filter(|_| moment.continuous);
        if let (Some(mut at), Some(to)) = (from, prices.last) {
            while let Some(stop) = waypoint(&self.cast.players[index], at, to) {
                self.quote(index, Prices::all(stop))?;
                self.settle()?;
                at = stop;
            }
        }
        self.quote(index, prices)
    }

    fn quote(&mut self, index: usize, prices: Prices) -> Result<(), Stopped> {
        let now = self.now;
        let player = &mut self.cast.players[index];
        let instrument = player.opening.instrument.id;
        player.venue.quote(now, instrument, prices);
        act_if_due(player, now)?;
        self.take(Event::Tick(Tick { instrument, prices, confirmed: true }))
    }

    /// Lets everything happen that is due before `until`.
    ///
    /// # Errors
    /// [`Stopped`] when journal or venue fail.
    pub fn run_until(&mut self, until: Timestamp) -> Result<(), Stopped> {
        for _ in 0..MOST_ROUNDS * 1_000 {
            let venues = self.cast.players.iter().filter_map(|player| player.venue.next_due());
            let next = venues.chain(self.cycle.next_wake()).chain(self.doors.next_end()).min();
            let Some(next) = next.filter(|next| *next < until) else { return Ok(()) };
            self.now = self.now.max(next);
            self.settle()?;
        }
        Err(Stopped::Restless)
    }

    /// Deliveries, deadlines and requests of this very instant, until nothing is left of it.
    fn settle(&mut self) -> Result<(), Stopped> {
        self.shut();
        for _ in 0..MOST_ROUNDS {
            let mut idle = true;
            for index in 0..self.cast.players.len() {
                for event in self.cast.players[index].venue.poll(self.now)? {
                    idle = false;
                    self.take(event)?;
                }
            }
            for event in self.cycle.overdue(self.now) {
                idle = false;
                self.take(event)?;
            }
            if self.cycle.wants_wake(self.now) {
                idle = false;
                self.take(Event::Wake)?;
            }
            while let Some(command) = self.cycle.next_request(self.now) {
                idle = false;
                self.send(&command);
            }
            while let Some(question) = self.cycle.next_candles(self.now) {
                idle = false;
                // Every player has its own instrument, and only its own exchange knows that.
                let mut players = self.cast.players.iter_mut();
                if let Some(player) = players.find(|player| player.opening.instrument.id == question.instrument) {
                    player.venue.ask_candles(self.now, &question);
                }
            }
            if idle {
                return Ok(());
            }
        }
        Err(Stopped::Restless)
    }

    fn send(&mut self, command: &Command) {
        let account: AccountId = command.account();
        if let Some(player) = self.cast.players.iter_mut().find(|player| player.account.id == account) {
            player.venue.submit(self.now, command);
        }
    }

    fn take(&mut self, event: Event) -> Result<(), Stopped> {
        self.events += 1;
        let taken = self.cycle.take(self.now, event);
        if let Some(step) = taken.step {
            let sequence = step.record.sequence;
            self.journal.append(&[step])?;
            self.cycle.durable(sequence);
            if let Some(checkpoint) = self.cycle.checkpoint() {
                self.journal.save_checkpoint(&checkpoint)?;
            }
        }
        for read in taken.core.positions {
            self.audit.look(&read);
            self.keep(read);
        }
        let at = self.now;
        self.told.extend(taken.core.notices.into_iter().map(|notice| Told { at, notice }));
        Ok(())
    }

    fn keep(&mut self, read: PositionRead) {
        let name = name_of(&read.document);
        if read.is_merged {
            self.documents.remove(&name);
            return;
        }
        let closed = self.documents.get(&name).filter(|before| before.document.exit_time.is_some());
        let course = closed.and_then(|before| before.course.clone()).or(Some(read.course));
        self.documents.insert(name, Kept { key: read.key, document: read.document, course });
    }

    /// Notices since the last call.
    pub fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// Writes how far the market has been played.
    ///
    /// # Errors
    /// [`Stopped::Venue`] when a ledger cannot be written.
    pub fn note_cursor(&mut self, cursor: u64) -> Result<(), Stopped> {
        for player in &mut self.cast.players {
            player.venue.note_cursor(cursor)?;
        }
        Ok(())
    }

    /// Whether every position has been opened and closed again, with nothing left to be seen gone.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let seen = |player: &Player| self.documents.values().any(|kept| kept.key.of_deal(None) == player.key());
        self.cast.players.iter().all(seen) && self.cycle.engine().positions().next().is_none()
    }

    /// Ends: the engine's state is saved, orders stay at the venue.
    ///
    /// # Errors
    /// [`Stopped`] when the journal refuses.
    pub fn end(&mut self) -> Result<(), Stopped> {
        if let Some(checkpoint) = self.cycle.checkpoint_now() {
            self.journal.save_checkpoint(&checkpoint)?;
        }
        self.audit.close(&self.cast, self.cycle.engine());
        Ok(())
    }

    /// The market's time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The live loop's state.
    #[must_use]
    pub const fn cycle(&self) -> &Cycle {
        &self.cycle
    }

    /// Events taken in so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Moments of the market that lay outside its hours, and were passed over.
    #[must_use]
    pub const fn shut_moments(&self) -> u64 {
        self.shut_moments
    }

    /// Every position's newest document, by id.
    #[must_use]
    pub fn documents(&self) -> Vec<&Kept> {
        let mut documents: Vec<_> = self.documents.values().collect();
        documents.sort_by_key(|kept| (kept.document.entry_time, kept.key.account, name_of(&kept.document)));
        documents
    }

    /// Promises that were broken; there should be none.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        self.audit.violations()
    }
}

fn name_of(document: &PositionDocument) -> (String, u8) {
    (document.position_id.clone(), document.tranche)
}

/// The nearest price strictly between two points at which an order of this player's venue waits.
fn waypoint(player: &Player, from: Price, to: Price) -> Option<Price> {
    let (name, tick) = (player.account.name, player.opening.instrument.tick);
    let ledger = player.venue.exchange().ledger();
    let orders = ledger.open_orders(name.as_str()).filter_map(|order| waits_at(order, tick));
    let levels =
        ledger.open_deals(name.as_str()).flat_map(|deal| [deal.levels.stop.map(|stop| stop.level), deal.levels.limit]);
    let between = |price: &Price| if to > from { *price > from && *price < to } else { *price < from && *price > to };
    let waits = orders.chain(levels.flatten()).filter(between);
    if to > from { waits.min() } else { waits.max() }
}

/// Where an order waits; a trail's level is put on the tick beyond it.
fn waits_at(order: &sim::order::Order, tick: Price) -> Option<Price> {
    match order.place.kind {
        sim::Kind::Limit { price, .. } => Some(price),
        sim::Kind::Market => None,
        sim::Kind::StopMarket { trigger, .. }
        | sim::Kind::TakeProfitLimit { trigger, .. }
        | sim::Kind::TakeProfitMarket { trigger, .. } => Some(trigger),
        sim::Kind::Trailing { activation, callback, .. } => {
            let trail = order.trail?;
            let (true, Some(best)) = (trail.active, trail.best) else { return activation };
            match order.place.side {
                OrderSide::Sell => {
                    best.times(Ratio::ONE.minus(callback).ok()?, Rounding::Down).ok()?.floor_to_tick(tick).ok()
                }
                OrderSide::Buy => {
                    best.times(Ratio::ONE.plus(callback).ok()?, Rounding::Up).ok()?.ceil_to_tick(tick).ok()
                }
            }
        }
    }
}
