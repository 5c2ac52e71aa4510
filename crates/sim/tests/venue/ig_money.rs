//! IG's profile: what a point is worth, in profit, margin, equity and the cost of a night.

use crate::dealer::{closing, dealing, ig, opening, points};
use crate::desk::{ME, SYMBOL, desk_with, price, quantity, rules};
use backstop_model::{OrderSide, PositionMode, Ratio, Span};
use backstop_sim::{CloseDeal, CloseTarget, DealAsk, Funding, Profile, Reason, Rules, Setup};

/// venues/ig.md §6: a point of a currency is a ten-thousandth.
#[test]
fn a_currencys_point_is_worth_what_the_market_says() {
    let mut pips = dealing();
    pips.point = points("0.0001");
    pips.value_per_point = crate::dealer::ratio("10");
    let fine = Rules { dealing: Some(pips), ..Rules::on_grid(price("0.00001"), quantity("0.1")) };
    let mut desk = desk_with(Setup::exactly(Profile::ig(), 1), PositionMode::PerDeal, fine);
    desk.quote("1.16784");
    let deal = desk.opened(opening("a", OrderSide::Buy, "0.1"));
    desk.quote("1.16884");
    let accepted = desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "0.1"))).unwrap();
    assert_eq!(accepted.profit, Some("10".parse().unwrap()), "ten pips at 10 on a tenth");
}

/// venues/ig.md §10.2.
#[test]
fn the_confirm_names_the_rule_that_a_deal_breaks() {
    let mut desk = ig();
    let strict = Rules {
        min_quantity: quantity("0.5"),
        max_market_quantity: Some(quantity("100")),
        dealing: Some(dealing()),
        ..rules()
    };
    desk.venue.change_rules(SYMBOL, strict).unwrap();
    for (amount, expected) in [
        ("0.4", Some(Reason::MinimumOrderSize)),
        ("0", Some(Reason::MinimumOrderSize)),
        ("1.0005", Some(Reason::SizeIncrement)),
        ("101", Some(Reason::MaxAutoSizeExceeded)),
        // 100 × 100 × 25 at ten times leverage is a quarter of the wallet.
        ("100", None),
    ] {
        assert_eq!(desk.deal(DealAsk::Open(opening("a", OrderSide::Buy, amount))).err(), expected, "{amount}");
    }
    for _ in 0..3 {
        desk.opened(opening("more", OrderSide::Buy, "100"));
    }
    assert_eq!(desk.deal(DealAsk::Open(opening("b", OrderSide::Buy, "1"))), Err(Reason::InsufficientFunds));
    // What is less than the smallest deal can still be closed.
    desk.deal(DealAsk::Close(closing(1, OrderSide::Sell, "99.9"))).unwrap();
    let target = CloseTarget::Epic(SYMBOL.into());
    let rest = CloseDeal { target, ..closing(0, OrderSide::Sell, "0.1") };
    desk.deal(DealAsk::Close(rest)).unwrap();
}

/// venues/ig.md §6: 1.5 points at 25, before they are realised.
#[test]
fn equity_counts_open_points_at_their_worth() {
    let mut desk = ig();
    desk.opened(opening("a", OrderSide::Buy, "2"));
    desk.opened(opening("b", OrderSide::Sell, "1"));
    desk.quote("101.5");
    assert_eq!(desk.venue.equity(ME), Some("100037.5".parse().unwrap()));
    assert_eq!(desk.venue.ledger().account(ME).unwrap().balance, "100000".parse().unwrap());
    // The margin of 3 × 100 × 25 at ten times leverage.
    assert_eq!(desk.venue.ledger().account(ME).unwrap().available(), Ok("99250".parse().unwrap()));
}

/// F-F04.
#[test]
fn the_cost_of_a_night_falls_on_each_deal_at_its_worth() {
    let funding = Funding { interval: Span::from_secs(3600), rate: Ratio::percent("0.1").unwrap() };
    let nightly = Rules { dealing: Some(dealing()), funding: Some(funding), ..rules() };
    let mut desk = desk_with(Setup::exactly(Profile::ig(), 1), PositionMode::PerDeal, nightly);
    for (reference, side, amount) in [("a", OrderSide::Buy, "1"), ("b", OrderSide::Sell, "2")] {
        desk.opened(opening(reference, side, amount));
    }
    desk.now = 3_600_001;
    desk.quote("110");
    let paid: Vec<String> =
        desk.venue.ledger().funding().iter().map(|paid| format!("{} {}", paid.slot, paid.amount)).collect();
    assert_eq!(paid, ["deal 1 -2.5", "deal 2 5"]);
}
