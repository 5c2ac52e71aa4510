//! What a demonstration came to, for programs (one JSON object) and for people (a table per position).

use super::world::{Kept, World};
use crate::recorded::Tally;
use crate::records::Trade;
use backstop_model::PositionDocument;
use comfy_table::{Table, presets};
use serde::Serialize;
use std::fmt::Write;

/// The result.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Positions that were closed.
    pub trades: Vec<Trade>,
    /// Positions that are still open.
    pub open: Vec<PositionDocument>,
    /// Lines of the recording looked at, or points of a generated market.
    pub frames: u64,
    /// Lines of these that could not be used.
    pub skipped: u64,
    /// Moments of the market outside the instruments' hours, which were passed over.
    #[serde(skip_serializing_if = "is_none")]
    pub shut: u64,
    /// Events the engine took in, ticks included.
    pub events: u64,
    /// Commands sent to the venue.
    pub commands: u64,
    /// The longest time any position was without a working stop, milliseconds of market time.
    pub max_unprotected_ms: i64,
    /// Promises broken; there should be none.
    pub violations: Vec<String>,
    /// The first skipped lines, by number and reason.
    #[serde(skip)]
    pub named: Vec<String>,
}

impl Summary {
    /// Of a world and the lines it was fed.
    #[must_use]
    pub fn new(world: &World, tally: &Tally) -> Self {
        let (closed, open): (Vec<&Kept>, Vec<&Kept>) =
            world.documents().into_iter().partition(|kept| kept.document.exit_time.is_some());
        let trade = |kept: &Kept| Trade::new(kept.document.clone(), kept.course.as_ref());
        Self {
            trades: closed.into_iter().map(trade).collect(),
            open: open.into_iter().map(|kept| kept.document.clone()).collect(),
            frames: tally.lines,
            skipped: tally.skipped,
            shut: world.shut_moments(),
            events: world.events(),
            commands: world.cycle().health().commands,
            max_unprotected_ms: world.cycle().health().longest_unprotected.as_millis(),
            violations: world.violations().to_vec(),
            named: tally.named.iter().map(|skipped| format!("line {}: {}", skipped.line, skipped.why)).collect(),
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.trades.iter().for_each(|trade| text.push_str(&trade_card(trade)));
        self.open.iter().for_each(|document| text.push_str(&card(document)));
        let (trades, open) = (self.trades.len(), self.open.len());
        let _ = writeln!(
            text,
            "{trades} closed, {open} open; {} frames, {} skipped; {} events, {} commands",
            self.frames, self.skipped, self.events, self.commands
        );
        if !is_none(&self.shut) {
            let _ = writeln!(text, "{} moments outside the market's hours, passed over", self.shut);
        }
        for named in &self.named {
            let _ = writeln!(text, "  skipped {named}");
        }
        let _ = writeln!(text, "longest time without a working stop: {} ms", self.max_unprotected_ms);
        match self.violations.as_slice() {
            [] => text.push_str("no promise was broken\n"),
            broken => broken.iter().for_each(|violation| {
                let _ = writeln!(text, "BROKEN PROMISE: {violation}");
            }),
        }
        text
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// A trade with its exits and its excursion.
#[must_use]
pub fn trade_card(trade: &Trade) -> String {
    let mut card = card(&trade.document);
    if let Some(excursion) = &trade.excursion {
        let currency = &trade.document.currency;
        card.truncate(card.trim_end().len());
        let _ = writeln!(
            card,
            "\nbest {} ({} pt, {} {currency}), worst {} ({} pt, {} {currency})\n",
            excursion.best_price,
            excursion.mfe_pts,
            excursion.mfe,
            excursion.worst_price,
            excursion.mae_pts,
            excursion.mae
        );
    }
    card
}

/// One position with its exits, so that the result can be worked out again by hand.
#[must_use]
pub fn card(document: &PositionDocument) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["exit", "closed", "at", "profit", "%", "stop after"]);
    for exit in &document.partial_exits {
        let name = exit.tp_level.map_or_else(|| exit.reason.to_string(), |level| format!("TP{level} {}", exit.reason));
        let stop = exit.new_stop_loss.map_or_else(|| "–".to_owned(), |stop| stop.to_string());
        table.add_row([
            name,
            exit.quantity_closed.to_string(),
            exit.exit_price.to_string(),
            exit.profit.to_string(),
            format!("{:.2}", exit.profit_pct),
            stop,
        ]);
    }
    let d = document;
    let tranche = if d.tranche > 1 { format!(" #{}", d.tranche) } else { String::new() };
    let state = match d.exit_reason {
        Some(reason) => format!("closed: {reason}"),
        None => format!(
            "open: {} left, stop {}",
            d.current_quantity,
            d.current_stop_loss.map_or_else(|| "none".to_owned(), |stop| stop.to_string())
        ),
    };
    format!(
        "{}{tranche} {} {} {} from {} (plan {}) – {state}\n{table}\nfees {}, funding {}, realised {} {}\n\n",
        d.position_id,
        d.symbol,
        d.side,
        d.original_quantity,
        d.entry_price,
        d.plan,
        d.fees,
        d.funding,
        d.realized_pnl,
        d.currency
    )
}
