//! Others on the same address use up the budget for requests (F-I07): every answer says how much of it is gone.
//!
//! It has dice of its own and is drawn last: all other lives stay what they were.

use super::draw::{between, one_of};
use super::life::{Act, Life};
use backstop_sim::dice::Dice;

/// One life in so many.
const RARE: u32 = 25;
/// How much of the 300 requests of ten seconds others use: a third, most of it, nearly all, all.
const OTHERS: [u32; 6] = [100, 215, 250, 280, 295, 330];

/// Maybe others come, once or twice.
pub fn draw(seed: u64, life: &mut Life) {
    let dice = &mut Dice::new(seed, 0x107);
    if dice.below(RARE) > 0 {
        return;
    }
    for _ in 0..=dice.below(2) {
        let (others, ms) = (one_of(dice, &OTHERS), between(dice, 1_000, 25_000));
        life.acts.push((between(dice, 500, life.length), Act::Crowd { others, ms }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::draw::{Choice, draw};

    #[test]
    fn some_lives_in_a_hundred_have_it_and_calm_ones_never() {
        let crowded = |life: &Life| life.acts.iter().any(|(_, act)| matches!(act, Act::Crowd { .. }));
        let count = (1..=2_000).filter(|seed| crowded(&draw(*seed, Choice::default()))).count();
        assert!((30..=130).contains(&count), "{count}");
        let calm = Choice { calm: true, ..Choice::default() };
        assert!((1..=500).all(|seed| !crowded(&draw(seed, calm))));
    }
}
