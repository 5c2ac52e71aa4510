//! A definite no: what each leg does about it.
//!
//! The table of `refusal_policy.rs` says what is tried when nothing protects; where a place is the trouble, `misplaced.rs` does.

use super::misplaced::{is_about_place, stop_misplaced};
use super::scene::Scene;
use super::{Ctx, Out, Position, Tranche, conflicts, dust, guarantee, regrid};
use crate::exits::arm::toward_market;
use crate::exits::ladder::{Instant, Level, LevelState};
use crate::exits::refusal_policy;
use crate::exits::stop_loss::{Basis, StopLevel};
use crate::exits::trailing_stop::{Phase, fall_back, smallest_move};
use crate::orders::{Leg, OpenOrder};
use backstop_model::plan::TrailedBy;
use backstop_model::{
    Command, ExitReason, OrderKind, PositionSide, Ratio, Refusal, RefusalReason, RefusalStep, Rounding, Severity, Span,
    TriggerSource,
};

/// Native trailing is tried this often against definite refusals before Backstop trails itself (product.md §2.3).
const TRAIL_ATTEMPTS: u8 = 3;
/// How long "there is no such position yet" is believed of a native trail.
pub(super) const TRAIL_PATIENCE: Span = Span::from_secs(30);

impl Position {
    /// A definite no: what each leg does about it.
    pub(super) fn refused(&mut self, order: &OpenOrder, refusal: &Refusal, ctx: Ctx, out: &mut Out) {
        let key = self.key;
        if refusal.reason == RefusalReason::Filter && regrid::is_off(order.kind, ctx.instrument.tick) {
            return self.refused_for_grid(order, refusal, ctx, out);
        }
        if order.leg.is_stop() && !self.has_open(order) {
            // It was on its way when what it was for was closed: nothing is missing.
            return;
        }
        let reduces_nothing = refusal.reason == RefusalReason::ReduceOnly && order.leg != Leg::Drill;
        if reduces_nothing && order.carried {
            self.note_gone(order, ctx, out);
        }
        if reduces_nothing && (self.is_told_gone(ctx.now) || (order.leg.is_stop() && self.is_going_with(order))) {
            return self.hold_quietly(order, refusal.reason, ctx);
        }
        if order.leg == Leg::WholeStop {
            if is_about_place(refusal.reason) {
                return self.whole_stop_misplaced(order, refusal, ctx, out);
            }
            if self.whole_guarantee_refused(order, refusal, ctx, out) {
                return;
            }
            if refusal.reason == RefusalReason::WouldTrigger {
                self.whole_stop_passed(order, refusal, ctx, out);
            }
            return self.whole_stop_refused(order, refusal, ctx, out);
        }
        if order.leg == Leg::Drill {
            return self.drill_refused(order, refusal, ctx, out);
        }
        let Some(live) = &mut self.live else { return };
        if refusal.reason == RefusalReason::ReduceOnly {
            conflicts::explain(live, key, order.leg, refusal, ctx, out);
            if live.mismatch.is_none() {
                // "Am I flat?" comes first (F-C04).
                out.commands
                    .push(Command::Snapshot { account: key.account, cause: backstop_model::SnapshotCause::Surprise });
            }
        }
        let plan = live.plan.clone();
        let is_last = live.open().count() < 2;
        let Some(tranche) = live.tranche_mut(order.tranche) else { return };
        let Some(plan) = plan else {
            tranche.hold(order.leg, ctx.now);
            return;
        };
        let scene = Scene { key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
        match order.leg {
            Leg::Stop | Leg::StopPart(_) => stop_refused(tranche, order, refusal, &scene, out),
            Leg::Target(number) => target_refused(tranche, number, order.kind, refusal, &scene, out),
            Leg::Instant(number) => instant_refused(tranche, number, refusal, &scene, out),
            Leg::Trail => trail_refused(tranche, refusal, &scene, out),
            // Told above; and there is nothing left to close, which is what it was for.
            Leg::Drill | Leg::WholeStop => {}
            Leg::Close | Leg::Part if tranche.is_closed() => {}
            // It has grown since, or another order had the rest: what was too little is not what is asked for next.
            Leg::Close if refusal.reason == RefusalReason::BelowMinimum && order.quantity < tranche.remaining => {
                tranche.hold(order.leg, ctx.now);
                let text = format!("market exit refused ({refusal}); more is open, and what is left of it is closed");
                scene.tell(Severity::Warning, tranche.id, &text, out);
            }
            Leg::Close | Leg::Part => exit_refused(tranche, order, refusal, (is_last, &scene), out),
        }
    }
}

/// A market exit is refused. What is too little to be closed alone is an alarm of its own, once.
fn exit_refused(
    tranche: &mut Tranche,
    order: &OpenOrder,
    refusal: &Refusal,
    (is_last, scene): (bool, &Scene),
    out: &mut Out,
) {
    let ctx = scene.ctx;
    let known = tranche.is_small(order.leg);
    let refusals = tranche.hold_refused(order.leg, refusal.reason, ctx);
    let is_dust =
        refusal.reason == RefusalReason::BelowMinimum && (refusals > 2 || tranche.is_too_little(order.leg, ctx));
    let severity = if is_dust || refusals > 2 { Severity::Alarm } else { Severity::Warning };
    let again = if is_dust && !is_last && tranche.goes_with(order.leg) {
        "it is too little to be closed alone and joins another tranche".to_owned()
    } else if is_dust {
        dust::in_words(tranche, scene)
    } else {
        "trying again".to_owned()
    };
    let retry = tranche.retries.get(&order.leg).copied();
    let often = retry.map_or_else(String::new, |retry| retry.how_often(ctx.now));
    let rests = scene.protecting(tranche.id).any(OpenOrder::stands);
    let stop = if rests { "the stop stays" } else { "no stop rests at the venue" };
    let text = format!("market exit refused ({refusal}){often}; {again}, {stop}");
    if retry.is_none_or(|retry| retry.is_told()) || (is_dust && !known) {
        scene.tell(severity, tranche.id, &text, out);
    }
}

fn stop_refused(tranche: &mut Tranche, order: &OpenOrder, refusal: &Refusal, scene: &Scene, out: &mut Out) {
    let now = scene.ctx.now;
    if guarantee::gives_up(tranche, order, refusal, scene, out) {
        return;
    }
    let known = tranche.is_small(order.leg);
    tranche.hold_refused(order.leg, refusal.reason, scene.ctx);
    if is_about_place(refusal.reason) {
        return stop_misplaced(tranche, order.stop_price(), refusal, scene, out);
    }
    if refusal.reason == RefusalReason::WouldTrigger {
        // The price is through the stop: that is a stop hit (F-C03).
        let text = format!("the stop would trigger at once ({refusal}); closing at market");
        scene.tell(Severity::Warning, tranche.id, &text, out);
        tranche.close(order.reason, now);
        return;
    }
    try_otherwise(tranche, order, (refusal, known), scene, out);
}

/// A stop that was refused for another reason than its place, and is held: people are told, and what the table says is done. That
/// it is too little, people may have `known` from the refusal before.
pub(super) fn try_otherwise(
    tranche: &mut Tranche,
    order: &OpenOrder,
    (refusal, known): (&Refusal, bool),
    scene: &Scene,
    out: &mut Out,
) {
    let (side, now) = (scene.side(), scene.ctx.now);
    let retry = tranche.retries.get(&order.leg).copied();
    let refusals = retry.map_or(0, |retry| retry.refusals);
    let too_little = refusal.reason == RefusalReason::BelowMinimum && tranche.is_too_little(order.leg, scene.ctx);
    let told = retry.is_none_or(|retry| retry.is_told()) && !(known && too_little);
    let same = |other: &&OpenOrder| other.leg == order.leg || other.leg == Leg::WholeStop;
    // Never looser than where an amend that is on its way, or has had no answer, may have put it (I3).
    let standing = scene.protecting(tranche.id).filter(same).filter(|other| other.stands());
    let standing = standing.filter_map(|other| other.best_stop(side)).reduce(|one, other| side.better(one, other));
    let then = match standing.filter(|_| too_little) {
        Some(at) => format!("it is too little for a stop of its own, what stands at {at} stays"),
        None => "trying again".to_owned(),
    };
    let text = format!(
        "stop {} refused ({refusal}){}; {then}, Backstop watches the price meanwhile",
        order.stop_price().map_or_else(String::new, |price| price.to_string()),
        retry.map_or_else(String::new, |retry| retry.how_often(now)),
    );
    let severity = if standing.is_none() || refusals > 2 { Severity::Alarm } else { Severity::Warning };
    // That a venue is busy for a moment is no news: it is asked again at once, and after three seconds the alarm rings.
    if told && (refusal.reason != RefusalReason::Throttled || refusals > 3) {
        scene.tell(severity, tranche.id, &text, out);
    }
    if standing.is_none() {
        let step = refusal_policy::step(&scene.ctx.account.refusals, refusal.reason, refusals);
        answer_refusal(tranche, step, told, scene, out);
    }
    let trailed = tranche.stop.is_some_and(|stop| stop.basis == Basis::Trail);
    if trailed && refusals >= u16::from(TRAIL_ATTEMPTS) && trail_falls_back(tranche, TrailedBy::Amend, scene, out) {
        // What stands at the venue is the stop; the trail's level is watched by the engine.
        if let (Some(price), Some(stop)) = (standing, tranche.stop) {
            if let Some(trail) = &mut tranche.trail {
                trail.phase = Phase::Active { level: Some(stop.price), moved_at: Some(now) };
            }
            // Other parts of it may have been moved already: none goes back (I3).
            let parts = scene.protecting(tranche.id).filter(|other| other.leg.is_own_stop() && other.leg != order.leg);
            let price = parts.filter_map(|part| part.best_stop(side)).fold(price, |one, other| side.better(one, other));
            tranche.stop = Some(StopLevel { price, basis: Basis::Ladder });
            repeat_ladder_move(tranche, scene);
            // Another place is another request; the same one waits its time (I36). It is asked for where the grid has a price.
            let tick = scene.ctx.instrument.tick;
            let place = tranche.resting_stop().and_then(|stop| toward_market(side, stop.price, tick).ok());
            if place != order.stop_price() {
                tranche.retries.remove(&order.leg);
            }
        }
    }
}

/// Nothing protects at the venue: what the table says is tried next.
fn answer_refusal(tranche: &mut Tranche, step: RefusalStep, told: bool, scene: &Scene, out: &mut Out) {
    let text = match step {
        // How far and how near, `misplaced` says.
        RefusalStep::Again | RefusalStep::Farther | RefusalStep::Nearer => None,
        RefusalStep::Close => {
            tranche.close(ExitReason::Emergency, scene.ctx.now);
            Some("no stop works: closing at market, as the account wants it".to_owned())
        }
        RefusalStep::MakeRoom => make_room(tranche),
        RefusalStep::Reduce => reduce(tranche, scene),
        // There is no other one.
        RefusalStep::OtherTrigger if scene.ctx.account.capability.only_trigger.is_some() => None,
        RefusalStep::OtherTrigger => {
            let (other, name) = match tranche.trigger(scene.plan) {
                TriggerSource::Mark => (TriggerSource::Last, "last"),
                TriggerSource::BidAsk | TriggerSource::Last => (TriggerSource::Mark, "mark"),
            };
            tranche.trigger = Some(other);
            told.then(|| format!("the stop watches the {name} price instead"))
        }
        RefusalStep::Reprice => reprice(tranche, scene).filter(|_| told),
    };
    if let Some(text) = text {
        scene.tell(Severity::Warning, tranche.id, &text, out);
    }
}

fn make_room(tranche: &mut Tranche) -> Option<String> {
    let resting = |level: &&Level| !level.due().is_zero() && tranche.aside.sacrificed != Some(level.number);
    let farthest = tranche.levels.iter().rev().find(resting).map(|level| level.number)?;
    tranche.aside.sacrificed = Some(farthest);
    Some(format!("TP{farthest} gives up its place until a stop works"))
}

/// Half of what is open goes at market, once at a time.
fn reduce(tranche: &mut Tranche, scene: &Scene) -> Option<String> {
    if !tranche.aside.part.is_zero() || tranche.closing.is_some() {
        return None;
    }
    let (whole, instrument) = (tranche.remaining, scene.ctx.instrument);
    let half = Ratio::ONE.over(Ratio::whole(2), Rounding::Down).and_then(|half| whole.share(half, Rounding::Down));
    let half = half.and_then(|half| half.floor_to_step(instrument.step)).ok()?;
    let smallest = scene.ctx.smallest_exit(tranche.entry_price).ok()?;
    let closes = tranche.give_back(if half < smallest { whole } else { half }, scene.plan.trails(), scene.ctx).ok()?;
    Some(format!("no stop works: {closes} is closed at market, as the account wants it"))
}

fn reprice(tranche: &mut Tranche, scene: &Scene) -> Option<String> {
    let (side, tick, stop) = (scene.side(), scene.ctx.instrument.tick, tranche.stop?);
    let step = smallest_move(stop.price, tick, None).ok()?;
    let nearer = match side {
        PositionSide::Long => stop.price.plus(step),
        PositionSide::Short => stop.price.minus(step),
    };
    let price = toward_market(side, nearer.ok()?, tick).ok()?;
    let now = scene.ctx.board.price(tranche.trigger(scene.plan).series(side));
    if now.is_some_and(|now| side.hit(now, price)) {
        return None;
    }
    tranche.stop = Some(StopLevel { price, ..stop });
    Some(format!("the stop is tried at {price}, nearer to the market"))
}

/// The trail had gone beyond the ladder; without it the ladder's last place counts again.
fn repeat_ladder_move(tranche: &mut Tranche, scene: &Scene) {
    let last = tranche.levels.iter().rev().find(|level| level.is_passed()).map(|level| level.number);
    if let Some(number) = last {
        // A place that cannot be worked out is none: the stop that stands stays.
        let _ = super::levels::move_after(tranche, number, scene);
    }
}

fn target_refused(tranche: &mut Tranche, number: u8, kind: OrderKind, refusal: &Refusal, scene: &Scene, out: &mut Out) {
    if refusal.reason == RefusalReason::WouldTrigger {
        // The price is already there: take it now.
        if let Some(level) = tranche.levels.iter_mut().find(|level| level.number == number) {
            level.instant = Instant::Limit;
        }
        return;
    }
    let refusals = tranche.hold_refused(Leg::Target(number), refusal.reason, scene.ctx);
    regrid::wait_for_rules(tranche, number, kind, refusal.reason, scene.ctx.now);
    if is_about_place(refusal.reason) {
        // The price is nearly there, or far from there: the level waits, and Backstop takes it when its price comes first.
        if refusals > 2
            && let Some(retry) = tranche.retries.get_mut(&Leg::Target(number))
        {
            retry.at = scene.ctx.now.plus(Span::from_secs(30));
        }
        return;
    }
    if let Some(index) = second_refusal(tranche, number, refusal.reason) {
        give_up(tranche, index, refusal, scene, out);
    }
}

/// Counts a refusal of a level's order; its place when it was the second in a row. A venue that says "not now" has said
/// nothing about the order, and one that wants other words has not looked at it.
fn second_refusal(tranche: &mut Tranche, number: u8, why: RefusalReason) -> Option<usize> {
    use RefusalReason::{LockedOut, Maintenance, Throttled, WrongMode};
    if matches!(why, LockedOut | Maintenance | Throttled | WrongMode) {
        return None;
    }
    let index = tranche.levels.iter().position(|level| level.number == number)?;
    let level = &mut tranche.levels[index];
    level.refusals = level.refusals.saturating_add(1);
    (level.refusals >= 2).then_some(index)
}

/// The second definite refusal: the level is given up and its share handed on; the rest of the plan goes on. The last
/// level has nobody to hand on to: it waits and tries again.
fn give_up(tranche: &mut Tranche, index: usize, refusal: &Refusal, scene: &Scene, out: &mut Out) {
    let number = tranche.levels[index].number;
    let text = format!("Partial close failed for {} TP{number}: {refusal}", scene.ctx.instrument.symbol);
    out.tell(Severity::Warning, scene.key, text);
    let due = tranche.levels[index].due();
    let next = tranche.levels[index + 1..].iter_mut().find(|level| level.state == LevelState::Open);
    match next.and_then(|next| Some((next.planned.plus(due).ok()?, next))) {
        Some((planned, next)) => {
            next.planned = planned;
            tranche.levels[index].state = LevelState::Failed;
        }
        None => {
            tranche.levels[index].refusals = 0;
            let pause = scene.ctx.now.plus(Span::from_secs(30));
            if let Some(retry) = tranche.retries.get_mut(&Leg::Target(number)) {
                retry.at = pause;
            }
        }
    }
}

fn instant_refused(tranche: &mut Tranche, number: u8, refusal: &Refusal, scene: &Scene, out: &mut Out) {
    tranche.hold_refused(Leg::Instant(number), refusal.reason, scene.ctx);
    if let Some(index) = second_refusal(tranche, number, refusal.reason) {
        tranche.levels[index].instant = Instant::No;
        give_up(tranche, index, refusal, scene, out);
    }
}

fn trail_refused(tranche: &mut Tranche, refusal: &Refusal, scene: &Scene, out: &mut Out) {
    let now = scene.ctx.now;
    if refusal.reason == RefusalReason::WrongMode {
        // That says nothing of trails: it is tried again in the other words (F-D07).
        tranche.hold_refused(Leg::Trail, refusal.reason, scene.ctx);
        return;
    }
    tranche.hold(Leg::Trail, now);
    let id = tranche.id;
    let Some(trail) = &mut tranche.trail else { return };
    let tried_at = *trail.tried_at.get_or_insert(now);
    if refusal.reason == RefusalReason::ReduceOnly {
        if now.since(tried_at) >= TRAIL_PATIENCE {
            let text = format!("native trailing refused ({refusal}) for {}", TRAIL_PATIENCE.in_words());
            scene.tell(Severity::Warning, id, &text, out);
            trail_falls_back(tranche, TrailedBy::Venue, scene, out);
        }
        return;
    }
    trail.refusals = trail.refusals.saturating_add(1);
    let refusals = trail.refusals;
    let text = format!("native trailing refused ({refusal}), attempt {refusals} of {TRAIL_ATTEMPTS}");
    scene.tell(Severity::Warning, id, &text, out);
    if refusals >= TRAIL_ATTEMPTS {
        trail_falls_back(tranche, TrailedBy::Venue, scene, out);
    }
}

/// One step down the chain venue → amend → engine, if the trail is still at `from`; says so.
fn trail_falls_back(tranche: &mut Tranche, from: TrailedBy, scene: &Scene, out: &mut Out) -> bool {
    let Some(trail) = tranche.trail.as_mut().filter(|trail| trail.by == from) else { return false };
    trail.by = fall_back(trail.by);
    trail.refusals = 0;
    let how = match trail.by {
        TrailedBy::Venue | TrailedBy::Amend => "Backstop moves the resting stop instead",
        TrailedBy::Engine => {
            "Backstop watches the price and closes at market instead; the hard stop stays at the venue"
        }
    };
    scene.tell(Severity::Alarm, tranche.id, &format!("trailing falls back: {how}"), out);
    true
}

/// The reason a market exit in the plan's name is booked under when the stop could not do it.
#[must_use]
pub(super) fn stop_reason(tranche: &Tranche) -> ExitReason {
    tranche.stop.map_or(ExitReason::StopLoss, |stop| stop.basis.reason())
}
