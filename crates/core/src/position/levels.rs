//! The levels as a rule: those that are complete move the stop, in ascending order; those that have become too small hand
//! on what they have left (product.md §2.2).

use super::scene::Scene;
use super::since::Since;
use super::turn::extreme;
use super::{Out, Tranche, trail};
use crate::exits::arm::toward_market;
use crate::exits::break_even;
use crate::exits::ladder::{self, Instant, Level, LevelState, Move};
use crate::exits::stop_loss::{Basis, StopLevel, Verdict, judge};
use crate::orders::Leg;
use backstop_model::plan::{AtrSpec, StopLoss};
use backstop_model::{Distance, OutOfRange, Points, PositionSide, Price, Severity};

/// Levels that are complete, in ascending order, each with its move of the stop.
pub(super) fn pass(tranche: &mut Tranche, scene: &Scene, out: &mut Out) -> Result<(), OutOfRange> {
    let (side, ctx) = (scene.side(), scene.ctx);
    loop {
        cut_to_rest(tranche, scene, out);
        let best = extreme(side, ctx, ctx.board.reaching(side), tranche);
        let (closing, closed) = (tranche.closing.is_some(), tranche.is_closed());
        let Some(level) = tranche.levels.iter_mut().find(|level| !level.is_done()) else { return Ok(()) };
        let number = level.number;
        let complete = level.state == LevelState::Open && level.filled >= level.planned && !level.planned.is_zero();
        let only_moved = !closing
            && level.state == LevelState::OnlyMoves
            && best.is_some_and(|best| side.reached(best, level.price));
        // Nothing is left for a level that was not reached by then: where the price goes later is no matter (I20).
        let too_late = closed && level.state == LevelState::OnlyMoves && !only_moved;
        if too_late || (level.state == LevelState::Open && level.planned.is_zero()) {
            level.state = LevelState::Moot;
            continue;
        }
        if !complete && !only_moved {
            return Ok(());
        }
        level.state = if complete { LevelState::Hit {} } else { LevelState::Moved };
        let passed = level.clone();
        move_after(tranche, number, scene)?;
        trail::tighten(tranche, number, scene, out)?;
        let stop = tranche.stop.map(|stop| stop.price).filter(|_| !tranche.is_closed());
        tranche.complete_exit(number, stop);
        tell_passed(tranche, &passed, stop, scene, out);
    }
}

fn tell_passed(tranche: &Tranche, level: &Level, stop: Option<Price>, scene: &Scene, out: &mut Out) {
    let moved = stop.map_or_else(String::new, |stop| format!(", stop {stop}"));
    let (number, price) = (level.number, level.price);
    let text = match level.state {
        LevelState::Hit { .. } => {
            let (filled, remaining) = (level.filled, tranche.remaining);
            format!("TP{number} hit at {price}: {filled} closed, {remaining} remains{moved}")
        }
        LevelState::Open | LevelState::OnlyMoves | LevelState::Moved | LevelState::Failed | LevelState::Moot => {
            format!("TP{number} reached at {price}: nothing to close{moved}")
        }
    };
    scene.tell(Severity::Note, tranche.id, &text, out);
}

/// If less is open than the next level wants to close, it closes what there is (product.md §2.2).
fn cut_to_rest(tranche: &mut Tranche, scene: &Scene, out: &mut Out) {
    let mut left = tranche.remaining;
    for level in tranche.levels.iter_mut().filter(|level| level.state == LevelState::Open) {
        let due = level.due();
        if due > left {
            level.planned = level.filled.plus(left).unwrap_or(level.filled);
            if left.is_zero() {
                // Something else has closed what it had left: it has not been hit.
                level.state = LevelState::Moot;
            }
            if !left.is_zero() && tranche.closing.is_none() {
                let text = format!("Closing remaining {left} at TP{} (insufficient for full close)", level.number);
                out.tell(Severity::Warning, scene.key, text);
            }
        }
        left = left.saturating_minus(level.due());
    }
}

