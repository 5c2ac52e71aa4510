//! Orders that are not provably ours and would close the position as well: never touched (I12), and named when the venue
//! leaves no room beside them (product.md §3). Stops among them are `adoption`'s, which counts them as protection.

use super::{Ctx, Live, Out, Position};
use crate::orders::{Leg, Wanted};
use backstop_model::{
    OrderReport, OrderStatus, PositionKey, Price, Quantity, Refusal, RefusalReason, Severity, VenueOrderId,
};
use serde::{Deserialize, Serialize};

/// Orders of others remembered per position.
const MOST: usize = 16;

/// An order of others that closes the position, and is no stop.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ForeignExit {
    /// The venue's name for it.
    pub venue_id: VenueOrderId,
    /// Its limit or trigger price; none for a market order under way.
    pub price: Option<Price>,
    /// For how much it still is; the whole position when the venue does not say.
    pub quantity: Option<Quantity>,
}

impl Position {
    /// Takes note of an order of others that closes this side.
    pub(super) fn note_foreign_exit(&mut self, report: &OrderReport) {
        let side = self.key.side;
        let Some(live) = &mut self.live else { return };
        live.aside.foreign_exits.retain(|known| known.venue_id != report.venue_id);
        let closes = report.side == side.closing() && report.status == OrderStatus::Working;
        let is_stop = live.aside.foreign.iter().any(|stop| stop.venue_id == report.venue_id);
        if closes && !is_stop && live.aside.foreign_exits.len() < MOST {
            let quantity = report.quantity.map(|quantity| quantity.saturating_minus(report.filled));
            let price = report.limit.or(report.trigger.map(|trigger| trigger.price));
            live.aside.foreign_exits.push(ForeignExit { venue_id: report.venue_id, price, quantity });
        }
        if live.aside.foreign_exits.is_empty() {
            live.told_conflict = false;
        }
    }

    /// A full read shows everything: what it does not show is gone.
    pub(super) fn forget_foreign_exits(&mut self, read: &[OrderReport]) {
        let Some(live) = &mut self.live else { return };
        live.aside.foreign_exits.retain(|known| read.iter().any(|report| report.venue_id == known.venue_id));
        live.told_conflict &= !live.aside.foreign_exits.is_empty();
    }

    /// How much of a market exit the resting orders of others leave room for, where the venue has refused one of more for their
    /// sake (venues/bitget.md §6.2); all of it where they leave less than an order, so that it is asked for again and again.
    pub(crate) fn left_by_others(&self, want: &Wanted, room: Quantity, smallest: Quantity) -> Quantity {
        let Some(live) = &self.live else { return room };
        let retry = live.tranche(want.tranche).and_then(|tranche| tranche.retries.get(&want.leg));
        if retry.is_none_or(|retry| retry.why != Some(RefusalReason::ReduceOnly)) {
            return room;
        }
        let held = live.aside.foreign_exits.iter().map(|exit| exit.quantity.unwrap_or(self.quantity()));
        let Ok(held) = held.into_iter().try_fold(Quantity::ZERO, Quantity::plus) else { return room };
        let left = room.min(self.quantity().saturating_minus(held));
        if left < smallest { room } else { left }
    }
}

/// The venue finds nothing to reduce although something is open: who holds the room, told once.
pub(super) fn explain(live: &mut Live, key: PositionKey, leg: Leg, refusal: &Refusal, ctx: Ctx, out: &mut Out) {
    if live.aside.foreign_exits.is_empty() || live.told_conflict || live.is_flat() {
        return;
    }
    live.told_conflict = true;
    let name = |exit: &ForeignExit| {
        let quantity = exit.quantity.map_or_else(|| "everything".to_owned(), |quantity| quantity.to_string());
        let at = exit.price.map_or_else(String::new, |price| format!(" at {price}"));
        format!("{} {quantity}{at} ({})", key.side.closing(), exit.venue_id)
    };
    let orders: Vec<String> = live.aside.foreign_exits.iter().map(name).collect();
    let then = if leg.takes_at_once() { "what they leave is closed; " } else { "" };
    let text = format!(
        "{} {}: {leg} finds no room to reduce ({refusal}): orders that are not Backstop's hold it: {}. They are never touched; {then}cancel them at the venue or make them smaller to give the plan its room",
        ctx.instrument.symbol,
        key.side,
        orders.join(", ")
    );
    out.tell(Severity::Warning, key, text);
}
