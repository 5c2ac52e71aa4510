//! Reduce-only, close-position, and what becomes of exits when the position changes under them.

use crate::desk::{ME, SYMBOL, at, desk, desk_with, limit, quantity, rules, stop, target, trail, wish};
use backstop_model::{OrderSide, PositionMode, PositionSide};
use backstop_sim::{Cause, Crowding, HandAction, Kind, Setup, Slot, Status, Term};

#[test]
fn a_reduce_only_market_order_is_cut_to_the_position_and_refused_when_flat() {
    let mut desk = desk();
    assert_eq!(desk.exit("early", "1", Kind::Market).map(|_| ()), Err(-2022));
    desk.buy("1");
    let order = desk.exit("exit", "5", Kind::Market).unwrap();
    assert_eq!((order.status, order.executed), (Status::Filled, quantity("1")));
    assert_eq!(desk.open(), "0");
    assert_eq!(desk.exit("late", "1", Kind::Market).map(|_| ()), Err(-2022));
}

#[test]
fn a_reduce_only_order_on_the_growing_side_is_refused() {
    let mut desk = desk();
    desk.buy("1");
    assert_eq!(desk.place(wish("grow", OrderSide::Buy, "1", limit("90"), true)).map(|_| ()), Err(-2022));
}

#[test]
fn resting_exits_together_never_exceed_the_position() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("tp1", "0.6", limit("103")).unwrap();
    assert_eq!(desk.exit("tp2", "0.5", limit("105")).map(|_| ()), Err(-2022));
    desk.exit("tp2", "0.4", limit("105")).unwrap();
    // A stop takes no room, and a market exit goes over everything (F-C05).
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.exit("out", "0.5", Kind::Market).unwrap();
    assert_eq!(desk.status("tp1"), Status::Expired);
    assert_eq!(desk.status("tp2"), Status::New);
    let tp1 = desk.query("tp1").unwrap();
    assert_eq!(tp1.cause, Some(Cause::KnockedOut));
}

#[test]
fn a_bitget_like_venue_expires_the_oldest_exit_to_make_room() {
    let mut setup = Setup::exact(1);
    setup.habits.crowding = Crowding::ExpireOldest;
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    desk.buy("1");
    desk.exit("tp1", "0.6", limit("103")).unwrap();
    desk.exit("tp2", "0.6", limit("105")).unwrap();
    assert_eq!((desk.status("tp1"), desk.status("tp2")), (Status::Expired, Status::New));
}

#[test]
fn where_exits_may_crowd_each_is_cut_to_the_position_when_it_fills() {
    let mut setup = Setup::exact(1);
    setup.habits.crowding = Crowding::Allow;
    for arrives_crossing in [true, false] {
        let mut desk = desk_with(setup.clone(), PositionMode::OneWay, rules());
        desk.buy("1");
        desk.exit("tp", "5", limit(if arrives_crossing { "99" } else { "103" })).unwrap();
        desk.quote("103");
        assert_eq!((desk.status("tp"), desk.open()), (Status::Expired, "0".into()));
        assert_eq!(desk.query("tp").unwrap().executed, quantity("1"));
    }
}

#[test]
fn a_position_closed_by_hand_takes_limits_and_whole_position_stops_with_it_but_leaves_orphans() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("whole", "all", stop("95")).unwrap();
    desk.exit("sized", "1", stop("96")).unwrap();
    desk.exit("tp", "1", limit("105")).unwrap();
    let now = desk.clock();
    desk.venue.by_hand(now, ME, HandAction::Close { symbol: SYMBOL.into(), side: PositionSide::Long }).unwrap();
    let causes: Vec<_> = ["whole", "sized", "tp"].map(|id| desk.query(id).unwrap().cause).into();
    assert_eq!(causes, [Some(Cause::PositionGone), None, Some(Cause::KnockedOut)]);
    // The orphan hits nobody: there is nothing to reduce (F-C14). It would hit the next position.
    desk.quote("96");
    assert_eq!(desk.heard("sized"), [Status::New, Status::Rejected]);
    assert_eq!(desk.query("sized").unwrap().cause, Some(Cause::ReduceOnlyReject));
    assert_eq!(desk.open(), "0");
}

#[test]
fn an_orphan_stop_hits_the_next_position() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("orphan", "1", stop("96")).unwrap();
    desk.exit("out", "1", Kind::Market).unwrap();
    desk.buy("2");
    desk.quote("96");
    assert_eq!((desk.status("orphan"), desk.open()), (Status::Filled, "1".into()));
}

#[test]
fn stop_and_target_on_one_position_never_close_it_twice() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.exit("tp", "1", limit("105")).unwrap();
    desk.quote("95");
    desk.quote("106");
    assert_eq!((desk.status("stop"), desk.status("tp"), desk.open()), (Status::Filled, Status::Expired, "0".into()));
}

