//! Commands that waited, and are wrong by the time they would leave.

use crate::builders::{ACCOUNT, BTC, definitions, fill, instrument_from, plan_from, price, quantity, tick};
use crate::builders::{account, key};
use backstop_core::Engine;
use backstop_model::{Command, Event, OrderSide, PositionSide, Prices, Stamped, Timestamp};

fn hear(engine: &mut Engine, sequence: u64, event: Event) -> Vec<Command> {
    engine.handle(&Stamped { sequence, at: Timestamp::from_millis(1_000).unwrap(), event }).commands
}

#[test]
fn an_order_that_waited_while_the_grid_became_another_one_is_taken_back() {
    let (mut engine, plan) = (Engine::new(), plan_from("stop 2%; tp 3%").unwrap().0);
    let opened = fill("f1", None, OrderSide::Buy, price("50000.3"), quantity("0.1"));
    let mut events: Vec<Event> = definitions(&account(), &instrument_from(""), &plan).into_iter().collect();
    events.extend([tick(Prices::all(price("50000.3")), true), Event::Fill(opened)]);
    let sent: Vec<Command> = (1..).zip(events).flat_map(|(at, event)| hear(&mut engine, at, event)).collect();
    let stop = sent.iter().find(|command| matches!(command, Command::Place(_))).expect("a stop is placed");
    let cancel = |id| Command::Cancel { account: ACCOUNT, instrument: BTC, id, deal: None };
    assert!(!engine.takes_back(stop));
    hear(&mut engine, 90, Event::DefineInstrument(Box::new(instrument_from("tick 5"))));
    assert!(engine.takes_back(stop), "49000.3 is no price any more");
    assert!(!engine.takes_back(&cancel(stop.order().expect("it has an id"))));
    assert!(engine.position(key(PositionSide::Long)).is_some());
}
