//! The binary as its users meet it: real processes, real files, real signals.

mod api;
mod bad_input;
mod binary;
mod closing_alone;
mod crash;
mod demonstration;
mod engine;
mod entries;
mod excursion;
mod explanations;
mod ledger;
mod matrix;
mod observing;
mod on_paper;
mod openings;
mod pipes;
mod preview_api;
mod previews;
mod price_gap;
mod recordings;
mod shared;
mod starting;
mod state_files;
mod tables;
mod trade_log;
mod what_if;
