//! A plan in a trader's words: a line for every key that is set or matters. Numbers for one entry are `numbers`'.

use backstop_model::plan::{
    BreakEven, ExitPlan, Guaranteed, Merge, Rest, StopLadder, TakeProfit, TargetOrder, TrailDistance, TrailedBy,
    TrailingStop, Tranches, Weekend,
};
use backstop_model::{Distance, Ratio};

/// Every key that is set, in the order of a plan.
#[must_use]
pub fn in_words(plan: &ExitPlan) -> Vec<String> {
    let mut lines = stop(plan);
    lines.extend((1..).zip(plan.take_profits.iter()).map(|(number, level)| target(number, level)));
    lines.extend(rest(plan));
    lines.extend(plan.trailing.map(|trailing| trail(&trailing, plan.allow_loss)));
    lines.push(ladder(plan.stop_ladder));
    lines.extend(break_even(plan));
    lines.extend(orders(plan));
    lines.extend(tranches(plan));
    lines.extend(plan.time_limit.map(|limit| format!("closes after {}", limit.in_words())));
    match plan.weekend {
        Weekend::Close => lines.push("closes ten minutes before the week's last session ends".to_owned()),
        Weekend::Guarantee => {
            lines.push("the stop becomes a guaranteed one ten minutes before the week's last session ends".to_owned());
        }
        Weekend::Hold => {}
    }
    lines.extend(plan.close_at.as_ref().map(|at| format!("closes every day at {at}")));
    lines
}

fn stop(plan: &ExitPlan) -> Vec<String> {
    let stop = plan.stop_loss;
    let mut lines = vec![format!("stop {}, watched on {}", from_entry(stop.at), stop.trigger.word())];
    if let Some(share) = stop.until_warm {
        lines.push(match stop.at {
            Distance::Atr(_) => {
                format!(
                    "until enough bars are known the stop is {share} from entry, other distances in atr in proportion"
                )
            }
            Distance::At(_) | Distance::Margin(_) | Distance::Percent(_) | Distance::Points(_) | Distance::Risk(_) => {
                format!("until enough bars are known distances in atr are {share}")
            }
        });
    }
    match stop.guaranteed {
        Guaranteed::Never => {}
        Guaranteed::Prefer => {
            lines.push("the stop is a guaranteed one where it can be had, else an ordinary one".to_owned())
        }
        Guaranteed::Require => {
            lines.push("the stop is a guaranteed one; where there is none the plan is refused".to_owned())
        }
    }
    if stop.follow && matches!(stop.at, Distance::Atr(_)) {
        lines.push("the stop follows the average true range and only tightens".to_owned());
    }
    if let Some(soft) = plan.soft_stop {
        let (at, patience) = (from_entry(soft.at), soft.patience.in_words());
        lines.push(format!("soft stop {at}: closes when the price has stood beyond it for {patience}"));
    }
    lines
}

fn target(number: usize, level: &TakeProfit) -> String {
    let share = match level.close {
        Ratio::ZERO => "closes nothing and only moves the stop".to_owned(),
        share => format!("closes {}%", share.in_percent()),
    };
    let trail = level.trail.map_or_else(String::new, |trail| format!("; from there the trail stays {trail} behind"));
    format!("TP{number} {} {share}{trail}", at_or_from(level.at))
}

fn rest(plan: &ExitPlan) -> Option<String> {
    match plan.rest {
        Rest::Trail if plan.take_profits.is_empty() => Some("everything is trailed".to_owned()),
        Rest::Trail => Some("what the levels leave over is trailed".to_owned()),
        Rest::Close => None,
    }
}

fn trail(trailing: &TrailingStop, may_lose: bool) -> String {
    let from = trailing.activation.map_or_else(|| "from the start".to_owned(), |at| format!("from {} on", bare(at)));
    let by = match trailing.by {
        TrailedBy::Amend => "Backstop moves the resting stop",
        TrailedBy::Engine => "Backstop watches and closes at market",
        TrailedBy::Venue => "the venue's own trailing order",
    };
    let follows = trailing.follow && matches!(trailing.distance, TrailDistance::Atr(_));
    let follows = if follows { ", nearer when the average true range falls" } else { "" };
    let loss = if may_lose { "; a loss is allowed" } else { "" };
    let (distance, source) = (trailing.distance, trailing.trigger.word());
    format!("trail {from}, {distance} behind the best {source} price{follows}: {by}{loss}")
}

