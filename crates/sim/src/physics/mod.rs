//! How long things take and what they cost: four small models, each a handful of numbers.
//!
//! [`Physics::default`] is the pessimistic set, so that nobody gets a kind world by forgetting to ask for a harsh one;
//! [`Physics::exact`] has no latency and no slippage, for tests and for replay. Chance events that are nobody's physics
//! (loss, refusals, partial fills) live in `faults`.

pub mod fees;
pub mod funding;
pub mod latency;
pub mod slippage;

pub use fees::Fees;
pub use funding::Funding;
pub use latency::{Delay, Latency};
pub use slippage::{LimitFill, Slippage};

use serde::{Deserialize, Serialize};

/// The models in force.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Physics {
    /// How long requests, answers and events travel.
    pub latency: Latency,
    /// What executions cost.
    pub fees: Fees,
    /// How much worse than the book taking orders fill.
    pub slippage: Slippage,
    /// When a resting limit order fills.
    pub limit_fill: LimitFill,
}

impl Physics {
    /// No latency, no slippage: every effect and every answer happens at the instant of its cause.
    #[must_use]
    pub fn exact() -> Self {
        Self {
            latency: Latency::none(),
            fees: Fees::Listed,
            slippage: Slippage::none(),
            limit_fill: LimitFill::BookOrThrough,
        }
    }

    /// Slow, dear and slippery, within what is seen in the field.
    #[must_use]
    pub fn pessimistic() -> Self {
        Self {
            latency: Latency::pessimistic(),
            fees: Fees::Listed,
            slippage: Slippage::pessimistic(),
            limit_fill: LimitFill::BookOrThrough,
        }
    }
}

impl Default for Physics {
    fn default() -> Self {
        Self::pessimistic()
    }
}
