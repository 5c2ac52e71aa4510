//! Two engines over one journal: who has the lease, who waits for it, and who has lost it and does not know yet (K).
//!
//! The one that holds the lease is the world's process. A second one waits; when the lease has ended, it starts from the
//! same journal under the next epoch, and the one before is set aside: what it writes is refused, and whatever it still
//! wants to send is a broken promise (I17).

use super::World;
use crate::storm::lease::LeaseTable;
use crate::storm::life::{Act, EnginesTrouble};
use crate::storm::process::Process;
use backstop_model::{Event, Span, Tick, Timestamp};
use backstop_sim::{Fault, Knob};
use backstop_store::LeaseAnswer;

/// Whoever waits asks this often.
const ASKS_EVERY: Span = Span::from_secs(2);
/// An engine that has to end is started again after this.
const STARTS_AFTER: Span = Span::from_secs(1);
/// One that was set aside is looked at this often.
const LOOKS_EVERY: Span = Span::from_millis(500);
/// However a lease was lost, somebody may send again after so many seconds.
const MOST_WAITING: i64 = 90;

/// The lease and its candidates.
pub(super) struct Engines {
    table: LeaseTable,
    standby: Option<Standby>,
    aside: Option<Aside>,
    /// The next command that leaves is stuck for so long between its check and the wire.
    stalls: Option<i64>,
}

/// An engine that waits for the lease.
struct Standby {
    token: u64,
    due: Timestamp,
}

/// An engine that another one has taken over from.
struct Aside {
    process: Process,
    looked_at: Timestamp,
}

impl Engines {
    /// One engine, that asks for a lease.
    pub(super) fn new() -> Self {
        Self { table: LeaseTable::default(), standby: None, aside: None, stalls: None }
    }

    /// When somebody besides the process has something to do.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let aside = self.aside.as_ref().map(|aside| aside.process.awake_at().max(aside.looked_at.plus(LOOKS_EVERY)));
        let standby = self.standby.as_ref().map(|standby| standby.due);
        [aside, standby].into_iter().flatten().min()
    }
}

