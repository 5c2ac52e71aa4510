//! Numbers with a unit: one newtype each, exact, checked, every rounding named.
//!
//! All decimals are 128-bit integers behind the newtype: twelve decimals for prices, quantities and ratios, eighteen
//! for money, so that a price step of 1e-12, a price of 10,000,000 and a quantity of 1e12 fit together
//! (`tests/range.rs` proves the range, `tests/differential.rs` the arithmetic against big integers). There is no
//! binary floating point and no operator that could wrap: every operation that can leave the range says so.

mod decimal;
mod leverage;
mod money;
mod price;
mod quantity;
mod ratio;
mod rounding;
mod timestamp;

pub use decimal::{OutOfRange, ParseUnitError};
pub use leverage::Leverage;
pub use money::Money;
pub use price::{Points, Price};
pub use quantity::Quantity;
pub use ratio::Ratio;
pub use rounding::Rounding;
pub use timestamp::{Span, Timestamp};

pub(crate) use decimal::{decimal_unit, multiple};
