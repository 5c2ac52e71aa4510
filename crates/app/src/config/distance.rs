//! Distances as they are written: always with their unit, so that `0.03`, `3` and `3.00` can never be confused.

use super::amounts::not_a;
use super::located::Located;
use super::problem::Problem;
use super::times::read_length;
use super::wire;
use backstop_model::plan::{AtrSpec, TrailDistance};
use backstop_model::{Distance, ParseUnitError, Points, Price, Ratio, Span};

/// What `distance: max` means where the venue has no trailing order of its own: the largest there is anywhere, Binance's
/// (venues/binance.md §8.2).
const LARGEST_NATIVE_TRAIL: &str = "20";
/// The word for the largest distance that the venue trails by.
const LARGEST: &str = "max";

/// Words for trail distances, and their percentages.
const PRESETS: [(&str, &str); 4] = [("tight", "2"), ("standard", "3"), ("loose", "5"), (LARGEST, LARGEST_NATIVE_TRAIL)];

const UNITS: &str = "units are % (percent), % margin, pt (points of price), atr or atr(14, 5m), R (initial risks), or \"@ 102.50\" (a price)";

/// A distance from the entry.
pub(super) fn distance(written: &Located<wire::Distance>, what: &str) -> Result<Distance, Problem> {
    let text = written.value.0.trim();
    if PRESETS.iter().any(|(word, _)| *word == text) {
        let help = format!("write a percentage; `{text}` is a word for the distance of a trail");
        return Err(not_a(written.at, text, &format!("distance of {what}"), &help));
    }
    let distance = match read(text) {
        Ok(distance) => distance,
        Err(Wrong::NoUnit) => return Err(no_unit(written, what)),
        Err(Wrong::NotADistance) => return Err(not_a(written.at, text, "distance", UNITS)),
        Err(Wrong::Number(wrong)) => {
            let message = format!("`{text}` is not a distance: `{}`: {}", wrong.text, wrong.why);
            return Err(Problem::new(written.at, message, UNITS));
        }
    };
    if !is_positive(distance) {
        let message = format!("{what} `{text}`: a distance is greater than zero");
        return Err(Problem::new(
            written.at,
            message,
            "write it without a sign; what it belongs to says the direction",
        ));
    }
    Ok(distance)
}

/// Whether it is the venue's largest, whatever that is.
pub(super) fn is_largest(written: &Located<wire::Distance>) -> bool {
    written.value.0.trim() == LARGEST
}

/// A distance behind the best price.
pub(super) fn trail(written: &Located<wire::Distance>) -> Result<TrailDistance, Problem> {
    let text = written.value.0.trim();
    let preset = PRESETS.iter().find(|(word, _)| *word == text);
    let spelled = preset.map(|(_, percent)| written.with(wire::Distance(format!("{percent}%"))));
    match distance(spelled.as_ref().unwrap_or(written), "trailing distance")? {
        Distance::Atr(atr) => Ok(TrailDistance::Atr(atr)),
        Distance::Percent(ratio) if ratio >= Ratio::ONE => {
            let message = format!("trailing distance `{text}`: a stop 100 % behind protects nothing");
            Err(Problem::new(written.at, message, "write a percentage below 100%, for example `2%`"))
        }
        Distance::Percent(ratio) => Ok(TrailDistance::Percent(ratio)),
        Distance::Points(points) => Ok(TrailDistance::Points(points)),
        Distance::Risk(ratio) => Ok(TrailDistance::Risk(ratio)),
        Distance::At(_) | Distance::Margin(_) => {
            let message = format!("a trail cannot stay `{text}` behind the best price");
            Err(Problem::new(written.at, message, "write it in %, pt or R, or as tight, standard, loose or max"))
        }
    }
}

fn no_unit(written: &Located<wire::Distance>, what: &str) -> Problem {
    let text = written.value.0.trim();
    // A stop loss is what an initial risk is measured by.
    let risk = if what.contains("stop") { String::new() } else { format!("`{text} R` (initial risks) ") };
    let help = format!(
        "write `{text}%` (percent), `{text}% margin` (return on margin), `{text} pt` (points of price), `{text} atr` \
         (average true ranges), {risk}or \"@ {text}\" (a price)"
    );
    Problem::new(written.at, format!("{what} `{text}` has no unit"), help)
}

enum Wrong {
    NoUnit,
    NotADistance,
    Number(ParseUnitError),
}

impl From<ParseUnitError> for Wrong {
    fn from(wrong: ParseUnitError) -> Self {
        Self::Number(wrong)
    }
}

fn read(text: &str) -> Result<Distance, Wrong> {
    if let Some(price) = text.strip_prefix('@') {
        return Ok(Distance::At(price.trim_start().parse::<Price>()?));
    }
    let end = text.find(|letter: char| !letter.is_ascii_digit() && !"+-.,".contains(letter)).unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    if number.is_empty() {
        return Err(Wrong::NotADistance);
    }
    match unit {
        "" => number.parse::<Ratio>().map_err(Wrong::from).and(Err(Wrong::NoUnit)),
        "%" => Ok(Distance::Percent(Ratio::percent(number)?)),
        "pt" => Ok(Distance::Points(number.parse::<Points>()?)),
        "R" => Ok(Distance::Risk(number.parse()?)),
        other if margin(other) => Ok(Distance::Margin(Ratio::percent(number)?)),
        other => {
            let multiple = number.parse()?;
            atr(other, multiple).map(Distance::Atr).ok_or(Wrong::NotADistance)
        }
    }
}

