//! The exit rules, one file each. A rule works on one tranche and talks to no other rule; none of them sends.

pub mod arm;
pub mod break_even;
pub mod end_of_day;
pub mod ladder;
pub mod liquidation;
pub mod parts;
pub mod refusal_policy;
pub mod slices;
pub mod spacing;
pub mod stop_loss;
pub mod take_profit;
pub mod trailing_stop;

pub use arm::{Armed, NotArmable};
pub use ladder::Level;
