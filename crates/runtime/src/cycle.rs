//! One turn of the live loop, without I/O.
//!
//! The driver hands in events ([`Cycle::take`]), stores what comes back, says when it is durable
//! ([`Cycle::durable`]), sends what may be sent ([`Cycle::next_request`]) and wakes the cycle when it asks to be
//! ([`Cycle::next_wake`]). The order of these calls is the whole protocol; persist-then-send (R1) lives here.

use crate::arrivals::Arrivals;
use crate::bars::Bars;
use crate::calendar::{Calendar, Closes};
use crate::drills::Drills;
use crate::executor::{Executor, waits_for_read};
use crate::gaps::Gaps;
use crate::health::Health;
use crate::lease::Lease;
use crate::modes::ModeQuestions;
use crate::rules::RuleQuestions;
use crate::snapshots::SnapshotSchedule;
use crate::warm_up::WarmUps;
use backstop_core::orders::{Leg, Named};
use backstop_core::position::adoption::HARD_STOP_ATR;
use backstop_core::{Engine, Step};
use backstop_model::{
    AccountId, Adopt, Answer, ClientOrderId, Command, EntryRequest, Event, Lane, Notice, OrderKind, Outcome, Permit,
    Refusal, RefusalReason, Series, Span, Stamped, Timestamp,
};
use backstop_store::{Checkpoint, ReadUpdate, Record};
use backstop_venues::{CandleQuestion, RulesQuestion, Usage};
use std::collections::{BTreeSet, VecDeque};

/// Records between two checkpoints.
const CHECKPOINT_EVERY: u64 = 1_000;

/// Why something has not left.
const NO_RECORD: &str = "nothing can be recorded";
/// The same.
const NO_LEASE: &str = "another engine may act";
/// The same.
const OVERTAKEN: &str = "something else has been decided since";
/// The same.
const USED: &str = "its id has been used before";

/// What one event came to.
#[derive(Debug, Default)]
pub struct Taken {
    /// To be stored in one transaction; nothing when nothing changed.
    pub step: Option<backstop_store::Step>,
    /// The core's own answer, for those who show things.
    pub core: Step,
}

/// The live loop's state.
pub struct Cycle {
    engine: Engine,
    executor: Executor,
    snapshots: SnapshotSchedule,
    health: Health,
    sequence: u64,
    now: Timestamp,
    waiting: VecDeque<(u64, Vec<Command>)>,
    /// Ids that the first full read has shown: a journal that has lost its end may take them for unused.
    used: BTreeSet<ClientOrderId>,
    journal_failed: bool,
    /// To be taken in next: bars that have ended, permits, and answers to what may not leave.
    fallout: VecDeque<Event>,
    since_checkpoint: u64,
    bars: Bars,
    closes: Closes,
    drills: Drills,
    gaps: Gaps,
    modes: ModeQuestions,
    rules: RuleQuestions,
    warm_ups: WarmUps,
    arrivals: Arrivals,
    /// None where nobody else can act: a demonstration, a backtest.
    lease: Option<Lease>,
}

impl Cycle {
    /// A cycle around an engine, whose last record had the number `sequence`.
    #[must_use]
    pub fn new(engine: Engine, sequence: u64, executor: Executor, snapshots: SnapshotSchedule) -> Self {
        Self {
            engine,
            executor,
            snapshots,
            health: Health::default(),
            sequence,
            now: Timestamp::EPOCH,
            waiting: VecDeque::new(),
            used: BTreeSet::new(),
            journal_failed: false,
            fallout: VecDeque::new(),
            since_checkpoint: 0,
            bars: Bars::default(),
            closes: Closes::default(),
            drills: Drills::default(),
            gaps: Gaps::default(),
            modes: ModeQuestions::default(),
            rules: RuleQuestions::default(),
            warm_ups: WarmUps::default(),
            arrivals: Arrivals::default(),
            lease: None,
        }
    }

