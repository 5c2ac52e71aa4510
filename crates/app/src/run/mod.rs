//! `backstop run`: the accounts of a configuration on the paper venue, around a market that moves with the clock.
//!
//! This folder only puts rooms together: the market and the venue (`paper_market`, `past`), definitions (`cast`) and their numbers (`numbers`), what is remembered (`memory`),
//! files kept for others (`beside`), whether the journal may have lost its end (`witness`),
//! what is written anew while it runs (`reread`), what people are told (`told`). The loop is `runtime`'s, the API `web`'s.

mod beside;
mod cast;
pub mod memory;
mod numbers;
mod paper_market;
pub mod past;
mod reread;
mod told;
mod witness;

pub use beside::Beside;
pub use cast::RunCast;
pub use numbers::Numbers;
pub use paper_market::{ByHand, PaperMarket};
pub use reread::Reread;
pub use told::Told;
pub use witness::Witness;
