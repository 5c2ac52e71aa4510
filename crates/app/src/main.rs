//! The `backstop` binary: hands the command line to its room and turns the outcome into an exit code.
//!
//! 0 success, 1 a problem was found, 2 usage, configuration or unusable input (product.md §5).

use backstop_app::cli;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
