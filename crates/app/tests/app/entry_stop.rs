//! An entry through Backstop where it can carry its stop: the deal is never without one, not even before anybody has heard of it.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::matrix::stage::{ACCOUNT, MARKET, ME, Setting, Stage};
use backstop_model::{Adopt, EntryRequest, Event, PositionKey, PositionMode, PositionSide, RequestId};
use backstop_sim::{Deal, Profile, StopGuard};

const PLAN: &str = "
plans:
  p:
    stop_loss: { at: 2%, trigger: mark }
    take_profits: [{ at: 3%, close: 100% }]
instruments:
  BTCUSDT: { leverage: 2 }
";

/// A stage on which an entry has just been sent, and the venue has not been looked at since.
fn entered(side: PositionSide, min_distance: Option<&'static str>, exact: bool) -> Stage {
    entered_under(PLAN, side, min_distance, exact)
}

fn entered_under(plan: &str, side: PositionSide, min_distance: Option<&'static str>, exact: bool) -> Stage {
    let (profile, mode) = (Profile::ig(), PositionMode::PerDeal);
    let mut stage = Stage::new(Setting { profile, mode, side, plan, adopt: Adopt::Plan, min_distance, exact });
    let (request, quantity) = (RequestId::new("one").unwrap(), "1".parse().unwrap());
    let position = PositionKey::new(ACCOUNT, MARKET, side);
    stage.tell(Event::Enter(EntryRequest { request, position, quantity, limit: None, plan: None }));
    stage
}

fn deal(stage: &Stage) -> Option<&Deal> {
    stage.venue.exchange().ledger().open_deals(ME).next()
}

#[test]
fn the_deal_is_opened_with_its_stop_and_never_without_it_nor_with_a_looser_one() {
    for side in [PositionSide::Long, PositionSide::Short] {
        for exact in [true, false] {
            let mut stage = entered(side, None, exact);
            stage.stand(5);
            let deal = deal(&stage).unwrap();
            let stops: Vec<_> = deal.history.iter().map(|change| change.levels.stop.unwrap().level).collect();
            assert!(stops.is_sorted_by(|one, next| !side.is_better(*one, *next)), "{side}: {stops:?}");
            assert!(deal.levels.limit.is_some(), "{side}: the target rests as well");
            assert_eq!(stage.alarms, Vec::<String>::new());
            let protection = stage.documents.values().next().unwrap();
            assert_eq!(protection.current_stop_loss, stops.last().copied(), "{side}");
            stage.restart();
            stage.stand(5);
            assert!(stage.broken.is_empty() && stage.alarms.is_empty(), "{:?} {:?}", stage.broken, stage.alarms);
        }
    }
}

#[test]
fn ended_right_after_the_entry_was_sent_the_deal_has_its_stop_and_is_ours() {
    let mut stage = entered(PositionSide::Long, None, false);
    stage.restart();
    stage.stand(1);
    assert!(deal(&stage).is_none_or(|deal| deal.history.iter().all(|change| change.levels.stop.is_some())));
    stage.stand(15);
    let deal = deal(&stage).unwrap();
    assert!(deal.levels.stop.is_some() && deal.levels.limit.is_some(), "{deal:?}");
    assert!(stage.broken.is_empty(), "{:?}", stage.broken);
}

/// The plan wants a guaranteed stop nearer than the venue takes one: the entry brings an ordinary one out there, which is then
/// made a guaranteed one where it stands.
#[test]
fn an_entry_keeps_the_distance_of_the_guaranteed_stop_that_takes_the_place_of_its_own() {
    let plan = "
plans:
  p:
    stop_loss: { at: 2%, trigger: bid_ask, guaranteed: require }
    take_profits: [{ at: 5%, close: 100% }]
instruments:
  BTCUSDT: { leverage: 2, min_stop_distance: 1 pt, guaranteed_stop: { premium: 0.2 pt, min_distance: 3 pt } }
";
    for side in [PositionSide::Long, PositionSide::Short] {
        let mut stage = entered_under(plan, side, None, true);
        stage.stand(5);
        let deal = deal(&stage).unwrap();
        let stops: Vec<_> = deal.history.iter().map(|change| change.levels.stop.unwrap()).collect();
        assert!(stops.iter().all(|stop| stop.level == stops[0].level), "{side}: {stops:?}");
        assert_eq!(stops.last().map(|stop| stop.guard), Some(StopGuard::Guaranteed), "{side}: {stops:?}");
        assert!(stage.broken.is_empty() && stage.alarms.is_empty(), "{:?} {:?}", stage.broken, stage.alarms);
    }
}

#[test]
fn a_stop_the_venue_does_not_take_is_no_entry() {
    let mut stage = entered(PositionSide::Long, Some("5"), true);
    stage.stand(5);
    assert!(stage.venue.exchange().ledger().deals().next().is_none(), "nothing was opened");
    assert!(stage.broken.is_empty() && stage.is_over(), "{:?} {}", stage.broken, stage.left());
}
