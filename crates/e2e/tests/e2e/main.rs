//! Whole-system stories: production engine and runtime logic against simulated venues. One program, so that everything is
//! linked once.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod canaries;
mod crashes;
mod october;
