//! The main job on the paper venue: a market is replayed or generated, positions are opened by hand, and Backstop
//! protects, scales out, ladders, trails and closes them. Time is the market's, so the same input gives the same bytes.
//!
//! Each position gets a paper account and a venue of its own: plans stay apart, and inside a bar each one meets its own
//! worst case first. What is decided is the engine's; this folder only plays the market and the venue.

mod audit;
mod cast;
mod feed;
mod hand;
mod program;
mod script;
mod summary;
mod view;
mod world;

pub use cast::{Cast, Opening, Player};
pub use feed::{Feed, Moment};
pub use program::{of_one_plan, program, worth};
pub use script::{Act, Done, Later, Script, When};
pub use summary::{Summary, card, trade_card};
pub use view::View;
pub use world::{Kept, Stopped, World};
