//! A fee that comes together with what begins the next trade.

use crate::builders::{ACCOUNT, account, definitions, fill, instrument_from, money, plan_from, price, quantity, tick};
use backstop_core::{Engine, Step};
use backstop_model::{Event, Fee, Fill, OrderSide, Prices, Snapshot, Stamped, Timestamp};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000).unwrap()
}

fn hear(engine: &mut Engine, sequence: u64, event: Event) -> Step {
    engine.handle(&Stamped { sequence, at: at(i64::try_from(sequence).unwrap()), event })
}

fn made(id: &str, side: OrderSide, amount: &str, fee: Fee, when: i64) -> Fill {
    Fill { fee, at: at(when), ..fill(id, None, side, price("50000"), quantity(amount)) }
}

#[test]
fn the_trade_before_is_told_with_its_fee_when_one_read_brings_both() {
    let (mut engine, plan) = (Engine::new(), plan_from("stop 2%; tp 3%").unwrap().0);
    let mut events: Vec<Event> = definitions(&account(), &instrument_from(""), &plan).into_iter().collect();
    let opened = made("f1", OrderSide::Buy, "0.1", Fee::Known(money("2.5")), 4);
    let closed = made("f2", OrderSide::Sell, "0.1", Fee::Unknown, 5);
    events.extend([tick(Prices::all(price("50000")), true), Event::Fill(opened), Event::Fill(closed.clone())]);
    for (sequence, event) in (1..).zip(events) {
        hear(&mut engine, sequence, event);
    }
    let fills = vec![
        Fill { fee: Fee::Known(money("1.03")), ..closed },
        made("f3", OrderSide::Buy, "0.2", Fee::Known(money("5")), 8),
    ];
    let (positions, orders) = (Vec::new(), Vec::new());
    let read = Snapshot { account: ACCOUNT, positions, orders, fills, server_time: at(9), balance: None };
    let told = hear(&mut engine, 9, Event::Snapshot(read)).positions;
    let fees = |epoch: &str| {
        let documents = told.iter().map(|read| &read.document);
        documents.filter(|document| document.position_id.ends_with(epoch)).map(|document| document.fees).next_back()
    };
    assert_eq!((fees("-long-1"), fees("-long-2")), (Some(money("3.53")), Some(money("5"))));
}
