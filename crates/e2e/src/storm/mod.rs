//! The storm: a million lives under faults, each from one seed, and no promise broken.
//!
//! * [`life`] is one life as data: where, under which plan, what goes wrong, what happens when. [`draw`] makes one from a
//!   seed; a life can be written down and played again without its seed, which is how [`shrink`] makes it small.
//! * [`world`] plays it: one thread, one virtual clock, the production engine with its runtime logic in a [`process`] that
//!   can die between any two steps, a [`disk`] that can lose what was not synced, a simulated venue with its own books.
//! * [`trap`] names a command and the point at which the process dies over it; [`crashes`] enumerates the crash matrix.
//! * [`lease`] is what two engines over one journal ask for.
//! * [`canaries`] are seeded bugs, to see that each promise is really looked at.
//! * [`watch`] looks after every step, at the venue's books and never at the engine's opinion.
//! * [`readings`] are what the venues' pages leave open: some lives play the other answer.
//! * [`scenario`] writes a life down for the runner of the core's scenarios.
//! * [`sometimes`] is what a storm must reach, beside the faults.
//! * [`tally`] counts how often each fault of the catalogue has struck.
//!
//! The same seed and build give the same trace, to the last byte. What a real process, a real file system and a real
//! database do is not played here; the process tests of `app` and `store` do that.

pub mod canaries;
pub mod contracts;
pub mod corners;
pub mod crashes;
pub mod crowds;
pub mod disk;
pub mod draw;
pub mod feeds;
pub mod lease;
pub mod life;
pub mod market;
pub mod october;
pub mod plans;
pub mod process;
pub mod readings;
pub mod reloading;
pub mod scenario;
pub mod shrink;
pub mod sometimes;
pub mod stage;
pub mod story;
pub mod switching;
pub mod tally;
pub mod trace;
pub mod trap;
pub mod troubles;
pub mod watch;
pub mod words;
pub mod world;

pub use draw::draw;
pub use life::{Life, VenueKind};
pub use tally::Tally;
pub use watch::Violation;
pub use world::{Ended, differs, play};
