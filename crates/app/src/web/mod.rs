//! The local API that `health`, `positions`, `open` and `close` talk to: loopback only, a token on every route but `/healthz`.
//!
//! It shows what the live loop last published, explains plans before they are used, and changes things only by handing
//! the loop an operator's event. It decides nothing and holds no state of its own but the hash of the token.

mod body;
mod door;
mod entries;
mod previews;
mod reload;
mod routes;
mod shown_entries;
mod token;
mod wishes;

pub use door::{Bind, NotLoopback};
pub use entries::Names;
pub use previews::Previews;
pub use reload::{Change, Counts, Open, Reloads, Source, Unread};
pub use routes::router;
pub use token::{TokenFile, WeakToken};
pub use wishes::Wishes;
