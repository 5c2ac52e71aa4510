//! Where a life is lived, in the words of the scenario runner: its account, its market, its plan, and when it begins.

use crate::storm::life::Life;
use crate::storm::stage;
use backstop_model::plan::{
    BreakEven, ExitPlanSpec, Merge, Rest, StopLadder, TargetOrder, TrailDistance, TrailedBy, Tranches,
};
use backstop_model::{
    Account, Adopt, Instrument, LeastDistance, Money, PositionMode, Ratio, RestingTargets, SizedStops,
};

/// The first lines of a scenario, the plan last.
pub fn of(life: &Life) -> String {
    format!(
        "start {}\naccount {}\ninstrument {}\nanswers off\nplan {}\n",
        stage::start().as_millis(),
        account(&stage::account(life)),
        instrument(&stage::instrument(life)),
        plan(&life.plan)
    )
}

fn account(account: &Account) -> String {
    let able = &account.capability;
    let mode = match account.position_mode {
        PositionMode::Hedge => "hedge",
        PositionMode::OneWay => "one-way",
        PositionMode::PerDeal => "per-deal",
    };
    let adopts = match account.adopt {
        Adopt::HardStop => "hard-stop",
        Adopt::Plan => "plan",
        Adopt::Propose => "propose",
    };
    let flags = [
        (able.amend_stop, "amend"),
        (able.whole_stop && able.sized_stops != SizedStops::Absent, "whole-stop"),
        (able.sized_stops == SizedStops::Absent, "only-whole-stop"),
        (able.sized_stops == SizedStops::Shared, "shared"),
        (able.entry_stop, "entry-stop"),
        (able.guaranteed_stops, "guaranteed"),
        (!able.flagged_exits.is_every(), "flags-whole"),
        (able.resting_targets == RestingTargets::Last, "last-target"),
        (!able.reduce_only, "no-reduce-only"),
    ];
    let mut words = vec![format!("venue {} {mode} adopts {adopts}", account.venue)];
    words.extend(flags.into_iter().filter(|(is, _)| *is).map(|(_, word)| word.to_owned()));
    words.extend(able.only_trigger.map(|only| format!("watches {}", only.word())));
    words.push(format!("validity {}", able.request_validity.as_millis() / 1_000));
    words.extend(
        able.native_trailing
            .map(|native| format!("native {}%..{}%", native.smallest.in_percent(), native.largest.in_percent())),
    );
    words.extend(account.hard_stop.map(|stop| format!("stop {} stop-on {}", stop.at, stop.trigger.word())));
    words.join(" ")
}

/// The market's rules.
pub fn instrument(instrument: &Instrument) -> String {
    let mut words = vec![format!(
        "venue {} tick {} step {} min {}",
        instrument.venue, instrument.tick, instrument.step, instrument.min_quantity
    )];
    if instrument.min_notional != Money::ZERO {
        words.push(format!("notional {}", instrument.min_notional));
    }
    if instrument.min_notional_waived_for_exits {
        words.push("waived".to_owned());
    }
    if instrument.value_per_point != Ratio::ONE {
        words.push(format!("value {}", instrument.value_per_point));
    }
    words.extend(instrument.max_quantity.map(|most| format!("max {most}")));
    words.extend(instrument.least_distance.map(|least| format!("distance {}", in_a_word(least))));
    words.push(format!(
        "maker {}% taker {}% maintenance {}%",
        instrument.maker_fee.in_percent(),
        instrument.taker_fee.in_percent(),
        instrument.maintenance_margin.in_percent()
    ));
    words.join(" ")
}

/// `2` points of price, or `0.1%`.
fn in_a_word(least: LeastDistance) -> String {
    match least {
        LeastDistance::Points(points) => points.to_string(),
        LeastDistance::Share(share) => format!("{}%", share.in_percent()),
    }
}

pub fn plan(plan: &ExitPlanSpec) -> String {
    let mut parts =
        vec![format!("name {}", plan.name), format!("stop {} {}", plan.stop_loss.at, plan.stop_loss.trigger.word())];
    for level in plan.take_profits.iter() {
        parts.push(format!("tp {} close {}%", level.at, level.close.in_percent()));
    }
    if plan.rest == Rest::Trail {
        parts.push("rest trail".to_owned());
    }
    parts.extend(trail(plan));
    parts.push(format!("ladder {}", ladder(plan.stop_ladder)));
    parts.push(format!("breakeven {}", if plan.breakeven == BreakEven::Net { "net" } else { "plain" }));
    parts.push(format!(
        "orders {}",
        match plan.target_order {
            TargetOrder::Limit => "limit",
            TargetOrder::Market => "market",
            TargetOrder::PostOnly => "post_only",
        }
    ));
    parts.extend(extras(plan));
    parts.join("; ")
}

fn trail(plan: &ExitPlanSpec) -> Option<String> {
    let trail = plan.trailing?;
    let from = trail.activation.map_or_else(String::new, |at| format!("activation {at} "));
    let far = match trail.distance {
        TrailDistance::Atr(atr) => format!("{} atr", atr.multiple),
        TrailDistance::Percent(share) => format!("{}%", share.in_percent()),
        TrailDistance::Points(points) => format!("{points} pt"),
        TrailDistance::Risk(times) => format!("{times} R"),
    };
    let by = match trail.by {
        TrailedBy::Amend => "amend",
        TrailedBy::Engine => "engine",
        TrailedBy::Venue => "venue",
    };
    Some(format!("trail {from}distance {far} by {by} on {}", trail.trigger.word()))
}

fn ladder(ladder: StopLadder) -> String {
    match ladder {
        StopLadder::Breakeven => "breakeven".to_owned(),
        StopLadder::None => "none".to_owned(),
        StopLadder::PercentBelowHigh(share) => format!("percent_below_high {}%", share.in_percent()),
        StopLadder::PercentBelowTrigger(share) => format!("percent_below_trigger {}%", share.in_percent()),
        StopLadder::PreviousTarget => "previous_target".to_owned(),
        StopLadder::TargetsBehind(count) => format!("targets_behind {count}"),
    }
}

fn extras(plan: &ExitPlanSpec) -> Vec<String> {
    let seconds = |span: backstop_model::Span| span.as_millis() / 1_000;
    let mut parts = Vec::new();
    let flags = [
        (plan.instant_take_profit, "instant"),
        (plan.allow_loss, "allow-loss"),
        (plan.merge == Merge::Never, "merge never"),
        (!plan.fallback_to_single, "no-fallback"),
    ];
    parts.extend(flags.into_iter().filter(|(is, _)| *is).map(|(_, word)| word.to_owned()));
    parts.extend(plan.time_limit.map(|limit| format!("time-limit {}s", seconds(limit))));
    parts.extend(plan.breakeven_at.map(|at| format!("breakeven-at {at}")));
    parts.extend(plan.soft_stop.map(|soft| format!("soft {} for {}s", soft.at, seconds(soft.patience))));
    if plan.slices.count > 1 {
        parts.push(format!("slices {}", plan.slices.count));
    }
    match plan.tranches {
        Tranches::NewWhenLoss { loss, max } => {
            parts.push(format!("tranches loss {}% max {max}", loss.in_percent()));
        }
        Tranches::Off => {}
        Tranches::PerFill => parts.push("tranches per-fill".to_owned()),
    }
    parts
}
