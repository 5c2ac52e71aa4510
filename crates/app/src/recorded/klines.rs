//! Recorded bars: CSV whose columns are found by name, or the exchange's dump of twelve columns without a header.
//!
//! Cells stay text until they are prices: no binary floating point is in between. Bars that make no sense are counted,
//! named and skipped.

use super::bar_time::bar_time;
use super::decimals::Decimals;
use super::lines::{Line, Lines};
use super::symbol::symbol_of_file;
use super::tally::Tally;
use super::unusable::Unusable;
use backstop_model::{Price, Symbol, Timestamp};
use std::path::Path;

const TIME_NAMES: [&str; 4] = ["open_time", "timestamp", "time", "date"];
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

/// Reads recorded bars one by one.
pub struct BarReader {
    lines: Lines,
    symbol: Symbol,
    separator: char,
    columns: Columns,
    /// The first line, when it was a bar and not a header.
    first: Option<(u64, String)>,
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
        let (number, first) = match lines.next()? {
            None => return Err(nothing(None)),
            Some((_, Line::TooLong(length))) => return Err(nothing(Some(format!("a line of {length} bytes")))),
            Some((number, Line::Whole(line))) => (number, String::from_utf8_lossy(line).into_owned()),
        };
        let separator = separator(&first);
        let is_header = !first.starts_with(|letter: char| letter.is_ascii_digit());
        let names: Vec<String> = cells(&first, separator).map(|name| name.to_ascii_lowercase()).collect();
        let found = if is_header { Columns::named(&names) } else { Columns::headerless(names.len()) };
        let columns = found.map_err(|missing| Unusable::Columns { path: path.to_owned(), missing, seen: names })?;
        let symbol = symbol.or_else(|| symbol_of_file(path));
        let symbol = symbol.ok_or_else(|| Unusable::NoSymbol { path: path.to_owned() })?;
        let first = (!is_header).then_some((number, first));
        let (seen, tally) = (Decimals::default(), Tally::default());
        Ok(Self { lines, symbol, separator, columns, first, newest: None, seen, tally })
    }

    /// The next bar that can be used; none at the end.
    ///
    /// # Errors
    /// [`Unusable`] when the file cannot be read any further.
    pub fn next_bar(&mut self) -> Result<Option<RecordedBar>, Unusable> {
        loop {
            let (number, text) = match self.first.take() {
                Some((number, text)) => (number, Ok(text)),
                None => match self.lines.next()? {
                    None => return Ok(None),
                    Some((number, Line::TooLong(length))) => (number, Err(format!("line of {length} bytes"))),
                    Some((number, Line::Whole(line))) => (number, Ok(String::from_utf8_lossy(line).into_owned())),
                },
            };
            self.tally.lines += 1;
            match text.and_then(|text| self.read(number, &text)) {
                Ok(bar) => return Ok(Some(bar)),
                Err(why) => self.tally.skip(number, why),
            }
        }
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

    fn read(&mut self, line: u64, text: &str) -> Result<RecordedBar, String> {
        let cells: Vec<&str> = cells(text, self.separator).collect();
        let cell = |index: usize, name: &str| match cells.get(index) {
            Some(cell) if !cell.is_empty() => Ok(*cell),
            Some(_) | None => Err(format!("{name} is missing")),
        };
        let time = cell(self.columns.time, "time")?;
        let open_time = bar_time(time).ok_or_else(|| format!("{:?} is not a time", shortened(time)))?;
        let mut seen = self.seen;
        let mut price = |index: usize| {
            let text = cell(self.columns.prices[index], PRICE_NAMES[index])?;
            seen.price = seen.price.max(Decimals::of(text).unwrap_or(0));
            text.parse::<Price>().map_err(|why| format!("{}: {why}", PRICE_NAMES[index]))
        };
        let (open, high, low, close) = (price(0)?, price(1)?, price(2)?, price(3)?);
        let volume = self.columns.volume.and_then(|index| cells.get(index)).and_then(|text| Decimals::of(text));
        seen.quantity = seen.quantity.max(volume);
        if low > high || open.max(close) > high || open.min(close) < low {
            return Err(format!("open {open}, high {high}, low {low}, close {close} do not make a bar"));
        }
        match self.newest {
            Some(newest) if open_time < newest => return Err(format!("time runs backwards: {}", shortened(time))),
            Some(newest) if open_time == newest => {
                return Err(format!("the bar of {} is there twice", shortened(time)));
            }
            Some(_) | None => self.newest = Some(open_time),
        }
        self.seen = seen;
        Ok(RecordedBar { line, open_time, open, high, low, close })
    }
}

impl Columns {
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

    /// Time, open, high, low, close and perhaps more, as in the exchange's dumps.
    fn headerless(count: usize) -> Result<Self, Vec<String>> {
        let columns = if count > 5 { HEADERLESS } else { Self { volume: None, ..HEADERLESS } };
        let missing = ["time", "open", "high", "low", "close"].iter().skip(count);
        if count >= 5 { Ok(columns) } else { Err(missing.map(|name| (*name).to_owned()).collect()) }
    }
}

/// What stands most often between the cells of the first line.
fn separator(line: &str) -> char {
    let count = |separator: &char| line.matches(*separator).count();
    // The last of several equals wins, so the comma stands last.
    [';', '\t', ','].into_iter().max_by_key(count).unwrap_or(',')
}

fn cells(line: &str, separator: char) -> impl Iterator<Item = &str> {
    line.split(separator).map(|cell| cell.trim().trim_matches('"').trim())
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests;
