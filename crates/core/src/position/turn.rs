//! The turn every event ends in: rules look at the facts, one after the other, and change what is wanted.
//!
//! The order is fixed: levels that are complete, the ladder, the trail, targets passed at the executable price, the
//! stop's backup, time; then tranches among each other, the quantity, protection. Each rule is level-triggered; running
//! the turn twice changes nothing.

use super::adoption::covering;
use super::protection::LIMIT;
use super::refused::stop_reason;
use super::scene::Scene;
use super::whole_stop::carried_places;
use super::{Adoption, Ctx, Live, Out, Position, Tranche, arming, elsewhere, levels, spacing, trail, weekend};
use crate::exits::end_of_day::{self, DayEnd, Due, Verdict};
use crate::exits::ladder::{Instant, Level};
use crate::exits::stop_loss::StopLevel;
use crate::exits::take_profit;
use crate::orders::{Leg, OpenOrder, OrderState, together};
use backstop_model::{
    Command, ExitPlan, ExitReason, OutOfRange, Permit, PositionSide, Price, Quantity, Series, Severity, SizedStops,
    SnapshotCause, Span, Timestamp,
};

/// How long a price must stand beyond something before it counts without a second witness (F-H01), and before a target
/// is taken over its resting order (product.md §2.4).
pub(super) const DWELL: Span = Span::from_millis(250);
/// How long the venue's own stop may take once its price is through it (I28 gives 500 ms in all).
pub(super) const STOP_GRACE: Span = Span::from_millis(400);
/// How long a triggered stop may stay without execution (F-C11).
pub(super) const TRIGGER_GRACE: Span = Span::from_millis(1000);

impl Position {
    /// Lets every rule look at the facts.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range; the caller suspends the position.
    pub(crate) fn look(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        if ctx.leaves_alone() {
            return Ok(());
        }
        self.watch_unseen(ctx, out);
        self.watch_adoption(ctx, out)?;
        self.follow_plan(ctx, out)?;
        self.watch_worth(ctx, out)?;
        self.join_dust(ctx, out)?;
        if self.merge(ctx, out)? {
            // The rules look at what they have become in the same instant, as they would a moment later (I20).
            self.follow_plan(ctx, out)?;
        }
        if !self.is_flat() {
            self.watch_quantity(ctx, out);
        }
        self.watch_protection(ctx, out);
        self.watch_unprotectable(ctx, out);
        self.watch_unproven(ctx, out)?;
        // Last: any of these may have found that something has to go.
        self.hurry_doubtful_closes(ctx);
        Ok(())
    }

    /// Every rule of the plan looks at each tranche.
    fn follow_plan(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let gone = self.is_told_gone(ctx.now);
        let Some(live) = self.live.as_deref_mut().filter(|_| !gone) else { return Ok(()) };
        let Some(plan) = live.plan.clone() else { return Ok(()) };
        let scene = Scene { key: self.key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
        let carried = live.whole.carried_at();
        for tranche in &mut live.tranches {
            if live.paused {
                back_up_stop(tranche, carried, &scene, out);
                note_day(tranche, &scene, out);
            } else {
                look_at(tranche, (live.attached_at, carried), &scene, out)?;
            }
            stay_inside_guard(tranche, live.liquidation.get(), &scene, out)?;
            let was_kept_off = tranche.spacing().at.is_some();
            spacing::keep_distance(tranche, carried, &scene, out)?;
            if tranche.spacing().at.is_some() && !was_kept_off {
                // Nothing rests at its place any more: the backup is all there is.
                back_up_stop(tranche, carried, &scene, out);
            }
            elsewhere::watch(tranche, &scene, out);
        }
        Ok(())
    }

    /// Another quantity at the venue, for longer than executions take: ask for the full state.
    fn watch_quantity(&mut self, ctx: Ctx, out: &mut Out) {
        let account = self.key.account;
        let Some(mismatch) = self.live.as_mut().and_then(|live| live.mismatch.as_mut()) else { return };
        if !mismatch.asked && ctx.now.since(mismatch.since) >= super::reports::GRACE {
            mismatch.asked = true;
            out.commands.push(Command::Snapshot { account, cause: SnapshotCause::Surprise });
        }
    }

    fn watch_protection(&mut self, ctx: Ctx, out: &mut Out) {
        let theirs = self.live.as_ref().is_some_and(|live| covering(live, self.key.side).is_some());
        let covered = self.is_covered() || (theirs && ctx.permit == Permit::Observe);
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return };
        let guarded: Vec<_> = live.tranches.iter().map(|tranche| guarded(tranche, &self.orders, self.epoch)).collect();
        for (tranche, guarded) in live.tranches.iter_mut().zip(guarded) {
            let covered = guarded >= tranche.remaining && !tranche.is_closed();
            tranche.was_protected |= covered;
            if covered {
                tranche.aside.sacrificed = None;
            }
        }
        let flat = live.is_flat();
        live.protection.note(covered || flat, ctx.now);
        // Nothing has been asked of us for it yet.
        let ours = live.adoption == Adoption::Managed;
        let since = live.protection.unprotected_since.filter(|since| ours && ctx.now.since(*since) >= LIMIT);
        if let Some(since) = since.filter(|_| !live.protection.alarmed) {
            live.protection.alarmed = true;
            let what = match ctx.permit {
                Permit::Observe => "place one there yourself: the account is only observed",
                Permit::All | Permit::ProtectOnly => "Backstop watches the price and keeps trying",
            };
            let (symbol, since) = (ctx.instrument.symbol, ctx.now.since(since));
            let open = uncovered(live, &self.orders, self.epoch);
            let text =
                format!("{symbol} {side}: UNPROTECTED for {since}: no working stop at the venue for {open}; {what}");
            out.tell(Severity::Alarm, key, text);
        }
    }

