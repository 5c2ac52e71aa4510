//! IG's profile: how far a level has to be moved, how guaranteed stops keep apart, and contracts that end.

use crate::dealer::{closing, dealing, ig, ig_with, normal, opening, points, ratio};
use crate::desk::{Desk, ME, SYMBOL, at, desk_with, price, rules};
use backstop_model::{OrderSide, PositionMode, Prices};
use backstop_sim::habits::{LevelStep, RiskSpacing};
use backstop_sim::{
    Cause, DealAsk, DealStatus, Dealing, Distance, Fault, HandAction, LevelAsk, OpenDeal, Profile, Reason, Rules,
    Setup, StopAsk, StopGuard, StopLevel, TrailingPreference, TrailingStops,
};

fn change_dealing(desk: &mut Desk, change: impl FnOnce(&mut Dealing)) {
    let mut dealing = dealing();
    change(&mut dealing);
    desk.venue.change_rules(SYMBOL, Rules { dealing: Some(dealing), ..rules() }).unwrap();
}

fn stepping(desk: &mut Desk, step: &str) {
    change_dealing(desk, |dealing| dealing.min_step = Distance::InPoints(ratio(step)));
}

fn spaced(desk: &mut Desk, spacing: &str) {
    change_dealing(desk, |dealing| dealing.guaranteed_spacing = Distance::InPoints(ratio(spacing)));
}

fn guaranteed(level: &str) -> StopLevel {
    StopLevel { level: price(level), guard: StopGuard::Guaranteed }
}

fn level_of(desk: &Desk, deal: u64) -> String {
    desk.venue.ledger().open_deal(ME, deal).unwrap().levels.stop.unwrap().level.to_string()
}

/// venues/ig.md §6 (`minStepDistance`), F-C20: the page does not say what it is asked of, so both.
#[test]
fn a_level_is_moved_by_a_whole_step_where_that_is_asked_of_moves() {
    let too_small = Some(Reason::AttachedOrderLevelError);
    for (habit, expected) in [(LevelStep::OfMoves, too_small), (LevelStep::OfTrails, None)] {
        let mut desk = ig_with(|habits| habits.level_step = habit);
        stepping(&mut desk, "0.5");
        let deal = desk.long_between("95", "110");
        assert_eq!(desk.set_levels(deal, Some(normal("95.4")), Some("110")).err(), expected, "{habit:?}: the stop");
        assert_eq!(desk.set_levels(deal, Some(normal("96")), Some("110.4")).err(), expected, "{habit:?}: the limit");
        desk.set_levels(deal, Some(normal("97")), Some("111")).unwrap();
        desk.set_levels(deal, Some(normal("97.5")), Some("110.5")).unwrap();
        assert_eq!(level_of(&desk, deal), "97.5", "{habit:?}: a whole step is enough");
        desk.set_levels(deal, None, Some("110.5")).unwrap();
        desk.set_levels(deal, Some(normal("97.4")), Some("110.5")).unwrap();
    }
}

/// venues/ig.md §6: rules are stated in points or as a share of the price.
#[test]
fn a_step_can_be_a_share_of_the_price() {
    let mut desk = ig();
    change_dealing(&mut desk, |dealing| dealing.min_step = Distance::OfPrice(ratio("0.01")));
    let deal = desk.long_between("90", "120");
    assert_eq!(desk.set_levels(deal, Some(normal("90.99")), Some("120")), Err(Reason::AttachedOrderLevelError));
    desk.set_levels(deal, Some(normal("91")), Some("120")).unwrap();
}

/// venues/ig.md §4.3, §6 (`minStepDistance`, `trailingStopsPreference`).
#[test]
fn a_trailing_stop_follows_in_steps_no_smaller_than_the_market_takes() {
    let mut desk = ig();
    let now = desk.clock();
    desk.venue.by_hand(now, ME, HandAction::PreferTrailing(TrailingStops::Enabled)).unwrap();
    change_dealing(&mut desk, |dealing| {
        dealing.min_step = Distance::InPoints(ratio("2"));
        dealing.trailing = TrailingPreference::Available { least_increment: ratio("0") };
    });
    let trailing = |increment: &str| Some(StopAsk::Trailing { distance: points("5"), increment: points(increment) });
    let ask = |reference, increment| {
        DealAsk::Open(OpenDeal { stop: trailing(increment), ..opening(reference, OrderSide::Buy, "1") })
    };
    assert_eq!(desk.deal(ask("a", "1.5")), Err(Reason::AttachedOrderTrailingStopError));
    let deal = desk.deal(ask("b", "2")).unwrap().deal;
    desk.quote("101.9");
    assert_eq!(level_of(&desk, deal), "95", "not by less than a step");
    desk.quote("102");
    assert_eq!(level_of(&desk, deal), "97");
}

