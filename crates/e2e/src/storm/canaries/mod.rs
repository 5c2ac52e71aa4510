//! Canaries: seeded bugs that the checks must catch, at least two for every promise (faults.md, mutation gate).
//!
//! A canary sits at a seam between production parts, where the storm's world joins them, and makes something else of what
//! passes there: so no production code knows of it. It is played with ordinary lives until the promise that it is to break
//! is the first one broken, in a life that keeps that promise without it.
//!
//! * [`decisions`]: what is decided, before journal and executor have it. It is written as any other command is.
//! * [`sending`]: what leaves, after it was written: dropped, repeated, kept, changed.
//! * [`hearing`]: what reaches the loop of what the venue says.
//! * [`forging`]: the same where what a later read shows has to fit.
//! * [`keeping`]: the disk, the lease, and chance.
//! * [`telling`]: what people are told and shown.
//! * [`changes`]: what a venue changes, warns of or tells late, over all these seams.
//!
//! How they are played and told about is [`mod@catch`]'s matter; [`Bug`] is one at work.

mod bug;
pub mod catch;
mod changes;
mod decisions;
mod forging;
mod hearing;
mod keeping;
mod notes;
mod sending;
mod telling;

use crate::storm::process::Process;
use backstop_model::{Command, Event, Notice, PositionDocument, Price, Timestamp};
use backstop_store::{LeaseAnswer, Record};
use backstop_venues::paper::PaperVenue;

pub use bug::Bug;
use notes::Notes;

/// What a bug can see.
pub struct Scene<'w> {
    /// The time.
    pub now: Timestamp,
    /// The venue, with its books.
    pub venue: &'w PaperVenue,
    /// The process.
    pub process: &'w Process,
    /// The price grid.
    pub tick: Price,
}

/// What is asked for in place of one command that was decided.
type Decides = fn(&mut Notes, &Scene, &Command) -> Vec<Command>;
/// What leaves in place of one command.
type Leaves = fn(&mut Notes, &Scene, Command) -> Vec<Command>;
/// What is heard in place of one event.
type Hears = fn(&mut Notes, &Scene, Event) -> Vec<Event>;
/// What is told in place of one notice.
type Tells = fn(&mut Notes, &Scene, Notice) -> Option<Notice>;
/// What an engine makes of an answer about its lease, knowing its epoch: when it has asked, and what it has heard.
type Leases = fn(Timestamp, Option<u64>, LeaseAnswer) -> (Timestamp, LeaseAnswer);

/// One seeded bug. Most have one seam.
pub struct Canary {
    /// Its name.
    pub name: &'static str,
    /// What is wrong, in one sentence.
    pub wrong: &'static str,
    /// The promise it is to break.
    pub breaks: &'static str,
    decides: Option<Decides>,
    leaves: Option<Leaves>,
    hears: Option<Hears>,
    tells: Option<Tells>,
    shows: Option<fn(&mut PositionDocument)>,
    writes: Option<fn(&mut Record)>,
    /// What a start finds changed on the disk.
    tampers: Option<fn(&mut Vec<Record>)>,
    leases: Option<Leases>,
    /// How much of the budget is taken for used up, where so much is told to be.
    counts: Option<fn(usize) -> usize>,
    /// What has been handed to the disk is taken for durable.
    hastens: bool,
    /// Orders are worded for the mode that the account was opened in.
    rewords: bool,
    /// Whatever a configuration would take away counts as confirmed.
    confirms: bool,
}

impl Canary {
    /// One that does nothing yet.
    const fn new(breaks: &'static str, name: &'static str, wrong: &'static str) -> Self {
        Self {
            name,
            wrong,
            breaks,
            decides: None,
            leaves: None,
            hears: None,
            tells: None,
            shows: None,
            writes: None,
            tampers: None,
            leases: None,
            counts: None,
            hastens: false,
            rewords: false,
            confirms: false,
        }
    }

    const fn decides(mut self, decides: Decides) -> Self {
        self.decides = Some(decides);
        self
    }

    const fn leaves(mut self, leaves: Leaves) -> Self {
        self.leaves = Some(leaves);
        self
    }

    const fn hears(mut self, hears: Hears) -> Self {
        self.hears = Some(hears);
        self
    }

    const fn tells(mut self, tells: Tells) -> Self {
        self.tells = Some(tells);
        self
    }

    const fn shows(mut self, shows: fn(&mut PositionDocument)) -> Self {
        self.shows = Some(shows);
        self
    }

    const fn writes(mut self, writes: fn(&mut Record)) -> Self {
        self.writes = Some(writes);
        self
    }

    const fn tampers(mut self, tampers: fn(&mut Vec<Record>)) -> Self {
        self.tampers = Some(tampers);
        self
    }

    const fn leases(mut self, leases: Leases) -> Self {
        self.leases = Some(leases);
        self
    }

    const fn counts(mut self, counts: fn(usize) -> usize) -> Self {
        self.counts = Some(counts);
        self
    }

    const fn hastens(mut self) -> Self {
        self.hastens = true;
        self
    }

    const fn rewords(mut self) -> Self {
        self.rewords = true;
        self
    }

    const fn confirms(mut self) -> Self {
        self.confirms = true;
        self
    }
}

/// Every canary, by the promise it breaks.
#[must_use]
pub fn all() -> Vec<&'static Canary> {
    let tables = [
        decisions::CANARIES,
        sending::CANARIES,
        hearing::CANARIES,
        forging::CANARIES,
        keeping::CANARIES,
        telling::CANARIES,
        changes::CANARIES,
    ];
    let mut all: Vec<&Canary> = tables.into_iter().flatten().collect();
    all.sort_by_key(|canary| number_of(canary.breaks));
    all
}

/// The promises that the storm checks by itself, each of which needs two canaries. Where the others are checked is told in
/// `docs/reliability.md`.
pub const CHECKED: [&str; 33] = [
    "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I14", "I16", "I17", "I18", "I19",
    "I20", "I21", "I22", "I25", "I26", "I27", "I28", "I29", "I30", "I31", "I33", "I34", "I35", "I36", "I37", "I38",
];

fn number_of(promise: &str) -> u32 {
    promise.trim_start_matches('I').parse().unwrap_or(u32::MAX)
}
