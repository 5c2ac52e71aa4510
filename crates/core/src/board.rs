//! The prices of one instrument: newest value of each series, and how far each has been since a given moment.
//!
//! Extremes are kept per window, a window being the time between two recorded events of the instrument. A recorded
//! event carries its window ([`MarketView`]), so replaying the records gives the same extremes without a tape. Windows
//! live in two monotonic stacks per series: asking for the extreme since some window is a binary search, and windows
//! that a later one has outdone cost nothing.

use backstop_model::{MarketView, Points, PositionSide, Price, Prices, Range, Series, SeriesView, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Prices older than this decide nothing (F-H04).
pub const STALE_AFTER: Span = Span::from_secs(3);

/// Highs (or lows) of closed windows, best last: each entry is outdone by none after it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Peaks {
    highs: Vec<(u64, Price)>,
    lows: Vec<(u64, Price)>,
}

impl Peaks {
    fn push(&mut self, window: u64, range: Range) {
        while self.highs.last().is_some_and(|(_, high)| *high <= range.high) {
            self.highs.pop();
        }
        self.highs.push((window, range.high));
        while self.lows.last().is_some_and(|(_, low)| *low >= range.low) {
            self.lows.pop();
        }
        self.lows.push((window, range.low));
    }

    fn since(&self, window: u64) -> Option<Range> {
        let first = |peaks: &[(u64, Price)]| {
            let index = peaks.partition_point(|(of, _)| *of < window);
            peaks.get(index).map(|(_, price)| *price)
        };
        Some(Range { high: first(&self.highs)?, low: first(&self.lows)? })
    }
}

/// The prices of one instrument.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Board {
    view: MarketView,
    window: u64,
    peaks: [Peaks; 4],
}

impl Board {
    /// The newest value of a series, however old.
    #[must_use]
    pub fn price(&self, series: Series) -> Option<Price> {
        self.view.series[series.index()].map(|view| view.price)
    }

    /// The newest value of a series if it may decide anything now: not older than [`STALE_AFTER`], unless it was
    /// replayed, which counts as fresh.
    #[must_use]
    pub fn fresh(&self, series: Series, now: Timestamp) -> Option<Price> {
        let view = self.view.series[series.index()]?;
        (view.confirmed || now.since(view.at) <= STALE_AFTER).then_some(view.price)
    }

    /// The same with the time it was taken in.
    #[must_use]
    pub fn fresh_at(&self, series: Series, now: Timestamp) -> Option<(Timestamp, Price)> {
        let at = self.view.series[series.index()].map(|view| view.at)?;
        self.fresh(series, now).map(|price| (at, price))
    }

    /// When the newest value of a series was taken in.
    #[must_use]
    pub fn heard_at(&self, series: Series) -> Option<Timestamp> {
        self.view.series[series.index()].map(|view| view.at)
    }

    /// Whether a value taken in now would count where the one before did not, or not any more: because that was too old, or
    /// might have been a misprint.
    #[must_use]
    pub fn is_renewed(&self, series: Series, now: Timestamp, confirmed: bool) -> bool {
        self.view.series[series.index()].is_some_and(|view| {
            let stale = !view.confirmed && now.since(view.at) > STALE_AFTER;
            stale || (confirmed && !view.confirmed)
        })
    }

    /// Whether the newest value of a series is known to be no misprint.
    #[must_use]
    pub fn is_confirmed(&self, series: Series) -> bool {
        self.view.series[series.index()].is_some_and(|view| view.confirmed)
    }

    /// How many of last, mark and the executable price are as bad as `level` for `side`, or worse (F-H01).
    #[must_use]
    pub fn witnesses(&self, side: PositionSide, level: Price, now: Timestamp) -> usize {
        let sources = [Series::Last, Series::Mark, Series::executable(side)];
        sources.iter().filter(|source| self.fresh(**source, now).is_some_and(|price| side.hit(price, level))).count()
    }

    /// The price that tells whether a level has been reached: the last trade's, and where nobody tells of trades, the one that
    /// a position on `side` could be closed at.
    #[must_use]
    pub fn reaching(&self, side: PositionSide) -> Series {
        if self.price(Series::Last).is_some() { Series::Last } else { Series::executable(side) }
    }

