//! Positions to open by hand at the paper venue: `"TIME [ACCOUNT:]SYMBOL long|short QTY [PLAN]"`.

use backstop_model::{Name, PositionSide, Quantity, Symbol, Timestamp};
use std::str::FromStr;

/// A whole one, for messages.
const EXAMPLE: &str = "2024-08-08T23:55:00Z BTCUSDT long 0.1 swing";

/// A position to open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OpenSpec {
    /// It fills at the first price at or after this time.
    pub at: Timestamp,
    /// For which account of the configuration; its first one when absent.
    pub account: Option<Name>,
    /// On which instrument.
    pub symbol: Symbol,
    /// Which way.
    pub side: PositionSide,
    /// How much; greater than zero.
    pub quantity: Quantity,
    /// With which plan; the account's when absent.
    pub plan: Option<Name>,
}

/// Which part of the text is wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("--open: {part} {text:?} {why}; write it like \"{EXAMPLE}\"")]
pub struct BadOpenSpec {
    /// The part: `TIME`, `ACCOUNT`, `SYMBOL`, `SIDE`, `QTY` or `PLAN`.
    pub part: &'static str,
    /// The text as it came, cut to 40 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl FromStr for OpenSpec {
    type Err = BadOpenSpec;

    fn from_str(text: &str) -> Result<Self, BadOpenSpec> {
        let mut words = text.split_whitespace();
        let mut next = |part| words.next().ok_or_else(|| bad(part, "", "is missing"));
        let (time, symbol, side, quantity) = (next("TIME")?, next("SYMBOL")?, next("SIDE")?, next("QTY")?);
        let plan = words.next();
        if let Some(more) = words.next() {
            return Err(bad("PLAN", more, "is one word too many"));
        }
        let (account, symbol) = symbol.split_once(':').map_or((None, symbol), |(name, rest)| (Some(name), rest));
        Ok(Self {
            at: read_time(time)?,
            account: account
                .map(|name| Name::new(name).map_err(|_| bad("ACCOUNT", name, "is not an account's name")))
                .transpose()?,
            symbol: Symbol::new(symbol).map_err(|_| bad("SYMBOL", symbol, "is not a venue's symbol"))?,
            side: read_side(side)?,
            quantity: read_quantity(quantity)?,
            plan: plan
                .map(|plan| Name::new(plan).map_err(|_| bad("PLAN", plan, "is not a plan's name")))
                .transpose()?,
        })
    }
}

fn read_time(text: &str) -> Result<Timestamp, BadOpenSpec> {
    let wrong = || bad("TIME", text, "is neither RFC 3339 with its zone nor milliseconds since 1970");
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let millis: i64 = text.parse().map_err(|_| wrong())?;
        return Timestamp::from_millis(millis).map_err(|_| wrong());
    }
    let time: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
    i64::try_from(time.as_nanosecond()).map(Timestamp::from_nanos).map_err(|_| wrong())
}

fn read_side(text: &str) -> Result<PositionSide, BadOpenSpec> {
    match text.to_ascii_lowercase().as_str() {
        "long" => Ok(PositionSide::Long),
        "short" => Ok(PositionSide::Short),
        _ => Err(bad("SIDE", text, "is neither long nor short")),
    }
}

fn read_quantity(text: &str) -> Result<Quantity, BadOpenSpec> {
    let quantity: Quantity = text.parse().map_err(|why| bad("QTY", text, &format!("is not a quantity ({why})")))?;
    if quantity.is_zero() { Err(bad("QTY", text, "is nothing: give more than zero")) } else { Ok(quantity) }
}

fn bad(part: &'static str, text: &str, why: &str) -> BadOpenSpec {
    BadOpenSpec { part, text: text.chars().take(40).collect(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn both_forms_of_time_are_read() {
        let expected = Timestamp::from_nanos(1_723_161_300_000_000_000);
        for time in ["2024-08-08T23:55:00Z", "2024-08-09T01:55:00+02:00", "1723161300000"] {
            let spec: OpenSpec = format!("{time} BTCUSDT long 0.1 swing").parse().unwrap();
            assert_eq!((spec.at, spec.side), (expected, PositionSide::Long), "{time}");
            assert_eq!((spec.symbol.as_str(), spec.plan), ("BTCUSDT", Some(Name::new("swing").unwrap())));
        }
        let short: OpenSpec = "1723161300000  BTCUSDT\tshort 0.002".parse().unwrap();
        assert_eq!((short.side, short.quantity.to_string().as_str(), short.plan), (PositionSide::Short, "0.002", None));
    }

    #[test]
    fn an_account_stands_before_the_symbol() {
        let spec: OpenSpec = "0 second:BTCUSDT short 1".parse().unwrap();
        assert_eq!((spec.account, spec.symbol.as_str()), (Some(Name::new("second").unwrap()), "BTCUSDT"));
        assert_eq!("0 BTCUSDT short 1".parse::<OpenSpec>().unwrap().account, None);
    }

    #[test]
    fn every_part_that_is_wrong_is_named_with_an_example() {
        for (text, part) in [
            ("", "TIME"),
            ("yesterday BTCUSDT long 1", "TIME"),
            ("2024-08-08T23:55:00 BTCUSDT long 1", "TIME"),
            ("99999999999999999999 BTCUSDT long 1", "TIME"),
            ("1723161300000", "SYMBOL"),
            ("1723161300000 BTC€ long 1", "SYMBOL"),
            ("1723161300000 main: long 1", "SYMBOL"),
            ("1723161300000 :BTCUSDT long 1", "ACCOUNT"),
            ("1723161300000 mäin:BTCUSDT long 1", "ACCOUNT"),
            ("1723161300000 BTCUSDT", "SIDE"),
            ("1723161300000 BTCUSDT buy 1", "SIDE"),
            ("1723161300000 BTCUSDT long", "QTY"),
            ("1723161300000 BTCUSDT long 0", "QTY"),
            ("1723161300000 BTCUSDT long -1", "QTY"),
            ("1723161300000 BTCUSDT long NaN", "QTY"),
            ("1723161300000 BTCUSDT long 1 swing now", "PLAN"),
        ] {
            let wrong = text.parse::<OpenSpec>().unwrap_err();
            assert_eq!(wrong.part, part, "{text}");
            let said = wrong.to_string();
            assert!(said.starts_with(&format!("--open: {part} ")) && said.contains(EXAMPLE), "{said}");
        }
    }
}
