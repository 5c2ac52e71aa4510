//! Bitget's classic profile: orders bound to the position beside free plans, evictions, inverted hedge words, its codes.

use crate::desk::{Desk, ME, SYMBOL, at, desk_of, limit, order_or_code, quantity, stop, target, trail, wish};
use backstop_model::{OrderSide, PositionMode, PositionSide, Span};
use backstop_sim::habits::{BoundSum, EvictionAnswer, Numbers, Oversize, PassedTrigger, SecondWhole, Unseen, WhenFlat};
use backstop_sim::{
    Amend, Answer, Ask, Body, Bound, Cause, HandAction, Kind, Profile, Reply, Request, Slot, Status, Term,
};

fn bitget() -> Desk {
    bitget_with(PositionMode::OneWay, |_| {})
}

/// A desk whose positions are visible at once, unless `change` says otherwise.
pub fn bitget_with(mode: PositionMode, change: impl FnOnce(&mut Profile)) -> Desk {
    let mut profile = Profile::bitget_classic();
    profile.habits.exits.visible_after = Span::ZERO;
    change(&mut profile);
    desk_of(profile, mode)
}

/// venues/bitget.md §6.2, F-A13: the answer may carry no `orderId`; only the client id finds the order.
#[test]
fn the_oldest_exits_are_evicted_and_the_answer_lacks_an_id() {
    for (habit, has_id) in [(EvictionAnswer::WithoutId, false), (EvictionAnswer::WithId, true)] {
        let mut desk = bitget_with(PositionMode::OneWay, |profile| profile.habits.exits.evicted = habit);
        desk.buy("1");
        for (id, level) in [("tp1", "103"), ("tp2", "105"), ("tp3", "107")] {
            desk.exit(id, "0.33", limit(level)).unwrap();
        }
        let ask = desk.place_ask(wish("tp4", OrderSide::Sell, "0.5", limit("109"), true));
        match desk.ask(ask) {
            Reply::Result(Answer::Order(order)) => assert!(has_id && order.client_id == "tp4"),
            Reply::Result(Answer::Accepted { client_id }) => assert!(!has_id && client_id == "tp4"),
            other => panic!("{other:?}"),
        }
        let statuses = ["tp1", "tp2", "tp3", "tp4"].map(|id| desk.status(id));
        assert_eq!(statuses, [Status::Expired, Status::Expired, Status::New, Status::New], "{habit:?}");
        assert!(desk.query("tp4").unwrap().order_id > 0);
    }
}

/// venues/bitget.md §6.2: in the order of their creation, also for a market exit, and when the position shrinks.
#[test]
fn a_market_exit_and_a_smaller_position_take_the_oldest_exits_too() {
    let mut desk = bitget();
    desk.buy("1");
    // The oldest would fill first: on Binance it would be the last to go.
    for (id, level) in [("tp1", "103"), ("tp2", "105"), ("tp3", "107")] {
        desk.exit(id, "0.3", limit(level)).unwrap();
    }
    let ask = desk.place_ask(wish("out", OrderSide::Sell, "0.2", Kind::Market, true));
    let Reply::Result(Answer::Accepted { .. }) = desk.ask(ask) else { panic!("an answer without an id") };
    assert_eq!(["tp1", "tp2", "tp3"].map(|id| desk.status(id)), [Status::Expired, Status::New, Status::New]);
    let now = desk.clock();
    desk.venue.adl(now, ME, SYMBOL, Slot::Both, quantity("0.3"));
    assert_eq!(["tp2", "tp3"].map(|id| desk.status(id)), [Status::Expired, Status::New]);
    assert_eq!(desk.open(), "0.5");
}

/// venues/bitget.md §6.2, §12: what is larger than the position is cut, or refused as insufficient, which is unverified, so
/// both. Either way there is a position: 22002 would say that there is none, and that the goal is reached.
#[test]
fn an_exit_larger_than_the_position_is_cut_or_insufficient_but_never_without_a_position() {
    for (oversize, numbers, expected) in [
        (Oversize::Clipped, Numbers::Bitget, Ok(())),
        (Oversize::Refused, Numbers::Bitget, Err(45_003)),
        (Oversize::Refused, Numbers::BitgetBefore, Err(40_757)),
        (Oversize::Refused, Numbers::BitgetUnified, Err(25_225)),
    ] {
        for kind in [limit("105"), Kind::Market] {
            let mut desk = bitget_with(PositionMode::OneWay, |profile| {
                profile.habits.exits.oversize = oversize;
                profile.habits.exits.evicted = EvictionAnswer::WithId;
                profile.habits.requests.numbers = numbers;
            });
            desk.buy("1");
            desk.exit("old", "0.5", limit("103")).unwrap();
            let placed = desk.exit("big", "1.5", kind);
            assert_eq!(placed.as_ref().map(|_| ()).map_err(|code| *code), expected, "{oversize:?} {kind:?}");
            assert_eq!(desk.status("old"), if expected.is_ok() { Status::Expired } else { Status::New });
            if let Ok(order) = placed {
                assert_eq!(order.quantity, Some(quantity("1")), "{kind:?}");
            }
        }
    }
}

