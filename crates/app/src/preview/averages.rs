//! Average true ranges that are given for looking at a plan: one for all, or one for each length of bars.
//!
//! Written as in a plan: `150`, `5m=40`, or with the period where two plans differ in it, `14, 5m=40`.

use crate::config::read_length;
use backstop_core::volatility::Volatility;
use backstop_model::plan::AtrSpec;
use backstop_model::{ExitPlan, ParseUnitError, Points, Ratio, Span};
use serde_json::{Map, Value};

/// What is given.
#[derive(Clone, Debug, Default)]
pub struct Averages {
    given: Vec<Average>,
}

/// One that is given.
#[derive(Clone, Debug)]
struct Average {
    /// As it is written; empty for all bars.
    bars: String,
    period: Option<u16>,
    interval: Option<Span>,
    points: Points,
}

impl Average {
    fn is_of(&self, spec: AtrSpec) -> bool {
        self.period.is_none_or(|period| period == spec.period)
            && self.interval.is_none_or(|interval| interval == spec.interval)
    }
}

impl Averages {
    /// One of the command line: `POINTS`, `BARS=POINTS` or `PERIOD, BARS=POINTS`.
    ///
    /// # Errors
    /// A text that says what to write.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        match text.rsplit_once('=') {
            Some((bars, points)) => self.of_bars(bars, points),
            None => self.of_bars("", text),
        }
    }

    /// One of bars that are named; of all without a name.
    ///
    /// # Errors
    /// A text that says what to write.
    pub fn of_bars(&mut self, bars: &str, points: &str) -> Result<(), String> {
        let bars = bars.trim();
        let average = points_of(points)?;
        let (period, interval) = match bars.split_once(',') {
            _ if bars.is_empty() => (None, None),
            Some((period, length)) => (Some(period.trim()), Some(length.trim())),
            None => (None, Some(bars)),
        };
        let wrong =
            || format!("{bars:?} names no bars: write their length, `5m` or `1h`, or period and length, `14, 5m`");
        let period = period.map(|text| text.parse().ok().filter(|period| *period > 0).ok_or_else(wrong)).transpose()?;
        let length = |text: &str| read_length(text).filter(|length| *length > Span::ZERO).ok_or_else(wrong);
        let interval = interval.map(length).transpose()?;
        if self.given.iter().any(|known| (known.period, known.interval) == (period, interval)) {
            let which = if bars.is_empty() { "the one for all bars".to_owned() } else { format!("that of {bars}") };
            return Err(format!("{which} is given twice"));
        }
        self.given.push(Average { bars: bars.to_owned(), period, interval, points: average });
        Ok(())
    }

    /// What it is of one that a plan measures: the one that is named most closely.
    fn of(&self, spec: AtrSpec) -> Option<Points> {
        let closeness = |average: &&Average| (average.interval.is_some(), average.period.is_some());
        self.given.iter().filter(|average| average.is_of(spec)).max_by_key(closeness).map(|average| average.points)
    }

    /// With those that the engine has measured, for what the plan measures and nobody has given.
    #[must_use]
    pub fn or_seen(mut self, plan: &ExitPlan, seen: &Volatility) -> Self {
        for spec in plan.atrs() {
            let unit = AtrSpec { multiple: Ratio::ONE, ..spec };
            if let (None, Some(points)) = (self.of(spec), seen.distance(unit)) {
                let (bars, period, interval) = (in_words(spec), Some(spec.period), Some(spec.interval));
                self.given.push(Average { bars, period, interval, points });
            }
        }
        self
    }

    /// As if they had been measured.
    #[must_use]
    pub fn measured(&self, plan: &ExitPlan) -> Volatility {
        Volatility::assumed(plan.atrs().filter_map(|spec| Some((spec, self.of(spec)?))))
    }

    /// Bars that are named and that no plan measures.
    #[must_use]
    pub fn needless<'a>(&self, plans: impl Iterator<Item = &'a ExitPlan> + Clone) -> Option<String> {
        let used = |average: &Average| plans.clone().any(|plan| plan.atrs().any(|spec| average.is_of(spec)));
        let average = self.given.iter().find(|average| average.interval.is_some() && !used(average))?;
        let mut measured: Vec<String> = plans.flat_map(|plan| plan.atrs()).map(in_words).collect();
        measured.sort();
        measured.dedup();
        let bars = &average.bars;
        Some(match measured.as_slice() {
            [] => format!("no plan measures an average true range; leave {bars} out"),
            some => format!("no plan measures an average true range of {bars}; measured are {}", some.join("; ")),
        })
    }

    /// For programs: the one for all as a string, else an object with one for each.
    #[must_use]
    pub fn as_json(&self) -> Value {
        match self.given.as_slice() {
            [] => Value::Null,
            [all] if all.bars.is_empty() => Value::String(all.points.to_string()),
            some => {
                let named =
                    some.iter().map(|average| (average.bars.clone(), Value::String(average.points.to_string())));
                Value::Object(named.collect::<Map<_, _>>())
            }
        }
    }
}

fn in_words(spec: AtrSpec) -> String {
    format!("{}, {}", spec.period, spec.interval.in_words())
}

fn points_of(text: &str) -> Result<Points, String> {
    let points: Points = text.trim().parse().map_err(|wrong: ParseUnitError| wrong.to_string())?;
    let why = || format!("{text:?} is no average true range: write points of price, greater than zero");
    (points > Points::ZERO).then_some(points).ok_or_else(why)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn of(given: &[&str], period: u16, minutes: i64) -> Option<String> {
        let mut averages = Averages::default();
        given.iter().for_each(|text| averages.add(text).unwrap());
        let interval = Span::from_secs(60 * minutes);
        averages.of(AtrSpec { multiple: Ratio::ONE, period, interval }).map(|points| points.to_string())
    }

    #[test]
    fn the_one_that_is_named_most_closely_counts() {
        let given = ["150", "5m=40", "7, 5m=30", "1h = 200"];
        let cases = [(14, 5, "40"), (7, 5, "30"), (14, 60, "200"), (14, 15, "150")];
        for (period, minutes, points) in cases {
            assert_eq!(of(&given, period, minutes).as_deref(), Some(points), "{period} {minutes}");
        }
        assert_eq!(of(&["5m=40"], 14, 60), None);
    }

    #[test]
    fn what_is_no_average_says_what_to_write() {
        for (text, why) in [
            ("much", "is not a"),
            ("-5", "is no average true range"),
            ("5x=40", "names no bars"),
            ("0, 5m=40", "names no bars"),
            ("5m=", "is not a"),
        ] {
            let told = Averages::default().add(text).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
        let mut twice = Averages::default();
        twice.add("5m=40").unwrap();
        assert_eq!(twice.add("5m=41").unwrap_err(), "that of 5m is given twice");
    }
}
