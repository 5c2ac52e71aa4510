//! A preview as an aligned table, and below it in sentences what a table cannot say.

use backstop_core::preview::{BreakEvenParts, Deed, Preview, Row};
use backstop_model::{Instrument, Money, Ratio};
use comfy_table::{Cell, CellAlignment, Table, presets};

/// The columns; the first and the reason are words, the others numbers.
const COLUMNS: [&str; 13] = [
    "step",
    "price",
    "move %",
    "margin %",
    "R",
    "closes",
    "remains",
    "stop after",
    "because",
    "realised",
    "worst from here",
    OTHER_COSTS,
    "after fees",
];
/// The column that is there where such costs are assumed.
const OTHER_COSTS: &str = "other costs";
/// Which of them are words.
const WORDS: [usize; 2] = [0, 8];

/// Everything of a preview, without an end of line. Costs beside fees have a column where some are assumed.
pub(super) fn in_numbers(shown: &Preview, instrument: &Instrument, has_costs: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    let is_shown = |column: &usize| has_costs || COLUMNS[*column] != OTHER_COSTS;
    table.set_header((0..COLUMNS.len()).filter(is_shown).map(|column| COLUMNS[column]));
    for row in &shown.rows {
        let cells = cells(row).into_iter().enumerate().filter(|(column, _)| is_shown(column)).map(|(column, text)| {
            let alignment = if WORDS.contains(&column) { CellAlignment::Left } else { CellAlignment::Right };
            Cell::new(text).set_alignment(alignment)
        });
        table.add_row(cells);
    }
    let mut text = format!("{table}\n");
    for row in &shown.rows {
        if let Some(level) = row.trail_after {
            text.push_str(&format!(
                "{}: the trail is at {level}, the hard stop rests where the table says\n",
                row.event
            ));
        }
        if let Some(note) = &row.note {
            text.push_str(&format!("{}: {note}\n", row.event));
        }
    }
    text.push_str(&places(shown, instrument));
    list(&mut text, "at the venue", &shown.rests_at_venue);
    list(&mut text, "by Backstop", &shown.done_by_backstop);
    text.push_str(&format!("\nassumed: {}", shown.assumptions.join("; ")));
    shown.warnings.iter().for_each(|warning| text.push_str(&format!("\nwarning: {warning}")));
    text
}

fn cells(row: &Row) -> [String; 13] {
    let step = match row.deed {
        Deed::BreakEven | Deed::Closes | Deed::Entry | Deed::Trails => row.event.clone(),
        Deed::Moot => format!("{} (nothing is left)", row.event),
        Deed::MovesStop => format!("{} (moves the stop)", row.event),
        Deed::Skipped => format!("{} (skipped)", row.event),
    };
    let none = || "–".to_owned();
    [
        step,
        row.price.to_string(),
        percent(row.move_percent),
        row.margin_percent.map_or_else(none, percent),
        percent(row.risk_multiple),
        row.closes.to_string(),
        row.remaining.to_string(),
        row.stop_after.map_or_else(none, |stop| stop.to_string()),
        row.stop_because.clone().unwrap_or_else(none),
        money(row.realised),
        money(row.worst_gross),
        money(row.other_costs),
        money(row.worst_net),
    ]
}

fn percent(ratio: Ratio) -> String {
    format!("{ratio:.2}")
}

/// To the fourth decimal, for reading; exact in JSON.
fn money(money: Money) -> String {
    let text = format!("{money:.4}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn places(shown: &Preview, instrument: &Instrument) -> String {
    let currency = instrument.currency;
    let break_even = shown.net_break_even.map_or_else(|| "at no price".to_owned(), |at| at.to_string());
    let mut text = format!(
        "stop {}, {}% from entry; net break-even {break_even}; money in {currency}",
        shown.stop,
        percent(shown.stop_percent)
    );
    text.extend(shown.break_even_parts.map(|parts| format!("\n{}", made_of(&parts))));
    match (shown.liquidation, shown.liquidation_percent, shown.stop_on_the_way, shown.guard) {
        (Some(liquidation), Some(far), Some(way), Some(guard)) => {
            let far = percent(far);
            text.push_str(&format!(
                "\nliquidation near {liquidation}, {far}% from entry; the stop lies {way:.1}% of the way there; its limit is 70%, {guard}"
            ));
        }
        (Some(liquidation), ..) => text.push_str(&format!("\nliquidation near {liquidation}")),
        (None, ..) => text.push_str("\nno liquidation is known: the instrument has no leverage"),
    }
    text
}

/// What net break-even lies beyond the entry for; what costs nothing is said as well, so that nobody has to guess.
fn made_of(parts: &BreakEvenParts) -> String {
    let BreakEvenParts { entry_fee, exit_fee, half_spread, slippage, funding, premium, tick } = *parts;
    let mut told = vec![("fee of the entry", entry_fee), ("of the exit", exit_fee), ("half the spread", half_spread)];
    told.extend([("slippage", slippage), ("funding", funding)]);
    told.extend((premium > Money::ZERO).then_some(("premium", premium)));
    told.push(("one tick", tick));
    let told: Vec<String> = told.into_iter().map(|(name, cost)| format!("{name} {}", money(cost))).collect();
    format!("net break-even counts: {}", told.join(", "))
}

fn list(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}:"));
    lines.iter().for_each(|line| text.push_str(&format!("\n  {line}")));
}