fn margin(unit: &str) -> bool {
    unit.strip_prefix('%').is_some_and(|rest| rest.trim_start() == "margin")
}

/// `atr`, `atr(14)` or `atr(14, 5m)`: period 14 and bars of one hour unless said.
fn atr(unit: &str, multiple: Ratio) -> Option<AtrSpec> {
    let rest = unit.strip_prefix("atr")?.trim();
    let mut spec = AtrSpec { multiple, period: 14, interval: Span::from_secs(3600) };
    if rest.is_empty() {
        return Some(spec);
    }
    let inside = rest.strip_prefix('(')?.strip_suffix(')')?;
    let (period, interval) = inside.split_once(',').unwrap_or((inside, "1h"));
    spec.period = period.trim().parse().ok().filter(|period| *period > 0)?;
    spec.interval = read_length(interval.trim()).filter(|length| *length > Span::ZERO)?;
    Some(spec)
}

fn is_positive(distance: Distance) -> bool {
    match distance {
        Distance::At(_) => true,
        Distance::Atr(atr) => atr.multiple > Ratio::ZERO,
        Distance::Margin(ratio) | Distance::Percent(ratio) | Distance::Risk(ratio) => ratio > Ratio::ZERO,
        Distance::Points(points) => points > Points::ZERO,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::super::located::Place;
    use super::*;

    fn at(text: &str) -> Located<wire::Distance> {
        Located { value: wire::Distance(text.to_owned()), at: Place { line: 1, column: 1, length: 1 } }
    }

    #[test]
    fn every_written_form_means_what_the_table_says() {
        let cases = [
            ("3%", Distance::Percent(Ratio::percent("3").unwrap())),
            (" 3 % ", Distance::Percent(Ratio::percent("3").unwrap())),
            ("0.03%", Distance::Percent("0.0003".parse().unwrap())),
            ("15% margin", Distance::Margin(Ratio::percent("15").unwrap())),
            ("15 %  margin", Distance::Margin(Ratio::percent("15").unwrap())),
            ("25 pt", Distance::Points("25".parse().unwrap())),
            ("0.5pt", Distance::Points("0.5".parse().unwrap())),
            ("2 R", Distance::Risk("2".parse().unwrap())),
            ("@ 102.50", Distance::At("102.5".parse().unwrap())),
            ("@102.50", Distance::At("102.5".parse().unwrap())),
            ("2.1000000001%", Distance::Percent("0.021000000001".parse().unwrap())),
        ];
        for (text, meant) in cases {
            assert_eq!(distance(&at(text), "stop_loss").unwrap(), meant, "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_told_the_units() {
        for (bare, what) in [("3", "the activation"), ("0.03", "the activation"), ("3.00", "stop_loss")] {
            let wrong = distance(&at(bare), what).unwrap_err();
            assert_eq!(wrong.message, format!("{what} `{bare}` has no unit"));
            for unit in [format!("`{bare}%`"), format!("`{bare} pt`"), format!("`{bare} atr`"), format!("\"@ {bare}\"")]
            {
                assert!(wrong.help.contains(&unit), "{}", wrong.help);
            }
            // An initial risk is measured by the stop loss.
            assert_eq!(wrong.help.contains(&format!("`{bare} R`")), what != "stop_loss", "{}", wrong.help);
        }
    }

    #[test]
    fn what_is_no_distance_is_refused() {
        let bad = [
            "",
            "abc",
            "%",
            "3 %%",
            "3 percent",
            "1,5%",
            "1e2%",
            "NaN%",
            "@",
            "@ -1",
            "@ 0",
            "-2%",
            "0%",
            "0 pt",
            "+3%",
            "3 r",
            "tight",
            "∞",
            "3 atr(0, 5m)",
            "3 atr(14",
            "3 atr(14, 5x)",
            "3% margins",
            "1.23456789012%",
        ];
        for text in bad {
            assert!(distance(&at(text), "stop_loss").is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn atr_takes_period_and_bar_or_the_usual_ones() {
        for (text, period, minutes) in [("1.5 atr", 14, 60), ("1.5 atr(14, 5m)", 14, 5), ("1.5atr(10)", 10, 60)] {
            let Distance::Atr(atr) = distance(&at(text), "stop_loss").unwrap() else { panic!("{text}") };
            assert_eq!((atr.period, atr.interval), (period, Span::from_secs(60 * minutes)), "{text}");
        }
        let spec = atr("atr(10, 5m)", Ratio::ONE).unwrap();
        assert_eq!((spec.period, spec.interval), (10, Span::from_secs(300)));
    }

    #[test]
    fn trails_have_words_of_their_own() {
        for (word, percent) in [("tight", "2"), ("standard", "3"), ("loose", "5"), ("max", "20")] {
            assert_eq!(trail(&at(word)).unwrap(), TrailDistance::Percent(Ratio::percent(percent).unwrap()));
        }
        assert_eq!(trail(&at("10 pt")).unwrap(), TrailDistance::Points("10".parse().unwrap()));
        for bad in ["@ 100", "5% margin", "100%", "wide", "3"] {
            assert!(trail(&at(bad)).is_err(), "{bad}");
        }
    }
}
