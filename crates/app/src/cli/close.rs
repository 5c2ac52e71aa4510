//! `backstop close`: asks the running engine to close a position, a part of it, or everything. The engine does the closing.

use super::api::Api;
use super::{Failure, Outcome, output};
use clap::Args;
use serde_json::json;

/// Closes a position at market, a part of it, or all positions. Stops stay at the venue until it is flat.
#[derive(Args, Debug)]
pub struct Close {
    /// The position, as `backstop positions` names it.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    position: Option<String>,
    /// Every open position.
    #[arg(long)]
    all: bool,
    /// Only this share of what is open, for example 50%; the plan goes on with the rest.
    #[arg(long, value_name = "SHARE", conflicts_with = "all")]
    part: Option<String>,
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Close {
    /// Asks for it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let (answer, text) = match &self.position {
            None => {
                let answer = self.api.post("/api/v1/positions/close-all", None)?;
                let spared = answer["not_touched"].as_u64().filter(|spared| *spared > 0);
                let spared = spared.map_or_else(String::new, |count| format!("; {count} are not touched"));
                let text = format!("{} positions are being closed at market{spared}", answer["closing"]);
                (answer, text)
            }
            Some(position) => {
                let body = self.part.as_ref().map(|part| json!({ "part": part }));
                let answer = self.api.ask(position, "close", body)?;
                let what = self.part.as_ref().map_or_else(String::new, |part| format!("{part} of "));
                (answer, format!("{what}{position} is being closed at market"))
            }
        };
        if self.json {
            output::line(answer)?
        } else {
            output::line(text)?
        }
        Ok(Outcome::Good)
    }
}
