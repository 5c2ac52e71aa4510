//! What may be wrong for a while: a position without a stop, orders without a position, an engine that does not know yet
//! (I25 to I27, I30, I31, I33, I38).
//!
//! A clock starts when something is wrong at the venue, waits until the engine can have seen it, and starts again with
//! every disturbance of venue or process.

use super::rest;
use super::{Found, REQUEST_FAULTS, STREAM_FAULTS, State, covered, is_ours, open_slots, unheard};
use crate::storm::process::Process;
use crate::storm::stage::{ACCOUNT, MARKET, ME};
use backstop_core::orders::{Leg, OrderState};
use backstop_core::position::adoption::Adoption;
use backstop_model::{Adopt, Event, PositionSide, Quantity, Span, Timestamp};
use backstop_sim::{Fault, Slot, Status};
use backstop_venues::paper::PaperVenue;
use std::collections::BTreeMap;

/// `T_prot`.
const PROTECTS_WITHIN: Span = Span::from_secs(3);
/// `T_boot` less `T_prot`: a process that has just started reads first.
const STARTS_WITHIN: Span = Span::from_secs(2);
/// `T_see` by stream.
const STREAMS_WITHIN: Span = Span::from_secs(1);
/// `T_see` by the regular look, and the look's own way.
const SEES_WITHIN: Span = Span::from_secs(13);
/// A venue that refuses is asked again this often.
const PROBES_EVERY: Span = Span::from_millis(3_600);
/// So much later than it would have to be it may be asked again, and answer.
const ASKED_LATER: Span = Span::from_secs(1);
/// Before a position of others gets its stop.
const GRACE: Span = Span::from_secs(10);

/// Something that is wrong at the venue.
#[derive(Clone, Copy, Debug)]
pub struct Wrong {
    since: Timestamp,
    /// When the engine could first know.
    seen: Option<Timestamp>,
}

/// An open position that stops do not cover.
#[derive(Clone, Copy, Debug)]
struct Uncovered {
    quantity: Quantity,
    /// Since it has been this large.
    wrong: Wrong,
    /// Which promise it breaks when it lasts.
    promise: &'static str,
    /// Since when, whatever its size.
    since: Timestamp,
}

impl Wrong {
    /// Since just now.
    pub const fn new(now: Timestamp) -> Self {
        Self { since: now, seen: None }
    }

    /// The engine hears something: after a full look it knows everything that was so then.
    pub fn heard(&mut self, now: Timestamp, event: &Event) {
        if let Event::Snapshot(snapshot) = event
            && snapshot.server_time >= self.since
        {
            self.seen.get_or_insert(now);
        }
    }
}

/// A slot as it was at the last look.
#[derive(Clone, Copy, Debug)]
struct Last {
    quantity: Quantity,
    /// When it became that.
    since: Timestamp,
    is_covered: bool,
}

/// All clocks.
#[derive(Debug, Default)]
pub struct Clocks {
    requests_disturbed: u64,
    stream_disturbed: u64,
    calm_since: Timestamp,
    stream_calm_since: Timestamp,
    booted_at: Timestamp,
    /// It was not the first time.
    has_restarted: bool,
    uncovered: BTreeMap<(Slot, PositionSide), Uncovered>,
    last: BTreeMap<(Slot, PositionSide), Last>,
    left_over: Option<Wrong>,
    /// What the engine takes to be open is something else than the venue has: that, and since when it has it.
    differs: Option<(Wrong, [Quantity; 2])>,
    /// When people were last told that something is unprotected.
    alarmed_at: Option<Timestamp>,
    /// The account has been read at least once.
    read: bool,
    /// What was open before it was.
    before_first_read: Vec<(Slot, PositionSide)>,
}

impl Clocks {
    /// Nothing can be promised until then.
    pub fn disturbed(&mut self, until: Timestamp) {
        self.calm_since = self.calm_since.max(until);
    }

    /// The process has started; what it had seen it knows from its journal, or not at all.
    pub fn booted(&mut self, now: Timestamp, journal_lost: bool) {
        if journal_lost {
            self.uncovered.values_mut().for_each(|uncovered| uncovered.wrong.seen = None);
        }
        self.has_restarted |= self.booted_at > Timestamp::EPOCH;
        self.booted_at = now;
        self.disturbed(now.plus(STARTS_WITHIN));
    }

    /// Nothing is wrong with the venue any more.
    pub fn healed(&mut self, now: Timestamp) {
        self.disturbed(now);
        self.stream_calm_since = now;
    }

