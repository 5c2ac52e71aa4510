//! Bitget's profiles: what closes while an account is deleveraged, and a market that takes closings only.

use crate::bitget::bitget_with;
use crate::desk::{Desk, ME, SYMBOL, desk_of, limit, order_or_code, quantity, stop, target, wish};
use backstop_model::{OrderSide, PositionMode, PositionSide, Span};
use backstop_sim::{Ask, Kind, Profile, Session, Slot, Status};

fn deleveraged(desk: &mut Desk, amount: &str) {
    let now = desk.clock();
    desk.venue.adl(now, ME, SYMBOL, Slot::Both, quantity(amount));
}

/// Closes everything without naming a quantity.
fn flash(desk: &mut Desk) -> Result<(), i32> {
    let ask = Ask::FlashClose { symbol: SYMBOL.to_owned(), side: None };
    order_or_code(desk.ask(ask)).map(|_| ())
}

/// venues/bitget.md §6.4 (22044), §12 (22043); F-F02: it blocks closing, and for a moment.
#[test]
fn nothing_closes_while_an_account_is_deleveraged() {
    for (name, profile) in [("classic", Profile::bitget_classic()), ("unified", Profile::bitget_unified())] {
        let mut desk = desk_of(profile, PositionMode::OneWay);
        desk.buy("1");
        desk.wait(500);
        deleveraged(&mut desk, "0.4");
        assert_eq!(desk.exit("out", "0.6", Kind::Market).map(|_| ()), Err(22_043), "{name}");
        assert_eq!(desk.exit("tp", "0.6", limit("110")).map(|_| ()), Err(22_043), "{name}");
        assert_eq!(flash(&mut desk), Err(22_044), "{name}");
        desk.place(wish("more", OrderSide::Buy, "0.1", Kind::Market, false)).unwrap();
        desk.wait(500);
        desk.protect("stop", "0.7", stop("95")).unwrap();
        desk.wait(500);
        desk.exit("out", "0.6", Kind::Market).unwrap();
        flash(&mut desk).unwrap();
        assert_eq!(desk.open(), "0", "{name}");
    }
}

/// venues/bitget.md §8.4: "after a triggered order fails (e.g. ADL, no liquidity) `planStatus=fail_execute` and the protection is
/// gone".
#[test]
fn a_stop_that_triggers_while_an_account_is_deleveraged_fails_and_is_gone() {
    let mut desk = bitget_with(PositionMode::OneWay, |_| {});
    desk.buy("1");
    desk.protect("stop", "all", stop("95")).unwrap();
    deleveraged(&mut desk, "0.4");
    desk.quote("94");
    assert_eq!((desk.status("stop"), desk.open()), (Status::Rejected, "0.6".to_owned()));
    desk.wait(1_000);
    desk.quote("96");
    desk.protect("again", "all", stop("95")).unwrap();
    desk.quote("94");
    assert_eq!((desk.status("again"), desk.open()), (Status::Filled, "0".to_owned()));
}

/// The other account, another market, another venue: nobody else is concerned.
#[test]
fn a_deleveraging_blocks_its_own_market_at_that_venue_alone() {
    let mut desk = bitget_with(PositionMode::OneWay, |profile| profile.habits.exits.adl_blocks = Span::ZERO);
    desk.buy("1");
    deleveraged(&mut desk, "0.4");
    desk.exit("out", "0.6", Kind::Market).unwrap();
    let mut binance = desk_of(Profile::binance(), PositionMode::OneWay);
    binance.buy("1");
    deleveraged(&mut binance, "0.4");
    binance.exit("out", "0.6", Kind::Market).unwrap();
    assert_eq!([desk.open(), binance.open()], ["0", "0"]);
}

fn limit_open(desk: &mut Desk) {
    let now = desk.clock();
    desk.venue.set_session(now, SYMBOL, Session::ClosingsOnly).unwrap();
}

/// venues/bitget.md §4 (`symbolStatus: limit_open`, "close only"); F-F03, F-D11.
#[test]
fn a_market_of_closings_only_takes_every_exit_and_its_changes() {
    let mut desk = bitget_with(PositionMode::OneWay, |_| {});
    desk.buy("1");
    desk.protect("stop", "all", stop("95")).unwrap();
    limit_open(&mut desk);
    assert_eq!(desk.place(wish("more", OrderSide::Buy, "1", Kind::Market, false)).map(|_| ()), Err(45_043));
    assert_eq!(desk.place(wish("rest", OrderSide::Buy, "1", limit("90"), false)).map(|_| ()), Err(45_043));
    desk.amend_trigger("stop", "96").unwrap();
    desk.protect("tp1", "0.5", target("103")).unwrap();
    desk.exit("part", "0.2", Kind::Market).unwrap();
    desk.quote("103");
    assert_eq!(desk.status("tp1"), Status::Filled);
    desk.quote("95.5");
    assert_eq!((desk.status("stop"), desk.open()), (Status::Filled, "0".to_owned()));
}

/// venues/bitget.md §6.1, §6.4: a hedge account says open or close.
#[test]
fn a_hedge_account_closes_in_such_a_market_and_does_not_open() {
    let mut desk = desk_of(Profile::bitget_unified(), PositionMode::Hedge);
    desk.place(wish("in", OrderSide::Buy, "1", Kind::Market, false)).unwrap();
    desk.wait(500);
    limit_open(&mut desk);
    assert_eq!(desk.place(wish("short", OrderSide::Sell, "1", Kind::Market, false)).map(|_| ()), Err(25_102));
    order_or_code(desk.ask(desk.protect_ask("stop", PositionSide::Long, "all", stop("95")))).unwrap();
    flash(&mut desk).unwrap();
    assert!(desk.venue.ledger().holding(ME, SYMBOL, Slot::Long).is_flat());
}
