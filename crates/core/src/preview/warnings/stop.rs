//! Stops that come too late, too soon, or cannot be where break-even is; quantities that no order may have.

use super::super::Way;
use super::super::course::{Course, Fate};
use super::super::ground::Ground;
use crate::exits::liquidation::GUARD_PERCENT;
use crate::exits::spacing::nearest;
use backstop_model::plan::TrailedBy;
use backstop_model::{LeastDistance, OutOfRange};

/// A stop nearer than so many ticks is inside the usual spread.
const FEW_TICKS: i128 = 5;

/// What is wrong with the hard stop, and with the quantity it is to close.
pub(super) fn warnings(ground: &Ground, way: &Way) -> Result<Vec<String>, OutOfRange> {
    let mut told = Vec::new();
    told.extend(quantity(ground)?);
    told.extend(liquidation(ground, way));
    told.extend(too_near(ground)?);
    let (case, stop) = (ground.case, ground.armed.stop);
    let ticks = ground.risk()?.mantissa() / case.instrument.tick.mantissa();
    if let Some(spread) = ground.spread().filter(|spread| ground.risk().is_ok_and(|risk| risk <= *spread)) {
        told.push(format!(
            "stop {stop} lies no farther from the entry than the spread of {spread} pt, which alone can trigger it"
        ));
    } else if ticks < FEW_TICKS {
        let plural = if ticks == 1 { "" } else { "s" };
        told.push(format!("stop {stop} lies {ticks} tick{plural} from the entry: the spread alone can trigger it"));
    }
    let loss = ground.profit(stop, case.quantity)?.negated()?;
    let fees = ground.entry_fee(case.quantity)?.plus(ground.stop_fee(stop, case.quantity)?)?;
    if loss < fees {
        told.push(format!("stop {stop} loses {loss} and its fees in and out are {fees}: the fees are the larger risk"));
    }
    Ok(told)
}

fn liquidation(ground: &Ground, way: &Way) -> Option<String> {
    let (case, stop) = (ground.case, ground.armed.stop);
    let (Some(liquidation), Some(leverage)) = (way.liquidation, case.instrument.leverage) else { return None };
    let (Some(guard), Some(share)) = (way.guard, way.share) else {
        let maintenance = case.instrument.maintenance_margin.in_percent();
        return Some(format!(
            "with leverage {leverage} and maintenance margin {maintenance}% the position is liquidated at its entry: no stop comes before that; lower the leverage"
        ));
    };
    (!way.is_inside(ground)).then(|| format!(
        "stop {stop} lies {share:.1} % of the way to liquidation at {liquidation}, more than {GUARD_PERCENT} %: the plan is not armed; the farthest place is {guard}: lower the leverage or tighten the stop"
    ))
}

/// The venue takes no stop so near to the price.
fn too_near(ground: &Ground) -> Result<Option<String>, OutOfRange> {
    let (case, stop) = (ground.case, ground.armed.stop);
    let Some(least) = least(ground) else { return Ok(None) };
    let place = nearest(case.side, case.entry, least.at(case.entry)?, case.instrument.tick);
    Ok(place.filter(|place| case.side.is_better(stop, *place)).map(|place| {
        format!(
            "stop {stop} lies nearer to the price than the venue takes one ({least}): it rests at {place} first, Backstop watches {stop} and closes there"
        )
    }))
}

/// The rule for the plan's stop: guaranteed ones may have their own.
fn least(ground: &Ground) -> Option<LeastDistance> {
    let instrument = ground.case.instrument;
    let wanted = ground.case.plan.stop_loss.guaranteed.is_wanted() && ground.case.capability.guaranteed_stops;
    let own = instrument.guaranteed.filter(|_| wanted).and_then(|terms| terms.least_distance);
    own.or(instrument.least_distance)
}

/// The same of a trail that moves the resting stop.
pub(super) fn trail_too_near(ground: &Ground) -> Option<String> {
    let case = ground.case;
    let (least, behind) = (least(ground)?, ground.armed.trail?);
    let from = ground.armed.activation.unwrap_or(case.entry);
    let trailed = behind.stop(case.side, from, case.instrument.tick).ok()?;
    let place = nearest(case.side, from, least.at(from).ok()?, case.instrument.tick)?;
    let by_amend = ground.trailed_by() == Some(TrailedBy::Amend);
    (by_amend && case.side.is_better(trailed, place)).then(|| {
        format!(
            "the trail is nearer to the price than the venue takes a stop ({least}): the stop rests that far behind, Backstop watches the trail and closes there"
        )
    })
}

fn quantity(ground: &Ground) -> Result<Option<String>, OutOfRange> {
    let (case, instrument) = (ground.case, ground.case.instrument);
    let quantity = case.quantity;
    if !quantity.is_on_step(instrument.step) {
        let step = instrument.step;
        return Ok(Some(format!(
            "quantity {quantity} is no multiple of the step {step}: no venue has such a position"
        )));
    }
    let smallest = case.smallest_exit(case.entry)?;
    let but = match (case.capability.whole_stop, case.capability.amend_stop) {
        (false, _) => ", the stop too",
        (true, false) => " but the stop for the whole position, which stays where it is placed first",
        (true, true) => " but the stop for the whole position",
    };
    Ok((quantity < smallest).then(|| {
        format!("quantity {quantity} is below the smallest order, {smallest} at the entry: the venue may refuse every exit{but}")
    }))
}

/// Break-even that lies beyond the price at which it is asked for, and `breakeven_at` that does nothing.
pub(super) fn break_even(ground: &Ground, course: &Course) -> Vec<String> {
    let mut told = Vec::new();
    for (event, price, at) in &course.waited {
        told.push(format!(
            "break-even {at} lies beyond the price at {event}, {price}: the stop cannot go there yet; it waits until the price has passed it"
        ));
    }
    let asked = ground.armed.breakeven_at;
    match (asked, course.break_even) {
        (Some(at), Some(Fate::Never)) => {
            told.push(format!("breakeven_at has no effect: everything is closed before {at}"));
        }
        (Some(at), Some(Fate::Useless(stop))) => {
            told.push(format!("breakeven_at has no effect: the stop is at {stop} before the price is at {at}"));
        }
        (_, Some(Fate::Moved) | None) | (None, Some(Fate::Never | Fate::Useless(_))) => {}
    }
    if let Some(at) = asked.filter(|at| ground.is_passed(*at)) {
        told.push(format!("breakeven_at {at} is passed at the entry {} already", ground.case.entry));
    }
    told
}