    /// Sends only while it holds this lease.
    #[must_use]
    pub fn under(mut self, lease: Lease) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Its journal may have lost its end: what was sent before may still arrive.
    #[must_use]
    pub const fn awaiting_arrivals(mut self) -> Self {
        self.arrivals.awaited = true;
        self
    }

    /// Asks this calendar when times of day come.
    #[must_use]
    pub fn with_calendar(mut self, calendar: Box<dyn Calendar>) -> Self {
        self.closes = Closes::of(calendar);
        self
    }

    /// Drills these places.
    #[must_use]
    pub fn with_drills(mut self, drills: Drills) -> Self {
        self.drills = drills;
        self
    }

    /// The lease, where there is one.
    pub const fn lease(&mut self) -> Option<&mut Lease> {
        self.lease.as_mut()
    }

    /// Whether this engine may act now.
    fn may_send(&self, now: Timestamp) -> bool {
        self.lease.as_ref().is_none_or(|lease| lease.may_send(now))
    }

    /// The decisions' state, for looking at.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How long a new entry has to wait until it can be asked for, because what was asked for before the start may still be
    /// on its way; none when it may be asked for now.
    #[must_use]
    pub fn entry_waits(&self, now: Timestamp, asked: &EntryRequest) -> Option<Span> {
        let is_known = self.engine.entry(asked.account(), &asked.request).is_some();
        self.arrivals.wait(now, asked.account(), &self.engine).filter(|_| !is_known)
    }

    /// What was asked for before the start has arrived when a read says so; it is made as soon as it can.
    fn hear_arrivals(&mut self, event: &Event) {
        self.arrivals.hear(self.now, event, &self.engine);
        if let Event::Snapshot(snapshot) = event
            && let Some(by) = self.arrivals.all_by(snapshot.account, &self.engine)
        {
            self.snapshots
                .no_later_than(snapshot.account, by.plus(Span::from_millis(1)).max(self.now.plus(Span::from_secs(1))));
        }
    }

    /// How things stand.
    #[must_use]
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// The venue says how much of its budget for requests is used up.
    pub fn told_usage(&mut self, now: Timestamp, usage: Usage) {
        self.now = self.now.max(now);
        self.executor.told_usage(self.now, usage);
    }

    /// Takes in one event. Time never runs back here, whatever clocks do (F-J02).
    pub fn take(&mut self, now: Timestamp, event: Event) -> Taken {
        self.now = self.now.max(now);
        let Some(event) = self.executor.hear(self.now, event) else { return Taken::default() };
        let is_first_read = self.note_used(&event);
        self.snapshots.hear(self.now, &event);
        self.hear_arrivals(&event);
        self.rules.hear(self.now, &event);
        self.modes.hear(self.now, &event);
        self.prepare(&event);
        let stamped = Stamped { sequence: self.sequence + 1, at: self.now, event };
        let core = self.engine.handle(&stamped);
        self.health.note(self.now, &core);
        if is_first_read {
            self.take_back_used();
        }
        if !core.changed {
            return Taken { step: None, core };
        }
        if let (Event::DefineAccount(account), true) = (&stamped.event, self.journal_failed) {
            self.fallout.push_back(Event::Permit { account: account.id, permit: Permit::ProtectOnly });
        }
        self.sequence += 1;
        self.since_checkpoint += 1;
        self.waiting.push_back((self.sequence, core.commands.clone()));
        if self.journal_failed {
            self.release_protection();
        }
        let step = backstop_store::Step { record: self.record(stamped, &core), reads: self.reads(&core) };
        Taken { step: Some(step), core }
    }

    /// Remembers what the first full read of an account shows, orders and executions; whether this is one.
    fn note_used(&mut self, event: &Event) -> bool {
        let Event::Snapshot(snapshot) = event else { return false };
        if self.snapshots.has_read(snapshot.account) {
            return false;
        }
        let orders = snapshot.orders.iter().filter_map(|order| order.id);
        self.used.extend(orders.chain(snapshot.fills.iter().filter_map(|fill| fill.order)));
        true
    }

