//! One broken rule: where, which rule, what is wrong, and the next step.

use std::fmt;

/// Sorted by place, so that a report reads like the tree.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Finding {
    /// Relative to the workspace root, with forward slashes.
    pub path: String,
    /// From 1; 1 as well when the whole file is meant.
    pub line: usize,
    /// The rule's short name.
    pub rule: &'static str,
    /// What is wrong here.
    pub what: String,
    /// What to do about it.
    pub next: String,
}

impl Finding {
    /// A finding at one line of one file.
    pub fn new(
        path: impl Into<String>,
        line: usize,
        rule: &'static str,
        what: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { path: path.into(), line, rule, what: what.into(), next: next.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, what, next } = self;
        write!(out, "{path}:{line}: [{rule}] {what}\n    next: {next}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_place_rule_and_next_step() {
        let finding = Finding::new("a/b.rs", 7, "size", "too long", "split it");
        assert_eq!(finding.to_string(), "a/b.rs:7: [size] too long\n    next: split it");
    }
}
