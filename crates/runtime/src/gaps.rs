//! Gaps in prices: a series that was silent for longer than a bar, because the connection or this program was down. The venue
//! is asked for its candles of that time (product.md §2.3); what they mean for a position is the core's.
//!
//! Asked twice: at once, and again when the bar has ended in which the prices came back, because its beginning lies in the
//! gap. A question that nobody answers is repeated a few times, then left: what was heard stands.

use crate::bars::began;
use backstop_core::board::Board;
use backstop_model::{AccountId, InstrumentId, Series, Span, Tick, Timestamp};
use backstop_venues::CandleQuestion;
use std::collections::BTreeMap;

/// A silence longer than this is a gap: a bar of the shortest kind.
const SILENCE: Span = Span::from_secs(60);
/// Lengths of candles in seconds, shortest first.
const LENGTHS: [i64; 5] = [60, 300, 900, 3_600, 14_400];
/// Candles asked for at once.
const MOST: i64 = 1_000;
/// An answer may take so long.
const PATIENCE: Span = Span::from_secs(5);
/// How often it is asked without an answer.
const ATTEMPTS: u8 = 3;
/// After its end a venue needs this long to have a candle ready.
const SETTLING: Span = Span::from_secs(1);

/// One gap that is being asked about.
#[derive(Clone, Copy, Debug)]
struct Gap {
    /// The last price before it.
    since: Timestamp,
    /// The first price after it.
    until: Timestamp,
    ask_at: Timestamp,
    attempts: u8,
    /// The bar it ends in has been asked for.
    last: bool,
}

impl Gap {
    /// The shortest candles of which few enough cover it.
    fn interval(&self) -> Span {
        let fits =
            |seconds: &&i64| self.until.since(self.since).as_nanos() / Span::from_secs(**seconds).as_nanos() < MOST - 2;
        Span::from_secs(LENGTHS.iter().find(fits).copied().unwrap_or(LENGTHS[LENGTHS.len() - 1]))
    }

    /// When the bar has ended in which the prices came back.
    fn settled_at(&self) -> Timestamp {
        let interval = self.interval();
        began(self.until, interval).plus(interval).plus(SETTLING)
    }
}

/// The gaps of all instruments.
#[derive(Debug, Default)]
pub struct Gaps {
    open: BTreeMap<(InstrumentId, Series), Gap>,
}

impl Gaps {
    /// Looks at new prices before they are taken in: `board` has the ones before.
    pub fn hear(&mut self, now: Timestamp, tick: &Tick, board: Option<&Board>) {
        let Some(board) = board else { return };
        for series in Series::ALL.into_iter().filter(|series| tick.prices.of(*series).is_some()) {
            let Some(since) = board.heard_at(series).filter(|at| now.since(*at) > SILENCE) else { continue };
            let known = self.open.get(&(tick.instrument, series)).map(|gap| gap.since);
            let since = known.map_or(since, |known| known.min(since));
            let gap = Gap { since, until: now, ask_at: now, attempts: 0, last: false };
            self.open.insert((tick.instrument, series), gap);
        }
    }

    /// The question that is due now. `follower` says whose position needs to know; what nobody needs is forgotten.
    pub fn due(
        &mut self,
        now: Timestamp,
        follower: impl Fn(InstrumentId, Series) -> Option<AccountId>,
    ) -> Option<CandleQuestion> {
        self.open.retain(|(instrument, series), gap| {
            gap.ask_at > now || (gap.attempts < ATTEMPTS && follower(*instrument, *series).is_some())
        });
        let ((instrument, series), gap) = self.open.iter_mut().find(|(_, gap)| gap.ask_at <= now)?;
        gap.ask_at = now.plus(PATIENCE);
        gap.attempts += 1;
        gap.last |= now >= gap.settled_at();
        let (interval, account) = (gap.interval(), follower(*instrument, *series)?);
        let since = began(gap.since, interval);
        Some(CandleQuestion { account, instrument: *instrument, series: *series, interval, since })
    }

