//! Pure rooms stay pure: no clock, environment, files, threads, sockets, randomness, unordered maps
//! or async in model, core and sim, and no floating point in model and core.
//!
//! Clippy enforces most of it from the `clippy.toml` of each crate; this rule makes sure that those
//! files stay complete, and scans the source for what clippy cannot see (whole modules, `async`).

use super::finding::Finding;
use super::source::Source;
use super::tree::Tree;

const RULE: &str = "purity";

/// Crates under this rule, and whether floats are refused as well. The simulator may use floats for
/// its physics: its prices leave it as the model's own values.
const PURE: [(&str, bool); 3] = [("core", true), ("model", true), ("sim", false)];

/// What every pure crate's `clippy.toml` must name.
const REFUSED_BY_CLIPPY: [&str; 15] = [
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::env::var",
    "std::fs::File",
    "std::fs::read",
    "std::fs::read_to_string",
    "std::fs::write",
    "std::hash::RandomState",
    "std::thread::sleep",
    "std::thread::spawn",
    "std::time::Instant",
    "std::time::Instant::now",
    "std::time::SystemTime",
    "std::time::SystemTime::now",
    "rand::rng",
];

/// What the crates without floats must name too.
const FLOATS: [&str; 2] = ["f32", "f64"];

/// Modules of std that reach outside.
const OUTSIDE: [&str; 5] = ["env", "fs", "net", "process", "thread"];

/// Of these, the ones that also name things of ours (the net break-even): refused only behind `std::`.
const OUR_WORDS: [&str; 2] = ["net", "process"];

/// Words that are impure wherever they stand in code.
const REFUSED_WORDS: [&str; 10] = [
    "HashMap",
    "HashSet",
    "RandomState",
    "SystemTime",
    "async",
    "await",
    "disallowed_methods", // an `allow` would switch clippy's half of this rule off
    "disallowed_types",
    "getrandom",
    "thread_rng",
];

const NEXT: &str = "make it an input (an event, a seed, a parameter), use ordered maps and the model's own values";

/// Each pure crate has its `clippy.toml`, and it names what is refused.
pub fn check_clippy(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, without_floats) in PURE {
        let path = format!("crates/{name}/clippy.toml");
        let Some(text) = tree.text(&path) else {
            let next = "restore it; the other pure crates have one to copy";
            findings.push(Finding::new(path, 1, RULE, "the file is missing", next));
            continue;
        };
        let lines = || text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let floats = FLOATS.iter().filter(|_| without_floats);
        for refused in REFUSED_BY_CLIPPY.iter().chain(floats) {
            let quoted = format!("\"{refused}\"");
            if !lines().any(|line| line.contains(&quoted)) {
                let what = format!("`{refused}` is not refused");
                let next = "list it under disallowed-methods or disallowed-types";
                findings.push(Finding::new(path.as_str(), 1, RULE, what, next));
            }
        }
    }
    findings
}

/// The source of a pure crate names nothing impure; tests may read files, but never use floats.
pub fn check_source(source: &Source) -> Vec<Finding> {
    let Some(without_floats) = room_of(&source.path) else { return Vec::new() };
    let mut findings = Vec::new();
    for (at, word) in source.words() {
        let is_float = without_floats && is_float(source, at, word);
        if is_float || (!source.is_test(at) && is_impure(source, at, word)) {
            let line = source.line_of(at);
            let what = format!("`{word}` does not belong in a pure room");
            findings.push(Finding::new(source.path.as_str(), line, RULE, what, NEXT));
        }
    }
    findings
}

fn room_of(path: &str) -> Option<bool> {
    let is_in = |name: &str| path.starts_with(&format!("crates/{name}/src/"));
    PURE.iter().find(|(name, _)| is_in(name)).map(|(_, without_floats)| *without_floats)
}

