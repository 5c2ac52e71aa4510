//! The ratchet: red lines for length, and a list of exceptions that may only shrink.
//!
//! `xtask/ratchet.txt` holds one exception a line, `key limit # reason`. A person adds a line by
//! hand and gives the reason, so that it is read in review; `--bless` only lowers and removes.

use std::collections::BTreeMap;
use std::fmt;

use super::finding::Finding;
use super::size::Size;

const RULE: &str = "size";

const HEADER: &str = "\
# Files and functions longer than the red line: `path limit # reason`, or `path::function limit # reason`.
# A limit may only shrink: `cargo xtask check --bless` lowers it. New lines are written by hand, with a reason.
";

/// The exceptions, as far as the file could be read.
#[derive(Debug)]
pub struct Ratchet {
    path: String,
    exceptions: BTreeMap<String, Exception>,
    unreadable: Vec<(usize, String)>,
}

#[derive(Debug)]
struct Exception {
    line: usize,
    limit: usize,
    reason: String,
}

impl Ratchet {
    /// Reads the list; lines that make no sense become findings later.
    pub fn parse(path: &str, text: &str) -> Self {
        let mut ratchet = Self { path: path.to_owned(), exceptions: BTreeMap::new(), unreadable: Vec::new() };
        for (line, content) in (1..).zip(text.lines()) {
            if content.trim().is_empty() || content.starts_with('#') {
                continue;
            }
            match parse_line(content) {
                Some((key, limit, reason)) => {
                    ratchet.exceptions.insert(key, Exception { line, limit, reason });
                }
                None => ratchet.unreadable.push((line, content.to_owned())),
            }
        }
        ratchet
    }

    /// Lowers every limit to today's size and drops what is no longer needed; never raises or adds.
    pub fn lower(&mut self, sizes: &[Size]) {
        self.exceptions.retain(|key, exception| {
            let Some(size) = sizes.iter().find(|size| size.key == *key) else { return false };
            exception.limit = exception.limit.min(size.lines);
            size.lines > size.red_line
        });
    }

    /// What is past its red line or its limit, and which limits are higher than they need to be.
    pub fn check(&self, sizes: &[Size]) -> Vec<Finding> {
        let unreadable = self.unreadable.iter().map(|(line, content)| {
            let what = format!("`{content}` is not `path limit # reason`");
            self.finding(*line, what, "write all three parts; the reason is not optional")
        });
        let sizes_found = sizes.iter().filter_map(|size| self.check_size(size));
        let gone = self.exceptions.iter().filter_map(|(key, exception)| {
            let is_gone = !sizes.iter().any(|size| size.key == *key);
            is_gone.then(|| self.finding(exception.line, format!("`{key}` does not exist"), LOWER))
        });
        unreadable.chain(sizes_found).chain(gone).collect()
    }

    fn check_size(&self, size: &Size) -> Option<Finding> {
        let Size { key, path, line, lines, red_line } = size;
        let Some(exception) = self.exceptions.get(key) else {
            return (lines > red_line).then(|| {
                let what = format!("`{key}` has {lines} lines, the red line is {red_line}");
                let next = format!("split it by noun; if it must be, add `{key} {lines} # reason` to {}", self.path);
                Finding::new(path, *line, RULE, what, next)
            });
        };
        let limit = exception.limit;
        if *lines > limit {
            let what = format!("`{key}` grew to {lines} lines, its limit is {limit}");
            return Some(Finding::new(path, *line, RULE, what, "an exception may only shrink"));
        }
        let is_needed = lines > red_line;
        (*lines < limit || !is_needed).then(|| {
            let what = format!("`{key}` shrank to {lines} lines, its limit is still {limit}");
            self.finding(exception.line, what, LOWER)
        })
    }

    fn finding(&self, line: usize, what: String, next: &str) -> Finding {
        Finding::new(self.path.as_str(), line, RULE, what, next)
    }
}

const LOWER: &str = "well done; run `cargo xtask check --bless` and commit the lower limit";

impl fmt::Display for Ratchet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(HEADER)?;
        for (key, Exception { limit, reason, .. }) in &self.exceptions {
            writeln!(out, "{key} {limit} # {reason}")?;
        }
        self.unreadable.iter().try_for_each(|(_, content)| writeln!(out, "{content}"))
    }
}

fn parse_line(content: &str) -> Option<(String, usize, String)> {
    let (left, reason) = content.split_once('#')?;
    let (key, limit) = left.trim().split_once(char::is_whitespace)?;
    let reason = reason.trim();
    let limit = limit.trim().parse().ok()?;
    (!reason.is_empty()).then(|| (key.to_owned(), limit, reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::size::{FILE_RED_LINE, FUNCTION_RED_LINE};

    fn file(lines: usize) -> Size {
        let path = "crates/core/src/engine.rs".to_owned();
        Size { key: path.clone(), path, line: 1, lines, red_line: FILE_RED_LINE }
    }

    fn function(lines: usize) -> Size {
        let key = "crates/core/src/engine.rs::handle".to_owned();
        Size { key, line: 9, red_line: FUNCTION_RED_LINE, ..file(lines) }
    }

    fn found(list: &str, sizes: &[Size]) -> Vec<String> {
        let findings = Ratchet::parse("xtask/ratchet.txt", list).check(sizes);
        findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn the_red_lines_themselves_pass_and_one_more_line_fails() {
        assert_eq!(found("", &[file(600), function(70)]), Vec::<String>::new());
        assert_eq!(found("", &[file(601), function(71)]).len(), 2);
    }

    #[test]
    fn an_exception_holds_at_its_limit_and_may_not_grow() {
        let list = "crates/core/src/engine.rs 700 # one table\n";
        assert_eq!(found(list, &[file(700)]), Vec::<String>::new());
        assert!(found(list, &[file(701)])[0].contains("grew to 701"));
    }

    #[test]
    fn an_exception_that_shrank_asks_to_be_lowered() {
        let list = "crates/core/src/engine.rs::handle 90 # one match\n";
        assert!(found(list, &[function(80)])[0].contains("shrank to 80"));
        assert!(found(list, &[function(50)])[0].contains("shrank to 50"));
        assert!(found(list, &[file(50)])[0].contains("does not exist"));
    }

    #[test]
    fn a_line_without_a_reason_is_refused() {
        assert_eq!(found("crates/core/src/engine.rs 700\n", &[]).len(), 1);
        assert_eq!(found("crates/core/src/engine.rs many # x\n", &[]).len(), 1);
    }

    #[test]
    fn blessing_lowers_and_removes_but_never_raises_or_adds() {
        let list = "crates/core/src/engine.rs 700 # one table\nold.rs 900 # gone\ncrates/core/src/engine.rs::handle 90 # one match\n";
        let mut ratchet = Ratchet::parse("xtask/ratchet.txt", list);
        ratchet.lower(&[file(650), function(60)]);
        assert_eq!(ratchet.to_string(), format!("{HEADER}crates/core/src/engine.rs 650 # one table\n"));
        ratchet.lower(&[file(800), function(90)]);
        assert!(ratchet.to_string().contains("engine.rs 650 # one table"));
        assert!(!ratchet.to_string().contains("handle"));
    }
}
