//! The core from outside: scripts whose every command is written down, and properties over random ones.
//!
//! `scenarios` runs `tests/scenarios/*.txt`; `properties` runs random plans, prices and faults against `venue`, a toy
//! market written for these tests alone, so that core and simulator cannot agree on the same mistake.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]

mod believed;
mod builders;
mod candles;
mod foolish;
mod isolation;
mod late_fees;
mod modes;
mod overtaken;
mod play;
mod properties;
mod proposals;
mod refusal_choices;
mod refused_moves;
mod scenarios;
mod two_accounts;
mod two_markets;
mod venue;
mod words;
mod world;
