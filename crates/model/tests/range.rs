//! The numbers that have to fit together: a price step of 1e-12, a price of 10,000,000, quantities from 1e-8 to 1e12.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use backstop_model::{Money, OutOfRange, Price, Quantity, Ratio, Rounding};

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn the_finest_tick_and_the_highest_price_fit_together() {
    let (tick, high) = (price("0.000000000001"), price("10000000"));
    let just_above = high.plus(tick.as_points()).unwrap();
    assert_eq!(just_above.to_string(), "10000000.000000000001");
    assert_eq!(just_above.floor_to_tick(tick).unwrap(), just_above);
    assert_eq!(just_above.above(high), tick.as_points());
    let up = high.times(Ratio::percent("103").unwrap(), Rounding::Up).unwrap();
    assert_eq!(up, price("10300000"));
}

#[test]
fn quantities_from_a_hundred_millionth_to_a_million_millions_are_exact() {
    let (small, large) = (quantity("0.00000001"), quantity("1000000000000"));
    assert_eq!(large.plus(small).unwrap().minus(large).unwrap(), small);
    assert_eq!(large.plus(small).unwrap().to_string(), "1000000000000.00000001");
    assert_eq!(large.plus(small).unwrap().floor_to_step(quantity("1")).unwrap(), large);
    assert_eq!(small.share(Ratio::percent("50").unwrap(), Rounding::Down).unwrap(), quantity("0.000000005"));
}

#[test]
fn a_notional_is_exact_to_the_last_digit() {
    let cases = [
        ("10000000", "0.00000001", "0.1"),
        ("10000000", "10000000000000", "100000000000000000000"),
        ("0.000000000001", "1000000000000", "1"),
        ("61234.5", "0.123456", "7559.766432"),
    ];
    for (at, of, worth) in cases {
        assert_eq!(price(at).notional(quantity(of)), Ok(money(worth)), "{at} × {of}");
    }
}

#[test]
fn what_does_not_fit_says_so_and_never_wraps() {
    assert_eq!(price("10000000").notional(quantity("100000000000000000")), Err(OutOfRange));
    assert_eq!(Price::HIGHEST.plus(price("1").as_points()), Err(OutOfRange));
    assert_eq!(price("1").minus(price("1").as_points()), Err(OutOfRange));
    assert_eq!(price("0.5").floor_to_tick(price("1")), Err(OutOfRange));
    assert_eq!(quantity("1").minus(quantity("2")), Err(OutOfRange));
    assert_eq!(quantity("1").pro_rata(quantity("1"), Quantity::ZERO, Rounding::Down), Err(OutOfRange));
    assert_eq!(quantity("1").floor_to_step(Quantity::ZERO), Err(OutOfRange));
    assert_eq!(money("1").per(Quantity::ZERO, Rounding::Down), Err(OutOfRange));
    assert!("340282366920938463463374607431768211456".parse::<Quantity>().is_err());
    assert!("0.0000000000001".parse::<Price>().is_err(), "thirteen decimals");
}

#[test]
fn rounding_goes_the_way_it_is_called_for_losses_too() {
    let loss = money("-0.000000000000000001");
    let half = Ratio::percent("50").unwrap();
    assert_eq!(loss.times(half, Rounding::Down), Ok(loss));
    assert_eq!(loss.times(half, Rounding::Up), Ok(Money::ZERO));
    assert_eq!(loss.times(half, Rounding::Nearest), Ok(loss), "halves go away from zero");
}
