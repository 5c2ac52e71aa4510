//! The world of one life: a virtual clock, the market, the venue, the process, and whoever acts on them.
//!
//! Everything that is due happens in the order of time, at one instant until nothing is left of it. After the last act
//! everything is healed and has half a minute to come to rest; then whatever is open is closed.

use super::canaries::{Bug, Canary};
use super::disk::Done;
use super::feeds;
use super::life::{Act, DiskTrouble, Hand, Life, Wish};
use super::market::{Market, Shown};
use super::process::Process;
use super::scenario::Script;
use super::sometimes::{Reached, Seen};
use super::stage::{self, MARKET, ME, SYMBOL, Stage};
use super::trace::Trace;
use super::trap::{Moment, Traps};
use super::watch::{Violation, Watch};
use backstop_model::{EntryRequest, Event, PositionSide, Prices, Span, Tick, Timestamp};
use backstop_sim as sim;
use backstop_venues::Venue;
use backstop_venues::paper::PaperVenue;
use std::collections::VecDeque;

mod acting;
mod arranging;
mod bugs;
mod engines;
mod passing;
mod striking;

use arranging::Arranged;
use engines::Engines;

pub use striking::{Crash, Wreck};

/// Rounds within one instant before something must be wrong.
const MOST_ROUNDS: usize = 2_000;
/// After everything is healed, all has come to rest within this (I38).
const HEALS_WITHIN: i64 = 30_000;

/// What became of a life.
pub struct Ended {
    /// Promises that were broken, the first first.
    pub violations: Vec<Violation>,
    /// What was said.
    pub trace: Trace,
    /// How often each knob of the venue really struck.
    pub struck: Vec<(sim::Fault, u64)>,
    /// Events the engine took in.
    pub events: u64,
    /// What became of the traps, where the first has struck.
    pub crash: Option<Crash>,
    /// What really happened before everything was healed.
    pub happened: Vec<Act>,
    /// What was reached that must be reached sometimes.
    pub reached: Reached,
    /// What the engine took in, where it was written down.
    script: Option<Box<Script>>,
}

/// Plays a life to its end.
#[must_use]
pub fn play(life: &Life, trace: Trace) -> Ended {
    World::new(life, trace, None).live()
}

/// Plays a life to its end with a seeded bug at work.
#[must_use]
pub fn play_with(life: &Life, trace: Trace, canary: &'static Canary) -> Ended {
    World::new(life, trace, Some(canary)).live()
}

/// I22: whether a life is lived alike when it is lived again; else what is broken.
#[must_use]
pub fn differs(ended: &Ended, again: &Ended) -> Option<Violation> {
    let text = "twice the same seed, two traces".to_owned();
    (ended.trace.number() != again.trace.number()).then_some(Violation { invariant: "I22", at: 0, what: text })
}

/// The same, and everything the engine takes in is written down.
#[must_use]
pub fn recorded(life: &Life, trace: Trace) -> (Ended, Script) {
    let mut world = World::new(life, trace, None);
    world.script = Some(Box::default());
    let mut ended = world.live();
    let script = ended.script.take().map_or_else(Script::default, |script| *script);
    (ended, script)
}

struct World<'l> {
    life: &'l Life,
    stage: Stage,
    now: Timestamp,
    market: Market,
    venue: PaperVenue,
    process: Process,
    watch: Watch,
    trace: Trace,
    events: u64,
    entries: Vec<EntryRequest>,
    /// How often something was due at an instant that was over.
    idle_rounds: usize,
    traps: Traps,
    /// What a trap has brought about, by time.
    later: VecDeque<(Timestamp, Act)>,
    crash: Option<Crash>,
    /// The lease and its candidates, in lives that have one.
    engines: Option<Engines>,
    seen: Seen,
    arranged: Arranged,
    /// What the engine takes in, where it is written down.
    script: Option<Box<Script>>,
    /// A seeded bug.
    bug: Option<Bug>,
}

