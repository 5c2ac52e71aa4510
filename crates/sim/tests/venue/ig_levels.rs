//! IG's profile: the stop and the limit of a deal, where they may stand, how they follow and what they fill at.

use crate::dealer::{at_level, dealing, ig, ig_with, normal, opening, points, ratio};
use crate::desk::{Desk, ME, SYMBOL, price, rules};
use backstop_model::{OrderSide, Prices};
use backstop_sim::habits::{AmendReference, LevelHit, OmittedLevel, PremiumDue, StopChange};
use backstop_sim::{
    Cause, ConfirmStatus, DealAsk, DealStatus, Dealing, Distance, GuaranteedStops, HandAction, LevelAsk, Levels,
    OpenDeal, Reason, Rules, Session, SetLevels, StopAsk, StopGuard, StopLevel, TrailingPreference, TrailingStops,
    Verdict,
};

fn levels(desk: &Desk, id: u64) -> Levels {
    desk.venue.ledger().open_deal(ME, id).unwrap().levels
}

fn trailing(level: &str, distance: &str, increment: &str) -> StopLevel {
    let guard = StopGuard::Trailing { distance: points(distance), increment: points(increment) };
    StopLevel { level: price(level), guard }
}

fn guaranteed(level: &str) -> StopLevel {
    StopLevel { level: price(level), guard: StopGuard::Guaranteed }
}

/// An account that allows trailing stops.
fn ig_trailing() -> Desk {
    let mut desk = ig();
    let now = desk.clock();
    desk.venue.by_hand(now, ME, HandAction::PreferTrailing(TrailingStops::Enabled)).unwrap();
    desk
}

fn change_dealing(desk: &mut Desk, change: impl FnOnce(&mut Dealing)) {
    let mut dealing = dealing();
    change(&mut dealing);
    desk.venue.change_rules(SYMBOL, Rules { dealing: Some(dealing), ..rules() }).unwrap();
}

/// venues/ig.md §0 fact 2, §7.1; F-C18.
#[test]
fn a_stop_fills_at_what_the_market_gives_and_nothing_says_why() {
    for (quote, gone_at) in [("95.01", None), ("95", Some("95")), ("90", Some("90"))] {
        let mut desk = ig();
        desk.long_between("95", "110");
        desk.quote(quote);
        let expected = gone_at.map(|level| (DealStatus::Deleted, Some(price(level)), "0".to_owned()));
        let confirms = desk.confirms().len();
        assert_eq!(Some(desk.last_update()).filter(|told| told.0 == DealStatus::Deleted), expected, "{quote}");
        assert_eq!(confirms, 1, "the opening was confirmed, the stop is not");
    }
}

/// venues/ig.md §7.1: whether a struck level is ever confirmed is unverified, so both.
#[test]
fn a_struck_level_is_told_by_an_update_and_perhaps_a_confirm() {
    for (habit, confirms) in [(LevelHit::UpdateOnly, 1), (LevelHit::Confirmed, 2)] {
        let mut desk = ig_with(|habits| habits.level_hit = habit);
        desk.long_between("95", "110");
        desk.quote("94");
        assert_eq!((desk.confirms().len(), desk.deals().len()), (confirms, 0), "{habit:?}");
        if let Verdict::Accepted(accepted) = desk.confirms().pop().unwrap().verdict
            && habit == LevelHit::Confirmed
        {
            // Six points against, at 25.
            assert_eq!((accepted.level, accepted.profit), (Some(price("94")), Some("-150".parse().unwrap())));
        }
    }
}

#[test]
fn a_limit_fills_at_its_level_and_takes_the_stop_with_it() {
    let mut desk = ig();
    desk.long_between("95", "110");
    desk.quote("112");
    assert_eq!(desk.last_update(), (DealStatus::Deleted, Some(price("110")), "0".to_owned()));
    let fill = desk.venue.ledger().fills().last().unwrap();
    assert_eq!((fill.cause, fill.realised), (Some(Cause::DealLimit), "250".parse().unwrap()));
    desk.quote("90");
    assert_eq!(desk.fills().len(), 2);
}

/// venues/ig.md §6: the bid for a long, the offer for a short.
#[test]
fn a_level_watches_the_price_its_deal_would_close_at() {
    let mut desk = ig();
    desk.opened(OpenDeal { stop: Some(at_level("95")), ..opening("a", OrderSide::Buy, "1") });
    desk.opened(OpenDeal { stop: Some(at_level("105")), ..opening("b", OrderSide::Sell, "1") });
    let quote = |bid: &str, ask: &str| Prices {
        bid: Some(price(bid)),
        ask: Some(price(ask)),
        last: Some(price("94")),
        mark: Some(price("106")),
    };
    desk.quote_all(quote("95.01", "104.99"));
    assert_eq!(desk.deals().len(), 2);
    desk.quote_all(quote("95.01", "105"));
    assert_eq!(desk.deals(), ["1 long 1"]);
    desk.quote_all(quote("95", "104"));
    assert_eq!(desk.fills()[3].split('@').nth(1), Some("95"));
}

