//! What passes the process's borders: events on their way in, commands on their way out, and what is told, shown and written.

use super::World;
use crate::storm::canaries::Bug;
use crate::storm::life::Act;
use crate::storm::trap::Moment;
use crate::storm::words::Line;
use backstop_model::{Command, Event, Notice};
use backstop_store::Step;
use backstop_venues::Venue;

impl World<'_> {
    /// A command leaves, if no bug makes something else of it. True when the process dies of it.
    pub(super) fn lets_go(&mut self, command: &Command) -> bool {
        if self.bug.is_some() { self.send_with_bug(command) } else { self.send(command) }
    }

    /// A command leaves. True when the process dies of it.
    pub(super) fn send(&mut self, command: &Command) -> bool {
        let now = self.now;
        if self.falls(Moment::Sending(command)) {
            return true;
        }
        self.prepare(command);
        self.stall();
        self.watch.sent_under(now, self.process.epoch());
        self.trace.say(now, "sends", format_args!("{}", Line(command)));
        self.watch.sent(now, command, &self.venue, &self.process);
        self.seen.sent(command);
        self.chase(command);
        if self.bug.as_ref().is_some_and(Bug::rewords) {
            self.venue.remember_mode(command.account(), self.life.mode);
        }
        self.venue.submit(now, command);
        self.falls(Moment::Sent(command))
    }

    /// The process takes an event in. True when it has died of it.
    pub(super) fn take(&mut self, event: Event) -> bool {
        let now = self.now;
        self.events += 1;
        if !matches!(event, Event::Wake | Event::Tick(_)) {
            self.trace.say(now, "hears", format_args!("{}", Line(&event)));
        }
        if self.falls(Moment::Heard(&event)) {
            return true;
        }
        if matches!(event, Event::Funding(_)) {
            self.happened(Act::Funding { longs_pay: true });
        }
        self.watch.heard(now, &event);
        self.seen.heard(&event);
        if self.bug.is_some() { self.take_with_bug(event) } else { self.take_in(event) }
    }

    /// The loop takes it in, and what has followed from it is shown, told and written.
    pub(super) fn take_in(&mut self, event: Event) -> bool {
        let now = self.now;
        let kept = (self.script.is_some() || self.seen.doubts()).then(|| event.clone());
        let mut taken = self.process.take(now, event);
        self.seen.taken(kept.as_ref(), &self.process);
        if let (Some(script), Some(event)) = (&mut self.script, &kept) {
            script.takes(now, event, &taken.core);
        }
        if self.dies() {
            return true;
        }
        self.show_with_bug(&mut taken);
        for notice in &taken.core.notices {
            self.note(notice);
        }
        for read in &taken.core.positions {
            self.watch.read(now, read);
        }
        if let Some(step) = taken.step {
            let sequence = step.record.sequence;
            if self.falls(Moment::Decided(&step.record)) {
                return true;
            }
            self.write(step);
            if self.falls(Moment::Written(sequence)) {
                return true;
            }
        }
        self.dies()
    }

    fn write(&mut self, mut step: Step) {
        let now = self.now;
        let asked = self.decide_with_bug(&step.record.commands);
        let commands = asked.as_ref().unwrap_or(&step.record.commands);
        self.watch.decided(now, &step, commands, &self.venue, &self.process);
        let sequence = step.record.sequence;
        let hastens = self.bug.as_ref().is_some_and(|bug| bug.writes(&mut step));
        self.process.submit(now, step, asked);
        if hastens {
            self.process.believes_durable(sequence);
        }
    }

    fn note(&mut self, notice: &Notice) {
        self.trace.say(self.now, "tells", format_args!("{:?}: {}", notice.severity, notice.text));
        self.watch.told(self.now, notice);
        self.seen.told(notice);
    }
}
