//! Orders: which leg, under which id, wanted against open.
//!
//! [`diff`] subtracts what is open or in flight from what is wanted; what is left are commands. It runs after every
//! event on the whole of a position, so nothing depends on having seen a particular transition.

mod by_leg;
pub mod client_id;
pub mod diff;
pub mod entry;
mod entry_name;
mod leg;
pub mod open;
mod repeat;
mod stops;
mod unwanted;
pub mod wanted;
mod whole_stop;

pub use by_leg::ByLeg;
pub use client_id::{Named, Scope};
pub use entry::{EntryEnd, EntryOrder, EntryPart, Unwanted};
pub use entry_name::EntryName;
pub use leg::Leg;
pub use open::{Change, Doubt, OpenOrder, OrderState};
pub(crate) use stops::together;
pub use wanted::Wanted;
