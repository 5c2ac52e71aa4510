//! Contracts whose quantity is not of the traded thing itself: a unit of price brings a unit of quantity more than 1, or less
//! (F-G06, venues/ig.md §6).
//!
//! The exchange reckons profit, fees and funding by its own dealing rules, the engine by what it is told of the instrument. It has
//! dice of its own and is drawn last: all other lives stay what they were.

use super::life::{Life, VenueKind};
use backstop_sim::dice::Dice;

/// Values of a point: of small contracts, of large ones, and one that leaves no round numbers.
const VALUES: [&str; 5] = ["0.1", "2", "10", "25", "12.5"];

/// One life in so many where quantities are contracts.
const OFTEN: u32 = 4;
/// Where they are of the traded thing: some venue yet to come may do otherwise.
const RARE: u32 = 25;

/// Maybe a point is worth something else than 1.
pub fn draw(seed: u64, life: &mut Life) {
    let dice = &mut Dice::new(seed, 0x606);
    let rare = if life.venue == VenueKind::Ig { OFTEN } else { RARE };
    if dice.below(rare) == 0 {
        life.value_per_point = Some(super::draw::one_of(dice, &VALUES));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::draw::{Choice, draw};

    #[test]
    fn contracts_are_played_at_every_venue_and_mostly_at_ig() {
        let lives: Vec<Life> = (1..=4_000).map(|seed| draw(seed, Choice::default())).collect();
        let of = |venue: VenueKind| {
            lives.iter().filter(|life| life.venue == venue && life.value_per_point.is_some()).count()
        };
        assert!(VenueKind::ALL.into_iter().all(|venue| of(venue) > 10));
        assert!(of(VenueKind::Ig) > 3 * of(VenueKind::Binance));
    }
}
