//! What became of every intent: nothing new of a leg while nobody knows (I8), and nothing asked of an order that is over
//! (I9).
//!
//! What is known is taken from what venue and network have said, before anything of ours reads it: an unknown outcome ends
//! by proof and by nothing else (R4).

use super::{Found, Knows, State};
use crate::storm::process::Process;
use crate::storm::stage::ME;
use crate::storm::words::Line;
use backstop_core::orders::{Leg, Named, OpenOrder};
use backstop_core::position::Position;
use backstop_model::{
    Answer, Asked, ClientOrderId, Command, DealId, Event, NewOrder, OrderKind, OrderReport, Outcome, PositionSide,
    Price, RefusalReason, Span, Timestamp,
};
use backstop_venues::paper::PaperVenue;
use std::collections::{BTreeMap, BTreeSet};

/// Two reads that do not find an order count as two only when this far apart (R4c).
const SPACING: Span = Span::from_millis(500);
/// A close in doubt is left alone for so long.
const REPEAT_AFTER: Span = Span::from_secs(2);
/// A cancel may be repeated for so long after a venue that was busy, and a slow disk holds it back (F-I01, F-M10).
const ON_ITS_WAY: Span = Span::from_secs(5);

type LegKey = (PositionSide, u32, u8, Leg, Option<DealId>);

/// An order that has left and of which nothing is proven yet.
#[derive(Clone, Copy, Debug)]
struct Pending {
    id: ClientOrderId,
    sent_at: Timestamp,
    absent: u16,
    read_at: Timestamp,
    /// Nobody has answered in time.
    in_doubt: bool,
}

impl Pending {
    /// Takes in a read that does not show it; an older one may be heard later.
    fn is_absent(&mut self, server_time: Timestamp) {
        let spaced = server_time.since(self.read_at).max(self.read_at.since(server_time)) >= SPACING;
        if self.absent == 0 || spaced {
            self.absent += 1;
            self.read_at = self.read_at.max(server_time);
        }
    }

    /// A close may be sent once more after two reads that did not find it, and two seconds, where everything open is to go and the
    /// venue itself lets no exit open anything (decision 20).
    fn may_be_repeated(&self, now: Timestamp, order: &NewOrder, knows: Knows) -> bool {
        let is_close = Named::read(&order.id).is_some_and(|named| named.leg == Leg::Close);
        let mut positions = knows.process.engine().into_iter().flat_map(backstop_core::Engine::positions);
        let own = positions.find(|position| position.orders.iter().any(|other| other.id == order.id));
        let all_go = own
            .and_then(|own| own.live.as_deref())
            .is_some_and(|live| live.tranches.iter().all(|tranche| tranche.is_closed() || tranche.closing.is_some()));
        let asked = self.absent >= 2 && now >= self.sent_at.plus(REPEAT_AFTER) && self.id != order.id;
        is_close && order.deal.is_none() && knows.state.reduces_only && all_go && asked
    }

    /// Proof of absence (R4c).
    fn cannot_come(&self, validity: Span) -> bool {
        self.absent >= 2 && self.read_at > self.sent_at.plus(validity)
    }
}

/// All intents.
#[derive(Debug, Default)]
pub struct Intents {
    pending: BTreeMap<LegKey, Pending>,
    /// When the end of an order was first heard of.
    over: BTreeMap<ClientOrderId, Timestamp>,
    /// Orders that a read has shown although they were over.
    shown_again: BTreeSet<ClientOrderId>,
    /// Orders the engine shows to be live.
    shown: BTreeSet<ClientOrderId>,
    /// Orders it has shown since it was started, and then no more.
    shown_over: BTreeSet<ClientOrderId>,
    /// Orders that were refused since then: one of the same id, from before, may stand all the same.
    refused: BTreeSet<ClientOrderId>,
}

