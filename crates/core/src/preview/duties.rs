//! Who does what: the orders that rest at the venue and work without Backstop, and what Backstop does itself and so has
//! to run for.

use super::course::{Course, Fate};
use super::ground::Ground;
use crate::exits::ladder::{Level, LevelState};
use crate::exits::slices;
use crate::exits::take_profit::{self, can_rest};
use backstop_model::plan::{Merge, StopLadder, TargetOrder, TrailDistance, TrailedBy, Tranches, Weekend};
use backstop_model::{Distance, LimitTargets, OrderKind, Quantity, RestingTargets, SizedStops};

/// What rests at the venue.
pub(super) fn resting(ground: &Ground) -> Vec<String> {
    let (case, plan) = (ground.case, ground.case.plan);
    let over = if case.capability.whole_stop { "the whole position".to_owned() } else { case.quantity.to_string() };
    let word = plan.stop_loss.trigger.word();
    let mut told = vec![match (has_guarantee(ground), stop_orders(ground)) {
        (true, _) => format!("the stop: a guaranteed stop over {over}, which fills at its level whatever happens"),
        (false, Some((count, largest))) => format!(
            "the stop: {count} stop-market orders over {over} in all that watch the {word} price: the venue takes {largest} in one at most"
        ),
        (false, None) => format!("the stop: a stop-market order over {over} that watches the {word} price"),
    }];
    let kind = match plan.target_order {
        _ if case.capability.resting_targets == RestingTargets::Last => "limit that closes whatever is left",
        TargetOrder::Limit if case.capability.limit_targets == LimitTargets::Triggered => {
            "limit that only reduces, triggered at the target: until then it keeps nothing from the stop"
        }
        TargetOrder::Limit => "reduce-only limit",
        TargetOrder::Market => "reduce-only market, triggered at the target",
        TargetOrder::PostOnly => "reduce-only limit that only makes",
    };
    let (resting, _) = targets(ground);
    told.extend(names(&resting).map(|names| format!("{names}: {kind}")));
    if let (Some(Ok(runner)), Some(trailing)) = (&ground.native, plan.trailing) {
        let source = trailing.trigger.word();
        told.push(format!("the trail: the venue's own trailing order for {runner}, on the {source} price"));
    }
    told
}

/// How many orders the stop is made of, and the largest the venue takes, where one is not enough (F-G04).
fn stop_orders(ground: &Ground) -> Option<(usize, Quantity)> {
    let (case, at_market) = (ground.case, OrderKind::Market);
    let largest = case.instrument.largest_order(at_market).filter(|_| !case.capability.whole_stop)?;
    let smallest = case.smallest_exit(case.entry).ok()?;
    let count = slices::cut(case.quantity, Some(largest), smallest).len();
    (count > 1).then_some((count, largest))
}

/// Whether the plan has a guaranteed stop here.
fn has_guarantee(ground: &Ground) -> bool {
    let case = ground.case;
    let offered = case.capability.guaranteed_stops && case.instrument.guaranteed.is_some();
    case.plan.stop_loss.guaranteed.is_wanted() && offered
}

/// What Backstop does itself.
pub(super) fn watched(ground: &Ground, course: &Course) -> Vec<String> {
    let (case, plan) = (ground.case, ground.case.plan);
    let (_, own) = targets(ground);
    let mut told = Vec::new();
    told.extend(names(&own).map(|names| format!("{names}: watched, and closed when the price is there")));
    let only_move: Vec<&Level> = ground.levels.iter().filter(|level| moves(ground, level)).collect();
    told.extend(names(&only_move).map(|names| format!("{names}: watched, to move the stop")));
    if course.ladder_asked {
        let how = match (case.capability.amend_stop, case.capability.whole_stop) {
            (true, _) => "in place",
            (false, true) => "by placing the new one beside that for the whole position, which stays",
            (false, false) => "by placing the new one before the old is cancelled",
        };
        told.push(format!("the ladder: moves the stop when a level is completely filled, {how}"));
    }
    told.extend(course.trail.as_ref().and_then(|_| trail(ground)));
    if plan.instant_take_profit && ground.levels.iter().any(|level| !level.planned.is_zero()) {
        told.push("a target passed for 250 ms without a fill is taken over the live stop".to_owned());
    }
    let break_even = ground.armed.breakeven_at.filter(|_| course.break_even == Some(Fate::Moved));
    told.extend(break_even.map(|at| format!("from {at} on the stop goes to break-even")));
    if let (Some(at), Some(soft)) = (ground.armed.soft_stop, plan.soft_stop) {
        let patience = soft.patience.in_words();
        told.push(format!("the soft stop: everything is closed when the price has stood beyond {at} for {patience}"));
    }
    told.extend(parts(ground));
    told.extend(follows(ground));
    told.extend(tranches(ground));
    told.extend(plan.time_limit.map(|limit| format!("after {} what is left is closed at market", limit.in_words())));
    told.extend(ends(ground));
    told
}

/// What is done at the end of a day, of a session, of the week.
fn ends(ground: &Ground) -> Vec<String> {
    let (instrument, plan) = (ground.case.instrument, ground.case.plan);
    let hours = instrument.hours.as_ref();
    let by_hours = || hours.map(|hours| format!("its last session, {hours}"));
    let week = instrument.week_ends.as_ref().map(ToString::to_string).or_else(by_hours);
    let mut told = Vec::new();
    told.extend(week.and_then(|at| match plan.weekend {
        Weekend::Close => Some(format!("ten minutes before the week ends ({at}) what is left is closed at market")),
        Weekend::Guarantee => {
            Some(format!("ten minutes before the week ends ({at}) the stop becomes a guaranteed one"))
        }
        Weekend::Hold => None,
    }));
    if let Some(at) = &plan.close_at {
        let session =
            hours.map_or_else(String::new, |hours| format!(", and ten minutes before a session ends ({hours})"));
        told.push(format!("at {at}{session} what is left is closed at market"));
    }
    told
}

