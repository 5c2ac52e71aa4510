//! What the running engine has told of a wish, below the answer: a wish may be heard and still come to nothing.

use super::{Failure, Outcome, output};
use serde_json::Value;

/// The answer as it is, or `line` and below it what was told; an alarm is a problem.
pub fn show(answer: &Value, line: &str, json: bool) -> Result<Outcome, Failure> {
    if json {
        output::line(answer)?;
    } else {
        output::line(line)?;
        texts(answer).try_for_each(|text| output::line(format_args!("  {text}")))?;
    }
    Ok(if has(answer, "alarm") { Outcome::ProblemFound } else { Outcome::Good })
}

/// Whether something as loud was told.
pub fn has(answer: &Value, severity: &str) -> bool {
    told(answer).any(|told| told["severity"] == severity)
}

fn texts(answer: &Value) -> impl Iterator<Item = &str> {
    told(answer).filter_map(|told| told["text"].as_str())
}

fn told(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["told"].as_array().into_iter().flatten()
}
