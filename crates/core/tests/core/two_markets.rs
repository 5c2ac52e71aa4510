//! Two markets of one account: what is read of both says nothing of the other.

use crate::builders::{ACCOUNT, BTC, account, definitions, instrument_spec, key, plan_from, price, quantity, tick};
use backstop_core::Engine;
use backstop_model::{
    Account, Adopt, Command, Event, Instrument, InstrumentId, OrderReport, OrderSide, OrderStatus, PositionKey,
    PositionReport, PositionSide, Prices, Snapshot, Stamped, Symbol, Timestamp, Trigger, TriggerSource, VenueOrderId,
};

const ETH: InstrumentId = InstrumentId(1);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn read(positions: Vec<PositionReport>, orders: Vec<OrderReport>, millis: i64) -> Event {
    let read =
        Snapshot { account: ACCOUNT, positions, orders, fills: Vec::new(), server_time: at(millis), balance: None };
    Event::Snapshot(read)
}

fn long(instrument: InstrumentId) -> PositionReport {
    PositionReport {
        key: PositionKey { instrument, ..key(PositionSide::Long) },
        quantity: quantity("0.1"),
        entry_price: Some(price("50000")),
        liquidation_price: None,
        premium: None,
        at: at(1_000),
    }
}

/// A stop that somebody else has placed.
fn foreign_stop(instrument: InstrumentId) -> OrderReport {
    OrderReport {
        account: ACCOUNT,
        instrument,
        id: None,
        venue_id: VenueOrderId::new("his").unwrap(),
        deal: None,
        side: OrderSide::Sell,
        status: OrderStatus::Working,
        quantity: Some(quantity("0.1")),
        filled: quantity("0"),
        trigger: Some(Trigger::new(price("48000"), TriggerSource::Mark)),
        limit: None,
        at: at(1_000),
    }
}

#[test]
fn a_traders_own_stop_on_one_market_covers_nothing_on_another() {
    let mut engine = Engine::new();
    let mut other = instrument_spec();
    (other.id, other.symbol) = (ETH, Symbol::new("ETHUSDT").unwrap());
    let btc = Instrument::try_from(instrument_spec()).unwrap();
    let account = Account { adopt: Adopt::HardStop, ..account() };
    let mut events = Vec::from_iter(definitions(&account, &btc, &plan_from("stop 2%; tp 3%").unwrap().0));
    events.push(Event::DefineInstrument(Box::new(Instrument::try_from(other).unwrap())));
    events.push(tick(Prices::all(price("50000")), true));
    events.push(read(Vec::new(), Vec::new(), 500));
    events.push(read(vec![long(BTC), long(ETH)], vec![foreign_stop(ETH)], 1_000));
    for (sequence, event) in (1..).zip(events) {
        engine.handle(&Stamped { sequence, at: at(1_000), event });
    }
    let step = engine.handle(&Stamped { sequence: 100, at: at(61_000), event: Event::Wake });
    let protected = step.commands.iter().filter_map(|command| match command {
        Command::Place(order) => Some((order.instrument, order.kind.price())),
        _ => None,
    });
    assert_eq!(Vec::from_iter(protected), [(BTC, Some(price("47000")))], "{step:?}");
}
