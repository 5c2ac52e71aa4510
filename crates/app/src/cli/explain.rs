//! `backstop explain`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::{Failure, Outcome, output};
use backstop_model::{Command, MarketView, Series};
use backstop_store::{ReadOnly, Record};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Explains an order or a record: what happened, on which prices, what was decided, and what became of it.
#[derive(Args, Debug)]
pub struct Explain {
    /// A client order id, or the number of a record.
    what: String,
    /// The store.
    #[arg(long)]
    store: PathBuf,
    /// One JSON array of records instead of text.
    #[arg(long)]
    json: bool,
}

impl Explain {
    /// Explains it.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let records = ReadOnly::open(&self.store)?.records()?;
        let about: Vec<&Record> = match self.what.parse::<u64>() {
            Ok(number) => records.iter().filter(|record| record.sequence == number).collect(),
            Err(_) => records.iter().filter(|record| concerns(record, &self.what)).collect(),
        };
        if about.is_empty() {
            return Err(Failure::said(format!(
                "nothing in {} is about {}; give a client order id or a record's number",
                self.store.display(),
                self.what
            )));
        }
        if self.json {
            output::line(json!(about))?;
        } else {
            about.iter().try_for_each(|record| output::write(&tell(record)))?;
        }
        Ok(Outcome::Good)
    }
}

/// Whether a record places, changes or hears of an order.
fn concerns(record: &Record, id: &str) -> bool {
    let asked = record.commands.iter().any(|command| command.order().is_some_and(|order| order.as_str() == id));
    asked || serde_json::to_string(&record.event).is_ok_and(|event| event.contains(&format!("\"{id}\"")))
}

fn tell(record: &Record) -> String {
    let mut text = format!("record {} ({}) at {} ms\n", record.sequence, record.kind(), record.at.as_millis());
    for (_, view) in &record.market {
        text.push_str(&format!("  prices: {}\n", prices(view)));
    }
    for notice in &record.notices {
        text.push_str(&format!("  why: {}\n", notice.text));
    }
    for command in &record.commands {
        text.push_str(&format!("  decided: {}\n", describe(command)));
    }
    text
}

fn prices(view: &MarketView) -> String {
    let named = [("last", Series::Last), ("mark", Series::Mark), ("bid", Series::Bid), ("ask", Series::Ask)];
    let known =
        named.iter().filter_map(|(name, series)| Some(format!("{name} {}", view.series[series.index()]?.price)));
    known.collect::<Vec<_>>().join(", ")
}

fn describe(command: &Command) -> String {
    match command {
        Command::Amend { id, trigger, quantity, .. } => format!("move stop {id} to {} for {quantity}", trigger.price),
        Command::Cancel { id, .. } => format!("cancel {id}"),
        Command::Lookup { id, .. } => format!("ask what became of {id}"),
        Command::Place(order) => format!("place {}: {} {:?} {:?}", order.id, order.side, order.quantity, order.kind),
        Command::Snapshot { cause, .. } => format!("ask for the full state ({cause:?})"),
    }
}