    /// People are told that something is unprotected.
    pub const fn alarmed(&mut self, now: Timestamp) {
        self.alarmed_at = Some(now);
    }

    /// The engine hears something.
    pub fn heard(&mut self, now: Timestamp, event: &Event) {
        self.read |= matches!(event, Event::Snapshot(_));
        let wrongs = self.uncovered.values_mut().map(|uncovered| &mut uncovered.wrong);
        let differs = self.differs.iter_mut().map(|(wrong, _)| wrong);
        wrongs.chain(&mut self.left_over).chain(differs).for_each(|wrong| wrong.heard(now, event));
    }

    /// Since when nothing has disturbed requests or the process.
    pub const fn calm_since(&self) -> Timestamp {
        self.calm_since
    }

    /// After every step.
    pub fn look(&mut self, now: Timestamp, venue: &PaperVenue, process: &Process, state: &State, found: &mut Found) {
        self.count_strikes(now, venue, state);
        if !process.acts(now) {
            self.disturbed(now);
        }
        self.protection(now, venue, process, state, found);
        self.tidiness(now, venue, found);
        self.belief(now, venue, process, found);
        self.doubts(now, process, state, found);
    }

    /// Faults that have struck since the last look disturb.
    fn count_strikes(&mut self, now: Timestamp, venue: &PaperVenue, state: &State) {
        let struck =
            |faults: &[Fault]| -> u64 { faults.iter().map(|fault| venue.exchange().faults().struck(*fault)).sum() };
        let requests = struck(&REQUEST_FAULTS);
        if requests != self.requests_disturbed {
            self.requests_disturbed = requests;
            self.disturbed(now.plus(ASKED_LATER));
        }
        let stream = struck(&STREAM_FAULTS);
        if stream != self.stream_disturbed {
            self.stream_disturbed = stream;
            // Events keep their order: what comes after a late one is late as well.
            self.stream_calm_since = now.max(venue.exchange().stream_until(ME));
        }
        let begun = state.stretches.iter().filter(|(from, _)| *from <= now);
        if let Some(until) = begun.map(|(_, until)| *until).max() {
            // That it takes requests again is only known when it has been asked.
            self.disturbed(until.plus(PROBES_EVERY));
        }
    }

    /// When the engine must have seen something that began at `since`.
    pub fn seen(&self, wrong: Wrong, now: Timestamp) -> Option<Timestamp> {
        let by_stream = wrong.since.plus(STREAMS_WITHIN);
        let stream_told = self.stream_calm_since < wrong.since && self.booted_at <= wrong.since && by_stream <= now;
        wrong.seen.or(stream_told.then_some(by_stream))
    }

    /// I25, I26, I27, I33: an open position is under a working stop.
    fn protection(&mut self, now: Timestamp, venue: &PaperVenue, process: &Process, state: &State, found: &mut Found) {
        let slots: Vec<_> = open_slots(venue).collect();
        self.uncovered.retain(|which, _| slots.iter().any(|open| (open.0, open.1) == *which));
        self.last.retain(|which, _| slots.iter().any(|open| (open.0, open.1) == *which));
        for (slot, side, quantity) in slots {
            let which = (slot, side);
            if !self.read && !self.before_first_read.contains(&which) {
                self.before_first_read.push(which);
            }
            let covers = unheard::and(covered(venue, slot, side, quantity), venue, process, (slot, side, quantity));
            let is_covered = covers >= quantity || state.settled;
            let before = self.last.get(&which).filter(|last| last.quantity == quantity);
            let open_since = before.map_or(now, |last| last.since);
            let last = self.last.insert(which, Last { quantity, since: open_since, is_covered });
            if is_covered {
                self.uncovered.remove(&which);
                continue;
            }
            let (wrong, promise) = (Wrong::new(now), self.promised(last, quantity, now));
            let known = self.uncovered.entry(which).or_insert(Uncovered { quantity, wrong, promise, since: now });
            if known.quantity != quantity || state.is_known_dust(quantity, venue) {
                (known.quantity, known.wrong, known.promise) = (quantity, wrong, promise);
            }
            let Uncovered { wrong, mut promise, since, .. } = *known;
            if self.has_restarted && self.booted_at > wrong.since {
                promise = "I33";
            }
            // What the stream has left out it does not tell later.
            let unheard = self.stream_calm_since >= open_since && wrong.seen.is_none();
            let Some(seen) = self.seen(wrong, now).filter(|_| !unheard) else { continue };
            let grace = if state.adopt == Adopt::HardStop { GRACE } else { Span::ZERO };
            let due = seen.max(self.calm_since).plus(PROTECTS_WITHIN).plus(grace);
            // A venue that does not see the position yet is asked again, and no oftener than any other one that refuses.
            let asked = |after: Span| open_since.plus(after).plus(PROBES_EVERY).plus(ASKED_LATER);
            let due = state.seen_after.map_or(due, |after| due.max(asked(after)));
            if self.closes(process, since, side, state, now) {
                // It starts anew when that is over.
                self.uncovered.insert(which, Uncovered { quantity, wrong: Wrong::new(now), promise, since });
                continue;
            }
            let excused = self.is_only_proposed(which) || asks_first(process, side, state);
            if now > due && !excused {
                let since = wrong.since.since(crate::storm::stage::start());
                let exits = exits_under_way(process, side);
                found.push((promise, format!("{quantity} {side} open, {covers} under stops, since {since}; {exits}")));
                self.uncovered.remove(&which);
            }
        }
    }