impl World<'_> {
    /// Something happens to leases or engines.
    pub(super) fn trouble_engines(&mut self, trouble: EnginesTrouble) {
        let now = self.now;
        let Some(engines) = &mut self.engines else { return };
        match trouble {
            EnginesTrouble::Down { ms } => engines.table.goes_down(now.plus(Span::from_millis(ms))),
            EnginesTrouble::Second if engines.standby.is_none() && engines.aside.is_none() => {
                engines.standby = Some(Standby { token: 2, due: now });
            }
            EnginesTrouble::Second => return,
            EnginesTrouble::Skew { ms } => self.process.skew_lease(Span::from_millis(ms)),
            EnginesTrouble::Stall { ms } => {
                engines.stalls = Some(ms);
                return;
            }
        }
        self.happened(Act::Engines(trouble));
    }

    /// Everybody who is due asks for the lease.
    pub(super) fn keep_leases(&mut self) {
        let Some(mut engines) = self.engines.take() else { return };
        self.renew(&mut engines);
        self.look_aside(&mut engines);
        let granted = self.ask_for_standby(&mut engines);
        self.engines = Some(engines);
        if let Some((token, granted)) = granted {
            self.take_over(token, &granted);
        }
    }

    fn renew(&mut self, engines: &mut Engines) {
        let now = self.now;
        if !self.process.acts(now) || !self.process.is_lease_due(now) {
            return;
        }
        let answer = engines.table.ask(self.process.token(), now);
        self.trace.say(now, "lease", format_args!("{answer:?}"));
        let epoch = self.process.epoch();
        let (heard_at, answer) = self.lease_with_bug(epoch, answer);
        if self.process.hear_lease(heard_at, &answer) {
            self.process.die(now, STARTS_AFTER);
            self.has_died();
        }
    }

    /// The engine that was set aside runs on without knowing, until it asks.
    fn look_aside(&mut self, engines: &mut Engines) {
        let now = self.now;
        let Some(aside) = engines.aside.as_mut().filter(|aside| aside.process.acts(now)) else { return };
        aside.looked_at = now;
        self.seen.two_engines();
        // Just before each sending the lease is looked at; it must say no.
        if let Some(command) = aside.process.next_request(now) {
            self.watch.broken("I17", now, format!("an engine that was taken over from sends {command:?}"));
        }
        if aside.process.is_lease_due(now) {
            let answer = engines.table.ask(aside.process.token(), now);
            self.trace.say(now, "lease", format_args!("{answer:?} for the engine before"));
            let epoch = aside.process.epoch();
            let (heard_at, answer) = self.lease_with_bug(epoch, answer);
            if aside.process.hear_lease(heard_at, &answer) {
                let token = aside.process.token() + 2;
                engines.aside = None;
                engines.standby = Some(Standby { token, due: now.plus(STARTS_AFTER) });
            }
        }
    }

    fn ask_for_standby(&mut self, engines: &mut Engines) -> Option<(u64, LeaseAnswer)> {
        let now = self.now;
        let standby = engines.standby.as_mut().filter(|standby| standby.due <= now)?;
        standby.due = now.plus(ASKS_EVERY);
        let (token, answer) = (standby.token, engines.table.ask(standby.token, now));
        matches!(answer, LeaseAnswer::Granted { .. }).then_some((token, answer))
    }

    fn take_over(&mut self, token: u64, granted: &LeaseAnswer) {
        let now = self.now;
        self.trace.say(now, "lease", format_args!("{granted:?} for the one that waited"));
        let fresh = self.process.succeeded_by(token);
        let mut before = std::mem::replace(&mut self.process, fresh);
        let Some(engines) = &mut self.engines else { return };
        engines.standby = None;
        // One that was only waiting has nothing to lose, and waits on.
        if before.epoch().is_some() {
            engines.aside = Some(Aside { process: before, looked_at: now });
        } else {
            engines.standby = Some(Standby { token: before.token() + 2, due: now.plus(ASKS_EVERY) });
        }
        self.watch.disturbed(now);
        self.boot();
        self.process.hear_lease(now, granted);
    }

    /// The engine that was set aside hears prices like any other.
    pub(super) fn feed_aside(&mut self, tick: &Tick) {
        let now = self.now;
        let aside = self.engines.as_mut().and_then(|engines| engines.aside.as_mut());
        let Some(aside) = aside.filter(|aside| aside.process.acts(now)) else { return };
        if aside.process.take(now, Event::Tick(*tick)).step.is_some() {
            // The journal has seen a higher epoch, and takes nothing from this one.
            aside.process.is_refused_by_journal();
        }
    }

    /// The engine that was set aside is told something by its own operator.
    pub(super) fn tell_aside(&mut self, events: Vec<Event>) {
        let now = self.now;
        let aside = self.engines.as_mut().and_then(|engines| engines.aside.as_mut());
        let Some(aside) = aside.filter(|aside| aside.process.acts(now)) else { return };
        for event in events {
            if aside.process.take(now, event).step.is_some() {
                aside.process.is_refused_by_journal();
            }
        }
    }

    /// A command has passed the check of the lease, and the process stops before it is on the wire (F-K02).
    pub(super) fn stall(&mut self) {
        let Some(ms) = self.engines.as_mut().and_then(|engines| engines.stalls.take()) else { return };
        let span = Span::from_millis(ms);
        self.trace.say(self.now, "process", format_args!("stops for {ms} ms with a request on its way"));
        self.happened(Act::Engines(EnginesTrouble::Stall { ms }));
        let faults = self.venue.exchange_mut().faults_mut();
        faults.delay_up_to = span;
        faults.set(Fault::Delay, Knob::times(1));
        self.process.freeze(self.now.plus(span));
        self.watch.disturbed(self.now.plus(span));
    }

    /// Nothing can be promised while nobody may act.
    pub(super) fn note_who_acts(&mut self) {
        if self.engines.is_some() && !self.process.may_send(self.now) {
            self.watch.disturbed(self.now);
        }
    }

    /// The store of the lease is reached again, and whoever has to wait has waited.
    pub(super) fn heal_leases(&mut self) {
        let Some(engines) = &mut self.engines else { return };
        engines.table.is_back();
        engines.stalls = None;
        self.process.skew_lease(Span::ZERO);
        for _ in 0..MOST_WAITING {
            if self.watch.is_broken() || (self.process.acts(self.now) && self.process.may_send(self.now)) {
                return;
            }
            self.until(self.now.plus(Span::from_secs(1)));
        }
        self.watch.broken("I17", self.now, "nobody may act, though nothing is wrong".to_owned());
    }
}
