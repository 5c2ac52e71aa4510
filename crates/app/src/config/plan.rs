//! A written plan becomes an exit plan. The model checks that the parts fit; here every complaint finds its place.

use super::amounts::{self, any_percent, percent};
use super::distance::{distance, is_largest, trail};
use super::located::{Located, Place};
use super::problem::Problem;
use super::times;
use super::wire;
use backstop_model::plan::{
    BadPlan, BreakEven, Guaranteed, Merge, OnInvalid, Rest, Slices, SoftStop, StopLadder, StopLoss, TakeProfit,
    TakeProfits, TargetOrder, TrailDistance, TrailedBy, TrailingStop, Tranches, Weekend,
};
use backstop_model::{Distance, ExitPlan, ExitPlanSpec, Ratio, TriggerSource};

/// The plan, and what the owner is told about it.
pub(super) fn plan(name: &Located<String>, written: &wire::Plan) -> Result<(ExitPlan, Vec<String>), Problem> {
    let mut told = Vec::new();
    let places = Places::of(name.at, written);
    let stop_loss = stop_loss(name, written)?;
    let levels = levels(written)?;
    let trailing = written.trailing.as_ref().map(|trailing| trailing_stop(trailing, &mut told)).transpose()?;
    let rest = rest(written, levels.is_empty());
    let single = written.single_take_profit.as_ref().map(|at| distance(at, "single_take_profit")).transpose()?;
    let on_invalid = match value(&written.on_invalid) {
        Some(wire::OnInvalid::Fallback) => OnInvalid::Fallback,
        Some(wire::OnInvalid::Refuse) | None => OnInvalid::Refuse,
    };
    let (take_profits, normalised) =
        TakeProfits::new(levels, rest == Rest::Trail, on_invalid, single).map_err(|wrong| places.problem(&wrong))?;
    told.extend(normalised);
    let spec = ExitPlanSpec {
        take_profits,
        rest,
        trailing,
        trail_is_largest: written
            .trailing
            .iter()
            .any(|written| written.value.distance.as_ref().is_some_and(is_largest)),
        stop_ladder: stop_ladder(written)?,
        breakeven: break_even(written),
        target_order: target_order(written),
        instant_take_profit: value(&written.instant_take_profit).unwrap_or(true),
        fallback_to_single: value(&written.fallback_to_single).unwrap_or(true),
        single_take_profit: single,
        breakeven_at: written.breakeven_at.as_ref().map(|at| distance(at, "breakeven_at")).transpose()?,
        soft_stop: written.soft_stop.as_ref().map(soft_stop).transpose()?,
        slices: slices(written)?,
        tranches: written.tranches.as_ref().map(tranches).transpose()?.unwrap_or_default(),
        merge: match value(&written.merge) {
            Some(wire::Merge::Never) => Merge::Never,
            Some(wire::Merge::InProfit) | None => Merge::InProfit,
        },
        time_limit: written.time_limit.as_ref().map(times::length).transpose()?,
        close_at: written.close_at.as_ref().map(times::close_at).transpose()?,
        weekend: match value(&written.weekend) {
            Some(wire::Weekend::Close) => Weekend::Close,
            Some(wire::Weekend::Guarantee) => Weekend::Guarantee,
            Some(wire::Weekend::Hold) | None => Weekend::Hold,
        },
        allow_loss: value(&written.allow_loss).unwrap_or(false),
        ..ExitPlanSpec::new(amounts::name(name, "a plan")?, stop_loss)
    };
    told.extend(without_effect(&spec));
    let plan = ExitPlan::try_from(spec).map_err(|wrong| places.problem(&wrong))?;
    Ok((plan, told))
}

fn stop_loss(name: &Located<String>, written: &wire::Plan) -> Result<StopLoss, Problem> {
    let help = "add `stop_loss: { at: 2% }`: every plan has a stop";
    let Some(stop) = &written.stop_loss else {
        return Err(Problem::new(name.at, format!("plan `{}` has no stop_loss", name.value), help));
    };
    let until_warm = match &written.until_warm {
        Some(share) => Some(Distance::Percent(any_percent(share, "until_warm")?)),
        None => None,
    };
    Ok(StopLoss { until_warm, ..stop_at(stop, "stop_loss", help)? })
}