#[test]
fn on_one_point_stops_strike_before_limits_and_nearer_ones_first() {
    let mut desk = ig();
    for (reference, stop) in [("far", "90"), ("near", "95")] {
        desk.opened(OpenDeal { stop: Some(at_level(stop)), ..opening(reference, OrderSide::Buy, "1") });
    }
    let limit = Some(LevelAsk::Level(price("90")));
    desk.opened(OpenDeal { limit, ..opening("short", OrderSide::Sell, "1") });
    desk.quote("89");
    let gone: Vec<u64> = desk.updates().into_iter().skip(3).map(|told| told.deal.id).collect();
    assert_eq!(gone, [2, 1, 3]);
}

/// venues/ig.md §6, §4.3; F-G01.
#[test]
fn a_level_stands_on_its_side_within_the_distances_and_on_the_grid() {
    let mut desk = ig();
    let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
    let far = Some(Reason::AttachedOrderLevelError);
    for (stop, limit, expected) in [
        (Some("98"), Some("102"), None),
        (Some("98.01"), None, far),
        (Some("100"), None, far),
        (Some("104"), None, far),
        (Some("24.99"), None, far),
        (Some("25"), None, None),
        (Some("95.005"), None, far),
        (None, Some("101.99"), far),
        (None, Some("96"), far),
    ] {
        let before = levels(&desk, deal);
        let set = desk.set_levels(deal, stop.map(normal), limit).err();
        assert_eq!(set, expected, "stop {stop:?} limit {limit:?}");
        assert_eq!(levels(&desk, deal) == before, expected.is_some(), "a rejection leaves the old levels");
    }
    assert_eq!(desk.set_levels(77, Some(normal("95")), None), Err(Reason::PositionNotFound));
}

/// venues/ig.md §6: "away from the current closing price (bid for a long, offer for a short)", also across a wide spread.
#[test]
fn a_distance_is_measured_from_the_price_the_deal_would_close_at() {
    let mut desk = ig();
    let long = desk.opened(opening("a", OrderSide::Buy, "1"));
    let short = desk.opened(opening("b", OrderSide::Sell, "1"));
    let wide = backstop_model::Prices { bid: Some(price("100")), ask: Some(price("104")), ..Default::default() };
    desk.quote_all(wide);
    let near = Some(Reason::AttachedOrderLevelError);
    for (deal, stop, limit, expected) in [
        (long, Some("98.01"), None, near),
        (long, Some("98"), Some("102"), None),
        (long, Some("98"), Some("101.99"), near),
        (short, Some("105.99"), None, near),
        (short, Some("106"), Some("102"), None),
        (short, Some("106"), Some("102.01"), near),
    ] {
        let set = desk.set_levels(deal, stop.map(normal), limit).err();
        assert_eq!(set, expected, "deal {deal}: stop {stop:?} limit {limit:?}");
    }
}

/// venues/ig.md §6: rules are of points or of the price, and change.
#[test]
fn a_distance_can_be_a_share_of_the_price_and_be_widened() {
    let mut desk = ig();
    let deal = desk.long_between("97", "103");
    change_dealing(&mut desk, |dealing| dealing.min_distance = Distance::OfPrice(ratio("0.05")));
    assert_eq!(desk.set_levels(deal, Some(normal("96")), Some("103")).err(), Some(Reason::AttachedOrderLevelError));
    desk.set_levels(deal, Some(normal("95")), Some("103")).unwrap();
    assert_eq!(levels(&desk, deal).limit, Some(price("103")), "what does not change is not measured again");
    desk.quote("96");
    desk.set_levels(deal, Some(normal("95")), Some("110")).unwrap();
    assert_eq!(levels(&desk, deal).stop, Some(normal("95")), "the market came near it, which is no change of it");
}

/// venues/ig.md §0 fact 7: unverified, so both.
#[test]
fn a_level_that_is_not_named_stays_or_goes() {
    for (habit, limit) in [(OmittedLevel::Kept, Some(price("110"))), (OmittedLevel::Removed, None)] {
        let mut desk = ig_with(|habits| habits.omitted_level = habit);
        let deal = desk.long_between("95", "110");
        desk.set_levels(deal, Some(normal("96")), None).unwrap();
        assert_eq!(levels(&desk, deal), Levels { stop: Some(normal("96")), limit }, "{habit:?}");
        let update = desk.updates().pop().unwrap();
        assert_eq!((update.status, update.deal.levels.limit), (DealStatus::Updated, limit));
    }
}

