//! What the owner says about an instrument, laid over what was seen of it and what is usual.

use super::located::{Located, Place};
use super::problem::Problem;
use super::wire;
use super::{amounts, distance, hours, times};
use crate::recorded::Decimals;
use backstop_model::instrument::BadInstrument;
use backstop_model::plan::CloseAt;
use backstop_model::{
    Distance, GuaranteedTerms, Hours, Instrument, InstrumentId, InstrumentSpec, LeastDistance, Leverage, Money, Name,
    Points, Price, Quantity, Ratio, Symbol,
};
use std::path::PathBuf;

/// Currencies that symbols end with, longest first where one ends another.
const QUOTES: [&str; 10] = ["FDUSD", "USDT", "USDC", "BUSD", "USD", "EUR", "GBP", "JPY", "BTC", "ETH"];

/// What the owner says about one instrument; what is absent is seen or usual.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct InstrumentOverrides {
    /// The smallest price increment.
    pub tick: Option<Price>,
    /// The smallest quantity increment.
    pub step: Option<Quantity>,
    /// The smallest quantity of one order.
    pub min_quantity: Option<Quantity>,
    /// The largest quantity of one order.
    pub max_quantity: Option<Quantity>,
    /// The largest quantity of one order that executes at market, where it is a smaller one.
    pub max_market_quantity: Option<Quantity>,
    /// What a whole unit of price brings a unit of quantity.
    pub value_per_point: Option<Ratio>,
    /// The smallest price × quantity of one order.
    pub min_notional: Option<Money>,
    /// Whether that minimum is waived for orders that only reduce.
    pub min_notional_waived: bool,
    /// Fee of a resting fill.
    pub maker_fee: Option<Ratio>,
    /// Fee of a taking fill.
    pub taker_fee: Option<Ratio>,
    /// The leverage positions are held with.
    pub leverage: Option<Leverage>,
    /// Maintenance margin as a share of notional.
    pub maintenance_margin: Option<Ratio>,
    /// How near to the price a stop or a resting target may be placed.
    pub least_distance: Option<LeastDistance>,
    /// The terms of guaranteed stops, where the market takes them.
    pub guaranteed: Option<GuaranteedTerms>,
    /// When the week's last session ends.
    pub week_ends: Option<CloseAt>,
    /// When it trades, where it does not always.
    pub hours: Option<Box<Hours>>,
    /// Where its state file is kept, if anywhere.
    pub state_file: Option<PathBuf>,
}

impl InstrumentOverrides {
    /// The parts of an instrument: what is said here, else tick and step from the decimals `seen`, else what is usual:
    /// fees 0.02 % and 0.05 %, the step as smallest quantity, no minimum notional, leverage 10, maintenance 0.4 %.
    #[must_use]
    pub fn spec(&self, id: InstrumentId, venue: Name, symbol: Symbol, seen: Decimals) -> InstrumentSpec {
        let step = self.step.unwrap_or_else(|| seen.step());
        InstrumentSpec {
            id,
            venue,
            symbol,
            tick: self.tick.unwrap_or_else(|| seen.tick()),
            step,
            min_quantity: self.min_quantity.unwrap_or(step),
            max_quantity: self.max_quantity,
            max_market_quantity: self.max_market_quantity,
            value_per_point: self.value_per_point.unwrap_or(Ratio::ONE),
            min_notional: self.min_notional.unwrap_or(Money::ZERO),
            min_notional_waived_for_exits: self.min_notional_waived,
            maker_fee: self.maker_fee.unwrap_or_else(|| usual("0.02")),
            taker_fee: self.taker_fee.unwrap_or_else(|| usual("0.05")),
            leverage: self.leverage.or(Leverage::try_from(10).ok()),
            maintenance_margin: self.maintenance_margin.unwrap_or_else(|| usual("0.4")),
            least_distance: self.least_distance,
            guaranteed: self.guaranteed,
            week_ends: self.week_ends.clone(),
            hours: self.hours.clone(),
            currency: currency(symbol),
        }
    }
}

fn usual(percent: &str) -> Ratio {
    Ratio::percent(percent).expect("a constant of this file is a percentage")
}

/// The quote currency a symbol ends with; USDT where none is recognised.
fn currency(symbol: Symbol) -> Name {
    let quote = QUOTES.iter().find(|quote| symbol.as_str().ends_with(**quote) && symbol.as_str().len() > quote.len());
    Name::new(quote.unwrap_or(&"USDT")).expect("a constant of this file is a name")
}

