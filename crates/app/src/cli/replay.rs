//! `backstop replay`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::progress::Progress;
use super::{Failure, Outcome, output, unknown};
use crate::config::Config;
use crate::records::{TapeReader, tape_of};
use crate::what_if::{Report, what_if};
use backstop_core::Engine;
use backstop_model::{Name, Stamped};
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
    /// Instead: what another plan would have made of every closed position, on the tape beside the store. Fills are
    /// simulated.
    #[arg(long, value_name = "PLAN")]
    what_if: Option<String>,
    /// The configuration that has the plan; the built-in plan `swing` when absent.
    #[arg(long, value_name = "FILE", requires = "what_if")]
    config: Option<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Replay {
    /// Replays; differences are a problem found.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let store = ReadOnly::open(&self.store)?;
        if let Some(plan) = &self.what_if {
            return self.what_if(&store, plan);
        }
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

    fn what_if(&self, store: &ReadOnly, plan: &str) -> Result<Outcome, Failure> {
        let name = Name::new(plan).map_err(|why| Failure::said(format!("--what-if: {why}")))?;
        let config = self.config.as_ref().map_or_else(Config::built_in, |path| Config::load(path))?;
        let plan = config.plan(name).ok_or_else(|| unknown::plan(name, config.plans.keys().copied()))?;
        let path = tape_of(&self.store);
        let mut tape = TapeReader::open(&path).map_err(|why| {
            let path = path.display();
            Failure::said(format!("the tape {path} cannot be read: {why}; `run` and `demo --store` write it, unless the configuration says `tape: false`"))
        })?;
        let mut progress = Progress::new("moments played:", None, self.json);
        let report = what_if(store, &mut tape, plan, |moments| progress.reached(moments)).map_err(Failure::said)?;
        drop(progress);
        if report.trades.is_empty() {
            return Err(nothing_to_compare(&report));
        }
        if self.json {
            output::line(serde_json::to_string(&report).map_err(Failure::said)?)?;
        } else {
            output::write(&report.text())?;
        }
        Ok(if report.is_too_much { Outcome::ProblemFound } else { Outcome::Good })
    }
}

fn nothing_to_compare(report: &Report) -> Failure {
    Failure::said(match report.left_out.first() {
        Some(first) => format!(
            "none of {} trades can be played again; the first is {}: {}",
            report.left_out.len(),
            first.position_id,
            first.why
        ),
        None => "the store has no closed positions yet; let some close, then ask again".to_owned(),
    })
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
