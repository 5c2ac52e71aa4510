//! What the ledger shows at any instant, whatever anybody believes: I1, I3, I4, I5, I6.

use super::covers::{Closed, Cover, Held};
use super::{Found, State, is_ours, names, open_slots};
use crate::storm::stage::ME;
use backstop_core::orders::Leg;
use backstop_model::{PositionSide, Span, Timestamp};
use backstop_sim::{Fill, Ledger, Order, Slot, Status};
use backstop_venues::paper::PaperVenue;
use std::collections::BTreeMap;

/// What is added to a position has a stop of its own by then.
const SETTLES: Span = Span::from_secs(30);

/// How far the ledger has been read, and what each slot held then.
#[derive(Debug, Default)]
pub struct Books {
    orders_seen: u64,
    fills_seen: u64,
    annulled_seen: usize,
    /// What is open by the fills, bought less sold, in mantissas of the quantity's decimal.
    open: BTreeMap<Slot, i128>,
    /// When what was open has last become more.
    grown: BTreeMap<Slot, Timestamp>,
    /// Conditional orders that were open at the last look.
    stops: Vec<u64>,
    /// What stops cover, and owe to go on covering.
    held: BTreeMap<Slot, Held>,
    closed: Closed,
}

impl Books {
    /// Reads on.
    pub fn look(&mut self, now: Timestamp, venue: &PaperVenue, state: &State, found: &mut Found) {
        let ledger = venue.exchange().ledger();
        let fresh: Vec<&Order> = ledger.orders().rev().take_while(|order| order.id > self.orders_seen).collect();
        self.orders_seen = fresh.first().map_or(self.orders_seen, |newest| newest.id);
        for order in fresh.into_iter().filter(|order| is_ours(&order.place.client_id)) {
            accepted(ledger, order, state, found);
        }
        for one in &ledger.annulled()[self.annulled_seen..] {
            self.annulled(ledger, one.fill);
        }
        self.annulled_seen = ledger.annulled().len();
        for fill in ledger.fills_since(self.fills_seen) {
            self.executed(fill, now, state, found);
        }
        self.fills_seen = ledger.fills().last().map_or(self.fills_seen, |fill| fill.id);
        if now > state.forgets_until {
            stops_pile_up(ledger, state, found);
        }
        if now < state.hands_until {
            let levels = self.held.iter_mut().filter(|(slot, _)| matches!(slot, Slot::Deal(_)));
            levels.for_each(|(_, held)| held.pardon());
        }
        for (deal, _, place) in state.levels_again.iter().filter(|(_, until, _)| now < *until) {
            let stands = ledger.deal(*deal).and_then(|deal| deal.levels.stop).is_some_and(|stop| stop.level == *place);
            if let Some(held) = self.held.get_mut(&Slot::Deal(*deal)).filter(|_| stands) {
                held.pardon();
            }
        }
        // Without a journal what stands at the venue is all that is known of where stops belong.
        if !state.overtakes && !state.journal_lost {
            self.stops_hold(now, venue, found);
        }
    }

    /// Somebody has taken the level of a deal away. It is put back as near as the venue takes it by then (I25 before I3).
    pub fn begin_levels_anew(&mut self) {
        self.held.retain(|slot, _| !matches!(slot, Slot::Deal(_)));
    }

    /// People are told that a tranche is closed: its stop stands for nothing any more.
    pub fn told_closed(&mut self, side: PositionSide, epoch: u32, tranche: u8) {
        if self.closed.close(side, epoch, tranche) {
            self.held.values_mut().for_each(Held::pardon);
        }
    }

    /// People are told that a tranche is open: what is left of a position before it stands for nothing any more.
    pub fn told_open(&mut self, side: PositionSide, epoch: u32, tranche: u8) {
        if self.closed.open(side, epoch, tranche) {
            self.held.values_mut().for_each(Held::pardon);
        }
    }

    /// I3: as much as stops have covered down to some price stays covered down to it, less what has been closed. Somebody
    /// who moves a stop by hand begins anew, and while a stop executes nothing is compared.
    fn stops_hold(&mut self, at: Timestamp, venue: &PaperVenue, found: &mut Found) {
        let open: Vec<_> = open_slots(venue).collect();
        self.held.retain(|slot, held| open.iter().any(|(other, side, _)| other == slot && *side == held.cover.side));
        for (slot, side, quantity) in open {
            let ledger = venue.exchange().ledger();
            if let (true, Some(held)) =
                (self.stops.iter().any(|id| went_by_itself(ledger, *id)), self.held.get_mut(&slot))
            {
                held.pardon();
            }
            let Some(now) = Cover::of(ledger, slot, side, quantity, &self.closed) else { continue };
            let Some(held) = self.held.get_mut(&slot) else {
                self.held.insert(slot, Held::new(now));
                continue;
            };
            let settling = self.grown.get(&slot).is_some_and(|grown| at < grown.plus(SETTLES));
            if let Some((level, less, more)) = held.follow(now, settling) {
                found.push(("I3", format!("{side}: stops cover {less} down to {level}, it was {more}")));
            }
        }
        let conditional = venue.exchange().ledger().open_orders(ME).filter(|order| order.place.kind.is_conditional());
        self.stops = conditional.map(|order| order.id).collect();
    }

