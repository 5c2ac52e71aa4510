//! Traps: the process dies at a named point of a named command, and the network and the venue do to that command what the
//! trap says (faults.md, crash matrix).
//!
//! A trap only says when and what; the world lets it happen (`world::striking`). Traps of a life are set one after the
//! other: the second waits for the first to have struck, so that a recovery can die too.

use backstop_core::orders::{Leg, Named};
use backstop_model::{ClientOrderId, Command, Event, OrderKind};
use backstop_store::Record;
use std::fmt;

/// Where in the life of a command the process dies.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Point {
    /// k0: decided, not written yet.
    BeforeJournal,
    /// k1: written, not synced yet.
    BeforeSync,
    /// k2: durable, not sent yet.
    BeforeSend,
    /// k3: in the middle of sending.
    MidSend,
    /// k4: sent, no reply yet.
    BeforeReply,
    /// k5: the reply is read, not written yet.
    ReplyRead,
    /// k6: the reply is written, not synced yet.
    ReplyWritten,
    /// k7: the reply is durable, nothing has followed from it yet.
    ReplyDurable,
}

impl Point {
    /// k0 to k7.
    pub const ALL: [Self; 8] = [
        Self::BeforeJournal,
        Self::BeforeSync,
        Self::BeforeSend,
        Self::MidSend,
        Self::BeforeReply,
        Self::ReplyRead,
        Self::ReplyWritten,
        Self::ReplyDurable,
    ];

    /// Whether something has been written and not synced: it may be lost or not.
    #[must_use]
    pub const fn may_be_lost(self) -> bool {
        matches!(self, Self::BeforeSync | Self::ReplyWritten)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{}", *self as u8)
    }
}

/// Which command is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Aim {
    /// The first order that protects.
    PlaceStop,
    /// The first move of a stop in place.
    AmendStop,
    /// The first cancel of anything.
    Cancel,
    /// The first order of the first level.
    PlaceTarget,
    /// The market exit of everything.
    MarketExit,
    /// The stop that replaces another one.
    NextStop,
    /// The cancel of a stop that was replaced.
    CancelStop,
    /// The order of the first level that replaces another one.
    NextTarget,
    /// The cancel of the order of the first level.
    CancelTarget,
    /// Whatever comes first.
    Anything,
}

impl Aim {
    /// Whether it is this one.
    #[must_use]
    pub fn hits(self, command: &Command) -> bool {
        let named = command.order().and_then(|id| Named::read(&id));
        match (self, command) {
            (Self::Anything, _) | (Self::AmendStop, Command::Amend { .. }) | (Self::Cancel, Command::Cancel { .. }) => {
                true
            }
            (Self::PlaceStop, Command::Place(order)) => matches!(order.kind, OrderKind::StopMarket(_)),
            (Self::MarketExit, Command::Place(_)) => named.is_some_and(|named| named.leg == Leg::Close),
            (Self::NextStop, Command::Place(_)) => {
                named.is_some_and(|named| named.leg == Leg::Stop && named.revision > 1)
            }
            (Self::CancelStop, Command::Cancel { .. }) => named.is_some_and(|named| named.leg == Leg::Stop),
            (Self::PlaceTarget, Command::Place(_)) => is_target(named),
            (Self::NextTarget, Command::Place(_)) => is_target(named) && named.is_some_and(|named| named.revision > 1),
            (Self::CancelTarget, Command::Cancel { .. }) => is_target(named),
            (
                Self::AmendStop
                | Self::Cancel
                | Self::CancelStop
                | Self::CancelTarget
                | Self::MarketExit
                | Self::NextStop
                | Self::NextTarget
                | Self::PlaceStop
                | Self::PlaceTarget,
                _,
            ) => false,
        }
    }
}

fn is_target(named: Option<Named>) -> bool {
    named.is_some_and(|named| named.leg == Leg::Target(1))
}

/// What becomes of the request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reach {
    /// The venue has it at once.
    Reached,
    /// It is lost.
    Lost,
    /// The venue acts on it later, within its validity.
    Late,
}

/// What becomes of the order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fate {
    /// It rests, and the price stays away.
    Open,
    /// Its price comes, and a thin book takes a part.
    Partial,
    /// Its price comes.
    Filled,
    /// The venue refuses it and its like for a while.
    Rejected,
}

/// One trap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trap {
    /// Which command.
    pub aim: Aim,
    /// Where.
    pub point: Point,
    /// Whether what was written and not synced survives.
    pub kept: bool,
    /// How long the process is down, in milliseconds.
    pub down: i64,
    /// What becomes of the request; nothing in particular where absent.
    pub reach: Option<Reach>,
    /// What becomes of the order.
    pub fate: Fate,
    /// Where the price goes for the order to be executed, in ticks.
    pub touch: i64,
}

