//! Recorded frames: one line is the receive time in nanoseconds, a space, and the JSON as it came over the wire.
//!
//! Lines that cannot be used are counted and named, never silently dropped: frames that are no JSON, snapshots between
//! stream frames, prices that are none, crossed books, keys that come twice, other symbols, time that runs backwards.

use super::decimals::Decimals;
use super::epoch::epoch;
use super::hyperliquid;
use super::lines::{Line, Lines, too_long};
use super::symbol::symbol_of_file;
use super::tally::Tally;
use super::unusable::Unusable;
use backstop_model::{Prices, Symbol, Timestamp};
use backstop_venues::binance;
use std::path::Path;

/// A frame that can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecordedFrame {
    /// Its line, counted from 1.
    pub line: u64,
    /// When it was received: replay time.
    pub received: Timestamp,
    /// Whose prices.
    pub symbol: Symbol,
    /// The prices it brings; nothing for depth updates and the like.
    pub prices: Prices,
}

/// Reads recorded frames one by one.
pub struct FrameReader {
    lines: Lines,
    symbol: Option<Symbol>,
    newest: Timestamp,
    seen: Decimals,
    tally: Tally,
}

impl FrameReader {
    /// Opens the recording at `path`. Frames of other symbols than `symbol` are skipped; without it the file's name
    /// says which it is, else the first frame does.
    ///
    /// # Errors
    /// [`Unusable`] when the file cannot be opened or unpacked.
    pub fn open(path: &Path, symbol: Option<Symbol>) -> Result<Self, Unusable> {
        let symbol = symbol.or_else(|| symbol_of_file(path));
        let tally = Tally::default();
        Ok(Self { lines: Lines::open(path)?, symbol, newest: Timestamp::EPOCH, seen: Decimals::default(), tally })
    }

    /// The next frame that can be used; none at the end.
    ///
    /// # Errors
    /// [`Unusable`] when the file cannot be read any further.
    pub fn next_frame(&mut self) -> Result<Option<RecordedFrame>, Unusable> {
        while let Some((number, line)) = self.lines.next()? {
            self.tally.lines += 1;
            let read = match line {
                Line::TooLong(length) => Err(too_long(length)),
                Line::Whole(line) => decode(line.trim_ascii()),
            };
            match read.and_then(|decoded| self.accept(number, decoded)) {
                Ok(frame) => return Ok(Some(frame)),
                Err(why) => self.tally.skip(number, why),
            }
        }
        Ok(None)
    }

    /// How many lines were read and skipped so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How finely prices and quantities were given so far.
    #[must_use]
    pub const fn decimals(&self) -> Decimals {
        self.seen
    }

    /// The symbol, once it is known.
    #[must_use]
    pub const fn symbol(&self) -> Option<Symbol> {
        self.symbol
    }

    fn accept(&mut self, line: u64, (received, decoded): (Timestamp, Decoded)) -> Result<RecordedFrame, String> {
        let symbol = *self.symbol.get_or_insert(decoded.symbol);
        if decoded.symbol != symbol {
            return Err(format!("another symbol: {} instead of {symbol}", decoded.symbol));
        }
        if received < self.newest {
            return Err(format!("time runs backwards: received at {} ns", received.as_nanos()));
        }
        self.newest = received;
        self.seen = self.seen.joined(decoded.seen);
        Ok(RecordedFrame { line, received, symbol, prices: decoded.prices })
    }
}

struct Decoded {
    symbol: Symbol,
    prices: Prices,
    seen: Decimals,
}

fn decode(line: &[u8]) -> Result<(Timestamp, Decoded), String> {
    let space = line.iter().position(|byte| *byte == b' ').ok_or("no space between receive time and frame")?;
    let (time, frame) = (&line[..space], line[space..].trim_ascii_start());
    let time = std::str::from_utf8(time).ok().and_then(epoch).ok_or("the line does not begin with a receive time")?;
    if frame.starts_with(hyperliquid::BEGINNING) {
        let (symbol, prices, seen) = hyperliquid::decode(frame).map_err(|why| why.to_string())?;
        return Ok((time, Decoded { symbol, prices, seen }));
    }
    let decoded = binance::decode(frame).map_err(|why| why.to_string())?;
    let precision = decoded.precision;
    let seen = Decimals { price: precision.price.unwrap_or(0), quantity: precision.quantity };
    Ok((time, Decoded { symbol: decoded.symbol, prices: decoded.prices, seen }))
}

#[cfg(test)]
mod tests;
