//! Trails that lock in a loss, that never start, or that are nearer than a price moves by itself.

use super::super::course::{Course, Start};
use super::super::ground::Ground;
use super::in_words;
use crate::exits::arm::Behind;
use crate::exits::trailing_stop::smallest_move;
use backstop_model::plan::TrailingStop;
use backstop_model::{Money, OutOfRange, Rounding};

/// What is wrong with the trail, if there is one.
pub(super) fn warnings(ground: &Ground, course: &Course) -> Result<Vec<String>, OutOfRange> {
    let (case, mut told) = (ground.case, Vec::new());
    let (Some(trailing), Some(behind)) = (case.plan.trailing, ground.armed.trail) else { return Ok(told) };
    let activation = ground.armed.activation;
    match &course.trail {
        None => {
            let at = activation.map_or_else(String::new, |at| format!(" before {at}"));
            told.push(format!("the trail never starts: everything is closed{at}"));
        }
        Some(start) => told.extend(locked(ground, &trailing, start)?),
    }
    if let Some(at) = activation.filter(|at| ground.is_passed(*at)) {
        let entry = case.entry;
        told.push(format!("activation {at} is passed at the entry {entry} already: the trail is active at once"));
    }
    told.extend(near(ground, &trailing, behind)?);
    for number in &course.no_nearer {
        told.push(format!(
            "the trail of TP{number} is no nearer than the one before: it changes nothing but the start"
        ));
    }
    if let (Behind::Share(kept), Some(limits)) = (ground.on_venue_steps(behind), case.capability.native_trailing)
        && Behind::Share(kept) != behind
    {
        let (step, kept) = (limits.step.in_percent(), kept.in_percent());
        told.push(format!("the venue trails in steps of {step}%: {} becomes {kept}%", trailing.distance));
    }
    if let Some(Err(why)) = &ground.native {
        told.push(format!("by: venue cannot be ({why}): Backstop moves the resting stop instead"));
    }
    Ok(told)
}

/// What the trail locks in where it begins, when that is a loss: gross in the words of the product, else net of fees.
/// One that is active from the entry on is a stop and has nothing to lock in.
fn locked(ground: &Ground, trailing: &TrailingStop, start: &Start) -> Result<Option<String>, OutOfRange> {
    let (case, from) = (ground.case, start.from);
    let level = start.behind.stop(case.side, from, case.instrument.tick)?;
    if ground.is_passed(from) || !case.side.is_better(level, start.standing) {
        return Ok(None);
    }
    let who = match (start.level, trailing.activation) {
        (Some(number), _) => format!("TP{number} with trail {}", start.distance),
        (None, Some(activation)) => format!("activation {activation} with distance {}", start.distance),
        (None, None) => format!("distance {}", start.distance),
    };
    if case.side.is_better(case.entry, level) {
        let loss = case.entry.above(level).absolute()?.share_of(case.entry, Rounding::Up)?.in_percent();
        let below = ground.below();
        return Ok(Some(format!(
            "{who} can close {loss:.1}% {below} entry: active from {from} the trail is at {level}"
        )));
    }
    let fees = ground.entry_fee(case.quantity)?.plus(ground.stop_fee(level, case.quantity)?)?;
    let other = ground.market_cost(case.quantity)?.plus(case.costs.funding())?;
    let net = ground.profit(level, case.quantity)?.minus(fees)?.minus(other)?;
    let beside = in_words(other);
    Ok((net < Money::ZERO).then(|| {
        format!(
            "{who} can close at a loss after fees: active from {from} the trail is at {level}; fees in and out are {fees}{beside}, net {net}"
        )
    }))
}

/// A trail nearer than the smallest move it would make.
fn near(ground: &Ground, trailing: &TrailingStop, behind: Behind) -> Result<Option<String>, OutOfRange> {
    let (side, tick) = (ground.case.side, ground.case.instrument.tick);
    let from = ground.armed.activation.unwrap_or(ground.case.entry);
    let far = side.gain(behind.stop(side, from, tick)?, from);
    let smallest = smallest_move(from, tick, ground.spread())?;
    let distance = trailing.distance;
    Ok((far < smallest).then(|| {
        format!("the trail stays {distance} behind, {far} points: nearer than its smallest move, {smallest} points")
    }))
}
