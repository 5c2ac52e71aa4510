//! The disk under the journal: what was synced stays, what was not may be lost from some point on.
//!
//! It keeps the promises of `Journal` as the store keeps them, and no more: steps are written in order, several in one
//! sync; a process that dies loses a part of what had not been synced; a write that fails ends it until a process opens
//! it again. What SQLite does below is tested with SQLite.

use backstop_model::{Asked, ClientOrderId, Command, PositionDocument, Span, Timestamp};
use backstop_sim::dice::Dice;
use backstop_store::{Loaded, Record, Step};
use std::collections::{BTreeMap, VecDeque};

/// An ordinary write, made durable.
const WRITES_IN: Span = Span::from_millis(2);

/// What the writer says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Done {
    /// Everything up to this record is durable.
    Durable(u64),
    /// It takes nothing more.
    Failed,
}

/// The newest that the read models say of every tranche.
pub type Documents = BTreeMap<(String, u8), PositionDocument>;

/// One journal on one disk.
#[derive(Debug, Default)]
pub struct Disk {
    records: Vec<Record>,
    documents: Documents,
    queue: VecDeque<(Step, Option<Vec<Command>>)>,
    /// How many of the queue are being synced, and when that is done.
    syncing: Option<(Timestamp, usize)>,
    slow: Option<(Span, Timestamp)>,
    fails_next: bool,
    failed: bool,
    /// It failed, or will, for want of room.
    full: bool,
    rotten: bool,
    /// So many of the newest records are gone at the next start.
    forgets: usize,
    /// Durable commands that can be sent, for the question whether one was recorded before it left (I18).
    commands: BTreeMap<(ClientOrderId, Asked), Command>,
}

impl Disk {
    /// Takes a step to be written. A disk that has failed takes nothing.
    pub fn submit(&mut self, now: Timestamp, step: Step) {
        self.submit_as(now, step, None);
    }

    /// The same where other commands are asked for than the record says: those of a seeded bug in the decisions, which
    /// would decide them again.
    pub fn submit_as(&mut self, now: Timestamp, step: Step, asked: Option<Vec<Command>>) {
        if !self.failed {
            self.queue.push_back((step, asked));
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Timestamp) {
        if self.syncing.is_some() || self.queue.is_empty() {
            return;
        }
        let takes = self.slow.filter(|(_, until)| now < *until).map_or(WRITES_IN, |(takes, _)| takes);
        self.syncing = Some((now.plus(takes), self.queue.len()));
    }

    /// When the sync under way ends.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.syncing.map(|(at, _)| at)
    }

    /// What has become of the sync that was under way.
    pub fn poll(&mut self, now: Timestamp) -> Option<Done> {
        let (_, count) = self.syncing.take_if(|(at, _)| *at <= now)?;
        if std::mem::take(&mut self.fails_next) {
            self.failed = true;
            self.queue.clear();
            return Some(Done::Failed);
        }
        let through = (0..count).filter_map(|_| self.keep_first()).last()?;
        self.begin(now);
        Some(Done::Durable(through))
    }

    fn keep_first(&mut self) -> Option<u64> {
        let (step, asked) = self.queue.pop_front()?;
        for read in step.reads {
            let name = (read.document.position_id.clone(), read.document.tranche);
            if read.is_merged {
                self.documents.remove(&name);
            } else {
                self.documents.insert(name, read.document);
            }
        }
        for command in asked.as_ref().unwrap_or(&step.record.commands) {
            if let Some(name) = name_of(command) {
                self.commands.insert(name, *command);
            }
        }
        let sequence = step.record.sequence;
        self.records.push(step.record);
        Some(sequence)
    }

    /// The process dies: of what was not synced yet some of the first may have reached the disk, the rest is gone (F-M03).
    pub fn lose(&mut self, dice: &mut Dice) {
        let queued = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        self.lose_all_but(dice.below(queued.saturating_add(1)) as usize);
    }

    /// The same, where it is known how much had reached the disk: all of it, or only what was being synced before the
    /// newest.
    pub fn lose_newest(&mut self, kept: bool) {
        self.lose_all_but(if kept { self.queue.len() } else { self.queue.len().saturating_sub(1) });
    }

    fn lose_all_but(&mut self, count: usize) {
        for _ in 0..count {
            self.keep_first();
        }
        self.queue.clear();
        self.syncing = None;
        self.fails_next = false;
        self.failed = false;
        self.slow = None;
    }

    /// What is durable changes although nobody has written it: a seeded bug.
    pub fn tamper(&mut self, with: fn(&mut Vec<Record>)) {
        with(&mut self.records);
    }

    /// The next sync fails; where it is `full`, for want of room.
    pub const fn fail_next(&mut self, full: bool) {
        self.fails_next = true;
        self.full = full;
    }

    /// Whether it was for want of room.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.full
    }

    /// Syncs take so long until then.
    pub const fn slow_down(&mut self, takes: Span, until: Timestamp) {
        self.slow = Some((takes, until));
    }

    /// So many of the newest records will be gone at the next start.
    pub const fn forget(&mut self, records: usize) {
        self.forgets = records;
    }

    /// What was to be forgotten is: how many records.
    pub fn has_forgotten(&mut self) -> u32 {
        let gone = std::mem::take(&mut self.forgets).min(self.records.len());
        self.records.truncate(self.records.len() - gone);
        u32::try_from(gone).unwrap_or(u32::MAX)
    }

    /// A record is not what was written any more.
    pub const fn rot(&mut self) {
        self.rotten = true;
    }

    /// Everything that is durable; nothing when the chain of records is broken (I23).
    #[must_use]
    pub fn load(&self) -> Option<Loaded> {
        let last_sequence = self.records.last().map_or(0, |record| record.sequence);
        let loaded = Loaded { checkpoint: None, tail: self.records.clone(), last_sequence, warnings: Vec::new() };
        (!self.rotten).then_some(loaded)
    }

    /// The durable record of a command, the newest of its kind for its order.
    #[must_use]
    pub fn recorded(&self, command: &Command) -> Option<&Command> {
        self.commands.get(&name_of(command)?)
    }

    /// The read models.
    #[must_use]
    pub const fn documents(&self) -> &Documents {
        &self.documents
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing was ever recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

fn name_of(command: &Command) -> Option<(ClientOrderId, Asked)> {
    let asked = match command {
        Command::Amend { .. } => Asked::Amend,
        Command::Cancel { .. } => Asked::Cancel,
        Command::Place(_) => Asked::Place,
        Command::Lookup { .. } | Command::Snapshot { .. } => return None,
    };
    Some((command.order()?, asked))
}
