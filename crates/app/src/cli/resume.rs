//! `backstop resume`: asks the running engine to go on with a position.

use super::api::Api;
use super::{Failure, Outcome, told};
use clap::Args;

/// Lets a paused position go on under its plan.
#[derive(Args, Debug)]
pub struct Resume {
    /// The position, as `backstop positions` names it.
    position: String,
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Resume {
    /// Asks for it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let answer = self.api.ask(&self.position, "resume", None)?;
        told::show(&answer, &format!("{} goes on", self.position), self.json)
    }
}
