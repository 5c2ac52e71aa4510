//! `backstop check`: a configuration in words and numbers before any money depends on it. The numbers are the core's own.

use super::{Failure, Outcome, output};
use crate::config::{Adopt, Config};
use crate::paper;
use crate::preview::{Averages, Entry, Explained, WrittenCosts};
use crate::recorded::Decimals;
use backstop_model::plan::ExitPlan;
use backstop_model::{Instrument, PositionSide, Price, Quantity, Symbol};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// Explains and validates a configuration and its plans. No network.
#[derive(Args, Debug)]
pub struct Check {
    /// The configuration, YAML or JSON; the built-in plan when absent.
    file: Option<PathBuf>,
    /// The configuration, as other commands take it.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
    /// The instrument whose tick, step, minimums, fees and leverage count.
    #[arg(long, default_value = "EXAMPLE")]
    symbol: String,
    /// The entry the plan is worked out for.
    #[arg(long, default_value = "10000")]
    entry: String,
    /// The quantity entered.
    #[arg(long, default_value = "1")]
    quantity: String,
    /// The side.
    #[arg(long, default_value = "long")]
    side: Side,
    /// The average true range in points of price, for distances in `atr`: `150` for all, `5m=40` or "14, 5m=40" for some
    /// bars, as often as needed; without it `until_warm` applies.
    #[arg(long, value_name = "[BARS=]POINTS")]
    atr: Vec<String>,
    /// From bid to ask, in points of price or percent of the entry (`0.01%`); none when absent.
    #[arg(long, value_name = "POINTS|%")]
    spread: Option<String>,
    /// How far beyond its price a stop or a market order fills, in points or percent; nothing when absent.
    #[arg(long, value_name = "POINTS|%")]
    slippage: Option<String>,
    /// Funding and overnight costs paid until it is closed, in money for the whole position or percent of its notional; none
    /// when absent.
    #[arg(long, value_name = "MONEY|%")]
    funding: Option<String>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    Long,
    Short,
}

impl Check {
    /// Checks it. A plan that would not be armed, or could not do its work, is a problem found.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let path = self.file.as_ref().or(self.config.as_ref());
        let config = path.map_or_else(Config::built_in, |path| Config::load(path))?;
        let entry = self.entry(&config)?;
        if let Some(needless) = entry.averages.needless(plans(&config).map(AsRef::as_ref)) {
            return Err(Failure::said(format!("--atr: {needless}")));
        }
        let explain = |plan| Explained::new(plan, &config, &entry);
        let shown: Vec<Explained> = plans(&config).map(explain).collect();
        if self.json {
            let plans: Vec<_> = shown.iter().map(Explained::as_json).collect();
            let accounts: Vec<_> =
                config.accounts.iter().map(|account| json!({"name": account.name, "plan": account.plan})).collect();
            let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
            output::line(json!({"accounts": accounts, "plans": plans, "warnings": warnings}))?;
        } else {
            output::write(&accounts_in_words(&config))?;
            shown.iter().try_for_each(|shown| output::line(format_args!("\n{}", shown.as_text())))?;
        }
        let good = shown.iter().all(Explained::is_sound);
        Ok(if good { Outcome::Good } else { Outcome::ProblemFound })
    }

    fn entry(&self, config: &Config) -> Result<Entry, Failure> {
        let price: Price = self.entry.parse().map_err(|wrong| Failure::said(format!("--entry: {wrong}")))?;
        let quantity: Quantity =
            self.quantity.parse().map_err(|wrong| Failure::said(format!("--quantity: {wrong}")))?;
        if quantity.is_zero() {
            return Err(Failure::said("--quantity: nothing is entered; give a quantity greater than zero"));
        }
        let side = match self.side {
            Side::Long => PositionSide::Long,
            Side::Short => PositionSide::Short,
        };
        let mut averages = Averages::default();
        let mut given = self.atr.iter();
        given.try_for_each(|text| averages.add(text)).map_err(|wrong| Failure::said(format!("--atr: {wrong}")))?;
        let (spread, slippage, funding) = (self.spread.as_deref(), self.slippage.as_deref(), self.funding.as_deref());
        let instrument = self.instrument(config)?;
        let costs = WrittenCosts { spread, slippage, funding }.of(price, quantity, instrument.value_per_point);
        let costs = costs.map_err(|(name, wrong)| Failure::said(format!("--{name}: {wrong}")))?;
        Ok(Entry { instrument, side, price, quantity, averages, costs })
    }

    fn instrument(&self, config: &Config) -> Result<Instrument, Failure> {
        let symbol = Symbol::new(&self.symbol).map_err(|wrong| Failure::said(format!("--symbol: {wrong}")))?;
        let seen = Decimals { price: decimals(&self.entry).max(2), quantity: Some(decimals(&self.quantity).max(3)) };
        paper::instrument(config, symbol, seen).map_err(Failure::said)
    }
}

/// The plans of the file; the built-in one only where it is used or nothing else is there.
fn plans(config: &Config) -> impl Iterator<Item = &Arc<ExitPlan>> + Clone {
    let used = |plan: &ExitPlan| {
        config.accounts.iter().any(|account| {
            account.plan == Some(plan.name) || account.symbol_plans.values().any(|name| *name == plan.name)
        })
    };
    config.plans.values().filter(move |plan| config.plans.len() == 1 || plan.name.as_str() != "swing" || used(plan))
}

fn decimals(number: &str) -> u8 {
    number.split_once('.').map_or(0, |(_, fraction)| u8::try_from(fraction.len()).unwrap_or(12).min(12))
}

/// A line for each account, then one for each warning.
fn accounts_in_words(config: &Config) -> String {
    let mut text = String::new();
    for account in &config.accounts {
        let plan = account.plan.map_or_else(|| "no plan".to_owned(), |plan| format!("plan {plan}"));
        let (venue, mode) = (account.venue.word(), account.mode.word());
        let adopt = match account.adopt {
            Adopt::HardStop => "a hard stop after ten seconds",
            Adopt::Plan if account.plan.is_none() && account.symbol_plans.is_empty() => "a hard stop at once",
            Adopt::Plan => "the plan at once",
            Adopt::Propose => "a proposal only",
        };
        let name = account.name;
        text.push_str(&format!("account {name}: {venue} ({mode}), {plan}; positions that others open get {adopt}\n"));
        for (symbol, plan) in &account.symbol_plans {
            text.push_str(&format!("  {symbol}: plan {plan}\n"));
        }
    }
    config.warnings.iter().for_each(|warning| text.push_str(&format!("warning: {warning}\n")));
    text
}
