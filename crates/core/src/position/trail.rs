//! The trail as a rule: it is activated by the best price and moves the stop after it, or watches its level itself when
//! nobody else can (product.md §2.3).

use super::refused::TRAIL_PATIENCE;
use super::scene::Scene;
use super::turn::{DWELL, believed, extreme};
use super::{Ctx, Out, Tranche};
use crate::exits::arm::{Atrs, Behind, behind};
use crate::exits::stop_loss::{Basis, StopLevel, Verdict, judge};
use crate::exits::trailing_stop::{Phase, Trail, fall_back, pause, smallest_move};
use crate::orders::OpenOrder;
use backstop_model::plan::{TrailDistance, TrailedBy};
use backstop_model::{ExitReason, OrderKind, OutOfRange, PositionSide, Price, Series, Severity, SizedStops, Timestamp};

/// Activation, then the stop after the best price.
pub(super) fn follow(tranche: &mut Tranche, scene: &Scene, out: &mut Out) -> Result<(), OutOfRange> {
    let side = scene.side();
    let (Some(_), Some(trailing), None) = (tranche.trail, scene.plan.trailing, tranche.closing) else {
        return Ok(());
    };
    fit_to_venue(tranche, scene, out);
    let Some(mut trail) = tranche.trail else { return Ok(()) };
    let series = trailing.trigger.series(side);
    let Some(best) = extreme(side, scene.ctx, series, tranche) else { return Ok(()) };
    if trail.phase == Phase::Waiting {
        if !trail.is_reached(side, best) {
            return Ok(());
        }
        trail.phase = Phase::Active { level: None, moved_at: None };
        tranche.trail = Some(trail);
        scene.tell(Severity::Note, tranche.id, &format!("trailing is active, best price {best}"), out);
    }
    if trail.by == TrailedBy::Venue {
        return Ok(());
    }
    move_stop(tranche, trail, best, scene)?;
    watch_level(tranche, series, scene, out);
    Ok(())
}

/// It was paused: where the price has been meanwhile was the trader's own affair, and nothing is closed for it now. A trail that is
/// active keeps its best price, unless the price has come back through the level which that would give; a level that it had before
/// is one that it has.
pub(super) fn go_on(tranche: &mut Tranche, scene: &Scene, out: &mut Out) {
    let (side, ctx) = (scene.side(), scene.ctx);
    if !tranche.is_trailing() {
        return tranche.count_anew(ctx);
    }
    let (Some(trail), Some(trailing)) =
        (tranche.trail.filter(|trail| trail.by != TrailedBy::Venue), scene.plan.trailing)
    else {
        return;
    };
    let series = trailing.trigger.series(side);
    let (Some(best), Some(price)) = (extreme(side, ctx, series, tranche), ctx.board.price(series)) else { return };
    let is_passed = |level: Price| side.hit(price, level);
    let standing = matches!(trail.phase, Phase::Active { level: Some(level), .. } if is_passed(level));
    if !standing && trail.behind.stop(side, best, ctx.instrument.tick).is_ok_and(is_passed) {
        tranche.count_from_now(ctx);
        let text = format!(
            "while it was paused the price has come back from {best} through where the trail would be; it goes on from {price}"
        );
        scene.tell(Severity::Note, tranche.id, &text, out);
    }
}

/// The venue's trail has no room there, or what runs has become more than one order of the venue's may be for: Backstop trails
/// instead.
pub(super) fn fit_to_venue(tranche: &mut Tranche, scene: &Scene, out: &mut Out) {
    let no_room = finds_no_room(tranche, scene, out);
    let Some(mut trail) = tranche.trail.filter(|trail| trail.by == TrailedBy::Venue) else { return };
    if no_room || is_too_large(tranche, scene, out) {
        trail.by = fall_back(trail.by);
        tranche.trail = Some(trail);
    }
}

/// Whether what runs has become more than one order of the venue's may be for (F-G04).
fn is_too_large(tranche: &Tranche, scene: &Scene, out: &mut Out) -> bool {
    let largest = scene.ctx.instrument.largest_order(OrderKind::Market);
    let Some(largest) = largest.filter(|largest| tranche.runner() > *largest) else { return false };
    let text = format!("the venue takes {largest} in one order at most: Backstop moves the resting stop instead");
    scene.tell(Severity::Warning, tranche.id, &text, out);
    true
}

/// Until when the venue's trail waits for its room: a stop of its tranche's own has the quantity, and both together are for no
/// more than the position (venues/bitget.md §8.4).
pub(super) fn finds_no_room_until(tranche: &Tranche, scene: &Scene) -> Option<Timestamp> {
    let trail = tranche.trail.filter(|trail| trail.by == TrailedBy::Venue)?;
    let shared = scene.ctx.account.capability.sized_stops == SizedStops::Shared;
    let own = |order: &OpenOrder| order.leg.is_own_stop() && order.stands();
    let has_own = shared && scene.protecting(tranche.id).any(own);
    has_own.then(|| trail.tried_at.unwrap_or(scene.ctx.now).plus(TRAIL_PATIENCE))
}

/// Whether the venue's trail has waited for its room for so long that Backstop trails instead.
fn finds_no_room(tranche: &mut Tranche, scene: &Scene, out: &mut Out) -> bool {
    let Some(until) = finds_no_room_until(tranche, scene) else { return false };
    if let Some(trail) = &mut tranche.trail {
        trail.tried_at.get_or_insert(scene.ctx.now);
    }
    let over = scene.ctx.now >= until;
    if over {
        let text = "the venue has no room for its trail beside the stop: Backstop moves the resting stop instead";
        scene.tell(Severity::Warning, tranche.id, text, out);
    }
    over
}