    /// What was decided without the read and waits for it under an id that it shows is decided anew (I5).
    fn take_back_used(&mut self) {
        let used = &self.used;
        let back = self.executor.take_back(|command| is_used(command, used));
        self.say_not_sent(&back, USED);
    }

    /// Bars and times of day for the plans that name them; they are taken in after this event.
    fn prepare(&mut self, event: &Event) {
        if let Event::Tick(tick) = event {
            self.fallout.extend(self.bars.hear(self.now, tick));
            self.gaps.hear(self.now, tick, self.engine.board(tick.instrument));
            self.warm_ups.hear(self.now, tick, self.engine.board(tick.instrument));
        } else if let Event::Candles { instrument, interval, candles, history: Some(series) } = event {
            self.gaps.answered(*instrument, *series, *interval);
            if *series == Series::Last {
                self.fallout.extend(self.warm_ups.answered(self.now, *instrument, *interval, candles));
            }
        } else if let Event::DefinePlan { plan, .. } = event {
            plan.atrs().for_each(|atr| self.keep_bars(atr.interval));
            let close_at = plan.close_at.as_ref();
            self.fallout.extend(close_at.and_then(|close_at| self.closes.keep(self.now, close_at)));
        } else if let Event::DefineInstrument(instrument) = event {
            self.warm_ups.follow(self.now, instrument.id);
            let week_ends = instrument.week_ends.as_ref();
            self.fallout.extend(week_ends.and_then(|at| self.closes.keep(self.now, at)));
            self.fallout.extend(self.closes.keep_hours(self.now, instrument));
        } else if let Event::DefineAccount(account) = event
            && account.adopt == Adopt::HardStop
        {
            self.keep_bars(account.hard_stop_atr().unwrap_or(HARD_STOP_ATR).interval);
        }
    }

    fn keep_bars(&mut self, interval: Span) {
        self.bars.keep(interval);
        self.warm_ups.keep(self.now, interval);
    }

    fn record(&self, stamped: Stamped, core: &Step) -> Record {
        Record {
            sequence: stamped.sequence,
            at: stamped.at,
            event: stamped.event,
            market: core.market.clone(),
            commands: core.commands.clone(),
            notices: core.notices.clone(),
            fingerprint: None,
        }
    }

    fn reads(&self, core: &Step) -> Vec<ReadUpdate> {
        let account = |id: AccountId| {
            self.engine
                .accounts()
                .find(|account| account.id == id)
                .map_or_else(String::new, |account| account.name.to_string())
        };
        let update = |read: &backstop_core::PositionRead| ReadUpdate {
            account: account(read.key.account),
            document: read.document.clone(),
            course: read.course.clone(),
            is_merged: read.is_merged,
            main_order: read.main_order.clone(),
            target_order: read.target_order.map(|id| id.to_string()),
            stop_order: read.stop_order.map(|id| id.to_string()),
        };
        core.positions.iter().map(update).collect()
    }

    /// Everything up to this record is durable: its commands may leave.
    pub fn durable(&mut self, through: u64) {
        while self.waiting.front().is_some_and(|(sequence, _)| *sequence <= through) {
            let (_, mut commands) = self.waiting.pop_front().unwrap_or_default();
            commands.retain(|command| !self.is_asked_already(command));
            let (used, rest): (Vec<_>, Vec<_>) = commands.into_iter().partition(|command| is_used(command, &self.used));
            self.say_not_sent(&used, USED);
            commands = rest;
            if self.may_send(self.now) {
                self.executor.push(self.now, commands);
            } else {
                self.say_not_sent(&commands, NO_LEASE);
            }
        }
    }

    /// A surprise shares the question that has just been asked.
    fn is_asked_already(&self, command: &Command) -> bool {
        matches!(command, Command::Snapshot { account, .. } if !self.snapshots.is_apart(*account, self.now))
    }

