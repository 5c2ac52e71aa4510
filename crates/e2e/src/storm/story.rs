//! The head of a story: where a life is lived, what is wrong there, and what happens, in a few lines.

use super::life::{Act, Life};
use super::troubles;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What says the same but for its numbers is told so often.
const TOLD: usize = 3;

/// A life in words.
#[must_use]
pub fn place(life: &Life) -> String {
    let mut text = format!(
        "seed {}: {} at {:?}, {:?}, tick {} step {}, {:?}, {} s\n",
        life.seed,
        life.side,
        life.venue,
        life.mode,
        life.grid.tick,
        life.grid.step,
        life.adopt,
        life.length / 1_000
    );
    // A text takes everything that is written to it.
    for reading in &life.readings {
        let _ = writeln!(text, "  otherwise: {reading:?}, {}", reading.words());
    }
    if let Some(least) = life.least {
        let told = if least.told { "as the engine is told" } else { "and the engine is not told" };
        let _ = writeln!(text, "  levels stand {} off at least, {told}", least.distance);
    }
    if let Some(ticks) = life.least_move {
        let _ = writeln!(text, "  levels move by {ticks} ticks at least");
    }
    if life.in_parts {
        text.push_str("  last, mark and book are told one after the other\n");
    }
    for trouble in &life.troubles {
        let (from, until) = trouble.window;
        let ids = troubles::ids_of(trouble).join(" ");
        let _ = writeln!(
            text,
            "  {ids}: {:?} {:?} of {:?}, {} in a million, {from} to {until} ms",
            trouble.fault, trouble.what, trouble.scope, trouble.per_million
        );
    }
    for (at, act) in life.acts.iter().filter(|(_, act)| !matches!(act, Act::Market { .. })) {
        let _ = writeln!(text, "  {at} ms: {act:?}");
    }
    text
}

/// A long story for people: prices are left out, and what happens again and again is told three times; each time
/// something else has happened in between, how much was left out is said.
#[must_use]
pub fn without_repetition(story: &[String]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let (mut told, mut left_out) = (Vec::new(), 0_usize);
    for line in story.iter().filter(|line| !line.contains(" price ")) {
        let words: String = line.chars().filter(|c| !c.is_ascii_digit()).collect();
        let count = seen.entry(words.split_whitespace().collect()).or_default();
        *count += 1;
        if *count > TOLD {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            told.push(format!("         … {left_out} lines like these"));
            left_out = 0;
        }
        told.push(line.clone());
    }
    told
}
