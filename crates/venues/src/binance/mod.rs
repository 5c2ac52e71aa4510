//! Binance USDⓈ-M futures: market streams. What the venue pushes becomes prices in our words.
//!
//! Orders, account streams and connections are not here yet; recordings and live streams are decoded by the same code.

mod decode;
mod wire;

pub use decode::{BadFrame, Decoded, LARGEST_FRAME, Precision, decode};
