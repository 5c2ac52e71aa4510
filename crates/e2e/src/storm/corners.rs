//! Rare rules of single venues: what their pages name and few accounts ever meet.
//!
//! They have dice of their own and are drawn last: all other lives stay what they were.

use super::draw::{between, one_of};
use super::life::{Act, Incident, Life, VenueKind, What, Wish};
use backstop_sim::dice::Dice;

/// One life in so many has a smallest step of levels, and one in so many a contract that ends.
const STEPS: u32 = 6;
const ENDS: u32 = 40;
/// One life in so many has a market that takes closings only for a while, and one a deleveraging in which something closes.
const CLOSES: u32 = 20;

/// Maybe one or two of them.
pub fn draw(seed: u64, calm: bool, life: &mut Life) {
    let dice = &mut Dice::new(seed, 0xC0);
    match life.venue {
        VenueKind::Ig => of_deals(dice, calm, life),
        VenueKind::BitgetClassic | VenueKind::BitgetUnified if !calm => of_bitget(dice, life),
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

/// `symbolStatus: limit_open` (venues/bitget.md §4), and a close or a jump of the price while the account is deleveraged (§12).
fn of_bitget(dice: &mut Dice, life: &mut Life) {
    if dice.below(CLOSES) == 0 {
        let at = between(dice, 500, life.length);
        life.acts.push((at, Act::LimitOpen { ms: between(dice, 1_000, 30_000) }));
    }
    if dice.below(CLOSES) == 0 {
        let (at, steps) = (between(dice, 2_000, life.length), 1 + dice.below(60));
        let ticks = i64::from(life.grid.start);
        let jump = Act::Gap { ticks: ticks + ticks * between(dice, -900, 900) / 10_000 };
        let then = one_of(dice, &[Act::Wish(Wish::Close), Act::Wish(Wish::Part(50)), jump]);
        life.acts.extend([(at, Act::Venue(Incident::Adl { steps })), (at + between(dice, 0, 900), then)]);
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
        let closes = |life: &&Life| life.acts.iter().any(|(_, act)| matches!(act, Act::LimitOpen { .. }));
        let bitget = |life: &&Life| matches!(life.venue, VenueKind::BitgetClassic | VenueKind::BitgetUnified);
        assert!(lives.iter().filter(closes).all(|life| bitget(&life)));
        assert!(lives.iter().filter(closes).count() > 40);
        let others = lives.iter().filter(|life| life.venue != VenueKind::Ig);
        assert_eq!(others.filter(|life| ends(life) || crowds(life) || steps(life)).count(), 0);
    }
}
