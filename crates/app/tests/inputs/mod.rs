//! What comes in from files, at full length: real recordings, where they are at hand.

mod recordings;
pub mod shared;
