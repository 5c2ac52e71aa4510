//! The storm's own tests: one program, so that everything is linked once.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod crashes;