/// venues/bitget.md §8.4: 40889 speaks of plans, 40890 of stops and targets, 45091 of trails.
#[test]
fn too_many_waiting_orders_are_refused_by_their_kind() {
    let mut desk = bitget_with(PositionMode::OneWay, |profile| profile.habits.max_conditional = 1);
    desk.buy("1");
    desk.exit("plan", "0.1", stop("95")).unwrap();
    assert_eq!(desk.exit("second", "0.1", stop("94")).map(|_| ()), Err(40_889));
    assert_eq!(desk.exit("trail", "0.1", trail(None, "3")).map(|_| ()), Err(45_091));
    assert_eq!(desk.protect("sl", "all", stop("95")).map(|_| ()), Err(40_890));
    assert_eq!(desk.protect("mtpsl", "0.1", trail(None, "3")).map(|_| ()), Err(40_890));
}

/// A refusal changes nothing: an order that is refused for its price evicts nobody.
#[test]
fn a_refused_exit_evicts_nobody() {
    let mut desk = bitget();
    desk.buy("1");
    desk.exit("tp", "1", limit("105")).unwrap();
    let crossing = Kind::Limit { price: crate::desk::price("99"), term: Term::Gtx };
    assert_eq!(desk.exit("post", "1", crossing).map(|_| ()), Err(40_020));
    assert_eq!(desk.status("tp"), Status::New);
}

/// venues/bitget.md §7: plans are not checked for their direction. The page has them wait for the price to come back;
/// refusing and triggering at once are played as well.
#[test]
fn a_plan_on_the_wrong_side_waits_for_the_price_or_triggers_at_once_or_is_refused() {
    for (habit, at_once, after_return) in [
        (PassedTrigger::WaitsForReturn, Ok(Status::New), "0"),
        (PassedTrigger::TriggersAtOnce, Ok(Status::Filled), "0"),
        (PassedTrigger::Refused, Err(40_917), "1"),
    ] {
        let mut desk = bitget_with(PositionMode::OneWay, |profile| profile.habits.conditionals.passed = habit);
        desk.buy("1");
        let placed = desk.exit("stop", "1", stop("105"));
        assert_eq!(placed.map(|order| order.status), at_once, "{habit:?}");
        desk.quote("104.99");
        assert_eq!(desk.open(), if at_once == Ok(Status::Filled) { "0" } else { "1" }, "{habit:?}");
        desk.quote("105");
        assert_eq!(desk.open(), after_return, "{habit:?}");
    }
}

/// venues/bitget.md §7: stops placed through the TP/SL endpoints are checked, whatever plans are.
#[test]
fn an_order_bound_to_the_position_is_checked_for_its_direction() {
    let mut desk = bitget();
    desk.buy("1");
    assert_eq!(desk.protect("sl", "all", stop("105")).map(|_| ()), Err(40_917));
    assert_eq!(desk.protect("tp", "0.5", target("99")).map(|_| ()), Err(40_917));
    let order = desk.protect("sl", "all", stop("95")).unwrap();
    assert_eq!((order.bound, order.quantity, order.reduce_only), (Bound::ToPosition, None, false));
}

/// venues/bitget.md §8.1, §8.2; F-C15: 43031, 43030, 43024, or the second one takes its place.
#[test]
fn a_position_has_one_stop_and_one_target_for_all_of_it() {
    for (numbers, stop_code, target_code) in
        [(Numbers::Bitget, 43_031, 43_030), (Numbers::BitgetBefore, 43_024, 43_024)]
    {
        let mut desk = bitget_with(PositionMode::OneWay, |profile| profile.habits.requests.numbers = numbers);
        desk.buy("1");
        desk.protect("sl", "all", stop("95")).unwrap();
        desk.protect("tp", "all", target("110")).unwrap();
        assert_eq!(desk.protect("sl2", "all", stop("96")).map(|_| ()), Err(stop_code));
        assert_eq!(desk.protect("tp2", "all", target("111")).map(|_| ()), Err(target_code));
    }
    let mut desk =
        bitget_with(PositionMode::OneWay, |profile| profile.habits.exits.second_whole = SecondWhole::Replaces);
    desk.buy("1");
    desk.protect("sl", "all", stop("95")).unwrap();
    desk.protect("sl2", "all", stop("96")).unwrap();
    assert_eq!(desk.query("sl").unwrap().cause, Some(Cause::Replaced));
    assert_eq!((desk.status("sl"), desk.status("sl2")), (Status::Canceled, Status::New));
}

