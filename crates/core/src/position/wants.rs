//! What should be resting or on its way now: worked out afresh from the facts, remembered by nobody.
//!
//! Stop first, then targets, then the trail; a market exit frees the targets it collides with and never the stop.

use super::scene::title;
use super::turn::extreme;
use super::{Ctx, Live, Out, Position, Tranche};
use crate::exits::arm::Behind;
use crate::exits::ladder::{Instant, Level};
use crate::exits::stop_loss::{Basis, StopLevel};
use crate::exits::trailing_stop::Phase;
use crate::exits::{slices, take_profit};
use crate::orders::{Leg, Wanted};
use backstop_model::plan::{ExitPlan, TrailedBy};
use backstop_model::{
    ExitReason, OrderKind, OutOfRange, PositionSide, Price, Ratio, RestingTargets, Rounding, Severity, SizedStops,
    TrancheId,
};

impl Position {
    /// Everything that is wanted now, tranche by tranche, the stop of each first.
    pub(crate) fn wants(&self, ctx: Ctx) -> Vec<Wanted> {
        let Some(live) = &self.live else { return Vec::new() };
        let whole = self.whole_stop(ctx);
        let serves = |stop: &Wanted| whole.is_some_and(|(_, goes_to)| self.serves(goes_to, stop, ctx));
        let mut wants: Vec<Wanted> = whole.map(|(want, _)| want).into_iter().collect();
        for tranche in live.open() {
            wants.extend(wants_of(tranche, live, ctx, self.key.side));
        }
        let sized = ctx.account.capability.sized_stops != SizedStops::Absent;
        wants.retain(|want| !want.leg.is_own_stop() || (sized && !serves(want)));
        let with_stop: Vec<TrancheId> = self.with_own_stop(&wants).collect();
        wants.retain(|want| !(self.gives_way(want.leg, want.kind, ctx) && with_stop.contains(&want.tranche)));
        wants.retain(|want| !self.waits_for_distance(want, ctx));
        wants
    }

    /// Before a native trail is replaced: the hard stop is raised to the level the trail has reached (product.md §2.3).
    pub(crate) fn keep_trailed_ground(&mut self, id: TrancheId, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return Ok(()) };
        let plan = live.plan.clone();
        let (Some(tranche), Some(plan)) = (live.tranche_mut(id), plan) else { return Ok(()) };
        let (Some(trail), Some(stop)) = (tranche.trail, tranche.stop) else { return Ok(()) };
        let Some(series) = plan.trailing.map(|trailing| trailing.trigger.series(side)) else { return Ok(()) };
        let (Phase::Active { .. }, Some(best)) = (trail.phase, extreme(side, ctx, series, tranche)) else {
            return Ok(());
        };
        let reached = trail.behind.stop(side, best, ctx.instrument.tick)?;
        let safe = ctx.board.price(tranche.trigger(&plan).series(side)).is_none_or(|now| side.is_better(now, reached));
        if side.is_better(reached, stop.price) && safe {
            tranche.stop = Some(StopLevel { price: reached, basis: Basis::Trail });
            let text = format!(
                "{}: the native trail is replaced; the hard stop is raised to its level {reached} first",
                title(side, id, ctx)
            );
            out.tell(Severity::Note, key, text);
        }
        Ok(())
    }
}

fn wants_of(tranche: &Tranche, live: &Live, ctx: Ctx, side: PositionSide) -> Vec<Wanted> {
    let mut wants = Vec::new();
    let Some(plan) = live.plan.as_ref() else { return wants_everything(tranche) };
    if let Some(stop) = tranche.resting_stop() {
        let kind = OrderKind::StopMarket(tranche.asked(stop.price, plan));
        wants.extend(wants_stop(tranche, kind, stop.basis.reason(), ctx));
    }
    if tranche.closing.is_some() {
        wants.extend(wants_close(tranche, plan, ctx));
        return wants;
    }
    wants.extend(wants_part(tranche, plan, ctx));
    if !tranche.was_protected {
        return wants;
    }
    // While a part is on its way out, what its level is left with is not the last word on it.
    let too_small = |level: &Level| !tranche.aside.part.is_zero() && level.due() < ctx.instrument.min_quantity;
    let keeps_place = |level: &&Level| tranche.aside.sacrificed != Some(level.number) && !too_small(level);
    let resting = tranche.levels.iter().filter(keeps_place);
    wants.extend(resting.filter_map(|level| resting_target(level, tranche, plan, ctx)));
    wants.extend(tranche.levels.iter().filter_map(|level| take_profit::instant(level, tranche.id)));
    wants.extend(native_trail(tranche, plan, ctx, side));
    wants
}

/// The stop: one order, or as many as the venue makes it be (F-G04).
fn wants_stop(tranche: &Tranche, kind: OrderKind, reason: ExitReason, ctx: Ctx) -> impl Iterator<Item = Wanted> {
    let (id, instrument) = (tranche.id, ctx.instrument);
    let smallest = ctx.smallest_exit(tranche.entry_price).unwrap_or(instrument.min_quantity);
    let cut = slices::cut(tranche.remaining, instrument.largest_order(kind), smallest);
    let want = move |(number, quantity)| Wanted {
        tranche: id,
        leg: Leg::stop_part(number),
        kind,
        quantity,
        whole: false,
        reason,
    };
    (0..slices::MOST).zip(cut).map(want)
}

