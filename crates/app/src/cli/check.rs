//! `backstop check`: a configuration in words and numbers before any money depends on it. The numbers are the core's own.

use super::{Failure, Outcome, output};
use crate::config::Config;
use crate::paper;
use crate::recorded::Decimals;
use backstop_core::preview::{Preview, preview};
use backstop_model::plan::{ExitPlan, StopLadder};
use backstop_model::{Instrument, PositionSide, Price, Quantity, Symbol};
use clap::{Args, ValueEnum};
use comfy_table::{Table, presets};
use serde_json::json;
use std::path::PathBuf;

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
    /// Checks it. A plan that would not be armed is a problem found.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let path = self.file.as_ref().or(self.config.as_ref());
        let config = path.map_or_else(Config::built_in, |path| Config::load(path))?;
        let entry: Price = self.entry.parse().map_err(|wrong| Failure::said(format!("--entry: {wrong}")))?;
        let quantity: Quantity =
            self.quantity.parse().map_err(|wrong| Failure::said(format!("--quantity: {wrong}")))?;
        let instrument = self.instrument(&config)?;
        let side = match self.side {
            Side::Long => PositionSide::Long,
            Side::Short => PositionSide::Short,
        };
        let shown: Vec<_> =
            plans(&config).map(|plan| (plan, preview(plan, &instrument, side, entry, quantity))).collect();
        let good = shown.iter().all(|(_, shown)| shown.as_ref().is_ok_and(|shown| shown.armed));
        if self.json {
            let plans: Vec<_> = shown.iter().map(|(plan, shown)| as_json(plan, shown)).collect();
            let accounts: Vec<_> =
                config.accounts.iter().map(|account| json!({"name": account.name, "plan": account.plan})).collect();
            let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
            output::line(json!({"accounts": accounts, "plans": plans, "warnings": warnings}))?;
        } else {
            output::write(&accounts_in_words(&config))?;
            for (plan, shown) in &shown {
                output::line(format_args!("\n{}", in_words(plan)))?;
                match shown {
                    Ok(shown) => output::line(format_args!("{side} {quantity} from {entry}:\n{}", in_numbers(shown)))?,
                    Err(why) => {
                        output::line(format_args!("for {side} {quantity} from {entry} it is not armed: {why}"))?
                    }
                }
            }
        }
        Ok(if good { Outcome::Good } else { Outcome::ProblemFound })
    }

    fn instrument(&self, config: &Config) -> Result<Instrument, Failure> {
        let symbol = Symbol::new(&self.symbol).map_err(|wrong| Failure::said(format!("--symbol: {wrong}")))?;
        let seen = Decimals { price: decimals(&self.entry).max(2), quantity: Some(decimals(&self.quantity).max(3)) };
        paper::instrument(config, symbol, seen).map_err(Failure::said)
    }
}

/// The plans of the file; the built-in one only where it is used or nothing else is there.
fn plans(config: &Config) -> impl Iterator<Item = &std::sync::Arc<ExitPlan>> {
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

fn as_json(plan: &ExitPlan, shown: &Result<Preview, backstop_core::exits::NotArmable>) -> serde_json::Value {
    match shown {
        Ok(shown) => json!({"plan": plan, "preview": shown}),
        Err(why) => json!({"plan": plan, "not_armed": why.to_string()}),
    }
}

/// A line for each account, then one for each warning.
fn accounts_in_words(config: &Config) -> String {
    let mut text = String::new();
    for account in &config.accounts {
        let plan = account.plan.map_or_else(|| "no plan".to_owned(), |plan| format!("plan {plan}"));
        let (venue, mode) = (account.venue.word(), account.mode.word());
        text.push_str(&format!("account {}: {venue} ({mode}), {plan}\n", account.name));
    }
    config.warnings.iter().for_each(|warning| text.push_str(&format!("warning: {warning}\n")));
    text
}

/// A plan in a trader's words.
fn in_words(plan: &ExitPlan) -> String {
    let mut text = format!(
        "plan {}\n  stop {} from entry, watched on {}",
        plan.name,
        plan.stop_loss.at,
        plan.stop_loss.trigger.word()
    );
    for (number, level) in (1..).zip(plan.take_profits.iter()) {
        text.push_str(&format!("\n  TP{number} at {} closes {}%", level.at, level.close.in_percent()));
    }
    if let Some(trailing) = plan.trailing {
        let from = trailing
            .activation
            .map_or_else(|| "from the start".to_owned(), |activation| format!("from {activation} on"));
        let by = match trailing.by {
            backstop_model::TrailedBy::Amend => "Backstop moves the resting stop",
            backstop_model::TrailedBy::Engine => "Backstop watches and closes at market",
            backstop_model::TrailedBy::Venue => "the venue's own trailing order",
        };
        text.push_str(&format!(
            "\n  trail {from}, {} behind the best {} price: {by}",
            trailing.distance,
            trailing.trigger.word()
        ));
    }
    let ladder = match plan.stop_ladder {
        StopLadder::None => "the stop stays where it is".to_owned(),
        StopLadder::Breakeven => "the first level moves the stop to break-even".to_owned(),
        StopLadder::PreviousTarget => {
            "each level moves the stop to the target before, the first to break-even".to_owned()
        }
        StopLadder::TargetsBehind(count) => format!("each level moves the stop to the target {count} before"),
        StopLadder::PercentBelowTrigger(share) => {
            format!("each level moves the stop to {}% behind its price", share.in_percent())
        }
        StopLadder::PercentBelowHigh(share) => {
            format!("each level moves the stop to {}% behind the best price", share.in_percent())
        }
    };
    text.push_str(&format!("\n  {ladder}"));
    text
}

/// A preview as a table, with what should be known below it.
fn in_numbers(shown: &Preview) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["step", "price", "closes", "remains", "stop after", "realised", "worst from here", "after fees"]);
    for row in &shown.rows {
        let stop = row.stop_after.map_or_else(|| "–".to_owned(), |stop| stop.to_string());
        let cells = [row.event.clone(), row.price.to_string(), row.closes.to_string(), row.remaining.to_string(), stop];
        let money = [row.realised, row.worst_gross, row.worst_net].map(|money| money.to_string());
        table.add_row(cells.into_iter().chain(money));
    }
    let mut text = format!("{table}\nnet break-even {}", shown.net_break_even);
    if let (Some(liquidation), Some(way)) = (shown.liquidation, shown.stop_on_the_way) {
        text.push_str(&format!("; liquidation near {liquidation}, the stop lies {way:.1}% of the way there"));
    }
    for warning in &shown.warnings {
        text.push_str(&format!("\nwarning: {warning}"));
    }
    text
}
