//! `backstop pause`: asks the running engine to leave a position alone.

use super::api::Api;
use super::{Failure, Outcome, told};
use clap::Args;

/// Pauses a position: its stop stays, what rests stays, nothing else is begun.
#[derive(Args, Debug)]
pub struct Pause {
    /// The position, as `backstop positions` names it.
    position: String,
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Pause {
    /// Asks for it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let answer = self.api.ask(&self.position, "pause", None)?;
        told::show(&answer, &format!("{} is paused; its stop stays", self.position), self.json)
    }
}
