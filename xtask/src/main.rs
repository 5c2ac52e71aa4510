//! The project's own chores: `cargo xtask canaries`, `cargo xtask check`, `cargo xtask crashes`, `cargo xtask demo`,
//! `cargo xtask mutants`, `cargo xtask storm`, `cargo xtask test`.
//!
//! This file reads the command line and turns the outcome into an exit code. The house rules live
//! in `check`, the stages of a full run in `stages`; nothing here knows what Backstop does.

mod check;
mod child;
mod demo;
mod mutants;
mod smoke;
mod stages;
mod storm;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Play seeded bugs until the promise that each is to break catches it; `--canary NAME` plays one with its story.
    Canaries {
        /// Passed on unchanged.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Compare the tree with the house rules: arrows, purity, sizes, prose, words, leftovers.
    Check {
        /// Lower the limits in xtask/ratchet.txt to today's sizes; never raises or adds one.
        #[arg(long)]
        bless: bool,
    },
    /// Play the crash matrix: every point, command, world and venue; `--cell NAME` plays one with its story.
    Crashes {
        /// Passed on unchanged.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the release binary and run `backstop demo` with the given arguments.
    Demo {
        /// Passed on unchanged.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Break the decisions one by one and count how many of these bugs the tests notice; needs `cargo-mutants`.
    Mutants(mutants::Which),
    /// Play position lives under faults, for example `--seeds 1..100000` or `--seed 7`.
    Storm {
        /// Passed on unchanged.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Everything that must hold before a change is merged, stage by stage.
    Test,
}

fn main() -> ExitCode {
    let root = workspace_root();
    let outcome = match Cli::parse().chore {
        Chore::Canaries { arguments } => storm::run(&root, Some("canaries"), &arguments),
        Chore::Check { bless } => check::run(&root, bless),
        Chore::Crashes { arguments } => storm::run(&root, Some("crashes"), &arguments),
        Chore::Demo { arguments } => demo::run(&root, &arguments),
        Chore::Mutants(which) => mutants::run(&root, &which),
        Chore::Storm { arguments } => storm::run(&root, None, &arguments),
        Chore::Test => stages::run(&root),
    };
    match outcome {
        Ok(0) => ExitCode::SUCCESS,
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The folder above this crate, as cargo names it when it runs us. Not the one known at compile time:
/// several checkouts may share a target folder, and with it this very program.
fn workspace_root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    here.and_then(|here| here.parent().map(Path::to_path_buf)).unwrap_or_else(|| ".".into())
}
