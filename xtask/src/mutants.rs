//! `cargo xtask mutants`: break the decisions of `crates/core` one by one and count how many of these bugs its tests notice.
//!
//! The bugs are made by `cargo-mutants`; this file says which of them are tried, with which tests, and judges the
//! share. What is known of survivors stands in `docs/reliability.md`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::child;

/// How many are tried when nobody says otherwise: what a run before a merge has time for.
const SAMPLE: usize = 16;
/// The smallest share of them that tests must notice, in percent. The whole stands above it
/// (docs/reliability.md); sixteen are too few for a limit closer to that.
const AT_LEAST: u32 = 60;
/// Random lives per property. Scripts find most bugs within a second; this is for what they leave.
const CASES: &str = "4";
/// The one test that plays for seconds and looks at the isolation of symbols, not at decisions.
const WITHOUT: &str = "not test(isolation::)";

/// Which mutants are tried.
#[derive(Debug, Args)]
pub struct Which {
    /// Every mutant: hours.
    #[arg(long, conflicts_with = "part")]
    all: bool,
    /// A part of all, evenly spread, for example `3/10`; the first number begins at 0.
    #[arg(long, value_name = "K/N")]
    part: Option<String>,
    /// How many are broken at the same time; each has its own copy of the tree.
    #[arg(long, default_value_t = 1)]
    jobs: u32,
}

impl Default for Which {
    fn default() -> Self {
        Which { all: false, part: None, jobs: 1 }
    }
}

/// Returns 0 when the share that was noticed is large enough, else 1.
///
/// # Errors
///
/// When `cargo-mutants` is not installed, or the tests fail with nothing broken.
pub fn run(root: &Path, which: &Which) -> Result<u8> {
    if !is_installed(root) {
        bail!("cargo-mutants does not answer; install it with `cargo install cargo-mutants`");
    }
    let folder = root.join("target").join("mutants");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let mut command = child::cargo(root, &["mutants", "--package", "backstop-core", "--sharding", "round-robin"]);
    command.arg("--output").arg(&folder).args(["--jobs", &which.jobs.to_string()]);
    if let Some(part) = part(root, which)? {
        println!("part {part} of all; the same again: `cargo xtask mutants --part {part}`");
        command.args(["--shard", &part]);
    }
    // A limit far above what the tests need: what waits without end counts as noticed.
    command.args(["--timeout", "120"]).env("PROPTEST_CASES", CASES).env("CARGO_INCREMENTAL", "1");
    if child::answers(child::cargo(root, &["nextest", "--version"])) {
        command.args(["--test-tool", "nextest", "--", "-E", WITHOUT]);
    } else {
        command.args(["--", "--", "--skip", "isolation::"]);
    }
    match child::run(command)? {
        // Some were missed (2) or waited without end (3): the share decides.
        0 | 2 | 3 => judge(&Tally::read(&folder.join("mutants.out"))?),
        code => Ok(code),
    }
}

/// Whether the tool is there.
pub fn is_installed(root: &Path) -> bool {
    child::answers(child::cargo(root, &["mutants", "--version"]))
}

fn part(root: &Path, which: &Which) -> Result<Option<String>> {
    if which.all || which.part.is_some() {
        return Ok(which.part.clone());
    }
    let list = child::cargo(root, &["mutants", "--list", "--package", "backstop-core"]).output()?;
    let all = String::from_utf8_lossy(&list.stdout).lines().count();
    Ok((all > SAMPLE).then(|| format!("0/{}", all / SAMPLE)))
}

/// What became of the mutants that were tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tally {
    noticed: u32,
    survived: u32,
    unbuilt: u32,
}

impl Tally {
    /// From the lists that the tool leaves, a mutant per line.
    fn read(folder: &Path) -> Result<Tally> {
        let lines = |name: &str| -> Result<u32> {
            let path = folder.join(name);
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            Ok(u32::try_from(text.lines().count())?)
        };
        Ok(Tally {
            noticed: lines("caught.txt")? + lines("timeout.txt")?,
            survived: lines("missed.txt")?,
            unbuilt: lines("unviable.txt")?,
        })
    }

    fn is_enough(self) -> bool {
        self.noticed * 100 >= (self.noticed + self.survived) * AT_LEAST
    }
}

fn judge(tally: &Tally) -> Result<u8> {
    let Tally { noticed, survived, unbuilt } = *tally;
    let tried = noticed + survived;
    if tried == 0 {
        bail!("no mutant was tried; {unbuilt} of them could not be built");
    }
    println!("{noticed} of {tried} mutants were noticed; {survived} survived, {unbuilt} more could not be built");
    if tally.is_enough() {
        return Ok(0);
    }
    println!("fewer than {AT_LEAST} %: write the script that notices, or remove what makes no difference");
    Ok(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_below_the_limit_fails_and_none_at_all_is_an_error() {
        let tally = |noticed, survived| Tally { noticed, survived, unbuilt: 1 };
        assert_eq!(judge(&tally(6, 4)).ok(), Some(0));
        assert_eq!(judge(&tally(5, 5)).ok(), Some(1));
        assert!(judge(&tally(0, 0)).is_err());
    }
}
