//! The arithmetic of every unit against big integers, in all three roundings: the same digits, or out of range in both.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use backstop_model::{Money, OutOfRange, Points, Price, Quantity, Ratio, Rounding};
use num_bigint::{BigInt, Sign};
use proptest::prelude::*;
use std::str::FromStr;

const ROUNDINGS: [Rounding; 3] = [Rounding::Down, Rounding::Nearest, Rounding::Up];

fn config() -> ProptestConfig {
    ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() }
}

/// `numerator / denominator` in the named direction; `Nearest` takes halves away from zero.
fn divided(numerator: &BigInt, denominator: &BigInt, rounding: Rounding) -> BigInt {
    let negative = (numerator.sign() == Sign::Minus) != (denominator.sign() == Sign::Minus);
    let (n, d) = (BigInt::from(numerator.magnitude().clone()), BigInt::from(denominator.magnitude().clone()));
    let (quotient, rest) = (&n / &d, &n % &d);
    let none = rest == BigInt::from(0);
    let away = match rounding {
        _ if none => false,
        Rounding::Down => negative,
        Rounding::Up => !negative,
        Rounding::Nearest => &rest * 2 >= d,
    };
    let size = if away { quotient + 1 } else { quotient };
    if negative { -size } else { size }
}

/// The digits of a value of some scale, as its text says them.
fn digits(text: &str, scale: usize) -> BigInt {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let padded = format!("{whole}{fraction:0<scale$}");
    BigInt::from_str(&padded).unwrap()
}

fn text(mantissa: i128, scale: u32) -> String {
    let (sign, size) = (if mantissa < 0 { "-" } else { "" }, mantissa.unsigned_abs());
    let unit = 10_u128.pow(scale);
    format!("{sign}{}.{:0width$}", size / unit, size % unit, width = scale as usize)
}

fn fits(value: &BigInt) -> bool {
    i128::try_from(value.clone()).is_ok()
}

/// The same digits, or out of range in both. `positive` units have no zero or less.
fn agree<T: ToString + std::fmt::Debug>(
    ours: Result<T, OutOfRange>,
    theirs: &BigInt,
    scale: usize,
    positive: bool,
) -> Result<(), TestCaseError> {
    let valid = fits(theirs) && (!positive || theirs.sign() == Sign::Plus);
    match ours {
        Ok(value) => prop_assert_eq!(digits(&value.to_string(), scale), theirs.clone()),
        Err(OutOfRange) => prop_assert!(!valid, "out of range, but {} fits", theirs),
    }
    Ok(())
}

fn big(value: i128) -> BigInt {
    BigInt::from(value)
}

fn unit(scale: u32) -> BigInt {
    BigInt::from(10).pow(scale)
}

/// Mantissas of every size, small ones as often as large ones.
fn mantissa() -> impl Strategy<Value = i128> {
    (any::<i128>(), 0_u32..127).prop_map(|(value, shift)| value >> shift)
}

fn positive() -> impl Strategy<Value = i128> {
    mantissa().prop_map(|value| value.checked_abs().unwrap_or(i128::MAX).max(1))
}

