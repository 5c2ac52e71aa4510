//! Every knob: that it strikes, what it does, and that it counts itself.

use crate::desk::{Desk, ME, SYMBOL, at, desk, desk_with, limit, quantity, rules, stop, wish};
use backstop_model::{OrderSide, PositionMode, Span};
use backstop_sim::{
    Answer, Ask, Body, Cause, Fault, Faults, Http, Kind, Knob, Profile, Reply, Rules, Scope, Setup, Status, StreamEvent,
};

fn with(fault: Fault, knob: Knob) -> Desk {
    desk_with(Setup { faults: Faults::none(3).with(fault, knob), ..Setup::exact(3) }, PositionMode::OneWay, rules())
}

fn entry(desk: &Desk) -> Ask {
    desk.place_ask(wish("entry", OrderSide::Buy, "1", Kind::Market, false))
}

/// Places an entry, waits, and gives back its replies.
fn replies(desk: &mut Desk) -> Vec<Reply> {
    let ask = entry(desk);
    desk.send(ask);
    let told = desk.wait(10_000);
    let replies = told.into_iter().filter_map(|delivery| match delivery.body {
        Body::Response { reply, .. } => Some(reply),
        Body::Stream(_) => None,
    });
    replies.collect()
}

fn struck(desk: &Desk, fault: Fault) -> u64 {
    desk.venue.faults().struck(fault)
}

#[test]
fn a_lost_request_does_nothing_and_a_lost_answer_hides_what_was_done() {
    for (fault, open) in [(Fault::DropRequest, "0"), (Fault::DropResponse, "1")] {
        let mut desk = with(fault, Knob::times(1));
        assert_eq!(replies(&mut desk), [Reply::Lost], "{fault:?}");
        assert_eq!((desk.open(), struck(&desk, fault)), (open.to_owned(), 1));
    }
}

#[test]
fn an_answer_can_come_twice() {
    let mut desk = with(Fault::DuplicateResponse, Knob::times(1));
    let replies = replies(&mut desk);
    assert_eq!((replies.len(), struck(&desk, Fault::DuplicateResponse)), (2, 1));
    assert_eq!(replies[0], replies[1]);
}

#[test]
fn requests_can_overtake_each_other() {
    let mut desk = with(Fault::Reorder, Knob::times(1));
    let first = entry(&desk);
    desk.send(first);
    let second = desk.place_ask(wish("second", OrderSide::Buy, "1", Kind::Market, false));
    desk.send(second);
    desk.wait(10_000);
    assert_eq!(desk.fills(), ["second 1@100", "entry 1@100"]);
    assert_eq!(struck(&desk, Fault::Reorder), 1);
}

#[test]
fn http_errors_have_their_variants_and_variant_a_may_have_executed() {
    for (http, open) in [
        (Http::unknown_503(1_000_000), "1"),
        (Http::unknown_503(0), "0"),
        (Http::unavailable_503(), "0"),
        (Http::internal_503(), "0"),
        (Http::limited_429(Span::from_secs(2)), "0"),
        (Http::banned_418(at(9_000), Span::from_secs(9)), "0"),
        (Http::blocked_403(), "0"),
    ] {
        let mut desk = with(Fault::Http, Knob::times(1));
        desk.venue.faults_mut().http = http.clone();
        let expected = Reply::HttpError { status: http.status, body: http.body, retry_after: http.retry_after };
        assert_eq!(replies(&mut desk), [expected]);
        assert_eq!((desk.open(), struck(&desk, Fault::Http)), (open.to_owned(), 1));
    }
}

#[test]
fn a_refusal_can_be_about_conditional_orders_alone() {
    let mut desk = with(Fault::Reject, Knob::per_million(1_000_000).only(Scope::Conditional));
    desk.buy("1");
    assert_eq!(desk.exit("stop", "1", stop("95")).map(|_| ()), Err(-1008));
    desk.exit("tp", "1", limit("105")).unwrap();
    assert_eq!(struck(&desk, Fault::Reject), 1);
}

#[test]
fn maintenance_refuses_everything_for_its_time() {
    let mut desk = with(Fault::Maintenance, Knob::during(at(10), at(20)));
    desk.buy("1");
    desk.now = 10;
    assert_eq!(desk.query("buy-1"), Err(-1016));
    desk.now = 20;
    assert!(desk.query("buy-1").is_ok());
    assert_eq!(struck(&desk, Fault::Maintenance), 1);
}

