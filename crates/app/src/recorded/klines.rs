//! Recorded bars: CSV whose columns are found by name, or the exchange's dump of twelve columns without a header.
//!
//! Cells stay text until they are prices: no binary floating point is in between. Bars that make no sense are counted,
//! named and skipped.

use super::bar_time::bar_time;
use super::cells::Cells;
use super::decimals::Decimals;
use super::lines::{Line, Lines, too_long};
use super::symbol::symbol_of_file;
use super::tally::Tally;
use super::unusable::Unusable;
use backstop_model::{Price, Symbol, Timestamp};
use std::path::Path;

const TIME_NAMES: [&str; 5] = ["open_time", "timestamp", "time", "datetime", "date"];
const PRICE_NAMES: [&str; 4] = ["open", "high", "low", "close"];
/// Columns of the exchange's dumps, in their order (venues/binance.md §14).
const HEADERLESS: Columns = Columns { time: 0, prices: [1, 2, 3, 4], volume: Some(5) };

/// A bar that makes sense: high and low enclose open and close.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecordedBar {
    /// Its line, counted from 1.
    pub line: u64,
    /// When it opens: replay time.
    pub open_time: Timestamp,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
}

/// Whether a line has been split into cells, else why not.
type Split = Result<(), String>;

/// Reads recorded bars one by one.
pub struct BarReader {
    lines: Lines,
    symbol: Symbol,
    cells: Cells,
    columns: Columns,
    /// The number of the first line when it was a bar and not a header; its cells have been split already.
    first: Option<u64>,
    newest: Option<Timestamp>,
    seen: Decimals,
    tally: Tally,
}

#[derive(Clone, Copy, Debug)]
struct Columns {
    time: usize,
    prices: [usize; 4],
    volume: Option<usize>,
}

impl BarReader {
    /// Opens the recording at `path`; without `symbol` the file's name says which it is.
    ///
    /// # Errors
    /// [`Unusable`] when the file cannot be opened or unpacked, has not the columns of bars, or nothing says the symbol.
    pub fn open(path: &Path, symbol: Option<Symbol>) -> Result<Self, Unusable> {
        let mut lines = Lines::open(path)?;
        let nothing = |first| Unusable::Nothing { path: path.to_owned(), first };
        let (number, cells) = match lines.next()? {
            None => return Err(nothing(None)),
            Some((number, Line::TooLong(length))) => {
                return Err(nothing(Some(format!("line {number}: {}", too_long(length)))));
            }
            Some((_, Line::Whole([0xff, 0xfe, ..] | [0xfe, 0xff, ..]))) => {
                return Err(Unusable::Utf16 { path: path.to_owned() });
            }
            Some((number, Line::Whole(line))) => {
                let mut cells = Cells::like(line);
                cells.split(line).map_err(|why| nothing(Some(format!("line {number}: {why}"))))?;
                (number, cells)
            }
        };
        let (columns, is_header) = Columns::of(&cells, path)?;
        let symbol = symbol.or_else(|| symbol_of_file(path));
        let symbol = symbol.ok_or_else(|| Unusable::NoSymbol { path: path.to_owned() })?;
        let first = (!is_header).then_some(number);
        let (seen, tally) = (Decimals::default(), Tally::default());
        Ok(Self { lines, symbol, cells, columns, first, newest: None, seen, tally })
    }

    /// The next bar that can be used; none at the end.
    ///
    /// # Errors
    /// [`Unusable`] when the file cannot be read any further.
    pub fn next_bar(&mut self) -> Result<Option<RecordedBar>, Unusable> {
        while let Some((number, line)) = self.next_line()? {
            // Tables end with lines of nothing but separators when they come from a spreadsheet.
            if line.is_ok() && self.cells.all().all(|cell| cell.is_empty()) {
                continue;
            }
            self.tally.lines += 1;
            match line.and_then(|()| self.read(number)) {
                Ok(bar) => return Ok(Some(bar)),
                Err(why) => self.tally.skip(number, why),
            }
        }
        Ok(None)
    }