fn made<T: FromStr>(mantissa: i128, scale: u32) -> T
where
    T::Err: std::fmt::Debug,
{
    text(mantissa, scale).parse().unwrap()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn sums_and_differences_agree(a in mantissa(), b in mantissa(), p in positive(), q in positive()) {
        let (x, y): (Money, Money) = (made(a, 18), made(b, 18));
        agree(x.plus(y), &(big(a) + big(b)), 18, false)?;
        agree(x.minus(y), &(big(a) - big(b)), 18, false)?;
        let (high, low): (Price, Price) = (made(p, 12), made(q, 12));
        prop_assert_eq!(digits(&high.above(low).to_string(), 12), big(p) - big(q));
        agree(high.plus(made::<Points>(a, 12)), &(big(p) + big(a)), 12, true)?;
        agree(high.minus(made::<Points>(a, 12)), &(big(p) - big(a)), 12, true)?;
        let (more, less): (Quantity, Quantity) = (made(p, 12), made(q, 12));
        agree(more.plus(less), &(big(p) + big(q)), 12, false)?;
        prop_assert_eq!(more.saturating_minus(less).mantissa(), (p - q).max(0));
    }

    #[test]
    fn products_agree(p in positive(), q in positive(), r in mantissa(), m in mantissa()) {
        let (price, quantity): (Price, Quantity) = (made(p, 12), made(q, 12));
        let (ratio, money): (Ratio, Money) = (made(r, 12), made(m, 18));
        let notional = divided(&(big(p) * big(q)), &unit(6), Rounding::Nearest);
        agree(price.notional(quantity), &notional, 18, false)?;
        for rounding in ROUNDINGS {
            agree(price.times(ratio, rounding), &divided(&(big(p) * big(r)), &unit(12), rounding), 12, true)?;
            agree(money.times(ratio, rounding), &divided(&(big(m) * big(r)), &unit(12), rounding), 18, false)?;
            agree(ratio.times(ratio, rounding), &divided(&(big(r) * big(r)), &unit(12), rounding), 12, false)?;
        }
    }

    #[test]
    fn quotients_agree(p in positive(), q in positive(), r in mantissa(), s in mantissa(), m in mantissa()) {
        let (price, quantity): (Price, Quantity) = (made(p, 12), made(q, 12));
        let (money, one, other): (Money, Ratio, Ratio) = (made(m, 18), made(r, 12), made(s, 12));
        for rounding in ROUNDINGS {
            agree(money.per(quantity, rounding), &divided(&(big(m) * unit(6)), &big(q), rounding), 12, true)?;
            if m >= 0 {
                agree(money.at_price(price, rounding), &divided(&(big(m) * unit(6)), &big(p), rounding), 12, false)?;
            }
            if s != 0 {
                agree(one.over(other, rounding), &divided(&(big(r) * unit(12)), &big(s), rounding), 12, false)?;
            }
            agree(quantity.part_of(quantity, rounding), &unit(12), 12, false)?;
        }
    }

    #[test]
    fn pro_rata_shares_agree(q in positive(), part in positive(), whole in positive(), m in mantissa()) {
        let (quantity, money): (Quantity, Money) = (made(q, 12), made(m, 18));
        let (share, of): (Quantity, Quantity) = (made(part, 12), made(whole, 12));
        for rounding in ROUNDINGS {
            let expected = divided(&(big(q) * big(part)), &big(whole), rounding);
            agree(quantity.pro_rata(share, of, rounding), &expected, 12, false)?;
            let expected = divided(&(big(m) * big(part)), &big(whole), rounding);
            agree(money.pro_rata(share, of, rounding), &expected, 18, false)?;
        }
    }

    #[test]
    fn multiples_of_a_grid_agree(p in positive(), grid in positive()) {
        let floor = divided(&big(p), &big(grid), Rounding::Down) * big(grid);
        let ceil = divided(&big(p), &big(grid), Rounding::Up) * big(grid);
        let (price, tick): (Price, Price) = (made(p, 12), made(grid, 12));
        agree(price.floor_to_tick(tick), &floor, 12, true)?;
        agree(price.ceil_to_tick(tick), &ceil, 12, true)?;
        let (quantity, step): (Quantity, Quantity) = (made(p, 12), made(grid, 12));
        agree(quantity.floor_to_step(step), &floor, 12, false)?;
        agree(quantity.ceil_to_step(step), &ceil, 12, false)?;
        prop_assert_eq!(price.is_on_tick(tick), floor == big(p));
    }

    #[test]
    fn what_is_written_is_read_back(m in mantissa(), p in positive()) {
        let (money, price): (Money, Price) = (made(m, 18), made(p, 12));
        prop_assert_eq!(money.to_string().parse::<Money>().unwrap(), money);
        prop_assert_eq!(money.mantissa(), m);
        prop_assert_eq!(price.to_string().parse::<Price>().unwrap(), price);
        let written = serde_json::to_string(&price).unwrap();
        prop_assert_eq!(serde_json::from_str::<Price>(&written).unwrap(), price);
    }
}
