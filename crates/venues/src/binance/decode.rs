//! One frame of a combined market stream becomes prices. Everything hostile or malformed is an error with a name: the
//! caller counts and drops, the core never sees it (F-H02, F-H03, F-P01 to F-P07).
//!
//! This file keeps no state: what a price means for a position, and whether it is fresh, is decided elsewhere.

use super::wire::{self, Event};
use backstop_model::{ParseUnitError, Price, Prices, Symbol};
use serde::Deserialize;
use std::fmt::Write as _;

/// Larger frames are hostile (F-P05).
pub const LARGEST_FRAME: usize = 4 * 1024 * 1024;
/// Deeper frames are hostile (F-P05).
const DEEPEST: usize = 64;

/// How finely a frame's numbers are given: decimals, zeros at the end not counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Precision {
    /// Of its prices; none when it has no price.
    pub price: Option<u8>,
    /// Of its quantities; none when it has no quantity.
    pub quantity: Option<u8>,
}

/// What a frame says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Decoded {
    /// Whose prices.
    pub symbol: Symbol,
    /// The venue's time of the event in milliseconds; none when it is absent or before 1970. Never used for decisions.
    pub time_ms: Option<i64>,
    /// The new prices; nothing for events that carry none, such as depth updates.
    pub prices: Prices,
    /// How finely its numbers are given.
    pub precision: Precision,
}

/// Why a frame is not used.
#[derive(Debug, thiserror::Error)]
pub enum BadFrame {
    /// Larger than [`LARGEST_FRAME`].
    #[error("frame of {0} bytes; at most 4 MiB are read")]
    TooLarge(usize),
    /// Nested deeper than anything the venue sends.
    #[error("nested deeper than 64 levels")]
    TooDeep,
    /// Not JSON, or a field is missing, twice there, or of another type.
    #[error("not a market frame: {0}")]
    Json(#[from] serde_json::Error),
    /// Not UTF-8 (F-P06).
    #[error("not text: {0}")]
    Text(#[from] std::str::Utf8Error),
    /// An answer to a request, or an event outside a combined stream.
    #[error("no stream wrapper: not a frame of a combined stream")]
    NoWrapper,
    /// The stream's name does not say whose event it is.
    #[error("stream {0:?} does not name one symbol")]
    NoSymbol(String),
    /// The event is about another symbol than its stream (F-P10).
    #[error("stream {stream:?} carries an event of {symbol:?}")]
    Mixed {
        /// The stream's name.
        stream: String,
        /// The event's symbol.
        symbol: String,
    },
    /// Zero, negative, not a number, or out of range (F-H02, F-P01, F-P02).
    #[error("field {field}: {wrong}")]
    Price {
        /// The venue's name of the field.
        field: &'static str,
        /// What is wrong.
        wrong: ParseUnitError,
    },
    /// A quantity that is no plain decimal number.
    #[error("field {field}: {text:?} is not a quantity")]
    Quantity {
        /// The venue's name of the field.
        field: &'static str,
        /// The text, cut to 40 characters.
        text: String,
    },
    /// Bid at or above ask (F-H03).
    #[error("crossed book: bid {bid} is not below ask {ask}")]
    Crossed {
        /// The best bid.
        bid: Price,
        /// The best ask.
        ask: Price,
    },
}

/// Reads one frame of a combined stream.
///
/// # Errors
/// [`BadFrame`] when it cannot be used; nothing of it is used then.
pub fn decode(frame: &[u8]) -> Result<Decoded, BadFrame> {
    if frame.len() > LARGEST_FRAME {
        return Err(BadFrame::TooLarge(frame.len()));
    }
    if is_too_deep(frame) {
        return Err(BadFrame::TooDeep);
    }
    let frame = std::str::from_utf8(frame)?;
    let combined: wire::Combined = serde_json::from_str(frame).map_err(|wrong| unwrapped(frame, wrong))?;
    let stream = combined.stream;
    let (name, _) = stream.split_once('@').ok_or_else(|| BadFrame::NoSymbol(shortened(stream)))?;
    let decoded = match combined.data {
        Event::AggTrade(event) => last(event.s, event.E, event.p, event.q),
        Event::BookTicker(event) => book_ticker(&event),
        Event::Depth(event) => nothing(event.s, event.E),
        Event::MarkPrice(event) => mark_price(&event),
        Event::Other(_) => return other(stream, name),
        Event::Trade(event) => trade(&event),
    }?;
    if decoded.symbol.as_str().eq_ignore_ascii_case(name) {
        return Ok(decoded);
    }
    Err(BadFrame::Mixed { stream: shortened(stream), symbol: decoded.symbol.to_string() })
}

fn book_ticker(event: &wire::BookTicker) -> Result<Decoded, BadFrame> {
    let (bid, ask) = (price("b", event.b)?, price("a", event.a)?);
    if bid >= ask {
        return Err(BadFrame::Crossed { bid, ask });
    }
    let precision = Precision {
        price: decimals(event.b).max(decimals(event.a)),
        quantity: quantity("B", event.B)?.max(quantity("A", event.A)?),
    };
    let prices = Prices { bid: Some(bid), ask: Some(ask), ..Prices::default() };
    Ok(Decoded { symbol: symbol(event.s)?, time_ms: since_1970(event.E), prices, precision })
}

/// Positions that changed hands without a market (`X` is not `MARKET`) give no price.
fn trade(event: &wire::Trade) -> Result<Decoded, BadFrame> {
    if event.X.is_some_and(|kind| kind != "MARKET") {
        return nothing(event.s, event.E);
    }
    last(event.s, event.E, event.p, event.q)
}

fn last(symbol_text: &str, time: i64, p: &str, q: &str) -> Result<Decoded, BadFrame> {
    let prices = Prices { last: Some(price("p", p)?), ..Prices::default() };
    let precision = Precision { price: decimals(p), quantity: quantity("q", q)? };
    Ok(Decoded { symbol: symbol(symbol_text)?, time_ms: since_1970(time), prices, precision })
}

/// A mark price is computed, so its decimals say nothing about the tick.
fn mark_price(event: &wire::MarkPrice) -> Result<Decoded, BadFrame> {
    let prices = Prices { mark: Some(price("p", event.p)?), ..Prices::default() };
    let precision = Precision::default();
    Ok(Decoded { symbol: symbol(event.s)?, time_ms: since_1970(event.E), prices, precision })
}

fn nothing(symbol_text: &str, time: i64) -> Result<Decoded, BadFrame> {
    Ok(Decoded {
        symbol: symbol(symbol_text)?,
        time_ms: since_1970(time),
        prices: Prices::default(),
        precision: Precision::default(),
    })
}

/// Streams without prices, and those the venue has added since (F-P04): counted by the caller, otherwise ignored.
fn other(stream: &str, name: &str) -> Result<Decoded, BadFrame> {
    let named = Symbol::new(&name.to_ascii_uppercase()).ok().filter(|_| !name.starts_with('!'));
    let symbol = named.ok_or_else(|| BadFrame::NoSymbol(shortened(stream)))?;
    Ok(Decoded { symbol, time_ms: None, prices: Prices::default(), precision: Precision::default() })
}

fn since_1970(time: i64) -> Option<i64> {
    (time > 0).then_some(time)
}

fn symbol(text: &str) -> Result<Symbol, BadFrame> {
    Symbol::new(text).map_err(|_| BadFrame::NoSymbol(shortened(text)))
}

fn price(field: &'static str, text: &str) -> Result<Price, BadFrame> {
    text.parse().map_err(|wrong| BadFrame::Price { field, wrong })
}

fn quantity(field: &'static str, text: &str) -> Result<Option<u8>, BadFrame> {
    match decimals(text) {
        None => Err(BadFrame::Quantity { field, text: shortened(text) }),
        found => Ok(found),
    }
}

/// How many decimals a plain number has, zeros at the end not counted; none when it is no plain number.
fn decimals(text: &str) -> Option<u8> {
    let mut point = None;
    let mut last = 0;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'0' => {}
            b'1'..=b'9' => last = index,
            b'.' if point.is_none() && index > 0 => point = Some(index),
            _ => return None,
        }
    }
    match point {
        None if text.is_empty() => None,
        Some(point) if point + 1 == text.len() => None,
        Some(point) => u8::try_from(last.saturating_sub(point)).ok(),
        None => Some(0),
    }
}

