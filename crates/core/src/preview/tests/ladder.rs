//! When the stop moves: which plans never move it, and what comes first at one price.

use super::*;

#[test]
fn a_stop_ladder_that_never_moves_the_stop_is_told_with_the_reason() {
    let told = |behind, take_profits| {
        let stop_ladder = StopLadder::TargetsBehind(behind);
        let plan = ExitPlanSpec { stop_ladder, take_profits, only_stops: true, ..plan() };
        let warnings = shown(plan, spec(), PositionSide::Long).warnings;
        warnings.into_iter().find(|text| text.starts_with("stop_ladder"))
    };
    let three = || plan().take_profits;
    assert_eq!(told(2, three()), None, "break-even at TP2");
    let late = "stop_ladder never moves the stop: nothing is left when it would";
    assert_eq!(told(3, three()).as_deref(), Some(late), "break-even at TP3, which closes all");
    let few = "stop_ladder never moves the stop: no level has 4 targets behind it";
    assert_eq!(told(4, three()).as_deref(), Some(few));
    let none = "stop_ladder has no effect: there are no take_profits";
    assert_eq!(told(4, TakeProfits::default()).as_deref(), Some(none));
}

#[test]
fn at_one_price_the_tick_moves_the_stop_before_a_level_is_filled() {
    let trailing = TrailingStop {
        activation: Some(Distance::Percent(percent("3"))),
        distance: TrailDistance::Percent(percent("1")),
        by: TrailedBy::Engine,
        trigger: TriggerSource::Last,
        trigger_is_usual: false,
        follow: false,
    };
    let events = |first: &str, rest: &str| {
        let level = |at, close| TakeProfit::new(Distance::Percent(percent(at)), percent(close));
        let levels = vec![level("3", first), level("5", rest)];
        let (take_profits, _) = TakeProfits::new(levels, false, OnInvalid::Refuse, None).unwrap();
        let breakeven_at = Some(Distance::Percent(percent("3")));
        let plan = ExitPlanSpec { breakeven_at, trailing: Some(trailing), take_profits, ..plan() };
        let shown = shown(plan, spec(), PositionSide::Long);
        shown.rows.into_iter().map(|row| row.event).collect::<Vec<_>>()
    };
    assert_eq!(events("40", "60"), ["entry", "break-even", "trail", "TP1", "TP2"]);
    assert_eq!(events("0", "100"), ["entry", "TP1", "break-even", "trail", "TP2"], "nothing is filled at TP1");
}

#[test]
fn break_even_is_a_duty_only_where_it_moves_the_stop() {
    let duty = |at: &str| {
        let plan = ExitPlanSpec { breakeven_at: Some(Distance::Percent(percent(at))), ..plan() };
        let duties = shown(plan, spec(), PositionSide::Long).done_by_backstop;
        duties.into_iter().find(|text| text.contains("break-even"))
    };
    assert_eq!(duty("1").as_deref(), Some("from 50500 on the stop goes to break-even"));
    assert_eq!(duty("4"), None, "TP1 has brought it there before");
}

#[test]
fn a_level_that_closes_nothing_is_a_duty_only_where_it_has_a_stop_to_move() {
    let duty = |stop_ladder| {
        let level = |at, close| TakeProfit::new(Distance::Percent(percent(at)), percent(close));
        let levels = vec![level("3", "0"), level("5", "100")];
        let (take_profits, _) = TakeProfits::new(levels, false, OnInvalid::Refuse, None).unwrap();
        let plan = ExitPlanSpec { stop_ladder, take_profits, ..plan() };
        let duties = shown(plan, spec(), PositionSide::Long).done_by_backstop;
        duties.into_iter().find(|text| text.starts_with("TP1"))
    };
    assert_eq!(duty(StopLadder::PreviousTarget).as_deref(), Some("TP1: watched, to move the stop"));
    assert_eq!(duty(StopLadder::None), None);
}
