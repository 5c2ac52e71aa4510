//! Aster's profile: conditional orders among the ordinary ones, nonces and their revocation, late events.

use crate::desk::{Desk, ME, SYMBOL, at, desk_of, desk_with, limit, order_or_code, rules, stop, trail, wish};
use backstop_model::{OrderSide, PositionMode, Span, Timestamp};
use backstop_sim::habits::{RequestWindow, SecondWhole, TriggerTold};
use backstop_sim::{
    Answer, Ask, Body, Delay, Fault, Kind, Knob, Latency, Physics, Profile, Reply, Request, Setup, Status, Ticket,
};

/// A desk whose events come at once.
fn aster() -> Desk {
    aster_with(|_| {})
}

fn aster_with(change: impl FnOnce(&mut Profile)) -> Desk {
    let mut profile = Profile::aster();
    profile.habits.requests.events_late_by = Span::ZERO;
    change(&mut profile);
    desk_of(profile, PositionMode::OneWay)
}

/// venues/aster.md §0 fact 1, §5.3.
#[test]
fn a_stop_is_an_order_with_one_id_for_life() {
    let mut desk = aster();
    desk.buy("1");
    let placed = desk.exit("stop", "1", stop("95")).unwrap();
    assert_eq!(placed.order_id, 2);
    desk.quote("95");
    let order = desk.query("stop").unwrap();
    assert_eq!((order.order_id, order.child_id, order.status), (2, None, Status::Filled));
    assert_eq!(desk.venue.ledger().fills().last().unwrap().engine_id, 2);
    assert_eq!(desk.exit("tp", "1", limit("105")).map(|_| ()), Err(-2022));
}

/// venues/aster.md §5.3: the exact events at the trigger are unverified, so both.
#[test]
fn a_trigger_is_told_by_a_second_new_with_or_without_an_expired_shell() {
    use Status::{Expired, Filled, New};
    for (told, expected) in
        [(TriggerTold::NewAgain, vec![New, New, Filled]), (TriggerTold::ShellExpires, vec![New, Expired, New, Filled])]
    {
        let mut desk = aster_with(|profile| profile.habits.conditionals.told = told);
        desk.buy("1");
        desk.exit("stop", "1", stop("95")).unwrap();
        desk.quote("95");
        assert_eq!(desk.heard("stop"), expected, "{told:?}");
    }
}

/// venues/aster.md §0 fact 1: there is no `ALGO_UPDATE`, so nobody sees TRIGGERING; it cannot be cancelled all the same.
#[test]
fn on_its_way_from_trigger_to_market_a_stop_looks_new() {
    let mut profile = Profile::aster();
    profile.habits.requests.events_late_by = Span::ZERO;
    profile.habits.conditionals.told = TriggerTold::NewAgain;
    let mut setup = Setup::exactly(profile, 1);
    setup.physics.latency.trigger = Delay::millis(10, 0);
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.quote("95");
    assert_eq!((desk.query("stop").unwrap().status, desk.heard("stop")), (Status::New, vec![Status::New]));
    let Reply::Result(Answer::Snapshot(seen)) = desk.ask(Ask::Snapshot) else { panic!("no snapshot") };
    assert_eq!(seen.orders[0].status, Status::New);
    assert_eq!(desk.cancel("stop").map(|_| ()), Err(-2011));
    desk.wait(20);
    assert_eq!(desk.heard("stop"), [Status::New, Status::New, Status::Filled]);
}

/// venues/aster.md §10: `EXPIRED` and no reason; there is no `REJECTED`. F-C07, F-C11.
#[test]
fn a_trigger_that_fails_expires_the_order_or_leaves_it_looking_new() {
    for (fault, heard) in
        [(Fault::TriggerReject, vec![Status::New, Status::Expired]), (Fault::TriggerStuck, vec![Status::New])]
    {
        let mut desk = aster();
        desk.buy("1");
        desk.exit("stop", "1", stop("95")).unwrap();
        desk.venue.faults_mut().set(fault, Knob::times(1));
        desk.quote("94");
        assert_eq!((desk.heard("stop"), desk.open()), (heard, "1".to_owned()), "{fault:?}");
    }
}