/// venues/ig.md §4.3: under the position's own reference in the capture, not necessarily always.
#[test]
fn a_change_of_levels_is_confirmed_under_the_deals_reference_or_a_new_one() {
    for (habit, own) in [(AmendReference::OfDeal, true), (AmendReference::Fresh, false)] {
        let mut desk = ig_with(|habits| habits.amend_reference = habit);
        let deal = desk.long_between("95", "110");
        let accepted = desk.set_levels(deal, Some(normal("96")), Some("111")).unwrap();
        assert_eq!((accepted.status, accepted.deal), (ConfirmStatus::Amended, deal));
        assert_eq!(accepted.levels, Levels { stop: Some(normal("96")), limit: Some(price("111")) });
        assert_eq!(desk.confirms().pop().unwrap().reference == "long", own, "{habit:?}");
    }
}

/// venues/ig.md §4.2, §6, §2.1: account preference and market preference decide.
#[test]
fn a_trailing_stop_needs_account_and_market() {
    let mut desk = ig();
    let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
    let stop = Some(trailing("95", "5", "1"));
    assert_eq!(desk.set_levels(deal, stop, None), Err(Reason::TrailingStopNotAllowed));
    let mut desk = ig_trailing();
    let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
    for (distance, increment, expected) in [
        ("1.99", "1", Some(Reason::AttachedOrderTrailingStopError)),
        ("5", "0.49", Some(Reason::AttachedOrderTrailingStopError)),
        ("5", "0.5", None),
    ] {
        let set = desk.set_levels(deal, Some(trailing("95", distance, increment)), None).err();
        assert_eq!(set, expected, "{distance} in steps of {increment}");
    }
    change_dealing(&mut desk, |dealing| dealing.trailing = TrailingPreference::NotAvailable);
    assert_eq!(desk.set_levels(deal, Some(trailing("95", "6", "1")), None), Err(Reason::TrailingStopNotAllowed));
}

/// venues/ig.md §7.1: the captured life of a SELL 1 @ 14147 with a stop that trails by steps of one.
#[test]
fn a_trailing_stop_follows_in_steps_tells_each_and_closes() {
    let mut desk = ig_trailing();
    desk.quote("14147");
    let deal = desk.opened(opening("a", OrderSide::Sell, "1"));
    desk.set_levels(deal, Some(trailing("14155", "8", "1")), None).unwrap();
    let told = desk.updates().len();
    for quote in ["14146.5", "14146", "14144.2", "14150", "14146"] {
        desk.quote(quote);
    }
    let stops: Vec<_> =
        desk.updates().into_iter().skip(told).map(|told| told.deal.levels.stop.unwrap().level.to_string()).collect();
    assert_eq!(stops, ["14154", "14153"], "half a step moves nothing, two steps at once are one update");
    desk.quote("14152.9");
    assert_eq!(desk.deals().len(), 1);
    desk.quote("14153");
    assert_eq!(desk.last_update(), (DealStatus::Deleted, Some(price("14153")), "0".to_owned()));
}

/// venues/ig.md §4.2: a trailing stop is attached to an opening by its distance.
#[test]
fn a_trailing_stop_can_come_with_the_opening_and_a_plain_one_turns_it_off() {
    let mut desk = ig_trailing();
    let stop = Some(StopAsk::Trailing { distance: points("3"), increment: points("1") });
    let deal = desk.opened(OpenDeal { stop, ..opening("a", OrderSide::Buy, "1") });
    assert_eq!(levels(&desk, deal).stop.unwrap().level, price("97"));
    desk.quote("105");
    assert_eq!(levels(&desk, deal).stop.unwrap().level, price("102"));
    desk.set_levels(deal, Some(normal("102")), None).unwrap();
    desk.quote("120");
    assert_eq!(levels(&desk, deal).stop, Some(normal("102")));
}

/// venues/ig.md §10: "the amend from normal to trailing stop may be refused", so both.
#[test]
fn a_normal_stop_becomes_a_trailing_one_or_is_refused_to() {
    for (habit, expected) in [(StopChange::Allowed, None), (StopChange::Refused, Some(Reason::CannotChangeStopType))] {
        let mut desk = ig_with(|habits| habits.stop_change = habit);
        let now = desk.clock();
        desk.venue.by_hand(now, ME, HandAction::PreferTrailing(TrailingStops::Enabled)).unwrap();
        let deal = desk.long_between("95", "110");
        assert_eq!(desk.set_levels(deal, Some(trailing("95", "5", "1")), Some("110")).err(), expected, "{habit:?}");
        desk.set_levels(deal, Some(trailing("95", "5", "1")), Some("110")).err();
        assert_eq!(levels(&desk, deal).stop == Some(normal("95")), expected.is_some());
    }
}

