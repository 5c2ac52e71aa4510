//! `backstop open`: asks the running engine to open a position or add to one, and to take an entry back. Whether it may
//! be is the engine's to say.

use super::api::Api;
use super::{Failure, Outcome, output};
use clap::Args;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long the command waits for an outcome; the engine goes on looking after that.
const PATIENCE: Duration = Duration::from_secs(8);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);

/// Opens a position, or adds to one of ours, and puts it under a plan at once.
#[derive(Args, Debug)]
pub struct Open {
    /// Of what, for example BTCUSDT.
    #[arg(required_unless_present = "cancel", conflicts_with = "cancel")]
    symbol: Option<String>,
    /// long or short.
    #[arg(required_unless_present = "cancel")]
    side: Option<String>,
    /// How much.
    #[arg(required_unless_present = "cancel", value_name = "QTY")]
    quantity: Option<String>,
    /// The worst price accepted; at market when absent.
    #[arg(long, value_name = "PRICE")]
    limit: Option<String>,
    /// The plan; the one that applies to the position when absent.
    #[arg(long)]
    plan: Option<String>,
    /// Whose; may be left out where there is one account.
    #[arg(long)]
    account: Option<String>,
    /// A name of your own for it: asked for again under the same name, it is not sent again. One is made when absent.
    #[arg(long)]
    id: Option<String>,
    /// Takes back what has not been filled of this entry.
    #[arg(long, value_name = "ID")]
    cancel: Option<String>,
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Open {
    /// Asks for it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        match &self.cancel {
            Some(id) => self.take_back(id),
            None => self.enter(),
        }
    }

    fn take_back(&self, id: &str) -> Result<Outcome, Failure> {
        let answer = self.api.delete(&self.path(id)?)?;
        let text = if answer["cancelling"] == true { "is being taken back" } else { "is over already" };
        self.say(&answer, &format!("entry {id} {text}"))?;
        Ok(Outcome::Good)
    }

    fn enter(&self) -> Result<Outcome, Failure> {
        let id = self.id.clone().map_or_else(fresh_id, Ok)?;
        let body = json!({
            "id": id, "account": self.account, "symbol": self.symbol, "side": self.side,
            "quantity": self.quantity, "limit": self.limit, "plan": self.plan,
        });
        let (refused, mut entry) = self.api.post_judged("/api/v1/entries", body)?;
        if refused {
            let why = entry["error"].as_str().unwrap_or("refused").to_owned();
            self.say(&entry, &why)?;
            return Ok(Outcome::ProblemFound);
        }
        let until = Instant::now() + PATIENCE;
        while is_open_question(&entry) && Instant::now() < until {
            std::thread::sleep(PAUSE);
            entry = self.api.get(&self.path(&id)?)?;
        }
        self.say(&entry, &told(&entry))?;
        let good = matches!(entry["state"].as_str(), Some("filled" | "working"));
        Ok(if good { Outcome::Good } else { Outcome::ProblemFound })
    }

    fn path(&self, id: &str) -> Result<String, Failure> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        if id.is_empty() || !id.chars().all(known) {
            return Err(Failure::said(format!(
                "{id:?} is not the id of an entry: letters, digits, or -_.: are needed"
            )));
        }
        let of = self.account.as_ref().filter(|name| name.chars().all(known));
        Ok(of.map_or_else(|| format!("/api/v1/entries/{id}"), |name| format!("/api/v1/entries/{id}?account={name}")))
    }

    fn say(&self, answer: &Value, text: &str) -> Result<(), Failure> {
        if self.json { output::line(answer) } else { output::line(text) }
    }
}

/// An outcome is awaited: of a market entry its execution, of a limit entry that it rests.
fn is_open_question(entry: &Value) -> bool {
    match entry["state"].as_str() {
        Some("in_flight" | "unknown") => true,
        Some("working") => entry["limit"].is_null(),
        Some(_) | None => false,
    }
}

fn told(entry: &Value) -> String {
    let word = |key: &str| entry[key].as_str().unwrap_or("").to_owned();
    let what = format!("entry {}: {} {}", word("id"), word("symbol"), word("side"));
    let state = word("state");
    let next = match state.as_str() {
        "unknown" => "; the outcome is not known yet, the engine asks the venue; it is never sent again",
        "in_flight" => "; no answer yet, the engine goes on waiting; it is never sent again",
        "partial" => "; not every part of it is there",
        "absent" => "; it never reached the venue: ask anew under another id",
        _ => "",
    };
    let why = entry["why"].as_str().map_or_else(String::new, |why| format!(" ({why})"));
    let whole = format!("{what} {state}{why}, {} of {} filled{next}", word("filled"), word("quantity"));
    let parts = entry["parts"].as_array().into_iter().flatten().map(part);
    std::iter::once(whole).chain(parts).collect::<Vec<_>>().join("\n")
}

/// One of the deals an entry is made in.
fn part(part: &Value) -> String {
    let word = |key: &str| part[key].as_str().unwrap_or("").to_owned();
    let why = part["why"].as_str().map_or_else(String::new, |why| format!(" ({why})"));
    format!(
        "  {}: {}, closed by {}, stop {}: {}{why}",
        word("id"),
        word("quantity"),
        word("closes"),
        word("stop"),
        word("state")
    )
}

/// A name that nobody else has given.
fn fresh_id() -> Result<String, Failure> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random)
        .map_err(|why| Failure::said(format!("no random numbers for an id: {why}; give --id")))?;
    Ok(format!("cli-{}", random.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}
