//! `backstop close`: asks the running engine to close a position. The engine does the closing.

use super::api::Api;
use super::{Failure, Outcome, output};
use clap::Args;

/// Closes a position at market. Its stop stays at the venue until it is flat.
#[derive(Args, Debug)]
pub struct Close {
    /// The position, as `backstop positions` names it.
    position: String,
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Close {
    /// Asks for it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !self.position.chars().all(known) {
            return Err(Failure::said(format!(
                "{:?} is not a position's name; see `backstop positions`",
                self.position
            )));
        }
        let answer = self.api.post(&format!("/api/v1/positions/{}/close", self.position))?;
        if self.json {
            output::line(answer)?;
        } else {
            output::line(format_args!("{} is being closed at market", self.position))?;
        }
        Ok(Outcome::Good)
    }
}
