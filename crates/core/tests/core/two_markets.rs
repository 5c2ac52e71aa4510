//! Two markets of one account: what is read of both says nothing of the other.

use crate::builders::{
    ACCOUNT, BTC, account, definitions, fill, foreign_stop, instrument_spec, key, plan_from, price, quantity, tick,
};
use backstop_core::{Engine, Step};
use backstop_model::{
    Account, Adopt, Candle, Command, Depth, Event, Fill, Instrument, InstrumentId, OrderReport, OrderSide,
    PositionDocument, PositionKey, PositionReport, PositionSide, Prices, Series, Snapshot, Span, Stamped, Symbol, Tick,
    Timestamp,
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
    let his = foreign_stop("his", quantity("0.1"), price("48000"), at(1_000));
    let his = OrderReport { instrument: ETH, ..his };
    events.push(read(vec![long(BTC), long(ETH)], vec![his], 1_000));
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

/// Both markets at 100, and a long of 1 in each of these.
fn open_in(open: &[InstrumentId], plan: &str) -> Engine {
    let mut engine = Engine::new();
    let mut other = instrument_spec();
    (other.id, other.symbol) = (ETH, Symbol::new("ETHUSDT").unwrap());
    let btc = Instrument::try_from(instrument_spec()).unwrap();
    let mut events = Vec::from_iter(definitions(&account(), &btc, &plan_from(plan).unwrap().0));
    events.push(Event::DefineInstrument(Box::new(Instrument::try_from(other).unwrap())));
    for instrument in open.iter().copied() {
        let prices = Prices::all(price("100"));
        events.push(Event::Tick(Tick { instrument, prices, confirmed: true }));
        let bought = fill(&format!("f{}", instrument.0), None, OrderSide::Buy, price("100"), quantity("1"));
        events.push(Event::Fill(Fill { instrument, at: at(1_000), ..bought }));
    }
    for (sequence, event) in (1..).zip(events) {
        engine.handle(&Stamped { sequence, at: at(1_000), event });
    }
    engine
}

fn heard(engine: &mut Engine, event: Event) -> Step {
    engine.handle(&Stamped { sequence: 100, at: at(601_000), event })
}

fn document(engine: &Engine, instrument: InstrumentId) -> PositionDocument {
    let key = PositionKey { instrument, ..key(PositionSide::Long) };
    let ctx = engine.ctx(key, at(601_000)).unwrap();
    engine.position(key).unwrap().read(ctx).unwrap().remove(0).document
}

#[test]
fn a_thin_book_of_one_market_is_told_of_that_one_only() {
    let mut engine = open_in(&[BTC, ETH], "stop 5%; tp 9%");
    let (bids, asks) = (quantity("0.5"), quantity("0.5"));
    let step = heard(&mut engine, Event::Depth(Depth { instrument: ETH, bids, asks, at: at(601_000) }));
    let thin = step.notices.iter().filter(|notice| notice.text.contains("rests within one percent of the price"));
    let told: Vec<_> = thin.map(|notice| notice.text.split(':').next().unwrap()).collect();
    assert_eq!(told, ["ETHUSDT long"]);
}

#[test]
fn the_candles_of_one_market_say_nothing_of_how_far_another_one_went() {
    let mut engine = open_in(&[BTC, ETH], "stop 5%; tp 50%; breakeven-at 40%");
    let candle = |minute: i64, high: &str| {
        let opened_at = at(1_000).plus(Span::from_secs(60 * minute));
        Candle { opened_at, high: price(high), low: price("100"), close: price("100") }
    };
    let candles = vec![candle(1, "100"), candle(2, "106"), candle(3, "106")];
    let (interval, history) = (Span::from_secs(60), Some(Series::Last));
    heard(&mut engine, Event::Candles { instrument: ETH, interval, candles, history });
    assert_eq!(document(&engine, ETH).best_price, Some(price("106")));
    assert_eq!(document(&engine, BTC).best_price, Some(price("100")));
}

#[test]
fn what_was_missed_is_asked_of_the_market_in_which_something_is_open() {
    let engine = open_in(&[ETH], "stop 5%; rest; trail activation 2% distance 1% by amend; allow-loss");
    let asked = [BTC, ETH].map(|instrument| engine.needs_history(instrument, Series::Last));
    assert_eq!(asked, [None, Some(ACCOUNT)]);
}
