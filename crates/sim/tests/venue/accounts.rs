//! Money: fees, funding, margin, filters, liquidation and the venue's other forced trades.

use crate::desk::{ME, SYMBOL, at, desk, desk_with, limit, opening, price, quantity, rules, stop, wish};
use backstop_model::{Leverage, Money, OrderSide, PositionMode, Price, Ratio, Span};
use backstop_sim::{
    Body, Cause, Funding, HandAction, Kind, Request, Rules, Setup, SetupError, Slot, Status, StreamEvent,
};

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn fees_and_profit_end_up_in_the_wallet() {
    let fees =
        Rules { maker_fee: Ratio::percent("0.02").unwrap(), taker_fee: Ratio::percent("0.05").unwrap(), ..rules() };
    let mut desk = desk_with(Setup::exact(1), PositionMode::OneWay, fees);
    desk.buy("1");
    desk.exit("tp", "1", limit("110")).unwrap();
    desk.quote("110");
    let ledger = desk.venue.ledger();
    assert_eq!(ledger.fees(ME), Ok(money("0.072")));
    assert_eq!(ledger.realised(ME), Ok(money("10")));
    assert_eq!(ledger.account(ME).unwrap().balance, money("100009.928"));
}

#[test]
fn funding_falls_on_what_remains_at_each_boundary() {
    let hour = 3_600_000;
    let funding = Funding { interval: Span::from_secs(3600), rate: Ratio::percent("0.1").unwrap() };
    let mut desk = desk_with(Setup::exact(1), PositionMode::OneWay, Rules { funding: Some(funding), ..rules() });
    // Two boundaries pass while flat: nobody pays, and nobody pays for them later.
    desk.now = 2 * hour + 1;
    desk.buy("2");
    desk.now = 3 * hour - 10;
    desk.quote("110");
    assert_eq!(desk.venue.next_due(), Some(at(3 * hour)));
    desk.now = 3 * hour + 1;
    desk.exit("half", "1", Kind::Market).unwrap();
    desk.now = 4 * hour + 1;
    desk.quote("120");
    let paid: Vec<String> = desk.venue.ledger().funding().iter().map(|paid| paid.amount.to_string()).collect();
    assert_eq!(paid, ["-0.22", "-0.11"]);
    let heard = desk.told.iter().filter(|told| matches!(told.body, Body::Stream(StreamEvent::FundingFee(_)))).count();
    assert_eq!(heard, 2);
    desk.exit("rest", "1", Kind::Market).unwrap();
    assert_eq!(desk.venue.next_due(), None);
}

#[test]
fn an_order_that_opens_needs_margin_and_an_exit_does_not() {
    let mut desk = desk();
    assert_eq!(desk.place(wish("big", OrderSide::Buy, "10000.001", Kind::Market, false)).map(|_| ()), Err(-2019));
    desk.buy("10000");
    assert_eq!(desk.place(wish("more", OrderSide::Buy, "1", Kind::Market, false)).map(|_| ()), Err(-2019));
    desk.exit("out", "10000", Kind::Market).unwrap();
}

#[test]
fn filters_answer_over_the_wire() {
    let strict = Rules {
        min_quantity: quantity("0.01"),
        max_quantity: Some(quantity("100")),
        min_notional: money("10"),
        percent_band: Some(Ratio::percent("5").unwrap()),
        ..rules()
    };
    let mut desk = desk_with(Setup::exact(1), PositionMode::OneWay, strict);
    desk.buy("1");
    for (amount, kind, expected) in [
        ("0.005", Kind::Market, Err(-4004)),
        ("0.0105", Kind::Market, Err(-4023)),
        ("101", limit("101"), Err(-4005)),
        ("0.01", limit("101.001"), Err(-4014)),
        ("0.01", stop("99.999"), Err(-4014)),
        ("0.01", limit("94.99"), Err(-4024)),
        // Below the smallest notional, which is waived for exits.
        ("0.01", limit("101"), Ok(())),
    ] {
        let id = format!("{}", desk.now);
        assert_eq!(desk.exit(&id, amount, kind).map(|_| ()), expected, "{amount} {kind:?}");
    }
    assert_eq!(desk.place(wish("entry", OrderSide::Buy, "0.01", limit("99"), false)).map(|_| ()), Err(-4164));
}

#[test]
fn the_same_id_can_be_used_again_once_its_order_is_done() {
    let mut desk = desk();
    desk.buy("2");
    desk.exit("x", "1", limit("105")).unwrap();
    assert_eq!(desk.exit("x", "1", limit("106")).map(|_| ()), Err(-4116));
    desk.quote("105");
    desk.exit("x", "1", limit("106")).unwrap();
    assert_eq!(desk.venue.ledger().orders_of(ME, "x").count(), 2);
    assert_eq!(desk.exit("not an id", "1", limit("106")).map(|_| ()), Err(-4015));
}

