//! Prices go where nobody here hears them, at every simulated venue: what the trail makes of the venue's candles afterwards.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::matrix::stage::{Setting, Stage};
use backstop_model::{Adopt, ExitReason, PositionMode, PositionSide};
use backstop_sim::Profile;

const PLAN: &str = "
plans:
  p:
    stop_loss: { at: 10%, trigger: mark }
    rest: trail
    trailing: { activation: 2%, distance: 3%, by: amend, trigger: last }
    allow_loss: true
    instant_take_profit: false
instruments:
  BTCUSDT: { leverage: 2 }
";

fn stage(profile: Profile, mode: PositionMode, side: PositionSide) -> Stage {
    let exact = true;
    let mut stage =
        Stage::new(Setting { profile, mode, side, plan: PLAN, adopt: Adopt::Plan, min_distance: None, exact });
    stage.enter("1");
    stage.stand(90);
    stage
}

fn seats() -> Vec<(Profile, PositionMode)> {
    let profiles =
        [Profile::binance(), Profile::aster(), Profile::bitget_classic(), Profile::bitget_unified(), Profile::ig()];
    let modes = [PositionMode::OneWay, PositionMode::Hedge, PositionMode::PerDeal];
    let seat = |profile: Profile| {
        let kept = modes.into_iter().filter(|mode| profile.native().keeps(*mode));
        kept.map(|mode| (profile.clone(), mode)).collect::<Vec<_>>()
    };
    profiles.into_iter().flat_map(seat).collect()
}

/// Where the stop is, and how far the price went, as people are told.
fn told(stage: &Stage) -> (String, String) {
    let document = stage.documents.values().next().unwrap();
    let text = |price: Option<backstop_model::Price>| price.map_or_else(String::new, |price| price.to_string());
    (text(document.current_stop_loss), text(document.best_price))
}

#[test]
fn after_a_silence_or_a_restart_the_trail_is_active_and_follows_the_best_price_of_the_gap() {
    for (profile, mode) in seats() {
        for (side, stop) in [(PositionSide::Long, ("101.85", "105")), (PositionSide::Short, ("97.85", "95"))] {
            for restarts in [false, true] {
                let name = format!("{} {mode:?} {side}, restarts: {restarts}", profile.name);
                let mut stage = stage(profile.clone(), mode, side);
                ["103", "105", "104"].iter().for_each(|price| stage.go_unheard(price));
                if restarts {
                    stage.restart();
                }
                stage.go_to("104");
                stage.stand(10);
                assert_eq!(told(&stage), (stop.0.to_owned(), stop.1.to_owned()), "{name}");
                stage.go_to("101");
                stage.stand(5);
                assert!(stage.broken.is_empty() && !stage.over_closed(), "{name}: {:?}", stage.broken);
                assert!(stage.is_over(), "{name}: {}", stage.left());
                let reason = stage.documents.values().next().unwrap().exit_reason;
                assert_eq!(reason, Some(ExitReason::TrailingStop), "{name}");
            }
        }
    }
}

#[test]
fn what_the_trail_would_have_closed_during_the_gap_is_closed_when_it_is_over() {
    for (profile, mode) in seats() {
        let name = format!("{} {mode:?}", profile.name);
        let mut stage = stage(profile, mode, PositionSide::Long);
        ["103", "105", "101"].iter().for_each(|price| stage.go_unheard(price));
        stage.go_to("101");
        stage.stand(5);
        assert!(stage.broken.is_empty() && stage.is_over(), "{name}: {:?} {}", stage.broken, stage.left());
        let reason = stage.documents.values().next().unwrap().exit_reason;
        assert_eq!(reason, Some(ExitReason::TrailingStop), "{name}");
    }
}
