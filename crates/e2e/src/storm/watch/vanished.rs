//! What the venue has done a moment ago and nobody has told the engine yet: stops it has let go of, positions that have grown.
//! Until it can have heard, the engine may count on what was (I7).

use super::clocks::{Clocks, Wrong};
use super::covers::whose;
use super::{is_ours, open_slots};
use crate::storm::process::Process;
use crate::storm::stage::ME;
use backstop_model::{Event, Quantity, Timestamp};
use backstop_sim::{Kind, Order, Slot};
use backstop_venues::paper::PaperVenue;
use std::collections::BTreeMap;

/// A stop as it stood at the last look.
#[derive(Clone, Debug)]
struct Stood {
    client_id: String,
    slot: Slot,
    /// What it was for; nothing where it was for everything.
    quantity: Option<Quantity>,
}

/// Stops that stand, and those that did.
#[derive(Debug, Default)]
pub struct Vanished {
    stood: BTreeMap<u64, Stood>,
    gone: BTreeMap<u64, (Stood, Wrong)>,
    open: BTreeMap<Slot, Quantity>,
    /// What a slot had before it grew, each time.
    grown: Vec<(Slot, Quantity, Wrong)>,
}

impl Vanished {
    /// The engine hears something.
    pub fn heard(&mut self, now: Timestamp, event: &Event) {
        self.gone.values_mut().for_each(|(_, wrong)| wrong.heard(now, event));
        self.grown.iter_mut().for_each(|(.., wrong)| wrong.heard(now, event));
    }

    /// After every step.
    pub fn look(&mut self, now: Timestamp, venue: &PaperVenue) {
        let orders = venue.exchange().ledger().open_orders(ME);
        let stops = orders.filter(|order| order.is_waiting() && is_ours(&order.place.client_id) && is_stop(order));
        let standing: BTreeMap<u64, Stood> = stops.map(|order| (order.id, stood(order))).collect();
        for (id, stood) in std::mem::replace(&mut self.stood, standing) {
            if !self.stood.contains_key(&id) {
                self.gone.insert(id, (stood, Wrong::new(now)));
            }
        }
        let open: BTreeMap<Slot, Quantity> = open_slots(venue).map(|(slot, _, open)| (slot, open)).collect();
        for (slot, now_open) in &open {
            let before = self.open.get(slot).copied().unwrap_or(Quantity::ZERO);
            if before < *now_open {
                self.grown.push((*slot, before, Wrong::new(now)));
            }
        }
        self.open = open;
    }

    /// The least that the engine may take to be open: what was before the growth it cannot know of yet.
    pub fn known_open(&self, now: Timestamp, slot: Slot, open: Quantity, clocks: &Clocks) -> Quantity {
        let unheard = self.grown.iter().filter(|(of, _, wrong)| *of == slot && clocks.seen(*wrong, now).is_none());
        unheard.map(|(_, before, _)| *before).fold(open, Quantity::min)
    }

    /// Whose they were, and how much they covered: those that the engine still counts on and cannot know to have gone.
    pub fn counted_on(
        &self,
        now: Timestamp,
        slot: Slot,
        clocks: &Clocks,
        process: &Process,
    ) -> BTreeMap<String, Option<Quantity>> {
        let positions = || process.engine().into_iter().flat_map(backstop_core::Engine::positions);
        let stands = |id: &str| {
            positions().flat_map(|position| &position.orders).any(|order| order.id.as_str() == id && order.stands())
        };
        let unseen = |wrong: Wrong| clocks.seen(wrong, now).is_none();
        let of_slot = self.gone.values().filter(|(stood, _)| stood.slot == slot);
        let counted = of_slot.filter(|(stood, wrong)| unseen(*wrong) && stands(&stood.client_id));
        counted.map(|(stood, _)| (whose(&stood.client_id), stood.quantity)).collect()
    }
}

fn is_stop(order: &Order) -> bool {
    matches!(order.place.kind, Kind::StopMarket { .. })
}

fn stood(order: &Order) -> Stood {
    Stood { client_id: order.place.client_id.clone(), slot: order.slot, quantity: order.remaining() }
}
