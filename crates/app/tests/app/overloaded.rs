//! A venue that takes no stops for a while, because it is overloaded, and still takes orders that only reduce (F-A05).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::matrix::stage::{ME, Setting, Stage};
use backstop_model::{Adopt, ExitReason, PositionMode, PositionSide};
use backstop_sim::faults::Scope;
use backstop_sim::{Fault, Knob, Profile, refusal};

const PLAN: &str = "
plans:
  p:
    stop_loss: { at: 2%, trigger: mark }
    take_profits: [{ at: 10%, close: 100% }]
instruments:
  BTCUSDT: { leverage: 2 }
";

/// A position at a venue that has taken no stop for it for five seconds.
fn without_stop(mode: PositionMode, side: PositionSide) -> Stage {
    let (profile, exact) = (Profile::binance(), true);
    let setting = Setting { profile, mode, side, plan: PLAN, adopt: Adopt::Plan, min_distance: None, exact };
    let mut stage = Stage::new(setting);
    let faults = stage.venue.exchange_mut().faults_mut();
    faults.refusal = refusal::THROTTLED.refused();
    faults.set(Fault::Reject, Knob::times(10_000).only(Scope::Conditional));
    stage.enter("1");
    stage.stand(5);
    stage
}

#[test]
fn far_from_the_stop_it_is_tried_until_it_is_taken_and_near_it_the_position_is_closed() {
    for mode in [PositionMode::OneWay, PositionMode::Hedge] {
        for side in [PositionSide::Long, PositionSide::Short] {
            let mut stage = without_stop(mode, side);
            assert!(!stage.slots().is_empty(), "{mode:?} {side}: 2 % away it waits");
            stage.venue.exchange_mut().faults_mut().set(Fault::Reject, Knob::times(0));
            stage.stand(15);
            assert!(stage.venue.exchange().ledger().open_orders(ME).next().is_some(), "{mode:?} {side}");
            assert!(!stage.slots().is_empty(), "{mode:?} {side}");

            let mut stage = without_stop(mode, side);
            stage.go_to("98.45");
            stage.stand(3);
            assert!(stage.is_over(), "{mode:?} {side}: {}", stage.left());
            let reason = stage.documents.values().next().unwrap().exit_reason;
            assert_eq!(reason, Some(ExitReason::Emergency), "{mode:?} {side}");
        }
    }
}