    /// Splits the next line that is not blank into `cells`, or says why it cannot be.
    fn next_line(&mut self) -> Result<Option<(u64, Split)>, Unusable> {
        if let Some(number) = self.first.take() {
            return Ok(Some((number, Ok(()))));
        }
        Ok(self.lines.next()?.map(|(number, line)| match line {
            Line::TooLong(length) => (number, Err(too_long(length))),
            Line::Whole(line) => (number, self.cells.split(line).map_err(str::to_owned)),
        }))
    }

    /// How many bars were read and skipped so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How finely prices and volumes were given so far.
    #[must_use]
    pub const fn decimals(&self) -> Decimals {
        self.seen
    }

    /// Whose bars.
    #[must_use]
    pub const fn symbol(&self) -> Symbol {
        self.symbol
    }

    fn read(&mut self, line: u64) -> Result<RecordedBar, String> {
        let cell = |index: usize, name: &str| self.cells.get(index).ok_or_else(|| format!("{name} is missing"));
        let time = cell(self.columns.time, "time")?;
        let open_time = bar_time(&time).ok_or_else(|| format!("{:?} is not a time", shortened(&time)))?;
        let mut seen = self.seen;
        let mut price = |index: usize| {
            let text = cell(self.columns.prices[index], PRICE_NAMES[index])?;
            seen.price = seen.price.max(Decimals::of(&text).unwrap_or(0));
            text.parse::<Price>().map_err(|why| format!("{}: {why}", PRICE_NAMES[index]))
        };
        let (open, high, low, close) = (price(0)?, price(1)?, price(2)?, price(3)?);
        let volume = self.columns.volume.and_then(|index| self.cells.get(index));
        seen.quantity = seen.quantity.max(volume.and_then(|text| Decimals::of(&text)));
        if low > high || open.max(close) > high || open.min(close) < low {
            return Err(format!("open {open}, high {high}, low {low}, close {close} do not make a bar"));
        }
        match self.newest {
            Some(newest) if open_time < newest => return Err(format!("time runs backwards: {}", shortened(&time))),
            Some(newest) if open_time == newest => {
                return Err(format!("the bar of {} is there twice", shortened(&time)));
            }
            Some(_) | None => self.newest = Some(open_time),
        }
        self.seen = seen;
        Ok(RecordedBar { line, open_time, open, high, low, close })
    }
}

impl Columns {
    /// Where time and prices stand, and whether the first line says so: by its names, else, when it begins with a number,
    /// in the order of the exchange's dumps.
    fn of(first: &Cells, path: &Path) -> Result<(Self, bool), Unusable> {
        let names: Vec<String> = first.all().map(|name| name.to_ascii_lowercase().replace(' ', "_")).collect();
        let missing = match Self::named(&names) {
            Ok(columns) => return Ok((columns, true)),
            Err(missing) => missing,
        };
        let path = path.to_owned();
        if !names.first().is_some_and(|name| name.starts_with(|letter: char| letter.is_ascii_digit())) {
            return Err(Unusable::Columns { path, missing, seen: names });
        }
        match names.len() {
            0..5 => Err(Unusable::NoHeader { path, seen: names }),
            5 => Ok((Self { volume: None, ..HEADERLESS }, false)),
            _ => Ok((HEADERLESS, false)),
        }
    }

    /// By the names of the header; else which are missing.
    fn named(names: &[String]) -> Result<Self, Vec<String>> {
        let place = |name: &str| names.iter().position(|seen| seen == name);
        let time = TIME_NAMES.iter().find_map(|name| place(name));
        let prices = PRICE_NAMES.map(place);
        if let (Some(time), [Some(open), Some(high), Some(low), Some(close)]) = (time, prices) {
            return Ok(Self { time, prices: [open, high, low, close], volume: place("volume") });
        }
        let missing = PRICE_NAMES.iter().zip(prices).filter(|(_, place)| place.is_none());
        let mut missing: Vec<String> = missing.map(|(name, _)| (*name).to_owned()).collect();
        if time.is_none() {
            missing.insert(0, "time".to_owned());
        }
        Err(missing)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests;
