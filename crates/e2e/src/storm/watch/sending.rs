//! Every command as it leaves: I7, I12, I18, I19, I36, and refusals that nobody but us is to blame for (I16).

use super::covers::{covered_once, whose};
use super::{Found, Knows, State, open_slots};
use crate::storm::process::Process;
use crate::storm::stage::ME;
use crate::storm::words::Line;
use backstop_core::orders::{EntryName, Leg, Named};
use backstop_core::position::adoption::Adoption;
use backstop_model::{
    Answer, Asked, ClientOrderId, Command, Event, Lane, Lookup, NewOrder, OrderKind, Outcome, PositionSide, Price,
    Quantity, RefusalReason, Span, TimeInForce, Timestamp, Trigger,
};
use backstop_sim::{Kind, Ledger, Order, Slot};
use backstop_venues::paper::PaperVenue;
use std::collections::{BTreeMap, VecDeque};

/// The venue's budget (venues/binance.md §3).
const BUDGET: usize = 300;
/// Over this time.
const BUDGET_WINDOW: Span = Span::from_secs(10);
/// Orders placed for one leg in a minute (I36).
const MOST_PER_MINUTE: usize = 20;
/// The same order refused so often for the same reason (I36).
const MOST_REFUSED: u32 = 3;
/// And asked for once more before so much time has passed.
const PROBES_AFTER: Span = Span::from_millis(750);

/// What one leg of one tranche has asked for.
#[derive(Debug, Default)]
struct OfLeg {
    placed: VecDeque<Timestamp>,
    newest: Option<NewOrder>,
    /// The last move of a stop, and when the same was asked for.
    moved: Option<(Trigger, Quantity)>,
    moves: VecDeque<Timestamp>,
    /// The order, why, how often in a row, and when last.
    refused: Option<(NewOrder, RefusalReason, u32, Timestamp)>,
}

type LegKey = (PositionSide, u32, u8, Leg, Option<backstop_model::DealId>);

/// What has left so far.
#[derive(Debug, Default)]
pub struct Sent {
    all: VecDeque<Timestamp>,
    /// What others have used of the budget, as the venue has told, and until when that counts.
    others: Option<(usize, Timestamp)>,
    booted_at: Timestamp,
    legs: BTreeMap<LegKey, OfLeg>,
    /// The venue has another grid than it has said.
    unsaid: bool,
    /// The tick that is in force since the grid has changed.
    grid: Option<Price>,
    /// When it has last said its grid.
    said_at: Timestamp,
}

impl Sent {
    /// A process that has just started knows nothing of the one before, and may ask once more for the same.
    pub fn booted(&mut self, now: Timestamp) {
        self.legs.clear();
        // What was told before nobody knows any more, and what the process before has sent is others' to this one.
        (self.others, self.booted_at) = (None, now);
    }

    /// The venue has this grid from now on, and the engine knows it or not.
    pub const fn grid_is(&mut self, tick: Price, known: bool) {
        (self.grid, self.unsaid) = (Some(tick), !known);
    }

    /// A command is about to leave.
    pub fn leaves(&mut self, now: Timestamp, command: &Command, venue: &PaperVenue, knows: Knows, found: &mut Found) {
        self.count(now, command.lane(), found);
        if let Some(id) = command.order()
            && Named::read(&id).is_none()
            && EntryName::read(&id).is_none()
        {
            found.push(("I12", format!("an order that is not provably ours is touched: {command:?}")));
        }
        was_recorded(command, knows.process, knows.state, found);
        match command {
            Command::Place(order) => self.places(now, order, found),
            Command::Cancel { id, .. } => cancels(now, id, venue, knows, found),
            Command::Amend { id, trigger, quantity, .. } => self.moves(now, id, (*trigger, *quantity), found),
            Command::Lookup { .. } | Command::Snapshot { .. } => {}
        }
    }

    /// I36: the same move of a stop is not asked for without end.
    fn moves(&mut self, now: Timestamp, id: &ClientOrderId, to: (Trigger, Quantity), found: &mut Found) {
        let Some(named) = Named::read(id) else { return };
        let leg = self.legs.entry((named.side, named.epoch.0, named.tranche.0, named.leg, None)).or_default();
        if leg.moved != Some(to) {
            leg.moves.clear();
        }
        leg.moved = Some(to);
        leg.moves.push_back(now);
        while leg.moves.front().is_some_and(|at| now.since(*at) >= Span::from_secs(60)) {
            leg.moves.pop_front();
        }
        if leg.moves.len() > MOST_PER_MINUTE {
            found.push(("I36", format!("{} times the same move of {} within a minute", leg.moves.len(), named.leg)));
            leg.moves.clear();
        }
    }

    /// The venue says how much of its budget is used up, by whomever.
    pub fn told_usage(&mut self, now: Timestamp, used: usize) {
        let own = self.own(now);
        self.others = Some((used.saturating_sub(own), now.plus(BUDGET_WINDOW)));
    }

