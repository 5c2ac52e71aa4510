//! Looking through a whole recording before it is used: its symbol, its grid, its time, and what is wrong with it.

use super::decimals::Decimals;
use super::frames::FrameReader;
use super::klines::BarReader;
use super::source::Kind;
use super::tally::Tally;
use super::unusable::Unusable;
use backstop_model::{Series, Symbol, Timestamp};
use std::path::Path;

/// What a recording holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Survey {
    /// Frames or bars.
    pub kind: Kind,
    /// Whose.
    pub symbol: Symbol,
    /// How finely prices and quantities are given.
    pub decimals: Decimals,
    /// The time of the first usable line.
    pub first: Timestamp,
    /// The time of the last usable line.
    pub last: Timestamp,
    /// Which series have prices, by [`Series::index`]; the others equal the last price (product.md §5).
    pub series: [bool; 4],
    /// Usable lines, and those that were skipped.
    pub tally: Tally,
}

/// Looks through the recording at `path`.
///
/// # Errors
/// [`Unusable`] when it cannot be read to its end, nothing says the symbol, or no line of it is usable.
pub fn survey(path: &Path, symbol: Option<Symbol>) -> Result<Survey, Unusable> {
    survey_watched(path, symbol, |_| ())
}

/// Looks through the recording at `path`, and tells again and again how many lines have been read.
///
/// # Errors
/// As for [`survey`].
pub fn survey_watched(path: &Path, symbol: Option<Symbol>, tell: impl FnMut(u64)) -> Result<Survey, Unusable> {
    match Kind::detect(path)? {
        Kind::Bars => survey_bars(path, symbol, tell),
        Kind::Frames => survey_frames(path, symbol, tell),
    }
}

fn survey_bars(path: &Path, symbol: Option<Symbol>, mut tell: impl FnMut(u64)) -> Result<Survey, Unusable> {
    let mut reader = BarReader::open(path, symbol)?;
    let mut times = None;
    while let Some(bar) = reader.next_bar()? {
        tell(reader.tally().lines);
        times = Some((times.map_or(bar.open_time, |(first, _)| first), bar.open_time));
    }
    let (first, last) = times.ok_or_else(|| nothing(path, reader.tally()))?;
    let (symbol, decimals, tally) = (reader.symbol(), reader.decimals(), reader.tally().clone());
    let mut series = [false; 4];
    series[Series::Last.index()] = true;
    Ok(Survey { kind: Kind::Bars, symbol, decimals, first, last, series, tally })
}

fn survey_frames(path: &Path, symbol: Option<Symbol>, mut tell: impl FnMut(u64)) -> Result<Survey, Unusable> {
    let mut reader = FrameReader::open(path, symbol)?;
    let mut found = None;
    let mut series = [false; 4];
    while let Some(frame) = reader.next_frame()? {
        tell(reader.tally().lines);
        found = Some((found.map_or(frame.received, |(first, _, _)| first), frame.received, frame.symbol));
        for one in Series::ALL {
            series[one.index()] |= frame.prices.of(one).is_some();
        }
    }
    let (first, last, symbol) = found.ok_or_else(|| nothing(path, reader.tally()))?;
    let (decimals, tally) = (reader.decimals(), reader.tally().clone());
    Ok(Survey { kind: Kind::Frames, symbol, decimals, first, last, series, tally })
}

fn nothing(path: &Path, tally: &Tally) -> Unusable {
    let first = tally.named.first().map(|skipped| format!("line {}: {}", skipped.line, skipped.why));
    Unusable::Nothing { path: path.to_owned(), first }
}