    /// Working stops of ours cover what is open (I25).
    pub(crate) fn is_covered(&self) -> bool {
        let Some(live) = self.live.as_ref().filter(|live| !live.is_flat()) else { return false };
        uncovered(live, &self.orders, self.epoch).is_zero()
    }
}

/// Leverage or margin have changed: a stop that now lies too near to liquidation is tightened to the guard (product.md §2).
fn stay_inside_guard(
    tranche: &mut Tranche,
    liquidation: Option<Price>,
    scene: &Scene,
    out: &mut Out,
) -> Result<(), OutOfRange> {
    if tranche.is_closed() || tranche.closing.is_some() {
        return Ok(());
    }
    let (side, ctx) = (scene.side(), scene.ctx);
    let guard = match arming::guard_of(tranche, liquidation, scene.key, ctx)? {
        Some(guard) => Some(guard),
        None => arming::before_liquidation(tranche, liquidation, scene.key, ctx)?,
    };
    let (Some(guard), Some(stop)) = (guard, tranche.stop) else { return Ok(()) };
    let pending = tranche.aside.proposal.get();
    if side.is_better(guard, stop.price) && pending.is_none_or(|pending| pending.price != guard) {
        // The whole way from the entry counts, whatever a plan or a pause has begun anew: beyond it there is nothing to wait for.
        levels::settle_since(tranche, StopLevel { price: guard, basis: stop.basis }, tranche.since_entry(), scene);
        let done = match tranche.closing {
            Some(_) => format!("the price is through {guard} already, the farthest place; closing at market"),
            None => format!("tightened to {guard}"),
        };
        let text = format!("the stop {} lies too near to liquidation; {done}", stop.price);
        scene.tell(Severity::Alarm, tranche.id, &text, out);
        // A place nearer still, whose price has yet to come, protects nothing meanwhile; it goes on waiting.
        let nearer = pending.filter(|pending| side.is_better(pending.price, guard) && tranche.closing.is_none());
        if tranche.aside.proposal.is_none() {
            tranche.aside.proposal.put(nearer);
        }
    }
    Ok(())
}

/// One tranche: every rule in its order.
fn look_at(
    tranche: &mut Tranche,
    (attached_at, carried): (Timestamp, Option<Price>),
    scene: &Scene,
    out: &mut Out,
) -> Result<(), OutOfRange> {
    levels::pass(tranche, scene, out)?;
    if levels::mend(tranche, scene, out)? {
        levels::pass(tranche, scene, out)?;
    }
    if tranche.is_closed() {
        // Nothing is left to decide, only orders to be seen gone.
        tranche.forget_stop_passed();
        return Ok(());
    }
    levels::follow_proposal(tranche, scene);
    levels::follow_volatility(tranche, scene, out)?;
    trail::follow_volatility(tranche, scene);
    levels::break_even_at(tranche, scene, out)?;
    trail::follow(tranche, scene, out)?;
    watch_targets(tranche, scene);
    back_up_stop(tranche, carried, scene, out);
    watch_soft_stop(tranche, scene, out);
    watch_time(tranche, scene, attached_at);
    watch_day(tranche, scene, out);
    weekend::watch(tranche, scene, out);
    watch_instants(tranche, scene);
    Ok(())
}

