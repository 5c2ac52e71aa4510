//! `backstop explain`: the command line of it and what it prints. The reasons are found in `runtime::explain`.

use super::{Failure, Outcome, output};
use backstop_model::Price;
use backstop_runtime::explain::{Explained, MarketBefore, PositionBefore, explain};
use backstop_store::ReadOnly;
use clap::Args;
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;

/// Explains an order or a record: what happened, on which prices and positions, what was decided, and what else could have
/// been done and why it was not.
#[derive(Args, Debug)]
pub struct Explain {
    /// An order (its client id, the venue's id, or its short name such as `stop#2` or `TP1#1/short`), or the number of a
    /// record.
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
        let explained = explain(&records, &self.what);
        if explained.is_empty() {
            return Err(Failure::said(format!(
                "nothing in {} is about {}; give an order's id, its short name like stop#2, or a record's number",
                self.store.display(),
                self.what
            )));
        }
        if self.json {
            output::line(json!(explained))?;
        } else {
            explained.iter().try_for_each(|explained| output::write(&tell(explained)))?;
        }
        Ok(Outcome::Good)
    }
}

fn tell(explained: &Explained) -> String {
    let mut text = format!("record {} ({}) at {} ms\n", explained.record, explained.cause.kind, explained.at);
    // A text takes everything: writing to it cannot fail.
    let _ = writeln!(text, "  cause: {}", explained.cause.text);
    for market in &explained.inputs.prices {
        let _ = writeln!(text, "  prices: {}", prices(market));
    }
    for position in &explained.inputs.positions {
        let _ = writeln!(text, "  before: {}", before(position));
    }
    for decision in &explained.decisions {
        let _ = writeln!(text, "  decided: {}", decision.decided);
        if !decision.because.is_empty() {
            let _ = writeln!(text, "    because {}", decision.because);
        }
        for alternative in &decision.alternatives {
            let _ = writeln!(text, "    not: {}, because {}", alternative.instead, alternative.why_not);
        }
    }
    for notice in &explained.notices {
        let _ = writeln!(text, "  told: {notice}");
    }
    text
}

fn prices(market: &MarketBefore) -> String {
    let named = [("last", market.last), ("mark", market.mark), ("bid", market.bid), ("ask", market.ask)];
    let known = named.iter().filter_map(|(name, price): &(&str, Option<Price>)| Some(format!("{name} {}", (*price)?)));
    format!("{} {}", market.symbol, known.collect::<Vec<_>>().join(", "))
}

fn before(position: &PositionBefore) -> String {
    let stop = position.stop.map_or_else(|| "none".to_owned(), |stop| stop.to_string());
    let tranche = if position.tranche > 1 { format!(" #{}", position.tranche) } else { String::new() };
    let levels = position
        .levels
        .iter()
        .map(|level| format!("TP{} {} ({}, {} due)", level.level, level.price, level.state, level.due));
    let orders =
        position.orders.iter().map(|order| format!("{} for {} ({})", order.short, order.quantity, order.state));
    let listed = |what: &str, items: Vec<String>| match items.is_empty() {
        true => String::new(),
        false => format!("; {what} {}", items.join(", ")),
    };
    format!(
        "{}: {} {}{tranche} {} from {}, stop {stop}{}{}",
        position.account,
        position.symbol,
        position.side,
        position.quantity,
        position.entry_price,
        listed("levels", levels.collect()),
        listed("orders", orders.collect())
    )
}
