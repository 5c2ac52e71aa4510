//! What must happen sometimes (faults.md, "sometimes" assertions): a storm that never gets there tries nothing.
//!
//! Here it is only noticed that something was reached, by what engine and venue say to each other and by the exchange's
//! books at the end; whether the engine did well then is the watch's matter. What a storm cannot reach stands in
//! [`ELSEWHERE`], with who does.

use super::life::{Hand, Life, What};
use super::process::Process;
use super::watch::names;
use backstop_core::orders::{Leg, Named, OrderState};
use backstop_model::{
    Answer, Asked, ClientOrderId, Command, Event, Fill, Lookup, Notice, Outcome, PositionMode, PositionSide,
    RefusalReason,
};
use backstop_sim::{Cause, Crowding, Exchange, Fault, Ledger, Order};
use std::collections::{BTreeMap, BTreeSet};

/// Something that must happen sometimes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Sometimes {
    /// A stop executes while it is being moved or replaced (F-C02).
    StopFillsDuringAmend,
    /// A target and a stop of one position both execute (F-C01).
    TargetAndStop,
    /// An unknown outcome ends because the order is found (R4a).
    UnknownFound,
    /// An unknown outcome ends because an execution is found (R4b).
    UnknownFilled,
    /// An unknown outcome ends by proof of absence (R4c).
    UnknownAbsent,
    /// A request is executed late, within its window (F-A07).
    LateExecution,
    /// A process dies before it has read the account again.
    RecoveryCrashed,
    /// An engine that was taken over from still runs (F-K02).
    TwoLeaders,
    /// Bitget makes room for a close by cancelling an older target (F-C05).
    EvictionHitTarget,
    /// A conditional order is rejected after it has triggered (F-C07).
    RejectedAfterTrigger,
    /// A stop is refused with -1008, and a close executes (F-A05).
    ThrottledStopCloses,
    /// The journal's disk returns an error from a sync (F-M04).
    SyncFails,
    /// The journal's disk is full while an exit is under way (F-M05).
    FullDuringExit,
    /// A position is turned round, and nobody ever saw it flat (F-D04).
    FlipNeverFlat,
    /// What is left is too little for the venue, and people are told (F-G03).
    DustDeclared,
}

impl Sometimes {
    /// All of them, in the order of the catalogue.
    pub const ALL: [Self; 15] = [
        Self::StopFillsDuringAmend,
        Self::TargetAndStop,
        Self::UnknownFound,
        Self::UnknownFilled,
        Self::UnknownAbsent,
        Self::LateExecution,
        Self::RecoveryCrashed,
        Self::TwoLeaders,
        Self::EvictionHitTarget,
        Self::RejectedAfterTrigger,
        Self::ThrottledStopCloses,
        Self::SyncFails,
        Self::FullDuringExit,
        Self::FlipNeverFlat,
        Self::DustDeclared,
    ];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::StopFillsDuringAmend => "a stop fills during its amend",
            Self::TargetAndStop => "target and stop both trigger",
            Self::UnknownFound => "unknown, and the order is found",
            Self::UnknownFilled => "unknown, and an execution is found",
            Self::UnknownAbsent => "unknown, and absent by proof",
            Self::LateExecution => "late execution inside the window",
            Self::RecoveryCrashed => "a recovery crashes",
            Self::TwoLeaders => "two leaders alive at once",
            Self::EvictionHitTarget => "an eviction hits a target",
            Self::RejectedAfterTrigger => "rejected after the trigger",
            Self::ThrottledStopCloses => "-1008 on a stop, a close succeeds",
            Self::SyncFails => "a sync returns an error",
            Self::FullDuringExit => "the disk is full during an exit",
            Self::FlipNeverFlat => "a flip is never seen as zero",
            Self::DustDeclared => "dust is declared",
        }
    }
}

/// What lives cannot reach, and who does.
pub const ELSEWHERE: [(&str, &str); 2] = [
    ("a crash at each of k0 to k8", "the crash matrix, which enumerates them"),
    ("CONERR 4", "nobody yet: it needs a session, and lives have none"),
];

/// A set of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reached(u32);

impl Reached {
    /// Whether it was.
    #[must_use]
    pub const fn has(self, one: Sometimes) -> bool {
        self.0 & (1 << one as u32) != 0
    }

    const fn add(&mut self, one: Sometimes) {
        self.0 |= 1 << one as u32;
    }
}

/// One leg of one incarnation.
type Place = (PositionSide, u32, u8, Leg);
/// One incarnation.
type Incarnation = (PositionSide, u32);

