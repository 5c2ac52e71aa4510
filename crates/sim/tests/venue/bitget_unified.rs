//! Bitget's unified profile: strategy orders, plain hedge words, no native trailing (venues/bitget.md §14).

use crate::desk::{Desk, ME, SYMBOL, desk_of, limit, order_or_code, stop, target, trail, wish};
use backstop_model::{OrderSide, PositionMode, PositionSide, Span};
use backstop_sim::{Ask, Kind, Profile, Slot, Status, TradeSide};

fn unified(mode: PositionMode) -> Desk {
    let mut profile = Profile::bitget_unified();
    profile.habits.exits.visible_after = Span::ZERO;
    desk_of(profile, mode)
}

/// venues/bitget.md §0 fact 2: trailing has to be run by the engine.
#[test]
fn there_is_no_native_trailing() {
    let mut desk = unified(PositionMode::OneWay);
    desk.buy("1");
    assert_eq!(desk.exit("trail", "1", trail(None, "3")).map(|_| ()), Err(25_200));
    assert_eq!(desk.protect("trail", "1", trail(None, "3")).map(|_| ()), Err(25_200));
}

/// venues/bitget.md §14 (`tpslMode`): full is one per position (25594), partial needs a quantity.
#[test]
fn a_position_has_one_full_stop_and_partial_ones_beside_it() {
    let mut desk = unified(PositionMode::OneWay);
    desk.buy("1");
    desk.protect("full", "all", stop("95")).unwrap();
    assert_eq!(desk.protect("second", "all", stop("94")).map(|_| ()), Err(25_594));
    desk.protect("part", "0.4", target("105")).unwrap();
    desk.protect("rest", "0.6", target("110")).unwrap();
    assert_eq!(desk.protect("more", "0.001", target("111")).map(|_| ()), Err(43_023));
    desk.quote("105");
    desk.quote("94");
    assert_eq!(desk.fills()[1..], ["part 0.4@105", "full 0.6@94"]);
    assert_eq!(desk.status("rest"), Status::Expired);
}

/// venues/bitget.md §14: the engine moves a stop by amending it.
#[test]
fn a_stop_is_moved_in_place() {
    let mut desk = unified(PositionMode::OneWay);
    desk.buy("1");
    let placed = desk.protect("sl", "all", stop("95")).unwrap();
    for trigger in ["96", "97", "98"] {
        assert_eq!(desk.amend_trigger("sl", trigger).unwrap().order_id, placed.order_id);
    }
    desk.quote("98");
    assert_eq!(desk.fills()[1], "sl 1@98");
}

/// venues/bitget.md §0 fact 3, §14: `side=sell, posSide=long` closes a long.
#[test]
fn on_a_hedge_account_sell_closes_a_long() {
    let mut desk = unified(PositionMode::Hedge);
    let open = |desk: &Desk, slot| desk.venue.ledger().holding(ME, SYMBOL, slot).quantity.to_string();
    desk.place(wish("in", OrderSide::Buy, "2", Kind::Market, false)).unwrap();
    desk.exit("out", "1", Kind::Market).unwrap();
    assert_eq!([open(&desk, Slot::Long), open(&desk, Slot::Short)], ["1", "0"]);
    let sl = desk.protect_ask("sl", PositionSide::Short, "all", stop("105"));
    assert_eq!(order_or_code(desk.ask(sl)).map(|_| ()), Err(25_227), "there is no short to protect");
    let sl = desk.protect_ask("sl", PositionSide::Long, "all", stop("95"));
    order_or_code(desk.ask(sl)).unwrap();
    desk.quote("95");
    assert_eq!(open(&desk, Slot::Long), "0");
}

#[test]
fn the_inverted_words_of_classic_accounts_are_not_understood() {
    let mut desk = unified(PositionMode::OneWay);
    let Ask::Place(place) = desk.place_ask(wish("a", OrderSide::Buy, "1", Kind::Market, false)) else { panic!() };
    let said = desk.ask(Ask::PlaceHedged { place, trade: TradeSide::Open });
    assert_eq!(order_or_code(said).map(|_| ()), Err(25_200));
}

/// venues/bitget.md §13: 32 signs, free again once its order is done: a market close that filled would repeat.
#[test]
fn a_client_id_is_free_again_once_its_order_is_done() {
    let mut desk = unified(PositionMode::OneWay);
    desk.buy("2");
    desk.exit("x", "0.5", limit("105")).unwrap();
    assert_eq!(desk.exit("x", "0.5", limit("106")).map(|_| ()), Err(25_212));
    desk.cancel("x").unwrap();
    for _ in 0..2 {
        desk.exit("x", "0.5", Kind::Market).unwrap();
    }
    assert_eq!(desk.open(), "1");
    assert_eq!(desk.exit(&"x".repeat(33), "0.5", limit("106")).map(|_| ()), Err(40_305));
}

/// venues/bitget.md §12: v3's own numbers.
#[test]
fn refusals_carry_the_unified_numbers() {
    let mut desk = unified(PositionMode::OneWay);
    assert_eq!(desk.query("nobody").map(|_| ()), Err(25_204));
    assert_eq!(desk.cancel("nobody").map(|_| ()), Err(25_204));
    assert_eq!(desk.exit("out", "1", Kind::Market).map(|_| ()), Err(25_227));
    desk.buy("1");
    assert_eq!(desk.protect("sl", "all", stop("100")).map(|_| ()), Err(25_579));
}