    /// Everything is being closed, the outcome is not known yet, and people have been alarmed (I25).
    fn closes(&self, process: &Process, since: Timestamp, side: PositionSide, state: &State, now: Timestamp) -> bool {
        let positions = process.engine().into_iter().flat_map(backstop_core::Engine::positions);
        let mut orders = positions.filter(|position| position.key.side == side).flat_map(|position| &position.orders);
        let under_way = orders.any(|order| {
            match order.state {
                OrderState::InFlight { .. } => order.leg == Leg::Close,
                // While nobody knows what became of an exit, what it may close is not closed a second time (I2, R13).
                OrderState::Unknown(doubt) => !order.leg.is_stop() && now.since(doubt.since) <= state.resolves_within,
                // What the venue is executing, and does not get done, cannot be closed a second time (F-C11, I2).
                OrderState::Triggered { .. } => true,
                OrderState::Over { .. } | OrderState::Working { .. } => false,
            }
        });
        // Where an execution was kept back, or is late, nobody knew that it was flat meanwhile: an alarm that was on is on.
        let mut live = process.engine().into_iter().flat_map(backstop_core::Engine::positions);
        let is_on = |position: &backstop_core::position::Position| {
            position.key.side == side && position.live.as_ref().is_some_and(|live| live.protection.alarmed)
        };
        let was_on = (!state.withheld.is_empty() || self.stream_calm_since >= since) && live.any(is_on);
        under_way && (was_on || self.alarmed_at.is_some_and(|at| at >= since))
    }

