//! Records for people and other programs, made out of what the store holds: trades, the trade log; and the
//! price tape beside it.
//!
//! Nothing here decides anything, and nothing of Backstop decides on it.

mod rows;
mod tape;
mod trade;
mod trade_log;

pub use rows::{Row, rows};
pub use tape::{TapeReader, TapeWriter, tape_of};
pub use trade::Trade;
pub use trade_log::{Table, TradeLog, TradeLogFailure};
