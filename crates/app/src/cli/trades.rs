//! `backstop trades`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::{Failure, Outcome, output};
use crate::demo::card;
use backstop_model::PositionDocument;
use backstop_store::ReadOnly;
use clap::Args;
use std::path::PathBuf;

/// Shows the closed positions of a store with their partial exits.
#[derive(Args, Debug)]
pub struct Trades {
    /// The store.
    #[arg(long)]
    store: PathBuf,
    /// One JSON array instead of tables.
    #[arg(long)]
    json: bool,
}

impl Trades {
    /// Shows them.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let mut trades = ReadOnly::open(&self.store)?.positions(false)?;
        trades.retain(|(_, document)| document.exit_time.is_some());
        show(trades, self.json, "no trades yet", card)
    }
}

/// Position documents, as JSON or as cards.
pub(super) fn show(
    documents: Vec<(String, PositionDocument)>,
    json: bool,
    nothing: &str,
    card: impl Fn(&PositionDocument) -> String,
) -> Result<Outcome, Failure> {
    let documents: Vec<_> = documents.into_iter().map(|(_, document)| document).collect();
    if json {
        output::line(serde_json::to_string(&documents).map_err(Failure::said)?)?;
    } else if documents.is_empty() {
        output::line(nothing)?;
    } else {
        documents.iter().try_for_each(|document| output::write(&card(document)))?;
    }
    Ok(Outcome::Good)
}
