//! The only source of chance: a seeded PCG generator that can be saved and goes on where it was.
//!
//! What the chances are used for is left to `faults`, `physics` and `generator`; each owns its own dice, so that
//! switching one of them on does not shift the others.

use backstop_model::Span;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng;
use serde::{Deserialize, Serialize};

/// A chance is counted in millionths: this is certainty.
pub const CERTAIN: u32 = 1_000_000;

/// Seeded dice. Two with the same seed and stream fall the same way for ever.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Dice(Pcg32);

impl Dice {
    /// Dice of their own for each purpose (`stream`) under one `seed`.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(Pcg32::new(seed, stream))
    }

    /// A whole number below `bound`; 0 when `bound` is 0. The bias is below one in four billion.
    pub fn below(&mut self, bound: u32) -> u32 {
        let scaled = u64::from(self.0.next_u32()) * u64::from(bound);
        u32::try_from(scaled >> 32).unwrap_or(0)
    }

    /// Thirty-two bits as they fall.
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Whether something happens that has this many chances in a million. Never and always draw no number.
    pub fn strikes(&mut self, per_million: u32) -> bool {
        match per_million {
            0 => false,
            CERTAIN.. => true,
            some => self.below(CERTAIN) < some,
        }
    }

    /// A length of time from nothing to `longest`, in whole microseconds.
    pub fn within(&mut self, longest: Span) -> Span {
        let micros = u32::try_from(longest.as_nanos() / 1_000).unwrap_or(u32::MAX - 1);
        if longest.as_nanos() <= 0 {
            return Span::ZERO;
        }
        Span::from_nanos(i64::from(self.below(micros.saturating_add(1))) * 1_000)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_same_seed_falls_the_same_way_and_saved_dice_go_on() {
        let mut one = Dice::new(7, 1);
        let mut other = Dice::new(7, 1);
        let fallen: Vec<u32> = (0..100).map(|_| one.below(6)).collect();
        assert_eq!(fallen, (0..100).map(|_| other.below(6)).collect::<Vec<_>>());
        let mut saved: Dice = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        assert_eq!(saved.below(1_000), one.below(1_000));
    }

    #[test]
    fn never_and_always_are_exact_and_spans_stay_within() {
        let mut dice = Dice::new(1, 1);
        assert!((0..1_000).all(|_| !dice.strikes(0)));
        assert!((0..1_000).all(|_| dice.strikes(CERTAIN)));
        assert!((0..1_000).all(|_| dice.within(Span::from_millis(3)) <= Span::from_millis(3)));
        assert_eq!(dice.within(Span::ZERO), Span::ZERO);
    }
}
