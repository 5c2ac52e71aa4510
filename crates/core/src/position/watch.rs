//! What a position wants to be woken for: the prices that matter, per series, and the next deadline.
//!
//! Every rule of `turn.rs` that looks at a price has its counterpart here. A bound may be too near (one look too many),
//! never too far (a decision missed): `tests/properties` compares against looking at every tick.

use super::elsewhere::Elsewhere;
use super::scene::Scene;
use super::spacing::{is_within_distance, spaced_from};
use super::turn::{DWELL, extreme, may_be_kept_off, stuck_at, takes_over, venue_has_until};
use super::unprotectable::unprotectable_at;
use super::{Adoption, Ctx, Live, Position, Tranche, elsewhere, protection, reports, trail, weekend};
use crate::exits::ladder::{Instant, Level, LevelState};
use crate::exits::trailing_stop::{Phase, Trail, smallest_move};
use crate::orders::diff::FREEING;
use crate::orders::{EntryOrder, Leg, OpenOrder, OrderState};
use crate::quiet::Quiet;
use crate::timers::{Deadline, earlier};
use backstop_model::plan::{ExitPlan, Merge, TrailedBy};
use backstop_model::{OutOfRange, PositionSide, Price, Series, Span, Timestamp};

/// A cancel or amend that has not been heard of for so long is asked about.
pub(crate) const OVERDUE: Span = Span::from_millis(500);

struct Watches {
    side: PositionSide,
    quiet: Quiet,
}

impl Watches {
    fn worse(&mut self, series: Series, price: Price) {
        match self.side {
            PositionSide::Long => self.quiet[series.index()].watch_at_or_below(price),
            PositionSide::Short => self.quiet[series.index()].watch_at_or_above(price),
        }
    }

    fn better(&mut self, series: Series, price: Price) {
        match self.side {
            PositionSide::Long => self.quiet[series.index()].watch_at_or_above(price),
            PositionSide::Short => self.quiet[series.index()].watch_at_or_below(price),
        }
    }
}

impl Watches {
    /// The next tick either way.
    fn either(&mut self, series: Series, now: Price, tick: Price) {
        let quiet = &mut self.quiet[series.index()];
        // Beyond the range of prices there is nothing to watch for.
        let _ = now.plus(tick.as_points()).map(|above| quiet.watch_at_or_above(above));
        let _ = now.minus(tick.as_points()).map(|below| quiet.watch_at_or_below(below));
    }

    /// A second witness ends the wait of a price that has passed a level (F-H01).
    fn witnesses(&mut self, of: Series, level: Price) {
        elsewhere::others(of, self.side).for_each(|other| self.worse(other, level));
    }
}

impl Position {
    /// The prices inside which no tick changes anything before the next deadline.
    pub(crate) fn quiet(&self, ctx: Ctx) -> Quiet {
        let mut watches = Watches { side: self.key.side, quiet: Quiet::default() };
        let looks = |live: &&Live| !live.suspended && !ctx.leaves_alone();
        let Some(live) = self.live.as_deref().filter(looks) else { return watches.quiet };
        let Some(plan) = live.plan.as_ref() else { return watches.quiet };
        for tranche in live.open() {
            watch_tranche(&mut watches, tranche, plan, ctx);
        }
        if live.tranches.len() > 1 && plan.merge == Merge::InProfit {
            let losing = live.open().filter(|tranche| tranche.is_untouched());
            losing.for_each(|tranche| watches.better(Series::executable(watches.side), tranche.entry_price));
        }
        watches.quiet
    }

    /// Something has been passed, or is due, and waits for a price that counts: fresh, confirmed (F-H01, F-H04), or the second one (F-L03).
    pub(crate) fn waits_for_price(&self) -> bool {
        let Some(live) = &self.live else { return self.drill.is_some() };
        live.open().any(|tranche| {
            tranche.aside.stop_passed.is_some()
                || tranche.aside.end_of_day.is_some()
                || tranche.is_throttled()
                || tranche.aside.elsewhere.get().is_some_and(|elsewhere| elsewhere.due().is_some())
                || tranche.soft_stop.get().is_some_and(|soft| soft.passed.is_some())
                || tranche.trail.is_some_and(|trail| trail.passed.is_some())
                || tranche.levels.iter().any(|level| matches!(level.instant, Instant::Past { .. }))
        })
    }