/// Whether the engine takes a level when its price is there: because the plan says so, or because it cannot rest.
pub(super) fn takes_over(level: &Level, levels: &[Level], plan: &ExitPlan, ctx: Ctx) -> bool {
    let rests = || take_profit::can_rest(level, levels, plan, &ctx.account.capability);
    !level.due().is_zero() && (plan.instant_take_profit || !rests())
}

/// Whether the venue may have no place for a target: it is too near to the price, or a stop has the quantity.
pub(super) fn may_be_kept_off(ctx: Ctx) -> bool {
    ctx.instrument.least_distance.is_some() || ctx.account.capability.sized_stops == SizedStops::Shared
}

/// Targets that the executable price has passed while their orders have not filled (product.md §2.4).
fn watch_targets(tranche: &mut Tranche, scene: &Scene) {
    let (side, ctx) = (scene.side(), scene.ctx);
    let series = Series::executable(side);
    let Some(price) = ctx.board.price(series).filter(|_| tranche.closing.is_none()) else { return };
    let fresh = ctx.board.fresh(series, ctx.now).is_some();
    for index in 0..tranche.levels.len() {
        let level = &tranche.levels[index];
        let leg = Leg::Target(level.number);
        let kept_off = may_be_kept_off(ctx) || tranche.retries.contains_key(&leg);
        let absent = kept_off && !level.due().is_zero() && !spacing::rests(tranche.id, leg, scene.orders, scene.epoch);
        if !absent && !takes_over(level, &tranche.levels, scene.plan, ctx) {
            continue;
        }
        let level = &mut tranche.levels[index];
        let past = side.reached(price, level.price);
        level.instant = match level.instant {
            Instant::No | Instant::Past { .. } if !past => Instant::No,
            Instant::No => Instant::Past { since: ctx.now.into() },
            Instant::Past { since } if ctx.now.since(since.into()) < DWELL => Instant::Past { since },
            Instant::Past { .. } if fresh => Instant::Limit,
            Instant::Past { .. } => Instant::Past { since: ctx.now.into() },
            taking @ (Instant::Limit | Instant::Market) => taking,
        };
    }
}

/// What the immediate-or-cancel limit left goes to market.
fn watch_instants(tranche: &mut Tranche, scene: &Scene) {
    let id = tranche.id;
    for level in &mut tranche.levels {
        let leg = Leg::Instant(level.number);
        let sent = tranche.revisions.contains_key(&leg);
        let all_settled = scene.orders_of(id, leg).all(OpenOrder::is_settled);
        if level.instant == Instant::Limit && sent && all_settled && !level.due().is_zero() {
            level.instant = Instant::Market;
        }
    }
}

/// The stop's price is through it and the venue is silent: the backup closes (product.md §2.1, I28). `carried` is where a stop stands
/// that came with the entry and is not known as an order yet.
fn back_up_stop(tranche: &mut Tranche, carried: Option<Price>, scene: &Scene, out: &mut Out) {
    let (side, ctx) = (scene.side(), scene.ctx);
    if tranche.is_closed() {
        tranche.forget_stop_passed();
        return;
    }
    let stuck = stuck_at(tranche, scene).is_some_and(|at| ctx.now >= at);
    if tranche.closing.is_some() {
        if stuck && !tranche.aside.told_stuck {
            tranche.aside.told_stuck = true;
            let text = "the stop has triggered and the venue does not execute it; it is being closed at market already";
            scene.tell(Severity::Alarm, tranche.id, text, out);
        }
        return;
    }
    let Some(stop) = tranche.stop else { return };
    if stuck {
        let text = "the stop has triggered and the venue does not execute it; closing at market";
        scene.tell(Severity::Alarm, tranche.id, text, out);
        tranche.aside.told_stuck = true;
        return tranche.close(stop_reason(tranche), ctx.now);
    }
    let series = tranche.trigger(scene.plan).series(side);
    let Some(price) = ctx.board.price(series) else { return };
    if !side.hit(price, stop.price) {
        tranche.forget_stop_passed();
        return;
    }
    let since = *tranche.aside.stop_passed.get_or_insert(ctx.now);
    let kept_off = tranche.spacing().at.is_some();
    let until = venue_has_until(tranche, carried, since, scene);
    let confirmed = believed(side, stop.price, series, ctx) || ctx.now.since(since) >= DWELL;
    let due = until.map_or(confirmed, |until| ctx.now >= until && confirmed);
    if due && ctx.board.fresh(series, ctx.now).is_some() {
        let (severity, how) = match until {
            Some(_) => (Severity::Alarm, "the venue's stop is silent"),
            None if kept_off => (Severity::Note, "the venue took none so near"),
            None if scene.stop_stays_farther(tranche.id) => {
                (Severity::Note, "the venue's stop rests farther out: Backstop watches this one")
            }
            None if scene.protecting(tranche.id).any(OpenOrder::stands) => {
                (Severity::Warning, "the venue's stop rests farther out, none is working there yet")
            }
            None => (Severity::Alarm, "no stop is working at the venue"),
        };
        let text = format!("price {price} is through the stop {} and {how}; closing at market", stop.price);
        scene.tell(severity, tranche.id, &text, out);
        let reason = stop_reason(tranche);
        tranche.close(reason, ctx.now);
    }
}

