//! The candles of the prices that the paper venue has seen, as a venue keeps them: one a minute for a day and one an hour for
//! weeks, of each series; other lengths are made of these when they are asked for. Beside a ledger they outlive the program.

use super::candle_file::{CandleFile, Line};
use crate::CandleQuestion;
use backstop_model::{Candle, Price, Prices, Series, Span, Symbol, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::io;

pub(super) const MINUTE: Span = Span::from_secs(60);
pub(super) const HOUR: Span = Span::from_secs(3_600);
/// Candles in one answer.
const MOST: usize = 1_000;

/// Minutes and hours that are kept for each series.
const fn kept(length: Span) -> usize {
    if length.as_nanos() == MINUTE.as_nanos() { 1_440 } else { MOST }
}

/// The candles of all markets.
#[derive(Debug, Default)]
pub(super) struct Candles {
    rows: BTreeMap<(Symbol, Series, Span), VecDeque<Candle>>,
    file: Option<CandleFile>,
}

impl Candles {
    /// Those of a file, which goes on being written.
    pub(super) fn of(mut file: CandleFile) -> Self {
        let lines = file.take_lines();
        let mut candles = Self { rows: BTreeMap::new(), file: Some(file) };
        lines.iter().for_each(|line| candles.again(line));
        candles
    }

    /// Nothing is known of any market.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The market moves.
    pub(super) fn note(&mut self, now: Timestamp, symbol: Symbol, prices: &Prices) {
        for series in Series::ALL {
            let Some(price) = prices.of(series) else { continue };
            for length in [MINUTE, HOUR] {
                let row = self.rows.entry((symbol, series, length)).or_default();
                let before = row.back().copied();
                add(row, point(began(now, length), price), kept(length));
                let ended = before.filter(|before| row.back().is_some_and(|last| last.opened_at > before.opened_at));
                if let (Some(file), Some(candle), MINUTE) = (&mut self.file, ended, length) {
                    file.ended(Line { symbol, series, length, candle });
                }
            }
        }
    }

    /// Writes what has ended since the last time.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if !file.has_grown(self.rows.values().map(VecDeque::len).sum()) {
            return file.append();
        }
        let hours_first = [HOUR, MINUTE].into_iter();
        let of = |length: Span| self.rows.iter().filter(move |((.., known), _)| *known == length);
        let lines = hours_first.flat_map(of).flat_map(|((symbol, series, length), row)| {
            let ended = row.iter().take(row.len().saturating_sub(1));
            ended.map(|candle| Line { symbol: *symbol, series: *series, length: *length, candle: *candle })
        });
        file.rewrite(lines)
    }

    /// What is asked for, oldest first; the candle that is still open is left out.
    pub(super) fn answer(&self, now: Timestamp, symbol: Symbol, question: &CandleQuestion) -> Vec<Candle> {
        let length = if question.interval >= HOUR { HOUR } else { MINUTE };
        let row = self.rows.get(&(symbol, question.series, length));
        let first = row.filter(|row| row.len() >= kept(length)).and_then(|row| row.front());
        let mut made: Vec<Candle> = Vec::new();
        for part in row.into_iter().flatten().filter(|part| part.opened_at >= question.since) {
            let candle = Candle { opened_at: began(part.opened_at, question.interval), ..*part };
            match made.last_mut() {
                Some(last) if last.opened_at == candle.opened_at => *last = joined(*last, candle),
                _ => made.push(candle),
            }
        }
        // Of the oldest one a part may have been forgotten.
        let is_whole = |candle: &Candle| first.is_none_or(|first| candle.opened_at >= first.opened_at);
        made.retain(|candle| candle.opened_at.plus(question.interval) <= now && is_whole(candle));
        made.truncate(MOST);
        made
    }

    /// A candle of before. Hours are made of minutes again, as far as they are not told themselves.
    fn again(&mut self, line: &Line) {
        let Line { symbol, series, length, candle } = *line;
        let lengths = if length == MINUTE { &[MINUTE, HOUR][..] } else { &[HOUR] };
        for length in lengths {
            let row = self.rows.entry((symbol, series, *length)).or_default();
            let candle = Candle { opened_at: began(candle.opened_at, *length), ..candle };
            if row.back().is_none_or(|last| last.opened_at <= candle.opened_at) {
                add(row, candle, kept(*length));
            }
        }
    }
}

