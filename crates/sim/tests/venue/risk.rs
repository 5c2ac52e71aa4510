//! What the venue does on its own, seen closely: which price it watches, whose orders go, what is paid and which way.

use crate::desk::{Desk, ME, SYMBOL, desk_with, limit, price, quantity, rules, stop, wish};
use backstop_model::{OrderSide, PositionMode, PositionSide, Prices, Ratio, Span};
use backstop_sim::{Cause, Funding, Kind, Profile, Rules, Setup, Slot, Status};

const HOUR: i64 = 3_600_000;

fn hourly(rate: Ratio) -> Rules {
    Rules { funding: Some(Funding { interval: Span::from_secs(3600), rate }), ..rules() }
}

fn at_risk(mode: PositionMode) -> Desk {
    let mut setup = Setup::exact(1);
    setup.habits.liquidation = true;
    let percent = |text| Ratio::percent(text).unwrap();
    let dear =
        Rules { maintenance_margin: percent("0.5"), maker_fee: percent("0.01"), taker_fee: percent("0.1"), ..rules() };
    desk_with(setup, mode, dear)
}

fn prices(last: &str, mark: &str) -> Prices {
    Prices { last: Some(price(last)), mark: Some(price(mark)), bid: Some(price(last)), ask: Some(price(last)) }
}

/// venues/binance.md §11 (`markPriceUpdate`, `r`): a positive rate is paid by longs, a negative one by shorts, on the mark price.
#[test]
fn funding_is_paid_on_the_mark_price_by_the_side_the_rate_names() {
    let rate = Ratio::percent("0.1").unwrap();
    let negative = Ratio::ZERO.minus(rate).unwrap();
    for (rate, side, expected) in [
        (rate, OrderSide::Buy, "-0.2"),
        (rate, OrderSide::Sell, "0.2"),
        (negative, OrderSide::Buy, "0.2"),
        (negative, OrderSide::Sell, "-0.2"),
    ] {
        let mut desk = desk_with(Setup::exact(1), PositionMode::OneWay, hourly(rate));
        desk.place(wish("in", side, "1", Kind::Market, false)).unwrap();
        desk.quote_all(prices("100", "200"));
        desk.now = HOUR;
        desk.quote_all(prices("100", "200"));
        let paid: Vec<String> = desk.venue.ledger().funding().iter().map(|paid| paid.amount.to_string()).collect();
        assert_eq!(paid, [expected], "{side} at {rate}");
    }
}

/// lessons.md §2 rule 7: whatever the last digit is, it is against the holder.
#[test]
fn the_last_digit_of_funding_is_against_the_holder() {
    let uneven = Funding { interval: Span::from_secs(3600), rate: "0.000000000001".parse().unwrap() };
    let paid = |side| uneven.payment(side, price("0.00000001"), quantity("0.00000001")).unwrap();
    assert!(paid(PositionSide::Long) < backstop_model::Money::ZERO, "a long pays a digit more");
    assert_eq!(paid(PositionSide::Short), backstop_model::Money::ZERO, "a short receives a digit less");
}

/// venues/binance.md §5, §17 (-4164 "unless reduce only"), venues/aster.md §12; F-G03: a hedge account cannot say reduce-only, so
/// only what is for the whole position may be smaller. What Bitget does is unverified (venues/bitget.md §4).
#[test]
fn a_small_exit_is_waived_where_it_says_that_it_only_reduces() {
    let hedge = [(Profile::binance(), Err(-4164)), (Profile::aster(), Err(-4164)), (Profile::bitget_unified(), Ok(()))];
    for (profile, expected) in hedge {
        let name = profile.name.clone();
        let strict = Rules { min_notional: "10".parse().unwrap(), ..rules() };
        let setup = |profile| Setup::exactly(profile, 1);
        let mut one_way = desk_with(setup(profile.clone()), PositionMode::OneWay, strict.clone());
        one_way.buy("1");
        one_way.exit("small", "0.05", Kind::Market).unwrap();
        let mut hedged = desk_with(setup(profile), PositionMode::Hedge, strict);
        let waives = |desk: &Desk, mode| desk.venue.native().waives_sized_exits(mode);
        assert!(waives(&one_way, PositionMode::OneWay), "{name}: as it says of itself");
        assert_eq!(waives(&hedged, PositionMode::Hedge), expected.is_ok(), "{name}: as it says of itself");
        hedged.place(wish("in", OrderSide::Buy, "1", Kind::Market, false)).unwrap();
        for kind in [Kind::Market, limit("105"), stop("95")] {
            let id = format!("small-{}", hedged.now);
            assert_eq!(hedged.exit(&id, "0.05", kind).map(|_| ()), expected, "{name} {kind:?}");
        }
        hedged.exit("rest", "0.5", Kind::Market).unwrap();
        let whole = hedged.exit("whole", "all", stop("95")).map(|_| ());
        assert!(whole.is_ok() || whole == Err(25_200), "{name}: a stop for all of it has no minimum");
    }
}

