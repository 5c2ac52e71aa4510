//! Binance's profile: conditional orders apart, their child, their limits, and the questions its page leaves open.

use crate::desk::{
    Desk, ME, SYMBOL, at, desk_of, desk_with, limit, order_or_code, price, quantity, rules, stop, target, wish,
};
use backstop_model::{OrderSide, PositionMode, Span};
use backstop_sim::habits::{ChildIds, ConditionalMargin, MassCancel, Oversize, SecondWhole, TriggerTold};
use backstop_sim::{Amend, Ask, Cause, Kind, Profile, Setup, Status, Term};

fn binance() -> Desk {
    desk_of(Profile::binance(), PositionMode::OneWay)
}

fn binance_with(change: impl FnOnce(&mut Profile)) -> Desk {
    let mut profile = Profile::binance();
    change(&mut profile);
    desk_of(profile, PositionMode::OneWay)
}

/// venues/binance.md §0 fact 2, §8.3: real algo ids exceed 2^31 by far.
#[test]
fn conditional_orders_are_counted_apart_from_orders() {
    let mut desk = binance();
    desk.buy("1");
    let first = desk.exit("stop", "1", stop("95")).unwrap();
    let second = desk.exit("target", "1", target("105")).unwrap();
    let resting = desk.exit("tp", "1", limit("110")).unwrap();
    assert_eq!((first.order_id, second.order_id), (1_000_000_000_000_001, 1_000_000_000_000_002));
    assert_eq!(resting.order_id, 2, "the entry was the first order, and stops are no orders");
}

/// venues/binance.md §0 fact 2, F-C12.
#[test]
fn a_triggered_stop_becomes_a_child_with_an_id_among_the_orders() {
    let mut desk = binance();
    desk.buy("1");
    let placed = desk.exit("stop", "1", stop("95")).unwrap();
    desk.quote("95");
    let order = desk.query("stop").unwrap();
    assert_eq!((order.order_id, order.child_id, order.status), (placed.order_id, Some(2), Status::Filled));
    let fill = desk.venue.ledger().fills().last().unwrap();
    assert_eq!((fill.order_id, fill.engine_id, fill.client_id.as_str()), (placed.order_id, 2, "stop"));
}

/// venues/binance.md §8.4, §0 fact 4; F-C11.
#[test]
fn a_stop_passes_through_triggering_and_is_out_of_reach_there() {
    let trigger = Setup::of(Profile::binance(), 1).physics.latency.trigger;
    assert_eq!(trigger.base, Span::from_millis(11), "from trigger time to event in the recorded frame");
    let mut setup = Setup::exactly(Profile::binance(), 1);
    setup.physics.latency.trigger = trigger;
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.quote("95");
    assert_eq!(desk.query("stop").unwrap().status, Status::Triggering);
    assert_eq!(desk.cancel("stop").map(|_| ()), Err(-2011));
    desk.wait(100);
    assert_eq!(desk.heard("stop"), [Status::New, Status::Triggering, Status::Triggered, Status::Filled]);
}

/// venues/binance.md §8.4: events of the two worlds are not ordered against each other.
#[test]
fn the_fill_can_be_told_before_the_trigger() {
    for (told, expected) in [
        (TriggerTold::BeforeFill, [Status::New, Status::Triggered, Status::Filled]),
        (TriggerTold::AfterFill, [Status::New, Status::Filled, Status::Triggered]),
    ] {
        let mut desk = binance_with(|profile| profile.habits.conditionals.told = told);
        desk.buy("1");
        desk.exit("stop", "1", stop("95")).unwrap();
        desk.quote("95");
        assert_eq!(desk.heard("stop"), expected, "{told:?}");
        assert_eq!(desk.query("stop").unwrap().status, Status::Filled);
    }
}

