//! `cargo xtask test`: everything that must hold before a change is merged, cheapest first.
//!
//! Each stage is printed with its duration; the first one that fails ends the run with its own exit
//! code. Set-up is part of the run: it needs Rust, a C compiler and what cargo fetches, no more.
//!
//! Compiler flags are left alone on purpose: the default linker is already a fast one where that
//! matters, and flags that differ between stages would compile every dependency twice.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::{check, child, mutants, smoke, storm};

/// Runs one stage and returns its exit code.
type Run = fn(&Path) -> Result<u8>;

/// The order is the order of cost: a typo is told in seconds, not after a release build.
const STAGES: [(&str, Run); 12] = [
    ("set-up", set_up),
    ("format", format),
    ("check", house_rules),
    ("licences", licences),
    ("lints", lints),
    ("tests", tests),
    ("doc tests", doc_tests),
    ("release", release),
    ("examples", smoke::run),
    ("storm", a_storm),
    ("canaries", canaries),
    ("mutants", some_mutants),
];

/// Lives the storm stage plays.
const STORM_SEEDS: &str = "1..20000";
/// Lives of these that are known to break a promise (docs/reliability.md). It may only become smaller.
const STORM_KNOWN: &str = "0";

/// Returns 0 when every stage passed, else the code of the first that did not.
///
/// # Errors
///
/// When a stage cannot run at all.
pub fn run(root: &Path) -> Result<u8> {
    let started = Instant::now();
    for (name, stage) in STAGES {
        println!("\n== {name}");
        let stage_started = Instant::now();
        let code = stage(root)?;
        let seconds = stage_started.elapsed().as_secs_f64();
        if code != 0 {
            println!("== {name}: FAILED after {seconds:.1} s");
            return Ok(code);
        }
        println!("== {name}: {seconds:.1} s");
    }
    println!("\nall {} stages passed in {:.0} s", STAGES.len(), started.elapsed().as_secs_f64());
    Ok(0)
}

/// Some dependencies bundle C sources (the SQLite store, the allocator).
///
/// # Errors
///
/// When neither `$CC` nor `cc` answers.
pub fn require_c_compiler() -> Result<()> {
    require_compiler(&std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
}

fn require_compiler(program: &OsStr) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("--version");
    if !child::answers(command) {
        bail!(
            "no C compiler: `{}` does not answer; install one (Debian: `apt install build-essential`) or set CC",
            program.to_string_lossy()
        );
    }
    Ok(())
}

fn set_up(root: &Path) -> Result<u8> {
    require_c_compiler()?;
    require_component(root, "fmt", "rustfmt")?;
    require_component(root, "clippy", "clippy")?;
    child::run(child::cargo(root, &["fetch", "--locked"]))
}

/// Formatter and linter come with Rust's own installer, but not with every image.
fn require_component(root: &Path, subcommand: &str, component: &str) -> Result<()> {
    let is_there = || child::answers(child::cargo(root, &[subcommand, "--version"]));
    if is_there() {
        return Ok(());
    }
    let mut add = Command::new("rustup");
    add.args(["component", "add", component]);
    if !child::answers(add) || !is_there() {
        bail!("`cargo {subcommand}` is missing; install it with `rustup component add {component}`");
    }
    Ok(())
}

fn format(root: &Path) -> Result<u8> {
    child::run(child::cargo(root, &["fmt", "--all", "--check"]))
}

fn house_rules(root: &Path) -> Result<u8> {
    check::run(root, false)
}

/// Never installed silently: it is a tool of the supply chain and one should know its version.
fn licences(root: &Path) -> Result<u8> {
    if !child::answers(child::cargo(root, &["deny", "--version"])) {
        println!("skipped: cargo-deny is not installed (`cargo install --locked cargo-deny`)");
        return Ok(0);
    }
    child::run(child::cargo(root, &["deny", "check", "licenses", "bans", "sources"]))
}

fn lints(root: &Path) -> Result<u8> {
    let arguments = ["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    child::run(child::cargo(root, &arguments))
}

fn tests(root: &Path) -> Result<u8> {
    if child::answers(child::cargo(root, &["nextest", "--version"])) {
        return child::run(child::cargo(root, &["nextest", "run", "--locked", "--workspace"]));
    }
    println!("cargo-nextest is not installed; using `cargo test`");
    let arguments = ["test", "--locked", "--workspace", "--lib", "--bins", "--tests"];
    child::run(child::cargo(root, &arguments))
}

fn doc_tests(root: &Path) -> Result<u8> {
    child::run(child::cargo(root, &["test", "--locked", "--workspace", "--doc"]))
}

/// Lives under faults; the first stage that needs an optimised build of the whole-system tests, so it comes last.
fn a_storm(root: &Path) -> Result<u8> {
    let arguments = ["--seeds", STORM_SEEDS, "--at-most", STORM_KNOWN].map(str::to_owned);
    storm::run(root, None, &arguments)
}

/// Seeded bugs: a check that lets one of them live is no check.
fn canaries(root: &Path) -> Result<u8> {
    storm::run(root, Some("canaries"), &[])
}

/// A sample: whether the tests of the decisions notice bugs in them. Like licences, never installed silently.
fn some_mutants(root: &Path) -> Result<u8> {
    if !mutants::is_installed(root) {
        println!("skipped: cargo-mutants is not installed (`cargo install cargo-mutants`)");
        return Ok(0);
    }
    mutants::run(root, &mutants::Which::default())
}

fn release(root: &Path) -> Result<u8> {
    let arguments = ["build", "--locked", "--release", "--package", "backstop-app", "--bin", "backstop"];
    child::run(child::cargo(root, &arguments))
}

#[cfg(test)]
mod tests_of_stages {
    use super::*;

    #[test]
    fn cheap_stages_come_before_builds_and_the_binary_before_its_examples() {
        let place = |name: &str| STAGES.iter().position(|(stage, _)| *stage == name);
        assert!(place("check") < place("lints"));
        assert!(place("lints") < place("tests"));
        assert!(place("release") < place("examples"));
    }

    #[test]
    fn a_missing_compiler_is_told_with_what_to_install() {
        let message = require_compiler(OsStr::new("no-such-cc")).map_err(|error| error.to_string());
        assert!(message.is_err_and(|text| text.contains("`no-such-cc`") && text.contains("install")));
        assert!(require_compiler(OsStr::new("true")).is_ok());
    }
}