/// What has been seen of a life.
#[derive(Debug, Default)]
pub struct Seen {
    reached: Reached,
    /// Stops that were asked to move, or are being replaced, without an answer yet.
    moving: BTreeSet<Place>,
    /// Which of target and stop has executed.
    executed: BTreeMap<Incarnation, (bool, bool)>,
    /// Orders of which nobody knows what became of them.
    unknown: Vec<ClientOrderId>,
    /// A stop was refused for overload there, and none has been accepted since.
    throttled: BTreeSet<Incarnation>,
    /// Overload says -1008 in this life.
    overload: bool,
    /// The side that was turned round, until it is seen flat.
    flipped: Option<PositionSide>,
    /// The process has started again and has not read the account.
    recovering: bool,
    /// The venue makes room by taking older orders away.
    evicts: bool,
}

impl Seen {
    /// Nothing yet.
    #[must_use]
    pub fn of(life: &Life) -> Self {
        let overload = life.troubles.iter().any(|trouble| trouble.what == What::Throttled);
        let evicts = life.venue.profile().habits.crowding == Crowding::ExpireOldest;
        Self { overload, evicts, ..Self::default() }
    }

    /// A command leaves.
    pub fn sent(&mut self, command: &Command) {
        let moves = match command {
            Command::Amend { id, .. } => Named::read(id),
            Command::Place(order) => Named::read(&order.id).filter(|named| named.leg.is_stop() && named.revision > 1),
            Command::Cancel { .. } | Command::Lookup { .. } | Command::Snapshot { .. } => None,
        };
        self.moving.extend(moves.as_ref().map(place));
    }