/// The overrides, checked together as far as they go.
pub(super) fn instrument(
    name: &Located<String>,
    written: &wire::Instrument,
) -> Result<(Symbol, InstrumentOverrides), Problem> {
    let symbol = amounts::symbol(name)?;
    let quantity = |written: &Option<Located<wire::Number>>| {
        written.as_ref().map(|written| amounts::quantity(written, "a plain number like `0.001`")).transpose()
    };
    let percent = |written: &Option<Located<wire::Percent>>, what| {
        written.as_ref().map(|written| amounts::any_percent(written, what)).transpose()
    };
    let amount = |written: &Located<wire::Number>| amounts::amount(written, "min_notional");
    let overrides = InstrumentOverrides {
        tick: written.tick.as_ref().map(|tick| amounts::price(tick, "a plain number like `0.1`")).transpose()?,
        step: quantity(&written.step)?,
        min_quantity: quantity(&written.min_quantity)?,
        max_quantity: quantity(&written.max_quantity)?,
        max_market_quantity: quantity(&written.max_market_quantity)?,
        value_per_point: written.value_per_point.as_ref().map(amounts::factor).transpose()?,
        min_notional: written.min_notional.as_ref().map(amount).transpose()?,
        min_notional_waived: written.min_notional_waived.as_ref().is_some_and(|waived| waived.value),
        maker_fee: percent(&written.maker_fee, "maker_fee")?,
        taker_fee: percent(&written.taker_fee, "taker_fee")?,
        leverage: written.leverage.as_ref().map(amounts::leverage).transpose()?,
        maintenance_margin: percent(&written.maintenance_margin, "maintenance_margin")?,
        least_distance: written.min_stop_distance.as_ref().map(|far| least(far, "min_stop_distance")).transpose()?,
        guaranteed: written.guaranteed_stop.as_ref().map(|terms| guaranteed(&terms.value)).transpose()?,
        week_ends: written.week_ends.as_ref().map(times::week_ends).transpose()?,
        hours: written.hours.as_ref().map(|written| hours::hours(written).map(Box::new)).transpose()?,
        state_file: written.state_file.as_ref().map(state_file).transpose()?,
    };
    let venue = Name::new("paper").expect("a constant of this file is a name");
    let spec = overrides.spec(InstrumentId(0), venue, symbol, Decimals::default());
    match Instrument::try_from(spec) {
        Ok(_) => Ok((symbol, overrides)),
        Err(wrong) => Err(misfit(name.at, written, &overrides, &wrong)),
    }
}

/// The terms of guaranteed stops: a distance, and a premium in points.
fn guaranteed(written: &wire::GuaranteedStop) -> Result<GuaranteedTerms, Problem> {
    let least_distance = written.min_distance.as_ref().map(|far| least(far, "min_distance")).transpose()?;
    let Some(premium) = &written.premium else { return Ok(GuaranteedTerms { least_distance, premium: Points::ZERO }) };
    match distance::distance(premium, "premium")? {
        Distance::Points(points) => Ok(GuaranteedTerms { least_distance, premium: points }),
        Distance::At(_) | Distance::Atr(_) | Distance::Margin(_) | Distance::Percent(_) | Distance::Risk(_) => {
            let message = format!("premium `{}` is not in points", premium.value.0.trim());
            Err(Problem::new(premium.at, message, "write it in points of price: `0.8 pt`; leave it out for none"))
        }
    }
}

/// A least distance: points or percent of the price.
fn least(written: &Located<wire::Distance>, what: &str) -> Result<LeastDistance, Problem> {
    match distance::distance(written, what)? {
        Distance::Percent(share) => Ok(LeastDistance::Share(share)),
        Distance::Points(points) => Ok(LeastDistance::Points(points)),
        Distance::At(_) | Distance::Atr(_) | Distance::Margin(_) | Distance::Risk(_) => {
            let message = format!("{what} `{}` is no rule of a venue", written.value.0.trim());
            Err(Problem::new(written.at, message, "write it in points or percent of the price: `2 pt` or `0.1%`"))
        }
    }
}

fn state_file(written: &Located<String>) -> Result<PathBuf, Problem> {
    let path = PathBuf::from(&written.value);
    match path.file_name() {
        Some(_) => Ok(path),
        None => {
            let message = format!("state_file `{}` names no file", written.value);
            Err(Problem::new(written.at, message, "write a file's path, like `state/BTCUSDT.json`"))
        }
    }
}

/// The model's complaint at the key it is about.
fn misfit(name: Place, written: &wire::Instrument, said: &InstrumentOverrides, wrong: &BadInstrument) -> Problem {
    let number = |written: &Option<Located<wire::Number>>| written.as_ref().map(|written| written.at);
    let (place, help) = match wrong {
        BadInstrument::NoStep(_) => (number(&written.step), "write the venue's smallest increment, like `0.001`"),
        BadInstrument::Fee(_, percent) => {
            let fees = [
                (said.maker_fee, &written.maker_fee),
                (said.taker_fee, &written.taker_fee),
                (said.maintenance_margin, &written.maintenance_margin),
            ];
            let culprit = fees.into_iter().find(|(fee, _)| fee.is_some_and(|fee| fee.in_percent() == *percent));
            (culprit.and_then(|(_, at)| at.as_ref().map(|at| at.at)), "write it in percent, like `0.05%`")
        }
        BadInstrument::MaxBelowMin(_, max, _) => {
            let is_general = said.max_quantity == Some(*max);
            let culprit = if is_general { &written.max_quantity } else { &written.max_market_quantity };
            (number(culprit), "raise it, or lower min_quantity")
        }
        BadInstrument::NegativeDistance(..) => {
            (written.min_stop_distance.as_ref().map(|far| far.at), "leave it out for none")
        }
        BadInstrument::NoValue(..) => {
            (number(&written.value_per_point), "leave it out where quantities are of the traded thing itself")
        }
        BadInstrument::NegativeNotional(..) => (number(&written.min_notional), "leave it out for none"),
    };
    Problem::new(place.unwrap_or(name), wrong.to_string(), help)
}
