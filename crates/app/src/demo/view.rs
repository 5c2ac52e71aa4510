//! The live view: one card per open position on a terminal, plain lines elsewhere.

use super::world::{Told, World};
use backstop_model::{PositionDocument, Ratio, Series, Severity, Timestamp, TrancheId};
use console::{Term, style};
use std::io;
use std::time::{Duration, Instant};

/// The screen is drawn at most this often.
const FRAME: Duration = Duration::from_millis(100);
const BAR_WIDTH: usize = 20;

/// Shows a demonstration while it runs.
pub struct View {
    term: Term,
    live: bool,
    quiet: bool,
    drawn: usize,
    percent: Option<u64>,
    last: Option<Instant>,
}

impl View {
    /// A view on standard output; `quiet` shows nothing.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let term = Term::stdout();
        let live = term.is_term() && !quiet;
        Self { term, live, quiet, drawn: 0, percent: None, last: None }
    }

    /// Whether somebody is watching on a terminal.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// So much of the market has been played, where that is known.
    pub const fn reached(&mut self, percent: Option<u64>) {
        self.percent = percent;
    }

    /// Shows what has been told, and the cards when it is time. A terminal that has gone away is no reason to stop.
    ///
    /// # Errors
    /// When there is no terminal and nobody reads the lines any more.
    pub fn show(&mut self, world: &mut World) -> io::Result<()> {
        let told = world.take_told();
        if self.quiet {
            return Ok(());
        }
        if !self.live {
            return told.iter().try_for_each(|told| self.term.write_line(&line(told)));
        }
        let due = self.last.is_none_or(|last| last.elapsed() >= FRAME);
        if !told.is_empty() || due {
            self.draw(&told, cards(world, self.percent));
        }
        Ok(())
    }

    fn draw(&mut self, told: &[Told], cards: Vec<String>) {
        let _ = self.term.clear_last_lines(self.drawn);
        self.drawn = cards.len();
        for text in told.iter().map(line).chain(cards) {
            let _ = self.term.write_line(&text);
        }
        self.last = Some(Instant::now());
    }

    /// Takes the cards off the screen.
    pub fn finish(&mut self) {
        let _ = self.term.clear_last_lines(self.drawn);
        self.drawn = 0;
    }
}

fn clock(at: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos()))
        .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn line(told: &Told) -> String {
    let text = format!("{}  {}", clock(told.at), told.notice.text);
    match told.notice.severity {
        Severity::Note => text,
        Severity::Warning => style(text).yellow().to_string(),
        Severity::Alarm => style(text).red().bold().to_string(),
    }
}

fn cards(world: &World, percent: Option<u64>) -> Vec<String> {
    let played = percent.map_or_else(String::new, |percent| format!(" {percent} % ──"));
    let mut lines = vec![style(format!("── {} ──{played}", clock(world.now()))).dim().to_string()];
    for position in world.cycle().engine().positions() {
        let Some(ctx) = world.cycle().engine().ctx(position.key, world.now()) else { continue };
        let price = ctx.board.price(Series::Last).map_or_else(|| "–".to_owned(), |price| price.to_string());
        for read in position.read(ctx).unwrap_or_default() {
            let tranche = position.live.as_ref().and_then(|live| live.tranche(TrancheId(read.document.tranche)));
            lines.push(head(&read.document, &price, ctx));
            lines.push(levels(&read.document, tranche, &read.protection, world.now()));
        }
    }
    lines
}

fn head(document: &PositionDocument, price: &str, ctx: backstop_core::position::Ctx) -> String {
    let open = open_profit(document, ctx).unwrap_or_default();
    let tranche = if document.tranche > 1 { format!(" #{}", document.tranche) } else { String::new() };
    format!(
        "{} {}{tranche} {} @ {}  now {price}  P&L {} {open} {}",
        style(&document.symbol).bold(),
        document.side,
        document.original_quantity,
        document.entry_price,
        style(document.realized_pnl).cyan(),
        document.currency
    )
}

/// What closing the rest now would add, before its fee.
fn open_profit(document: &PositionDocument, ctx: backstop_core::position::Ctx) -> Option<String> {
    let price = ctx.board.price(Series::executable(document.side))?;
    let points = match document.side {
        backstop_model::PositionSide::Long => price.above(document.entry_price),
        backstop_model::PositionSide::Short => document.entry_price.above(price),
    };
    let per_point = document.value_per_point.unwrap_or(backstop_model::Ratio::ONE);
    let value = points.value(document.current_quantity).and_then(|points| points.valued(per_point)).ok()?;
    Some(format!("(open {value})"))
}

fn levels(
    document: &PositionDocument,
    tranche: Option<&backstop_core::position::Tranche>,
    protection: &backstop_core::Coverage,
    now: Timestamp,
) -> String {
    let marks: Vec<String> = tranche.map_or_else(Vec::new, |tranche| {
        let mark = |level: &backstop_core::exits::Level| {
            let done = document.tp_levels_hit.contains(&level.number);
            let sign = if done { style("✓").green() } else { style("·").dim() };
            format!("{sign}TP{} {}", level.number, level.price)
        };
        tranche.levels.iter().map(mark).collect()
    });
    let stop = document.current_stop_loss.map_or_else(|| "none".to_owned(), |stop| stop.to_string());
    let clock = match protection.unprotected_since {
        Some(since) => style(format!("UNPROTECTED {}", now.since(since))).red().bold().to_string(),
        None => style("protected").green().to_string(),
    };
    format!("  {} {}%  {}  stop {stop}  {clock}", bar(document.remaining_pct), document.remaining_pct, marks.join("  "))
}

/// How much is still open, as a bar.
fn bar(remaining: Ratio) -> String {
    let filled = (1..=BAR_WIDTH)
        .filter(|step| u32::try_from(step * 100 / BAR_WIDTH).is_ok_and(|percent| remaining >= Ratio::whole(percent)))
        .count();
    format!("{}{}", "█".repeat(filled), "░".repeat(BAR_WIDTH - filled))
}