impl Intents {
    /// A process that has just started goes on from its journal; without one it knows nothing of what is under way (R9).
    pub fn booted(&mut self, state: &State) {
        self.shown.clear();
        self.shown_over.clear();
        self.refused.clear();
        if state.journal_lost {
            self.pending.clear();
            self.over.clear();
        }
    }

    /// The deal whose level it asks for again while nobody knows of the one before, and where.
    pub fn level_again(&self, command: &Command) -> Option<(u64, Price)> {
        let Command::Place(order) = command else { return None };
        let deal = order.deal?.as_str().parse().ok()?;
        let named = Named::read(&order.id).filter(|named| named.leg == Leg::WholeStop)?;
        let before = self.pending.get(&(named.side, named.epoch.0, named.tranche.0, named.leg, order.deal))?;
        let OrderKind::StopMarket(trigger) = order.kind else { return None };
        (before.in_doubt && before.id != order.id).then_some((deal, trigger.price))
    }

    /// A command leaves.
    pub fn leaves(&mut self, now: Timestamp, command: &Command, knows: Knows, found: &mut Found) {
        let state = knows.state;
        match command {
            Command::Place(order) => self.places(now, order, knows, found),
            Command::Amend { id, .. } | Command::Cancel { id, .. } => {
                // Without a journal an id may have been used before (R2, R3).
                let ended = self.over.get(id).filter(|_| !state.journal_lost);
                // A read of a while ago that shows it again may be taken at its word by somebody who has forgotten it: a
                // cancel does no harm (R8, R13).
                let shown = self.shown_again.contains(id) && matches!(command, Command::Cancel { .. });
                // What was stopped on its way goes on later (F-K02).
                if ended.is_some_and(|at| now > knows.clocks.calm_since().max(*at).plus(ON_ITS_WAY)) && !shown {
                    found.push(("I9", format!("it is over, and yet: {}", Line(command))));
                }
            }
            Command::Lookup { .. } | Command::Snapshot { .. } => {}
        }
    }

    /// I8: while nobody knows what became of one order, there is no other of its leg; a stop may be placed once more after
    /// one read that did not find it, and the level of a deal without one (R13).
    fn places(&mut self, now: Timestamp, order: &NewOrder, knows: Knows, found: &mut Found) {
        let state = knows.state;
        let Some(named) = Named::read(&order.id) else { return };
        let key = (named.side, named.epoch.0, named.tranche.0, named.leg, order.deal);
        if let Some(pending) = self.pending.get(&key) {
            let proven = pending.cannot_come(state.request_validity);
            let is_level = named.leg == Leg::WholeStop && order.deal.is_some();
            let asked = pending.absent > 0 || (is_level && pending.in_doubt);
            let repeats = named.leg.is_stop() && asked && pending.id != order.id;
            let lied_about = state.unrecorded.contains(&pending.id);
            if !proven && !repeats && !lied_about && !pending.may_be_repeated(now, order, knows) {
                let text = format!("{} leaves while nobody knows what became of {}", Line(order), pending.id);
                found.push(("I8", text));
            }
        }
        self.over.remove(&order.id);
        let fresh = Pending { id: order.id, sent_at: now, absent: 0, read_at: Timestamp::EPOCH, in_doubt: false };
        self.pending.insert(key, fresh);
    }

    /// Something is said of orders.
    pub fn heard(&mut self, now: Timestamp, event: &Event) {
        match event {
            Event::Answer(answer) => self.answered(answer),
            Event::Fill(fill) => self.is_known(fill.order),
            Event::Lookup(lookup) => {
                lookup.fills.iter().for_each(|fill| self.is_known(fill.order));
                match &lookup.found {
                    Some(report) => self.shows(now, report),
                    None => self.is_absent(lookup.server_time, |id| id == lookup.id),
                }
            }
            Event::Order(report) => self.shows(now, report),
            Event::Snapshot(snapshot) => {
                snapshot.fills.iter().for_each(|fill| self.is_known(fill.order));
                snapshot.orders.iter().for_each(|report| self.shows(now, report));
                self.is_absent(snapshot.server_time, |_| true);
            }
            _ => {}
        }
    }

