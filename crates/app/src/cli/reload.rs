//! `backstop reload`: asks the running engine to read its configuration again.

use super::api::Api;
use super::{Failure, Outcome, output};
use clap::Args;
use serde_json::{Value, json};

/// Has the running engine read its configuration again. All of it counts, or nothing; open positions keep their plan as it was.
#[derive(Args, Debug)]
pub struct Reload {
    /// Also where it takes protection away from something open.
    #[arg(long)]
    confirm: bool,
    #[command(flatten)]
    api: Api,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Reload {
    /// Asks for it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let answer = self.api.post("/api/v1/reload", Some(json!({ "confirm": self.confirm })))?;
        if self.json {
            output::line(answer)?;
            return Ok(Outcome::Good);
        }
        let texts = |key: &str| answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let changed: Vec<String> = texts("changed").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if changed.is_empty() {
            output::line("nothing has changed")?;
        } else {
            output::line(format_args!("counts from now on: {}", changed.join(", ")))?;
        }
        for kept in texts("kept") {
            let (id, plan) = (text(&kept, "position_id"), text(&kept, "plan"));
            output::line(format_args!(
                "{id} keeps plan {plan} as it was; `backstop plan {id} {plan}` puts it under the new one"
            ))?;
        }
        Ok(Outcome::Good)
    }
}

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}
