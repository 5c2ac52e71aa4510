//! `backstop close`: asks the running engine to close a position, a part of it, or everything. Without an engine the paper
//! venue itself is opened and everything that is meant is closed there.

use super::api::Api;
use super::{Failure, Outcome, output, told};
use crate::direct::{self, Hands, Meant, NoHands};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Closes a position at market, a part of it, or all positions. Stops stay at the venue until it is flat. Works without an
/// engine as well.
#[derive(Args, Debug)]
pub struct Close {
    /// The position, as `backstop positions` names it, or its symbol.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    position: Option<String>,
    /// Every open position.
    #[arg(long)]
    all: bool,
    /// Only this share of what is open, for example 50%; the plan goes on with the rest.
    #[arg(long, value_name = "SHARE", conflicts_with = "all")]
    part: Option<String>,
    /// The store of the engine: what is opened when no engine answers.
    #[arg(long, value_name = "FILE", default_value = "backstop.db")]
    store: PathBuf,
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Close {
    /// Asks for it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        if self.api.answers() { self.ask() } else { self.close_directly() }
    }

    /// No engine answers: the venue's ledger is opened, unless an engine has its lease.
    fn close_directly(&self) -> Result<Outcome, Failure> {
        let place = self.api.place();
        if self.part.is_some() {
            return Err(Failure::said(format!(
                "no engine answers at {place}; a part is closed by a running engine only"
            )));
        }
        let mut hands = match Hands::take(&self.store) {
            Ok(hands) => hands,
            Err(held @ NoHands::Engine(_)) => {
                output::error(format_args!("backstop: no engine answers at {place}: {held}"));
                return Ok(Outcome::ProblemFound);
            }
            Err(why) => return Err(Failure::said(why)),
        };
        let meant = self.position.clone().map_or(Meant::All, Meant::One);
        let report = direct::close(&mut hands, &meant).map_err(Failure::said)?;
        if let (Meant::One(name), true) = (&meant, report.is_idle()) {
            return Err(Failure::said(format!("there is no open position {name} at the venue; nothing was done")));
        }
        if self.json {
            output::line(report.json())?;
        } else {
            report.lines().into_iter().try_for_each(output::line)?;
        }
        Ok(if report.is_flat() { Outcome::Good } else { Outcome::ProblemFound })
    }

    fn ask(&self) -> Result<Outcome, Failure> {
        let (answer, text) = match &self.position {
            None => {
                let answer = self.api.post("/api/v1/positions/close-all", None)?;
                let spared = answer["not_touched"].as_u64().filter(|spared| *spared > 0);
                let spared = spared.map_or_else(String::new, |count| format!("; {count} not touched"));
                let text = match answer["closing"].as_u64() {
                    Some(0) => format!("no position is open that could be closed{spared}"),
                    Some(1) => format!("1 position is being closed at market{spared}"),
                    _ => format!("{} positions are being closed at market{spared}", answer["closing"]),
                };
                (answer, text)
            }
            Some(position) => {
                let body = self.part.as_ref().map(|part| json!({ "part": part }));
                let answer = self.api.ask(position, "close", body)?;
                let what = self.part.as_ref().map_or_else(String::new, |part| format!("{part} of "));
                (answer, format!("{what}{position} is being closed at market"))
            }
        };
        if self.part.is_some() && told::has(&answer, "warning") {
            // Less is closed than was asked for, or nothing.
            let position = self.position.as_deref().unwrap_or_default();
            told::show(&answer, &format!("{position}: not all that was asked for is closed"), self.json)?;
            return Ok(Outcome::ProblemFound);
        }
        told::show(&answer, &text, self.json)
    }
}
