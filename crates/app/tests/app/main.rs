//! The binary as its users meet it: real processes, real files, real signals.

mod api;
mod bad_input;
mod binary;
mod crash;
mod demonstration;
mod engine;
mod excursion;
mod explanations;
mod ledger;
mod matrix;
mod openings;
mod pipes;
mod recordings;
mod shared;
mod starting;
mod state_files;
mod tables;
mod trade_log;
mod what_if;
