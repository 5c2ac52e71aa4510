//! `backstop health`: how the running engine is doing. What it says comes from its API.

use super::api::Api;
use super::{Failure, Outcome, output};
use clap::Args;
use serde_json::Value;

/// Stream state, active positions, pending orders, last update, error count of the running engine.
#[derive(Args, Debug)]
pub struct Health {
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Health {
    /// Shows it; anything but good health is a problem found.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let health = self.api.get("/api/v1/health")?;
        if self.json {
            output::line(&health)?;
        } else if let Some(fields) = health.as_object() {
            for (name, value) in fields {
                output::line(format_args!("{:<22} {value}", name.replace('_', " ")))?;
            }
        }
        let good = health.get("ok").and_then(Value::as_bool).unwrap_or(false);
        Ok(if good { Outcome::Good } else { Outcome::ProblemFound })
    }
}
