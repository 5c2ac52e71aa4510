//! The rooms of the `backstop` binary that others may use: what is written for it, and what was recorded for it.

pub mod config;
pub mod recorded;