    /// When this position wants to be woken whatever prices do, and why.
    pub(crate) fn deadline(&self, ctx: Ctx) -> Option<(Timestamp, Deadline)> {
        let mut next = None;
        let entries = self.entries.iter().map(|entry| (entry.state, 0));
        for (state, unheard) in self.orders.iter().map(|order| (order.state, order.unheard)).chain(entries) {
            next = earlier(next, order_deadline(state, unheard).map(|(at, why)| (still_to_come(at, ctx.now), why)));
        }
        let ends = |order: &OpenOrder| order.unended_at().or_else(|| self.asks_for_end_at(order));
        let entries = self.entries.iter().filter_map(EntryOrder::unended_at);
        let unended = self.orders.iter().filter_map(ends).chain(entries).min();
        next = earlier(next, unended.map(|at| (still_to_come(at, ctx.now), Deadline::Lookup)));
        let again = self.drill.as_ref().and_then(|drill| drill.again_at);
        next = earlier(next, again.map(|at| (still_to_come(at, ctx.now), Deadline::Drill)));
        let unseen = self.unseen_until().filter(|_| !ctx.leaves_alone());
        next = earlier(next, unseen.map(|at| (still_to_come(at, ctx.now), Deadline::Lookup)));
        let looks = |live: &&Live| !live.suspended && !ctx.leaves_alone();
        let Some(live) = self.live.as_deref().filter(looks) else { return next };
        next = earlier(next, live_deadline(live, ctx));
        let gone = self.gone_until().filter(|until| *until > ctx.now);
        next = earlier(next, gone.map(|until| (until, Deadline::Retry)));
        // Of what is closed already, an order may be left whose cancel was refused.
        let closed =
            live.tranches.iter().filter(|tranche| tranche.is_closed()).flat_map(|tranche| tranche.retries.values());
        let again = closed.map(|retry| retry.at).filter(|at| *at > ctx.now).min();
        next = earlier(next, again.map(|at| (at, Deadline::Retry)));
        live.open().map(|tranche| self.tranche_deadline(tranche, live, ctx)).fold(next, earlier)
    }

    fn tranche_deadline(&self, tranche: &Tranche, live: &Live, ctx: Ctx) -> Option<(Timestamp, Deadline)> {
        let mut next = None;
        let mut note =
            |at: Option<Timestamp>, why| next = earlier(next, at.map(|at| (still_to_come(at, ctx.now), why)));
        let again = tranche.retries.iter().filter_map(|(leg, _)| tranche.waits_until(*leg, ctx));
        note(again.filter(|at| *at > ctx.now).min(), Deadline::Retry);
        note(tranche.aside.resize_at, Deadline::ResizeStop);
        note(tranche.spacing().looks_at(ctx.now), Deadline::Retry);
        if let Some(closing) = tranche.closing {
            let waits = self.close_waits(tranche.id);
            note(Some(closing.since.plus(FREEING)).filter(|at| waits && *at > ctx.now), Deadline::Retry);
            let stuck = self.orders.iter().filter(|order| order.tranche == tranche.id || order.leg == Leg::WholeStop);
            let stuck = stuck.filter_map(OpenOrder::stuck_from).filter(|at| *at > ctx.now);
            note(stuck.min(), Deadline::Retry);
            return next;
        }
        let scene =
            live.plan.as_ref().map(|plan| Scene { key: self.key, epoch: self.epoch, ctx, plan, orders: &self.orders });
        if let Some(scene) = scene {
            let carried = live.whole.carried_at();
            note(
                tranche.aside.stop_passed.map(|since| backup_at(tranche, carried, since, &scene)),
                Deadline::StopBackup,
            );
            note(stuck_at(tranche, &scene), Deadline::StopBackup);
        }
        note(tranche.aside.elsewhere.get().and_then(Elsewhere::due), Deadline::StopBackup);
        if live.paused {
            return next;
        }
        let dwelling = tranche.levels.iter().filter_map(|level| match level.instant {
            Instant::Past { since } if !level.due().is_zero() => Some(Timestamp::from(since).plus(DWELL)),
            Instant::Past { .. } | Instant::No | Instant::Limit | Instant::Market => None,
        });
        // One that cannot be taken yet hides none that can.
        note(dwelling.map(|at| still_to_come(at, ctx.now)).min(), Deadline::InstantTakeProfit);
        let trails = tranche.trail.is_some_and(|trail| trail.by != TrailedBy::Venue);
        let passed = tranche.trail.filter(|_| trails).and_then(|trail| trail.passed);
        note(passed.map(|since| since.plus(DWELL)), Deadline::TrailMove);
        note(scene.and_then(|scene| trail::finds_no_room_until(tranche, &scene)), Deadline::TrailMove);
        note(tranche.trail_not_before.filter(|at| trails && *at > ctx.now), Deadline::TrailMove);
        let limit = live.plan.as_ref().and_then(|plan| plan.time_limit);
        note(limit.map(|limit| tranche.opened_at.max(live.attached_at).plus(limit)), Deadline::TimeLimit);
        if let Some(scene) = scene {
            let ends = || scene.day_ends(tranche.opened_at).map(|end| end.due);
            note(tranche.aside.end_of_day.get().map(|due| due.at).or_else(ends), Deadline::EndOfDay);
            note(weekend::due(tranche, &scene), Deadline::EndOfDay);
        }
        let patience = live.plan.as_ref().and_then(|plan| plan.soft_stop).map(|rule| rule.patience);
        let beyond = tranche.soft_stop.get().and_then(|soft| soft.passed);
        note(beyond.zip(patience).map(|(since, patience)| since.plus(patience)), Deadline::SoftStop);
        next
    }
}

