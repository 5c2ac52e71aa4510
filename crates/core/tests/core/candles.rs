//! Bars and candles of scripts, from words.

use crate::builders::{BTC, price};
use backstop_model::{Candle, Event, Series, Span, Timestamp};

/// What a line that begins with `bars` or `candles` says.
pub fn event(head: &str, words: &str, now: Timestamp) -> Event {
    if head == "bars" { bars(words, None, now) } else { history(words, now) }
}

/// `14 of 5m each 100 points high from 50000`: so many bars of that length and height, ending now.
fn bars(words: &str, history: Option<Series>, now: Timestamp) -> Event {
    let parts: Vec<&str> = words.split_whitespace().collect();
    let count: i64 = parts[0].parse().unwrap();
    let minutes: i64 = parts[2].trim_end_matches('m').parse().unwrap();
    let (height, low) = (parts[4].parse().unwrap(), price(parts[8]));
    let interval = Span::from_secs(minutes * 60);
    let first = now.plus(Span::from_secs(-minutes * 60 * count));
    let bar = |number: i64| Candle {
        opened_at: first.plus(Span::from_secs(number * minutes * 60)),
        high: low.plus(height).unwrap(),
        low,
        close: low,
    };
    Event::Candles { instrument: BTC, interval, candles: (0..count).map(bar).collect(), history }
}

/// `last 99-103 102-105`: the venue's history of that price, a candle a minute from low to high, the last one ending now; or
/// `last 14 of 5m each …`, as bars.
fn history(words: &str, now: Timestamp) -> Event {
    let (series, ranges) = words.split_once(' ').unwrap();
    let series = Series::ALL.into_iter().find(|known| known.word() == series).expect("a series of prices");
    if ranges.contains(" of ") {
        return bars(ranges, Some(series), now);
    }
    let ranges: Vec<&str> = ranges.split_whitespace().collect();
    let ago = |index: usize| Span::from_secs(-60 * i64::try_from(ranges.len() - index).unwrap());
    let candle = |(index, range): (usize, &&str)| {
        let (low, high) = range.split_once('-').unwrap();
        Candle { opened_at: now.plus(ago(index)), high: price(high), low: price(low), close: price(low) }
    };
    let candles = ranges.iter().enumerate().map(candle).collect();
    Event::Candles { instrument: BTC, interval: Span::from_secs(60), candles, history: Some(series) }
}
