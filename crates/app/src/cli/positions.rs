//! `backstop positions`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::api::Api;
use super::{Failure, Outcome, output};
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
            Some(store) => ReadOnly::open(store)?.positions(true)?.into_iter().map(|(_, document)| document).collect(),
            None => self.of_the_engine()?,
        };
        if self.json {
            output::line(serde_json::to_string(&positions).map_err(Failure::said)?)?;
        } else if positions.is_empty() {
            output::line("no open positions")?;
        } else {
            positions.iter().try_for_each(|document| output::write(&card(document)))?;
        }
        Ok(Outcome::Good)
    }

    fn of_the_engine(&self) -> Result<Vec<PositionDocument>, Failure> {
        let answer = self.api.get("/api/v1/positions")?;
        serde_json::from_value(answer).map_err(Failure::said)
    }
}
