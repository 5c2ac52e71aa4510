//! What the venue's candles tell of a gap in which nobody here heard the prices (product.md §2.3): how far a series went
//! meanwhile, for the position that was open then.
//!
//! A candle counts for a tranche only when it began after the tranche was opened, so none of another incarnation ever does.
//! And a candle alone proves nothing: its extreme may be one misprint (F-H01), and there is no second series and no dwell to
//! tell. It counts as far as the candle beside it went as well (docs/decisions/0013-candles-after-a-gap.md).

use super::{Ctx, Out, Position, Tranche};
use crate::position::scene::title;
use backstop_model::{Candle, PositionSide, Price, Series, Severity, Timestamp};
use serde::{Deserialize, Serialize};

/// The best price of each series that candles have told, by [`Series::index`].
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Recalled([Option<Price>; 4]);

impl Recalled {
    /// No candle has told anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == [None; 4]
    }

    /// The best price of a series; nothing when no candle has told one.
    #[must_use]
    pub const fn best(&self, series: Series) -> Option<Price> {
        self.0[series.index()]
    }

    /// Takes in what candles tell of the time since then. False when it is nothing better.
    pub(super) fn take_in(&mut self, of: Series, candles: &[Candle], since: Timestamp, side: PositionSide) -> bool {
        let known = self.best(of);
        let told =
            confirmed(side, candles, since).filter(|best| known.is_none_or(|known| side.is_better(*best, known)));
        self.0[of.index()] = told.or(known);
        told.is_some()
    }

    /// What either has been told.
    #[must_use]
    pub fn joined(self, other: Self, side: PositionSide) -> Self {
        Self(Series::ALL.map(|series| {
            let told = self.best(series).into_iter().chain(other.best(series));
            told.reduce(|one, other| side.better(one, other))
        }))
    }
}

impl Tranche {
    /// What candles have told of the prices since it was opened.
    #[must_use]
    pub fn recalled(&self) -> Recalled {
        self.recalled.get().unwrap_or_default()
    }
}

impl Position {
    /// Takes in the venue's candles of one series: each open tranche remembers what is better than what was heard.
    pub(crate) fn recall(&mut self, series: Series, candles: &[Candle], ctx: Ctx, out: &mut Out) {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return };
        let is_followed = live.plan.is_some();
        for tranche in live.tranches.iter_mut().filter(|tranche| !tranche.is_closed()) {
            tranche.recall_for_plan(series, candles, side);
            let Some(best) = confirmed(side, candles, tranche.opened_at) else { continue };
            let heard = tranche.since_entry().best(side, ctx, series);
            if heard.is_some_and(|heard| !side.is_better(best, heard)) {
                continue;
            }
            let mut recalled = tranche.recalled();
            recalled.0[series.index()] = Some(best);
            tranche.recalled.put(Some(recalled));
            if is_followed {
                let text = format!(
                    "{}: while no prices were heard the {} price reached {best}, say the venue's candles",
                    title(side, tranche.id, ctx),
                    series.word()
                );
                out.tell(Severity::Note, key, text);
            }
        }
    }

    /// Whether the best price of a series decides about the stop: because the trail follows it, or the trailed stop watches it.
    #[must_use]
    pub(crate) fn needs_history(&self, series: Series) -> bool {
        let Some(live) = &self.live else { return false };
        let Some((plan, trailing)) = live.plan.as_ref().and_then(|plan| Some((plan, plan.trailing?))) else {
            return false;
        };
        let side = self.key.side;
        live.open()
            .any(|tranche| trailing.trigger.series(side) == series || tranche.trigger(plan).series(side) == series)
    }
}

/// The best price that two candles in a row have both reached, of those that began at `since` or later.
fn confirmed(side: PositionSide, candles: &[Candle], since: Timestamp) -> Option<Price> {
    let far = |candle: &Candle| match side {
        PositionSide::Long => candle.high,
        PositionSide::Short => candle.low,
    };
    let after: Vec<Price> = candles.iter().filter(|candle| candle.opened_at >= since).map(far).collect();
    let both = |pair: &[Price]| if side.is_better(pair[0], pair[1]) { pair[1] } else { pair[0] };
    after.windows(2).map(both).reduce(|one, other| side.better(one, other))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::Span;

    fn minute(number: i64) -> Timestamp {
        Timestamp::EPOCH.plus(Span::from_secs(60 * number))
    }

    /// One candle a minute, "high low", from the first minute on.
    fn candles(ranges: &[&str]) -> Vec<Candle> {
        let candle = |(number, range): (i64, &&str)| {
            let (high, low) = range.split_once(' ').unwrap();
            let (high, low): (Price, Price) = (high.parse().unwrap(), low.parse().unwrap());
            Candle { opened_at: minute(number), high, low, close: low }
        };
        (0..).zip(ranges).map(candle).collect()
    }

    #[test]
    fn an_extreme_counts_as_far_as_the_candle_beside_it_went() {
        use PositionSide::{Long, Short};
        let cases: [(PositionSide, &[&str], i64, Option<&str>); 9] = [
            (Long, &["103 99", "105 102", "104 101"], 0, Some("104")),
            (Short, &["101 97", "98 95", "99 96"], 0, Some("96")),
            // A misprint in one candle, also in the first and in the last.
            (Long, &["101 99", "900 100", "102 100"], 0, Some("102")),
            (Long, &["900 99", "101 100"], 0, Some("101")),
            (Short, &["101 99", "102 0.01"], 0, Some("99")),
            // A candle alone, and none.
            (Long, &["105 99"], 0, None),
            (Long, &[], 0, None),
            // Candles from before the entry, the one it lies in included.
            (Long, &["120 99", "120 99", "104 99", "103 99"], 2, Some("103")),
            (Long, &["120 99", "120 99", "104 99"], 2, None),
        ];
        for (side, ranges, since, expected) in cases {
            let made = confirmed(side, &candles(ranges), minute(since));
            assert_eq!(made, expected.map(|price| price.parse().unwrap()), "{side} {ranges:?} since {since}");
        }
        let within = minute(1).plus(Span::from_secs(1));
        assert_eq!(confirmed(Long, &candles(&["120 99", "120 99", "104 99"]), within), None);
    }
}
