//! Bars made of the ticks that pass by: what distances in average true ranges are measured with.
//!
//! A bar is told when the first price after it arrives, by the engine's clock. One that was not seen from its beginning is
//! no bar: the first after a start is left out. What the core makes of bars is `core::volatility`.

use backstop_model::{Candle, Event, InstrumentId, Price, Span, Tick, Timestamp};
use std::collections::BTreeMap;

/// Lengths of bars kept at most.
const MOST: usize = 8;

/// A bar that is still open.
#[derive(Clone, Copy, Debug)]
struct Open {
    candle: Candle,
    /// Seen from its beginning.
    whole: bool,
}

/// The bars of all instruments.
#[derive(Debug, Default)]
pub struct Bars {
    intervals: Vec<Span>,
    open: BTreeMap<(InstrumentId, Span), Open>,
}

impl Bars {
    /// Also makes bars of this length.
    pub fn keep(&mut self, interval: Span) {
        if interval > Span::ZERO && !self.intervals.contains(&interval) && self.intervals.len() < MOST {
            self.intervals.push(interval);
        }
    }

    /// Takes in a tick; the bars that have ended with it, as events.
    pub fn hear(&mut self, now: Timestamp, tick: &Tick) -> Vec<Event> {
        let Some(price) = tick.prices.last.or(tick.prices.mark) else { return Vec::new() };
        let mut ended = Vec::new();
        for interval in &self.intervals {
            let opened_at = began(now, *interval);
            let key = (tick.instrument, *interval);
            match self.open.get_mut(&key) {
                Some(open) if open.candle.opened_at == opened_at => open.candle = widened(open.candle, price),
                before => {
                    // After a gap nobody knows how the bar began.
                    let follows =
                        before.as_ref().is_some_and(|open| open.candle.opened_at.plus(*interval) == opened_at);
                    if let Some(open) = before.filter(|open| open.whole) {
                        let candles = vec![open.candle];
                        let (instrument, interval) = (tick.instrument, *interval);
                        ended.push(Event::Candles { instrument, interval, candles, history: None });
                    }
                    let candle = Candle { opened_at, high: price, low: price, close: price };
                    self.open.insert(key, Open { candle, whole: follows });
                }
            }
        }
        ended
    }
}

/// When the bar began that `now` lies in.
pub(crate) fn began(now: Timestamp, interval: Span) -> Timestamp {
    let into = now.as_nanos().rem_euclid(interval.as_nanos());
    Timestamp::from_nanos(now.as_nanos() - into)
}

fn widened(candle: Candle, price: Price) -> Candle {
    Candle { high: candle.high.max(price), low: candle.low.min(price), close: price, ..candle }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::Prices;

    const MINUTE: Span = Span::from_secs(60);

    fn hear(bars: &mut Bars, second: i64, price: &str) -> Vec<(i64, String)> {
        let prices = Prices::all(price.parse().unwrap());
        let tick = Tick { instrument: InstrumentId(0), prices, confirmed: true };
        let told = bars.hear(Timestamp::EPOCH.plus(Span::from_secs(second)), &tick);
        let shown = |event: Event| {
            let Event::Candles { candles, .. } = event else { panic!("{event:?}") };
            let Candle { opened_at, high, low, close } = candles[0];
            (opened_at.as_millis() / 1_000, format!("{high} {low} {close}"))
        };
        told.into_iter().map(shown).collect()
    }

    #[test]
    fn a_bar_is_told_with_the_first_price_after_it_and_only_when_it_was_seen_whole() {
        let mut bars = Bars::default();
        bars.keep(MINUTE);
        assert_eq!(hear(&mut bars, 30, "100"), []);
        assert_eq!(hear(&mut bars, 60, "101"), [], "the first one was not seen from its beginning");
        assert_eq!(hear(&mut bars, 70, "105"), []);
        assert_eq!(hear(&mut bars, 110, "99"), []);
        assert_eq!(hear(&mut bars, 119, "100"), []);
        assert_eq!(hear(&mut bars, 120, "100"), [(60, "105 99 100".to_owned())]);
    }

    #[test]
    fn a_bar_after_a_gap_was_not_seen_whole() {
        let mut bars = Bars::default();
        bars.keep(MINUTE);
        for second in [0, 60, 100] {
            hear(&mut bars, second, "100");
        }
        assert_eq!(hear(&mut bars, 200, "101").len(), 1, "the one before the gap is whole");
        assert_eq!(hear(&mut bars, 240, "102"), [], "the one after it is not");
        assert_eq!(hear(&mut bars, 300, "103").len(), 1);
    }
}