/// A stop under the key `name`.
pub(super) fn stop_at(written: &Located<wire::StopLoss>, name: &str, help: &str) -> Result<StopLoss, Problem> {
    let stop = &written.value;
    let Some(at) = &stop.at else {
        return Err(Problem::new(written.at, format!("{name} does not say where"), help));
    };
    let named = value(&stop.trigger).map(trigger);
    let guaranteed = match value(&stop.guaranteed) {
        Some(wire::Guaranteed::Prefer) => Guaranteed::Prefer,
        Some(wire::Guaranteed::Require) => Guaranteed::Require,
        Some(wire::Guaranteed::Never) | None => Guaranteed::Never,
    };
    Ok(StopLoss {
        follow: value(&stop.follow).unwrap_or(false),
        guaranteed,
        trigger_is_usual: named.is_none(),
        ..StopLoss::new(distance(at, name)?, named.unwrap_or(TriggerSource::Mark))
    })
}

fn levels(written: &wire::Plan) -> Result<Vec<TakeProfit>, Problem> {
    let Some(levels) = &written.take_profits else { return Ok(Vec::new()) };
    let read = |level: &Located<wire::TakeProfit>| {
        let help = "write a level like `{ at: 3%, close: 40% }`";
        let Some(at) = &level.value.at else {
            return Err(Problem::new(level.at, "this level does not say where it lies", help));
        };
        let Some(close) = &level.value.close else {
            return Err(Problem::new(level.at, "this level does not say how much it closes", help));
        };
        let (at, close) = (distance(at, "take_profits")?, percent(close, "the share to close", 0, 100)?);
        Ok(TakeProfit { at, close, trail: level.value.trail.as_ref().map(trail).transpose()? })
    };
    levels.value.iter().map(read).collect()
}

/// Without levels a trail has everything; else the last level closes the rest unless it is said to be trailed.
fn rest(written: &wire::Plan, no_levels: bool) -> Rest {
    match value(&written.rest) {
        Some(wire::Rest::Trail) => Rest::Trail,
        Some(wire::Rest::Close) => Rest::Close,
        None if no_levels && written.trailing.is_some() => Rest::Trail,
        None => Rest::Close,
    }
}

fn trailing_stop(written: &Located<wire::Trailing>, told: &mut Vec<String>) -> Result<TrailingStop, Problem> {
    let trailing = &written.value;
    let Some(behind) = &trailing.distance else {
        let help = "add a distance: `trailing: { activation: 5%, distance: 2% }`";
        return Err(Problem::new(written.at, "trailing does not say how far behind the best price", help));
    };
    let distance_behind = trail(behind)?;
    let activation = trailing.activation.as_ref().map(|at| distance(at, "activation")).transpose()?;
    let native = matches!(distance_behind, TrailDistance::Percent(_));
    let by = match value(&trailing.by) {
        Some(wire::TrailedBy::Amend) => TrailedBy::Amend,
        Some(wire::TrailedBy::Engine) => TrailedBy::Engine,
        Some(wire::TrailedBy::Venue) if !native => {
            told.push(format!("no venue trails by `{distance_behind}`: the stop is amended instead (`by: amend`)"));
            TrailedBy::Amend
        }
        None if !native => TrailedBy::Amend,
        Some(wire::TrailedBy::Venue) | None => TrailedBy::Venue,
    };
    let named = value(&trailing.trigger).map(trigger);
    Ok(TrailingStop {
        activation,
        distance: distance_behind,
        by,
        trigger: named.unwrap_or(TriggerSource::Last),
        trigger_is_usual: named.is_none(),
        follow: value(&trailing.follow).unwrap_or(false),
    })
}

fn stop_ladder(written: &wire::Plan) -> Result<StopLadder, Problem> {
    let Some(ladder) = &written.stop_ladder else { return Ok(StopLadder::None) };
    let share = |written: &Located<wire::Percent>| {
        let share = percent(written, "the percentage below", 0, 99)?;
        if share > Ratio::ZERO {
            return Ok(share);
        }
        Err(Problem::new(written.at, "a percentage below is greater than zero", "write it like `1%`"))
    };
    Ok(match &ladder.value {
        wire::StopLadder::Breakeven => StopLadder::Breakeven,
        wire::StopLadder::None => StopLadder::None,
        wire::StopLadder::PercentBelowHigh(below) => StopLadder::PercentBelowHigh(share(below)?),
        wire::StopLadder::PercentBelowTrigger(below) => StopLadder::PercentBelowTrigger(share(below)?),
        wire::StopLadder::PreviousTarget => StopLadder::PreviousTarget,
        wire::StopLadder::TargetsBehind(count) => {
            StopLadder::TargetsBehind(amounts::count(count, "number of targets")?)
        }
    })
}