fn at_risk() -> crate::desk::Desk {
    let mut setup = Setup::exact(1);
    setup.habits.liquidation = true;
    let margin = Rules { maintenance_margin: Ratio::percent("0.5").unwrap(), ..rules() };
    let mut desk = desk_with(setup, PositionMode::OneWay, margin);
    desk.buy("1");
    desk
}

#[test]
fn a_liquidation_expires_the_exits_and_closes_the_position() {
    let mut desk = at_risk();
    desk.exit("tp", "1", limit("120")).unwrap();
    desk.quote("90.51");
    assert_eq!(desk.open(), "1");
    desk.quote("90.5");
    assert_eq!((desk.open(), desk.query("tp").unwrap().cause), ("0".into(), Some(Cause::Liquidation)));
    let fill = desk.venue.ledger().fills().last().unwrap();
    assert!(fill.client_id.starts_with("autoclose-"));
    assert_eq!(fill.cause, Some(Cause::Liquidation));
}

#[test]
fn a_stop_nearer_than_the_liquidation_goes_first() {
    let mut desk = at_risk();
    desk.exit("stop", "1", stop("92")).unwrap();
    desk.quote("89");
    assert_eq!(desk.fills().last().unwrap(), "stop 1@89");
}

#[test]
fn adl_takes_a_part_and_settlement_takes_all_and_closes_the_market() {
    let mut desk = desk();
    desk.buy("1");
    desk.exit("tp", "1", limit("120")).unwrap();
    let taken = desk.venue.adl(at(50), ME, SYMBOL, Slot::Both, quantity("0.4"));
    assert_eq!((taken, desk.status("tp")), (quantity("0.4"), Status::Expired));
    desk.venue.settle(at(60), SYMBOL, price("98")).unwrap();
    desk.wait(100);
    assert_eq!(desk.fills()[1..], ["adl_autoclose 0.4@100", "settlement_autoclose-4 0.6@98"]);
    assert_eq!(desk.place(wish("late", OrderSide::Buy, "1", Kind::Market, false)).map(|_| ()), Err(-4141));
}

#[test]
fn accounts_do_not_see_each_other() {
    let mut desk = desk();
    desk.venue.open_account("other", opening(PositionMode::Hedge)).unwrap();
    assert_eq!(
        desk.venue.open_account("other", opening(PositionMode::Hedge)),
        Err(SetupError::AccountExists("other".into()))
    );
    desk.buy("1");
    let open =
        HandAction::Open { symbol: SYMBOL.into(), side: backstop_model::PositionSide::Short, quantity: quantity("2") };
    desk.venue.by_hand(at(20), "other", open).unwrap();
    let told = desk.wait(30);
    assert!(told.iter().all(|delivery| delivery.account == "other"));
    let view = desk.venue.view("other", desk.venue.now()).unwrap();
    assert_eq!((view.positions[0].slot, view.positions[0].quantity), (Slot::Short, quantity("2")));
    assert_eq!(desk.open(), "1");
}

#[test]
fn an_unknown_account_symbol_or_price_is_refused() {
    let mut desk = desk();
    let ask = desk.place_ask(wish("a", OrderSide::Buy, "1", Kind::Market, false));
    let request = Request { sent_at: at(10), valid_for: Span::from_secs(1), ask };
    desk.venue.request(at(10), "nobody", request);
    let told = desk.wait(20);
    assert!(format!("{told:?}").contains("-2015"), "{told:?}");
    desk.venue.list("ETHUSDT", rules()).unwrap();
    let mut ask = desk.place_ask(wish("b", OrderSide::Buy, "1", Kind::Market, false));
    for (symbol, code) in [("ETHUSDT", -2020), ("NOPE", -1121)] {
        if let backstop_sim::Ask::Place(place) = &mut ask {
            place.symbol = symbol.into();
        }
        assert_eq!(crate::desk::order_or_code(desk.ask(ask.clone())).map(|_| ()), Err(code), "{symbol}");
    }
    let nowhere: Option<Price> = desk.venue.prices("ETHUSDT").unwrap().last;
    assert_eq!(nowhere, None);
}

#[test]
fn each_market_has_its_own_leverage_until_it_is_changed_for_all() {
    let mut desk = desk();
    let (two, ten) = (Leverage::try_from(2).unwrap(), Leverage::try_from(10).unwrap());
    desk.venue.set_leverage(ME, SYMBOL, two).unwrap();
    assert_eq!(desk.venue.set_leverage("nobody", SYMBOL, two), Err(SetupError::NoAccount("nobody".to_owned())));
    desk.buy("1");
    let account = desk.venue.ledger().account(ME).unwrap().clone();
    assert_eq!(account.margin_for("OTHER", money("100")), Ok(money("10")));
    assert_eq!(account.balance.minus(account.available().unwrap()), Ok(money("50")));
    desk.venue.by_hand(at(5), ME, HandAction::ChangeLeverage(ten)).unwrap();
    assert_eq!(desk.venue.ledger().account(ME).unwrap().margin_for(SYMBOL, money("100")), Ok(money("10")));
}
