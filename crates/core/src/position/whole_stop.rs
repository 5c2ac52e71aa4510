//! The stop for the whole position: what is remembered of it, and what its refusal and its end mean.
//!
//! Where it is wanted and how it is placed is `orders/whole_stop`.

use super::misplaced::stop_misplaced;
use super::refused::{stop_reason, try_otherwise};
use super::scene::Scene;
use super::{Blank, Ctx, Live, Out, Position, Rare, Retry, Tranche};
use crate::orders::{Leg, OpenOrder};
use backstop_model::{
    Epoch, ExitReason, Fill, FillCause, PositionSide, Price, Refusal, RefusalReason, Severity, SizedStops, Span,
    Timestamp, TrancheId, Trigger,
};
use serde::{Deserialize, Serialize};

/// So long after a refusal that says that there is one already.
const ONE_IS_THERE: Span = Span::from_secs(1);

/// What is remembered of the stop for the whole position.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct WholeStop {
    /// Last revision used.
    pub revision: u16,
    /// It waits after a refusal.
    pub retry: Rare<Retry>,
    /// The stop that came with the entry: it rests already, and the first stop for the whole position takes its place.
    #[serde(default, skip_serializing_if = "Rare::is_none")]
    pub attached: Rare<Trigger>,
}

/// A tranche whose only stop would be the one for the whole position, and waits after a refusal.
pub(super) struct Held {
    tranche: TrancheId,
    /// People know from the refusal before that it is too little.
    known: bool,
}

impl Blank for WholeStop {
    const BLANK: &'static Self = &Self { revision: 0, retry: Rare::NONE, attached: Rare::NONE };
}

impl WholeStop {
    /// Where the stop stands that came with the entry, before it is asked for under an id of ours.
    #[must_use]
    pub fn carried_at(&self) -> Option<Price> {
        self.attached.get().map(|attached| attached.price)
    }

    /// Whether it waits after a refusal.
    #[must_use]
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.retry.get().is_some_and(|retry| retry.at > now)
    }
}

/// Where stops stand that came with the entry, as long as the venue has not told of them under an id of ours: `attached`, and those that
/// have been asked for since.
pub(super) fn carried_places(
    orders: &[OpenOrder],
    epoch: Epoch,
    attached: Option<Price>,
) -> impl Iterator<Item = Price> {
    orders.iter().filter(move |order| order.epoch == epoch).filter_map(OpenOrder::carried_at).chain(attached)
}

impl Tranche {
    /// Whether its stop is to rest there.
    fn asks_for_stop_at(&self, place: Option<Price>) -> bool {
        self.resting_stop().map(|stop| stop.price) == place
    }
}

impl Live {
    /// Where the entry was filled better than it was judged, its stop lies nearer than the plan's would: it stays there.
    pub(super) fn keep_attached_stop(&mut self, side: PositionSide) {
        let Some(attached) = self.whole.carried_at() else { return };
        let stops = self.tranches.iter_mut().filter_map(|tranche| tranche.stop.as_mut());
        for stop in stops.filter(|stop| side.is_better(attached, stop.price)) {
            stop.price = attached;
        }
    }
}

impl Position {
    /// A definite no: every tranche gets a stop of its own quantity, and the whole one is tried again later.
    pub(super) fn whole_stop_refused(&mut self, order: &OpenOrder, refusal: &Refusal, ctx: Ctx, out: &mut Out) {
        let key = self.key;
        if let Some(held) = self.hold_whole_stop(order, refusal.reason, ctx) {
            return self.try_tranches_otherwise(&held, order, refusal, ctx, out);
        }
        let Some(retry) = self.live.as_ref().and_then(|live| live.whole.retry.get()) else { return };
        let told_at = if refusal.reason == RefusalReason::Throttled { 4 } else { 1 };
        if retry.refusals != told_at {
            // People know, and stops of their own quantity protect; that a venue is busy for a moment is no news.
            return;
        }
        let text = format!(
            "{} {}: the stop for the whole position was refused ({refusal}); a stop for the quantity is placed instead until it is taken",
            ctx.instrument.symbol, key.side
        );
        out.tell(Severity::Warning, key, text);
    }

    /// It waits after a refusal (I36). Where there is no other stop it waits as one of the tranche's own would, for the tranches that
    /// asked for that place, and for all while none works: these, each with whether people know from before that it is too little.
    pub(super) fn hold_whole_stop(&mut self, order: &OpenOrder, reason: RefusalReason, ctx: Ctx) -> Option<Vec<Held>> {
        let lost = self.lost_whole_stops() > 0;
        let stands = self.live_whole_stop().is_some_and(OpenOrder::stands);
        let live = self.live.as_mut()?;
        let mut retry = Retry::after(live.whole.retry.get(), Some(reason), ctx.now);
        if reason == RefusalReason::TooManyOrders && lost {
            // There is one already, of which nobody knew: it is asked for, and this one need not be sent again so soon (I36).
            retry.at = retry.at.max(ctx.now.plus(ONE_IS_THERE));
        }
        live.whole.retry.put(Some(retry));
        match ctx.account.capability.sized_stops {
            SizedStops::Absent => {}
            // It stays where it is, and no stop for a quantity takes the targets' place beside it.
            SizedStops::Shared if stands => {}
            SizedStops::Beside | SizedStops::Shared => return None,
        }
        let meant = |tranche: &Tranche| !stands || tranche.asks_for_stop_at(order.stop_price());
        let open = live.tranches.iter_mut().filter(|tranche| tranche.closing.is_none() && !tranche.is_closed());
        let mut held = Vec::new();
        for tranche in open.filter(|tranche| meant(tranche)) {
            held.push(Held { tranche: tranche.id, known: tranche.is_small(Leg::WholeStop) });
            tranche.hold_refused(Leg::WholeStop, reason, ctx);
            live.whole.retry.put(tranche.retries.get(&Leg::WholeStop).copied());
        }
        Some(held)
    }