/// A trail in ATR that follows comes nearer when the average falls; it never goes farther.
pub(super) fn follow_volatility(tranche: &mut Tranche, scene: &Scene) {
    let Some(trailing) = scene.plan.trailing.filter(|trailing| trailing.follow) else { return };
    let (TrailDistance::Atr(atr), Some(trail)) = (trailing.distance, tranche.trail.as_mut()) else { return };
    if let (Some(points), Behind::Points(now)) = (scene.ctx.volatility.distance(atr), trail.behind)
        && points < now
    {
        trail.behind = Behind::Points(points);
    }
}

/// A level that is passed may bring the trail nearer; one that waits is active from there.
pub(super) fn tighten(tranche: &mut Tranche, number: u8, scene: &Scene, out: &mut Out) -> Result<(), OutOfRange> {
    let (side, tick) = (scene.side(), scene.ctx.instrument.tick);
    let index = usize::from(number.saturating_sub(1));
    let Some(distance) = scene.plan.take_profits.get(index).and_then(|level| level.trail) else { return Ok(()) };
    let (Some(mut trail), Some(initial)) = (tranche.trail, tranche.initial_stop) else { return Ok(()) };
    let risk = initial.above(tranche.entry_price).absolute()?;
    let atrs = Atrs { volatility: scene.ctx.volatility, plan: scene.plan };
    let Ok(nearer) = behind(distance, risk, atrs) else { return Ok(()) };
    let at = tranche.levels.get(index).map_or(tranche.entry_price, |level| level.price);
    if side.is_better(nearer.stop(side, at, tick)?, trail.behind.stop(side, at, tick)?) {
        trail.behind = nearer;
        scene.tell(Severity::Note, tranche.id, &format!("from TP{number} on the trail stays {distance} behind"), out);
    }
    if trail.phase == Phase::Waiting {
        trail.phase = Phase::Active { level: None, moved_at: None };
    }
    tranche.trail = Some(trail);
    Ok(())
}

/// The price is through the level of a trail that the engine watches: believed at once with a second witness, else after
/// a moment (F-H01).
fn watch_level(tranche: &mut Tranche, series: Series, scene: &Scene, out: &mut Out) {
    let (side, ctx) = (scene.side(), scene.ctx);
    let Some(trail) = tranche.trail.as_mut().filter(|trail| trail.by == TrailedBy::Engine) else { return };
    let (Phase::Active { level: Some(level), .. }, Some(now)) = (trail.phase, ctx.board.price(series)) else {
        return;
    };
    if !side.hit(now, level) {
        trail.passed = None;
        return;
    }
    let since = *trail.passed.get_or_insert(ctx.now);
    let is_believed = believed(side, level, series, ctx) || ctx.now.since(since) >= DWELL;
    if is_believed && tranche.closing.is_none() && ctx.board.fresh(series, ctx.now).is_some() {
        let text = format!("price {now} is through the trail at {level}; closing at market");
        scene.tell(Severity::Note, tranche.id, &text, out);
        tranche.close(ExitReason::TrailingStop, ctx.now);
    }
}

fn move_stop(tranche: &mut Tranche, mut trail: Trail, best: Price, scene: &Scene) -> Result<(), OutOfRange> {
    let (side, ctx) = (scene.side(), scene.ctx);
    let Phase::Active { level, .. } = trail.phase else { return Ok(()) };
    let Some(stop) = tranche.stop else { return Ok(()) };
    if tranche.trail_not_before.is_some_and(|not_before| ctx.now < not_before) {
        return Ok(());
    }
    let standing = level.map_or(stop.price, |level| side.better(level, stop.price));
    let candidate = trail.behind.stop(side, best, ctx.instrument.tick)?;
    if !moves_enough(side, standing, candidate, best, ctx, false)? {
        return Ok(());
    }
    tranche.trail_not_before = Some(ctx.now.plus(pause(trail.by, ctx.account.capability.amend_stop)));
    if !moves_enough(side, standing, candidate, best, ctx, true)? {
        return Ok(());
    }
    if trail.by == TrailedBy::Amend {
        let source = tranche.trigger(scene.plan).series(side);
        let stop_best = extreme(side, ctx, source, tranche);
        match judge(side, stop.price, candidate, ctx.board.price(source), stop_best) {
            Verdict::Take => tranche.stop = Some(StopLevel { price: candidate, basis: Basis::Trail }),
            Verdict::Hit => tranche.close(ExitReason::TrailingStop, ctx.now),
            Verdict::NotYet | Verdict::Useless => return Ok(()),
        }
    }
    trail.phase = Phase::Active { level: Some(candidate), moved_at: Some(ctx.now) };
    tranche.trail = Some(trail);
    Ok(())
}

fn moves_enough(
    side: PositionSide,
    standing: Price,
    candidate: Price,
    best: Price,
    ctx: Ctx,
    with_spread: bool,
) -> Result<bool, OutOfRange> {
    if !side.is_better(candidate, standing) {
        return Ok(false);
    }
    let spread = ctx.board.spread().filter(|_| with_spread);
    Ok(candidate.above(standing).absolute()? >= smallest_move(best, ctx.instrument.tick, spread)?)
}