#[test]
fn only_reduce_lets_exits_pass() {
    let mut desk = with(Fault::OnlyReduce, Knob::during(at(5), at(1_000)));
    desk.buy("1");
    desk.now = 5;
    assert_eq!(desk.place(wish("more", OrderSide::Buy, "1", Kind::Market, false)).map(|_| ()), Err(-4400));
    desk.exit("out", "1", Kind::Market).unwrap();
    assert_eq!(struck(&desk, Fault::OnlyReduce), 1);
}

#[test]
fn reads_can_be_stale_or_forgetful() {
    let mut desk = with(Fault::StaleRead, Knob::during(at(100), at(200)));
    desk.venue.faults_mut().stale_by = Span::from_millis(50);
    desk.now = 30;
    desk.buy("1");
    desk.exit("tp", "1", limit("105")).unwrap();
    desk.now = 90;
    desk.exit("out", "0.4", Kind::Market).unwrap();
    desk.now = 100;
    let Reply::Result(Answer::Snapshot(seen)) = desk.ask(Ask::Snapshot) else { panic!("no snapshot") };
    assert_eq!((seen.positions[0].quantity, seen.orders.len()), (quantity("1"), 1));
    assert_eq!(desk.query("out").map(|_| ()), Err(-2013));
    desk.now = 300;
    let Reply::Result(Answer::Snapshot(seen)) = desk.ask(Ask::Snapshot) else { panic!("no snapshot") };
    assert_eq!((seen.positions[0].quantity, seen.orders.len()), (quantity("0.6"), 0));
    assert_eq!(struck(&desk, Fault::StaleRead), 2);

    let mut desk = with(Fault::ForgetOrder, Knob::times(1));
    desk.buy("1");
    assert_eq!(desk.query("buy-1").map(|_| ()), Err(-2013));
    assert!(desk.query("buy-1").is_ok());
    assert_eq!(struck(&desk, Fault::ForgetOrder), 1);
}

#[test]
fn what_was_over_long_ago_is_not_found_an_executed_order_longer_than_another() {
    const DAY: i64 = 86_400_000;
    let mut desk = desk();
    desk.buy("1");
    desk.exit("away", "1", limit("120")).unwrap();
    desk.cancel("away").unwrap();
    desk.exit("rests", "1", limit("120")).unwrap();
    assert!(desk.query("away").is_ok());
    desk.now += 4 * DAY;
    assert_eq!(desk.query("away").map(|_| ()), Err(-2013));
    assert!(desk.query("buy-1").is_ok());
    desk.now += 87 * DAY;
    assert_eq!(desk.query("buy-1").map(|_| ()), Err(-2013));
    assert!(desk.query("rests").is_ok(), "what is open is found however old it is");
}

/// venues/binance.md §7: 3 days; venues/aster.md §5: 7 days; venues/bitget.md §6.5: the lists go back three months.
#[test]
fn an_order_that_was_cancelled_is_found_as_long_as_the_venues_page_says() {
    for (profile, days) in [
        (Profile::binance(), 3),
        (Profile::aster(), 7),
        (Profile::bitget_classic(), 90),
        (Profile::bitget_unified(), 90),
    ] {
        let name = profile.name.clone();
        let mut desk = crate::desk::desk_of(profile, backstop_model::PositionMode::OneWay);
        desk.place(wish("away", OrderSide::Buy, "1", limit("90"), false)).unwrap();
        desk.cancel("away").unwrap();
        desk.now += days * 86_400_000 - 1;
        assert!(desk.query("away").is_ok(), "{name}");
        assert!(desk.query("away").is_err(), "{name}: a millisecond later");
    }
}

/// What the stream says of an entry: N new, F filled, P position.
fn heard(desk: &mut Desk) -> String {
    let ask = entry(desk);
    desk.send(ask);
    let told = desk.wait(10_000);
    let letters = told.iter().filter_map(|delivery| match &delivery.body {
        Body::Stream(StreamEvent::OrderUpdate { order, .. }) => {
            Some(if order.status == Status::New { 'N' } else { 'F' })
        }
        Body::Stream(StreamEvent::PositionUpdate { .. }) => Some('P'),
        Body::Stream(_) | Body::Response { .. } => None,
    });
    letters.collect()
}

