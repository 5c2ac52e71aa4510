//! After an addition to a position whose levels have been taken in part: what has not been touched yet is measured from the
//! new average (product.md §3.4). What has been taken keeps its place, and no stop is loosened.

use super::Tranche;
use super::levels::{break_even_price, settle_proposal};
use super::scene::Scene;
use crate::exits::arm::Armed;
use crate::exits::ladder::{self, Level, LevelState};
use crate::exits::stop_loss::{Basis, StopLevel};
use crate::exits::trailing_stop::Phase;
use backstop_model::plan::{ExitPlan, StopLadder};
use backstop_model::{OutOfRange, PositionSide};
use std::sync::Arc;

/// What no level has a claim to then goes to the last open one, or runs.
///
/// # Errors
/// [`OutOfRange`] when a number leaves its range.
pub(super) fn take_in(tranche: &mut Tranche, plan: &ExitPlan) -> Result<(), OutOfRange> {
    let added = tranche.runner();
    let mut open = tranche.levels.iter_mut().rev().filter(|level| level.state == LevelState::Open);
    if let Some(last) = open.next().filter(|_| !plan.trails()) {
        // It may have closed more than it planned, when another part was closed by hand meanwhile.
        last.planned = last.filled.plus(last.due())?.plus(added)?;
    }
    Ok(())
}

/// Measures the rest of the plan from the new average.
///
/// # Errors
/// [`OutOfRange`] when a number leaves its range.
pub(super) fn untouched(
    tranche: &mut Tranche,
    plan: &Arc<ExitPlan>,
    armed: &Armed,
    scene: &Scene,
) -> Result<(), OutOfRange> {
    let (side, instrument) = (scene.side(), scene.ctx.instrument);
    let (fresh, _) = ladder::levels(plan, armed, instrument, &scene.ctx.account.capability, tranche.original)?;
    share_out(tranche, plan, &fresh)?;
    take_in(tranche, plan)?;
    move_levels(&mut tranche.levels, &fresh, side);
    tranche.breakeven_at.put(tranche.breakeven_at.get().and(armed.breakeven_at));
    if let (Some(mut soft), Some(price)) = (tranche.soft_stop.get(), armed.soft_stop) {
        soft.price = side.better(soft.price, price);
        tranche.soft_stop.put(Some(soft));
    }
    if let Some(trail) = tranche.trail.as_mut().filter(|trail| trail.phase == Phase::Waiting) {
        trail.activation = armed.activation;
    }
    move_stop(tranche, plan, armed, scene)
}

/// Each level that nothing has been taken of closes its share of the whole again, as far as that is there; never less than
/// before, because what a level before it could not close may have been handed on to it.
fn share_out(tranche: &mut Tranche, plan: &ExitPlan, fresh: &[Level]) -> Result<(), OutOfRange> {
    let untouched = |level: &Level| level.state == LevelState::Open && level.filled.is_zero();
    let mut left = tranche.runner().saturating_minus(tranche.aside.part);
    let keeps_rest =
        tranche.levels.iter().rposition(|level| level.state == LevelState::Open).filter(|_| !plan.trails());
    for (place, (level, fresh)) in tranche.levels.iter_mut().zip(fresh).enumerate() {
        if untouched(level) && Some(place) != keeps_rest {
            let more = fresh.planned.saturating_minus(level.planned).min(left);
            level.planned = level.planned.plus(more)?;
            left = left.saturating_minus(more);
        }
    }
    Ok(())
}

/// Levels behind the last one that anything has been taken of go where the new average puts them, as long as that lies
/// beyond the one before; one that would come to lie where something has been taken already keeps its place.
fn move_levels(levels: &mut [Level], fresh: &[Level], side: PositionSide) {
    let is_taken = |level: &Level| level.is_passed() || !level.filled.is_zero();
    let last = levels.iter().rposition(is_taken);
    let mut before = last.map(|last| levels[last].price);
    for (level, fresh) in levels.iter_mut().zip(fresh).skip(last.map_or(0, |last| last + 1)) {
        if before.is_none_or(|before| side.is_better(fresh.price, before)) {
            level.price = fresh.price;
        }
        before = Some(level.price);
    }
}

/// The plan's own stop follows the average where that is nearer, and so does a stop at break-even, as soon as the price is
/// beyond it: after the first level it lies at the entry or better.
fn move_stop(tranche: &mut Tranche, plan: &ExitPlan, armed: &Armed, scene: &Scene) -> Result<(), OutOfRange> {
    let side = scene.side();
    let Some(stop) = tranche.stop.filter(|_| tranche.closing.is_none()) else { return Ok(()) };
    let promised = match plan.stop_ladder {
        StopLadder::Breakeven | StopLadder::PreviousTarget => tranche.levels.iter().any(Level::is_passed),
        StopLadder::None
        | StopLadder::PercentBelowHigh(_)
        | StopLadder::PercentBelowTrigger(_)
        | StopLadder::TargetsBehind(_) => false,
    };
    if stop.basis == Basis::Initial && side.is_better(armed.stop, stop.price) {
        tranche.stop = Some(StopLevel { price: armed.stop, basis: Basis::Initial });
    }
    if promised || stop.basis == Basis::BreakEven {
        let price = break_even_price(tranche, scene)?;
        let tighter = |place: StopLevel| side.is_better(price, place.price);
        if tranche.stop.is_some_and(tighter) && tranche.aside.proposal.get().is_none_or(tighter) {
            settle_proposal(tranche, StopLevel { price, basis: Basis::BreakEvenAwaited }, scene);
        }
    }
    Ok(())
}