/// venues/bitget.md §8.1: whatever its size when triggered.
#[test]
fn a_position_wide_stop_closes_what_is_there_when_it_fires() {
    let mut desk = bitget();
    desk.buy("1");
    desk.protect("sl", "all", stop("95")).unwrap();
    desk.buy("2");
    desk.quote("94");
    assert_eq!(desk.fills().last().unwrap(), "sl 3@94");
}

/// venues/bitget.md §8.4, §12: an older trailing order holds the quantity, 43023.
#[test]
fn sized_bound_orders_share_the_position_unless_the_venue_lets_each_have_all() {
    let mut desk = bitget();
    desk.buy("1");
    desk.exit("plan", "1", stop("90")).unwrap();
    desk.protect("trail", "0.4", trail(None, "3")).unwrap();
    desk.protect("tp", "0.3", target("110")).unwrap();
    assert_eq!(desk.protect("sl", "0.31", stop("95")).map(|_| ()), Err(43_023));
    desk.protect("sl", "0.3", stop("95")).unwrap();
    desk.protect("whole", "all", stop("94")).unwrap();
    let grow = Amend { client_id: "tp".into(), price: None, trigger: None, quantity: Some(quantity("0.4")) };
    assert_eq!(order_or_code(desk.ask(Ask::Amend(grow.clone()))).map(|_| ()), Err(43_023));
    desk.cancel("trail").unwrap();
    assert_eq!(order_or_code(desk.ask(Ask::Amend(grow))).unwrap().quantity, Some(quantity("0.4")));

    let mut desk = bitget_with(PositionMode::OneWay, |profile| profile.habits.exits.bound_sum = BoundSum::Unlimited);
    desk.buy("1");
    desk.protect("tp", "1", target("110")).unwrap();
    desk.protect("sl", "1", stop("95")).unwrap();
    assert_eq!(desk.protect("more", "1.001", stop("95")).map(|_| ()), Err(43_023));
}

/// venues/bitget.md §0 fact 6, §12, §16: the race right after entry; 22002 was seen there as well, so both.
#[test]
fn a_position_exists_for_bound_orders_only_a_while_after_its_fill() {
    for (unseen, code) in [(Unseen::Insufficient, 43_023), (Unseen::NoPosition, 22_002)] {
        let mut profile = Profile::bitget_classic();
        profile.habits.exits.unseen = unseen;
        let mut desk = desk_of(profile, PositionMode::OneWay);
        assert_eq!(desk.protect("early", "all", stop("95")).map(|_| ()), Err(22_002));
        desk.buy("1");
        assert_eq!(desk.protect("sl", "all", stop("95")).map(|_| ()), Err(code));
        // The first try was one millisecond after the fill; this one is 299 after it, and the next 300.
        desk.wait(297);
        assert_eq!(desk.protect("sl", "all", stop("95")).map(|_| ()), Err(code));
        desk.protect("sl", "all", stop("95")).unwrap();
    }
}

/// venues/bitget.md §8.1 (`moving_plan`), §7: native trailing bound to the position, from its activation.
#[test]
fn a_moving_plan_trails_from_its_activation_and_goes_with_the_position() {
    let mut desk = bitget();
    desk.buy("1");
    desk.protect("trail", "1", trail(Some("102.50"), "3")).unwrap();
    for quote in ["98", "102.50", "103", "99.92"] {
        desk.quote(quote);
        assert_eq!(desk.status("trail"), Status::New, "at {quote}");
    }
    desk.quote("99.91");
    assert_eq!(desk.fills()[1], "trail 1@99.91");
    desk.buy("1");
    desk.protect("again", "1", trail(None, "3")).unwrap();
    desk.exit("out", "1", Kind::Market).unwrap();
    assert_eq!(desk.query("again").unwrap().cause, Some(Cause::PositionGone));
    assert_eq!(desk.protect("late", "1", trail(None, "3")).map(|_| ()), Err(22_002));
}

/// venues/bitget.md §7: free plans survive as orphans. §8.4: bound ones go, which is unverified, so both; F-C14.
#[test]
fn bound_orders_go_with_their_position_and_plans_stay_behind() {
    for (habit, bound_is) in [(WhenFlat::Expire, Status::Expired), (WhenFlat::Stay, Status::New)] {
        let mut desk = bitget_with(PositionMode::OneWay, |profile| profile.habits.exits.bound_when_flat = habit);
        desk.buy("1");
        desk.protect("whole", "all", stop("94")).unwrap();
        desk.protect("sized", "1", stop("95")).unwrap();
        desk.exit("plan", "1", stop("96")).unwrap();
        let now = desk.clock();
        desk.venue.by_hand(now, ME, HandAction::Close { symbol: SYMBOL.into(), side: PositionSide::Long }).unwrap();
        let statuses = ["whole", "sized", "plan"].map(|id| desk.status(id));
        assert_eq!(statuses, [bound_is, bound_is, Status::New], "{habit:?}");
        desk.buy("2");
        desk.quote("96");
        assert_eq!(
            (desk.status("plan"), desk.open()),
            (Status::Filled, "1".into()),
            "the orphan hit the next position"
        );
    }
}