#[test]
fn events_can_be_dropped_doubled_overtaken_delayed_and_silenced() {
    for (fault, expected) in [
        (Fault::EventDrop, "FP"),
        (Fault::EventDuplicate, "NFPN"),
        (Fault::EventReorder, "FPN"),
        (Fault::EventDelay, "NFP"),
    ] {
        let mut desk = with(fault, Knob::times(1));
        assert_eq!(heard(&mut desk), expected, "{fault:?}");
        assert_eq!(struck(&desk, fault), 1, "{fault:?}");
    }
    let mut desk = with(Fault::SilentStall, Knob::during(at(0), at(1_000)));
    assert_eq!(heard(&mut desk), "");
    assert_eq!((desk.open(), struck(&desk, Fault::SilentStall)), ("1".into(), 3));
}

#[test]
fn a_limit_fills_in_parts_over_several_quotes() {
    let mut desk = with(Fault::PartialFill, Knob::during(at(10), at(10_000)));
    desk.buy("1");
    desk.exit("tp", "1", limit("105")).unwrap();
    desk.now = 20;
    desk.quote("105");
    assert_eq!(desk.status("tp"), Status::PartiallyFilled);
    desk.quote("105");
    desk.quote("105");
    assert_eq!((desk.status("tp"), desk.open()), (Status::Filled, "0".into()));
    assert_eq!(desk.venue.ledger().orders_of(ME, "tp").next().unwrap().parts, 3);
    assert!(struck(&desk, Fault::PartialFill) >= 2);
}

#[test]
fn a_market_order_fills_in_parts_at_worse_and_worse_prices() {
    let mut desk = with(Fault::PartialFill, Knob::per_million(1_000_000));
    desk.buy("1");
    let prices: Vec<String> = desk.venue.ledger().fills().iter().map(|fill| fill.price.to_string()).collect();
    assert!(prices.len() >= 2 && prices[..2] == ["100", "100.01"], "{prices:?}");
    assert_eq!(desk.open(), "1");
}

#[test]
fn the_rest_of_a_market_order_in_a_thin_book_expires() {
    let mut desk = with(Fault::MarketRest, Knob::times(1));
    let order = desk.place(wish("entry", OrderSide::Buy, "1", Kind::Market, false)).unwrap();
    assert_eq!((order.status, order.cause), (Status::Expired, Some(Cause::MarketRest)));
    assert!(!order.executed.is_zero() && order.executed < quantity("1"));
    assert_eq!((desk.open(), struck(&desk, Fault::MarketRest)), (order.executed.to_string(), 1));
}

#[test]
fn a_trigger_can_be_refused_or_stuck() {
    for (fault, status, code) in
        [(Fault::TriggerReject, Status::Rejected, -2011), (Fault::TriggerStuck, Status::Triggering, -2011)]
    {
        let mut desk = with(fault, Knob::times(1));
        desk.buy("1");
        desk.exit("stop", "1", stop("95")).unwrap();
        desk.quote("94");
        desk.quote("93");
        assert_eq!((desk.status("stop"), desk.open(), struck(&desk, fault)), (status, "1".into(), 1));
        assert_eq!(desk.cancel("stop").map(|_| ()), Err(code));
    }
}

#[test]
fn the_venue_cancels_on_its_own_after_53_seconds_or_all_at_once() {
    let mut desk = with(Fault::CancelBySystem, Knob::during(at(3), at(1_000)));
    desk.buy("1");
    desk.now = 10;
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.wait(52_990);
    assert_eq!(desk.status("stop"), Status::New);
    desk.wait(100);
    assert_eq!(desk.query("stop").unwrap().cause, Some(Cause::BySystem));
    assert_eq!(struck(&desk, Fault::CancelBySystem), 1);
    desk.exit("a", "0.5", limit("105")).unwrap();
    desk.exit("b", "0.5", stop("95")).unwrap();
    assert_eq!(desk.venue.cancel_by_system(at(60_000), ME, SYMBOL), 2);
    assert_eq!(struck(&desk, Fault::CancelBySystem), 3);
}

#[test]
fn filters_can_change_under_way() {
    let mut desk = with(Fault::Http, Knob::per_million(0));
    desk.buy("1");
    desk.exit("tp", "0.5", limit("105.55")).unwrap();
    desk.venue.change_rules(SYMBOL, Rules { tick: "0.1".parse().unwrap(), ..rules() }).unwrap();
    assert_eq!(desk.exit("tp2", "0.5", limit("106.66")).map(|_| ()), Err(-4014));
    assert_eq!((desk.status("tp"), struck(&desk, Fault::FiltersChange)), (Status::New, 1));
}
