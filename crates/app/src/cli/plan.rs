//! `backstop plan`: asks the running engine to put a position under another plan.

use super::api::Api;
use super::{Failure, Outcome, told};
use clap::Args;
use serde_json::json;

/// Puts an open position under another plan of the configuration. Its stop is only ever tightened.
#[derive(Args, Debug)]
pub struct Plan {
    /// The position, as `backstop positions` names it.
    position: String,
    /// The plan, as the configuration names it.
    plan: String,
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Plan {
    /// Asks for it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let answer = self.api.ask(&self.position, "plan", Some(json!({ "plan": self.plan })))?;
        told::show(&answer, &format!("{} is under plan {} from now on", self.position, self.plan), self.json)
    }
}