/// The types themselves, and numbers that are one: `1_f64`, `2.5f32`, `1.5`; not `0x1f64`, `pair.0.1`.
fn is_float(source: &Source, at: usize, word: &str) -> bool {
    let is_number = word.starts_with(|first: char| first.is_ascii_digit()) && !word.contains('x');
    let mut after = source.code[at + word.len()..].chars();
    let has_fraction = after.next() == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit());
    let is_field = source.code[..at].ends_with('.');
    let has_suffix = FLOATS.iter().any(|float| word.ends_with(float));
    FLOATS.contains(&word) || (is_number && !is_field && (has_fraction || has_suffix))
}

fn is_impure(source: &Source, at: usize, word: &str) -> bool {
    let (before, after) = (&source.code[..at], &source.code[at + word.len()..]);
    if OUTSIDE.contains(&word) {
        let is_used_briefly = after.starts_with("::") && !before.ends_with("::");
        return before.ends_with("std::") || (is_used_briefly && !OUR_WORDS.contains(&word));
    }
    if word == "Instant" {
        let line = before.lines().last().unwrap_or_default();
        return after.starts_with("::now") || line.contains("std::time::");
    }
    if word == "rand" {
        return after.starts_with("::");
    }
    REFUSED_WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    fn core(text: &str) -> Vec<usize> {
        found("crates/core/src/engine.rs", text)
    }

    fn found(path: &str, text: &str) -> Vec<usize> {
        check_source(&Source::new(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn pure_code_passes() {
        let text = "//! No f64, no HashMap, no std::fs here.\nuse std::collections::BTreeMap;\nlet env = env!(\"X\"); let s = \"std::env\"; visit_f64(); self.fs.len(); self.0.1; 0..9; 0x1f64; net::price();";
        assert_eq!(core(text), NONE);
    }

    #[test]
    fn each_impure_thing_is_found_on_its_line() {
        for bad in [
            "use std::time::{Duration, Instant};",
            "let now = Instant::now();",
            "SystemTime::now()",
            "std::env::var(\"X\")",
            "fs::read(path)",
            "use std::thread;",
            "let map = HashMap::new();",
            "async { }",
            "rand::rng()",
            "let x: f64 = price.into();",
            "let x = 1_f64;",
            "let x = 2.5f32;",
            "let x = 2.5;",
            "#![allow(clippy::disallowed_types)]",
            "use std::net::TcpStream;",
        ] {
            assert_eq!(core(&format!("//! x\n{bad}\n")), [2], "{bad}");
        }
    }

    #[test]
    fn the_simulator_may_use_floats_but_no_clock() {
        assert_eq!(found("crates/sim/src/physics.rs", "let x: f64 = 1.0;"), NONE);
        assert_eq!(found("crates/sim/src/physics.rs", "SystemTime::now()"), [1]);
        assert_eq!(found("crates/runtime/src/clock.rs", "SystemTime::now()"), NONE);
    }

    #[test]
    fn tests_may_read_scripts_but_not_use_floats() {
        let text = "#[cfg(test)]\nmod tests {\n  fn a() { std::fs::read(x); }\n  fn b(x: f64) {}\n}";
        assert_eq!(core(text), [4]);
    }

    #[test]
    fn a_missing_or_shortened_clippy_file_is_found() {
        let whole: String = REFUSED_BY_CLIPPY.iter().chain(&FLOATS).map(|name| format!("\"{name}\"\n")).collect();
        let tree = |core: &str| {
            Tree::of(&[
                ("crates/core/clippy.toml", core),
                ("crates/model/clippy.toml", &whole),
                ("crates/sim/clippy.toml", &whole.replace("\"f64\"\n", "")),
            ])
        };
        assert_eq!(check_clippy(&tree(&whole)), []);
        assert_eq!(check_clippy(&tree(&whole.replace("\"f64\"\n", "# \"f64\"\n"))).len(), 1);
        assert_eq!(check_clippy(&Tree::default()).len(), 3);
    }
}
