//! The binary as its users meet it: real processes, real files, real signals.

mod api;
mod bad_input;
mod binary;
mod demonstration;
mod kill;
mod recordings;
mod shared;
