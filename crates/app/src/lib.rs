//! The rooms of the `backstop` binary: the command line, the configuration, recorded input, the demonstration.

pub mod cli;
pub mod config;
pub mod demo;
pub mod recorded;
pub mod run;
pub mod web;