#[test]
fn a_whole_position_stop_closes_what_is_there_when_it_fires() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("whole", "all", stop("95")).unwrap();
    assert_eq!(desk.exit("second", "all", stop("94")).map(|_| ()), Err(-4130));
    desk.exit("whole-target", "all", target("120")).unwrap();
    desk.buy("2");
    desk.quote("94");
    assert_eq!(desk.fills().last().unwrap(), "whole 3@94");
    assert_eq!(desk.query("whole-target").unwrap().cause, Some(Cause::PositionGone));
}

#[test]
fn a_whole_position_order_needs_a_position_and_the_right_kind() {
    let mut desk = desk();
    assert_eq!(desk.exit("early", "all", stop("95")).map(|_| ()), Err(-4509));
    desk.buy("1");
    assert_eq!(desk.exit("limit", "all", limit("105")).map(|_| ()), Err(-4136));
    assert_eq!(desk.exit("trail", "all", trail(None, "1")).map(|_| ()), Err(-4136));
}

#[test]
fn hedge_slots_live_side_by_side_and_closing_orders_only_close() {
    let mut desk = desk_with(Setup::exact(1), PositionMode::Hedge, rules());
    desk.place(wish("long", OrderSide::Buy, "1", Kind::Market, false)).unwrap();
    desk.place(wish("short", OrderSide::Sell, "2", Kind::Market, false)).unwrap();
    desk.exit("long-out", "5", Kind::Market).unwrap();
    let ledger = desk.venue.ledger();
    assert!(ledger.holding(ME, SYMBOL, Slot::Long).is_flat());
    assert_eq!(ledger.holding(ME, SYMBOL, Slot::Short).quantity, quantity("2"));
    assert_eq!(desk.exit("again", "1", Kind::Market).map(|_| ()), Err(-2022));
}

#[test]
fn the_position_side_has_to_fit_the_mode() {
    let mut hedge = desk_with(Setup::exact(1), PositionMode::Hedge, rules());
    let mut one_way = desk();
    let order = |id: &str| wish(id, OrderSide::Buy, "1", Kind::Market, false);
    let (for_hedge, for_one_way) = (hedge.place_ask(order("a")), one_way.place_ask(order("a")));
    assert_eq!(crate::desk::order_or_code(hedge.ask(for_one_way)).map(|_| ()), Err(-4061));
    assert_eq!(crate::desk::order_or_code(one_way.ask(for_hedge)).map(|_| ()), Err(-4061));
    let mut reduce_only = hedge.place_ask(order("b"));
    if let backstop_sim::Ask::Place(place) = &mut reduce_only {
        place.reduce_only = true;
    }
    assert_eq!(crate::desk::order_or_code(hedge.ask(reduce_only)).map(|_| ()), Err(-1106));
}

#[test]
fn limit_terms_take_rest_or_refuse() {
    let mut desk = desk();
    desk.buy("1");
    let with = |price: &str, term| Kind::Limit { price: crate::desk::price(price), term };
    assert_eq!(desk.exit("post", "0.1", with("100", Term::Gtx)).map(|_| ()), Err(-5022));
    let ioc = desk.exit("ioc", "0.1", with("101", Term::Ioc)).unwrap();
    assert_eq!((ioc.status, ioc.cause), (Status::Expired, Some(Cause::ImmediateRest)));
    let taken = desk.exit("cross", "0.1", with("99", Term::Gtc)).unwrap();
    assert_eq!((taken.status, taken.average), (Status::Filled, Some(crate::desk::price("100"))));
    assert!(!desk.venue.ledger().fills().last().unwrap().maker);
    desk.exit("rest", "0.1", with("101", Term::Gtx)).unwrap();
    desk.quote("101");
    assert!(desk.venue.ledger().fills().last().unwrap().maker);
}

#[test]
fn a_touch_by_the_last_price_alone_fills_nobody() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("tp", "1", limit("101")).unwrap();
    let book = |last: &str, bid: &str| backstop_model::Prices {
        last: Some(crate::desk::price(last)),
        bid: Some(crate::desk::price(bid)),
        ..Default::default()
    };
    desk.quote_all(book("101", "100.99"));
    assert_eq!(desk.status("tp"), Status::New);
    desk.quote_all(book("101.01", "100.99"));
    assert_eq!(desk.fills()[1], "tp 1@101");
}

#[test]
fn a_hand_can_flip_move_and_cancel() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.exit("whole", "all", stop("94")).unwrap();
    let mut hand = |now, action| desk.venue.by_hand(at(now), ME, action).unwrap();
    hand(100, HandAction::MoveStop { client_id: "stop".into(), trigger: crate::desk::price("96") });
    hand(101, HandAction::CancelOrder { client_id: "stop".into() });
    hand(102, HandAction::Flip { symbol: SYMBOL.into(), side: PositionSide::Long });
    desk.wait(200);
    assert_eq!(desk.open(), "-1");
    assert_eq!(desk.heard("stop"), [Status::New, Status::New, Status::Canceled]);
    assert_eq!(desk.query("stop").unwrap().cause, Some(Cause::ByHand));
    assert_eq!(desk.query("whole").unwrap().cause, Some(Cause::PositionGone));
}
