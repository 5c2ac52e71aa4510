//! Bitget's classic profile on hedge accounts: inverted words, closes that share the position, flash closes.

use crate::bitget::bitget_with;
use crate::desk::{Desk, ME, SYMBOL, desk_of, limit, order_or_code, quantity, wish};
use backstop_model::{OrderSide, PositionMode, PositionSide};
use backstop_sim::habits::{HedgedExits, Numbers, SideMismatch};
use backstop_sim::{Amount, Answer, Ask, Kind, Place, Profile, Reply, Slot, Status, TradeSide};

/// A hedge account, and orders in its words: side names the position.
fn hedged() -> Desk {
    bitget_with(PositionMode::Hedge, |_| {})
}

fn order(id: &str, side: OrderSide, amount: &str, kind: Kind) -> Place {
    Place {
        client_id: id.to_owned(),
        symbol: SYMBOL.to_owned(),
        side,
        position_side: None,
        amount: Amount::Exact(quantity(amount)),
        kind,
        reduce_only: false,
    }
}

fn say(desk: &mut Desk, place: Place, trade: TradeSide) -> Result<(), i32> {
    match desk.ask(Ask::PlaceHedged { place, trade }) {
        Reply::Result(Answer::Accepted { .. }) => Ok(()),
        other => order_or_code(other).map(|_| ()),
    }
}

fn held(desk: &Desk, slot: Slot) -> String {
    desk.venue.ledger().holding(ME, SYMBOL, slot).quantity.to_string()
}

/// venues/bitget.md §0 fact 3, §6.1: the truth table.
#[test]
fn on_a_hedge_account_buy_closes_a_long() {
    use OrderSide::{Buy, Sell};
    let mut desk = hedged();
    for (id, side, trade, expected) in [
        ("a", Buy, TradeSide::Open, ["1", "0"]),
        ("b", Sell, TradeSide::Open, ["1", "1"]),
        ("c", Buy, TradeSide::Close, ["0", "1"]),
        ("d", Sell, TradeSide::Close, ["0", "0"]),
    ] {
        say(&mut desk, order(id, side, "1", Kind::Market), trade).unwrap();
        assert_eq!([held(&desk, Slot::Long), held(&desk, Slot::Short)], expected, "{side} {trade:?}");
    }
    // The executions tell the real direction (§10.2, fill channel).
    let sides: Vec<OrderSide> = desk.venue.ledger().fills().iter().map(|fill| fill.side).collect();
    assert_eq!(sides, [Buy, Sell, Sell, Buy]);
}

/// venues/bitget.md §0 fact 4: reduce-only is one-way's word; on a hedge account it stops nothing.
#[test]
fn reduce_only_is_not_heeded_on_a_hedge_account() {
    let mut desk = hedged();
    let opening = Place { reduce_only: true, ..order("a", OrderSide::Sell, "1", Kind::Market) };
    say(&mut desk, opening, TradeSide::Open).unwrap();
    assert_eq!(held(&desk, Slot::Short), "1");
}

/// venues/bitget.md §6.1, §15: refused with 40774 or 45021, or it opens a short; which of the two is unverified.
#[test]
fn an_order_without_open_or_close_is_refused_or_opens_on_a_hedge_account() {
    for (habit, numbers, expected, short) in [
        (SideMismatch::Refused, Numbers::Bitget, Err(45_021), "0"),
        (SideMismatch::Refused, Numbers::BitgetBefore, Err(40_774), "0"),
        (SideMismatch::Overlooked, Numbers::Bitget, Ok(()), "1"),
    ] {
        let mut desk = bitget_with(PositionMode::Hedge, |profile| {
            profile.habits.requests.side_mismatch = habit;
            profile.habits.requests.numbers = numbers;
        });
        say(&mut desk, order("in", OrderSide::Buy, "1", Kind::Market), TradeSide::Open).unwrap();
        let meant_to_close = Place { reduce_only: true, ..order("out", OrderSide::Sell, "1", Kind::Market) };
        assert_eq!(order_or_code(desk.ask(Ask::Place(meant_to_close))).map(|_| ()), expected, "{habit:?}");
        assert_eq!([held(&desk, Slot::Long), held(&desk, Slot::Short)], ["1", short], "{habit:?}");
    }
}

/// venues/bitget.md §6.1: "ignored in one-way mode", and "hedge semantics on a one-way account gives 40774": so both.
#[test]
fn open_and_close_are_ignored_or_refused_on_a_one_way_account() {
    for (habit, expected, open) in [(SideMismatch::Refused, Err(45_021), "0"), (SideMismatch::Overlooked, Ok(()), "1")]
    {
        let mut desk = bitget_with(PositionMode::OneWay, |profile| profile.habits.requests.side_mismatch = habit);
        assert_eq!(say(&mut desk, order("a", OrderSide::Buy, "1", Kind::Market), TradeSide::Close), expected);
        assert_eq!(desk.open(), open, "{habit:?}");
    }
}