fn add(row: &mut VecDeque<Candle>, candle: Candle, most: usize) {
    match row.back_mut() {
        Some(last) if last.opened_at >= candle.opened_at => *last = joined(*last, candle),
        _ => row.push_back(candle),
    }
    if row.len() > most {
        row.pop_front();
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
    use backstop_model::{AccountId, InstrumentId};

    #[test]
    fn candles_are_those_that_have_ended_of_the_series_that_is_asked_for() {
        let (mut candles, market) = (Candles::default(), InstrumentId(3));
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let at = |second: i64| Timestamp::EPOCH.plus(Span::from_secs(second));
        for (second, price) in [(0, "100"), (30, "105"), (59, "101"), (60, "99"), (130, "98"), (300, "97"), (370, "90")]
        {
            let prices = Prices { last: price.parse().ok(), ..Prices::default() };
            candles.note(at(second), symbol, &prices);
        }
        let told = |minutes: i64, since: i64, now: i64, series| {
            let interval = Span::from_secs(60 * minutes);
            let question =
                CandleQuestion { account: AccountId(0), instrument: market, series, interval, since: at(since) };
            let shown = |candle: &Candle| {
                let Candle { opened_at, high, low, close } = candle;
                format!("{}: {low}-{high} {close}", opened_at.as_millis() / 1_000)
            };
            candles.answer(at(now), symbol, &question).iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(told(1, 0, 370, Series::Last), "0: 100-105 101, 60: 99-99 99, 120: 98-98 98, 300: 97-97 97");
        assert_eq!(told(1, 60, 130, Series::Last), "60: 99-99 99");
        assert_eq!(told(5, 0, 599, Series::Last), "0: 98-105 98");
        assert_eq!(told(5, 0, 600, Series::Last), "0: 98-105 98, 300: 90-97 90");
        assert_eq!(told(1, 0, 370, Series::Mark), "");
    }

    #[test]
    fn candles_outlive_the_program_and_an_hour_is_whole_whenever_it_ended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.candles");
        let open = || Candles::of(CandleFile::open(&path).unwrap());
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let at = |second: i64| Timestamp::EPOCH.plus(Span::from_secs(second));
        let asked = |candles: &Candles, hours: i64| {
            let (account, instrument) = (AccountId(0), InstrumentId(0));
            let question = CandleQuestion { account, instrument, series: Series::Last, interval: HOUR, since: at(0) };
            let told = candles.answer(at(hours * 3_600), symbol, &question);
            told.iter().map(|candle| format!("{}-{} {}", candle.low, candle.high, candle.close)).collect::<Vec<_>>()
        };
        let mut straight = Candles::default();
        for hours in [0, 1, 2_000] {
            let mut candles = open();
            for second in (0..hours * 3_600).step_by(60).skip_while(|second| *second < (hours / 2) * 3_600) {
                let price = (100 + (second / 60 * 7) % 31).to_string().parse().unwrap();
                let prices = Prices { last: Some(price), ..Prices::default() };
                straight.note(at(second), symbol, &prices);
                candles.note(at(second), symbol, &prices);
                if second % 1_800 == 600 {
                    candles.flush().unwrap();
                    candles = open();
                    candles.note(at(second), symbol, &prices);
                }
            }
            candles.flush().unwrap();
            assert_eq!(asked(&candles, hours), asked(&straight, hours), "{hours}");
        }
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 8_000, "{lines} lines for 1,440 minutes and 1,000 hours");
    }
}
