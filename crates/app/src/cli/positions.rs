//! `backstop positions`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::api::Api;
use super::{Failure, Outcome, output};
use crate::demo::card;
use backstop_model::{PositionDocument, Price};
use backstop_store::ReadOnly;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

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
            Some(store) => of_the_store(store)?,
            None => self.of_the_engine()?,
        };
        if self.json {
            output::line(serde_json::to_string(&positions).map_err(Failure::said)?)?;
        } else if positions.is_empty() {
            output::line("no open positions")?;
        } else {
            positions.iter().try_for_each(show)?;
        }
        Ok(Outcome::Good)
    }

    fn of_the_engine(&self) -> Result<Vec<Position>, Failure> {
        let answer = self.api.get("/api/v1/positions")?;
        serde_json::from_value(answer).map_err(Failure::said)
    }
}

/// A document, and for an account that is only observed what rests and what would be sent.
#[derive(Debug, Deserialize, Serialize)]
struct Position {
    #[serde(flatten)]
    document: PositionDocument,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    would: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop_at_venue: Option<Price>,
    /// What the operator is asked about a position that others have opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proposal: Option<String>,
    /// The account is limited to other symbols.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    left_alone: bool,
}

fn of_the_store(store: &Path) -> Result<Vec<Position>, Failure> {
    let documents = ReadOnly::open(store)?.positions(true)?.into_iter();
    Ok(documents
        .map(|(_, document)| Position { document, would: None, stop_at_venue: None, proposal: None, left_alone: false })
        .collect())
}

fn show(position: &Position) -> Result<(), Failure> {
    output::write(&card(&position.document))?;
    if position.left_alone {
        output::line("not touched: the account is limited to other symbols")?;
    }
    if let Some(proposal) = &position.proposal {
        output::line(proposal)?;
    }
    let Some(would) = &position.would else { return Ok(()) };
    match position.stop_at_venue {
        Some(price) => output::line(format_args!("only observed; at the venue rests a stop at {price}"))?,
        None => output::line("only observed; no stop rests at the venue")?,
    }
    would.iter().try_for_each(|wish| output::line(format_args!("would {wish}")))
}
