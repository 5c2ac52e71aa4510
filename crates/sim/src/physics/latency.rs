//! How long a request, an answer, an event and a trigger take. Extra delays by accident are `faults`' work.

use crate::dice::Dice;
use backstop_model::Span;
use serde::{Deserialize, Serialize};

/// A delay: always `base`, and up to `jitter` more.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delay {
    /// The least it takes.
    pub base: Span,
    /// What may come on top, evenly spread.
    pub jitter: Span,
}

impl Delay {
    /// No time at all.
    pub const NONE: Self = Self { base: Span::ZERO, jitter: Span::ZERO };

    /// A delay in milliseconds.
    #[must_use]
    pub const fn millis(base: i64, jitter: i64) -> Self {
        Self { base: Span::from_millis(base), jitter: Span::from_millis(jitter) }
    }

    /// One throw of it. A delay without jitter draws no number.
    pub fn drawn(self, dice: &mut Dice) -> Span {
        if self.jitter <= Span::ZERO {
            return self.base;
        }
        let extra = dice.within(self.jitter);
        Span::from_nanos(self.base.as_nanos().saturating_add(extra.as_nanos()))
    }
}

/// The delays of one venue.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Latency {
    /// From the client to the matching engine.
    pub request: Delay,
    /// From the engine back to the client.
    pub response: Delay,
    /// From the engine to the account's stream.
    pub stream: Delay,
    /// From a trigger's condition to its market order; nothing means it fills on the very point that triggered it.
    pub trigger: Delay,
    /// After how long a client learns that no answer will come.
    pub lost_after: Span,
}

impl Latency {
    /// Everything at once. A lost answer is known to be lost after one second.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            request: Delay::NONE,
            response: Delay::NONE,
            stream: Delay::NONE,
            trigger: Delay::NONE,
            lost_after: Span::from_secs(1),
        }
    }

    /// A long way to the venue: 120 to 360 ms there and back. Triggers stay on their point, so that bars, whose points
    /// share one instant, fill where they triggered; the slippage model carries that cost.
    #[must_use]
    pub const fn pessimistic() -> Self {
        Self {
            request: Delay::millis(60, 120),
            response: Delay::millis(60, 120),
            stream: Delay::millis(40, 80),
            trigger: Delay::NONE,
            lost_after: Span::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_delay_lies_between_base_and_base_plus_jitter() {
        let mut dice = Dice::new(3, 3);
        let delay = Delay::millis(10, 5);
        for _ in 0..1_000 {
            let drawn = delay.drawn(&mut dice);
            assert!(drawn >= Span::from_millis(10) && drawn <= Span::from_millis(15), "{drawn}");
        }
        assert_eq!(Delay::NONE.drawn(&mut dice), Span::ZERO);
    }
}
