//! Counting what was skipped: bad lines inside good input are no reason to stop, but they are never silent.

use std::fmt::Display;

/// A line that was not used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skipped {
    /// Its number, counted from 1.
    pub line: u64,
    /// Why.
    pub why: String,
}

/// How many lines there were, how many were skipped, and the first of those by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Lines looked at; a header and blank lines do not count.
    pub lines: u64,
    /// Lines not used.
    pub skipped: u64,
    /// The first of them.
    pub named: Vec<Skipped>,
}

impl Tally {
    /// So many skipped lines are named; the others are only counted.
    pub const NAMED: usize = 20;
    const LONGEST_REASON: usize = 300;

    /// Whether more than one line in a hundred was bad: the recording is not to be trusted (exit code 1).
    #[must_use]
    pub const fn is_too_much(&self) -> bool {
        self.skipped.saturating_mul(100) > self.lines
    }

    pub(crate) fn skip(&mut self, line: u64, why: impl Display) {
        self.skipped += 1;
        if self.named.len() < Self::NAMED {
            let why = why.to_string().chars().take(Self::LONGEST_REASON).collect();
            self.named.push(Skipped { line, why });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_is_borne() {
        let mut tally = Tally { lines: 100, ..Tally::default() };
        tally.skip(1, "bad");
        assert!(!tally.is_too_much());
        tally.skip(2, "bad");
        assert!(tally.is_too_much());
        assert!(!Tally::default().is_too_much());
    }

    #[test]
    fn only_the_first_are_named() {
        let mut tally = Tally::default();
        (0..100).for_each(|line| tally.skip(line, "x".repeat(1000)));
        assert_eq!((tally.skipped, tally.named.len(), tally.named[0].why.len()), (100, 20, 300));
    }
}