/// venues/aster.md §4: `MAX_NUM_ALGO_ORDERS` 100 next to `MAX_NUM_ORDERS` 200, which counts both kinds; F-C13.
#[test]
fn a_market_takes_a_hundred_stops_among_two_hundred_orders() {
    let mut desk = aster();
    let opening =
        |desk: &mut Desk, id: String, kind| desk.place(wish(&id, OrderSide::Buy, "0.001", kind, false)).map(|_| ());
    for number in 0..100 {
        opening(&mut desk, format!("stop-{number}"), stop("120")).unwrap();
    }
    assert_eq!(opening(&mut desk, "one-more".into(), stop("120")), Err(-4045));
    for number in 0..100 {
        opening(&mut desk, format!("limit-{number}"), limit("90")).unwrap();
    }
    assert_eq!(opening(&mut desk, "one-more".into(), limit("90")), Err(-2025));
    desk.cancel("stop-0").unwrap();
    opening(&mut desk, "one-more".into(), limit("90")).unwrap();
    assert_eq!(opening(&mut desk, "and-another".into(), stop("120")), Err(-2025));
    // Another market has room of its own.
    desk.venue.list("ETHUSDT", rules()).unwrap();
    let now = desk.clock();
    desk.venue.quote(now, "ETHUSDT", backstop_model::Prices::all(crate::desk::price("100"))).unwrap();
    let mut ask = desk.place_ask(wish("eth", OrderSide::Buy, "0.001", stop("120"), false));
    if let Ask::Place(place) = &mut ask {
        place.symbol = "ETHUSDT".into();
    }
    order_or_code(desk.ask(ask)).unwrap();
}

/// venues/aster.md §0 fact 7, §5.4.
#[test]
fn callbacks_end_at_five_percent_and_stops_cannot_be_amended() {
    let mut desk = aster();
    desk.buy("1");
    for (percent, expected) in [("0.09", Err(-1130)), ("0.1", Ok(())), ("5", Ok(())), ("5.1", Err(-1130))] {
        let id = format!("{}", desk.now);
        assert_eq!(desk.exit(&id, "1", trail(None, percent)).map(|_| ()), expected, "{percent} %");
    }
    desk.exit("stop", "1", stop("95")).unwrap();
    assert_eq!(desk.amend_trigger("stop", "96"), Err(-1020));
}

/// venues/aster.md §5.4: a second `closePosition` stop is expected to be refused; unverified, so both.
#[test]
fn a_second_whole_position_stop_is_refused_or_stands_beside_the_first() {
    for (habit, expected) in [(SecondWhole::Refused, Err(-4130)), (SecondWhole::Coexists, Ok(()))] {
        let mut desk = aster_with(|profile| profile.habits.exits.second_whole = habit);
        desk.buy("1");
        desk.exit("whole", "all", stop("95")).unwrap();
        assert_eq!(desk.exit("second", "all", stop("94")).map(|_| ()), expected, "{habit:?}");
    }
}

/// Sends a request with a time stamp of its own, and gives back its ticket.
fn send(desk: &mut Desk, now: Timestamp, sent_at: Timestamp, ask: Ask) -> Ticket {
    desk.venue.request(now, ME, Request { sent_at, valid_for: Span::ZERO, ask })
}

/// The code that a ticket was refused with, 0 when it was not; waits until `now`.
fn code(desk: &mut Desk, now: Timestamp, ticket: Ticket) -> Option<i32> {
    let told = desk.venue.advance(now);
    let mut replies = told.into_iter().filter_map(|told| match told.body {
        Body::Response { ticket: of, reply } if of == ticket => Some(reply),
        Body::Response { .. } | Body::Stream(_) => None,
    });
    replies.next().map(|reply| match reply {
        Reply::Refused(refused) => refused.code,
        Reply::Result(_) => 0,
        other => panic!("{other:?}"),
    })
}

fn micros(count: i64) -> Timestamp {
    Timestamp::from_nanos(count * 1_000)
}

/// venues/aster.md §2.3: within 10 s of the venue's clock either way, and used once; reading uses one up as well.
#[test]
fn a_nonce_is_near_the_clock_and_used_once() {
    let mut desk = aster();
    let now = at(60_000);
    for (sent, expected) in [
        (micros(49_999_999), -4225),
        (micros(50_000_000), 0),
        (micros(50_000_000), -4225),
        (micros(50_000_001), 0),
        (Timestamp::from_nanos(50_000_001_900), -4225),
        (micros(70_000_000), 0),
        (micros(70_000_001), -4225),
    ] {
        let ticket = send(&mut desk, now, sent, Ask::Snapshot);
        assert_eq!(code(&mut desk, now, ticket), Some(expected), "{sent:?}");
    }
}

