//! What the ledger shows at any instant, whatever anybody believes: I1, I4, I5, I6.

use super::{Found, State, is_ours};
use crate::storm::stage::ME;
use backstop_core::orders::{EntryName, Leg, Named};
use backstop_model::ClientOrderId;
use backstop_sim::{Fill, Ledger, Order, Slot};
use backstop_venues::paper::PaperVenue;
use std::collections::BTreeMap;

/// How far the ledger has been read, and what each slot held then.
#[derive(Debug, Default)]
pub struct Books {
    orders_seen: u64,
    fills_seen: u64,
    /// What is open by the fills, bought less sold, in mantissas of the quantity's decimal.
    open: BTreeMap<Slot, i128>,
}

impl Books {
    /// Reads on.
    pub fn look(&mut self, venue: &PaperVenue, state: &State, found: &mut Found) {
        let ledger = venue.exchange().ledger();
        let fresh: Vec<&Order> = ledger.orders().rev().take_while(|order| order.id > self.orders_seen).collect();
        self.orders_seen = fresh.first().map_or(self.orders_seen, |newest| newest.id);
        for order in fresh.into_iter().filter(|order| is_ours(&order.place.client_id)) {
            accepted(ledger, order, state.journal_lost, found);
        }
        for fill in ledger.fills_since(self.fills_seen) {
            self.executed(fill, found);
        }
        self.fills_seen = ledger.fills().last().map_or(self.fills_seen, |fill| fill.id);
        stops_pile_up(ledger, found);
    }

    /// I1: an exit of ours only ever takes away from what is open.
    fn executed(&mut self, fill: &Fill, found: &mut Found) {
        let open = self.open.entry(fill.slot).or_default();
        let before = *open;
        let by = fill.quantity.mantissa();
        let signed = if fill.side == backstop_model::OrderSide::Buy { by } else { -by };
        *open += signed;
        let is_exit = is_ours(&fill.client_id) && !is_entry(&fill.client_id);
        let reduces = before.signum() == -signed.signum() && by <= before.abs();
        if is_exit && !reduces {
            found.push(("I1", format!("{} closes {} where {before} was open", fill.client_id, fill.quantity)));
        }
    }
}

/// I4 and I5: an accepted order of ours can only close, and no intent is accepted twice.
fn accepted(ledger: &Ledger, order: &Order, journal_lost: bool, found: &mut Found) {
    let id = &order.place.client_id;
    if !order.closes && !is_entry(id) {
        found.push(("I4", format!("{id} can open something: {:?}", order.place)));
    }
    // Without a journal nobody knows of orders that never executed; their ids are only used once more when nothing came of
    // them (R2, R3).
    let twice = ledger.orders_of(ME, id).filter(|order| !journal_lost || !order.executed.is_zero()).count();
    if twice > 1 {
        found.push(("I5", format!("{id} was accepted {twice} times")));
    }
}

fn is_entry(client_id: &str) -> bool {
    ClientOrderId::new(client_id).is_ok_and(|id| EntryName::read(&id).is_some())
}

/// I6: at most two stops of one tranche and role wait at the same time.
fn stops_pile_up(ledger: &Ledger, found: &mut Found) {
    let mut stops: BTreeMap<(Slot, u32, u8, Leg), u32> = BTreeMap::new();
    for order in ledger.open_orders(ME).filter(|order| order.is_waiting() && is_ours(&order.place.client_id)) {
        let named = ClientOrderId::new(&order.place.client_id).ok().and_then(|id| Named::read(&id));
        let Some(named) = named.filter(|named| named.leg.is_stop() || named.leg == Leg::Trail) else { continue };
        let count = stops.entry((order.slot, named.epoch.0, named.tranche.0, named.leg)).or_default();
        *count += 1;
        if *count > 2 {
            found.push(("I6", format!("{count} orders wait for {:?} of tranche {}", named.leg, named.tranche.0)));
        }
    }
}
