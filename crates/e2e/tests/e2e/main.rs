//! Whole-system stories: production engine and runtime logic against simulated venues. One program, so that everything is
//! linked once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]

// The core's own runner of scenarios, for those that lives are written down as.
#[path = "../../../core/tests/core/builders.rs"]
mod builders;
#[path = "../../../core/tests/core/candles.rs"]
mod candles;
#[path = "../../../core/tests/core/play.rs"]
mod play;
#[path = "../../../core/tests/core/words.rs"]
mod words;
#[path = "../../../core/tests/core/world.rs"]
mod world;

mod alarms;
mod canaries;
mod crashes;
mod october;
mod scenarios;