    fn answered(&mut self, answer: &Answer) {
        let known = match &answer.outcome {
            Outcome::Accepted(_) => true,
            // The first one exists or existed: nobody knows what became of it (F-A11).
            Outcome::Refused(refusal) => refusal.reason != RefusalReason::DuplicateId,
            Outcome::Unknown(_) => false,
        };
        let of_it = self.pending.values_mut().filter(|pending| pending.id == answer.id && answer.asked == Asked::Place);
        of_it.for_each(|pending| pending.in_doubt = !known);
        if answer.asked == Asked::Place && known {
            self.is_known(Some(answer.id));
            if matches!(answer.outcome, Outcome::Refused(_)) {
                self.refused.insert(answer.id);
            }
        }
    }

    fn shows(&mut self, now: Timestamp, report: &OrderReport) {
        self.is_known(report.id);
        match report.id {
            Some(id) if report.status.is_final() => _ = self.over.entry(id).or_insert(now),
            Some(id) if self.over.contains_key(&id) => _ = self.shown_again.insert(id),
            Some(_) | None => {}
        }
    }

    fn is_known(&mut self, id: Option<ClientOrderId>) {
        if let Some(id) = id {
            self.pending.retain(|_, pending| pending.id != id);
        }
    }

    fn is_absent(&mut self, server_time: Timestamp, whose: impl Fn(ClientOrderId) -> bool) {
        let asked = self.pending.values_mut().filter(|pending| whose(pending.id) && server_time > pending.sent_at);
        asked.for_each(|pending| pending.is_absent(server_time));
    }

    /// I9: an order that the engine has shown, and no more, does not come back. With nothing open, what a read shows of ours
    /// is cleaned up, whatever has been forgotten: that is what finds orders when the journal was lost (R7), and a cancel
    /// does no harm (R13). One whose record was lost is found again under an id that has been refused since (F-M13). A level of
    /// a deal comes back at the venue itself when a change of the other one executes late, which names both (venues/ig.md §4.3).
    pub fn look(&mut self, venue: &PaperVenue, process: &Process, state: &State, found: &mut Found) {
        let (mut live, mut open) = (BTreeSet::new(), BTreeSet::new());
        for position in process.engine().into_iter().flat_map(backstop_core::Engine::positions) {
            let ids = position.orders.iter().filter(|order| order.is_live()).map(|order| order.id);
            let before = live.len();
            live.extend(ids);
            if live.len() > before && !position.quantity().is_zero() {
                let there = |order: &&OpenOrder| !stands_as_level(venue, position, order);
                open.extend(position.orders.iter().filter(there).map(|order| order.id));
            }
        }
        if live == self.shown {
            return;
        }
        self.shown_over.extend(self.shown.difference(&live));
        let twice = |id: &ClientOrderId| venue.exchange().ledger().orders_of(ME, id.as_str()).count() > 1;
        let forgotten = |id: &ClientOrderId| state.journal_lost && (self.refused.contains(id) || twice(id));
        let back = |id: &&ClientOrderId| self.shown_over.contains(*id) && open.contains(*id) && !forgotten(id);
        for id in live.difference(&self.shown).filter(back) {
            found.push(("I9", format!("{id} was over and is not any more")));
        }
        self.shown = live;
    }
}

/// Whether an order is a level of a deal that stands at the venue, or stood there when the deal ended.
fn stands_as_level(venue: &PaperVenue, position: &Position, order: &OpenOrder) -> bool {
    let origin = position.key.deal.and_then(|deal| deal.as_str().parse().ok());
    let Some(deal) = origin.and_then(|origin| venue.exchange().ledger().deal(origin)) else { return false };
    if order.leg.is_stop() { deal.levels.stop.is_some() } else { order.leg.rests() && deal.levels.limit.is_some() }
}
