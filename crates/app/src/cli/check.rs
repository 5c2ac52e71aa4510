//! `backstop check`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::{Failure, Outcome};
use crate::config::Config;
use backstop_model::plan::{Distance, ExitPlan};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Explains and validates a configuration and its plans. No network.
#[derive(Args, Debug)]
pub struct Check {
    /// The configuration, YAML or JSON; the built-in plan when absent.
    config: Option<PathBuf>,
    /// The configuration, as other commands take it.
    #[arg(long = "config", conflicts_with = "config")]
    named: Option<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Checks it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let path = self.config.as_ref().or(self.named.as_ref());
        let config = path.map_or_else(Config::built_in, |path| Config::load(path))?;
        let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        if self.json {
            let plans: Vec<_> = config.plans.values().collect();
            let accounts: Vec<_> =
                config.accounts.iter().map(|account| json!({"name": account.name, "plan": account.plan})).collect();
            println!("{}", json!({"accounts": accounts, "plans": plans, "warnings": warnings}));
            return Ok(Outcome::Good);
        }
        for account in &config.accounts {
            let plan = account.plan.map_or_else(|| "no plan".to_owned(), |plan| format!("plan {plan}"));
            println!("account {}: {} ({}), {plan}", account.name, account.venue.word(), account.mode.word());
        }
        for plan in config.plans.values() {
            print!("{}", explain(plan));
        }
        warnings.iter().for_each(|warning| println!("warning: {warning}"));
        Ok(Outcome::Good)
    }
}

/// A plan in words.
fn explain(plan: &ExitPlan) -> String {
    let mut text = format!(
        "plan {}\n  stop: {} from entry, watched on {}\n",
        plan.name,
        plan.stop_loss.at,
        plan.stop_loss.trigger.word()
    );
    for (number, level) in (1..).zip(plan.take_profits.iter()) {
        text.push_str(&format!("  TP{number}: {}{}\n", closes(level.close), at(level.at)));
    }
    if let Some(trailing) = plan.trailing {
        let from =
            trailing.activation.map_or_else(|| "from the start".to_owned(), |activation| format!("from {activation}"));
        text.push_str(
            &format!(
                "  trail: {from}, {} behind the best {} price, by {:?}\n",
                trailing.distance,
                trailing.trigger.word(),
                trailing.by
            )
            .to_lowercase(),
        );
    }
    text.push_str(&format!("  ladder: {:?}, break-even {:?}\n", plan.stop_ladder, plan.breakeven));
    text
}

fn closes(share: backstop_model::Ratio) -> String {
    format!("closes {}% ", share.in_percent())
}

fn at(distance: Distance) -> String {
    format!("at {distance}")
}
