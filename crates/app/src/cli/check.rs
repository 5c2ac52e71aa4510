//! `backstop check`: a configuration in words and numbers before any money depends on it. The numbers are the core's own.

use super::{Failure, Outcome, output};
use crate::config::{Adopt, Config};
use crate::paper;
use crate::preview::{Entry, Explained, average};
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
    /// The average true range in points of price, for distances in `atr`; without it `until_warm` applies.
    #[arg(long, value_name = "POINTS")]
    atr: Option<String>,
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
        let atr = self.atr.as_ref().map(|text| average(text)).transpose();
        let atr = atr.map_err(|wrong| Failure::said(format!("--atr: {wrong}")))?;
        Ok(Entry { instrument: self.instrument(config)?, side, price, quantity, atr })
    }

    fn instrument(&self, config: &Config) -> Result<Instrument, Failure> {
        let symbol = Symbol::new(&self.symbol).map_err(|wrong| Failure::said(format!("--symbol: {wrong}")))?;
        let seen = Decimals { price: decimals(&self.entry).max(2), quantity: Some(decimals(&self.quantity).max(3)) };
        paper::instrument(config, symbol, seen).map_err(Failure::said)
    }
}

/// The plans of the file; the built-in one only where it is used or nothing else is there.
fn plans(config: &Config) -> impl Iterator<Item = &Arc<ExitPlan>> {
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
