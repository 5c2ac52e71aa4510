//! The account's owner switches between hedge and one-way at the venue's own screen (F-D07).
//!
//! Venues allow it only while nothing is open, so it is drawn for moments at which nothing is. It has dice of its own and is
//! drawn last: all other lives stay what they were.

use super::draw::{between, one_of, position_steps};
use super::life::{Act, Hand, Life, VenueKind, Wish};
use backstop_sim::dice::Dice;

/// One life in so many.
const RARE: u32 = 25;

/// Where positions can be kept in either way.
#[must_use]
pub const fn can_be_switched(venue: VenueKind) -> bool {
    match venue {
        VenueKind::Aster | VenueKind::Binance | VenueKind::BitgetClassic | VenueKind::BitgetUnified => true,
        VenueKind::Ig => false,
    }
}

/// Whether it is tried in a life.
#[must_use]
pub fn is_tried(life: &Life) -> bool {
    life.acts.iter().any(|(_, act)| matches!(act, Act::Hand(Hand::Mode)))
}

/// Maybe it is switched: mostly before the first position, now and then after one that is closed for it, or at any moment.
pub fn draw(seed: u64, life: &mut Life) {
    let dice = &mut Dice::new(seed, 0xD07);
    if dice.below(RARE) > 0 || !can_be_switched(life.venue) {
        return;
    }
    let switch = Act::Hand(Hand::Mode);
    let first = life.acts.iter().filter(|(_, act)| opens(act)).map(|(at, _)| *at).min().unwrap_or(life.length);
    match dice.below(4) {
        0 => {
            let at = between(dice, first, life.length);
            let (switched, again) = (at + between(dice, 300, 4_000), at + between(dice, 300, 6_000));
            let opening = Act::Hand(Hand::Open { steps: position_steps(dice, life.grid) });
            life.acts.extend([(at, Act::Hand(Hand::Close)), (switched, switch), (again, opening)]);
        }
        1 => life.acts.push((between(dice, 0, life.length), switch)),
        _ => life.acts.push((between(dice, 0, first.saturating_sub(1)), switch)),
    }
    if one_of(dice, &[true, false, false]) {
        life.acts.push((between(dice, 0, life.length), switch));
    }
}

const fn opens(act: &Act) -> bool {
    matches!(act, Act::Hand(Hand::Open { .. }) | Act::Wish(Wish::Enter { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::draw::{Choice, draw};

    #[test]
    fn some_lives_in_a_hundred_have_it_and_the_other_lives_know_nothing_of_it() {
        let lives: Vec<Life> = (1..=2_000).map(|seed| draw(seed, Choice::default())).collect();
        let switched: Vec<&Life> = lives.iter().filter(|life| is_tried(life)).collect();
        assert!((40..=120).contains(&switched.len()), "{}", switched.len());
        assert!(switched.iter().all(|life| can_be_switched(life.venue)));
        for venue in VenueKind::ALL.into_iter().filter(|venue| can_be_switched(*venue)) {
            let native = venue.profile().native();
            let mut modes = [backstop_model::PositionMode::OneWay, backstop_model::PositionMode::Hedge].into_iter();
            assert!(modes.all(|mode| native.keeps(mode) && switched.iter().any(|life| life.mode == mode)), "{venue:?}");
        }
    }

    #[test]
    fn a_life_without_faults_is_not_switched() {
        let calm = Choice { calm: true, ..Choice::default() };
        assert!((1..=500).all(|seed| !is_tried(&draw(seed, calm))));
    }
}