/// Most frames hold fewer brackets than the limit, which is quick to see; the others are followed byte by byte.
fn is_too_deep(frame: &[u8]) -> bool {
    // `[` and `{` differ in one bit; short runs are summed in a byte each, which the compiler turns into few instructions.
    let opens = |run: &[u8]| run.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum::<u8>();
    let brackets: usize = frame.chunks(255).map(|run| usize::from(opens(run))).sum();
    brackets > DEEPEST && depth(frame) > DEEPEST
}

fn depth(frame: &[u8]) -> usize {
    let (mut deepest, mut level) = (0_usize, 0_usize);
    let (mut in_text, mut escaped) = (false, false);
    for byte in frame {
        if in_text {
            in_text = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Valid JSON without `stream` is an answer or a snapshot; everything else is what the parser says.
fn unwrapped(frame: &str, wrong: serde_json::Error) -> BadFrame {
    #[derive(Deserialize)]
    struct Wrapper {
        stream: Option<serde::de::IgnoredAny>,
        data: Option<serde::de::IgnoredAny>,
    }

    match serde_json::from_str::<Wrapper>(frame) {
        Ok(Wrapper { stream: None, .. } | Wrapper { data: None, .. }) => BadFrame::NoWrapper,
        Ok(_) | Err(_) => BadFrame::Json(wrong),
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        let _ = write!(short, "…");
    }
    short
}

#[cfg(test)]
mod tests;
