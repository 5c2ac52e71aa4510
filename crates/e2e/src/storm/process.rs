//! One engine as a process: the production loop around its disk, which can die between any two of its steps.
//!
//! The order of things in a turn is `runtime::live`'s; what that shell does with sockets and threads is done here by the
//! world. A step is anything after which a kill leaves something different behind: an event read, decided on, written,
//! made durable, a command about to be sent, and sent (faults.md, crash matrix, k0 to k7).

use super::disk::{Disk, Done};
use super::stage::ACCOUNT;
use backstop_core::Engine;
use backstop_model::{AccountId, Command, EntryRequest, Event, SnapshotCause, Span, Timestamp};
use backstop_runtime::{Cycle, Executor, Lease, Recovered, SnapshotSchedule, Taken, recover};
use backstop_sim::dice::Dice;
use backstop_store::LeaseAnswer;
use backstop_venues::{CandleQuestion, RulesQuestion, Usage};

/// The regular look at the venue, as `run` has it.
const LOOK_EVERY: Span = Span::from_secs(10);

/// What a process goes on from.
pub struct Start {
    /// To be taken in first: doubts of a recovery.
    pub doubts: Vec<Event>,
    /// Executions before this instant are known.
    pub known_until: Timestamp,
    /// What a recovery had to say.
    pub warnings: Vec<String>,
}

/// One engine.
pub struct Process {
    /// What it remembers.
    pub disk: Disk,
    cycle: Option<Cycle>,
    up_at: Timestamp,
    awake_at: Timestamp,
    dies_after: Option<(u32, Span)>,
    dice: Dice,
    lease: Option<Leased>,
}

/// How a process asks for its lease.
#[derive(Clone, Copy)]
struct Leased {
    /// Under which name; another one after each start.
    token: u64,
    /// Of requests, at the venue.
    validity: Span,
    /// How much longer the lease seems to last than it does.
    skew: Span,
}