fn ladder(ladder: StopLadder) -> String {
    match ladder {
        StopLadder::None => "no level moves the stop".to_owned(),
        StopLadder::Breakeven => "the first level moves the stop to break-even".to_owned(),
        StopLadder::PreviousTarget => {
            "each level moves the stop to the target before, the first to break-even".to_owned()
        }
        StopLadder::TargetsBehind(count) => format!("each level moves the stop to the target {count} before"),
        StopLadder::PercentBelowTrigger(share) => {
            format!("each level moves the stop to {}% behind its price", share.in_percent())
        }
        StopLadder::PercentBelowHigh(share) => {
            format!("each level moves the stop to {}% behind the best price", share.in_percent())
        }
    }
}

fn break_even(plan: &ExitPlan) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(at) = plan.breakeven_at {
        lines.push(format!("from {} on the stop is at break-even", bare(at)));
    }
    let is_asked = plan.breakeven_at.is_some() || plan.stop_ladder != StopLadder::None;
    match plan.breakeven {
        BreakEven::Plain => lines.push("break-even is the entry, costs not counted".to_owned()),
        BreakEven::Net if is_asked => lines.push("break-even covers all costs and one tick".to_owned()),
        BreakEven::Net => {}
    }
    lines
}

fn orders(plan: &ExitPlan) -> Vec<String> {
    let mut lines = Vec::new();
    match plan.target_order {
        TargetOrder::Limit => {}
        TargetOrder::Market => lines.push("targets are market orders triggered at their price".to_owned()),
        TargetOrder::PostOnly => lines.push("targets are limit orders that only make".to_owned()),
    }
    if !plan.instant_take_profit {
        lines.push("a target that is passed without a fill is left resting".to_owned());
    }
    match (plan.fallback_to_single, plan.single_take_profit) {
        (false, _) => lines.push("levels that are all too small are not replaced by one target".to_owned()),
        (true, Some(at)) => {
            lines.push(format!("when every level is too small: one target for everything, {}", at_or_from(at)));
        }
        (true, None) => {}
    }
    if plan.slices.count > 1 {
        lines.push(format!("levels and market exits are closed in {} parts; stops never are", plan.slices.count));
    }
    if let Some(most) = plan.slices.max_notional {
        lines.push(format!("no part of a level or market exit is worth more than {most}"));
    }
    lines
}

fn tranches(plan: &ExitPlan) -> Vec<String> {
    let mut lines = match plan.tranches {
        Tranches::Off => Vec::new(),
        Tranches::PerFill => vec!["every further entry is a tranche with its own exits".to_owned()],
        Tranches::NewWhenLoss { loss, max } => vec![format!(
            "a further entry is a tranche of its own while the newest loses more than {}%, up to {max} at once",
            loss.in_percent()
        )],
    };
    match plan.merge {
        Merge::Never => lines.push("tranches stay apart".to_owned()),
        Merge::InProfit if !lines.is_empty() => lines.push("tranches back in profit become one".to_owned()),
        Merge::InProfit => {}
    }
    lines
}

/// A distance from the entry, or a price.
fn from_entry(at: Distance) -> String {
    match at {
        Distance::At(price) => format!("at {price}"),
        Distance::Atr(_) | Distance::Margin(_) | Distance::Percent(_) | Distance::Points(_) | Distance::Risk(_) => {
            format!("{at} from entry")
        }
    }
}

/// The same, as a place of a level.
fn at_or_from(at: Distance) -> String {
    format!("at {}", bare(at))
}

fn bare(at: Distance) -> String {
    match at {
        Distance::At(price) => price.to_string(),
        Distance::Atr(_) | Distance::Margin(_) | Distance::Percent(_) | Distance::Points(_) | Distance::Risk(_) => {
            at.to_string()
        }
    }
}
