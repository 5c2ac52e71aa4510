//! Two accounts on one market: what one has lost today says nothing of the other.

use crate::builders::{
    ACCOUNT, BTC, account, definitions, fill, instrument_from, key, name, percent, plan_from, price, quantity,
};
use backstop_core::Engine;
use backstop_model::{
    Account, AccountId, Event, Fill, Limits, OrderSide, PositionKey, PositionSide, Prices, Snapshot, Span, Stamped,
    Tick, Timestamp,
};

const OTHER: AccountId = AccountId(1);

/// Takes in an event a second after the one before it, and says what people are told.
fn told(engine: &mut Engine, second: i64, event: Event) -> Vec<String> {
    let at = Timestamp::EPOCH.plus(Span::from_secs(second));
    let sequence = u64::try_from(second).unwrap();
    let step = engine.handle(&Stamped { sequence, at, event });
    step.notices.into_iter().map(|notice| notice.text).collect()
}

fn read(account: AccountId) -> Event {
    let server_time = Timestamp::EPOCH.plus(Span::from_secs(9));
    let (positions, orders, fills) = (Vec::new(), Vec::new(), Vec::new());
    let balance = Some("10000".parse().unwrap());
    Event::Snapshot(Snapshot { account, positions, orders, fills, server_time, balance })
}

#[test]
fn a_day_is_lost_by_the_account_that_holds_the_position_and_by_no_other() {
    let limits = Limits { max_daily_loss: Some(percent("3")), ..Limits::default() };
    let one = Account { limits, ..account() };
    let other = Account { id: OTHER, name: name("other"), ..one.clone() };
    let (plan, _) = plan_from("stop 9%; tp 30%").unwrap();
    let mut events = definitions(&one, &instrument_from("leverage 2"), &plan);
    let prices = |text: &str| Prices::all(price(text));
    let tick = |text: &str| Event::Tick(Tick { instrument: BTC, prices: prices(text), confirmed: true });
    let bought = fill("f1", None, OrderSide::Buy, price("50000"), quantity("0.1"));
    let bought = Fill { account: OTHER, at: Timestamp::EPOCH.plus(Span::from_secs(9)), ..bought };
    events.extend([Event::DefineAccount(Box::new(other)), tick("50000"), read(ACCOUNT), read(OTHER)]);
    events.extend([Event::Fill(bought), Event::Wake, tick("46900"), Event::Wake, Event::Wake]);
    let mut engine = Engine::new();
    let said: Vec<String> = (1..).zip(events).flat_map(|(second, event)| told(&mut engine, second, event)).collect();
    let lost: Vec<_> = said.iter().filter(|text| text.contains("the day's loss")).collect();
    assert_eq!(lost.len(), 1, "{said:?}");
    assert!(lost[0].starts_with("account other: the day's loss of 310 USDT"), "{said:?}");
}

#[test]
fn a_read_of_one_account_says_nothing_of_what_another_one_holds() {
    let other = Account { id: OTHER, name: name("other"), ..account() };
    let (plan, _) = plan_from("stop 2%; tp 3%").unwrap();
    let mut events = definitions(&account(), &instrument_from(""), &plan);
    let prices = Prices::all(price("50000"));
    let bought = fill("f1", None, OrderSide::Buy, price("50000"), quantity("0.1"));
    let bought = Fill { account: OTHER, ..bought };
    events.extend([
        Event::DefineAccount(Box::new(other)),
        Event::Tick(Tick { instrument: BTC, prices, confirmed: true }),
    ]);
    events.extend([read(OTHER), Event::Fill(bought)]);
    let mut engine = Engine::new();
    for (second, event) in (1..).zip(events) {
        told(&mut engine, second, event);
    }
    let said: Vec<String> = (20..23).flat_map(|second| told(&mut engine, second, read(ACCOUNT))).collect();
    let key = PositionKey { account: OTHER, ..key(PositionSide::Long) };
    assert_eq!((engine.position(key).unwrap().quantity(), said), (quantity("0.1"), Vec::new()));
}