/// What a level has left may have become too small for an order, after a reduction by hand or a part filled: it goes to
/// the next level, else to the one before, else it runs. True when something was handed on.
pub(super) fn mend(tranche: &mut Tranche, scene: &Scene, out: &mut Out) -> Result<bool, OutOfRange> {
    let trails = scene.plan.trails();
    let mut mended = false;
    for index in 0..tranche.levels.len() {
        let level = tranche.levels[index].clone();
        let due = level.due();
        let rests = scene.orders_of(tranche.id, Leg::Target(level.number)).any(|order| !order.is_settled());
        let taken = matches!(level.instant, Instant::Limit | Instant::Market);
        let smallest = scene.ctx.smallest_exit(level.price)?;
        if due.is_zero() || rests || taken || due >= smallest || due == tranche.remaining {
            continue;
        }
        let open = |other: &Level| other.state == LevelState::Open && !other.due().is_zero();
        let levels = &mut tranche.levels;
        let heir = (index + 1..levels.len()).chain((0..index).rev()).find(|at| open(&levels[*at]));
        match heir {
            Some(heir) => levels[heir].planned = levels[heir].planned.plus(due)?,
            None if trails => {}
            None => continue,
        }
        levels[index].planned = level.filled;
        if level.filled.is_zero() {
            levels[index].state = LevelState::OnlyMoves;
        }
        let text = format!("TP{} skipped: quantity {due} below minimum {smallest}", level.number);
        out.tell(Severity::Warning, scene.key, text);
        mended = true;
    }
    Ok(mended)
}

/// A ladder move that could not be made yet.
pub(super) fn follow_proposal(tranche: &mut Tranche, scene: &Scene) {
    let Some(proposal) = tranche.aside.proposal.get().filter(|_| tranche.closing.is_none()) else { return };
    settle_proposal(tranche, proposal, scene);
    if tranche.stop == Some(proposal)
        && let Some(exit) = tranche.exits.iter_mut().rev().find(|exit| exit.level.is_some() && exit.complete)
    {
        // The level that asked for the move is the newest one that is complete.
        exit.new_stop = Some(proposal.price);
    }
}

/// The average that the stop follows: the plan's, or that of the account's hard stop where that is all there is.
fn followed(scene: &Scene) -> Option<AtrSpec> {
    let hard_stop = scene.ctx.account.hard_stop.filter(|_| scene.plan.only_stops);
    match hard_stop.unwrap_or(scene.plan.stop_loss) {
        StopLoss { at: Distance::Atr(atr), follow: true, .. } => Some(atr),
        _ => None,
    }
}

/// A stop in ATR that follows goes nearer when the average falls; it never goes back (product.md §2.6).
pub(super) fn follow_volatility(tranche: &mut Tranche, scene: &Scene, out: &mut Out) -> Result<(), OutOfRange> {
    let (side, ctx) = (scene.side(), scene.ctx);
    let points = followed(scene).and_then(|atr| ctx.volatility.distance(atr));
    let Some(points) = points.filter(|_| tranche.closing.is_none()) else { return Ok(()) };
    let at = match side {
        PositionSide::Long => tranche.entry_price.minus(points)?,
        PositionSide::Short => tranche.entry_price.plus(points)?,
    };
    let at = toward_market(side, at, ctx.instrument.tick)?;
    let tighter = |place: StopLevel| side.is_better(at, place.price);
    if tranche.stop.is_some_and(tighter) && tranche.aside.proposal.get().is_none_or(tighter) {
        scene.tell(Severity::Note, tranche.id, &format!("the market is calmer: the stop goes to {at}"), out);
        settle_proposal(tranche, StopLevel { price: at, basis: Basis::Initial }, scene);
    }
    Ok(())
}

