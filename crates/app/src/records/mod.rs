//! Records for people and other programs, made out of what the store holds: trades, the trade log.
//!
//! Nothing here decides anything, and nothing of Backstop decides on it.

mod rows;
mod trade;
mod trade_log;

pub use rows::{Row, rows};
pub use trade::Trade;
pub use trade_log::{Table, TradeLog, TradeLogFailure};
