//! What the operator is told about a position that others have opened, while nothing is sent for it.

use crate::builders::{
    account_from, definitions, fill, foreign_stop, instrument_from, key, plan_from, price, quantity, tick,
};
use backstop_core::Engine;
use backstop_model::{Event, OrderSide, PositionSide, Prices, Stamped, Timestamp};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000).unwrap()
}

fn proposed(engine: &Engine, seconds: i64) -> Option<String> {
    let key = key(PositionSide::Long);
    engine.position(key)?.proposed(engine.ctx(key, at(seconds))?)
}

#[test]
fn a_hard_stop_is_announced_until_a_stop_of_the_traders_own_covers_the_position() {
    let (mut engine, plan) = (Engine::new(), plan_from("stop 2%; tp 3%").unwrap().0);
    let hear = |engine: &mut Engine, sequence, seconds, event| {
        engine.handle(&Stamped { sequence, at: at(seconds), event });
    };
    let account = account_from("adopts hard-stop stop 3%");
    let mut events: Vec<Event> = definitions(&account, &instrument_from(""), &plan).into_iter().collect();
    let opened = fill("f1", None, OrderSide::Buy, price("50000"), quantity("0.1"));
    events.extend([tick(Prices::all(price("50000")), true), Event::Fill(opened)]);
    for (sequence, event) in (1..).zip(events) {
        hear(&mut engine, sequence, 1, event);
    }
    let announced = "opened by others; a hard stop goes in in 8 s unless a stop of the trader's own covers it";
    assert_eq!(proposed(&engine, 3).as_deref(), Some(announced));
    let own = foreign_stop("his", quantity("0.1"), price("48000"), at(2));
    hear(&mut engine, 90, 4, Event::Order(own));
    hear(&mut engine, 91, 11, Event::Wake);
    let covered = "the trader's own stop at 48000 covers it; a hard stop goes in when it does not";
    assert_eq!(proposed(&engine, 12).as_deref(), Some(covered));
}