    /// What this process has sent within the window.
    fn own(&self, now: Timestamp) -> usize {
        self.all.iter().filter(|at| **at >= self.booted_at && now.since(**at) < BUDGET_WINDOW).count()
    }

    /// I19: the venue's budget. What others use up of it, as far as it was told within the window, is gone, and three tenths of what
    /// they leave are for what protects (F-I07).
    fn count(&mut self, now: Timestamp, lane: Lane, found: &mut Found) {
        while self.all.front().is_some_and(|at| now.since(*at) >= BUDGET_WINDOW) {
            self.all.pop_front();
        }
        // Where others leave nothing, what protects or takes back is tried all the same, once a second.
        let is_try = lane <= Lane::Cancel && self.all.back().is_none_or(|last| now.since(*last) >= Span::from_secs(1));
        self.all.push_back(now);
        if self.all.len() > BUDGET {
            found.push(("I19", format!("{} requests in ten seconds", self.all.len())));
        }
        let Some((others, _)) = self.others.filter(|(others, until)| *others > 0 && now < *until) else { return };
        let left = BUDGET.saturating_sub(others);
        let most = match lane {
            Lane::Cancel | Lane::Protect => left,
            Lane::Profit | Lane::Reconcile => left * 7 / 10,
        };
        let own = self.own(now);
        if own > most && !is_try {
            found.push((
                "I19",
                format!("{own} requests in ten seconds, the last for {lane:?}, where others leave {left}"),
            ));
        }
    }

    /// I36: a leg does not run hot.
    fn places(&mut self, now: Timestamp, order: &NewOrder, found: &mut Found) {
        let Some(named) = Named::read(&order.id) else { return };
        let leg = self.legs.entry(key(&named, order)).or_default();
        while leg.placed.front().is_some_and(|at| now.since(*at) >= Span::from_secs(60)) {
            leg.placed.pop_front();
        }
        leg.placed.push_back(now);
        if leg.placed.len() > MOST_PER_MINUTE {
            found.push(("I36", format!("{} orders for {} within a minute", leg.placed.len(), named.leg)));
            leg.placed.clear();
        }
        let same = |before: &NewOrder| NewOrder { id: order.id, ..*before } == *order;
        // Asking whether the venue takes it again is no livelock when it is done slowly: Backstop watches the price meanwhile.
        let hot = |at: Timestamp| now.since(at) < PROBES_AFTER;
        if let Some((before, why, count, at)) = leg.refused.filter(|(_, _, count, _)| *count >= MOST_REFUSED)
            && same(&before)
            && hot(at)
        {
            let text = format!("the same order after {count} refusals ({why:?}): {}", Line(order));
            found.push(("I36", text));
        }
        leg.newest = Some(*order);
    }

    /// The engine hears an answer.
    pub fn heard(&mut self, now: Timestamp, event: &Event, found: &mut Found) {
        let accepted = match event {
            Event::Fill(fill) => fill.order,
            Event::Lookup(Lookup { found: Some(report), .. }) => report.id,
            Event::Order(report) => report.id,
            _ => None,
        };
        if let Some(named) = accepted.as_ref().and_then(Named::read) {
            self.accepted(&named);
        }
        if let (Event::DefineInstrument(told), Some(grid)) = (event, self.grid) {
            // What was asked before the change is the old one.
            self.unsaid = told.tick != grid;
            self.said_at = now;
        }
        if matches!(event, Event::Mode(_)) {
            // From now on the same order has other words at the venue.
            let worded = |leg: &&mut OfLeg| leg.refused.is_some_and(|(_, why, ..)| why == RefusalReason::WrongMode);
            self.legs.values_mut().filter(worded).for_each(|leg| leg.refused = None);
        }
        let Event::Answer(Answer { id, asked: Asked::Place, outcome, sent_at, .. }) = event else { return };
        // What left before the venue has said its grid could not be on it (F-G02).
        let told = !self.unsaid && *sent_at >= self.said_at;
        let Some(named) = Named::read(id) else { return };
        if let Outcome::Accepted(_) = outcome {
            self.accepted(&named);
        }
        let mut legs = self.legs.values_mut();
        let Some(leg) = legs.find(|leg| leg.newest.is_some_and(|order| order.id == *id)) else { return };
        let Some(order) = leg.newest else { return };
        match outcome {
            Outcome::Refused(refusal) if counts(refusal.reason) => {
                let same = |before: &NewOrder| NewOrder { id: order.id, ..*before } == order;
                let before = leg.refused.take().filter(|(before, why, ..)| same(before) && *why == refusal.reason);
                leg.refused = Some((order, refusal.reason, before.map_or(1, |(_, _, count, _)| count + 1), now));
                if refusal.reason == RefusalReason::Filter && !makes_only(&order) && told {
                    found.push(("I16", format!("{} of {order:?} was refused: {}", named.leg, refusal.text)));
                }
            }
            Outcome::Refused(_) | Outcome::Accepted(_) | Outcome::Unknown(_) => leg.refused = None,
        }
    }