    /// The journal takes nothing any more (F-M04, F-M05): from now on only repeatable protection leaves (R1, R13).
    pub fn journal_failed(&mut self) {
        self.journal_failed = true;
        let accounts = self.engine.accounts().map(|account| account.id);
        self.fallout.extend(accounts.map(|account| Event::Permit { account, permit: Permit::ProtectOnly }));
        let back = self.executor.take_back(|command| command.lane() == Lane::Profit);
        self.say_not_sent(&back, NO_RECORD);
        self.release_protection();
    }

    /// Whether the journal has failed.
    #[must_use]
    pub const fn is_journal_failed(&self) -> bool {
        self.journal_failed
    }

    /// The core hears that these have not left, and why.
    fn say_not_sent(&mut self, commands: &[Command], why: &str) {
        self.fallout.extend(commands.iter().filter_map(|command| not_sent(command, why, self.now)));
    }

    /// Without a journal only what may be repeated leaves (R13), under ids that need no memory (R2): stops, cancels,
    /// questions, and closing a whole position, which the venue itself lets no more than close (R9). Targets, trails and
    /// partial exits wait.
    fn release_protection(&mut self) {
        let protects = |command: &Command| match command {
            Command::Place(order) => match order.kind {
                OrderKind::StopMarket(_) => true,
                OrderKind::Market => Named::read(&order.id).is_some_and(|named| named.leg == Leg::Close),
                OrderKind::Limit { .. } | OrderKind::TakeProfitMarket(_) | OrderKind::TrailingStop { .. } => false,
            },
            Command::Amend { .. } | Command::Cancel { .. } | Command::Lookup { .. } | Command::Snapshot { .. } => true,
        };
        for (_, commands) in std::mem::take(&mut self.waiting) {
            let (leaves, stays): (Vec<Command>, Vec<Command>) = commands.into_iter().partition(protects);
            self.executor.push(self.now, leaves);
            self.say_not_sent(&stays, NO_RECORD);
        }
    }

    /// The next command that may leave now.
    pub fn next_request(&mut self, now: Timestamp) -> Option<Command> {
        self.now = self.now.max(now);
        if !self.may_send(self.now) {
            return None;
        }
        if let Some(command) = self.snapshots.due(self.now) {
            self.executor.push(self.now, vec![command]);
        }
        self.executor.protect_only(self.now, !self.snapshots.all_read());
        // What was right when it was decided may be wrong by now.
        let engine = &self.engine;
        let mut back = self.executor.take_back(|command| engine.takes_back(command));
        // Of a move that goes elsewhere by now the core waits for the newer one's answer.
        back.retain(|command| !matches!(command, Command::Amend { .. }));
        self.say_not_sent(&back, OVERTAKEN);
        let command = self.executor.next(self.now)?;
        if command.lane() == Lane::Reconcile {
            self.snapshots.sent(self.now, &command);
        }
        self.health.commands += 1;
        Some(command)
    }

    /// The next question about past prices: those that nobody here heard, for what is open and needs to know them, then
    /// those that average true ranges are measured with.
    pub fn next_candles(&mut self, now: Timestamp) -> Option<CandleQuestion> {
        self.now = self.now.max(now);
        let engine = &self.engine;
        let gap = self.gaps.due(self.now, |instrument, series| engine.needs_history(instrument, series));
        gap.or_else(|| self.warm_ups.due(self.now, engine))
    }

    /// The next question about an instrument's rules.
    pub fn next_rules(&mut self, now: Timestamp) -> Option<RulesQuestion> {
        self.now = self.now.max(now);
        self.rules.due(self.now, &self.engine)
    }

    /// The next account whose way of keeping positions is asked for.
    pub fn next_mode(&mut self, now: Timestamp) -> Option<AccountId> {
        self.now = self.now.max(now);
        self.modes.due(self.now)
    }

    /// What the cycle itself has to say, to be taken in: bars that have ended, times of day that have come, unknown outcomes of requests without an answer
    /// for too long, and what may not leave without a journal.
    pub fn overdue(&mut self, now: Timestamp) -> Vec<Event> {
        let now = self.now.max(now);
        self.follow_lease(now);
        // Nothing is tried out before everything has been read.
        let drills = if self.snapshots.all_read() { self.drills.due(now) } else { Vec::new() };
        let said = self.fallout.drain(..).chain(self.closes.due(now)).chain(drills);
        said.chain(self.executor.overdue(now)).collect()
    }

