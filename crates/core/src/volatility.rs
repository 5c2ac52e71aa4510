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

    /// Takes in the venue's history. What it knows better is measured anew out of it: an average that has not been seen for
    /// long enough, or that a gap lies behind, because the jump over a gap is no bar's range.
    fn recall(&mut self, candles: &[Candle]) -> Result<(), OutOfRange> {
        let mut anew = Self { last: None, seen: 0, value: Points::ZERO, ..self.clone() };
        candles.iter().try_for_each(|candle| anew.take(candle))?;
        let follows =
            |(at, _): (Timestamp, Price)| candles.first().is_none_or(|first| first.opened_at <= at.plus(self.interval));
        let connects = self.last.is_none_or(follows);
        if (!self.is_warm() && anew.seen > self.seen) || (!connects && anew.is_warm()) {
            *self = anew;
            return Ok(());
        }
        candles.iter().try_for_each(|candle| self.take(candle))
    }

    fn is_warm(&self) -> bool {
        self.seen == self.period
    }
}

/// What is known of bars of one length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Known {
    /// The longest period that an average is made over, in bars.
    pub longest: u16,
    /// When the newest bar began that all averages have taken in; none while one of them is not known yet.
    pub through: Option<Timestamp>,
}

/// All averages of one instrument.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Volatility {
    atrs: Vec<Atr>,
}

impl Volatility {
    /// As if these averages had been measured, each in points, whatever its multiple: for looking at a plan before there are
    /// bars.
    #[must_use]
    pub fn assumed(averages: impl Iterator<Item = (AtrSpec, Points)>) -> Self {
        let known = |(spec, value): (AtrSpec, Points)| {
            let (period, interval) = (spec.period, spec.interval);
            Atr { period, interval, last: None, seen: period, value }
        };
        Self { atrs: averages.map(known).collect() }
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

    /// Takes in bars of one length out of the venue's history, oldest first.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn recall(&mut self, interval: Span, candles: &[Candle]) -> Result<(), OutOfRange> {
        self.atrs.iter_mut().filter(|atr| atr.interval == interval).try_for_each(|atr| atr.recall(candles))
    }

    /// What is known of bars of one length; nothing where no average is made of them.
    #[must_use]
    pub fn known(&self, interval: Span) -> Option<Known> {
        let of_it = || self.atrs.iter().filter(|atr| atr.interval == interval);
        let longest = of_it().map(|atr| atr.period).max()?;
        let through = of_it().map(|atr| atr.last.filter(|_| atr.is_warm()).map(|(at, _)| at)).min()?;
        Some(Known { longest, through })
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
    fn history_warms_what_is_cold_fills_what_was_missed_and_starts_anew_after_what_nobody_knows() {
        let bars: Vec<Candle> = golden().into_iter().map(|(candle, ..)| candle).collect();
        let fresh = || {
            let mut volatility = Volatility::default();
            volatility.keep(spec(14));
            volatility
        };
        let after = |heard: &[Candle], told: &[Candle]| {
            let mut volatility = fresh();
            volatility.take(MINUTE, heard).unwrap();
            volatility.recall(MINUTE, told).unwrap();
            volatility
        };
        let straight = |bars: &[Candle]| after(bars, &[]);
        assert_eq!(straight(&bars[..14]).known(MINUTE), Some(Known { longest: 14, through: None }));
        assert_eq!(after(&[], &bars[..60]), straight(&bars[..60]), "cold");
        assert_eq!(after(&bars[50..55], &bars[..60]), straight(&bars[..60]), "a few bars heard");
        assert_eq!(after(&bars[..40], &bars[30..60]), straight(&bars[..60]), "missed");
        assert_eq!(after(&bars[..40], &bars[60..]), straight(&bars[60..]), "longer than history reaches back");
        assert_eq!(after(&bars[..40], &bars[60..70]), straight(&[&bars[..40], &bars[60..70]].concat()), "too short");
        assert_eq!(after(&bars[..60], &bars[..40]), straight(&bars[..60]), "nothing new");
        let through = bars[59].opened_at;
        assert_eq!(straight(&bars[..60]).known(MINUTE), Some(Known { longest: 14, through: Some(through) }));
        assert_eq!(fresh().known(Span::from_secs(300)), None);
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