/// venues/binance.md §8.4, §19: unverified, so both.
#[test]
fn a_child_executes_under_the_same_client_id_or_another() {
    for (child_ids, executed_under) in [(ChildIds::Inherited, "stop"), (ChildIds::OfVenue, "child-2")] {
        let mut desk = binance_with(|profile| profile.habits.conditionals.child_ids = child_ids);
        desk.buy("1");
        let placed = desk.exit("stop", "1", stop("95")).unwrap();
        desk.quote("95");
        assert_eq!(desk.venue.ledger().fills().last().unwrap().client_id, executed_under);
        for id in ["stop", executed_under] {
            assert_eq!(desk.query(id).unwrap().order_id, placed.order_id, "{child_ids:?} asked for {id}");
        }
        assert_eq!(desk.query("child-3").map(|_| ()), Err(-2013));
    }
}

/// venues/binance.md §19: a stop that never reaches the engine stays in TRIGGERING, and nothing protects the position.
#[test]
fn a_stop_can_be_stuck_in_triggering_without_a_child() {
    let mut desk = binance();
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.venue.faults_mut().set(backstop_sim::Fault::TriggerStuck, backstop_sim::Knob::times(1));
    desk.quote("94");
    desk.wait(10_000);
    let stuck = desk.query("stop").unwrap();
    assert_eq!((stuck.status, stuck.child_id, desk.open()), (Status::Triggering, None, "1".into()));
}

/// venues/binance.md §5: 200 open conditional orders per account across all symbols, -4045; F-C13.
#[test]
fn an_account_has_two_hundred_conditional_orders_over_all_markets() {
    let mut desk = binance();
    desk.venue.list("ETHUSDT", rules()).unwrap();
    desk.venue.quote(at(10), "ETHUSDT", backstop_model::Prices::all(price("100"))).unwrap();
    desk.now = 10;
    desk.buy("1");
    for number in 0..200 {
        let mut ask = desk.place_ask(wish(&format!("in-{number}"), OrderSide::Buy, "0.001", stop("120"), false));
        if let (backstop_sim::Ask::Place(place), true) = (&mut ask, number % 2 == 0) {
            place.symbol = "ETHUSDT".into();
        }
        crate::desk::order_or_code(desk.ask(ask)).unwrap();
    }
    assert_eq!(desk.exit("stop", "1", stop("95")).map(|_| ()), Err(-4045));
    desk.exit("tp", "1", limit("105")).unwrap();
    desk.cancel("in-0").unwrap();
    desk.exit("stop", "1", stop("95")).unwrap();
}

/// venues/binance.md §0 fact 5, §17 (-4130).
#[test]
fn one_whole_position_stop_stands_in_each_direction_unless_the_venue_is_lenient() {
    let mut desk = binance();
    desk.buy("1");
    desk.exit("whole", "all", stop("95")).unwrap();
    assert_eq!(desk.exit("second", "all", stop("94")).map(|_| ()), Err(-4130));
    desk.exit("sized", "1", stop("96")).unwrap();
    desk.exit("other-type", "all", target("110")).unwrap();

    for (habit, first) in [(SecondWhole::Coexists, Status::New), (SecondWhole::Replaces, Status::Canceled)] {
        let mut desk = binance_with(|profile| profile.habits.exits.second_whole = habit);
        desk.buy("1");
        desk.exit("whole", "all", stop("95")).unwrap();
        desk.exit("second", "all", stop("94")).unwrap();
        assert_eq!((desk.status("whole"), desk.status("second")), (first, Status::New), "{habit:?}");
    }
}

/// A refusal changes nothing: what would have been replaced stays when the new one is refused for another reason.
#[test]
fn a_refused_successor_leaves_the_stop_it_would_have_replaced() {
    let mut desk = binance_with(|profile| profile.habits.exits.second_whole = SecondWhole::Replaces);
    desk.buy("1");
    desk.exit("whole", "all", stop("95")).unwrap();
    assert_eq!(desk.exit("passed", "all", stop("100")).map(|_| ()), Err(-2021));
    assert_eq!(desk.status("whole"), Status::New);
}

/// venues/binance.md §0 fact 3, §7 (`PUT /order` is for limits only).
#[test]
fn limits_can_be_amended_and_stops_cannot() {
    let mut desk = binance();
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.exit("tp", "1", limit("105")).unwrap();
    assert_eq!(desk.amend_trigger("stop", "96"), Err(-1020));
    assert_eq!(desk.amend_price("tp", "106").unwrap().kind, limit("106"));
    assert!(!desk.venue.native().amends_stops());
}

