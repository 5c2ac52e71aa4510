//! Targets that are too small, too near to be worth it, too far to be reached, or eaten by fees.

use super::super::ground::Ground;
use super::in_words;
use crate::exits::ladder::{Level, LevelState};
use backstop_model::{Money, OutOfRange, Ratio, Rounding, Span};

/// A first target nearer than this many tenths of the risk is hardly worth a stop.
const NEAR_TENTHS: u32 = 3;
/// A first target farther than so many times the risk is reached by few.
const FAR_MULTIPLE: u32 = 20;

/// What the ladder says of levels that are too small, and who has their share.
pub(super) fn too_small(ground: &Ground, told: &[String]) -> Vec<String> {
    let falls_back = told.iter().any(|text| text.starts_with("Scaled TP falls back"));
    let mut words: Vec<String> = told
        .iter()
        .map(|text| match skipped(text).filter(|_| !falls_back) {
            Some(number) => format!("{text}, {}", heir(ground, number)),
            None => text.clone(),
        })
        .collect();
    if !falls_back {
        words.extend(ground.levels.iter().filter_map(|level| left_out(ground, level, told)));
    }
    let closes = ground.levels.iter().any(|level| !level.planned.is_zero());
    if !closes && !told.is_empty() && !ground.case.plan.trails() {
        words.push("no level closes anything: the position ends by its stop, by hand or by time only".to_owned());
    }
    words
}

/// A level that is meant to close something and never does, because the one before closes what would be too little.
fn left_out(ground: &Ground, level: &Level, told: &[String]) -> Option<String> {
    let number = level.number;
    let share = ground.case.plan.take_profits.get(usize::from(number.saturating_sub(1)))?.close;
    let is_told = told.iter().any(|text| skipped(text) == Some(number));
    if level.state != LevelState::Moot || share == Ratio::ZERO || is_told {
        return None;
    }
    let before = ground.levels.iter().rev().find(|other| other.number < number && !other.planned.is_zero())?.number;
    Some(format!(
        "TP{number} closes nothing: what TP{before} would leave is below the minimum, so TP{before} closes all of it"
    ))
}

/// The level that a message says was skipped.
fn skipped(text: &str) -> Option<u8> {
    text.strip_prefix("TP")?.split_once(" skipped")?.0.parse().ok()
}

fn heir(ground: &Ground, number: u8) -> String {
    let closes = |level: &&Level| level.state == LevelState::Open && !level.planned.is_zero();
    let next = ground.levels.iter().filter(closes).find(|level| level.number > number);
    let before = || ground.levels.iter().rev().filter(closes).find(|level| level.number < number);
    match next.or_else(|| if ground.case.plan.trails() { None } else { before() }) {
        Some(level) => format!("its share goes to TP{}", level.number),
        None if ground.case.plan.trails() => "its share is trailed with the rest".to_owned(),
        None => "nothing takes its share".to_owned(),
    }
}

/// What is wrong with where the targets lie.
pub(super) fn warnings(ground: &Ground) -> Result<Vec<String>, OutOfRange> {
    let mut told = Vec::new();
    let closing: Vec<&Level> = ground.levels.iter().filter(|level| !level.planned.is_zero()).collect();
    for level in &closing {
        told.extend(eaten(ground, level)?);
    }
    if let Some(first) = closing.first() {
        told.extend(reward(ground, first)?);
    }
    for level in &closing {
        let far = ground.percent_from_entry(level.price)?;
        if far >= Ratio::whole(100) {
            told.push(format!("TP{} lies {far:.0} % from the entry: few prices ever go so far", level.number));
        }
    }
    told.extend(time(ground));
    Ok(told)
}

/// A target that earns no more than its fees in and out.
fn eaten(ground: &Ground, level: &Level) -> Result<Option<String>, OutOfRange> {
    let earns = ground.profit(level.price, level.planned)?;
    let fees = ground.entry_fee(level.planned)?.plus(ground.target_fee(level, level.planned)?)?;
    let other = ground.target_cost(level.planned)?.plus(ground.funding(level.planned)?)?;
    let left = earns.minus(fees)?.minus(other)?;
    let beside = in_words(other);
    Ok((left <= Money::ZERO).then(|| {
        let number = level.number;
        format!("fees eat TP{number}: it earns {earns} and costs {fees} in and out{beside}, net {left}")
    }))
}

/// How the first target that closes something compares with the risk.
fn reward(ground: &Ground, first: &Level) -> Result<Option<String>, OutOfRange> {
    let (number, multiple) = (first.number, ground.risk_multiple(first.price)?);
    let tenths = multiple.times(Ratio::whole(10), Rounding::Nearest)?;
    if tenths < Ratio::whole(NEAR_TENTHS) {
        let many = Ratio::ONE.over(multiple, Rounding::Down).map_or(Ratio::ZERO, Ratio::floored);
        return Ok(Some(format!(
            "TP{number} lies {multiple:.2} R from the entry: one stop costs what {many} such targets bring"
        )));
    }
    Ok((multiple > Ratio::whole(FAR_MULTIPLE))
        .then(|| format!("TP{number} lies {multiple:.1} R from the entry: the stop is hit first nearly always")))
}

/// Times that end a position before its distances mean anything, or before each other.
fn time(ground: &Ground) -> Vec<String> {
    let (plan, mut told) = (ground.case.plan, Vec::new());
    let Some(limit) = plan.time_limit else { return told };
    let words = limit.in_words();
    let longest = plan.atrs().map(|atr| atr.interval).max();
    if let Some(bar) = longest.filter(|bar| limit < *bar) {
        let bar = bar.in_words();
        told.push(format!("time_limit {words} ends the position before one bar of {bar} of its average true range"));
    }
    if let Some(at) = plan.close_at.as_ref().filter(|_| limit > Span::from_secs(25 * 3600)) {
        told.push(format!("time_limit {words} has no effect: close_at {at} comes first every day"));
    }
    if let Some(soft) = plan.soft_stop.filter(|soft| soft.patience >= limit) {
        let patience = soft.patience.in_words();
        told.push(format!("soft_stop has no effect: its patience {patience} is not shorter than time_limit {words}"));
    }
    told
}