    /// Ask less bid; nothing while one of them is missing.
    #[must_use]
    pub fn spread(&self) -> Option<Points> {
        Some(self.price(Series::Ask)?.above(self.price(Series::Bid)?))
    }

    /// The number of the window that begins after the event being decided now: what a tranche that opens now remembers.
    /// Where the price has been before is none of its business.
    #[must_use]
    pub const fn next_window(&self) -> u64 {
        self.window + 1
    }

    /// Where a series has been since `window` began; for one that has yet to begin, where it stands.
    #[must_use]
    pub fn range_since(&self, series: Series, window: u64) -> Option<Range> {
        if window > self.window {
            return self.view.series[series.index()].as_ref().map(believed_point);
        }
        let open = self.view.series[series.index()].map(|view| view.range);
        let closed = self.peaks[series.index()].since(window);
        match (open, closed) {
            (Some(a), Some(b)) => Some(a.joined(b)),
            (a, b) => a.or(b),
        }
    }

    /// Takes in the new values of one tick and gives back, for each series, the extremes of the open window that are new.
    /// All of them are in place before any is believed, so that what was recorded is believed again alike.
    pub(crate) fn put(&mut self, prices: &Prices, at: Timestamp, confirmed: bool) -> [[Option<Price>; 2]; 4] {
        let before = self.view.series.map(|view| view.map(|view| view.range));
        for (series, price) in news(prices) {
            let range = before[series.index()].unwrap_or(Range::point(price));
            self.view.series[series.index()] = Some(SeriesView { price, at, confirmed, range });
        }
        let mut grown = [[None; 2]; 4];
        for (series, price) in news(prices) {
            let old = before[series.index()];
            let range = self.believe(series, price, confirmed, old);
            if let Some(view) = &mut self.view.series[series.index()] {
                view.range = range;
            }
            let low = Some(range.low).filter(|low| old.is_none_or(|old| *low < old.low));
            let high = Some(range.high).filter(|high| old.is_none_or(|old| *high > old.high));
            grown[series.index()] = [low, high];
        }
        grown
    }

    fn believe(&self, series: Series, price: Price, confirmed: bool, old: Option<Range>) -> Range {
        let believed = if confirmed {
            Some(Range::point(price))
        } else {
            self.reach_of_others(series).map(|reach| Range::point(price.clamp(reach.low, reach.high)))
        };
        match (old, believed) {
            (Some(old), Some(new)) => old.joined(new),
            (Some(old), None) => old,
            (None, new) => new.unwrap_or(Range::point(price)),
        }
    }

    /// Where the other series stand: a value counts toward extremes only as far as another one confirms it.
    fn reach_of_others(&self, series: Series) -> Option<Range> {
        let others = Series::ALL.iter().filter(|other| **other != series);
        others.filter_map(|other| self.price(*other)).map(Range::point).reduce(Range::joined)
    }

    /// The prices as they are recorded with an event.
    #[must_use]
    pub const fn view(&self) -> MarketView {
        self.view
    }

    /// Ends the window after a recorded event; the next one begins at the newest prices.
    pub(crate) fn close_window(&mut self) {
        for (view, peaks) in self.view.series.iter_mut().zip(&mut self.peaks) {
            if let Some(view) = view {
                peaks.push(self.window, view.range);
                view.range = believed_point(view);
            }
        }
        self.window += 1;
    }

    /// Puts back the prices that a recorded event was decided on, before it is decided again.
    pub(crate) fn restore(&mut self, view: MarketView) {
        self.view = view;
    }

    /// Forgets all closed windows: for when nothing is open on the instrument.
    pub(crate) fn forget_windows(&mut self) {
        self.peaks = Default::default();
    }

    /// The open window's range of a series, as exclusive bounds on the mantissa: inside it nothing is new.
    pub(crate) fn seen(&self, series: Series) -> Option<Range> {
        self.view.series[series.index()].map(|view| view.range)
    }
}

