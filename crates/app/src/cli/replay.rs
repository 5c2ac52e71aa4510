//! `backstop replay`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::progress::Progress;
use super::{Failure, Outcome, output};
use backstop_core::Engine;
use backstop_model::Stamped;
use backstop_store::ReadOnly;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Decides a journal again from its first record and compares every command with the recorded one.
#[derive(Args, Debug)]
pub struct Replay {
    /// The store.
    #[arg(long)]
    store: PathBuf,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Replay {
    /// Replays; differences are a problem found.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let store = ReadOnly::open(&self.store)?;
        let mut engine = Engine::new();
        let mut differences = Vec::new();
        let mut records = 0_u64;
        let mut progress = Progress::new("records replayed:", None, self.json);
        for record in store.records_after(0)? {
            let record = record?;
            records += 1;
            progress.reached(records);
            let stamped = Stamped { sequence: record.sequence, at: record.at, event: record.event };
            let step = engine.replay(&stamped, &record.market);
            if step.commands != record.commands {
                differences.push(record.sequence);
            }
        }
        drop(progress);
        let fingerprint = engine.fingerprint();
        if self.json {
            output::line(json!({"records": records, "fingerprint": fingerprint, "differences": differences}))?;
        } else {
            output::line(format_args!("{records} records replayed, fingerprint {fingerprint}"))?;
            output::line(in_words(&differences))?;
        }
        Ok(if differences.is_empty() { Outcome::Good } else { Outcome::ProblemFound })
    }
}

fn in_words(differences: &[u64]) -> String {
    match differences {
        [] => "every record decides the same again".to_owned(),
        [first, ..] => format!(
            "{} records decide differently now, the first is {first}: this version's rules are not those of then; \
             `backstop explain {first}` shows what was decided",
            differences.len()
        ),
    }
}
