//! The candles of the prices that the paper venue has seen, as a venue keeps them: one a minute for each series, and longer ones
//! made of these when they are asked for. Not in the ledger: a venue that starts anew has no past.

use crate::CandleQuestion;
use backstop_model::{Candle, InstrumentId, Price, Prices, Series, Span, Timestamp};
use std::collections::{BTreeMap, VecDeque};

const MINUTE: Span = Span::from_secs(60);
/// Minutes kept for each series: a day.
const KEPT: usize = 1_440;
/// Candles in one answer.
const MOST: usize = 1_000;

/// The candles of all markets.
#[derive(Debug, Default)]
pub(super) struct Candles {
    minutes: BTreeMap<(InstrumentId, Series), VecDeque<Candle>>,
}

impl Candles {
    /// The market moves.
    pub(super) fn note(&mut self, now: Timestamp, instrument: InstrumentId, prices: &Prices) {
        for series in Series::ALL {
            let Some(price) = prices.of(series) else { continue };
            let minutes = self.minutes.entry((instrument, series)).or_default();
            let candle = point(began(now, MINUTE), price);
            match minutes.back_mut() {
                Some(last) if last.opened_at >= candle.opened_at => *last = joined(*last, candle),
                _ => minutes.push_back(candle),
            }
            if minutes.len() > KEPT {
                minutes.pop_front();
            }
        }
    }

    /// What is asked for, oldest first; the candle that is still open is left out.
    pub(super) fn answer(&self, now: Timestamp, question: &CandleQuestion) -> Vec<Candle> {
        let mut made: Vec<Candle> = Vec::new();
        let minutes = self.minutes.get(&(question.instrument, question.series));
        for minute in minutes.into_iter().flatten().filter(|minute| minute.opened_at >= question.since) {
            let candle = Candle { opened_at: began(minute.opened_at, question.interval), ..*minute };
            match made.last_mut() {
                Some(last) if last.opened_at == candle.opened_at => *last = joined(*last, candle),
                _ => made.push(candle),
            }
        }
        made.retain(|candle| candle.opened_at.plus(question.interval) <= now);
        made.truncate(MOST);
        made
    }
}

const fn point(opened_at: Timestamp, price: Price) -> Candle {
    Candle { opened_at, high: price, low: price, close: price }
}

fn joined(one: Candle, later: Candle) -> Candle {
    Candle { high: one.high.max(later.high), low: one.low.min(later.low), close: later.close, ..one }
}

fn began(at: Timestamp, interval: Span) -> Timestamp {
    Timestamp::from_nanos(at.as_nanos() - at.as_nanos().rem_euclid(interval.as_nanos()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::AccountId;

    #[test]
    fn candles_are_those_that_have_ended_of_the_series_that_is_asked_for() {
        let (mut candles, market) = (Candles::default(), InstrumentId(3));
        let at = |second: i64| Timestamp::EPOCH.plus(Span::from_secs(second));
        for (second, price) in [(0, "100"), (30, "105"), (59, "101"), (60, "99"), (130, "98"), (300, "97"), (370, "90")]
        {
            let prices = Prices { last: price.parse().ok(), ..Prices::default() };
            candles.note(at(second), market, &prices);
        }
        let told = |minutes: i64, since: i64, now: i64, series| {
            let interval = Span::from_secs(60 * minutes);
            let question =
                CandleQuestion { account: AccountId(0), instrument: market, series, interval, since: at(since) };
            let shown = |candle: &Candle| {
                let Candle { opened_at, high, low, close } = candle;
                format!("{}: {low}-{high} {close}", opened_at.as_millis() / 1_000)
            };
            candles.answer(at(now), &question).iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(told(1, 0, 370, Series::Last), "0: 100-105 101, 60: 99-99 99, 120: 98-98 98, 300: 97-97 97");
        assert_eq!(told(1, 60, 130, Series::Last), "60: 99-99 99");
        assert_eq!(told(5, 0, 599, Series::Last), "0: 98-105 98");
        assert_eq!(told(5, 0, 600, Series::Last), "0: 98-105 98, 300: 90-97 90");
        assert_eq!(told(1, 0, 370, Series::Mark), "");
    }
}
