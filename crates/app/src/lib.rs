//! The rooms of the `backstop` binary: the command line, the configuration, recorded input, the demonstration.

// A closed pipe makes these macros panic: everything is said through `cli::output`.
#![deny(clippy::print_stderr, clippy::print_stdout)]

pub mod calendar;
pub mod cli;
pub mod config;
pub mod demo;
pub mod direct;
mod doors;
pub mod paper;
pub mod preview;
pub mod recorded;
pub mod records;
pub mod run;
mod sessions;
pub mod web;
pub mod what_if;
