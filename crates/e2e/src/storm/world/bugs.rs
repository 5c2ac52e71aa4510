//! Where a seeded bug gets between the parts: what it makes of events, commands, records, notices and leases.
//!
//! Without one nothing here does anything. What bugs there are is `canaries`' matter.

use super::World;
use crate::storm::canaries::{Bug, Scene};
use crate::storm::words::Line;
use backstop_model::{Command, Event, Timestamp};
use backstop_runtime::Taken;
use backstop_store::LeaseAnswer;
use backstop_venues::Usage;

impl World<'_> {
    /// Lets the bug look at the scene.
    fn with_bug<T>(&mut self, act: impl FnOnce(&mut Bug, &Scene) -> T) -> Option<T> {
        let bug = self.bug.as_mut()?;
        let scene = Scene { now: self.now, venue: &self.venue, process: &self.process, tick: self.stage.tick() };
        Some(act(bug, &scene))
    }

    /// What reaches the loop of an event. True when the process has died of it.
    pub(super) fn take_with_bug(&mut self, event: Event) -> bool {
        let events = self.with_bug(|bug, scene| bug.hears(scene, event)).unwrap_or_default();
        events.into_iter().any(|event| self.take_in(event))
    }

    /// What is asked for in place of what was decided; nothing when that is the same.
    pub(super) fn decide_with_bug(&mut self, commands: &[Command]) -> Option<Vec<Command>> {
        self.with_bug(|bug, scene| bug.decides(scene, commands)).flatten()
    }

    /// What leaves in place of a command. True when the process has died of it.
    pub(super) fn send_with_bug(&mut self, command: &Command) -> bool {
        let epoch = self.process.epoch();
        let commands = self.with_bug(|bug, scene| bug.leaves(scene, command, epoch)).unwrap_or_default();
        commands.iter().any(|command| self.send(command))
    }

    /// What the bug has kept for later and is due now. True when it had something.
    pub(super) fn act_on_bug(&mut self) -> bool {
        let now = self.now;
        let Some(bug) = self.bug.as_mut().filter(|bug| bug.next_due().is_some_and(|due| due <= now)) else {
            return false;
        };
        for (command, epoch) in bug.commands_due(now) {
            self.watch.sent_under(now, epoch);
            if self.send(&command) {
                return true;
            }
        }
        let events = self.bug.as_mut().map(|bug| bug.events_due(now)).unwrap_or_default();
        for event in events {
            self.trace.say(now, "bug", format_args!("{}", Line(&event)));
            if self.take_in(event) {
                return true;
            }
        }
        true
    }

    /// What is told and shown in place of what should be.
    pub(super) fn show_with_bug(&mut self, taken: &mut Taken) {
        self.with_bug(|bug, scene| bug.shows(scene, taken));
    }

    /// What the process hears of how much of the budget is used up.
    pub(super) fn usage_with_bug(&self, usage: Usage) -> Usage {
        match &self.bug {
            Some(bug) => Usage { used: bug.usage(usage.used), ..usage },
            None => usage,
        }
    }

    /// What the process makes of an answer about its lease, and when it takes it to have asked.
    pub(super) fn lease_with_bug(&mut self, epoch: Option<u64>, answer: LeaseAnswer) -> (Timestamp, LeaseAnswer) {
        let now = self.now;
        match &self.bug {
            Some(bug) => bug.lease(now, epoch, answer),
            None => (now, answer),
        }
    }
}