/// venues/binance.md §7 (`PUT /order`): "cancels the order if partially filled and new quantity ≤ executed, or if GTX would
/// cross"; a filter breach leaves it unchanged.
#[test]
fn a_post_only_order_that_is_amended_across_the_market_is_cancelled() {
    let mut desk = binance();
    desk.buy("1");
    let post_only = Kind::Limit { price: price("105"), term: Term::Gtx };
    desk.exit("tp", "1", post_only).unwrap();
    assert_eq!(desk.amend_price("tp", "104.005").map(|_| ()), Err(-4014));
    assert_eq!(desk.status("tp"), Status::New);
    assert_eq!(desk.amend_price("tp", "100").unwrap().status, Status::Canceled);
    assert_eq!((desk.status("tp"), desk.open()), (Status::Canceled, "1".to_owned()));
}

/// venues/binance.md §7 (`PUT /order`): "cancels the order if partially filled and new quantity ≤ executed".
#[test]
fn an_order_that_is_amended_to_what_it_has_executed_is_cancelled() {
    let mut desk = binance();
    desk.buy("1");
    desk.exit("tp", "1", limit("105")).unwrap();
    desk.venue.faults_mut().set(backstop_sim::Fault::PartialFill, backstop_sim::Knob::per_million(1_000_000));
    desk.quote("105");
    let executed = desk.query("tp").unwrap().executed;
    assert!(!executed.is_zero() && executed < quantity("1"), "{executed}");
    let amend = Amend { client_id: "tp".into(), price: None, trigger: None, quantity: Some(executed) };
    assert_eq!(order_or_code(desk.ask(Ask::Amend(amend))).unwrap().status, Status::Canceled);
    assert_eq!(desk.query("tp").unwrap().executed, executed);
}

/// venues/binance.md §7.1: unverified, so both.
#[test]
fn a_market_exit_larger_than_the_position_is_cut_or_refused() {
    for (habit, expected) in [(Oversize::Clipped, Ok(quantity("1"))), (Oversize::Refused, Err(-2022))] {
        let mut desk = binance_with(|profile| profile.habits.exits.oversize = habit);
        desk.buy("1");
        assert_eq!(desk.exit("out", "1.001", Kind::Market).map(|order| order.executed), expected, "{habit:?}");
        assert_eq!(desk.open(), if expected.is_ok() { "0" } else { "1" });
        if expected.is_err() {
            desk.exit("exactly", "1", Kind::Market).unwrap();
        }
    }
}

/// venues/binance.md §7 (`countdownCancelAll`, `allOpenOrders`): unverified, so both; F-D06.
#[test]
fn a_dead_man_switch_takes_stops_with_it_or_leaves_them() {
    for (habit, gone, stop_is) in
        [(MassCancel::Everything, 2, Status::Canceled), (MassCancel::RegularOnly, 1, Status::New)]
    {
        let mut desk = binance_with(|profile| profile.habits.conditionals.mass_cancel = habit);
        desk.buy("1");
        desk.exit("stop", "1", stop("95")).unwrap();
        desk.exit("tp", "1", limit("105")).unwrap();
        let now = desk.clock();
        assert_eq!(desk.venue.cancel_by_system(now, ME, SYMBOL), gone, "{habit:?}");
        assert_eq!((desk.status("stop"), desk.status("tp")), (stop_is, Status::Canceled));
    }
}

/// venues/binance.md §0 fact 3: accepted today, rejected at the trigger. Aster's answer is unverified (§5.3).
#[test]
fn an_opening_stop_needs_its_margin_at_the_trigger_or_when_placed() {
    let opening = || wish("in", OrderSide::Buy, "20000", stop("110"), false);
    let mut desk = binance();
    desk.place(opening()).unwrap();
    desk.quote("110");
    assert_eq!(desk.heard("in"), [Status::New, Status::Rejected]);
    assert_eq!(desk.query("in").unwrap().cause, Some(Cause::Margin));

    let mut desk = binance_with(|profile| profile.habits.conditionals.margin = ConditionalMargin::AtPlacing);
    assert_eq!(desk.place(opening()).map(|_| ()), Err(-2019));
}
