//! The same executions in another order, and some of them twice: what is open is the same (I24, F-B02, F-B03).

use super::{Seeded, ground};
use crate::storm::stage::{self, ACCOUNT, MARKET, Stage};
use backstop_core::Engine;
use backstop_core::position::Position;
use backstop_model::{
    Event, Fee, Fill, FillCause, FillId, Liquidity, Money, OrderSide, PositionKey, PositionSide, Quantity, Stamped,
    VenueOrderId,
};
use backstop_sim::dice::Dice;

/// In the order of what they break.
pub const SEEDED: &[Seeded] = &[
    Seeded {
        name: "older-is-known",
        wrong: "an execution from before the newest one is taken to be known",
        breaks: "I24",
        plays: |seed, bug| play(seed, bug.then_some(older_is_known)),
    },
    Seeded {
        name: "twice-is-two",
        wrong: "an execution that is told again is another one",
        breaks: "I24",
        plays: |seed, bug| play(seed, bug.then_some(twice_is_two)),
    },
];

/// What is heard in place of an execution, after those that have been heard.
type Hears = fn(&[Fill], Fill) -> Option<Fill>;

fn older_is_known(heard: &[Fill], fill: Fill) -> Option<Fill> {
    let newest = heard.iter().map(|other| other.at).max();
    (Some(fill.at) >= newest).then_some(fill)
}

fn twice_is_two(heard: &[Fill], fill: Fill) -> Option<Fill> {
    let again = heard.iter().any(|other| other.id == fill.id);
    let id = FillId::new(&format!("{}-{}", fill.id, heard.len())).ok().filter(|_| again);
    Some(Fill { id: id.unwrap_or(fill.id), ..fill })
}

fn play(seed: u64, bug: Option<Hears>) -> Option<String> {
    let mut dice = Dice::new(seed, 24);
    let (stage, definitions) = ground(seed);
    let fills = executions(&stage, &mut dice);
    let mut mixed: Vec<Fill> = fills[1..].to_vec();
    mixed.extend_from_slice(&fills[below(&mut dice, fills.len())..]);
    for at in 0..mixed.len() {
        let with = below(&mut dice, mixed.len());
        mixed.swap(at, with);
    }
    mixed.insert(0, fills[0].clone());
    let (straight, shuffled) = (open_after(&definitions, fills, None), open_after(&definitions, mixed, bug));
    (straight != shuffled).then(|| format!("in order {straight:?}, in another one and some of them twice {shuffled:?}"))
}

fn below(dice: &mut Dice, bound: usize) -> usize {
    dice.below(u32::try_from(bound).unwrap_or(u32::MAX)) as usize
}

/// A first entry that is larger than everything that closes, then entries and reductions by hand, at one price: profits depend
/// on the order in which things happen at several, and they should.
fn executions(stage: &Stage, dice: &mut Dice) -> Vec<Fill> {
    let parts = (0..2 + dice.below(10)).map(|_| (dice.below(2) == 0, 1 + dice.below(20)));
    let parts: Vec<(bool, u32)> = [(true, 1_000)].into_iter().chain(parts).collect();
    let made = |(number, (opens, steps)): (i64, (bool, u32))| Fill {
        account: ACCOUNT,
        instrument: MARKET,
        id: FillId::new(&number.to_string()).expect("a number is an id"),
        order: None,
        venue_order: VenueOrderId::new(&format!("hand-{number}")).expect("a number is an id"),
        side: if opens { OrderSide::Buy } else { OrderSide::Sell },
        position_side: None,
        deal: None,
        price: stage.price(50_000),
        quantity: stage.quantity(steps),
        fee: Fee::Known(Money::ZERO),
        liquidity: Liquidity::Taker,
        cause: FillCause::Order,
        at: stage::at(number),
    };
    (1..).zip(parts).map(made).collect()
}

/// What is open after these, with what it has cost.
fn open_after(definitions: &[Event], fills: Vec<Fill>, bug: Option<Hears>) -> (Quantity, Option<Money>) {
    let mut engine = Engine::new();
    let mut heard: Vec<Fill> = Vec::new();
    let now = stage::at(1_000);
    let mut events = definitions.to_vec();
    for fill in fills {
        let instead = bug.map_or_else(|| Some(fill.clone()), |bug| bug(&heard, fill.clone()));
        heard.push(fill);
        events.extend(instead.map(Event::Fill));
    }
    for (sequence, event) in (1..).zip(events) {
        engine.handle(&Stamped { sequence, at: now, event });
    }
    let position = engine.position(PositionKey::new(ACCOUNT, MARKET, PositionSide::Long));
    (position.map_or(Quantity::ZERO, Position::quantity), position.and_then(cost))
}

fn cost(position: &Position) -> Option<Money> {
    let tranches = &position.live.as_ref()?.tranches;
    tranches.iter().try_fold(Money::ZERO, |sum, tranche| sum.plus(tranche.cost_left)).ok()
}