/// Something the process does that a trap may wait for.
#[derive(Clone, Copy, Debug)]
pub enum Moment<'m> {
    /// A record is about to be written.
    Decided(&'m Record),
    /// It has been written.
    Written(u64),
    /// Everything up to this record is durable.
    Durable(u64),
    /// A command may leave.
    Leaves(&'m Command),
    /// It is being sent.
    Sending(&'m Command),
    /// It has been sent.
    Sent(&'m Command),
    /// Something is heard.
    Heard(&'m Event),
}

/// The traps of a life, and how far the one that is set has got.
#[derive(Debug, Default)]
pub struct Traps {
    traps: Vec<Trap>,
    next: usize,
    /// The command that is meant, once it is known.
    target: Option<Command>,
    /// The record it was decided in.
    decided_in: Option<u64>,
    /// A word about it is being taken in.
    hearing: bool,
    /// The record of that word.
    heard_in: Option<u64>,
}

impl Traps {
    /// All of them, the first one set.
    #[must_use]
    pub fn new(traps: Vec<Trap>) -> Self {
        Self { traps, ..Self::default() }
    }

    /// The one that waits.
    #[must_use]
    pub fn set(&self) -> Option<&Trap> {
        self.traps.get(self.next)
    }

    /// How many have struck.
    #[must_use]
    pub const fn struck(&self) -> usize {
        self.next
    }

    /// The command that is meant, once it is known.
    #[must_use]
    pub const fn target(&self) -> Option<&Command> {
        self.target.as_ref()
    }

    /// The trap has struck; the next one is set.
    pub fn strike(&mut self) {
        let (traps, next) = (std::mem::take(&mut self.traps), self.next + 1);
        *self = Self { traps, next, ..Self::default() };
    }

    /// Whether the process dies now.
    pub fn sees(&mut self, moment: Moment) -> bool {
        let Some(trap) = self.set().copied() else { return false };
        match moment {
            Moment::Decided(record) => {
                self.decided(record, trap.aim);
                self.is_decided(record.sequence) && trap.point == Point::BeforeJournal
            }
            Moment::Written(sequence) => {
                let by_itself = self.is_decided(sequence) && trap.point == Point::BeforeSync;
                by_itself || (self.heard_in == Some(sequence) && trap.point == Point::ReplyWritten)
            }
            Moment::Durable(through) => {
                let past = self.heard_in.is_some_and(|sequence| sequence <= through);
                past && trap.point == Point::ReplyDurable
            }
            Moment::Leaves(command) => self.is_target(command, trap.aim) && trap.point == Point::BeforeSend,
            Moment::Sending(command) => self.is_target(command, trap.aim) && trap.point == Point::MidSend,
            Moment::Sent(command) => self.is_target(command, trap.aim) && trap.point == Point::BeforeReply,
            Moment::Heard(event) => {
                self.hearing = self.is_word(event, trap.aim);
                self.hearing && trap.point == Point::ReplyRead
            }
        }
    }

    fn decided(&mut self, record: &Record, aim: Aim) {
        if self.hearing && self.heard_in.is_none() {
            self.heard_in = Some(record.sequence);
        }
        self.hearing = false;
        if self.decided_in.is_some() {
            return;
        }
        let meant = record.commands.iter().find(|command| aim.hits(command));
        if meant.is_some() || aim == Aim::Anything {
            self.target = meant.copied();
            self.decided_in = Some(record.sequence);
        }
    }

    fn is_decided(&self, sequence: u64) -> bool {
        self.decided_in == Some(sequence)
    }

    /// Whether a command is the one that is meant.
    #[must_use]
    pub fn is_target(&self, command: &Command, aim: Aim) -> bool {
        aim == Aim::Anything || self.target.as_ref() == Some(command)
    }

    /// Whether an event says something about it: an answer, an order's status, a look-up.
    fn is_word(&self, event: &Event, aim: Aim) -> bool {
        if aim == Aim::Anything {
            return matches!(event, Event::Answer(_) | Event::Lookup(_) | Event::Order(_) | Event::Snapshot(_));
        }
        let Some(id) = self.target.as_ref().and_then(Command::order) else { return false };
        told_of(event).is_some_and(|told| told == id)
    }
}

fn told_of(event: &Event) -> Option<ClientOrderId> {
    match event {
        Event::Answer(answer) => Some(answer.id),
        Event::Order(report) => report.id,
        _ => None,
    }
}