/// How long the venue's own stops have for a price that is through them since; nothing where none rests there. One that came with the
/// entry has its time from the entry on: where it stands, or where the price is through it as well.
pub(super) fn venue_has_until(
    tranche: &Tranche,
    carried: Option<Price>,
    since: Timestamp,
    scene: &Scene,
) -> Option<Timestamp> {
    let (side, stop) = (scene.side(), tranche.stop?.price);
    // One that rests farther out has nothing to do with this price.
    let there = |at: Price| !side.is_better(stop, at);
    let kept_off = tranche.spacing().at.is_some();
    let stands = |order: &&OpenOrder| order.stands() && (!kept_off || order.stop_price().is_some_and(there));
    let known = scene.stops_of(tranche).filter(stands).map(|order| grace(order.state, since));
    let price = scene.ctx.board.price(tranche.trigger(scene.plan).series(side));
    let through = |at: Price| price.is_some_and(|price| side.hit(price, at));
    let brought = carried_places(scene.orders, scene.epoch, carried).filter(|at| there(*at) || through(*at));
    known.chain(brought.map(|_| since.plus(STOP_GRACE))).max()
}

/// When a stop that has triggered counts as stuck, wherever the price has gone since (F-C11).
pub(super) fn stuck_at(tranche: &Tranche, scene: &Scene) -> Option<Timestamp> {
    scene.protecting(tranche.id).filter_map(OpenOrder::stuck_from).min()
}

/// The price has stood beyond the soft stop for as long as the plan allows: everything goes, before the hard stop has to.
fn watch_soft_stop(tranche: &mut Tranche, scene: &Scene, out: &mut Out) {
    let (side, ctx) = (scene.side(), scene.ctx);
    let series = tranche.trigger(scene.plan).series(side);
    let (Some(rule), Some(mut soft), None) = (scene.plan.soft_stop, tranche.soft_stop.get(), tranche.closing) else {
        return;
    };
    let Some(price) = ctx.board.price(series) else { return };
    soft.passed = side.hit(price, soft.price).then(|| soft.passed.unwrap_or(ctx.now));
    tranche.soft_stop.put(Some(soft));
    let due = soft.passed.is_some_and(|since| ctx.now >= since.plus(rule.patience));
    if due && ctx.board.fresh(series, ctx.now).is_some() {
        let text = format!(
            "price {price} has stood beyond the soft stop {} for {}; closing at market",
            soft.price, rule.patience
        );
        scene.tell(Severity::Note, tranche.id, &text, out);
        tranche.close(ExitReason::StopLoss, ctx.now);
    }
}

fn watch_time(tranche: &mut Tranche, scene: &Scene, attached_at: Timestamp) {
    let now = scene.ctx.now;
    let since = tranche.opened_at.max(attached_at);
    if scene.plan.time_limit.is_some_and(|limit| now >= since.plus(limit)) {
        tranche.close(ExitReason::TimeLimit, now);
    }
}

