//! Spread, slippage and funding as they are given for looking at a plan: in points or money, or in percent.

use backstop_core::preview::{AssumedCosts, BelowZero};
use backstop_model::{Money, ParseUnitError, Points, Price, Quantity, Ratio, Rounding};

/// What is written of costs; what is left out is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct WrittenCosts<'a> {
    /// `0.5`: points of price; `0.01%`: of the entry.
    pub spread: Option<&'a str>,
    /// The same.
    pub slippage: Option<&'a str>,
    /// `12.50`: in the quote currency for the whole position; `0.03%`: of its notional at the entry.
    pub funding: Option<&'a str>,
}

impl WrittenCosts<'_> {
    /// The costs of an entry.
    ///
    /// # Errors
    /// Which one is wrong, and what to write.
    pub fn of(
        &self,
        entry: Price,
        quantity: Quantity,
        value_per_point: Ratio,
    ) -> Result<AssumedCosts, (&'static str, String)> {
        let spread = points("spread", self.spread, entry)?;
        let slippage = points("slippage", self.slippage, entry)?;
        let funding = money("funding", self.funding, (entry, quantity, value_per_point))?;
        let why = "it is below zero: a cost is not, and what is received is not counted; leave it out";
        let below = |wrong: BelowZero| (wrong.name(), why.to_owned());
        AssumedCosts::new(spread, slippage, funding).map_err(below)
    }
}

fn points(name: &'static str, written: Option<&str>, entry: Price) -> Result<Points, (&'static str, String)> {
    let Some(text) = written.map(str::trim) else { return Ok(Points::ZERO) };
    match text.strip_suffix('%') {
        Some(percent) => {
            entry.share(share(name, percent)?, Rounding::Up).map_err(|wrong| (name, format!("{text}: {wrong}")))
        }
        None => text.parse().map_err(|wrong| unreadable(name, &wrong, "points of price, `0.5`, or percent, `0.01%`")),
    }
}

fn money(
    name: &'static str,
    written: Option<&str>,
    (entry, quantity, value_per_point): (Price, Quantity, Ratio),
) -> Result<Money, (&'static str, String)> {
    let Some(text) = written.map(str::trim) else { return Ok(Money::ZERO) };
    match text.strip_suffix('%') {
        Some(percent) => {
            let share = share(name, percent)?;
            let worth = entry.notional(quantity).and_then(|points| points.valued(value_per_point));
            let paid = worth.and_then(|whole| whole.times(share, Rounding::Up));
            paid.map_err(|wrong| (name, format!("{text}: {wrong}")))
        }
        None => text
            .parse()
            .map_err(|wrong| unreadable(name, &wrong, "money, `12.50`, or percent of the notional, `0.03%`")),
    }
}

fn share(name: &'static str, percent: &str) -> Result<Ratio, (&'static str, String)> {
    Ratio::percent(percent.trim()).map_err(|wrong| unreadable(name, &wrong, "a percentage, `0.01%`"))
}

fn unreadable(name: &'static str, wrong: &ParseUnitError, what: &str) -> (&'static str, String) {
    (name, format!("{wrong}; write {what}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn of(spread: &str, funding: &str) -> Result<AssumedCosts, (&'static str, String)> {
        let written = WrittenCosts { spread: Some(spread), slippage: None, funding: Some(funding) };
        written.of("50000".parse().unwrap(), "0.1".parse().unwrap(), Ratio::ONE)
    }

    #[test]
    fn points_and_money_may_be_percent() {
        assert_eq!(of("0.01%", "0.03%").unwrap(), of("5", "1.5").unwrap());
        assert!(WrittenCosts::default().of("1".parse().unwrap(), Quantity::ZERO, Ratio::ONE).unwrap().is_none());
    }

    #[test]
    fn a_wrong_one_is_named() {
        for (spread, funding, name, why) in [
            ("much", "0", "spread", "is not"),
            ("-1", "0", "spread", "is below zero"),
            ("1", "0.03 %%", "funding", "write a percentage"),
            ("1", "-2", "funding", "what is received is not counted"),
        ] {
            let (named, told) = of(spread, funding).unwrap_err();
            assert!(named == name && told.contains(why), "{spread} {funding}: {named}: {told}");
        }
    }
}