fn break_even(written: &wire::Plan) -> BreakEven {
    match value(&written.breakeven) {
        Some(wire::BreakEven::Plain) => BreakEven::Plain,
        Some(wire::BreakEven::Net) | None => BreakEven::Net,
    }
}

fn target_order(written: &wire::Plan) -> TargetOrder {
    match value(&written.target_order) {
        Some(wire::TargetOrder::Market) => TargetOrder::Market,
        Some(wire::TargetOrder::PostOnly) => TargetOrder::PostOnly,
        Some(wire::TargetOrder::Limit) | None => TargetOrder::Limit,
    }
}

fn soft_stop(written: &Located<wire::SoftStop>) -> Result<SoftStop, Problem> {
    let help = "write it like `soft_stop: { at: 1%, patience: 30s }`";
    let (Some(at), Some(patience)) = (&written.value.at, &written.value.patience) else {
        return Err(Problem::new(
            written.at,
            "soft_stop needs to say where, and how long the price may stand beyond it",
            help,
        ));
    };
    Ok(SoftStop { at: distance(at, "soft_stop")?, patience: times::length(patience)? })
}

fn slices(written: &wire::Plan) -> Result<Slices, Problem> {
    let count = written.close_slices.as_ref().map(|count| amounts::count(count, "number of parts")).transpose()?;
    let most =
        written.max_slice_notional.as_ref().map(|most| amounts::limit(most, "max_slice_notional")).transpose()?;
    Ok(Slices { count: count.unwrap_or(1), max_notional: most })
}

fn tranches(written: &Located<wire::Tranches>) -> Result<Tranches, Problem> {
    let help = "write `off`, `per_fill`, or `{ new_when_loss: 5%, max: 5 }`";
    match &written.value {
        wire::Tranches::Off => Ok(Tranches::Off),
        wire::Tranches::PerFill => Ok(Tranches::PerFill),
        wire::Tranches::NewWhenLoss(rule) => {
            let Some(loss) = &rule.new_when_loss else {
                return Err(Problem::new(written.at, "tranches does not say at which loss a new one is opened", help));
            };
            let max = rule.max.as_ref().map(|max| amounts::count(max, "number of tranches")).transpose()?;
            Ok(Tranches::NewWhenLoss { loss: percent(loss, "the loss", 0, 100)?, max: max.unwrap_or(5) })
        }
    }
}

/// Keys that only matter for `atr` distances, where there are none.
fn without_effect(plan: &ExitPlanSpec) -> Vec<String> {
    let mut told = Vec::new();
    let in_atr = plan.atrs().next().is_some();
    if plan.stop_loss.until_warm.is_some() && !in_atr {
        told.push("until_warm has no effect: no distance of this plan is in atr".to_owned());
    }
    let trail = plan.trailing.filter(|trailing| trailing.follow).map(|trailing| trailing.distance);
    if trail.is_some_and(|distance| !matches!(distance, TrailDistance::Atr(_))) {
        told.push("follow has no effect: the trail's distance is not in atr".to_owned());
    }
    if plan.stop_loss.follow && !matches!(plan.stop_loss.at, Distance::Atr(_)) {
        told.push("follow has no effect: the stop's distance is not in atr".to_owned());
    }
    if in_atr && plan.stop_loss.until_warm.is_none() {
        told.push(
            "distances in atr need bars first: without `until_warm` a hard stop stands in until there are enough"
                .to_owned(),
        );
    }
    told
}

fn trigger(written: wire::Trigger) -> TriggerSource {
    match written {
        wire::Trigger::BidAsk => TriggerSource::BidAsk,
        wire::Trigger::Last => TriggerSource::Last,
        wire::Trigger::Mark => TriggerSource::Mark,
    }
}

fn value<T: Copy>(written: &Option<Located<T>>) -> Option<T> {
    written.as_ref().map(|written| written.value)
}

