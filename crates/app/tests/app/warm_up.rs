//! A plan in average true ranges at an engine that has just begun: the venue's candles of the past are what it measures with.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::matrix::stage::{Setting, Stage};
use backstop_model::{Adopt, PositionMode, PositionSide};
use backstop_sim::Profile;

const PLAN: &str = r#"
plans:
  p:
    stop_loss: { at: "2 atr(LENGTH)", trigger: mark }
    take_profits: [ { at: "4 atr(LENGTH)", close: 100% } ]
    instant_take_profit: false
instruments:
  BTCUSDT: { leverage: 2 }
"#;

fn stage(plan: &'static str, profile: Profile, mode: PositionMode) -> Stage {
    let (side, exact) = (PositionSide::Long, true);
    Stage::new(Setting { profile, mode, side, plan, adopt: Adopt::Plan, min_distance: None, exact })
}

fn plan(length: &str) -> &'static str {
    PLAN.replace("LENGTH", length).leak()
}

/// The market goes up and down between 99 and 100 for so many quarters of an hour, and no engine is there.
fn pass(stage: &mut Stage, quarters: u32) {
    for _ in 0..quarters {
        ["100", "99", "100", "99", "100", "99", "100"].iter().for_each(|price| stage.go_unheard(price));
        stage.wait_a_minute();
    }
}

fn stop(stage: &Stage) -> Option<String> {
    let document = stage.documents.values().next()?;
    document.current_stop_loss.map(|stop| stop.to_string())
}

#[test]
fn an_engine_that_begins_knows_the_average_of_bars_that_passed_before_it_did() {
    for (profile, mode) in [(Profile::binance(), PositionMode::OneWay), (Profile::ig(), PositionMode::PerDeal)] {
        // Every five and every fifteen minutes the price has been at 99 and at 100; bars of half an hour are made of those.
        for (length, quarters) in [("3, 5m", 2), ("4, 15m", 6), ("3, 30m", 9)] {
            let mut stage = stage(plan(length), profile.clone(), mode);
            pass(&mut stage, quarters);
            stage.lose_journal();
            stage.go_to("100");
            stage.enter("1");
            stage.stand(2);
            let name = format!("{} {length}", profile.name);
            assert_eq!(stop(&stage).as_deref(), Some("98"), "{name}");
            assert_eq!(stage.alarms, Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn without_candles_a_hard_stop_stands_in_until_the_bars_have_passed_by() {
    let mut stage = stage(plan("3, 5m"), Profile::binance(), PositionMode::OneWay);
    stage.enter("1");
    stage.stand(2);
    assert_eq!(stop(&stage).as_deref(), Some("94"));
    for _ in 0..15 {
        ["99.5", "100.5"].iter().for_each(|price| stage.go_to(price));
        stage.stand(56);
    }
    assert_eq!(stop(&stage).as_deref(), Some("94"), "two bars");
    for _ in 0..10 {
        ["99.5", "100.5"].iter().for_each(|price| stage.go_to(price));
        stage.stand(56);
    }
    assert_eq!(stop(&stage).as_deref(), Some("98"), "{:?}", stage.told);
}
