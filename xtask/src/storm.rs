//! `cargo xtask storm`, `cargo xtask crashes` and `cargo xtask canaries`: build the storm with optimisation and run it.
//!
//! What a storm is, and what its arguments mean, is the business of `crates/e2e`.

use std::path::Path;

use anyhow::Result;

use crate::{child, stages};

/// Passes `arguments` on, after the storm's own `part` where there is one, and returns its exit code.
///
/// # Errors
///
/// When no C compiler is found or cargo cannot be started.
pub fn run(root: &Path, part: Option<&str>, arguments: &[String]) -> Result<u8> {
    stages::require_c_compiler()?;
    let mut command =
        child::cargo(root, &["run", "--quiet", "--release", "--package", "backstop-e2e", "--bin", "storm", "--"]);
    command.args(part).args(arguments);
    child::run(command)
}
