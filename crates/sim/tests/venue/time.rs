//! Latency, request windows, and saving the venue in the middle of everything.

use crate::desk::{Desk, ME, SYMBOL, at, desk_with, limit, price, rules, stop, wish};
use backstop_model::{OrderSide, PositionMode, Prices, Span};
use backstop_sim::{
    Body, Climate, Delay, Exchange, Fault, Faults, Generator, Kind, Knob, Latency, Physics, Reply, Setup,
};

fn slow(faults: Faults) -> Desk {
    let latency = Latency {
        request: Delay::millis(30, 0),
        response: Delay::millis(40, 0),
        stream: Delay::millis(20, 0),
        ..Latency::none()
    };
    let setup = Setup { physics: Physics { latency, ..Physics::exact() }, faults, ..Setup::exact(1) };
    desk_with(setup, PositionMode::OneWay, rules())
}

#[test]
fn a_request_takes_effect_on_arrival_and_its_events_overtake_its_answer() {
    let mut desk = slow(Faults::none(1));
    desk.now = 999;
    let ask = desk.place_ask(wish("buy", OrderSide::Buy, "1", Kind::Market, false));
    desk.send(ask);
    // The market moves while the request is under way.
    desk.venue.quote(at(1_020), SYMBOL, Prices::all(price("101"))).unwrap();
    assert_eq!(desk.venue.next_due(), Some(at(1_030)));
    let told = desk.wait(100);
    let times: Vec<i64> = told.iter().map(|delivery| delivery.at.as_millis()).collect();
    assert_eq!(times, [1_050, 1_050, 1_050, 1_070]);
    assert!(matches!(told[3].body, Body::Response { .. }));
    assert_eq!(desk.venue.ledger().fills()[0].price, price("101"));
}

#[test]
fn a_request_that_arrives_after_its_window_is_refused() {
    let mut desk = slow(Faults::none(1).with(Fault::Delay, Knob::times(1)));
    desk.venue.faults_mut().delay_up_to = Span::from_secs(600);
    let ask = desk.place_ask(wish("buy", OrderSide::Buy, "1", Kind::Market, false));
    desk.send(ask);
    let told = desk.wait(700_000);
    let Body::Response { reply: Reply::Refused(refused), .. } = &told[0].body else { panic!("{told:?}") };
    assert_eq!((refused.code, desk.venue.ledger().orders().count()), (-1021, 0));
}

#[test]
fn a_late_execution_happens_inside_the_window_after_nobody_knew() {
    for seed in 0..20 {
        let mut desk = slow(Faults::none(seed).with(Fault::LateExecution, Knob::times(1)));
        desk.now = 999;
        let ask = desk.place_ask(wish("buy", OrderSide::Buy, "1", Kind::Market, false));
        desk.send(ask);
        let told = desk.wait(10_000);
        let replies: Vec<_> = told.iter().filter(|told| matches!(told.body, Body::Response { .. })).collect();
        assert!(format!("{replies:?}").contains("-1007"), "{replies:?}");
        let fill = &desk.venue.ledger().fills()[0];
        assert!(fill.at >= at(1_030) && fill.at <= at(4_000), "seed {seed}: {:?}", fill.at);
        assert_eq!(desk.venue.faults().struck(Fault::LateExecution), 1);
    }
}

#[test]
fn a_trigger_can_take_its_time() {
    let latency = Latency { trigger: Delay::millis(11, 0), ..Latency::none() };
    let setup = Setup { physics: Physics { latency, ..Physics::exact() }, ..Setup::exact(1) };
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.quote("95");
    desk.quote("93");
    assert_eq!(desk.cancel("stop").map(|_| ()), Err(-2011));
    desk.wait(20);
    assert_eq!(desk.fills()[1], "stop 1@93");
    use backstop_sim::Status::{Filled, New, Triggered, Triggering};
    assert_eq!(desk.heard("stop"), [New, Triggering, Triggered, Filled]);
}

/// A lively hour with orders and every kind of fault.
fn turbulence(seed: u64, save_every: usize) -> (String, String) {
    let mut faults = Faults::none(seed);
    for fault in [
        Fault::CancelBySystem,
        Fault::Delay,
        Fault::DropRequest,
        Fault::DropResponse,
        Fault::DuplicateResponse,
        Fault::EventDelay,
        Fault::EventDrop,
        Fault::EventDuplicate,
        Fault::EventReorder,
        Fault::Http,
        Fault::LateExecution,
        Fault::PartialFill,
        Fault::Reject,
        Fault::StaleRead,
        Fault::TriggerReject,
    ] {
        faults.set(fault, Knob::per_million(50_000));
    }
    let setup = Setup { faults, ..Setup::new(seed) };
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    let market = Generator::new(seed, at(1_000), Climate::lively(price("100"), price("0.01"))).unwrap();
    for (step, point) in market.take(600).enumerate() {
        desk.venue.quote(point.at, SYMBOL, point.prices).unwrap();
        desk.now = point.at.as_millis();
        let last = point.prices.last.unwrap();
        let level = |percent: &str| {
            let factor = percent.parse().unwrap();
            let level = last.times(factor, backstop_model::Rounding::Down).unwrap();
            level.floor_to_tick(price("0.01")).unwrap().to_string()
        };
        let order = match step % 20 {
            0 => wish(&format!("in-{step}"), OrderSide::Buy, "1", Kind::Market, false),
            4 => wish(&format!("stop-{step}"), OrderSide::Sell, "1", stop(&level("0.99")), true),
            8 => wish(&format!("tp-{step}"), OrderSide::Sell, "0.5", limit(&level("1.01")), true),
            _ => continue,
        };
        let ask = desk.place_ask(order);
        desk.send(ask);
        desk.send(backstop_sim::Ask::Snapshot);
        desk.told.extend(desk.venue.advance(point.at));
        if step % save_every == 0 {
            let saved = serde_json::to_string(&desk.venue).unwrap();
            desk.venue = serde_json::from_str::<Exchange>(&saved).unwrap();
        }
    }
    desk.wait(1_000_000);
    assert!(desk.venue.ledger().fills_of(ME).count() > 20, "too quiet a storm");
    (serde_json::to_string(&desk.told).unwrap(), serde_json::to_string(&desk.venue).unwrap())
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (first, second, other) = (turbulence(7, 1_000), turbulence(7, 1_000), turbulence(8, 1_000));
    assert!(first == second, "two runs of one seed differ");
    assert!(first.0 != other.0, "two seeds tell the same");
}

#[test]
fn a_venue_that_was_saved_and_read_back_goes_on_identically() {
    let (never, often) = (turbulence(9, 1_000), turbulence(9, 20));
    assert!(never == often, "saving changed the course of things");
}

/// FNV-1a, so that a test can pin bytes without keeping them.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_venue_without_a_profile_keeps_its_seeded_bytes() {
    let (told, saved) = turbulence(11, 1_000);
    assert_eq!((fingerprint(&told), fingerprint(&saved)), (132_757_635_414_280_413, 2_605_527_746_073_944_876));
}