impl<'l> World<'l> {
    fn new(life: &'l Life, mut trace: Trace, canary: Option<&'static Canary>) -> Self {
        let (stage, venue) = Stage::set(life);
        let now = stage::start();
        trace.begin(now);
        let market = Market::at(i64::from(life.grid.start));
        let (mut process, watch) = (Process::new(life.seed), Watch::new(life));
        let leased = life.acts.iter().any(|(_, act)| matches!(act, Act::Engines(_)));
        if leased {
            process = process.under_lease(stage.request_validity());
        }
        let (entries, traps) = (Vec::new(), Traps::new(life.traps.clone()));
        Self {
            life,
            stage,
            now,
            market,
            venue,
            process,
            watch,
            trace,
            events: 0,
            entries,
            idle_rounds: 0,
            traps,
            later: VecDeque::new(),
            crash: None,
            engines: leased.then(Engines::new),
            seen: Seen::of(life),
            arranged: Arranged::default(),
            script: None,
            bug: canary.map(Bug::new),
        }
    }

    fn live(mut self) -> Ended {
        self.boot();
        for (millis, act) in &self.life.acts {
            self.until(stage::at(*millis).plus(self.arranged.away));
            self.act(*act);
            self.settle();
            if self.watch.is_broken() {
                return self.end();
            }
        }
        let last: [fn(&mut Self); 4] = [Self::heal, Self::come_to_rest, Self::close_everything, Self::come_to_an_end];
        self.until(stage::at(self.life.length).plus(self.arranged.away));
        for part in last {
            if self.watch.is_broken() {
                break;
            }
            part(&mut self);
        }
        self.end()
    }

    fn come_to_rest(&mut self) {
        self.until(self.now.plus(Span::from_millis(HEALS_WITHIN)));
        self.watch.at_rest(self.now, &self.venue, &self.process);
    }

    fn come_to_an_end(&mut self) {
        self.until(self.now.plus(Span::from_millis(HEALS_WITHIN)));
        // What was decided in the last moment is written as well.
        while let (Some(due), false) = (self.process.disk.next_due(), self.watch.is_broken()) {
            self.until(due.plus(Span::from_nanos(1)));
        }
        self.watch.at_the_end(self.now, &self.venue, &self.process);
    }

    fn end(self) -> Ended {
        let struck = self.venue.exchange().faults().all_struck().collect();
        let reached = self.seen.ended(self.venue.exchange());
        let (violations, trace, events) = (self.watch.violations(), self.trace, self.events);
        Ended {
            violations,
            trace,
            struck,
            events,
            crash: self.crash,
            happened: self.arranged.happened,
            reached,
            script: self.script,
        }
    }

    /// Everything that is due before `until`.
    fn until(&mut self, until: Timestamp) {
        while let Some(next) = self.next_due().filter(|next| *next < until) {
            if next <= self.now {
                self.idle_rounds += 1;
            } else {
                self.idle_rounds = 0;
            }
            if self.idle_rounds > MOST_ROUNDS {
                self.watch.broken("I36", self.now, "something is due again and again at one instant".to_owned());
                return;
            }
            self.now = self.now.max(next);
            while let Some((_, act)) = self.later.pop_front_if(|(at, _)| *at <= self.now) {
                self.act(act);
            }
            self.hear_late_words();
            if self.market_is_due() {
                self.quote();
            }
            self.settle();
            if self.watch.is_broken() {
                return;
            }
        }
        self.now = self.now.max(until);
    }

    fn next_due(&self) -> Option<Timestamp> {
        let venue = self.venue.next_due().filter(|_| self.process.acts(self.now));
        let market = Some(self.market.next_due(self.now));
        let later = self.later.front().map(|(at, _)| *at);
        let engines = self.engines.as_ref().and_then(Engines::next_due);
        let words = self.arranged.next_due();
        let bug = self.bug.as_ref().and_then(Bug::next_due).filter(|_| self.process.acts(self.now));
        [venue, market, self.process.next_due(), later, engines, words, bug].into_iter().flatten().min()
    }

    fn market_is_due(&self) -> bool {
        self.market.next_due(self.now) <= self.now
    }

    /// Everything of this very instant, until nothing is left of it.
    fn settle(&mut self) {
        for round in 0.. {
            if round > MOST_ROUNDS {
                self.watch.broken("I36", self.now, "venue and engine do not come to rest".to_owned());
                return;
            }
            if self.process.is_due(self.now) {
                self.boot();
            }
            self.keep_leases();
            if !self.process.acts(self.now) || !self.turn() {
                break;
            }
        }
        self.note_who_acts();
        self.note_withheld();
        self.watch.look(self.now, &self.venue, &self.process);
    }

