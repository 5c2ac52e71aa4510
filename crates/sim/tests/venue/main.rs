//! The simulated venue's behaviour, told as stories: one file per subject, one behaviour per test.
#![allow(clippy::unwrap_used)]

mod accounts;
mod conditional;
mod desk;
mod exits;
mod faults;
mod properties;
mod time;
