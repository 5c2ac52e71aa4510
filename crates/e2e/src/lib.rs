//! Whole-system tests: Backstop's own rooms, put together as the binary puts them together, in a hostile world.
//!
//! [`storm`] plays whole position lives under faults on virtual time, from one seed each, and checks the promises of
//! faults.md after every step against the venue's own books. Nothing here is part of the product: no room knows this one.

pub mod storm;