/// venues/ig.md §4.3, §6 (`controlledRiskSpacing`), §10.2; F-C20: the page does not say from what, so both.
#[test]
fn guaranteed_stops_keep_their_spacing() {
    for (habit, moved, beside) in [
        (RiskSpacing::OfMoves, Some(Reason::CrSpacing), None),
        (RiskSpacing::FromOthers, None, Some(Reason::CrSpacing)),
    ] {
        let mut desk = ig_with(|habits| habits.risk_spacing = habit);
        spaced(&mut desk, "0.8");
        let stop = |level| Some(StopAsk::Guaranteed(LevelAsk::Level(price(level))));
        let open =
            |reference, level| DealAsk::Open(OpenDeal { stop: stop(level), ..opening(reference, OrderSide::Buy, "1") });
        let deal = desk.deal(open("a", "90")).unwrap().deal;
        assert_eq!(desk.set_levels(deal, Some(guaranteed("90.5")), None).err(), moved, "{habit:?}: moved a little");
        desk.set_levels(deal, Some(guaranteed("92")), None).unwrap();
        assert_eq!(desk.deal(open("b", "91.5")).err(), beside, "{habit:?}: beside another one");
        assert_eq!(desk.deal(open("c", "92")).err(), beside, "{habit:?}: where another one stands");
        desk.deal(open("d", "90.5")).unwrap();
        desk.set_levels(deal, Some(normal("92.1")), None).unwrap();
        assert_eq!(level_of(&desk, deal), "92.1", "{habit:?}: an ordinary stop is nobody's concern");
    }
}

/// A contract of one week, told of by the venue's own rules.
fn ending(millis: i64) -> Desk {
    let rules = Rules { dealing: Some(dealing()), expires: Some(at(millis)), ..rules() };
    desk_with(Setup::exactly(Profile::ig(), 1), PositionMode::PerDeal, rules)
}

/// venues/ig.md §4.2 (`expiry`), §8.3 (`SYSTEM_OTHER`), §10.2 (`MARKET_ROLLED`); F-F03.
#[test]
fn a_contract_that_ends_closes_its_deals_and_says_so_of_what_comes_later() {
    let mut desk = ending(2_000);
    let deal = desk.long_between("95", "110");
    desk.quote_all(Prices { mark: Some(price("103")), ..Prices::all(price("102")) });
    assert_eq!(desk.venue.next_due(), Some(at(2_000)), "the end is foreseen");
    desk.wait(1_000);
    assert_eq!(desk.deals().len(), 1);
    desk.wait(2_000);
    assert_eq!(desk.last_update(), (DealStatus::Deleted, Some(price("103")), "0".to_owned()));
    assert_eq!(desk.venue.ledger().fills().last().unwrap().cause, Some(Cause::Settlement));
    assert_eq!(desk.venue.faults().struck(Fault::Settlement), 1);
    assert_eq!(desk.deal(DealAsk::Open(opening("late", OrderSide::Buy, "1"))), Err(Reason::MarketRolled));
    assert_eq!(desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "1"))), Err(Reason::PositionNotFound));
}

/// F-F03: somebody ends it now.
#[test]
fn a_contract_can_be_ended_at_once_and_ends_once() {
    let mut desk = ending(9_000);
    desk.long_between("95", "110");
    for _ in 0..2 {
        let now = desk.clock();
        desk.venue.expire(now, SYMBOL).unwrap();
    }
    desk.wait(20_000);
    assert_eq!((desk.deals().len(), desk.venue.faults().struck(Fault::Settlement)), (0, 1));
    assert_eq!(desk.deal(DealAsk::Open(opening("late", OrderSide::Buy, "1"))), Err(Reason::MarketRolled));
}

/// The newest rules count; a market that never had a price ends as well.
#[test]
fn a_contract_that_is_prolonged_ends_when_its_new_rules_say() {
    let mut desk = ending(2_000);
    desk.long_between("95", "110");
    let rules = Rules { dealing: Some(dealing()), expires: Some(at(9_000)), ..rules() };
    desk.venue.change_rules(SYMBOL, rules).unwrap();
    desk.wait(3_000);
    assert_eq!(desk.deals().len(), 1);
    desk.wait(7_000);
    assert!(desk.deals().is_empty());
    let unquoted = Rules { expires: Some(at(20_000)), ..crate::desk::rules() };
    desk.venue.list("NEVER", unquoted).unwrap();
    desk.wait(12_000);
    let asked = DealAsk::Open(OpenDeal { symbol: "NEVER".to_owned(), ..opening("n", OrderSide::Buy, "1") });
    assert_eq!(desk.deal(asked), Err(Reason::MarketRolled));
}
