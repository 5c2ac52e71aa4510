//! What another plan would have done, for programs (one JSON object) and for people (a table).

use crate::recorded::Tally;
use backstop_model::{Money, OutOfRange};
use comfy_table::{Table, presets};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Said with every result.
const SIMULATED: &str = "fills are simulated: recorded entries and prices, every order filled at once by the simulated \
exchange, fees as listed, no funding, closings by hand and by others not repeated";

/// One trade under both plans.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// The position.
    pub position_id: String,
    /// Of what.
    pub symbol: String,
    /// Which way.
    pub side: String,
    /// When it was entered, ms.
    pub entry_time: i64,
    /// The currency of money here.
    pub currency: String,
    /// As it was.
    pub recorded: Side,
    /// As it would have been.
    pub what_if: Side,
    /// The second less the first.
    pub difference: Money,
}

/// How a trade ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// The plan.
    pub plan: String,
    /// Net result; what is still open counts at its last price.
    pub result: Money,
    /// Why the last of it was closed; null when something is still open at the end of the tape.
    pub exit_reason: Option<String>,
    /// When, ms; null likewise.
    pub exit_time: Option<i64>,
}

/// A trade that could not be played again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeftOut {
    /// The position.
    pub position_id: String,
    /// Why.
    pub why: String,
}

/// Sums in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sum {
    /// As it was.
    pub recorded: Money,
    /// As it would have been.
    pub what_if: Money,
    /// The second less the first.
    pub difference: Money,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The plan that was tried.
    pub plan: String,
    /// What this is worth.
    pub note: &'static str,
    /// Every trade, oldest first.
    pub trades: Vec<Compared>,
    /// Those that could not be played again.
    pub left_out: Vec<LeftOut>,
    /// Sums by currency, over `trades` only.
    pub sums: BTreeMap<String, Sum>,
    /// Lines of the tape that are none of a tape.
    pub skipped: u64,
    /// The first of them, by number and reason.
    pub named: Vec<String>,
    /// They are more than one in a hundred: the tape is not to be trusted.
    #[serde(skip)]
    pub is_too_much: bool,
}

impl Report {
    /// Adds it all up.
    ///
    /// # Errors
    /// [`OutOfRange`] when a sum does not fit.
    pub fn new(plan: String, trades: Vec<Compared>, left_out: Vec<LeftOut>, tally: &Tally) -> Result<Self, OutOfRange> {
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        for trade in &trades {
            let nothing = Sum { recorded: Money::ZERO, what_if: Money::ZERO, difference: Money::ZERO };
            let sum = sums.entry(trade.currency.clone()).or_insert(nothing);
            sum.recorded = sum.recorded.plus(trade.recorded.result)?;
            sum.what_if = sum.what_if.plus(trade.what_if.result)?;
            sum.difference = sum.difference.plus(trade.difference)?;
        }
        let named = tally.named.iter().map(|skipped| format!("line {}: {}", skipped.line, skipped.why)).collect();
        let (skipped, is_too_much) = (tally.skipped, tally.is_too_much());
        Ok(Self { plan, note: SIMULATED, trades, left_out, sums, skipped, named, is_too_much })
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_header([
            "trade",
            "plan then",
            "exit",
            "result",
            &format!("under {}", self.plan),
            "result",
            "difference",
        ]);
        let reason = |side: &Side| side.exit_reason.clone().unwrap_or_else(|| "still open".to_owned());
        for trade in &self.trades {
            table.add_row([
                trade.position_id.clone(),
                trade.recorded.plan.clone(),
                reason(&trade.recorded),
                trade.recorded.result.to_string(),
                reason(&trade.what_if),
                trade.what_if.result.to_string(),
                trade.difference.to_string(),
            ]);
        }
        let mut text = format!("{table}\n");
        // A text takes everything: writing to it cannot fail.
        for (currency, sum) in &self.sums {
            let (then, now) = (sum.recorded, sum.what_if);
            let _ = writeln!(text, "in all: {then} then, {now} under {}: {} {currency}", self.plan, sum.difference);
        }
        for left_out in &self.left_out {
            let _ = writeln!(text, "left out: {}: {}", left_out.position_id, left_out.why);
        }
        if self.skipped > 0 {
            let _ = writeln!(text, "{} lines of the tape skipped", self.skipped);
        }
        for named in &self.named {
            let _ = writeln!(text, "  skipped {named}");
        }
        let _ = writeln!(text, "{}", self.note);
        text
    }
}
