//! The average true range of an instrument, bar by bar (Wilder, *New Concepts in Technical Trading Systems*, 1978).
//!
//! The first value is the plain mean of the first `period` true ranges, each later one moves by one `period`-th of the
//! difference. A true range needs the close before it, so the first bar gives none: the same as TA-Lib's ATR. State is
//! decimals with one named rounding, so it goes on after a restart as if nothing had happened. Bars come as events,
//! because ticks that change nothing are not recorded.

use backstop_model::plan::AtrSpec;
use backstop_model::{Candle, OutOfRange, Points, Price, Rounding, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Different averages kept per instrument at most: one for each period and interval that plans name.
const MOST: usize = 32;

/// One average true range.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Atr {
    period: u16,
    interval: Span,
    /// The newest bar that is in it.
    last: Option<(Timestamp, Price)>,
    /// True ranges seen so far, up to `period`.
    seen: u16,
    /// Their sum, until there are enough; then the average.
    value: Points,
}

impl Atr {
    fn take(&mut self, candle: &Candle) -> Result<(), OutOfRange> {
        let Some((at, close)) = self.last else {
            self.last = Some((candle.opened_at, candle.close));
            return Ok(());
        };
        if candle.opened_at <= at {
            return Ok(());
        }
        let range = candle.high.max(close).above(candle.low.min(close));
        self.last = Some((candle.opened_at, candle.close));
        if self.seen < self.period {
            self.seen += 1;
            self.value = self.value.plus(range)?;
            if self.seen == self.period {
                self.value = self.value.over(u32::from(self.period))?;
            }
            return Ok(());
        }
        let step = range.plus(self.value.negated()?)?.over(u32::from(self.period))?;
        self.value = self.value.plus(step)?;
        Ok(())
    }

    fn is_warm(&self) -> bool {
        self.seen == self.period
    }
}

/// All averages of one instrument.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Volatility {
    atrs: Vec<Atr>,
}

impl Volatility {
    /// As if every average that is asked for had been measured as `average`: for looking at a plan before there are bars.
    #[must_use]
    pub fn assumed(specs: impl Iterator<Item = AtrSpec>, average: Points) -> Self {
        let known = |spec: AtrSpec| {
            let (period, interval) = (spec.period, spec.interval);
            Atr { period, interval, last: None, seen: period, value: average }
        };
        Self { atrs: specs.map(known).collect() }
    }

    /// Keeps the average a plan asks for, from the next bar on.
    pub(crate) fn keep(&mut self, spec: AtrSpec) {
        let known = self.atrs.iter().any(|atr| (atr.period, atr.interval) == (spec.period, spec.interval));
        if !known && self.atrs.len() < MOST {
            let (period, interval) = (spec.period, spec.interval);
            self.atrs.push(Atr { period, interval, last: None, seen: 0, value: Points::ZERO });
        }
    }

    /// Takes in bars of one length.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn take(&mut self, interval: Span, candles: &[Candle]) -> Result<(), OutOfRange> {
        for atr in self.atrs.iter_mut().filter(|atr| atr.interval == interval) {
            candles.iter().try_for_each(|candle| atr.take(candle))?;
        }
        Ok(())
    }

    /// So many times the average; nothing until there are enough bars.
    #[must_use]
    pub fn distance(&self, spec: AtrSpec) -> Option<Points> {
        let atr = self.atrs.iter().find(|atr| (atr.period, atr.interval) == (spec.period, spec.interval))?;
        atr.value.times(spec.multiple, Rounding::Nearest).ok().filter(|_| atr.is_warm())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::Ratio;

    const MINUTE: Span = Span::from_secs(60);

    fn spec(period: u16) -> AtrSpec {
        AtrSpec { multiple: Ratio::ONE, period, interval: MINUTE }
    }

    /// High, low, close and what TA-Lib makes of them, one bar a line.
    fn golden() -> Vec<(Candle, Option<Points>, Option<Points>)> {
        let text = include_str!("../tests/golden_atr.csv");
        let lines = text.lines().filter(|line| !line.starts_with('#')).zip(0..);
        let expected = |cell: &str| {
            cell.get(..cell.len().min(14)).filter(|cell| !cell.is_empty()).map(|cell| cell.parse().unwrap())
        };
        lines
            .map(|(line, minute)| {
                let cells: Vec<&str> = line.split(',').collect();
                let price = |at: usize| cells[at].parse::<Price>().unwrap();
                let opened_at = Timestamp::EPOCH.plus(Span::from_secs(60 * minute));
                let candle = Candle { opened_at, high: price(0), low: price(1), close: price(2) };
                (candle, expected(cells[3]), expected(cells[4]))
            })
            .collect()
    }

    #[test]
    fn it_is_ta_libs_average_to_the_ninth_decimal() {
        let mut volatility = Volatility::default();
        [5, 14].into_iter().for_each(|period| volatility.keep(spec(period)));
        let nearly: Points = "0.000000001".parse().unwrap();
        let mut compared = 0;
        for (candle, five, fourteen) in golden() {
            volatility.take(MINUTE, &[candle]).unwrap();
            for (period, expected) in [(5, five), (14, fourteen)] {
                let made = volatility.distance(spec(period));
                assert_eq!(made.is_some(), expected.is_some(), "{candle:?}");
                let Some((made, expected)) = made.zip(expected) else { continue };
                let off = made.plus(expected.negated().unwrap()).unwrap().absolute().unwrap();
                assert!(off <= nearly, "ATR({period}) {made}, TA-Lib {expected}");
                compared += 1;
            }
        }
        assert_eq!(compared, 115 + 106);
    }

    #[test]
    fn bars_that_come_twice_or_late_are_no_news_and_a_restart_changes_nothing() {
        let bars: Vec<Candle> = golden().into_iter().map(|(candle, ..)| candle).collect();
        let mut straight = Volatility::default();
        straight.keep(spec(14));
        straight.take(MINUTE, &bars).unwrap();
        let mut broken = Volatility::default();
        broken.keep(spec(14));
        broken.take(MINUTE, &bars[..60]).unwrap();
        let saved = serde_json::to_string(&broken).unwrap();
        let mut again: Volatility = serde_json::from_str(&saved).unwrap();
        again.take(MINUTE, &bars[30..]).unwrap();
        again.take(Span::from_secs(300), &bars[..5]).unwrap();
        assert_eq!(again, straight);
    }
}
