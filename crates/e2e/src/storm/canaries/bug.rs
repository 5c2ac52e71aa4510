//! A canary at work in one life.

use super::{Canary, Notes, Scene};
use crate::storm::disk::Disk;
use backstop_model::{Command, Event, Tick, Timestamp};
use backstop_runtime::Taken;
use backstop_store::{LeaseAnswer, Step};
use std::collections::VecDeque;

/// Rewritten commands that are remembered until they leave.
const MOST: usize = 256;

/// A seeded bug and what it remembers.
pub struct Bug {
    canary: &'static Canary,
    notes: Notes,
    /// What was decided, and what is asked for in its place.
    rewritten: VecDeque<(Command, Vec<Command>)>,
}

impl Bug {
    /// One that has not been at work yet.
    #[must_use]
    pub fn new(canary: &'static Canary) -> Self {
        Self { canary, notes: Notes::default(), rewritten: VecDeque::new() }
    }

    /// What the loop hears of an event.
    pub fn hears(&mut self, scene: &Scene, event: Event) -> Vec<Event> {
        let said = if let Event::Tick(Tick { prices, .. }) = &event { Some(*prices) } else { None };
        let events = match self.canary.hears {
            Some(hears) => hears(&mut self.notes, scene, event),
            None => vec![event],
        };
        self.notes.prices = said.or(self.notes.prices);
        events
    }

    /// What is asked for in place of what was decided; nothing when that is the same.
    pub fn decides(&mut self, scene: &Scene, commands: &[Command]) -> Option<Vec<Command>> {
        let decides = self.canary.decides?;
        let mut asked = Vec::new();
        for command in commands {
            let instead = decides(&mut self.notes, scene, command);
            asked.extend(instead.iter().copied());
            if instead != [*command] {
                self.rewritten.push_back((*command, instead));
            }
        }
        while self.rewritten.len() > MOST {
            self.rewritten.pop_front();
        }
        Some(asked)
    }

    /// What leaves in place of a command.
    pub fn leaves(&mut self, scene: &Scene, command: &Command, epoch: Option<u64>) -> Vec<Command> {
        self.notes.epoch = epoch;
        let rewritten = self.rewritten.iter().rev().find(|(decided, _)| decided == command);
        let commands = rewritten.map_or_else(|| vec![*command], |(_, instead)| instead.clone());
        let Some(leaves) = self.canary.leaves else { return commands };
        commands.into_iter().flat_map(|command| leaves(&mut self.notes, scene, command)).collect()
    }

    /// What is told and shown.
    pub fn shows(&mut self, scene: &Scene, taken: &mut Taken) {
        if let Some(tells) = self.canary.tells {
            let notices = std::mem::take(&mut taken.core.notices);
            taken.core.notices =
                notices.into_iter().filter_map(|notice| tells(&mut self.notes, scene, notice)).collect();
        }
        if let Some(shows) = self.canary.shows {
            taken.core.positions.iter_mut().for_each(|read| shows(&mut read.document));
            let stored = taken.step.iter_mut().flat_map(|step| &mut step.reads);
            stored.for_each(|read| shows(&mut read.document));
        }
    }

    /// The process dies, and with it what was kept.
    pub fn dies(&mut self) {
        self.notes.kept.clear();
        self.notes.unsaid.clear();
    }

    /// Changes what is written. True when that is taken for durable at once.
    pub fn writes(&self, step: &mut Step) -> bool {
        if let Some(writes) = self.canary.writes {
            writes(&mut step.record);
        }
        self.canary.hastens
    }

    /// Whether orders are worded for the mode that the account was opened in.
    #[must_use]
    pub const fn rewords(&self) -> bool {
        self.canary.rewords
    }

    /// Whether whatever a configuration would take away counts as confirmed.
    #[must_use]
    pub const fn confirms(&self) -> bool {
        self.canary.confirms
    }

    /// The process is started, from this disk.
    pub fn boots(&mut self, now: Timestamp, disk: &mut Disk) {
        self.notes.starts += 1;
        self.notes.started_at = now;
        if let Some(tampers) = self.canary.tampers.filter(|_| self.notes.starts > 1) {
            disk.tamper(tampers);
        }
    }

    /// What an engine makes of an answer about its lease.
    #[must_use]
    pub fn lease(&self, now: Timestamp, epoch: Option<u64>, answer: LeaseAnswer) -> (Timestamp, LeaseAnswer) {
        match self.canary.leases {
            Some(leases) => leases(now, epoch, answer),
            None => (now, answer),
        }
    }

    /// How much of the budget it takes for used up.
    #[must_use]
    pub fn usage(&self, used: usize) -> usize {
        self.canary.counts.map_or(used, |counts| counts(used))
    }

    /// When something that was kept is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let commands = self.notes.kept.iter().map(|(at, ..)| *at);
        commands.chain(self.notes.unsaid.iter().map(|(at, _)| *at)).min()
    }

    /// Commands that were kept until now.
    pub fn commands_due(&mut self, now: Timestamp) -> Vec<(Command, Option<u64>)> {
        let due = self.notes.kept.extract_if(.., |(at, ..)| *at <= now);
        due.map(|(_, command, epoch)| (command, epoch)).collect()
    }

    /// Events that were kept until now.
    pub fn events_due(&mut self, now: Timestamp) -> Vec<Event> {
        self.notes.unsaid.extract_if(.., |(at, _)| *at <= now).map(|(_, event)| event).collect()
    }
}
