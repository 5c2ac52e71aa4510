//! What makes a plan, and what the owner is told when it does not.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use crate::Price;

fn percent(text: &str) -> Distance {
    Distance::Percent(Ratio::percent(text).unwrap())
}

fn levels(list: &[(&str, &str)]) -> Vec<TakeProfit> {
    list.iter().map(|(at, close)| TakeProfit::new(percent(at), Ratio::percent(close).unwrap())).collect()
}

fn spec(list: &[(&str, &str)], rest: Rest) -> ExitPlanSpec {
    let (take_profits, _) = TakeProfits::new(levels(list), rest == Rest::Trail, OnInvalid::Refuse, None).unwrap();
    ExitPlanSpec {
        take_profits,
        rest,
        stop_ladder: StopLadder::PreviousTarget,
        breakeven: BreakEven::Plain,
        ..ExitPlanSpec::new(Name::new("plan").unwrap(), StopLoss::new(percent("2"), TriggerSource::Mark))
    }
}

#[test]
fn shares_that_are_meant_to_be_a_whole_are_made_one_and_it_is_said() {
    let (made, told) =
        TakeProfits::new(levels(&[("3", "33.2"), ("5", "33.2"), ("8", "33.2")]), false, OnInvalid::Refuse, None)
            .unwrap();
    assert_eq!(told, ["Scaled TP percentages normalized from 99.6% to 100%"]);
    assert_eq!(made.sum(), Ok(Ratio::ONE));
}

#[test]
fn thirty_three_three_times_is_meant_to_be_a_whole() {
    let (made, told) =
        TakeProfits::new(levels(&[("3", "33"), ("5", "33"), ("8", "33")]), false, OnInvalid::Refuse, None).unwrap();
    assert_eq!(told, ["Scaled TP percentages normalized from 99% to 100%"]);
    assert_eq!(made.sum(), Ok(Ratio::ONE));
}

#[test]
fn a_sum_further_off_than_that_is_refused() {
    for shares in [["33", "33", "32.9"], ["34", "34", "32.6"]] {
        let list: Vec<_> = ["3", "5", "8"].into_iter().zip(shares).collect();
        let wrong = TakeProfits::new(levels(&list), false, OnInvalid::Refuse, None);
        assert!(matches!(wrong, Err(BadPlan::Shares { .. })), "{shares:?}");
    }
}

#[test]
fn shares_far_off_are_refused_or_normalised_on_request() {
    let far = || levels(&[("3", "60"), ("5", "60")]);
    let refused = TakeProfits::new(far(), false, OnInvalid::Refuse, None).unwrap_err();
    assert!(refused.to_string().contains("120 % in all"), "{refused}");
    let (made, told) = TakeProfits::new(far(), false, OnInvalid::Fallback, None).unwrap();
    assert_eq!(told, ["Scaled TP percentages normalized from 120% to 100%"]);
    assert_eq!(made[0].close, Ratio::percent("50").unwrap());
}

#[test]
fn levels_out_of_order_are_refused_or_replaced_by_a_single_one() {
    let crooked = || levels(&[("5", "50"), ("3", "50")]);
    let refused = TakeProfits::new(crooked(), false, OnInvalid::Refuse, None).unwrap_err();
    assert!(refused.to_string().starts_with("profit levels must be in ascending order"), "{refused}");
    let (made, told) = TakeProfits::new(crooked(), false, OnInvalid::Fallback, Some(percent("4"))).unwrap();
    assert_eq!(told, ["Scaled TP disabled: profit levels must be in ascending order"]);
    assert_eq!(made.to_vec(), levels(&[("4", "100")]));
}

#[test]
fn less_than_a_whole_needs_a_trailed_rest() {
    let part = || levels(&[("3", "40")]);
    assert!(TakeProfits::new(part(), true, OnInvalid::Refuse, None).is_ok());
    assert!(TakeProfits::new(part(), false, OnInvalid::Refuse, None).is_err());
}

#[test]
fn a_trail_that_can_lose_is_refused_unless_allowed() {
    let mut plan = spec(&[("5", "50")], Rest::Trail);
    plan.trailing = Some(TrailingStop {
        activation: Some(percent("2.5")),
        distance: TrailDistance::Percent(Ratio::percent("3").unwrap()),
        by: TrailedBy::Venue,
        trigger: TriggerSource::Last,
        trigger_is_usual: false,
        follow: false,
    });
    let refused = ExitPlan::try_from(plan.clone()).unwrap_err().to_string();
    assert!(refused.starts_with("activation 2.5% with distance 3% can close 0.6 % below entry"), "{refused}");
    plan.allow_loss = true;
    assert!(ExitPlan::try_from(plan).is_ok());
}

#[test]
fn a_stop_is_not_measured_in_itself() {
    let mut plan = spec(&[("5", "100")], Rest::Close);
    plan.stop_loss.at = Distance::Risk(Ratio::ONE);
    assert!(matches!(ExitPlan::try_from(plan), Err(BadPlan::StopInR(_))));
}

#[test]
fn a_plan_survives_the_journal() {
    let plan = ExitPlan::try_from(spec(&[("3", "40"), ("5", "60")], Rest::Close)).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<ExitPlan>(&text).unwrap(), plan);
}

#[test]
fn absolute_prices_are_distances_too() {
    let at = Distance::At("102.50".parse::<Price>().unwrap());
    assert_eq!(at.to_string(), "@ 102.5");
}

#[test]
fn a_ladder_leaves_the_stop_a_place_below_the_price() {
    let with = |stop_ladder| ExitPlan::try_from(ExitPlanSpec { stop_ladder, ..spec(&[("5", "100")], Rest::Close) });
    let share = |text| Ratio::percent(text).unwrap();
    for nowhere in ["0", "100", "101", "-1"] {
        for ladder in [StopLadder::PercentBelowHigh, StopLadder::PercentBelowTrigger] {
            assert_eq!(
                with(ladder(share(nowhere))),
                Err(BadPlan::LadderShare(share(nowhere).in_percent())),
                "{nowhere}"
            );
        }
    }
    assert_eq!(with(StopLadder::TargetsBehind(0)), Err(BadPlan::LadderOnTarget));
    for place in [StopLadder::PercentBelowHigh(share("99.9")), StopLadder::TargetsBehind(1)] {
        assert!(with(place).is_ok(), "{place:?}");
    }
}

#[test]
fn the_trail_of_a_level_stays_behind_the_price_too() {
    let with = |trail| {
        let level = TakeProfit { trail: Some(trail), ..levels(&[("5", "50")])[0] };
        TakeProfits::new(vec![level], true, OnInvalid::Refuse, None)
    };
    for nowhere in
        [TrailDistance::Percent(Ratio::ZERO), TrailDistance::Percent(Ratio::ONE), TrailDistance::Risk(Ratio::ZERO)]
    {
        assert!(matches!(with(nowhere), Err(BadPlan::NotPositive { what: "a level's trail", .. })), "{nowhere}");
    }
    assert!(with(TrailDistance::Percent(Ratio::percent("1").unwrap())).is_ok());
}