/// From the plan's own price on the stop is at break-even, whatever the levels do (product.md §2.6).
pub(super) fn break_even_at(tranche: &mut Tranche, scene: &Scene, out: &mut Out) -> Result<(), OutOfRange> {
    let (Some(at), None) = (tranche.breakeven_at.get(), tranche.closing) else { return Ok(()) };
    let series = scene.ctx.board.reaching(scene.side());
    let best = extreme(scene.side(), scene.ctx, series, tranche);
    if !best.is_some_and(|best| scene.side().reached(best, at)) {
        return Ok(());
    }
    tranche.breakeven_at.put(None);
    let price = break_even_price(tranche, scene)?;
    let tighter = |place: StopLevel| scene.side().is_better(price, place.price);
    if tranche.stop.is_none_or(tighter) && tranche.aside.proposal.get().is_none_or(tighter) {
        scene.tell(
            Severity::Note,
            tranche.id,
            &format!("{at} was reached: the stop goes to break-even at {price}"),
            out,
        );
        settle_proposal(tranche, StopLevel { price, basis: Basis::BreakEven }, scene);
    }
    Ok(())
}

/// The move of the stop that belongs to a completed level.
pub(super) fn move_after(tranche: &mut Tranche, number: u8, scene: &Scene) -> Result<(), OutOfRange> {
    if tranche.is_closed() {
        return Ok(());
    }
    let (side, ctx, plan) = (scene.side(), scene.ctx, scene.plan);
    let best = extreme(side, ctx, tranche.trigger(plan).series(side), tranche);
    let Some(wish) = ladder::stop_after(number, plan, &tranche.levels, side, best, ctx.instrument.tick)? else {
        return Ok(());
    };
    let proposal = match wish {
        Move::To(price) => StopLevel { price, basis: Basis::Ladder },
        Move::BreakEven => StopLevel { price: break_even_price(tranche, scene)?, basis: Basis::BreakEven },
    };
    let tighter = tranche.aside.proposal.get().is_none_or(|pending| side.is_better(proposal.price, pending.price));
    if tighter {
        settle_proposal(tranche, proposal, scene);
    }
    Ok(())
}

/// Where closing what remains costs nothing, as the plan means it.
pub(super) fn break_even_price(tranche: &Tranche, scene: &Scene) -> Result<Price, OutOfRange> {
    let ctx = scene.ctx;
    let costs = break_even::Costs {
        entry: tranche.entry_price,
        remaining: tranche.remaining,
        entry_fees: tranche.entry_fees_left()?,
        funding: tranche.funding_paid,
        premium: tranche.premium(ctx)?,
        spread: ctx.board.spread().unwrap_or(Points::ZERO),
        slippage: ctx.slippage,
    };
    break_even::price(scene.plan.breakeven, scene.side(), ctx.instrument, &costs)
}

/// Makes a proposed move, keeps it for later, or takes it for the stop hit that it is (ladder races).
pub(super) fn settle_proposal(tranche: &mut Tranche, proposal: StopLevel, scene: &Scene) {
    settle_since(tranche, proposal, tranche.since(), scene);
}

/// The same, where it counts since then whether the price has been beyond it.
pub(super) fn settle_since(tranche: &mut Tranche, proposal: StopLevel, since: Since, scene: &Scene) {
    let (side, ctx) = (scene.side(), scene.ctx);
    let Some(stop) = tranche.stop else { return };
    let source = tranche.trigger(scene.plan).series(side);
    let best = proposal.hit_since(since.best(side, ctx, source));
    tranche.aside.proposal.put(None);
    match judge(side, stop.price, proposal.price, ctx.board.price(source), best) {
        Verdict::Take => tranche.stop = Some(proposal.taken()),
        Verdict::Hit => tranche.close(proposal.basis.reason(), ctx.now),
        Verdict::NotYet => tranche.aside.proposal.put(Some(proposal)),
        Verdict::Useless => {}
    }
}