/// The next instant at which the stop's backup may act; both of its waits end there.
fn backup_at(tranche: &Tranche, carried: Option<Price>, since: Timestamp, scene: &Scene) -> Timestamp {
    let until = venue_has_until(tranche, carried, since, scene);
    let (dwell, now) = (since.plus(DWELL), scene.ctx.now);
    until.map_or(dwell, |until| if dwell > now { dwell.min(until) } else { until })
}

/// Something that is due and could not be done is looked at again in a while, not at once: at the next whole pause after
/// its time, so that looks in between shift nothing and no other deadline is hidden behind it.
fn still_to_come(at: Timestamp, now: Timestamp) -> Timestamp {
    if at > now {
        return at;
    }
    let pauses = now.since(at).as_nanos() / OVERDUE.as_nanos() + 1;
    at.plus(OVERDUE.times(u32::try_from(pauses).unwrap_or(u32::MAX)))
}

fn live_deadline(live: &Live, ctx: Ctx) -> Option<(Timestamp, Deadline)> {
    let clock = &live.protection;
    let alarm = clock.unprotected_since.filter(|_| !clock.alarmed).map(|since| since.plus(protection::LIMIT));
    let alarm = alarm.filter(|_| live.adoption == Adoption::Managed);
    let adopt = match live.adoption {
        Adoption::HardStopAt(at) => Some((still_to_come(at, ctx.now), Deadline::Adoption)),
        Adoption::Managed | Adoption::Proposed | Adoption::ToPropose => None,
    };
    let ask = live.mismatch.as_ref().filter(|mismatch| !mismatch.asked);
    let ask = ask.map(|mismatch| mismatch.since.plus(reports::GRACE));
    let soon = |at: Timestamp, why| (still_to_come(at, ctx.now), why);
    let whole = live.whole.retry.get().map(|retry| retry.at).filter(|at| *at > ctx.now);
    let adopt = earlier(adopt, whole.map(|at| (at, Deadline::Retry)));
    let first = earlier(alarm.map(|at| soon(at, Deadline::Protection)), ask.map(|at| soon(at, Deadline::Lookup)));
    let entry = live.unproven_until().map(|at| soon(at, Deadline::Protection));
    earlier(earlier(first, adopt), entry)
}

fn watch_tranche(watches: &mut Watches, tranche: &Tranche, plan: &ExitPlan, ctx: Ctx) {
    let side = watches.side;
    let source = tranche.trigger(plan).series(side);
    watch_worth(watches, tranche, plan, ctx);
    if tranche.closing.is_some() {
        // While the price is through the stop none can be placed or moved; it can when the price comes back.
        let through = |at: Price| ctx.board.price(source).is_some_and(|now| side.hit(now, at));
        let places = tranche.stop.into_iter().chain(tranche.resting_stop());
        places.filter(|stop| through(stop.price)).for_each(|stop| watches.better(source, stop.price));
        return;
    }
    if let Some(stop) = tranche.stop {
        match tranche.aside.stop_passed {
            None => watches.worse(source, stop.price),
            Some(_) => {
                watches.better(source, stop.price);
                watches.witnesses(source, stop.price);
            }
        }
        for other in elsewhere::others(source, side) {
            // Either way: when it goes through the stop, and when it comes back.
            match ctx.board.price(other).filter(|now| side.hit(*now, stop.price)) {
                Some(_) => watches.better(other, stop.price),
                None => watches.worse(other, stop.price),
            }
        }
    }
    watch_spacing(watches, tranche, ctx);
    if let Some(near) = unprotectable_at(tranche, watches.side, ctx) {
        watches.worse(source, near);
        watches.witnesses(source, near);
    }
    if let Some(proposal) = tranche.aside.proposal.get() {
        watches.better(source, proposal.price);
    }
    if let Some(at) = tranche.breakeven_at.get() {
        watches.better(ctx.board.reaching(side), at);
    }
    if let Some(soft) = tranche.soft_stop.get() {
        match soft.passed {
            None => watches.worse(source, soft.price),
            Some(_) => watches.better(source, soft.price),
        }
    }
    if let Some(level) = tranche.next_level().filter(|level| level.state == LevelState::OnlyMoves) {
        watches.better(ctx.board.reaching(side), level.price);
    }
    if let (Some(trail), Some(trailing)) = (tranche.trail, plan.trailing) {
        // A bound that cannot be worked out is no bound: the trail then waits for its next deadline.
        let _ = watch_trail(watches, tranche, trail, trailing.trigger.series(side), ctx);
    }
    let executable = Series::executable(side);
    let kept_off = |level: &Level| {
        let refused = tranche.retries.contains_key(&Leg::Target(level.number));
        !level.due().is_zero() && (refused || may_be_kept_off(ctx))
    };
    let near = |level: &Level| !level.due().is_zero() && is_within_distance(level.price, side, ctx);
    if let Some(now) = ctx.board.price(executable).filter(|_| tranche.levels.iter().any(near)) {
        // A target that is too near rests as soon as the price has gone far enough.
        watches.either(executable, now, ctx.instrument.tick);
    }
    let taken = |level: &&Level| kept_off(level) || takes_over(level, &tranche.levels, plan, ctx);
    for level in tranche.levels.iter().filter(taken) {
        match level.instant {
            Instant::No => watches.better(executable, level.price),
            Instant::Past { .. } => watches.worse(executable, level.price),
            Instant::Limit | Instant::Market => {}
        }
    }
}

