//! Keys of a plan that have no effect for this entry: what somebody wrote and believes in.

use super::super::course::Course;
use super::super::ground::Ground;
use crate::exits::slices;
use backstop_model::plan::{Merge, StopLadder, TargetOrder, Tranches, Weekend};
use backstop_model::{Money, Price, Quantity};

/// Each of them by its name.
pub(super) fn warnings(ground: &Ground, course: &Course) -> Vec<String> {
    let mut told = Vec::new();
    let mut note = |is_unused: bool, text: &str| {
        if is_unused {
            told.push(text.to_owned());
        }
    };
    let plan = ground.case.plan;
    let no_levels = plan.take_profits.is_empty();
    let offered = ground.case.capability.guaranteed_stops && ground.case.instrument.guaranteed.is_some();
    let text = "guaranteed has no effect: no guaranteed stop can be had here, the stop is an ordinary one";
    note(plan.stop_loss.guaranteed.is_wanted() && !offered, text);
    let shuts = ground.case.instrument.week_ends.is_some() || ground.case.instrument.hours.is_some();
    let text = "weekend has no effect: the instrument does not say when its week ends (`week_ends`, `hours`)";
    note(plan.weekend != Weekend::Hold && !shuts, text);
    let text = "weekend has no effect: no guaranteed stop can be had here, the ordinary one stays";
    note(plan.weekend == Weekend::Guarantee && shuts && !offered, text);
    note(no_levels && plan.target_order != TargetOrder::Limit, "target_order has no effect: there are no take_profits");
    let single = plan.single_take_profit.is_some();
    note(single && no_levels, "single_take_profit has no effect: there are no take_profits");
    note(
        single && !no_levels && !plan.fallback_to_single,
        "single_take_profit has no effect: fallback_to_single is false",
    );
    note(plan.allow_loss && plan.trailing.is_none(), "allow_loss has no effect: there is no trailing");
    note(plan.merge == Merge::Never && plan.tranches == Tranches::Off, "merge has no effect: tranches is off");
    note(
        matches!(plan.tranches, Tranches::NewWhenLoss { max: 1, .. }),
        "tranches has no effect: with max 1 every further entry joins",
    );
    note(cuts_nothing(ground), "close_slices has no effect at this quantity: a part would be below the smallest order");
    told.extend(largest_part(ground));
    told.extend(waiver(ground));
    told.extend(ladder(ground, course));
    told
}

/// A part is to be worth less than the smallest order.
fn largest_part(ground: &Ground) -> Option<String> {
    let case = ground.case;
    let most = case.plan.slices.max_notional?;
    let smallest = case.smallest_exit(case.entry).ok()?;
    let worth = case.instrument.worth(case.entry, smallest).ok().filter(|worth| *worth > most)?;
    let text =
        format!("max_slice_notional {most} cannot be kept: the smallest order, {smallest}, is worth {worth} here");
    Some(text)
}

/// The instrument says that the smallest notional is waived for exits, and in this account it is not.
fn waiver(ground: &Ground) -> Option<String> {
    let (instrument, least) = (ground.case.instrument, ground.case.instrument.min_notional);
    let is_lost = instrument.min_notional_waived_for_exits && !ground.case.capability.flagged_exits.is_every();
    (is_lost && least > Money::ZERO).then(|| format!(
        "min_notional_waived has no effect: in this position mode no exit can be marked reduce-only, and the venue wants {least} of each but the stop for the whole position"
    ))
}

fn ladder(ground: &Ground, course: &Course) -> Option<String> {
    let plan = ground.case.plan;
    if plan.stop_ladder == StopLadder::None || course.ladder_moved {
        return None;
    }
    if course.ladder_asked {
        let text = "stop_ladder never moves the stop: it stands nearer than every place the levels ask for";
        return Some(text.to_owned());
    }
    let count = plan.take_profits.len();
    Some(match plan.stop_ladder {
        _ if count == 0 => "stop_ladder has no effect: there are no take_profits".to_owned(),
        StopLadder::TargetsBehind(behind) if usize::from(behind) > count => {
            format!("stop_ladder never moves the stop: no level has {behind} targets behind it")
        }
        StopLadder::Breakeven
        | StopLadder::None
        | StopLadder::PercentBelowHigh(_)
        | StopLadder::PercentBelowTrigger(_)
        | StopLadder::PreviousTarget
        | StopLadder::TargetsBehind(_) => "stop_ladder never moves the stop: nothing is left when it would".to_owned(),
    })
}

/// Closing in parts was asked for, and neither a level nor the whole is cut.
fn cuts_nothing(ground: &Ground) -> bool {
    let case = ground.case;
    let is_whole = |whole: Quantity, price: Price| {
        let sizes = case.sizes(price, None);
        let part = sizes.and_then(|sizes| slices::part(case.plan.slices, whole, Quantity::ZERO, price, sizes));
        part.is_ok_and(|part| part >= whole)
    };
    let whole_levels = ground.levels.iter().all(|level| is_whole(level.planned, level.price));
    case.plan.slices.count > 1 && whole_levels && is_whole(case.quantity, case.entry)
}