    /// There is no other stop: people are told, and what the table says is tried for each tranche that waits.
    fn try_tranches_otherwise(&mut self, held: &[Held], order: &OpenOrder, refusal: &Refusal, ctx: Ctx, out: &mut Out) {
        let Some(live) = &mut self.live else { return };
        let Some(plan) = live.plan.clone() else { return };
        let scene = Scene { key: self.key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
        for of in held {
            let Some(tranche) = live.tranche_mut(of.tranche) else { continue };
            try_otherwise(tranche, order, (refusal, of.known), &scene, out);
            // Another place is another request, and does not wait.
            let retry = tranche.retries.get(&Leg::WholeStop).copied();
            live.whole.retry.put(retry);
        }
    }

    /// The price is through it: that is a stop hit for the tranches that asked for that place and have nothing else (F-C03). A
    /// stop of their own quantity may be too small for the venue to say so.
    pub(super) fn whole_stop_passed(&mut self, order: &OpenOrder, refusal: &Refusal, ctx: Ctx, out: &mut Out) {
        let Some(live) = &mut self.live else { return };
        let Some(plan) = live.plan.clone() else { return };
        let scene = Scene { key: self.key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
        let beside = ctx.account.capability.sized_stops == SizedStops::Beside;
        for tranche in live.tranches.iter_mut().filter(|tranche| tranche.closing.is_none() && !tranche.is_closed()) {
            let asked = tranche.asks_for_stop_at(order.stop_price());
            if asked && (!beside || !scene.protecting(tranche.id).any(OpenOrder::stands)) {
                let text = format!("the stop would trigger at once ({refusal}); closing at market");
                scene.tell(Severity::Warning, tranche.id, &text, out);
                tranche.close(stop_reason(tranche), ctx.now);
            }
        }
    }

    /// It was wanted too near to the price or too far from it: the tranches that asked for that place look for another.
    pub(super) fn whole_stop_misplaced(&mut self, order: &OpenOrder, refusal: &Refusal, ctx: Ctx, out: &mut Out) {
        let Some(live) = &mut self.live else { return };
        let Some(plan) = live.plan.clone() else { return };
        let retry = Retry::after(live.whole.retry.get(), Some(refusal.reason), ctx.now);
        live.whole.retry.put(Some(retry));
        let scene = Scene { key: self.key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
        let asked = order.stop_price();
        for tranche in live.tranches.iter_mut().filter(|tranche| !tranche.is_closed()) {
            if tranche.asks_for_stop_at(asked) {
                tranche.hold_refused(Leg::Stop, refusal.reason, ctx);
                stop_misplaced(tranche, asked, refusal, &scene, out);
            }
        }
    }

    /// It has ended without our asking. A triggered one that left something open is a stop hit the venue did not finish.
    pub(super) fn whole_stop_ended(&mut self, was_hit: bool, ctx: Ctx, out: &mut Out) {
        let (key, gone) = (self.key, self.is_told_gone(ctx.now));
        let Some(live) = self.live.as_mut().filter(|live| !live.is_flat()) else { return };
        let name = format!("{} {}", ctx.instrument.symbol, key.side);
        if was_hit {
            let text = format!("{name}: the stop triggered but was not executed in full; closing the rest at market");
            out.tell(Severity::Alarm, key, text);
            for tranche in &mut live.tranches {
                tranche.close(stop_reason(tranche), ctx.now);
            }
        } else if !gone {
            let text = format!("{name}: the stop for the whole position has gone from the venue; placing it again");
            out.tell(Severity::Alarm, key, text);
        }
    }

    /// Whether an execution that is of no order we know is of the stop that came with the entry: all of a deal has closed at its place or
    /// beyond, and the venue did not know it under an id of ours yet (venues/ig.md §4.3).
    pub(super) fn is_hit_of_carried(&self, fill: &Fill) -> bool {
        let attached = self.live.as_ref().and_then(|live| live.whole.carried_at());
        let all = fill.cause == FillCause::Order && fill.quantity >= self.quantity();
        all && carried_places(&self.orders, self.epoch, attached).any(|at| self.key.side.hit(fill.price, at))
    }

    /// What a tranche that the whole-position stop closes is booked as.
    pub(super) fn whole_stop_reason(&self, tranche: TrancheId) -> ExitReason {
        let tranche = self.live.as_ref().and_then(|live| live.tranche(tranche));
        tranche.map_or(ExitReason::StopLoss, stop_reason)
    }
}
