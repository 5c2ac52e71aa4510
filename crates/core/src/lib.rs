//! Backstop's decisions: event in, [`Step`] out. No clock, no randomness, no I/O, no binary floating point.
//!
//! The caller's loop is ten lines, the same in backtest, paper and live:
//!
//! ```text
//! loop {
//!     let event = next of: inbox, or Event::Wake when engine.next_deadline() has come
//!     let step = engine.handle(&event);            // facts → rules → wanted − open and in flight → guards → commands
//!     if step.changed {
//!         journal.append(event, step.market, step.commands);   // durable before anything leaves (R1)
//!     }
//!     for command in step.commands { venue.send(command) }     // its answer comes back as an event
//! }
//! ```
//!
//! * **Events** ([`Engine::handle`]) may come in any order and more than once; executions are booked once.
//! * **Deadlines** ([`Engine::next_deadline`]): when the named instant has come and nothing else has happened, hand in
//!   an `Event::Wake`, before any later event.
//! * **Restart**: a checkpoint, then [`Engine::replay`] for each record after it, then
//!   [`Engine::doubt_in_flight`] and a full read of every account.
//! * **Ticks** inside all quiet intervals end after two comparisons (`quiet.rs`) and are never recorded.

pub mod board;
mod booking;
mod calendar;
mod day;
pub mod engine;
mod entries;
mod entry_deals;
mod entry_parts;
pub mod exits;
mod former;
mod guards;
mod margin_call;
mod mode;
mod operator;
pub mod orders;
pub mod position;
pub mod preview;
pub mod quiet;
mod replay;
mod route;
pub mod step;
#[cfg(test)]
mod tests;
pub mod timers;
pub mod volatility;
mod which_deal;

pub use engine::Engine;
pub use entries::NotEntered;
pub use step::{Coverage, PositionRead, Step};
pub use timers::Deadline;