    /// Which promise it is that something without a stop will break: lost what covered it, changed, just started, or new.
    fn promised(&self, last: Option<Last>, quantity: Quantity, now: Timestamp) -> &'static str {
        match last {
            _ if self.has_restarted && now <= self.booted_at.plus(STARTS_WITHIN) => "I33",
            Some(last) if last.is_covered && last.quantity == quantity => "I26",
            Some(last) if last.quantity != quantity => "I27",
            Some(_) | None => "I25",
        }
    }

    /// What was open at the very first look is only proposed.
    fn is_only_proposed(&self, which: (Slot, PositionSide)) -> bool {
        self.before_first_read.contains(&which)
    }

    /// I30: what is flat leaves no order of ours behind.
    fn tidiness(&mut self, now: Timestamp, venue: &PaperVenue, found: &mut Found) {
        let flat = open_slots(venue).next().is_none();
        let mut ours = venue.exchange().ledger().open_orders(ME).filter(|order| is_ours(&order.place.client_id));
        // One that has triggered and does not get anywhere cannot be taken back either (F-C11).
        let Some(left) = ours.find(|order| order.closes && order.status == Status::New).filter(|_| flat) else {
            self.left_over = None;
            return;
        };
        let wrong = *self.left_over.get_or_insert(Wrong::new(now));
        let Some(seen) = self.seen(wrong, now) else { return };
        if now > seen.max(self.calm_since).plus(PROTECTS_WITHIN) {
            found.push(("I30", format!("nothing is open, and {} still rests", left.place.client_id)));
            self.left_over = None;
        }
    }

    /// I31: the engine knows what is open.
    fn belief(&mut self, now: Timestamp, venue: &PaperVenue, process: &Process, found: &mut Found) {
        let Some((theirs, ours)) = views(venue, process).filter(|(theirs, ours)| theirs != ours) else {
            self.differs = None;
            return;
        };
        let known = self.differs.filter(|(_, of)| *of == theirs).map_or(Wrong::new(now), |(wrong, _)| wrong);
        let (wrong, _) = *self.differs.insert((known, theirs));
        if now > wrong.since.max(self.calm_since).plus(SEES_WITHIN) {
            found.push(("I31", format!("the venue has {theirs:?}, the engine {ours:?}")));
            self.differs = None;
        }
    }

    /// I29: what became of an order is known in time.
    fn doubts(&self, now: Timestamp, process: &Process, state: &State, found: &mut Found) {
        let positions = process.engine().into_iter().flat_map(backstop_core::Engine::positions);
        for order in positions.flat_map(|position| &position.orders) {
            let OrderState::Unknown(doubt) = order.state else { continue };
            if now > doubt.since.max(self.calm_since).plus(state.resolves_within) {
                found.push(("I29", format!("nobody knows what became of {}", order.id)));
            }
        }
    }

    /// I38: half a minute after everything was healed.
    pub fn at_rest(&self, now: Timestamp, venue: &PaperVenue, process: &Process, state: &State, found: &mut Found) {
        // What has only just been done may still be on its way to be seen.
        let settled = |wrong: Wrong| wrong.since.plus(PROTECTS_WITHIN) <= now;
        let differs = self.differs.is_some_and(|(wrong, _)| settled(wrong));
        if let Some((theirs, ours)) = views(venue, process).filter(|(theirs, ours)| differs && theirs != ours) {
            found.push(("I38", format!("the venue has {theirs:?}, the engine {ours:?}")));
        }
        for (slot, side, quantity) in open_slots(venue) {
            let covers = unheard::and(covered(venue, slot, side, quantity), venue, process, (slot, side, quantity));
            let recent = self.uncovered.get(&(slot, side)).is_some_and(|uncovered| !settled(uncovered.wrong));
            let asked = recent || self.is_only_proposed((slot, side)) || asks_first(process, side, state);
            let closes = self
                .uncovered
                .get(&(slot, side))
                .is_some_and(|uncovered| self.closes(process, uncovered.since, side, state, now));
            if covers < quantity && !state.settled && !asked && !closes && !state.is_known_dust(quantity, venue) {
                found.push(("I38", format!("{quantity} {side} open, {covers} under stops")));
            }
        }
        rest::orders(now, venue, process, state, found);
        rest::stops_come_before_liquidation(venue, state, found);
    }
}

/// Where a hard stop would be passed already people are asked instead (product.md §3), and an engine that has lost its
/// journal has its first look again.
fn asks_first(process: &Process, side: PositionSide, state: &State) -> bool {
    let positions = process.engine().into_iter().flat_map(backstop_core::Engine::positions);
    let mut asked =
        positions.filter(|position| position.key.side == side).filter_map(|position| position.live.as_ref());
    (state.adopt == Adopt::HardStop || state.journal_lost) && asked.any(|live| live.adoption == Adoption::Proposed)
}

/// What is open long and short, at the venue and by the engine.
fn views(venue: &PaperVenue, process: &Process) -> Option<([Quantity; 2], [Quantity; 2])> {
    let engine = process.engine()?;
    let add = |sum: Quantity, one: Quantity| sum.plus(one).unwrap_or(sum);
    let mut theirs = [Quantity::ZERO; 2];
    for (_, side, quantity) in open_slots(venue) {
        theirs[place(side)] = add(theirs[place(side)], quantity);
    }
    let mut ours = [Quantity::ZERO; 2];
    for position in engine.positions() {
        if position.key.account == ACCOUNT && position.key.instrument == MARKET {
            ours[place(position.key.side)] = add(ours[place(position.key.side)], position.quantity());
        }
    }
    Some((theirs, ours))
}

const fn place(side: PositionSide) -> usize {
    match side {
        PositionSide::Long => 0,
        PositionSide::Short => 1,
    }
}

/// What the engine has under way for a side, for those who look for the cause.
fn exits_under_way(process: &Process, side: PositionSide) -> String {
    let positions = process.engine().into_iter().flat_map(backstop_core::Engine::positions);
    let orders = positions.filter(|position| position.key.side == side).flat_map(|position| &position.orders);
    let shown: Vec<String> = orders.map(|order| format!("{} {:?}", order.leg, order.state)).collect();
    format!("the engine has [{}]", shown.join(", "))
}
