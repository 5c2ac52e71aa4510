//! What orders lay claim to: no more than there is (I2), at the moment they are decided on and for as long as they rest.
//!
//! Stops are alternatives to each other and to everything else, so each counts alone; targets, trails and exits at market
//! count together.

use super::clocks::{Clocks, Wrong};
use super::{Found, State, is_ours, names, open_slots};
use crate::storm::process::Process;
use crate::storm::stage::ME;
use backstop_core::orders::{Leg, Named};
use backstop_model::{Command, Event, NewOrder, OrderQuantity, PositionSide, Quantity, Span, Timestamp};
use backstop_sim::{Order, Slot, Status};
use backstop_venues::paper::PaperVenue;
use std::collections::{BTreeMap, BTreeSet};

/// What has become too much because something else has closed is less again by then (I27).
const FITS_WITHIN: Span = Span::from_secs(3);

const SIDES: [PositionSide; 2] = [PositionSide::Long, PositionSide::Short];

/// Where orders claim too much, and since when.
#[derive(Debug)]
pub struct Claims {
    too_much: BTreeMap<Slot, Wrong>,
    /// What the engine took to be open before it decided, long and short.
    before: [Quantity; 2],
    /// The venue itself sees to it that an exit only ever closes.
    venue_reduces_only: bool,
}

impl Claims {
    /// Nothing is claimed yet, at a venue that lets exits only close, or not.
    pub fn at(venue_reduces_only: bool) -> Self {
        Self { too_much: BTreeMap::new(), before: [Quantity::ZERO; 2], venue_reduces_only }
    }

    /// The engine hears something.
    pub fn heard(&mut self, now: Timestamp, event: &Event) {
        self.too_much.values_mut().for_each(|wrong| wrong.heard(now, event));
    }

    /// I2, as it is decided: what is asked for together is no more than what is open, or what the engine must take to be.
    pub fn decided(
        &mut self,
        at: Timestamp,
        commands: &[Command],
        venue: &PaperVenue,
        process: &Process,
        state: &State,
        found: &mut Found,
    ) {
        for (side, before) in SIDES.into_iter().zip(&mut self.before) {
            let now = believed(process, side);
            // A look-up that tells of several executions is decided on after each: what is asked for after the first of them
            // the venue itself cuts down, where it does.
            let known = if self.venue_reduces_only { now.max(*before) } else { now };
            let most = known.max(open_on(venue, side));
            *before = now;
            if state.journal_lost {
                // What rests and is not remembered is counted when it has been read; until then targets do not leave (R9).
                continue;
            }
            let placed = || commands.iter().filter_map(|command| exit_of(command, side));
            // An order that left although its record was lost is nobody's to count; that it does no harm is I1's matter.
            let counts = |order: &&Order| state.unrecorded.iter().all(|id| id.as_str() != order.place.client_id);
            let others = || exits(venue, side).filter(counts);
            let whole = open_on(venue, side);
            let (mut together, mut exits) = (sum(others(), whole), Quantity::ZERO);
            // A close goes over what has been asked to go, where the venue cuts it down (F-C05).
            let leaving = if self.venue_reduces_only { leaving(at, process) } else { BTreeSet::new() };
            let staying = sum(others().filter(|order| !leaving.contains(&order.place.client_id)), whole);
            for (named, quantity) in placed() {
                let beside = match named.leg {
                    leg if leg.is_stop() => Quantity::ZERO,
                    Leg::Close => staying.plus(exits).unwrap_or(staying),
                    _ => together,
                };
                let all = beside.plus(quantity).unwrap_or(quantity);
                if all > most {
                    found.push(("I2", format!("{} for {quantity} beside {beside}, {most} is open", named.leg)));
                }
                if !named.leg.is_stop() {
                    exits = exits.plus(quantity).unwrap_or(exits);
                    together = together.plus(quantity).unwrap_or(together);
                }
            }
        }
    }

    /// The process has started, and knows what its journal says.
    pub fn booted(&mut self, process: &Process) {
        self.before = SIDES.map(|side| believed(process, side));
    }

    /// I2, as it rests.
    pub fn look(&mut self, now: Timestamp, venue: &PaperVenue, process: &Process, clocks: &Clocks, found: &mut Found) {
        let slots: Vec<_> = open_slots(venue).collect();
        self.too_much.retain(|slot, _| slots.iter().any(|open| open.0 == *slot));
        for (slot, side, open) in slots {
            // One that has triggered and does not get anywhere cannot be taken back (F-C11).
            let stuck = |order: &Order| matches!(order.status, Status::Triggered | Status::Triggering);
            let claims = sum(exits(venue, side).filter(|order| order.slot == slot && !stuck(order)), open);
            if claims <= open {
                self.too_much.remove(&slot);
                continue;
            }
            if believed(process, side) != open_on(venue, side) {
                // What it does not know to be closed is I31's matter.
                self.too_much.insert(slot, Wrong::new(now));
                continue;
            }
            let wrong = *self.too_much.entry(slot).or_insert(Wrong::new(now));
            let Some(seen) = clocks.seen(wrong, now) else { continue };
            if now > seen.max(clocks.calm_since()).plus(FITS_WITHIN) {
                found.push(("I2", format!("{open} {side} open, and orders rest for {claims}")));
                self.too_much.remove(&slot);
            }
        }
    }
}

/// Exits of the engine's that have been asked to go, or that nobody knows of.
fn leaving(now: Timestamp, process: &Process) -> BTreeSet<String> {
    let positions = process.engine().into_iter().flat_map(backstop_core::Engine::positions);
    let orders = positions.flat_map(|position| &position.orders);
    let gone = orders.filter(|order| !order.leg.is_stop() && order.leg != Leg::Close && order.is_leaving(now));
    gone.map(|order| order.id.to_string()).collect()
}

/// An exit that is placed for an amount.
fn exit_of(command: &Command, of: PositionSide) -> Option<(Named, Quantity)> {
    let Command::Place(NewOrder { id, position_side, quantity: OrderQuantity::Exact(quantity), .. }) = command else {
        return None;
    };
    let named = names::exit(id.as_str()).filter(|_| *position_side == of)?;
    Some((named, *quantity))
}

/// Exits of ours that are no stops and that something is still to come of.
fn exits(venue: &PaperVenue, side: PositionSide) -> impl Iterator<Item = &Order> {
    let ours = venue.exchange().ledger().open_orders(ME).filter(|order| is_ours(&order.place.client_id));
    ours.filter(move |order| {
        let named = names::exit(&order.place.client_id);
        let counts = named.is_some_and(|named| !named.leg.is_stop());
        counts && order.closes && order.place.side == side.closing()
    })
}

fn sum<'o>(orders: impl Iterator<Item = &'o Order>, whole: Quantity) -> Quantity {
    let each = orders.map(|order| order.remaining().unwrap_or(whole));
    each.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(sum))
}

/// What is open on a side at the venue.
pub fn open_on(venue: &PaperVenue, side: PositionSide) -> Quantity {
    let open = open_slots(venue).filter(|(_, open, _)| *open == side);
    open.fold(Quantity::ZERO, |sum, (.., one)| sum.plus(one).unwrap_or(sum))
}

/// What the engine takes to be open on a side.
pub fn believed(process: &Process, side: PositionSide) -> Quantity {
    let positions = process.engine().into_iter().flat_map(backstop_core::Engine::positions);
    let of_side = positions.filter(|position| position.key.side == side);
    of_side.fold(Quantity::ZERO, |sum, position| sum.plus(position.quantity()).unwrap_or(sum))
}