/// A position side is Binance's word.
#[test]
fn a_position_side_is_not_understood() {
    let mut desk = hedged();
    let ask = desk.place_ask(wish("a", OrderSide::Buy, "1", Kind::Market, false));
    assert_eq!(order_or_code(desk.ask(ask)).map(|_| ()), Err(40_020));
}

/// venues/bitget.md §6.2: position 100, limit close 70, market close 50 → 30 closed; or refused, as the same page says.
#[test]
fn a_hedge_close_gets_what_resting_closes_leave_or_is_refused() {
    for (habit, expected, left) in [
        (HedgedExits::Remainder, Ok(()), "70"),
        (HedgedExits::Insufficient, Err(45_003), "100"),
        (HedgedExits::AsOneWay, Ok(()), "50"),
    ] {
        let mut desk = bitget_with(PositionMode::Hedge, |profile| profile.habits.exits.hedged = habit);
        say(&mut desk, order("in", OrderSide::Buy, "100", Kind::Market), TradeSide::Open).unwrap();
        say(&mut desk, order("tp", OrderSide::Buy, "70", limit("110")), TradeSide::Close).unwrap();
        let out = say(&mut desk, order("out", OrderSide::Buy, "50", Kind::Market), TradeSide::Close);
        assert_eq!((out, held(&desk, Slot::Long)), (expected, left.to_owned()), "{habit:?}");
    }
}

/// venues/bitget.md §6.2: since 2025-07-31 resting closes that cover everything are cancelled for a market close.
#[test]
fn resting_closes_that_cover_the_position_make_way_for_a_market_close() {
    let mut desk = hedged();
    say(&mut desk, order("in", OrderSide::Buy, "1", Kind::Market), TradeSide::Open).unwrap();
    say(&mut desk, order("tp1", OrderSide::Buy, "0.6", limit("110")), TradeSide::Close).unwrap();
    say(&mut desk, order("tp2", OrderSide::Buy, "0.4", limit("111")), TradeSide::Close).unwrap();
    assert_eq!(say(&mut desk, order("tp3", OrderSide::Buy, "0.1", limit("112")), TradeSide::Close), Err(45_003));
    let out = Ask::PlaceHedged { place: order("out", OrderSide::Buy, "0.5", Kind::Market), trade: TradeSide::Close };
    let closed = order_or_code(desk.ask(out)).unwrap();
    assert_eq!((closed.client_id.as_str(), held(&desk, Slot::Long)), ("out", "0.5".to_owned()));
    assert_eq!(["tp1", "tp2"].map(|id| desk.status(id)), [Status::Canceled, Status::Canceled]);
}

/// venues/bitget.md §6.4; F-G03: the whole position, no quantity and no client id; 22002 when there is none.
#[test]
fn a_flash_close_takes_everything_under_ids_of_the_venue() {
    let mut desk = hedged();
    let flash = |desk: &mut Desk, side| order_or_code(desk.ask(Ask::FlashClose { symbol: SYMBOL.into(), side }));
    assert_eq!(flash(&mut desk, None).map(|_| ()), Err(22_002));
    say(&mut desk, order("l", OrderSide::Buy, "1", Kind::Market), TradeSide::Open).unwrap();
    say(&mut desk, order("s", OrderSide::Sell, "2", Kind::Market), TradeSide::Open).unwrap();
    say(&mut desk, order("tp", OrderSide::Buy, "1", limit("110")), TradeSide::Close).unwrap();
    let closed = flash(&mut desk, Some(PositionSide::Long)).unwrap();
    assert!(closed.client_id.starts_with("flash-"));
    assert_eq!([held(&desk, Slot::Long), held(&desk, Slot::Short)], ["0", "2"]);
    assert_eq!(desk.status("tp"), Status::Expired);
    // The grid is coarser now than what is left: no order could close it, a flash close does (dust).
    let coarse = backstop_sim::Rules { min_quantity: quantity("5"), ..crate::desk::rules() };
    desk.venue.change_rules(SYMBOL, coarse).unwrap();
    assert_eq!(say(&mut desk, order("out", OrderSide::Sell, "2", Kind::Market), TradeSide::Close), Err(45_111));
    flash(&mut desk, None).unwrap();
    assert_eq!(held(&desk, Slot::Short), "0");
    // §4 (`maintain`): no open, no close.
    say(&mut desk, order("again", OrderSide::Buy, "5", Kind::Market), TradeSide::Open).unwrap();
    let now = desk.clock();
    desk.venue.set_session(now, SYMBOL, backstop_sim::Session::Closed).unwrap();
    assert_eq!(flash(&mut desk, None).map(|_| ()), Err(45_043));
    let mut binance = desk_of(Profile::binance(), PositionMode::OneWay);
    binance.buy("1");
    assert_eq!(flash(&mut binance, None).map(|_| ()), Err(-1020));
}