    /// An execution never was.
    fn annulled(&mut self, ledger: &Ledger, id: u64) {
        let Some(fill) = ledger.fill(id) else { return };
        let by = fill.quantity.mantissa();
        let open = self.open.entry(fill.slot).or_default();
        *open -= if fill.side == backstop_model::OrderSide::Buy { by } else { -by };
        // What it had closed is open again, and its stop has gone with it.
        self.held.values_mut().for_each(Held::pardon);
    }

    /// I1: an exit of ours only ever takes away from what is open.
    fn executed(&mut self, fill: &Fill, now: Timestamp, state: &State, found: &mut Found) {
        let open = self.open.entry(fill.slot).or_default();
        let before = *open;
        let by = fill.quantity.mantissa();
        let signed = if fill.side == backstop_model::OrderSide::Buy { by } else { -by };
        *open += signed;
        if before == 0 {
            self.grown.remove(&fill.slot);
        } else if open.abs() > before.abs() {
            self.grown.insert(fill.slot, now);
        }
        let is_exit = is_ours(&fill.client_id)
            && !names::is_entry(&fill.client_id)
            && !state.worded.is_otherwise(&fill.client_id);
        let reduces = before.signum() == -signed.signum() && by <= before.abs();
        if is_exit && !reduces {
            found.push(("I1", format!("{} closes {} where {before} was open", fill.client_id, fill.quantity)));
        }
    }
}

/// I4 and I5: an accepted order of ours can only close, and no intent is accepted twice.
fn accepted(ledger: &Ledger, order: &Order, state: &State, found: &mut Found) {
    let id = &order.place.client_id;
    if !order.closes && !names::is_entry(id) && !state.worded.is_otherwise(id) {
        found.push(("I4", format!("{id} can open something: {:?}", order.place)));
    }
    // Without a journal nobody knows of orders that never executed; their ids are only used once more when nothing came of
    // them (R2, R3).
    // What the venue keeps back is in no record and no list either.
    let kept_back = |fill: &&Fill| fill.client_id == *id && state.withheld.contains(&fill.id);
    let unheard = if state.journal_lost { ledger.fills().iter().filter(kept_back).count().min(1) } else { 0 };
    let heard = |order: &&Order| !state.journal_lost || !order.executed.is_zero();
    let twice = ledger.orders_of(ME, id).filter(heard).count().saturating_sub(unheard);
    if twice > 1 && !state.unrecorded.iter().any(|left| left.as_str() == id) {
        found.push(("I5", format!("{id} was accepted {twice} times")));
    }
}

/// I6: at most two stops of one tranche and role wait at the same time. Of stops for the whole position that nobody knows of a
/// further one is sent while nothing else protects (I25): where the venue lets them stand side by side, there are four at most.
fn stops_pile_up(ledger: &Ledger, state: &State, found: &mut Found) {
    let mut stops: BTreeMap<(Slot, PositionSide, u32, u8, Leg), u32> = BTreeMap::new();
    for order in ledger.open_orders(ME).filter(|order| order.is_waiting() && is_ours(&order.place.client_id)) {
        let named = names::exit(&order.place.client_id);
        let Some(named) = named.filter(|named| named.leg.is_stop() || named.leg == Leg::Trail) else { continue };
        let count = stops.entry((order.slot, named.side, named.epoch.0, named.tranche.0, named.leg)).or_default();
        *count += 1;
        let most = if named.leg == Leg::WholeStop && state.second_stop_stands { 4 } else { 2 };
        if *count > most {
            found.push(("I6", format!("{count} orders wait for {:?} of tranche {}", named.leg, named.tranche.0)));
        }
    }
}

/// Whether an order has ended without its client's doing.
fn went_by_itself(ledger: &Ledger, id: u64) -> bool {
    ledger
        .order(id)
        .is_some_and(|order| !order.is_open() && (order.status != Status::Canceled || order.cause.is_some()))
}
