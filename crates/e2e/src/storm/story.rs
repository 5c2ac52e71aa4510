//! The head of a story: where a life is lived, what is wrong there, and what happens, in a few lines.

use super::life::{Act, Life};
use super::troubles;
use std::fmt::Write;

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
    for trouble in &life.troubles {
        let (from, until) = trouble.window;
        let ids = troubles::ids_of(trouble).join(" ");
        // A text takes everything that is written to it.
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
