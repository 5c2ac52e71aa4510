//! Recorded input: what happened once, read line by line with bounded memory, plain or packed.
//!
//! Two forms are known: frames as they came over the wire ([`FrameReader`]) and bars ([`BarReader`]). Bad lines inside
//! good input are skipped, counted and named in a [`Tally`]; input that cannot be used at all is [`Unusable`]. Nothing
//! here decides what a price means: replaying is the caller's.

mod bar_time;
mod cells;
mod decimals;
mod epoch;
mod frames;
mod hyperliquid;
mod klines;
mod lines;
mod open_spec;
mod source;
mod survey;
mod symbol;
mod tally;
mod unusable;

pub use decimals::Decimals;
pub use frames::{FrameReader, RecordedFrame};
pub use klines::{BarReader, RecordedBar};
pub use open_spec::{BadOpenSpec, OpenSpec};
pub use source::Kind;
pub use survey::{Survey, survey, survey_watched};
pub use symbol::symbol_of_file;
pub use tally::{Skipped, Tally};
pub use unusable::Unusable;