/// Where the parts of a plan stand, for what only the whole plan can say.
struct Places {
    name: Place,
    stop: Option<Place>,
    levels: Vec<(Option<Place>, Option<Place>)>,
    rest: Option<Place>,
    single: Option<Place>,
    activation: Option<Place>,
    behind: Option<Place>,
    soft: Option<Place>,
    break_even_at: Option<Place>,
    until_warm: Option<Place>,
    ladder: Option<Place>,
    slices: Option<Place>,
    tranches: Option<Place>,
}

impl Places {
    fn of(name: Place, written: &wire::Plan) -> Self {
        let at = |written: &Option<Located<wire::Distance>>| written.as_ref().map(|written| written.at);
        let levels = written.take_profits.iter().flat_map(|levels| &levels.value);
        let trailing = written.trailing.as_ref().map(|trailing| &trailing.value);
        Self {
            name,
            stop: written.stop_loss.as_ref().and_then(|stop| at(&stop.value.at)),
            levels: levels.map(|l| (at(&l.value.at), l.value.close.as_ref().map(|close| close.at))).collect(),
            rest: written.rest.as_ref().map(|rest| rest.at),
            single: at(&written.single_take_profit),
            activation: trailing.and_then(|trailing| at(&trailing.activation)),
            behind: trailing.and_then(|trailing| at(&trailing.distance)),
            break_even_at: at(&written.breakeven_at),
            until_warm: written.until_warm.as_ref().map(|share| share.at),
            soft: written.soft_stop.as_ref().map(|soft| soft.at),
            ladder: written.stop_ladder.as_ref().map(|ladder| ladder.at),
            slices: written.close_slices.as_ref().map(|slices| slices.at),
            tranches: written.tranches.as_ref().map(|tranches| tranches.at),
        }
    }

    /// The model's complaint at the part it is about.
    fn problem(&self, wrong: &BadPlan) -> Problem {
        let last_close = self.levels.last().and_then(|(_, close)| *close);
        let (place, help) = match wrong {
            BadPlan::NotPositive { what, .. } => (self.named(what), "write a distance greater than zero"),
            BadPlan::StopInR(_) => (self.stop, "write the stop in %, % margin or pt"),
            BadPlan::StopTooFar(_) => (self.stop, "write a stop below 100%, for example `2%`"),
            BadPlan::NotAscending { level, .. } => (
                self.levels.get(level.saturating_sub(1)).and_then(|(at, _)| *at),
                "sort the levels, nearest first; `on_invalid: fallback` would use a single take profit instead",
            ),
            BadPlan::Shares { .. } => (last_close, "change the shares; `on_invalid: fallback` would normalise them"),
            BadPlan::NothingToTrailWith => (self.rest, "add `trailing: { activation: 5%, distance: 2% }`"),
            BadPlan::NoWayOut => (None, "add `take_profits: [{ at: 3%, close: 100% }]`, or trail"),
            BadPlan::TrancheCount(_) | BadPlan::TrancheBeyondStop { .. } => {
                (self.tranches, "write it like `{ new_when_loss: 1%, max: 3 }`")
            }
            BadPlan::LevelWithoutTrail(level) => (
                self.levels.get(level.saturating_sub(1)).and_then(|(at, _)| *at),
                "add `trailing: { activation: 5%, distance: 2% }`, or take `trail` away",
            ),
            BadPlan::LadderShare(_) | BadPlan::LadderOnTarget => {
                (self.ladder, "write it like `{ percent_below_trigger: 1% }` or `{ targets_behind: 1 }`")
            }
            BadPlan::SliceCount(_) => (self.slices, "write a number from 1 to 100"),
            BadPlan::SoftStopBeyond { .. } => (self.soft, "write `soft_stop` nearer than `stop_loss`"),
            BadPlan::TrailCanLose { .. } => {
                (self.behind, "the trail may close no lower than the entry unless the plan says `allow_loss: true`")
            }
        };
        Problem::new(place.unwrap_or(self.name), wrong.to_string(), help)
    }

    fn named(&self, what: &str) -> Option<Place> {
        match what {
            "stop_loss" => self.stop,
            "single_take_profit" => self.single,
            "activation" => self.activation,
            "trailing distance" => self.behind,
            "soft_stop" => self.soft,
            "breakeven_at" => self.break_even_at,
            "until_warm" => self.until_warm,
            "tranches" => self.tranches,
            _ => self.levels.first().and_then(|(at, _)| *at),
        }
    }
}