    /// The venue has answered.
    pub fn answered(&mut self, instrument: InstrumentId, series: Series, length: Span) {
        let gap = self.open.get_mut(&(instrument, series));
        let Some(gap) = gap.filter(|gap| gap.interval() == length) else { return };
        if gap.last {
            self.open.remove(&(instrument, series));
            return;
        }
        (gap.ask_at, gap.attempts) = (gap.settled_at(), 0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::cycle::tests::instrument_spec;
    use backstop_core::Engine;
    use backstop_model::{Event, Instrument, Prices, Stamped};

    const BTC: InstrumentId = InstrumentId(0);

    fn at(second: i64) -> Timestamp {
        Timestamp::EPOCH.plus(Span::from_secs(second))
    }

    /// An engine that hears prices, and what is asked about the time when it did not.
    struct Bench {
        engine: Engine,
        gaps: Gaps,
        series: Vec<Series>,
    }

    impl Bench {
        fn following(series: &[Series]) -> Self {
            let mut engine = Engine::new();
            let event = Event::DefineInstrument(Box::new(Instrument::try_from(instrument_spec()).unwrap()));
            engine.handle(&Stamped { sequence: 1, at: at(0), event });
            Self { engine, gaps: Gaps::default(), series: series.to_vec() }
        }

        fn price(&mut self, second: i64, prices: Prices) {
            let tick = Tick { instrument: BTC, prices, confirmed: true };
            self.gaps.hear(at(second), &tick, self.engine.board(BTC));
            self.engine.handle(&Stamped { sequence: 2, at: at(second), event: Event::Tick(tick) });
        }

        /// All questions that are due: series, length in minutes, seconds.
        fn asked(&mut self, second: i64) -> Vec<(Series, i64, i64)> {
            let mut asked = Vec::new();
            let series = self.series.clone();
            let follower = |_, of: Series| series.contains(&of).then_some(AccountId(0));
            while let Some(question) = self.gaps.due(at(second), follower) {
                let minutes = question.interval.as_millis() / 60_000;
                asked.push((question.series, minutes, question.since.as_millis() / 1_000));
            }
            asked
        }
    }

    fn last(price: &str) -> Prices {
        Prices { last: price.parse().ok(), ..Prices::default() }
    }

    #[test]
    fn a_gap_is_asked_about_at_once_and_again_when_its_last_bar_has_ended() {
        let mut bench = Bench::following(&[Series::Last]);
        bench.price(10, last("100"));
        bench.price(70, last("101"));
        assert_eq!(bench.asked(70), [], "a bar without prices is no gap");
        bench.price(310, last("102"));
        assert_eq!(bench.asked(310), [(Series::Last, 1, 60)]);
        assert_eq!(bench.asked(311), []);
        bench.gaps.answered(BTC, Series::Last, SILENCE);
        assert_eq!(bench.asked(360), []);
        assert_eq!(bench.asked(361), [(Series::Last, 1, 60)]);
        bench.gaps.answered(BTC, Series::Last, SILENCE);
        assert_eq!(bench.asked(10_000), []);
    }

    #[test]
    fn only_what_a_position_follows_is_asked_for_and_an_answer_that_does_not_come_three_times_at_most() {
        let mut bench = Bench::following(&[Series::Mark]);
        bench.price(0, Prices::all("100".parse().unwrap()));
        bench.price(600, Prices::all("100".parse().unwrap()));
        for second in [600, 605, 610] {
            assert_eq!(bench.asked(second), [(Series::Mark, 1, 0)], "{second}");
        }
        assert_eq!(bench.asked(615), []);
    }

    #[test]
    fn a_long_gap_is_asked_for_in_longer_candles() {
        for (hours, minutes) in [(16, 1), (17, 5), (24 * 10, 15), (24 * 30, 60), (24 * 365, 240)] {
            let mut bench = Bench::following(&[Series::Last]);
            bench.price(0, last("100"));
            bench.price(hours * 3_600, last("100"));
            assert_eq!(bench.asked(hours * 3_600), [(Series::Last, minutes, 0)], "{hours} h");
        }
    }
}
