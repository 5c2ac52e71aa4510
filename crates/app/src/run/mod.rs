//! `backstop run`: the accounts of a configuration on the paper venue, around a market that moves with the clock.
//!
//! This folder only puts rooms together: the market and the venue (`paper_market`), definitions (`cast`), what is remembered (`memory`). The loop is
//! `runtime`'s, the API `web`'s.

mod cast;
pub mod memory;
mod paper_market;

pub use cast::RunCast;
pub use paper_market::{ByHand, PaperMarket};
