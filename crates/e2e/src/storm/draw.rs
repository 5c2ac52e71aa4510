//! A life from a seed: the place, the plan, the way the market goes, and one to eight faults.
//!
//! Most lives have a few faults of the menu and not the others (swarm testing): a fault that is always on hides what only
//! happens without it. What the faults are is `troubles`' matter.

use super::life::{Act, Grid, Hand, Life, VenueKind, Wish};
use super::{contracts, corners, crowds, feeds, plans, readings, reloading, switching, troubles};
use backstop_model::{Adopt, PositionMode, PositionSide};
use backstop_sim::dice::Dice;

/// Real grids, and one that is coarse against its prices.
const GRIDS: [Grid; 5] = [
    Grid { tick: "0.1", step: "0.001", min_steps: 1, min_notional: "0", least_steps: 1, start: 500_000 },
    Grid { tick: "0.01", step: "0.001", min_steps: 1, min_notional: "5", least_steps: 6, start: 250_000 },
    Grid { tick: "0.01", step: "0.1", min_steps: 1, min_notional: "5", least_steps: 1, start: 15_000 },
    Grid { tick: "0.0001", step: "1", min_steps: 5, min_notional: "0", least_steps: 5, start: 8_000 },
    Grid { tick: "0.5", step: "0.01", min_steps: 2, min_notional: "0", least_steps: 2, start: 33_000 },
];

/// Which lives are drawn.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Choice {
    /// Only this venue.
    pub venue: Option<VenueKind>,
    /// Nothing goes wrong: to see that the world itself breaks no promise.
    pub calm: bool,
}

/// A number from `least` to `most`.
pub fn between(dice: &mut Dice, least: i64, most: i64) -> i64 {
    let width = u32::try_from(most - least + 1).unwrap_or(u32::MAX);
    least + i64::from(dice.below(width))
}

/// One of several, each as likely.
pub fn one_of<T: Copy>(dice: &mut Dice, choices: &[T]) -> T {
    let count = u32::try_from(choices.len()).unwrap_or(u32::MAX);
    choices[dice.below(count) as usize]
}

/// The life of a seed.
#[must_use]
pub fn draw(seed: u64, choice: Choice) -> Life {
    let mut dice = Dice::new(seed, 0x11FE);
    let dice = &mut dice;
    let venue = choice.venue.unwrap_or_else(|| one_of(dice, &VenueKind::ALL));
    let native = venue.profile().native();
    let modes: Vec<PositionMode> = [PositionMode::OneWay, PositionMode::Hedge, PositionMode::PerDeal]
        .into_iter()
        .filter(|mode| native.keeps(*mode))
        .collect();
    let mode = one_of(dice, &modes);
    let side = one_of(dice, &[PositionSide::Long, PositionSide::Short]);
    let grid = one_of(dice, &GRIDS);
    let adopt = one_of(dice, &[Adopt::Plan, Adopt::Plan, Adopt::Plan, Adopt::HardStop]);
    let plan = plans::draw(dice);
    let (troubles, acts, traps) = (Vec::new(), Vec::new(), Vec::new());
    let mut life = Life {
        seed,
        venue,
        readings: Vec::new(),
        least: None,
        least_move: None,
        mode,
        side,
        grid,
        value_per_point: None,
        in_parts: false,
        most_steps: None,
        adopt,
        plan,
        troubles,
        acts,
        traps,
        length: 0,
    };
    walk(dice, &mut life);
    open(dice, &mut life);
    people(dice, &mut life);
    if !choice.calm {
        for _ in 0..between(dice, 1, 8) {
            troubles::draw(dice, &mut life);
        }
        switching::draw(seed, &mut life);
        reloading::draw(seed, &mut life);
        crowds::draw(seed, &mut life);
    }
    readings::draw(seed, &mut life);
    corners::draw(seed, choice.calm, &mut life);
    contracts::draw(seed, &mut life);
    feeds::draw(seed, &mut life);
    life.acts.sort_by_key(|(at, _)| *at);
    life
}

/// The market: some dozens of points, mostly small moves with a drift, now and then a large one.
fn walk(dice: &mut Dice, life: &mut Life) {
    let mut ticks = i64::from(life.grid.start);
    let mut at = 0;
    let mut drift = between(dice, -25, 25);
    let point = |ticks: i64, lag: i64, spread: i64| Act::Market { ticks, lag, spread };
    life.acts.push((0, point(ticks, 0, 1)));
    for _ in 0..between(dice, 12, 45) {
        at += one_of(dice, &[120, 400, 900, 1_500, 2_500]) + between(dice, 0, 200);
        if dice.below(8) == 0 {
            drift = between(dice, -40, 40);
        }
        let wild = if dice.below(12) == 0 { between(dice, -250, 250) } else { 0 };
        let basis_points = drift + between(dice, -20, 20) + wild;
        ticks = (ticks + ticks * basis_points / 10_000).max(100);
        let lag = if dice.below(3) == 0 { ticks * between(dice, -8, 8) / 10_000 } else { 0 };
        let spread = if dice.below(6) == 0 { 1 + ticks * between(dice, 0, 6) / 10_000 } else { 1 };
        life.acts.push((at, point(ticks, lag, spread)));
    }
    life.length = at + 3_000;
}

/// How the position comes to be: opened by hand, or through Backstop.
fn open(dice: &mut Dice, life: &mut Life) {
    let at = between(dice, 1_000, 3_000);
    let steps = position_steps(dice, life.grid);
    let act = if dice.below(3) == 0 { Act::Wish(Wish::Enter { steps }) } else { Act::Hand(Hand::Open { steps }) };
    life.acts.push((at, act));
    // Later ones find their position gone and open another, or add to it.
    for _ in 0..dice.below(3) {
        let at = between(dice, at, life.length);
        let steps = position_steps(dice, life.grid);
        life.acts.push((at, one_of(dice, &[Act::Hand(Hand::Open { steps }), Act::Wish(Wish::Enter { steps })])));
    }
}

/// How much is opened.
pub fn position_steps(dice: &mut Dice, grid: Grid) -> u32 {
    let most = one_of(dice, &[8, 40, 300]);
    grid.least_steps + dice.below(most)
}

/// What people do meanwhile, at the venue's screen and through Backstop.
fn people(dice: &mut Dice, life: &mut Life) {
    for _ in 0..dice.below(3) {
        let at = between(dice, 2_000, life.length);
        let wish = match dice.below(5) {
            0 => Wish::BreakEven,
            1 => Wish::Part(u8::try_from(between(dice, 5, 100)).unwrap_or(50)),
            2 => Wish::Close,
            3 => Wish::EnterAgain,
            _ => {
                let back = at + between(dice, 500, 8_000);
                life.acts.push((back, Act::Wish(Wish::Pause(false))));
                Wish::Pause(true)
            }
        };
        life.acts.push((at, Act::Wish(wish)));
    }
}
