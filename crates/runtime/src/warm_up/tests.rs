//! When bars of the past are asked for, and what is made of them.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
use super::*;
use crate::cycle::tests::definitions;
use backstop_model::plan::{AtrSpec, Distance, ExitPlan, ExitPlanSpec, StopLoss};
use backstop_model::{Name, PlanId, Price, Prices, Ratio, Stamped, TriggerSource};

const BTC: InstrumentId = InstrumentId(0);
const MINUTE: i64 = 60;

fn at(second: i64) -> Timestamp {
    Timestamp::EPOCH.plus(Span::from_secs(second))
}

struct Bench {
    engine: Engine,
    warm_ups: WarmUps,
}

impl Bench {
    /// An engine whose plans measure averages over so many bars of so many minutes, beginning at an odd second.
    fn measuring(specs: &[(u16, i64)]) -> Self {
        let mut bench = Self { engine: Engine::new(), warm_ups: WarmUps::default() };
        definitions().into_iter().take(3).for_each(|event| bench.take(0, event));
        for (number, (period, minutes)) in (0..).zip(specs) {
            let interval = Span::from_secs(minutes * MINUTE);
            let atr = Distance::Atr(AtrSpec { multiple: Ratio::ONE, period: *period, interval });
            let stop = StopLoss::new(atr, TriggerSource::Mark);
            let mut spec = ExitPlanSpec::new(Name::new("p").unwrap(), stop);
            spec.only_stops = true;
            let plan = std::sync::Arc::new(ExitPlan::try_from(spec).unwrap());
            bench.take(0, Event::DefinePlan { id: PlanId(number), plan });
            bench.warm_ups.keep(at(100_030), interval);
        }
        bench.warm_ups.follow(at(100_030), BTC);
        bench
    }

    fn take(&mut self, second: i64, event: Event) {
        self.engine.handle(&Stamped { sequence: 1, at: at(second), event });
    }

    fn price(&mut self, second: i64) {
        let price: Price = "100".parse().unwrap();
        let tick = Tick { instrument: BTC, prices: Prices::all(price), confirmed: true };
        self.warm_ups.hear(at(second), &tick, self.engine.board(BTC));
        self.take(second, Event::Tick(tick));
    }

    /// All questions that are due: length in minutes, seconds.
    fn asked(&mut self, second: i64) -> Vec<(i64, i64)> {
        let mut asked = Vec::new();
        while let Some(question) = self.warm_ups.due(at(second), &self.engine) {
            assert_eq!(question.series, Series::Last);
            asked.push((question.interval.as_millis() / 60_000, question.since.as_millis() / 1_000));
        }
        asked
    }

    /// The venue answers with all candles of that length in a time; how many bars are made of them besides.
    fn answers(&mut self, second: i64, minutes: i64, from: i64, to: i64) -> Vec<usize> {
        let price = |text: &str| text.parse::<Price>().unwrap();
        let candle =
            |opened: i64| Candle { opened_at: at(opened), high: price("101"), low: price("99"), close: price("100") };
        let length = usize::try_from(minutes * MINUTE).unwrap();
        let candles: Vec<Candle> = (from..to).step_by(length).map(candle).collect();
        let interval = Span::from_secs(minutes * MINUTE);
        let made = self.warm_ups.answered(at(second), BTC, interval, &candles);
        self.take(second, Event::Candles { instrument: BTC, interval, candles, history: Some(Series::Last) });
        let count = |event: &Event| match event {
            Event::Candles { candles, .. } => candles.len(),
            other => panic!("{other:?}"),
        };
        let counted = made.iter().map(count).collect();
        made.into_iter().for_each(|event| self.take(second, event));
        counted
    }
}

#[test]
fn bars_are_asked_for_at_the_start_and_again_when_the_one_has_ended_that_was_open_then() {
    let mut bench = Bench::measuring(&[(14, 5)]);
    // The open bar began at 99,900; 141 bars before it are wanted.
    assert_eq!(bench.asked(100_030), [(5, 99_900 - 141 * 300)]);
    assert_eq!(bench.asked(100_031), []);
    bench.answers(100_031, 5, 99_900 - 141 * 300, 99_900);
    assert_eq!(bench.asked(100_200), []);
    assert_eq!(bench.asked(100_201), [(5, 99_600)], "from the newest bar that is known");
    bench.answers(100_202, 5, 99_600, 100_200);
    assert_eq!(bench.asked(1_000_000), []);
}

#[test]
fn a_restart_asks_from_where_it_was_and_a_long_absence_for_everything_anew() {
    let mut bench = Bench::measuring(&[(14, 60)]);
    bench.answers(100_030, 60, 0, 97_200);
    bench.warm_ups = WarmUps::default();
    bench.warm_ups.keep(at(200_000), Span::from_secs(3_600));
    bench.warm_ups.follow(at(200_000), BTC);
    assert_eq!(bench.asked(200_000), [(60, 93_600)]);
    let later = 93_600 + 999 * 3_600;
    assert_eq!(bench.asked(later), [(60, later - 141 * 3_600)]);
}

#[test]
fn a_silence_that_has_cost_bars_is_made_good_and_a_shorter_one_is_none() {
    let mut bench = Bench::measuring(&[(3, 5)]);
    bench.asked(100_030);
    bench.answers(100_300, 5, 90_000, 100_200);
    for second in [100_300, 100_500, 100_810] {
        bench.price(second);
        assert_eq!(bench.asked(second), [], "{second}");
    }
    bench.price(101_400);
    assert_eq!(bench.asked(101_400), [(5, 99_900)]);
}

#[test]
fn what_no_venue_keeps_is_made_of_shorter_candles_and_only_whole() {
    let mut bench = Bench::measuring(&[(3, 30)]);
    let open = 99_000;
    assert_eq!(bench.asked(100_030), [(15, open - 31 * 1_800)]);
    assert_eq!(
        bench.answers(100_031, 15, open - 4 * 1_800 - 900, 99_900),
        [4],
        "the first is cut off, the last is open"
    );
    let known = bench.engine.known_bars(BTC, Span::from_secs(1_800)).unwrap();
    assert_eq!(known.through, Some(at(open - 1_800)));
}

#[test]
fn a_venue_that_does_not_answer_is_asked_three_times_and_then_seldom() {
    let mut bench = Bench::measuring(&[(14, 60)]);
    let asked: Vec<i64> = (100_030..101_300).filter(|second| !bench.asked(*second).is_empty()).collect();
    assert_eq!(asked, [100_030, 100_035, 100_040, 100_640, 101_240]);
}

#[test]
fn no_more_questions_are_under_way_at_once_than_a_venue_bears_and_odd_lengths_are_left_to_own_bars() {
    let mut bench = Bench::measuring(&[(14, 1), (14, 5), (14, 15), (14, 60), (14, 240)]);
    bench.warm_ups.keep(at(100_030), Span::from_secs(90));
    assert_eq!(bench.asked(100_030).len(), UNDER_WAY);
    bench.answers(100_031, 1, 90_000, 99_960);
    assert_eq!(bench.asked(100_031).len(), 1);
}