    /// What was refused before is another story, also for a tranche's stop when that of the whole position is accepted.
    fn accepted(&mut self, named: &Named) {
        let (side, epoch, tranche, of) = (named.side, named.epoch.0, named.tranche.0, named.leg);
        let same = |key: &LegKey| (key.0, key.1, key.2, key.3) == (side, epoch, tranche, of);
        let served = |key: &LegKey| of == Leg::WholeStop && (key.0, key.1) == (side, epoch) && key.3.is_own_stop();
        let legs = self.legs.iter_mut().filter(|(key, _)| same(key) || served(key));
        legs.for_each(|(_, leg)| leg.refused = None);
    }
}

fn key(named: &Named, order: &NewOrder) -> LegKey {
    (named.side, named.epoch.0, named.tranche.0, named.leg, order.deal)
}

/// Refusals after which the same once more is no plan. Those that say "not now" are for waiting.
const fn counts(reason: RefusalReason) -> bool {
    !matches!(
        reason,
        RefusalReason::Throttled | RefusalReason::Maintenance | RefusalReason::LockedOut | RefusalReason::NotSent
    )
}

/// I18: what leaves was recorded before, word for word; where nothing can be recorded, only what protects leaves (R1).
fn was_recorded(command: &Command, process: &Process, state: &State, found: &mut Found) {
    if matches!(command, Command::Lookup { .. } | Command::Snapshot { .. } | Command::Amend { .. }) {
        return;
    }
    if process.is_journal_failed() || state.journal_lost {
        if command.lane() == Lane::Profit && process.is_journal_failed() {
            found.push(("I18", format!("it leaves without a record and protects nothing: {command:?}")));
        }
        return;
    }
    if process.disk.recorded(command) != Some(command) {
        found.push(("I18", format!("{command:?} leaves, recorded is {:?}", process.disk.recorded(command))));
    }
}

/// I7: a stop goes only when what it covered is covered by another one, or nothing is open. Two for one tranche are
/// alternatives: the larger one counts.
fn cancels(now: Timestamp, id: &ClientOrderId, venue: &PaperVenue, knows: Knows, found: &mut Found) {
    let process = knows.process;
    let Some(named) = Named::read(id).filter(|named| named.leg.is_stop()) else { return };
    let ledger = venue.exchange().ledger();
    let Some(order) = ledger.orders_of(ME, id.as_str()).find(|order| order.is_waiting()) else { return };
    let Some((slot, side, quantity)) = open_slots(venue).find(|(slot, ..)| *slot == order.slot) else { return };
    if matches!(slot, Slot::Deal(_)) || order.place.side != side.closing() {
        return;
    }
    let quantity = knows.vanished.known_open(now, slot, quantity, knows.clocks);
    let none = BTreeMap::new();
    let before = covered_once(venue, slot, (side, quantity), None, &none);
    let counted_on = knows.vanished.counted_on(now, slot, knows.clocks, process);
    let rest = covered_once(venue, slot, (side, quantity), Some(order.id), &counted_on);
    // An exit of the whole may be on its way at the same time; the engine then knows itself flat or going.
    let knows_flat = process.engine().is_some_and(|engine| {
        engine.positions().all(|position| position.key.side != side || position.quantity().is_zero())
    });
    // What is only proposed is nobody's to protect: an order forgotten there would close it (F-C14).
    let proposed = process.engine().into_iter().flat_map(backstop_core::Engine::positions).any(|position| {
        let live = position.live.as_ref().filter(|_| position.key.side == side);
        live.is_some_and(|live| matches!(live.adoption, Adoption::Proposed | Adoption::ToPropose))
    });
    if rest < before && !knows_flat && !proposed && !has_alternative(ledger, order, side) {
        let text = format!("{} of tranche {} goes, {rest} of {quantity} stays covered", named.leg, named.tranche.0);
        found.push(("I7", text));
    }
}

/// Another stop of the same tranche waits, as near: the larger of the two may be the looser one (I3).
fn has_alternative(ledger: &Ledger, going: &Order, side: PositionSide) -> bool {
    let at = |order: &Order| match order.place.kind {
        Kind::StopMarket { trigger, .. } => Some(trigger),
        Kind::Limit { .. }
        | Kind::Market
        | Kind::TakeProfitLimit { .. }
        | Kind::TakeProfitMarket { .. }
        | Kind::Trailing { .. } => None,
    };
    let mut others = ledger.open_orders(ME).filter(|order| order.is_waiting() && order.id != going.id);
    others.any(|order| {
        let near = at(order).zip(at(going)).is_some_and(|(other, own)| !side.is_better(own, other));
        near && order.slot == going.slot && whose(&order.place.client_id) == whose(&going.place.client_id)
    })
}

/// An order that only makes is refused when it would take, which nobody can know before.
const fn makes_only(order: &NewOrder) -> bool {
    matches!(order.kind, OrderKind::Limit { time_in_force: TimeInForce::PostOnly, .. })
}
