//! `backstop positions`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::api::Api;
use super::{Failure, Outcome};
use crate::demo::card;
use backstop_model::PositionDocument;
use backstop_store::ReadOnly;
use clap::Args;
use std::path::PathBuf;

/// Shows the open positions of the running engine, or of a store.
#[derive(Args, Debug)]
pub struct Positions {
    /// A store to look into, whether an engine runs or not.
    #[arg(long)]
    store: Option<PathBuf>,
    #[command(flatten)]
    api: Api,
    /// One JSON array instead of tables.
    #[arg(long)]
    json: bool,
}

impl Positions {
    /// Shows them.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let positions = match &self.store {
            Some(store) => ReadOnly::open(store)?.positions(true)?,
            None => self.of_the_engine()?,
        };
        super::trades::show(positions, self.json, "no open positions", card)
    }
    fn of_the_engine(&self) -> Result<Vec<(String, PositionDocument)>, Failure> {
        let answer = self.api.get("/api/v1/positions")?;
        let documents: Vec<PositionDocument> = serde_json::from_value(answer).map_err(Failure::said)?;
        Ok(documents.into_iter().map(|document| (String::new(), document)).collect())
    }
}
