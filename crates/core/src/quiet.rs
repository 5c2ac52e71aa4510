//! Quiet intervals: per instrument and price series, the range in which no tick can change anything.
//!
//! Most ticks end here, after two comparisons, however many positions there are. Each position says after each step at
//! which price it wants to look again; the nearest of all on each side bounds the quiet range of the series. The range
//! is cut further to what the open window has already seen, so that a new extreme is noticed too (`board.rs`).

use crate::board::Board;
use backstop_model::{Price, Series};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where one position wants to look again: at or below `low`, at or above `high`. Inside, no tick changes anything.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Interval {
    /// The highest price, downward, that matters.
    pub low: Option<Price>,
    /// The lowest price, upward, that matters.
    pub high: Option<Price>,
}

impl Interval {
    /// Also look at `price` or below.
    pub fn watch_at_or_below(&mut self, price: Price) {
        self.low = Some(self.low.map_or(price, |low| low.max(price)));
    }

    /// Also look at `price` or above.
    pub fn watch_at_or_above(&mut self, price: Price) {
        self.high = Some(self.high.map_or(price, |high| high.min(price)));
    }
}

/// The quiet intervals of one position, one for each series.
pub type Quiet = [Interval; 4];

/// The index of one series: slots by the price they watch, and the quiet range of all of them.
#[derive(Clone, Debug)]
struct SeriesIndex {
    below: BTreeSet<(Price, u32)>,
    above: BTreeSet<(Price, u32)>,
    /// Exclusive bounds as mantissas: a price strictly between them changes nothing.
    quiet_above: i128,
    quiet_below: i128,
}

impl Default for SeriesIndex {
    fn default() -> Self {
        // Nothing is quiet until the board has seen a price.
        Self { below: BTreeSet::new(), above: BTreeSet::new(), quiet_above: i128::MAX, quiet_below: i128::MIN }
    }
}

/// The index of one instrument.
#[derive(Clone, Debug, Default)]
pub struct QuietIndex {
    series: [SeriesIndex; 4],
    of_slot: std::collections::BTreeMap<u32, Quiet>,
    /// Slots that look at every price.
    waiting: BTreeSet<u32>,
}

impl QuietIndex {
    /// The two comparisons.
    #[must_use]
    #[inline]
    pub fn is_quiet(&self, series: Series, price: Price) -> bool {
        let index = &self.series[series.index()];
        let value = price.mantissa();
        value > index.quiet_above && value < index.quiet_below
    }

    /// The slots that want to look at `price`, added to `slots`.
    pub fn triggered(&self, series: Series, price: Price, slots: &mut BTreeSet<u32>) {
        let index = &self.series[series.index()];
        slots.extend(index.below.range((price, 0)..).map(|&(_, slot)| slot));
        slots.extend(index.above.range(..=(price, u32::MAX)).map(|&(_, slot)| slot));
    }

    /// The slots that wait for a price that counts, and look at every one.
    pub fn waiting(&self) -> impl Iterator<Item = u32> + '_ {
        self.waiting.iter().copied()
    }

    /// Says whether a slot does.
    pub fn set_waiting(&mut self, slot: u32, waits: bool) {
        if waits {
            self.waiting.insert(slot);
        } else {
            self.waiting.remove(&slot);
        }
    }

    /// Replaces what a slot watches; one that watches nothing is forgotten.
    pub fn set(&mut self, slot: u32, quiet: &Quiet) {
        let nothing = *quiet == Quiet::default();
        let old = if nothing { self.of_slot.remove(&slot) } else { self.of_slot.insert(slot, *quiet) };
        let (old, new) = (old.unwrap_or_default(), quiet);
        for series in 0..4 {
            let index = &mut self.series[series];
            exchange(&mut index.below, slot, old[series].low, new[series].low);
            exchange(&mut index.above, slot, old[series].high, new[series].high);
        }
    }

    /// Works out the quiet range of a series anew, after watches or the open window have changed.
    pub fn refresh(&mut self, board: &Board) {
        for series in Series::ALL {
            self.refresh_series(series, board);
        }
    }

    /// The same for one series.
    pub fn refresh_series(&mut self, series: Series, board: &Board) {
        let index = &mut self.series[series.index()];
        let Some(seen) = board.seen(series) else {
            (index.quiet_above, index.quiet_below) = (i128::MAX, i128::MIN);
            return;
        };
        let watched_below = index.below.last().map_or(i128::MIN, |(price, _)| price.mantissa());
        let watched_above = index.above.first().map_or(i128::MAX, |(price, _)| price.mantissa());
        index.quiet_above = (seen.low.mantissa() - 1).max(watched_below);
        index.quiet_below = (seen.high.mantissa() + 1).min(watched_above);
    }
}

fn exchange(watched: &mut BTreeSet<(Price, u32)>, slot: u32, old: Option<Price>, new: Option<Price>) {
    if old == new {
        return;
    }
    if let Some(price) = old {
        watched.remove(&(price, slot));
    }
    if let Some(price) = new {
        watched.insert((price, slot));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::{Prices, Timestamp};

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn watching(low: &str, high: &str) -> Quiet {
        let mut quiet = Quiet::default();
        quiet[Series::Last.index()].watch_at_or_below(price(low));
        quiet[Series::Last.index()].watch_at_or_above(price(high));
        quiet
    }

    #[test]
    fn the_nearest_of_all_positions_bounds_the_quiet_range() {
        let mut index = QuietIndex::default();
        let mut board = Board::default();
        for value in ["90", "110", "100"] {
            board.put(&Prices { last: Some(price(value)), ..Prices::default() }, Timestamp::EPOCH, true);
        }
        index.set(1, &watching("95", "120"));
        index.set(2, &watching("80", "105"));
        index.refresh(&board);
        for (value, quiet) in [("100", true), ("95.1", true), ("95", false), ("104.9", true), ("105", false)] {
            assert_eq!(index.is_quiet(Series::Last, price(value)), quiet, "{value}");
        }
        let mut slots = BTreeSet::new();
        index.triggered(Series::Last, price("94"), &mut slots);
        assert_eq!(slots, BTreeSet::from([1]));
        slots.clear();
        index.triggered(Series::Last, price("105"), &mut slots);
        assert_eq!(slots, BTreeSet::from([2]));
        index.set(1, &Quiet::default());
        index.refresh(&board);
        assert!(index.is_quiet(Series::Last, price("95")));
    }

    #[test]
    fn a_new_extreme_is_never_quiet() {
        let mut index = QuietIndex::default();
        let mut board = Board::default();
        board.put(&Prices { last: Some(price("100")), ..Prices::default() }, Timestamp::EPOCH, true);
        index.refresh(&board);
        assert!(index.is_quiet(Series::Last, price("100")));
        assert!(!index.is_quiet(Series::Last, price("100.1")));
    }
}
