//! Backstop's hands: what stands between the core and the world.
//!
//! [`Cycle`] is one turn of the live loop without any I/O: events in, records, requests and a wake-up out. A shell with
//! sockets and a clock drives it, a demonstration drives it on virtual time, a storm drives it on faults: always this
//! very code. Its parts are state machines as well: [`executor`] says what may be sent now, [`retry`] which refusals
//! are worth repeating, [`snapshots`] when the venue is asked for its full truth, [`gaps`] when for the prices that nobody
//! heard and [`warm_up`] for the bars of the past, [`lease`] whether this engine may act at all. Nothing here decides about a
//! position.

mod arrivals;
pub mod bars;
pub mod calendar;
pub mod clock;
pub mod cycle;
pub mod drills;
pub mod executor;
pub mod explain;
pub mod followed;
pub mod gaps;
pub mod health;
pub mod lease;
pub mod live;
mod modes;
mod question;
pub mod recovery;
pub mod reload;
pub mod retry;
mod rules;
pub mod snapshots;
pub mod state_files;
pub mod warm_up;

pub use calendar::{Calendar, Closes, Session};
pub use clock::Clock;
pub use cycle::{Cycle, Taken};
pub use drills::Drills;
pub use executor::Executor;
pub use followed::{Background, Followed, Follower};
pub use gaps::Gaps;
pub use health::Health;
pub use lease::Lease;
pub use live::{Ended, Handle, Input, Live, Seen, Shown, ShownEntry, Status, Tell, Verdict};
pub use recovery::{Recovered, recover};
pub use reload::{Definitions, NotTaken};
pub use snapshots::SnapshotSchedule;
pub use state_files::{MarketState, StateFileKeeper, StateFiles};
pub use warm_up::WarmUps;