/// venues/aster.md §2.3: the newest 100 are remembered; one below the smallest of a full list has expired.
#[test]
fn a_nonce_below_a_full_list_has_expired() {
    let mut desk = aster();
    let now = at(60_000);
    let mut ask = |count: i64| {
        let ticket = send(&mut desk, now, micros(60_000_000 + count), Ask::Snapshot);
        code(&mut desk, now, ticket)
    };
    for count in 1..100 {
        assert_eq!(ask(count * 10), Some(0));
    }
    assert_eq!(ask(5), Some(0), "the list is not full yet");
    assert_eq!(ask(4), Some(-4225), "it is full, and 5 is the smallest");
    assert_eq!(ask(15), Some(0), "15 drives out 5");
    assert_eq!(ask(9), Some(-4225));
    assert_eq!(ask(12), Some(0), "12 is above 10, and drives it out");
    let RequestWindow::Nonce { remembered, .. } = desk.venue.native().request_window else { panic!("no nonces") };
    assert_eq!(remembered, 100);
}

/// venues/aster.md §0 fact 4, §8 step 2; F-A07: in time, and too late.
#[test]
fn a_revocation_with_the_same_nonce_stops_a_request_that_is_still_under_way() {
    for (delayed, revoked, open) in [(true, 0, "0"), (false, -4225, "1")] {
        let mut desk = aster();
        if delayed {
            desk.venue.faults_mut().set(Fault::Delay, Knob::times(1));
        }
        desk.venue.faults_mut().delay_up_to = Span::from_secs(2);
        let order = desk.place_ask(wish("in", OrderSide::Buy, "1", Kind::Market, false));
        let (now, later) = (at(1_000), at(9_000));
        let first = send(&mut desk, now, now, order);
        let second = send(&mut desk, now, now, Ask::Revoke);
        assert_eq!(code(&mut desk, now, second), Some(revoked), "delayed: {delayed}");
        if delayed {
            assert_eq!(code(&mut desk, later, first), Some(-4225));
        }
        assert_eq!(desk.open(), open);
    }
    let mut binance = desk_of(Profile::binance(), PositionMode::OneWay);
    assert_eq!(order_or_code(binance.ask(Ask::Revoke)).map(|_| ()), Err(-1020));
}

/// venues/aster.md §8 step 3: more than 10 s after its nonce no request can take effect any more.
#[test]
fn a_late_execution_stays_within_ten_seconds_of_its_nonce() {
    for seed in 0..20 {
        let mut desk = desk_with(Setup::exactly(Profile::aster(), seed), PositionMode::OneWay, rules());
        desk.venue.faults_mut().set(Fault::LateExecution, Knob::times(1));
        desk.now = 999;
        let ask = desk.place_ask(wish("in", OrderSide::Buy, "1", Kind::Market, false));
        send(&mut desk, at(1_000), at(1_000), ask);
        desk.wait(30_000);
        let fill = &desk.venue.ledger().fills()[0];
        assert!(fill.at >= at(1_000) && fill.at <= at(11_000), "seed {seed}: {:?}", fill.at);
    }
}

/// venues/aster.md §10, §13 item 6: the answer comes first, the event later.
#[test]
fn events_come_after_the_answer() {
    let latency = Latency { stream: Delay::millis(20, 0), ..Latency::none() };
    let setup = Setup { physics: Physics { latency, ..Physics::exact() }, ..Setup::exactly(Profile::aster(), 1) };
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    let ask = desk.place_ask(wish("in", OrderSide::Buy, "1", Kind::Market, false));
    desk.send(ask);
    let sent = desk.now;
    let told = desk.wait(1_000);
    let times: Vec<i64> = told.iter().map(|told| told.at.as_millis() - sent).collect();
    assert_eq!(times, [0, 270, 270, 270]);
    assert!(matches!(told[0].body, Body::Response { .. }));
}

/// venues/aster.md §0 fact 5; F-D06.
#[test]
fn a_countdown_hits_protective_stops() {
    let mut desk = aster();
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    let now = desk.clock();
    assert_eq!(desk.venue.cancel_by_system(now, ME, SYMBOL), 1);
    assert_eq!(desk.status("stop"), Status::Canceled);
}
