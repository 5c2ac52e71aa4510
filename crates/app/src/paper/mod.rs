//! What the demonstration and `run` have in common: the generated markets, and the paper venue's accounts and rules.
//!
//! Nothing here plays a market or knows which command asks.

mod markets;
mod seat;
mod venue;

pub use markets::{GeneratedMarket, generated_markets, instrument};
pub use seat::Seat;
pub use venue::{account_opening, capability, exchange_rules, numbered, venue_name};