/// The levels whose orders rest, and those that Backstop takes itself because the venue has room for one.
fn targets<'a>(ground: &Ground<'a>) -> (Vec<&'a Level>, Vec<&'a Level>) {
    let (plan, capability) = (ground.case.plan, ground.case.capability);
    let closing = ground.levels.iter().filter(|level| !level.due().is_zero());
    closing.partition(|level| can_rest(level, ground.levels, plan, capability))
}

/// Whether a level that closes nothing has a stop or a trail to move.
fn moves(ground: &Ground, level: &Level) -> bool {
    let plan = ground.case.plan;
    let own = plan.take_profits.get(usize::from(level.number.saturating_sub(1)));
    let trails = own.is_some_and(|own| own.trail.is_some());
    level.state == LevelState::OnlyMoves && (trails || plan.stop_ladder != StopLadder::None)
}

fn names(levels: &[&Level]) -> Option<String> {
    let names: Vec<String> = levels.iter().map(|level| format!("TP{}", level.number)).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn trail(ground: &Ground) -> Option<String> {
    let trailing = ground.case.plan.trailing?;
    let (source, distance) = (trailing.trigger.word(), trailing.distance);
    let from = ground.armed.activation.filter(|at| !ground.is_passed(*at));
    let sooner = ground.case.plan.take_profits.iter().any(|level| level.trail.is_some());
    let sooner = if sooner { ", or from a level with a trail of its own," } else { "" };
    let from = from.map_or_else(|| "from the start".to_owned(), |at| format!("from {at} on{sooner}"));
    match ground.trailed_by()? {
        TrailedBy::Amend => {
            let why = match &ground.native {
                Some(Err(why)) => format!(" ({why})"),
                Some(Ok(_)) | None => String::new(),
            };
            Some(format!("the trail: {from} the resting stop is moved, {distance} behind the best {source} price{why}"))
        }
        TrailedBy::Engine => Some(format!(
            "the trail: {from} watched, {distance} behind the best {source} price, and closed at market; the hard stop rests"
        )),
        TrailedBy::Venue => None,
    }
}

/// Closing in parts, where it cuts anything at this quantity: because the plan says so, or because the venue takes no single
/// order so large.
fn parts(ground: &Ground) -> Option<String> {
    let (case, slices) = (ground.case, ground.case.plan.slices);
    let cut = |whole: Quantity, price, kind| {
        let sizes = case.sizes(price, case.instrument.largest_order(kind)).ok()?;
        slices::part(slices, whole, Quantity::ZERO, price, sizes).ok()
    };
    let of_level = |level: &Level| {
        let kind = take_profit::kind(level, case.plan);
        let part = cut(level.planned, level.price, kind).filter(|part| *part < level.planned)?;
        Some(format!("TP{} {part} at a time", level.number))
    };
    let mut told: Vec<String> =
        ground.levels.iter().filter(|level| !level.due().is_zero()).filter_map(of_level).collect();
    let market = cut(case.quantity, case.entry, OrderKind::Market).filter(|part| *part < case.quantity);
    let largest = case.instrument.largest_order(OrderKind::Market).filter(|largest| case.quantity > *largest);
    let which = if largest.is_some() { "market exits" } else { "market exits that have the time" };
    told.extend(market.map(|part| format!("{which} {part} at a time")));
    let stops = match (largest, stop_orders(ground)) {
        (None, _) => "stops are never cut",
        (Some(_), None) => "the stop is not cut",
        (Some(_), Some(_)) => "the parts of the stop rest all at once",
    };
    (!told.is_empty()).then(|| format!("closing in parts: {}; {stops}", told.join(", ")))
}

fn follows(ground: &Ground) -> Option<String> {
    let plan = ground.case.plan;
    let stop = plan.stop_loss.follow && matches!(plan.stop_loss.at, Distance::Atr(_));
    let trail =
        plan.trailing.is_some_and(|trailing| trailing.follow && matches!(trailing.distance, TrailDistance::Atr(_)));
    let what = match (stop, trail) {
        (true, true) => "stop and trail follow",
        (true, false) => "the stop follows",
        (false, true) => "the trail follows",
        (false, false) => return None,
    };
    Some(format!("{what} the average true range, only ever tighter"))
}

fn tranches(ground: &Ground) -> Option<String> {
    let merge = match ground.case.plan.merge {
        Merge::InProfit => "back in profit they become one",
        Merge::Never => "they stay apart",
    };
    let stops = match ground.case.capability.sized_stops {
        SizedStops::Absent => {
            "; of those that share one stop at the venue the outermost rests, the tighter ones are watched"
        }
        SizedStops::Beside => "",
        SizedStops::Shared => {
            "; while one has a stop of its own its targets are watched, and closed when the price is there"
        }
    };
    match ground.case.plan.tranches {
        Tranches::Off => None,
        Tranches::PerFill => Some(format!("every further entry gets levels and a stop of its own{stops}; {merge}")),
        Tranches::NewWhenLoss { loss, max } => {
            let loss = loss.in_percent();
            Some(format!(
                "a further entry while the newest loses more than {loss}% gets levels and a stop of its own, up to {max}{stops}; {merge}"
            ))
        }
    }
}
