//! Whole-system tests: Backstop's own rooms, put together as the binary puts them together, in a hostile world.
//!
//! [`storm`] plays whole position lives under faults on virtual time, from one seed each, and checks the promises of
//! faults.md after every step against the venue's own books. [`benches`] looks at the
//! promises that such a life cannot show. Nothing here is part of the product: no room knows this one.

pub mod benches;
pub mod storm;
