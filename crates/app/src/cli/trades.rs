//! `backstop trades`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::{Failure, Outcome, output};
use crate::demo::trade_card;
use crate::records::{Table, Trade, TradeLog, rows};
use backstop_store::{ReadOnly, Stored};
use clap::Args;
use std::path::{Path, PathBuf};

/// Shows the closed positions of a store with their partial exits, and how far the price went for and against them.
#[derive(Args, Debug)]
pub struct Trades {
    /// The store.
    #[arg(long)]
    store: PathBuf,
    /// The trade log instead: one CSV row for each closing, on standard output. With FILE the rows that are missing there
    /// are appended to it.
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with = "json")]
    csv: Option<Option<PathBuf>>,
    /// One JSON array instead of tables.
    #[arg(long)]
    json: bool,
}

impl Trades {
    /// Shows them.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let stored = ReadOnly::open(&self.store)?.trades()?;
        if let Some(file) = &self.csv {
            return log(&stored, file.as_deref());
        }
        let trades: Vec<Trade> = stored.iter().map(Trade::from).collect();
        if self.json {
            output::line(serde_json::to_string(&trades).map_err(Failure::said)?)?;
        } else if trades.is_empty() {
            output::line("no trades yet")?;
        } else {
            trades.iter().try_for_each(|trade| output::write(&trade_card(trade)))?;
        }
        Ok(Outcome::Good)
    }
}

/// The trades as rows of the trade log.
fn log(trades: &[Stored], file: Option<&Path>) -> Result<Outcome, Failure> {
    if let Some(file) = file {
        TradeLog::open(file, [], trades).map_err(Failure::said)?;
        return Ok(Outcome::Good);
    }
    let table = Table::of(trades.iter().map(|trade| trade.document.currency.clone()));
    output::write(&table.header())?;
    for trade in trades {
        let rows = rows(&trade.document, trade.course.as_ref()).map_err(Failure::said)?;
        rows.iter().try_for_each(|row| output::write(&table.line(row)))?;
    }
    Ok(Outcome::Good)
}