/// A newly begun window starts at the newest price, or at the nearest believed one when that is in doubt.
fn believed_point(view: &SeriesView) -> Range {
    let price = view.price.clamp(view.range.low, view.range.high);
    Range::point(if view.confirmed { view.price } else { price })
}

/// The value of one series out of a set of new prices.
pub(crate) fn news(prices: &Prices) -> impl Iterator<Item = (Series, Price)> + '_ {
    Series::ALL.into_iter().filter_map(|series| Some((series, prices.of(series)?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn put(board: &mut Board, value: &str) {
        board.put(&of(Series::Last, value), Timestamp::EPOCH, true);
    }

    fn of(series: Series, value: &str) -> Prices {
        let at = |wanted| (series == wanted).then(|| price(value));
        Prices { last: at(Series::Last), mark: at(Series::Mark), bid: at(Series::Bid), ask: at(Series::Ask) }
    }

    #[test]
    fn extremes_are_known_since_any_window() {
        let mut board = Board::default();
        put(&mut board, "100");
        put(&mut board, "110");
        board.close_window();
        let later = board.next_window() - 1;
        put(&mut board, "105");
        put(&mut board, "90");
        board.close_window();
        put(&mut board, "95");
        assert_eq!(board.range_since(Series::Last, 0), Some(Range { high: price("110"), low: price("90") }));
        // The second window begins at the newest price of the first, 110.
        assert_eq!(board.range_since(Series::Last, later), Some(Range { high: price("110"), low: price("90") }));
        let last = board.next_window() - 1;
        assert_eq!(board.range_since(Series::Last, last), Some(Range { high: price("95"), low: price("90") }));
    }

    #[test]
    fn a_window_that_has_yet_to_begin_knows_nothing_of_what_was_before() {
        let mut board = Board::default();
        put(&mut board, "110");
        put(&mut board, "100");
        let next = board.next_window();
        assert_eq!(board.range_since(Series::Last, next), Some(Range::point(price("100"))));
        board.close_window();
        put(&mut board, "101");
        assert_eq!(board.range_since(Series::Last, next), Some(Range { high: price("101"), low: price("100") }));
    }

    #[test]
    fn a_lone_misprint_moves_no_extreme() {
        // F-H01: 8 ms at 0.001 while everything else stands at 3.
        let mut board = Board::default();
        let at = Timestamp::EPOCH;
        for series in [Series::Mark, Series::Bid, Series::Ask, Series::Last] {
            board.put(&of(series, "3"), at, false);
        }
        board.put(&of(Series::Last, "0.001"), at, false);
        assert_eq!(board.range_since(Series::Last, 0), Some(Range::point(price("3"))));
        board.put(&of(Series::Mark, "2"), at, false);
        board.put(&of(Series::Last, "1.5"), at, false);
        assert_eq!(board.range_since(Series::Last, 0).map(|range| range.low), Some(price("2")));
    }

    #[test]
    fn an_old_price_decides_nothing() {
        let mut board = Board::default();
        board.put(&of(Series::Mark, "3"), Timestamp::EPOCH, false);
        let later = Timestamp::EPOCH.plus(Span::from_millis(3001));
        assert_eq!(board.fresh(Series::Mark, later), None);
        assert_eq!(board.price(Series::Mark), Some(price("3")));
    }

    #[test]
    fn a_value_is_renewed_where_the_one_before_was_too_old_or_might_have_been_a_misprint() {
        let mut board = Board::default();
        let (now, soon) = (Timestamp::EPOCH, Timestamp::EPOCH.plus(STALE_AFTER));
        let late = soon.plus(Span::from_millis(1));
        let renewed = |board: &Board, now, confirmed| board.is_renewed(Series::Last, now, confirmed);
        assert!(!renewed(&board, now, true), "nothing was known");
        board.put(&of(Series::Last, "100"), now, false);
        assert_eq!((renewed(&board, soon, false), renewed(&board, soon, true)), (false, true));
        assert_eq!((renewed(&board, late, false), renewed(&board, late, true)), (true, true));
        board.put(&of(Series::Last, "100"), now, true);
        assert_eq!(
            (renewed(&board, late, false), renewed(&board, late, true)),
            (false, false),
            "what is confirmed stays fresh"
        );
    }
}
