//! `cargo xtask demo`: build the release binary and run `backstop demo`.
//!
//! The demo needs nothing but Rust and a C compiler; what it shows is the binary's own business.

use std::path::Path;

use anyhow::Result;

use crate::{child, stages};

/// Passes `arguments` on unchanged and returns the demo's own exit code.
///
/// # Errors
///
/// When no C compiler is found or cargo cannot be started.
pub fn run(root: &Path, arguments: &[String]) -> Result<u8> {
    stages::require_c_compiler()?;
    let mut command =
        child::cargo(root, &["run", "--release", "--package", "backstop-app", "--bin", "backstop", "--", "demo"]);
    command.args(arguments);
    child::run(command)
}