    /// Without its lease an engine looks on (F-K04): what it has decided is taken back and not kept for later, when it may
    /// be wrong. With it, everything is decided anew.
    fn follow_lease(&mut self, now: Timestamp) {
        if self.lease.is_none() {
            return;
        }
        let acts = self.may_send(now);
        let engine = &self.engine;
        let others = engine.accounts().map(|account| account.id);
        let others = others.filter(|id| (engine.permitted(*id) == Permit::Observe) == acts);
        let permit = match (acts, self.journal_failed) {
            (false, _) => Permit::Observe,
            (true, true) => Permit::ProtectOnly,
            (true, false) => Permit::All,
        };
        self.fallout.extend(others.map(|account| Event::Permit { account, permit }));
        if !acts {
            let back = self.executor.take_back(|_| true);
            self.fallout.extend(back.iter().filter_map(|command| not_sent(command, NO_LEASE, now)));
        }
    }

    /// When something is to be done even if nothing happens.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        let engine = self.engine.next_deadline().map(|(at, _)| at);
        let lease = self.lease.as_ref().and_then(Lease::due_at);
        // What may not leave wakes nobody: it is looked at again when the lease has been heard of.
        let sending = self.may_send(self.now).then(|| [self.executor.next_wake(self.now), self.snapshots.next_due()]);
        let drills = self.drills.next().filter(|_| self.snapshots.all_read());
        let acts = self.lease.as_ref().and_then(Lease::acts_from).filter(|at| *at > self.now);
        let fallout = (!self.fallout.is_empty()).then_some(self.now);
        [engine, lease, acts, self.closes.next(), drills, fallout]
            .into_iter()
            .chain(sending.into_iter().flatten())
            .flatten()
            .min()
    }

    /// Whether the core itself wants a `Wake` at `now`.
    #[must_use]
    pub fn wants_wake(&self, now: Timestamp) -> bool {
        self.engine.next_deadline().is_some_and(|(at, _)| at <= now)
    }

    /// The engine's state to be saved, every thousand records.
    pub fn checkpoint(&mut self) -> Option<Checkpoint> {
        if self.since_checkpoint < CHECKPOINT_EVERY {
            return None;
        }
        self.checkpoint_now()
    }

    /// The engine's state to be saved now, for example before ending.
    pub fn checkpoint_now(&mut self) -> Option<Checkpoint> {
        self.since_checkpoint = 0;
        let state = serde_json::to_string(&self.engine).ok()?;
        Some(Checkpoint { sequence: self.sequence, fingerprint: self.engine.fingerprint(), state })
    }

    /// Whether targets are held back because some account has not been read yet (R9).
    #[must_use]
    pub fn is_protect_only(&self) -> bool {
        !self.snapshots.all_read()
    }

    /// The number of the last record.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Notices worth showing out of one step.
    #[must_use]
    pub fn notices(taken: &Taken) -> &[Notice] {
        &taken.core.notices
    }
}

/// Whether an order that waits for the first read has one of these ids.
fn is_used(command: &Command, used: &BTreeSet<ClientOrderId>) -> bool {
    let places = matches!(command, Command::Place(_));
    places && waits_for_read(command) && command.order().is_some_and(|id| used.contains(&id))
}

/// A definite answer for a command that has not left.
fn not_sent(command: &Command, why: &str, now: Timestamp) -> Option<Event> {
    let refusal = Refusal::new(RefusalReason::NotSent, why);
    Some(Event::Answer(Answer {
        account: command.account(),
        instrument: command.instrument()?,
        id: command.order()?,
        asked: crate::retry::asked(command)?,
        outcome: Outcome::Refused(refusal),
        sent_at: now,
    }))
}

#[cfg(test)]
pub(crate) mod tests;
