//! Runs the stories about inputs as a test program of their own.

#[path = "mod.rs"]
mod inputs;
