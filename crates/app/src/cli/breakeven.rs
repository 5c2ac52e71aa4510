//! `backstop breakeven`: asks the running engine to move a stop to break-even.

use super::api::Api;
use super::{Failure, Outcome, told};
use clap::Args;

/// Moves the stop of a position to break-even, now or as soon as its price allows. It is never loosened.
#[derive(Args, Debug)]
pub struct BreakEven {
    /// The position, as `backstop positions` names it.
    position: String,
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl BreakEven {
    /// Asks for it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let answer = self.api.ask(&self.position, "breakeven", None)?;
        told::show(&answer, &format!("{}: break-even is asked for", self.position), self.json)
    }
}
