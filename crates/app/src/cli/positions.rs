//! `backstop positions`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::{Failure, Outcome};
use crate::demo::card;
use backstop_store::ReadOnly;
use clap::Args;
use std::path::PathBuf;

/// Shows the open positions of a store.
#[derive(Args, Debug)]
pub struct Positions {
    /// The store.
    #[arg(long)]
    store: PathBuf,
    /// One JSON array instead of tables.
    #[arg(long)]
    json: bool,
}

impl Positions {
    /// Shows them.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let positions = ReadOnly::open(&self.store)?.positions(true)?;
        super::trades::show(positions, self.json, "no open positions", card)
    }
}
