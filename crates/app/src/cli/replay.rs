//! `backstop replay`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::{Failure, Outcome};
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
        let records = store.records()?;
        let mut engine = Engine::new();
        let mut differences = Vec::new();
        for record in &records {
            let stamped = Stamped { sequence: record.sequence, at: record.at, event: record.event.clone() };
            let step = engine.replay(&stamped, &record.market);
            if step.commands != record.commands {
                differences.push(record.sequence);
            }
        }
        let fingerprint = engine.fingerprint();
        if self.json {
            println!("{}", json!({"records": records.len(), "fingerprint": fingerprint, "differences": differences}));
        } else {
            println!("{} records replayed, fingerprint {fingerprint}", records.len());
            match differences.as_slice() {
                [] => println!("every record decides the same again"),
                some => println!(
                    "{} records decide differently now, the first is {}: this version's rules are not those of then",
                    some.len(),
                    some[0]
                ),
            }
        }
        Ok(if differences.is_empty() { Outcome::Good } else { Outcome::ProblemFound })
    }
}