fn resting_target(level: &Level, tranche: &Tranche, plan: &ExitPlan, ctx: Ctx) -> Option<Wanted> {
    let capability = &ctx.account.capability;
    if !take_profit::can_rest(level, &tranche.levels, plan, capability) {
        return None;
    }
    match capability.resting_targets {
        RestingTargets::Every => take_profit::resting(level, tranche.id, plan, ctx.instrument, capability),
        RestingTargets::Last => take_profit::resting_whole(level, tranche.id, tranche.remaining),
    }
}

pub(super) fn native_trail(tranche: &Tranche, plan: &ExitPlan, ctx: Ctx, side: PositionSide) -> Option<Wanted> {
    let trail = tranche.trail.filter(|trail| trail.by == TrailedBy::Venue)?;
    let limits = ctx.account.capability.native_trailing?;
    let Behind::Share(share) = trail.behind else { return None };
    // What is on its way out by hand does not run: it would wait for its room for ever.
    let quantity = tranche.runner().saturating_minus(tranche.aside.part);
    // One whose resting order has filled meanwhile takes nothing any more.
    let takes = |level: &Level| matches!(level.instant, Instant::Limit | Instant::Market) && !level.due().is_zero();
    let taking = tranche.levels.iter().any(takes);
    if quantity.is_zero() || taking {
        return None;
    }
    let source = plan.trailing?.trigger;
    let price = ctx.board.price(source.series(side));
    let activation = match trail.phase {
        Phase::Waiting => trail.activation.map(|at| clear_of(at, price, side, ctx)).transpose().ok()?,
        Phase::Active { .. } => None,
    };
    let distance = on_grid(share, limits.step);
    let kind = OrderKind::TrailingStop { activation, distance, source };
    let reason = ExitReason::TrailingStop;
    Some(Wanted { tranche: tranche.id, leg: Leg::Trail, kind, quantity, whole: false, reason })
}

/// What is closed by hand, and the rest goes on; in slices like every market exit that has the time.
fn wants_part(tranche: &Tranche, plan: &ExitPlan, ctx: Ctx) -> Option<Wanted> {
    let reason = tranche.aside.part_reason.unwrap_or(ExitReason::Manual);
    let left = tranche.aside.part.min(tranche.remaining);
    let slice = || {
        let done = tranche.closed();
        let price = ctx.board.price(backstop_model::Series::Last).unwrap_or(tranche.entry_price);
        slices::part(plan.slices, done.plus(left)?, done, price, ctx.sizes(price, None)?)
    };
    let quantity = if slices::has_time(reason) { slice().unwrap_or(left).min(left) } else { left };
    let want = Wanted { tranche: tranche.id, leg: Leg::Part, kind: OrderKind::Market, quantity, whole: false, reason };
    (!left.is_zero()).then_some(want)
}

/// A market exit; one that has the time goes in parts.
fn wants_close(tranche: &Tranche, plan: &ExitPlan, ctx: Ctx) -> Vec<Wanted> {
    let mut wants = wants_everything(tranche);
    for want in wants.iter_mut().filter(|want| slices::has_time(want.reason)) {
        let (whole, done) = (tranche.original, tranche.closed());
        let price = ctx.board.price(backstop_model::Series::Last).unwrap_or(tranche.entry_price);
        // What the venue takes in one order is seen to when it leaves.
        let sizes = ctx.sizes(price, None);
        let part =
            sizes.and_then(|sizes| slices::part(plan.slices, whole, done, price, sizes)).unwrap_or(want.quantity);
        want.quantity = want.quantity.min(part);
    }
    wants
}

fn wants_everything(tranche: &Tranche) -> Vec<Wanted> {
    let (tranche, quantity, closing) = (tranche.id, tranche.remaining, tranche.closing);
    let want = |reason| Wanted { tranche, leg: Leg::Close, kind: OrderKind::Market, quantity, whole: false, reason };
    closing.iter().map(|closing| want(closing.reason)).collect()
}

/// An activation price too close to the market is moved away by 0.1 % (product.md §2.3).
fn clear_of(activation: Price, now: Option<Price>, side: PositionSide, ctx: Ctx) -> Result<Price, OutOfRange> {
    let Some(now) = now else { return Ok(activation) };
    let tenth = Ratio::ONE.over(Ratio::whole(1000), Rounding::Down)?;
    match side {
        PositionSide::Long => {
            let nearest = now.times(Ratio::ONE.plus(tenth)?, Rounding::Up)?.ceil_to_tick(ctx.instrument.tick)?;
            Ok(activation.max(nearest))
        }
        PositionSide::Short => {
            let nearest = now.times(Ratio::ONE.minus(tenth)?, Rounding::Down)?.floor_to_tick(ctx.instrument.tick)?;
            Ok(activation.min(nearest))
        }
    }
}

/// A distance on the venue's grid, never wider than asked.
pub(super) fn on_grid(share: Ratio, step: Ratio) -> Ratio {
    let Ok(steps) = share.over(step, Rounding::Down) else { return share };
    steps.floored().times(step, Rounding::Down).unwrap_or(share)
}
