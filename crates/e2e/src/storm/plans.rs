//! Plans from a seed: every exit of product.md §2 that a storm can reach, in ordinary and in unlucky proportions.

use super::draw::{between, one_of};
use backstop_model::plan::{
    BreakEven, Distance, ExitPlanSpec, Merge, OnInvalid, Rest, Slices, SoftStop, StopLadder, StopLoss, TakeProfit,
    TakeProfits, TargetOrder, TrailDistance, TrailedBy, TrailingStop, Tranches,
};
use backstop_model::{Name, Ratio, Span, TriggerSource};
use backstop_sim::dice::Dice;

/// A plan that is valid by the way it is made.
pub fn draw(dice: &mut Dice) -> ExitPlanSpec {
    let stop = between(dice, 60, 500);
    let trigger = one_of(dice, &[TriggerSource::Mark, TriggerSource::Last, TriggerSource::BidAsk]);
    let name = Name::new("storm").expect("a constant of this file is a name");
    let mut plan = ExitPlanSpec::new(name, StopLoss::new(Distance::Percent(basis_points(stop)), trigger));
    plan.rest = if dice.below(3) == 0 { Rest::Trail } else { Rest::Close };
    plan.take_profits = levels(dice, plan.rest);
    if plan.rest == Rest::Trail || dice.below(4) == 0 {
        plan.trailing = Some(trail(dice));
        plan.allow_loss = true;
    }
    plan.stop_ladder = ladder(dice);
    plan.breakeven = one_of(dice, &[BreakEven::Net, BreakEven::Plain]);
    plan.target_order =
        one_of(dice, &[TargetOrder::Limit, TargetOrder::Limit, TargetOrder::Market, TargetOrder::PostOnly]);
    plan.instant_take_profit = dice.below(4) > 0;
    extras(dice, &mut plan, stop);
    plan
}

/// So many hundredths of a percent.
fn basis_points(count: i64) -> Ratio {
    let count = u32::try_from(count).unwrap_or(1);
    let percent = format!("{}.{:02}", count / 100, count % 100);
    Ratio::percent(&percent).expect("two decimals are a percentage")
}

fn percent(whole: u32) -> Ratio {
    basis_points(i64::from(whole) * 100)
}

fn levels(dice: &mut Dice, rest: Rest) -> TakeProfits {
    let count = 1 + dice.below(4);
    let (mut at, mut left) = (0, 100);
    let mut levels = Vec::new();
    for number in 1..=count {
        at += between(dice, 20, 180);
        let is_last = number == count;
        let share = match (is_last, rest) {
            (true, Rest::Close) => left,
            (true, Rest::Trail) => left / 2,
            (false, _) => left * (20 + dice.below(50)) / 100,
        };
        left -= share;
        levels.push(TakeProfit::new(Distance::Percent(basis_points(at)), percent(share)));
    }
    let made = TakeProfits::new(levels, rest == Rest::Trail, OnInvalid::Refuse, None);
    made.expect("ascending levels whose shares fit are levels").0
}

fn trail(dice: &mut Dice) -> TrailingStop {
    let activation = (dice.below(3) > 0).then(|| Distance::Percent(basis_points(between(dice, 20, 300))));
    TrailingStop {
        activation,
        distance: TrailDistance::Percent(basis_points(between(dice, 3, 25) * 10)),
        by: one_of(dice, &[TrailedBy::Venue, TrailedBy::Amend, TrailedBy::Engine]),
        trigger: one_of(dice, &[TriggerSource::Last, TriggerSource::Last, TriggerSource::Mark]),
        trigger_is_usual: false,
        follow: false,
    }
}

fn ladder(dice: &mut Dice) -> StopLadder {
    match dice.below(6) {
        0 => StopLadder::None,
        1 => StopLadder::Breakeven,
        2 => StopLadder::TargetsBehind(2),
        3 => StopLadder::PercentBelowTrigger(basis_points(between(dice, 20, 150))),
        4 => StopLadder::PercentBelowHigh(basis_points(between(dice, 20, 150))),
        _ => StopLadder::PreviousTarget,
    }
}

fn extras(dice: &mut Dice, plan: &mut ExitPlanSpec, stop: i64) {
    match dice.below(10) {
        0 => plan.time_limit = Some(Span::from_secs(between(dice, 10, 60))),
        1 => plan.breakeven_at = Some(Distance::Percent(basis_points(between(dice, 20, 120)))),
        2 => {
            let at = Distance::Percent(basis_points(stop / 2));
            plan.soft_stop = Some(SoftStop { at, patience: Span::from_secs(between(dice, 1, 10)) });
        }
        3 => plan.slices = Slices { count: 3, max_notional: None },
        4 => plan.tranches = Tranches::PerFill,
        5 => plan.tranches = Tranches::NewWhenLoss { loss: basis_points(stop / 2), max: 3 },
        _ => {}
    }
    if dice.below(3) == 0 {
        plan.merge = Merge::Never;
    }
}
