//! Numbers of the file: percentages, prices, quantities, money, counts. Read from their own text, so that no binary
//! floating point is ever between the owner's digits and ours.

use super::located::{Located, Place};
use super::problem::Problem;
use super::wire::{Count, Number, Percent};
use backstop_model::{Leverage, Money, Name, ParseUnitError, Price, Quantity, Ratio, Symbol};
use std::str::FromStr;

/// A percentage as a fraction, within `least..=most` percent.
pub(super) fn percent(written: &Located<Percent>, what: &str, least: u32, most: u32) -> Result<Ratio, Problem> {
    let ratio = any_percent(written, what)?;
    let percent = ratio.in_percent();
    if percent < Ratio::whole(least) || percent > Ratio::whole(most) {
        let text = written.value.0.trim();
        let help = format!("{what} lies between {least}% and {most}%");
        return Err(Problem::new(written.at, format!("{what} `{text}` is out of range"), help));
    }
    Ok(ratio)
}

/// A percentage as a fraction, of either sign: fees may be rebates.
pub(super) fn any_percent(written: &Located<Percent>, what: &str) -> Result<Ratio, Problem> {
    let text = written.value.0.trim();
    let Some(number) = text.strip_suffix('%') else {
        return Err(match Ratio::from_str(text) {
            Ok(_) => {
                let help = format!("{what} is written in percent: `{text}%`");
                Problem::new(written.at, format!("`{text}` has no unit"), help)
            }
            Err(_) => not_a(written.at, text, "percentage", "write it like `40%`"),
        });
    };
    Ratio::percent(number.trim_end()).map_err(|wrong| from_unit(written.at, text, &wrong, "write it like `40%`"))
}

/// A price step: a price greater than zero.
pub(super) fn price(written: &Located<Number>, example: &str) -> Result<Price, Problem> {
    unit(written, example)
}

/// A quantity, zero or more.
pub(super) fn quantity(written: &Located<Number>, example: &str) -> Result<Quantity, Problem> {
    unit(written, example)
}

/// A pure number.
pub(super) fn factor(written: &Located<Number>) -> Result<Ratio, Problem> {
    unit(written, "a plain number like `10`")
}

/// An amount of money that is not negative.
pub(super) fn amount(written: &Located<Number>, what: &str) -> Result<Money, Problem> {
    let money: Money = unit(written, "a plain number of the quote currency, like `100`")?;
    if money < Money::ZERO {
        let message = format!("{what} `{}` is negative", written.value.0.trim());
        return Err(Problem::new(written.at, message, "write a number that is not negative; leave it out for none"));
    }
    Ok(money)
}

/// An amount of money greater than zero: a limit of nothing would let nothing through.
pub(super) fn limit(written: &Located<Number>, what: &str) -> Result<Money, Problem> {
    let money = amount(written, what)?;
    if money > Money::ZERO {
        return Ok(money);
    }
    let message = format!("{what} `{}` would let nothing through", written.value.0.trim());
    Err(Problem::new(written.at, message, "write a number greater than zero; leave it out for no limit"))
}

/// A leverage.
pub(super) fn leverage(written: &Located<Count>) -> Result<Leverage, Problem> {
    let text = written.value.0.trim();
    let help = "a whole number from 1 to 1000, like `10`";
    Leverage::from_str(text).map_err(|wrong| from_unit(written.at, text, &wrong, help))
}

/// A whole number from 1 to 255.
pub(super) fn count(written: &Located<Count>, what: &str) -> Result<u8, Problem> {
    let text = written.value.0.trim();
    match u8::from_str(text) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(not_a(written.at, text, what, "a whole number is needed, 1 or more")),
    }
}

/// A name of the owner's choice.
pub(super) fn name(written: &Located<String>, what: &str) -> Result<Name, Problem> {
    let help = "1 to 40 letters, digits and signs without blanks, for example `swing-tight`";
    Name::new(&written.value).map_err(|_| not_a(written.at, &written.value, &format!("name of {what}"), help))
}

/// A venue's name for an instrument.
pub(super) fn symbol(written: &Located<String>) -> Result<Symbol, Problem> {
    let help = "write it as the venue does, for example `BTCUSDT`";
    Symbol::new(&written.value).map_err(|_| not_a(written.at, &written.value, "symbol", help))
}

fn unit<T: FromStr<Err = ParseUnitError>>(written: &Located<Number>, example: &str) -> Result<T, Problem> {
    let text = written.value.0.trim();
    text.parse().map_err(|wrong| from_unit(written.at, text, &wrong, example))
}

fn from_unit(at: Place, text: &str, wrong: &ParseUnitError, help: &str) -> Problem {
    let shown: String = text.chars().take(40).collect();
    Problem::new(at, format!("`{shown}` is not a {}: {}", wrong.unit, wrong.why), help)
}

pub(super) fn not_a(at: Place, text: &str, what: &str, help: &str) -> Problem {
    let shown: String = text.chars().take(40).collect();
    Problem::new(at, format!("`{shown}` is not a {what}"), help)
}