/// The mark price liquidates, not the last trade (style.md §5, mark price).
#[test]
fn a_liquidation_watches_the_mark_price() {
    let mut desk = at_risk(PositionMode::OneWay);
    desk.buy("1");
    desk.quote_all(prices("85", "90.51"));
    assert_eq!(desk.open(), "1", "the last trade liquidates nobody");
    desk.quote_all(prices("95", "90.5"));
    assert_eq!(desk.open(), "0");
    // What is forced takes from the book: the taker fee of 95, and of the entry at 100.
    assert_eq!(desk.venue.ledger().fees(ME), Ok("0.195".parse().unwrap()));
}

fn liquidated_at(profile: Profile, cost: &str) -> Desk {
    let dear = Rules { taker_fee: Ratio::percent("0.1").unwrap(), ..rules() };
    let mut desk = desk_with(Setup::exactly(profile, 1), PositionMode::OneWay, dear);
    desk.buy("1");
    desk.quote(cost);
    let now = desk.clock();
    desk.venue.liquidate(now, ME, SYMBOL, Slot::Both);
    desk
}

/// venues/binance.md §5 (`liquidationFee` 0.0125), venues/aster.md §4; F-F01. Bitget's page names no rate.
#[test]
fn a_liquidation_costs_the_venues_own_fee_beside_the_takers() {
    for profile in [Profile::aster(), Profile::binance(), Profile::bitget_classic(), Profile::bitget_unified()] {
        let name = profile.name.clone();
        let desk = liquidated_at(profile, "80");
        let ledger = desk.venue.ledger();
        // 0.1 % and 1.25 % of 80.
        assert_eq!(ledger.fills()[1].fee, "1.08".parse().unwrap(), "{name}");
        assert_eq!(ledger.fees(ME), Ok("1.18".parse().unwrap()), "{name}: and 0.1 of the entry");
        assert_eq!(ledger.account(ME).unwrap().balance, "99978.82".parse().unwrap(), "{name}: 20 lost, and both fees");
    }
}

/// F-F02, F-F03.
#[test]
fn what_is_closed_otherwise_costs_no_liquidation_fee() {
    let mut desk = liquidated_at(Profile::binance(), "80");
    desk.buy("1");
    let now = desk.clock();
    desk.venue.adl(now, ME, SYMBOL, Slot::Both, quantity("0.5"));
    desk.exit("out", "0.25", Kind::Market).unwrap();
    desk.venue.settle(now, SYMBOL, price("80")).unwrap();
    let fees: Vec<String> = desk.venue.ledger().fills().iter().skip(2).map(|fill| fill.fee.to_string()).collect();
    assert_eq!(fees, ["0.08", "0.04", "0.02", "0.02"]);
}

/// venues/binance.md §10.3 (`er` 5): the orders of the position that is liquidated go, a hedge account's other side keeps its own.
#[test]
fn a_liquidation_takes_the_orders_of_its_side_alone() {
    let mut desk = at_risk(PositionMode::Hedge);
    desk.place(wish("long", OrderSide::Buy, "1", Kind::Market, false)).unwrap();
    desk.place(wish("short", OrderSide::Sell, "1", Kind::Market, false)).unwrap();
    desk.exit("long-stop", "1", stop("80")).unwrap();
    desk.exit("long-tp", "1", limit("120")).unwrap();
    desk.place(wish("short-stop", OrderSide::Buy, "1", stop("109"), true)).unwrap();
    desk.quote("90");
    for id in ["long-stop", "long-tp"] {
        assert_eq!(desk.query(id).unwrap().cause, Some(Cause::Liquidation), "{id}");
    }
    assert_eq!(desk.status("short-stop"), Status::New);
    let held = |slot| desk.venue.ledger().holding(ME, SYMBOL, slot).quantity;
    assert_eq!([held(Slot::Long), held(Slot::Short)], [quantity("0"), quantity("1")]);
}
