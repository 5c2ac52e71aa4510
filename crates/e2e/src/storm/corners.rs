//! Rare rules of single venues: what their pages name and few accounts ever meet.
//!
//! They have dice of their own and are drawn last: all other lives stay what they were.

use super::draw::{between, one_of};
use super::life::{Act, Incident, Life, VenueKind, What};
use backstop_sim::dice::Dice;

/// One life in so many has a smallest step of levels, and one in so many a contract that ends.
const STEPS: u32 = 6;
const ENDS: u32 = 40;

/// Maybe one or two of them.
pub fn draw(seed: u64, calm: bool, life: &mut Life) {
    let dice = &mut Dice::new(seed, 0xC0);
    match life.venue {
        VenueKind::Ig => of_deals(dice, calm, life),
        VenueKind::Aster | VenueKind::Binance | VenueKind::BitgetClassic | VenueKind::BitgetUnified => {}
    }
}

/// `minStepDistance`, `CR_SPACING`, `expiry` (venues/ig.md §4.2, §4.3, §6). A rejection for the spacing takes the place of one
/// for the distance in half of the lives that have such: the storm's plans ask for no guaranteed stops.
fn of_deals(dice: &mut Dice, calm: bool, life: &mut Life) {
    if dice.below(STEPS) == 0 {
        let basis_points = one_of(dice, &[1, 2, 5, 10, 20]);
        life.least_move = Some((life.grid.start * basis_points).div_ceil(10_000));
    }
    let spaced = dice.below(2) == 0;
    for trouble in life.troubles.iter_mut().filter(|trouble| spaced && trouble.what == What::LevelTooNear) {
        trouble.what = What::LevelsCrowd;
    }
    if !calm && dice.below(ENDS) == 0 {
        life.acts.push((between(dice, 1_500, life.length), Act::Venue(Incident::Expire)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::draw::{Choice, draw};

    #[test]
    fn each_of_them_is_played_at_its_venue_and_no_other() {
        let lives: Vec<Life> = (1..=4_000).map(|seed| draw(seed, Choice::default())).collect();
        let ends = |life: &&Life| life.acts.iter().any(|(_, act)| *act == Act::Venue(Incident::Expire));
        let crowds = |life: &&Life| life.troubles.iter().any(|trouble| trouble.what == What::LevelsCrowd);
        let steps = |life: &&Life| life.least_move.is_some();
        for count in [lives.iter().filter(ends).count(), lives.iter().filter(crowds).count()] {
            assert!(count > 5, "{count}");
        }
        assert!(lives.iter().filter(steps).count() > 80);
        let others = lives.iter().filter(|life| life.venue != VenueKind::Ig);
        assert_eq!(others.filter(|life| ends(life) || crowds(life) || steps(life)).count(), 0);
    }
}
