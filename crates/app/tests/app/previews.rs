//! Runs `backstop check` on the plans of `tests/previews`: sane ones, foolish ones, and some that are no plans. The first
//! line of each file is the command line; what comes out stands beside it in a `.txt`.
//!
//! `BLESS=1 cargo nextest run -p backstop-app previews` writes what comes out; the difference is then read as prose
//! before it is committed.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{backstop, code, said};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/previews")
}

/// The names of the plans, without their end.
fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let plans = files.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    let mut names: Vec<String> = plans.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Exit code, what is printed, and what is said on standard error.
fn shown(name: &str) -> String {
    let file = format!("{name}.yaml");
    let text = fs::read_to_string(folder().join(&file)).unwrap();
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("# check ").unwrap_or_else(|| panic!("{file}: the first line is `# check …`"));
    let output = backstop(&folder()).args(["check", &file]).args(line.split_whitespace()).output().unwrap();
    let printed: String =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let complaint = said(&output);
    format!("backstop check {file} {line}\nexit code {}\n{printed}{complaint}", code(&output))
}

/// The first line that differs, with the one before it.
fn first_difference(written: &str, now: &str) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (written, now) = (lines(written), lines(now));
    let at = (0..written.len().max(now.len())).find(|at| written.get(*at) != now.get(*at)).unwrap_or(0);
    let line = |lines: &[String]| lines.get(at).map_or("(the end)", String::as_str).to_owned();
    format!("line {}\n  written: {}\n  now:     {}", at + 1, line(&written), line(&now))
}

#[test]
fn every_plan_is_explained_as_it_is_written_down() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for name in names() {
        let (path, now) = (folder().join(format!("{name}.txt")), shown(&name));
        let written = fs::read_to_string(&path).unwrap_or_default();
        if written == now {
            continue;
        }
        if bless {
            fs::write(&path, &now).unwrap();
        } else {
            wrong.push(format!("{name}.txt, {}", first_difference(&written, &now)));
        }
    }
    assert!(wrong.is_empty(), "plans are explained differently; BLESS=1 rewrites them\n{}", wrong.join("\n"));
    assert!(names().len() >= 30, "plans are missing");
}

#[test]
fn a_sane_plan_has_no_warnings_and_a_foolish_one_has_some_or_is_refused() {
    for name in names() {
        let text = shown(&name);
        let complains = ["warning: ", "error: ", "not armed", "exit code 2"].iter().any(|word| text.contains(word));
        let should = name.starts_with("foolish-") || name.starts_with("warned-");
        assert_eq!(complains, should, "{name}");
    }
}

#[test]
fn json_has_the_same_numbers_as_text_and_all_of_them_as_strings() {
    let output = backstop(&folder())
        .args(["check", "trails-nearer-at-each-level.yaml", "--symbol", "BTCUSDT", "--entry", "50000"])
        .args(["--quantity", "0.1", "--json"])
        .output()
        .unwrap();
    let shown = super::binary::last_line(&output);
    let preview = &shown["plans"][0]["preview"];
    for row in preview["rows"].as_array().unwrap() {
        for number in ["price", "move_percent", "risk_multiple", "closes", "remaining", "realised", "worst_net"] {
            assert!(row[number].is_string(), "{number} of {row}");
        }
    }
    assert_eq!(shown["plans"][0]["armed"], true);
}