    /// The engine is about to take something in.
    pub fn heard(&mut self, event: &Event) {
        match event {
            Event::Answer(answer) => self.answered(answer),
            Event::Fill(fill) => self.filled(fill),
            Event::Position(report) if report.quantity.is_zero() => self.saw_flat(report.key.side),
            Event::Position(report) => self.saw_open(report.key.side),
            Event::Snapshot(read) => {
                self.recovering = false;
                let open = |side| read.positions.iter().any(|report| report.key.side == side);
                match self.flipped {
                    Some(side) if open(side.other()) => self.saw_open(side.other()),
                    Some(side) if !open(side) => self.saw_flat(side),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, answer: &Answer) {
        let Some(named) = Named::read(&answer.id) else { return };
        if answer.asked != Asked::Cancel {
            self.moving.remove(&place(&named));
        }
        if answer.asked != Asked::Place {
            return;
        }
        let incarnation = (named.side, named.epoch.0);
        match &answer.outcome {
            Outcome::Unknown(_) if !self.unknown.contains(&answer.id) => self.unknown.push(answer.id),
            Outcome::Refused(why) if named.leg.is_stop() && why.reason == RefusalReason::Throttled && self.overload => {
                self.throttled.insert(incarnation);
            }
            Outcome::Accepted(_) if named.leg.is_stop() => {
                self.throttled.remove(&incarnation);
            }
            Outcome::Accepted(_) | Outcome::Refused(_) | Outcome::Unknown(_) => {}
        }
    }

    fn filled(&mut self, fill: &Fill) {
        let Some(named) = fill.order.as_ref().and_then(Named::read) else { return };
        let incarnation = (named.side, named.epoch.0);
        let (target, stop) = self.executed.entry(incarnation).or_default();
        *target |= named.leg.level().is_some();
        *stop |= named.leg.is_stop();
        if *target && *stop {
            self.reached.add(Sometimes::TargetAndStop);
        }
        if named.leg.is_stop() && self.moving.contains(&place(&named)) {
            self.reached.add(Sometimes::StopFillsDuringAmend);
        }
        if named.leg == Leg::Close && self.throttled.contains(&incarnation) {
            self.reached.add(Sometimes::ThrottledStopCloses);
        }
    }

    /// The engine has taken it in: what it no longer doubts has been resolved, and by what.
    pub fn taken(&mut self, event: Option<&Event>, process: &Process) {
        let Some(event) = event else { return };
        let (Some(engine), false) = (process.engine(), self.unknown.is_empty()) else { return };
        let doubted = |id: &ClientOrderId| {
            let orders = engine.positions().flat_map(|position| &position.orders);
            orders.into_iter().any(|order| order.id == *id && matches!(order.state, OrderState::Unknown(_)))
        };
        let (still, over): (Vec<_>, Vec<_>) = std::mem::take(&mut self.unknown).into_iter().partition(doubted);
        self.unknown = still;
        self.reached.0 |= over.iter().filter_map(|id| proof(event, id)).fold(0, |all, one| all | 1 << one as u32);
    }

    /// Whether something is waited for that only the state of the engine shows.
    #[must_use]
    pub const fn doubts(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// People are told something.
    pub fn told(&mut self, notice: &Notice) {
        if notice.text.contains("too little to be closed alone") {
            self.reached.add(Sometimes::DustDeclared);
        }
    }

    /// Somebody has acted at the venue.
    pub fn by_hand(&mut self, hand: Hand, side: PositionSide, mode: PositionMode) {
        if matches!(hand, Hand::Flip) && mode == PositionMode::OneWay {
            self.flipped = Some(side);
        }
    }

    fn saw_flat(&mut self, side: PositionSide) {
        self.flipped = self.flipped.filter(|before| *before != side);
    }

    fn saw_open(&mut self, side: PositionSide) {
        if self.flipped.take_if(|before| before.other() == side).is_some() {
            self.reached.add(Sometimes::FlipNeverFlat);
        }
    }

    /// The process starts, with a journal or for the first time.
    pub fn booted(&mut self, again: bool) {
        self.recovering = again;
        self.unknown.clear();
        self.moving.clear();
    }

    /// The process dies.
    pub fn died(&mut self) {
        if self.recovering {
            self.reached.add(Sometimes::RecoveryCrashed);
        }
    }

    /// An engine that was taken over from looks around.
    pub const fn two_engines(&mut self) {
        self.reached.add(Sometimes::TwoLeaders);
    }

    /// A write has failed; the disk is full, or a sync has returned an error.
    pub fn disk_failed(&mut self, full: bool, process: &Process) {
        if !full {
            self.reached.add(Sometimes::SyncFails);
            return;
        }
        let mut orders =
            process.engine().into_iter().flat_map(backstop_core::Engine::positions).flat_map(|p| &p.orders);
        let exits = |leg: Leg| matches!(leg, Leg::Close | Leg::Part);
        if orders.any(|order| exits(order.leg) && !matches!(order.state, OrderState::Over { .. })) {
            self.reached.add(Sometimes::FullDuringExit);
        }
    }

    /// The life is over: what the exchange's own books and counters show.
    #[must_use]
    pub fn ended(mut self, exchange: &Exchange) -> Reached {
        if exchange.faults().struck(Fault::LateExecution) > 0 {
            self.reached.add(Sometimes::LateExecution);
        }
        if exchange.faults().struck(Fault::TriggerReject) > 0 {
            self.reached.add(Sometimes::RejectedAfterTrigger);
        }
        if self.evicts && evicted(exchange.ledger()) {
            self.reached.add(Sometimes::EvictionHitTarget);
        }
        self.reached
    }
}

const fn place(named: &Named) -> Place {
    (named.side, named.epoch.0, named.tranche.0, named.leg)
}

/// Whether an order of a level was knocked out at the instant at which another exit was accepted; what goes because the
/// position has become smaller goes at other instants.
fn evicted(ledger: &Ledger) -> bool {
    let mut gone = ledger.orders().filter(|order| order.cause == Some(Cause::KnockedOut));
    gone.any(|gone| {
        let at = gone.history.last().map(|change| change.at);
        let makes_room = |new: &Order| new.closes && new.id > gone.id && Some(new.created_at) == at;
        is_target(&gone.place.client_id) && ledger.orders().any(makes_room)
    })
}

fn is_target(client_id: &str) -> bool {
    names::exit(client_id).is_some_and(|named| named.leg.level().is_some())
}

/// By which proof an event ends a doubt; none where it ends because the position is over.
fn proof(event: &Event, id: &ClientOrderId) -> Option<Sometimes> {
    match event {
        Event::Fill(fill) => (fill.order.as_ref() == Some(id)).then_some(Sometimes::UnknownFilled),
        Event::Lookup(Lookup { found: Some(_), id: about, .. }) => (about == id).then_some(Sometimes::UnknownFound),
        Event::Lookup(Lookup { fills, id: about, .. }) if about == id => {
            Some(if fills.is_empty() { Sometimes::UnknownAbsent } else { Sometimes::UnknownFilled })
        }
        Event::Order(report) => (report.id.as_ref() == Some(id)).then_some(Sometimes::UnknownFound),
        Event::Snapshot(read) if read.orders.iter().any(|order| order.id.as_ref() == Some(id)) => {
            Some(Sometimes::UnknownFound)
        }
        Event::Snapshot(read) if read.fills.iter().any(|fill| fill.order.as_ref() == Some(id)) => {
            Some(Sometimes::UnknownFilled)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_place_in_the_set_and_its_own_words() {
        let mut reached = Reached::default();
        for (number, one) in Sometimes::ALL.into_iter().enumerate() {
            assert!(!reached.has(one), "{one:?}");
            reached.add(one);
            assert_eq!(reached.0.count_ones() as usize, number + 1);
        }
        let words: BTreeSet<&str> = Sometimes::ALL.into_iter().map(Sometimes::words).collect();
        assert_eq!(words.len(), Sometimes::ALL.len());
    }
}