fn paid(desk: &Desk) -> String {
    desk.venue.ledger().fees(ME).unwrap().to_string()
}

/// venues/ig.md §6 (`controlledRiskAllowed`, `limitedRiskPremium`): the premium's time is not on the page, so both.
#[test]
fn a_guaranteed_stop_fills_at_its_level_for_a_premium() {
    for (habit, before, after) in [(PremiumDue::WhenAttached, "20", "20"), (PremiumDue::AtTrigger, "0", "20")] {
        let mut desk = ig_with(|habits| habits.premium_due = habit);
        let stop = Some(StopAsk::Guaranteed(LevelAsk::Distance(points("5"))));
        desk.opened(OpenDeal { stop, ..opening("a", OrderSide::Buy, "1") });
        assert_eq!(paid(&desk), before, "{habit:?}: 0.8 points at 25");
        desk.quote("80");
        assert_eq!(desk.last_update(), (DealStatus::Deleted, Some(price("95")), "0".to_owned()));
        assert_eq!(paid(&desk), after, "{habit:?}");
        let balance = desk.venue.ledger().account(ME).unwrap().balance;
        assert_eq!(balance, "99855".parse().unwrap(), "five points and the premium");
    }
}

/// venues/ig.md §6: a distance of its own, and a market that takes none.
#[test]
fn a_guaranteed_stop_keeps_its_own_distance_and_is_not_taken_everywhere() {
    let mut desk = ig();
    let deal = desk.long_between("95", "110");
    assert_eq!(desk.set_levels(deal, Some(guaranteed("96")), None), Err(Reason::AttachedOrderLevelError));
    desk.set_levels(deal, Some(guaranteed("94")), None).unwrap();
    assert_eq!(paid(&desk), "20");
    desk.set_levels(deal, Some(guaranteed("93")), None).unwrap();
    assert_eq!(paid(&desk), "20", "moving it costs nothing again");
    change_dealing(&mut desk, |dealing| dealing.guaranteed = GuaranteedStops::NotAvailable);
    assert_eq!(desk.set_levels(deal, Some(guaranteed("92")), None), Err(Reason::StopOrLimitNotAllowed));
}

/// venues/ig.md §4.3: market closed, only further away; F-L.
#[test]
fn while_only_edits_are_taken_levels_move_away_only() {
    let mut desk = ig();
    let deal = desk.long_between("95", "110");
    let now = desk.clock();
    desk.venue.set_session(now, SYMBOL, Session::EditsOnly).unwrap();
    assert_eq!(desk.set_levels(deal, Some(normal("96")), Some("110")), Err(Reason::MoveAwayOnlyStop));
    assert_eq!(desk.set_levels(deal, Some(normal("95")), Some("109")), Err(Reason::MoveAwayOnlyLimit));
    desk.set_levels(deal, Some(normal("94")), Some("111")).unwrap();
    let now = desk.clock();
    desk.venue.set_session(now, SYMBOL, Session::Closed).unwrap();
    assert_eq!(desk.set_levels(deal, Some(normal("93")), Some("112")), Err(Reason::MarketClosed));
}

/// F-D05: people move levels as well, by the same rules.
#[test]
fn people_move_levels_at_the_screen() {
    let mut desk = ig();
    let deal = desk.long_between("95", "110");
    let hand = |desk: &mut Desk, stop: &str| {
        let now = desk.clock();
        let set = SetLevels { deal, stop: Some(normal(stop)), limit: None };
        desk.venue.by_hand(now, ME, HandAction::MoveLevels(set)).map_err(|refused| refused.text)
    };
    assert_eq!(hand(&mut desk, "99"), Err("ATTACHED_ORDER_LEVEL_ERROR".to_owned()));
    assert_eq!(hand(&mut desk, "96"), Ok(()));
    desk.wait(10);
    assert_eq!(desk.updates().pop().unwrap().deal.levels.stop, Some(normal("96")));
}

/// venues/ig.md §11: "stop hit while an amend is in flight".
#[test]
fn a_stop_can_be_struck_while_a_change_is_under_way() {
    let mut desk = ig();
    let deal = desk.long_between("95", "110");
    desk.receive(DealAsk::Levels(SetLevels { deal, stop: Some(normal("93")), limit: None })).unwrap();
    desk.quote("94");
    desk.wait(50);
    let verdict = desk.confirms().pop().unwrap().verdict;
    assert_eq!((verdict, desk.deals().len()), (Verdict::Rejected(Reason::PositionNotFound), 0));
}