/// A market exit that is worth too little leaves when it is worth enough.
fn watch_worth(watches: &mut Watches, tranche: &Tranche, plan: &ExitPlan, ctx: Ctx) {
    watch_part(watches, tranche, plan, ctx);
    let Some(enough) = tranche.enough_from(ctx) else { return };
    for series in [Series::Mark, Series::Last] {
        watches.quiet[series.index()].watch_at_or_above(enough);
    }
}

/// A slice of what is closed by hand is as large as its worth allows, and leaves when there is room for it: every tick is looked at.
fn watch_part(watches: &mut Watches, tranche: &Tranche, plan: &ExitPlan, ctx: Ctx) {
    let sliced = plan.slices.count > 1 || plan.slices.max_notional.is_some();
    let waits = sliced && !tranche.aside.part.is_zero();
    if let Some(now) = ctx.board.price(Series::Last).filter(|_| waits) {
        watches.either(Series::Last, now, ctx.instrument.tick);
    }
}

fn watch_spacing(watches: &mut Watches, tranche: &Tranche, ctx: Ctx) {
    let side = watches.side;
    if (tranche.spacing().at.is_some() || tranche.spacing().ordinary)
        && let Some(now) = ctx.board.price(Series::executable(side))
    {
        // Where the stop may rest follows the price: every tick is looked at.
        watches.either(Series::executable(side), now, ctx.instrument.tick);
    }
    if let Some(near) = tranche.stop.and_then(|stop| spaced_from(tranche, stop.price, side, ctx)) {
        watches.worse(Series::executable(side), near);
    }
}

fn watch_trail(
    watches: &mut Watches,
    tranche: &Tranche,
    trail: Trail,
    series: Series,
    ctx: Ctx,
) -> Result<(), OutOfRange> {
    let side = watches.side;
    let Phase::Active { level, .. } = trail.phase else {
        // Without an activation price the first price of all activates it.
        let anything = if side == PositionSide::Long { ctx.instrument.tick } else { Price::HIGHEST };
        watches.better(series, trail.activation.unwrap_or(anything));
        return Ok(());
    };
    if trail.by == TrailedBy::Venue {
        return Ok(());
    }
    if let (TrailedBy::Engine, Some(level)) = (trail.by, level) {
        match trail.passed {
            None => watches.worse(series, level),
            Some(_) => {
                watches.better(series, level);
                watches.witnesses(series, level);
            }
        }
    }
    if tranche.trail_not_before.is_some_and(|at| at > ctx.now) {
        return Ok(());
    }
    let (Some(stop), Some(best)) = (tranche.stop, extreme(side, ctx, series, tranche)) else {
        return Ok(());
    };
    let standing = level.map_or(stop.price, |level| side.better(level, stop.price));
    let step = smallest_move(best, ctx.instrument.tick, None)?;
    let next = match side {
        PositionSide::Long => standing.plus(step)?,
        PositionSide::Short => standing.minus(step)?,
    };
    watches.better(series, trail.behind.best_for(side, next, ctx.instrument.tick)?);
    Ok(())
}

fn order_deadline(state: OrderState, unheard: u8) -> Option<(Timestamp, Deadline)> {
    match state {
        OrderState::Unknown(doubt) => Some((doubt.ask_at, Deadline::Lookup)),
        OrderState::Working { change: Some(change) } => Some((change.overdue_at(unheard), Deadline::ChangeOverdue)),
        OrderState::InFlight { .. }
        | OrderState::Over { .. }
        | OrderState::Triggered { .. }
        | OrderState::Working { change: None } => None,
    }
}