    /// One turn of the process. False when there was nothing to do, or when it has died.
    fn turn(&mut self) -> bool {
        let now = self.now;
        match self.process.hear_disk(now) {
            Some(Done::Durable(through)) => {
                self.watch.durable(through);
                if self.falls(Moment::Durable(through)) {
                    return true;
                }
            }
            Some(Done::Failed) => {
                self.trace.say(now, "disk", format_args!("has failed"));
                let full = self.process.disk.is_full();
                self.happened(Act::Disk(if full { DiskTrouble::Full } else { DiskTrouble::Fails }));
                self.seen.disk_failed(full, &self.process);
                self.watch.journal_was_lost();
            }
            None => {}
        }
        if self.dies() {
            return true;
        }
        let mut happened = false;
        // What reaches the venue later is for the next turn.
        let arrived = self.venue.poll(now).unwrap_or_default();
        for usage in self.venue.usage() {
            self.watch.told_usage(now, usage.used);
            self.process.told_usage(now, self.usage_with_bug(usage));
        }
        for event in arrived {
            happened = true;
            let Some(event) = self.garbled(event) else { continue };
            if self.dies() || self.take(event) {
                return true;
            }
        }
        for event in self.process.overdue(now) {
            happened = true;
            if self.take(event) {
                return true;
            }
        }
        if self.process.wants_wake(now) {
            happened = true;
            if self.take(Event::Wake) {
                return true;
            }
        }
        while let Some(question) = self.process.next_candles(now) {
            happened = true;
            self.venue.ask_candles(now, &question);
        }
        while let Some(question) = self.process.next_rules(now) {
            happened = true;
            self.venue.ask_rules(now, question);
        }
        while let Some(account) = self.process.next_mode(now) {
            happened = true;
            self.venue.ask_mode(now, account);
        }
        while let Some(command) = self.process.next_request(now) {
            happened = true;
            if self.dies() || self.falls(Moment::Leaves(&command)) || self.lets_go(&command) || self.dies() {
                return true;
            }
        }
        self.act_on_bug() || happened
    }

    /// One step of the process is done; it may die of it.
    fn dies(&mut self) -> bool {
        let died = self.process.step(self.now);
        if died {
            self.happened(Act::Kill { after: 0, down: 0 });
            self.has_died();
        }
        died
    }

    fn has_died(&mut self) {
        self.trace.say(self.now, "process", format_args!("dies; {} records are left", self.process.disk.len()));
        self.watch.disturbed(self.now);
        self.seen.died();
        if let Some(bug) = &mut self.bug {
            bug.dies();
        }
    }

    fn boot(&mut self) {
        let now = self.now;
        if let Some(bug) = &mut self.bug {
            bug.boots(now, &mut self.process.disk);
        }
        // What arrived while nobody was there is lost.
        drop(self.venue.exchange_mut().advance(now));
        let records = self.process.disk.has_forgotten();
        if records > 0 {
            self.happened(Act::Disk(DiskTrouble::Forgets { records }));
            self.watch.journal_was_lost();
        }
        self.stage.acts(self.process.token());
        if let Some(script) = &mut self.script {
            script.starts(
                now,
                self.process.disk.load().map_or(0, |loaded| loaded.tail.len()),
                self.stage.definitions(),
            );
        }
        let start = self.process.boot(now, self.watch.is_journal_lost());
        self.trace.say(now, "process", format_args!("starts; {} doubts", start.doubts.len()));
        self.look_at_the_wreck();
        if let Some(warning) = start.warnings.first() {
            self.watch.broken("I20", now, warning.clone());
        }
        if self.process.is_journal_failed() {
            self.happened(Act::Disk(DiskTrouble::Rots));
            self.watch.journal_was_lost();
        }
        let fresh = sim::Exchange::new(sim::Setup::exact(0));
        let venue = std::mem::replace(&mut self.venue, PaperVenue::new(fresh, None, now));
        self.venue = venue.restarted(start.known_until);
        self.watch.booted(now, &self.process);
        self.watch.configured.starts(now, self.stage.told());
        self.seen.booted(!self.process.disk.is_empty());
        for event in self.stage.definitions().into_iter().chain(start.doubts) {
            if self.take(event) {
                return;
            }
        }
        let known = self.process.engine().into_iter().flat_map(backstop_core::Engine::accounts);
        known.for_each(|account| self.venue.remember_mode(account.id, account.position_mode));
    }