/// venues/bitget.md §8.3: the normal way to ratchet a stop, without an unprotected gap; §7.
#[test]
fn stops_are_amended_in_place() {
    let mut desk = bitget();
    desk.buy("1");
    let placed = desk.protect("sl", "all", stop("95")).unwrap();
    desk.exit("plan", "1", stop("94")).unwrap();
    let amended = desk.amend_trigger("sl", "97").unwrap();
    assert_eq!((amended.order_id, amended.kind), (placed.order_id, stop("97")));
    assert_eq!(desk.amend_trigger("sl", "101"), Err(40_917));
    assert_eq!(desk.query("sl").unwrap().kind, stop("97"));
    // A plan is not checked: it waits for the price to come back.
    desk.amend_trigger("plan", "103").unwrap();
    desk.quote("102.99");
    assert_eq!(desk.status("plan"), Status::New);
    desk.quote("103");
    assert_eq!((desk.status("plan"), desk.query("sl").unwrap().cause), (Status::Filled, Some(Cause::PositionGone)));

    let at_once = |profile: &mut Profile| profile.habits.conditionals.passed = PassedTrigger::TriggersAtOnce;
    let mut desk = bitget_with(PositionMode::OneWay, at_once);
    desk.buy("1");
    desk.exit("plan", "1", stop("94")).unwrap();
    assert_eq!(desk.amend_trigger("plan", "103").unwrap().status, Status::Filled);
}

/// venues/bitget.md §13: the window of uniqueness is not documented: never again; other signs and lengths.
#[test]
fn a_client_id_is_taken_for_ever() {
    let mut desk = bitget();
    desk.buy("1");
    desk.exit("x+#1", "0.1", limit("105")).unwrap();
    desk.cancel("x+#1").unwrap();
    assert_eq!(desk.exit("x+#1", "0.1", limit("105")).map(|_| ()), Err(45_034));
    desk.exit(&"x".repeat(49), "0.1", limit("106")).unwrap();
    for bad in ["x".repeat(50), "a.b".to_owned(), "a/b".to_owned(), String::new()] {
        assert_eq!(desk.exit(&bad, "0.1", limit("106")).map(|_| ()), Err(40_305), "{bad}");
    }
}

/// venues/bitget.md §2: about 30 s, unverified; whatever the request itself says.
#[test]
fn a_request_is_good_for_half_a_minute() {
    let mut desk = bitget();
    for (sent, expected) in [(9_999, true), (10_000, false)] {
        let ask = desk.place_ask(wish(&format!("in-{sent}"), OrderSide::Buy, "1", Kind::Market, false));
        desk.venue.request(at(40_000), ME, Request { sent_at: at(sent), valid_for: Span::ZERO, ask });
        let told = desk.venue.advance(at(40_000));
        let refused = told.iter().any(|told| format!("{told:?}").contains("40008"));
        assert_eq!((refused, told.iter().any(|told| matches!(told.body, Body::Stream(_)))), (expected, !expected));
    }
}

/// venues/bitget.md §7, §8.1: 1 % is the safe minimum, 10 the maximum.
#[test]
fn a_callback_lies_between_one_and_ten_percent() {
    let mut desk = bitget();
    desk.buy("1");
    for (percent, expected) in [("0.99", Err(43_032)), ("1", Ok(())), ("10", Ok(())), ("10.1", Err(43_032))] {
        let id = format!("{}", desk.now);
        assert_eq!(desk.exit(&id, "0.1", trail(None, percent)).map(|_| ()), expected, "plan of {percent} %");
        let id = format!("{}", desk.now);
        assert_eq!(desk.protect(&id, "0.1", trail(None, percent)).map(|_| ()), expected, "bound of {percent} %");
    }
}

/// Bitget knows no `closePosition`, and bound orders wait for a price.
#[test]
fn a_whole_position_is_named_by_a_bound_order_alone() {
    let mut desk = bitget();
    desk.buy("1");
    assert_eq!(desk.exit("all", "all", stop("95")).map(|_| ()), Err(40_020));
    assert_eq!(desk.protect("limit", "1", limit("105")).map(|_| ()), Err(43_032));
    assert_eq!(desk.protect("trail", "all", trail(None, "3")).map(|_| ()), Err(40_020));
    let mut binance = desk_of(Profile::binance(), PositionMode::OneWay);
    binance.buy("1");
    assert_eq!(binance.protect("sl", "all", stop("95")).map(|_| ()), Err(-1020));
}