impl Process {
    /// A process that has yet to be started.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let (up_at, awake_at) = (Timestamp::EPOCH, Timestamp::EPOCH);
        let (disk, dice) = (Disk::default(), Dice::new(seed, 0xD1E));
        Self { disk, cycle: None, up_at, awake_at, dies_after: None, dice, lease: None }
    }

    /// The same, sending only while it holds a lease; requests at its venue are valid so long.
    #[must_use]
    pub fn under_lease(mut self, validity: Span) -> Self {
        self.lease = Some(Leased { token: 1, validity, skew: Span::ZERO });
        self
    }

    /// Another process over the same journal, under another name. What this one had not synced is lost, and what it
    /// writes from now on is nobody's.
    pub fn succeeded_by(&mut self, token: u64) -> Self {
        self.disk.lose(&mut self.dice);
        let lease = self.lease.map(|lease| Leased { token, skew: Span::ZERO, ..lease });
        let mut fresh = Self { lease, ..Self::new(token) };
        fresh.dice = self.dice.clone();
        fresh.disk = std::mem::take(&mut self.disk);
        fresh
    }

    /// Starts it, from what its disk holds; without a journal when that cannot be read (R9). Whether records may be lost the
    /// machine knows: it has been started again as well.
    pub fn boot(&mut self, now: Timestamp, lost: bool) -> Start {
        let loaded = self.disk.load();
        let is_lost = loaded.is_none();
        let Recovered { engine, sequence, known_until, doubts, warnings, .. } = recover(loaded.unwrap_or_default());
        let mut snapshots = SnapshotSchedule::new(LOOK_EVERY);
        snapshots.start(ACCOUNT, now, SnapshotCause::Start);
        let mut cycle = Cycle::new(engine, sequence, Executor::default(), snapshots);
        if is_lost {
            cycle.journal_failed();
        }
        if lost {
            cycle = cycle.awaiting_arrivals();
        }
        if let Some(lease) = self.lease {
            cycle = cycle.under(Lease::new(lease.validity));
        }
        self.cycle = Some(cycle);
        Start { doubts, known_until, warnings }
    }

    /// Dies after so many steps, and is down for so long.
    pub const fn die_after(&mut self, steps: u32, down: Span) {
        self.dies_after = Some((steps, down));
    }

    /// Nothing kills it any more.
    pub const fn is_spared(&mut self) {
        self.dies_after = None;
    }

    /// Stops and goes on then.
    pub fn freeze(&mut self, until: Timestamp) {
        self.awake_at = self.awake_at.max(until);
    }

    /// Whether it runs now.
    #[must_use]
    pub fn acts(&self, now: Timestamp) -> bool {
        self.cycle.is_some() && self.awake_at <= now
    }

    /// Whether it is to be started now.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.cycle.is_none() && self.up_at <= now
    }

    /// Whether it has read the account since it was started.
    #[must_use]
    pub fn has_read(&self) -> bool {
        self.cycle.as_ref().is_some_and(|cycle| !cycle.is_protect_only())
    }

    /// Since when it has been able to act, as far as freezing goes.
    #[must_use]
    pub const fn awake_at(&self) -> Timestamp {
        self.awake_at
    }

    /// One step is done. True when the process is dead now.
    pub fn step(&mut self, now: Timestamp) -> bool {
        let Some((left, down)) = &mut self.dies_after else { return false };
        if *left > 0 {
            *left -= 1;
            return false;
        }
        let down = *down;
        self.die(now, down);
        true
    }

    /// Dies here and now.
    pub fn die(&mut self, now: Timestamp, down: Span) {
        self.disk.lose(&mut self.dice);
        self.end(now, down);
    }

    /// Dies here and now, and it is known whether the newest record has reached the disk.
    pub fn die_with(&mut self, now: Timestamp, down: Span, kept: bool) {
        self.disk.lose_newest(kept);
        self.end(now, down);
    }

    fn end(&mut self, now: Timestamp, down: Span) {
        self.dies_after = None;
        self.cycle = None;
        self.up_at = now.plus(down);
        self.awake_at = Timestamp::EPOCH;
        if let Some(lease) = &mut self.lease {
            lease.token += 2;
        }
    }

    /// The name it asks for the lease under.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.lease.map_or(0, |lease| lease.token)
    }

    /// Its clock is so far from that of the lease's store.
    pub const fn skew_lease(&mut self, skew: Span) {
        if let Some(lease) = &mut self.lease {
            lease.skew = skew;
        }
    }

    /// Whether it should ask for its lease now.
    pub fn is_lease_due(&mut self, now: Timestamp) -> bool {
        let lease = self.cycle.as_mut().and_then(Cycle::lease);
        lease.and_then(|lease| lease.due_at()).is_some_and(|due| due <= now)
    }

    /// Hears about its lease. True when somebody else acts, and it has to end.
    pub fn hear_lease(&mut self, now: Timestamp, answer: &LeaseAnswer) -> bool {
        let skew = self.lease.map_or(Span::ZERO, |lease| lease.skew);
        let Some(lease) = self.cycle.as_mut().and_then(Cycle::lease) else { return false };
        lease.heard(now.plus(skew), answer);
        lease.is_lost()
    }

    /// Whether it may send now, as far as its lease goes.
    pub fn may_send(&mut self, now: Timestamp) -> bool {
        self.cycle.as_mut().is_some_and(|cycle| cycle.lease().is_none_or(|lease| lease.may_send(now)))
    }

    /// The epoch it acts under.
    pub fn epoch(&mut self) -> Option<u64> {
        self.cycle.as_mut().and_then(Cycle::lease).and_then(|lease| lease.epoch())
    }

    /// The journal has seen a higher epoch than its own, and takes nothing from it any more.
    pub fn is_refused_by_journal(&mut self) {
        if let Some(cycle) = &mut self.cycle {
            cycle.journal_failed();
        }
    }

    /// The decisions' state, while it is up.
    #[must_use]
    pub fn engine(&self) -> Option<&Engine> {
        self.cycle.as_ref().map(Cycle::engine)
    }

    /// Whether it records nothing any more.
    #[must_use]
    pub fn is_journal_failed(&self) -> bool {
        self.cycle.as_ref().is_some_and(Cycle::is_journal_failed)
    }

    /// Hears how much of the venue's budget for requests is used up.
    pub fn told_usage(&mut self, now: Timestamp, usage: Usage) {
        if let Some(cycle) = &mut self.cycle {
            cycle.told_usage(now, usage);
        }
    }

    /// Takes in one event.
    pub fn take(&mut self, now: Timestamp, event: Event) -> Taken {
        self.cycle.as_mut().map(|cycle| cycle.take(now, event)).unwrap_or_default()
    }

    /// Whether an entry is asked of nobody yet: what an earlier process has sent may still arrive.
    pub fn entry_waits(&self, now: Timestamp, asked: &EntryRequest) -> bool {
        self.cycle.as_ref().is_some_and(|cycle| cycle.entry_waits(now, asked).is_some())
    }

    /// Hands a step to the disk, with what is asked for where that is not what it says.
    pub fn submit(&mut self, now: Timestamp, step: backstop_store::Step, asked: Option<Vec<Command>>) {
        if !self.is_journal_failed() {
            self.disk.submit_as(now, step, asked);
        }
    }

    /// A seeded bug takes something for durable that has only been handed over.
    pub fn believes_durable(&mut self, through: u64) {
        if let Some(cycle) = self.cycle.as_mut().filter(|cycle| !cycle.is_journal_failed()) {
            cycle.durable(through);
        }
    }

    /// What the disk has to say.
    pub fn hear_disk(&mut self, now: Timestamp) -> Option<Done> {
        let done = self.disk.poll(now)?;
        let cycle = self.cycle.as_mut()?;
        match done {
            Done::Durable(through) => cycle.durable(through),
            Done::Failed => cycle.journal_failed(),
        }
        Some(done)
    }

    /// What the loop itself has to say.
    pub fn overdue(&mut self, now: Timestamp) -> Vec<Event> {
        self.cycle.as_mut().map(|cycle| cycle.overdue(now)).unwrap_or_default()
    }

    /// Whether a deadline of the engine's has come.
    #[must_use]
    pub fn wants_wake(&self, now: Timestamp) -> bool {
        self.cycle.as_ref().is_some_and(|cycle| cycle.wants_wake(now))
    }

    /// The next question about bars that were missed.
    pub fn next_candles(&mut self, now: Timestamp) -> Option<CandleQuestion> {
        self.cycle.as_mut()?.next_candles(now)
    }

    /// The next question about an instrument's rules.
    pub fn next_rules(&mut self, now: Timestamp) -> Option<RulesQuestion> {
        self.cycle.as_mut()?.next_rules(now)
    }

    /// The next account whose way of keeping positions is asked for.
    pub fn next_mode(&mut self, now: Timestamp) -> Option<AccountId> {
        self.cycle.as_mut()?.next_mode(now)
    }

    /// The next command that may leave.
    pub fn next_request(&mut self, now: Timestamp) -> Option<Command> {
        self.cycle.as_mut()?.next_request(now)
    }

    /// When it has something to do of its own accord.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let Some(cycle) = &self.cycle else { return Some(self.up_at) };
        let due = [cycle.next_wake(), self.disk.next_due()].into_iter().flatten().min()?;
        Some(due.max(self.awake_at))
    }
}