    fn quote(&mut self) {
        let prices = self.market.prices(self.now, &self.stage);
        self.market.said_at = self.now;
        self.venue.quote(self.now, MARKET, prices);
        if self.market.cut_until <= self.now {
            self.feed(self.market.fed(self.now, prices));
        }
    }

    /// The price reaches the engine.
    fn feed(&mut self, prices: Prices) {
        let acts = self.process.acts(self.now);
        if acts {
            self.trace.say(self.now, "price", format_args!("{prices}", prices = Shown(prices)));
            self.watch.quoted(self.now, prices);
        }
        for prices in feeds::words(self.life, prices) {
            let tick = Tick { instrument: MARKET, prices, confirmed: false };
            self.feed_aside(&tick);
            if acts && self.take(Event::Tick(tick)) {
                return;
            }
        }
    }

    /// Nothing goes wrong any more: knobs are off, prices are whole, a process that records nothing is started again.
    fn heal(&mut self) {
        self.trace.say(self.now, "world", format_args!("is healed"));
        self.arranged.healed = true;
        let knobs: Vec<sim::Fault> = self.life.troubles.iter().map(|trouble| trouble.fault).collect();
        let faults = self.venue.exchange_mut().faults_mut();
        knobs.into_iter().chain(striking::KNOBS).for_each(|fault| faults.clear(fault));
        let market = &mut self.market;
        (market.misprint, market.mark_away, market.missing) = (None, None, None);
        (market.lag, market.crossed_until, market.cut_until) = (0, self.now, self.now);
        self.process.is_spared();
        if self.process.is_journal_failed() {
            self.process.disk = super::disk::Disk::default();
            self.process.die(self.now, Span::from_millis(500));
            self.has_died();
        }
        self.heal_leases();
        self.heal_arranged();
        self.watch.healed(self.now);
        self.quote();
        self.act(Act::Wish(Wish::Pause(false)));
        self.settle();
    }

    /// Whatever is open is closed: by the operator where the engine looks after it, else by hand.
    fn close_everything(&mut self) {
        self.trace.say(self.now, "world", format_args!("ends"));
        if self.life.seed.is_multiple_of(3) {
            self.act(Act::Hand(Hand::Close));
        } else {
            self.act(Act::Wish(Wish::Close));
        }
        self.settle();
        self.until(self.now.plus(Span::from_secs(10)));
        for side in [PositionSide::Long, PositionSide::Short] {
            self.close_side(side);
        }
        self.settle();
    }

    /// By hand, each deal of it, as far as the venue takes it: what is too little stays.
    fn close_side(&mut self, side: PositionSide) {
        while super::watch::open_slots(&self.venue).any(|(_, open, _)| open == side) {
            if !self.closes_by_hand(side) {
                // Whoever is told that resting closes hold the position takes them away, and closes (venues/bitget.md §6.2).
                self.take_resting_closes_away(side);
                if !self.closes_by_hand(side) {
                    return;
                }
            }
            self.watch.by_hand(self.now, Hand::Close, true);
        }
    }

    fn closes_by_hand(&mut self, side: PositionSide) -> bool {
        let close = sim::HandAction::Close { symbol: SYMBOL.to_owned(), side };
        self.venue.exchange_mut().by_hand(self.now, ME, close).is_ok()
    }

    fn take_resting_closes_away(&mut self, side: PositionSide) {
        let open = self.venue.exchange().ledger().open_orders(ME);
        let rests = |order: &&sim::Order| order.closes && order.place.side == side.closing() && order.limit().is_some();
        let resting: Vec<String> = open.filter(rests).map(|order| order.place.client_id.clone()).collect();
        for client_id in resting {
            // One that has gone in the same instant is no longer in the way.
            let _ = self.venue.exchange_mut().by_hand(self.now, ME, sim::HandAction::CancelOrder { client_id });
        }
    }
}