/// The end of the day has come: everything goes, unless it was opened after that.
fn watch_day(tranche: &mut Tranche, scene: &Scene, out: &mut Out) {
    let ctx = scene.ctx;
    let ended = scene.day_ends(tranche.opened_at).filter(|end| ctx.now >= end.due);
    let due = tranche.aside.end_of_day.get().or(ended.map(|end| Due { at: end.due, first_price: None }));
    let Some(due) = due.filter(|_| tranche.closing.is_none()) else { return };
    let price = ctx.board.fresh_at(Series::executable(scene.side()), ctx.now);
    match end_of_day::judge(due, ctx.now, price, ctx.board.spread()) {
        Verdict::Close => {
            let told = ended.unwrap_or(DayEnd::at(due.at)).told();
            scene.tell(Severity::Note, tranche.id, told, out);
            tranche.close(ExitReason::EndOfDay, ctx.now);
        }
        Verdict::Wait(due) => {
            if tranche.aside.end_of_day.is_none() {
                let text = "the close at the end of the day was missed: waiting for two fresh prices and a sane spread";
                scene.tell(Severity::Warning, tranche.id, text, out);
            }
            tranche.aside.end_of_day.put(Some(due));
        }
    }
}

/// The end of the day comes while the position is paused: nothing is closed now, and nothing is forgotten. Tomorrow's end
/// takes its place in the calendar, so it is remembered here.
fn note_day(tranche: &mut Tranche, scene: &Scene, out: &mut Out) {
    let ended = scene.day_ends(tranche.opened_at).filter(|end| scene.ctx.now >= end.due);
    let Some(end) = ended.filter(|_| tranche.closing.is_none() && tranche.aside.end_of_day.is_none()) else { return };
    tranche.aside.end_of_day.put(Some(Due { at: end.due, first_price: None }));
    let text = "the end of the day has come while it is paused: it is closed when it goes on";
    scene.tell(Severity::Warning, tranche.id, text, out);
}

/// What of a tranche working stops cover: its own, or that of the whole position.
pub(crate) fn guarded(tranche: &Tranche, orders: &[OpenOrder], epoch: backstop_model::Epoch) -> Quantity {
    let whole = |order: &OpenOrder| order.leg == Leg::WholeStop && order.epoch == epoch && order.stands();
    if orders.iter().any(whole) { tranche.remaining } else { guarded_alone(tranche, orders, epoch) }
}

/// What of a tranche its own working stop covers, in as many orders as it is made of.
pub(crate) fn guarded_alone(tranche: &Tranche, orders: &[OpenOrder], epoch: backstop_model::Epoch) -> Quantity {
    let own = orders.iter().filter(|order| {
        order.leg.is_own_stop() && order.epoch == epoch && order.tranche == tranche.id && order.stands()
    });
    together(own).min(tranche.remaining)
}

/// What no working stop covers. The stop of a tranche that has gone up in another one still protects what it is for.
fn uncovered(live: &Live, orders: &[OpenOrder], epoch: backstop_model::Epoch) -> Quantity {
    let add = |sum: Quantity, more: Quantity| sum.plus(more).unwrap_or(sum);
    let open = live.open().map(|tranche| tranche.remaining.saturating_minus(guarded(tranche, orders, epoch)));
    let without_tranche = orders.iter().filter(|order| {
        order.leg.is_own_stop() && order.epoch == epoch && order.stands() && live.tranche(order.tranche).is_none()
    });
    let spare = without_tranche.map(OpenOrder::remaining).fold(Quantity::ZERO, add);
    open.fold(Quantity::ZERO, add).saturating_minus(spare)
}

/// When the venue's stop has had its time.
fn grace(state: OrderState, since: Timestamp) -> Timestamp {
    match state {
        OrderState::Triggered { since } => since.plus(TRIGGER_GRACE),
        OrderState::InFlight { .. } | OrderState::Unknown(_) | OrderState::Working { .. } | OrderState::Over { .. } => {
            since.plus(STOP_GRACE)
        }
    }
}

/// The best price of a series, as far as it counts for the plan of the tranche.
pub(super) fn extreme(side: PositionSide, ctx: Ctx, series: Series, tranche: &Tranche) -> Option<Price> {
    tranche.since().best(side, ctx, series)
}

/// No misprint: replayed, or two of last, mark and the executable price agree (F-H01).
pub(super) fn believed(side: PositionSide, level: Price, series: Series, ctx: Ctx) -> bool {
    ctx.board.is_confirmed(series) || ctx.board.witnesses(side, level, ctx.now) >= 2
}
