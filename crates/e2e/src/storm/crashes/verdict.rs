//! What a cell came to: its lives are played, and what the table says of a restart is compared with what was done.
//!
//! | crash | on restart |
//! |---|---|
//! | the record is lost | the intent does not exist; what is wanted again has the **same id** |
//! | the record is there, no outcome | unknown: asked for, and never sent once more under that id |
//! | the outcome is there | nothing to do |

use super::script::{Variant, life, variants};
use super::{Cell, Kind, Place};
use crate::storm::life::VenueKind;
use crate::storm::trace::Trace;
use crate::storm::trap::{Fate, Point, Reach};
use crate::storm::world::{Crash, Ended, play};
use backstop_core::orders::Named;
use backstop_model::{Command, NewOrder};

/// What became of a cell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Nothing was broken, in so many lives; in some of them the recovery had no such point to die at.
    Passed {
        /// Lives played.
        lives: u64,
        /// Of these, lives in which the second crash found nothing.
        without_second: u64,
    },
    /// It cannot exist.
    NotThere(&'static str),
    /// Something was broken.
    Failed(Vec<Failure>),
}

/// What was broken, and in which life of the cell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// Which of its lives, from 0.
    pub life: usize,
    /// How it is played.
    pub variant: Variant,
    /// Which promise.
    pub promise: &'static str,
    /// What was seen.
    pub what: String,
}

/// Plays all lives of a cell.
#[must_use]
pub fn judge(cell: Cell) -> Verdict {
    let variants = match variants(cell) {
        Ok(variants) => variants,
        Err(why) => return Verdict::NotThere(why),
    };
    let (mut failures, mut without_second) = (Vec::new(), 0);
    let lives = variants.len() as u64;
    for (number, variant) in variants.into_iter().enumerate() {
        let ended = play(&life(cell, variant), Trace::silent());
        let struck = ended.crash.as_ref().map_or(0, |crash| crash.struck);
        if struck == 1 && variant.again.is_some() {
            without_second += 1;
        }
        let failure = |(promise, what)| Failure { life: number, variant, promise, what };
        failures.extend(broken(cell, &ended).map(failure));
    }
    if failures.is_empty() { Verdict::Passed { lives, without_second } } else { Verdict::Failed(failures) }
}

/// The first thing that does not hold in a life of a cell.
#[must_use]
pub fn broken(cell: Cell, ended: &Ended) -> Option<(&'static str, String)> {
    if let Some(first) = ended.violations.first() {
        return Some((first.invariant, format!("at {} ms: {}", first.at, first.what)));
    }
    let Some(crash) = &ended.crash else {
        return Some(("cell", "the command never came to this point".to_owned()));
    };
    if let Some(what) = another_world(cell, crash) {
        return Some(("world", what));
    }
    on_restart(cell, crash).map(|what| ("table", what))
}

/// Whether what the cell says of request and order was so when the process came back. A late one may be on its way still.
fn another_world(cell: Cell, crash: &Crash) -> Option<String> {
    let wreck = crash.wreck;
    let places = matches!(crash.target, Some(Command::Place(_)));
    // Levels of a deal are no orders.
    if !places || cell.venue == VenueKind::Ig {
        return None;
    }
    let holds = match (cell.reach, cell.fate) {
        (Reach::Late, Fate::Filled | Fate::Open | Fate::Partial) => true,
        (Reach::Lost, _) | (Reach::Late | Reach::Reached, Fate::Rejected) => !wreck.accepted,
        (Reach::Reached, Fate::Open) => wreck.open && !wreck.executed,
        // What a book gives can be nothing.
        (Reach::Reached, Fate::Partial) => wreck.accepted && wreck.position,
        (Reach::Reached, Fate::Filled) => wreck.executed && !wreck.open,
    };
    (!holds).then(|| format!("the venue had {wreck:?}"))
}

/// What the table says of orders that are placed; moves and cancels can be repeated at any time (R13).
fn on_restart(cell: Cell, crash: &Crash) -> Option<String> {
    let Some(Command::Place(lost)) = &crash.target else { return None };
    if crash.struck > 1 {
        // What a recovery that died has sent, and what it has only meant to, is its own matter.
        return None;
    }
    let again: Vec<&NewOrder> = crash.sent.iter().filter_map(placed).filter(|order| is_like(order, lost)).collect();
    let same_id = again.iter().find(|order| order.id == lost.id);
    if crash.recorded {
        // Where nothing bounds when a request takes effect, the same reference is all there is (R14).
        let by_reference = cell.venue == VenueKind::Ig;
        return same_id.filter(|_| !by_reference).map(|order| format!("{} was sent once more", order.id));
    }
    let first = again.first().filter(|first| first.id != lost.id && !crash.wreck.accepted);
    let early = matches!(cell.place, Place::At(Point::BeforeJournal | Point::BeforeSync));
    // What left all the same is not seen where levels are no orders.
    let unseen = cell.reach == Reach::Reached && cell.venue == VenueKind::Ig;
    let late = cell.reach == Reach::Late || cell.kind == Kind::Replace || unseen;
    first.filter(|_| early && !late).map(|first| format!("{} was lost, and {} sent in its place", lost.id, first.id))
}

fn placed(command: &Command) -> Option<&NewOrder> {
    match command {
        Command::Place(order) => Some(order),
        Command::Amend { .. } | Command::Cancel { .. } | Command::Lookup { .. } | Command::Snapshot { .. } => None,
    }
}

/// The same intent: of the same leg, whatever its revision.
fn is_like(one: &NewOrder, other: &NewOrder) -> bool {
    let leg =
        |order: &NewOrder| Named::read(&order.id).map(|named| (named.epoch, named.tranche, named.leg, order.deal));
    leg(one) == leg(other)
}
