//! Bugs of decisions: what is asked for is wrong, and is written and sent as if it were right.

use super::notes::{is_market, is_stop, is_target, leg_of, placed, repriced, resized, revised};
use super::{Canary, Notes, Scene};
use crate::storm::watch::{open_slots, working_stops};
use backstop_core::orders::{Leg, Named};
use backstop_model::{ClientOrderId, Command, NewOrder, OrderQuantity, Price, Quantity, Ratio, Rounding, Span};

/// In the order of what they break.
pub const CANARIES: &[Canary] = &[
    Canary::new("I2", "targets-twice-as-large", "each target is for twice what its level is due")
        .decides(doubled_targets),
    Canary::new("I2", "stops-twice-as-large", "stops are for twice what is open").decides(doubled_stops),
    Canary::new("I3", "looser-replacement", "a stop that takes another one's place is farther out")
        .decides(looser_stops),
    Canary::new("I4", "stops-that-open", "stops do not say reduce-only").decides(opening_stops),
    Canary::new("I4", "targets-that-open", "targets do not say reduce-only").decides(opening_targets),
    Canary::new("I6", "three-stops", "each stop is placed again a second later, and again")
        .decides(tripled_stops)
        .leaves(one_by_one),
    Canary::new("I6", "three-trails-or-whole-stops", "what is for the whole position is placed three times")
        .decides(tripled_wholes)
        .leaves(one_by_one),
    Canary::new("I7", "cancel-before-place", "the old stop is cancelled before the new one is placed")
        .decides(cancel_first),
    Canary::new("I7", "cancel-stop-to-exit", "the stop is cancelled in order to exit at market")
        .decides(cancel_to_exit),
    Canary::new("I12", "random-ids", "targets have ids that name nothing").decides(random_ids),
    Canary::new("I16", "between-two-ticks", "targets are priced half a tick off the grid").decides(off_tick),
    Canary::new("I16", "not-rounded-to-step", "targets are for a third, not rounded to the step").decides(off_step),
    Canary::new("I25", "half-a-stop", "stops are for half of what is open").decides(half_stops),
    Canary::new("I27", "stops-never-grow", "a stop is for no more than what was open when the first one was placed")
        .decides(never_grows)
        .leaves(never_amended_larger),
];

fn double(quantity: Quantity) -> Option<Quantity> {
    quantity.plus(quantity).ok()
}

fn doubled_targets(_: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    let order = placed(command, is_target).map(|order| Command::Place(resized(order, double)));
    vec![order.unwrap_or(*command)]
}

fn doubled_stops(_: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    let order = placed(command, is_stop).map(|order| Command::Place(resized(order, double)));
    vec![order.unwrap_or(*command)]
}

fn looser_stops(notes: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    let Some(order) = placed(command, is_stop) else { return vec![*command] };
    let first = notes.orders.is_empty();
    notes.orders.insert(order.id, order);
    let factor = if order.position_side == backstop_model::PositionSide::Long { "99" } else { "101" };
    let tick_of = |price: Price| price.times(Ratio::percent(factor).ok()?, Rounding::Nearest).ok();
    let looser = repriced(order, |price| tick_of(price)?.floor_to_tick(price_grid(price)).ok());
    vec![if first { *command } else { Command::Place(looser) }]
}

/// A grid that a price lies on: its last digit that is not zero.
fn price_grid(price: Price) -> Price {
    let mut grid = Price::HIGHEST;
    for text in ["100", "10", "1", "0.1", "0.01", "0.001", "0.0001"] {
        let Ok(finer) = text.parse::<Price>() else { continue };
        grid = finer;
        if price.is_on_tick(finer) {
            break;
        }
    }
    grid
}

fn opening_stops(_: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    let order = placed(command, is_stop).map(|order| Command::Place(NewOrder { reduce_only: false, ..order }));
    vec![order.unwrap_or(*command)]
}

fn opening_targets(_: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    let order = placed(command, is_target).map(|order| Command::Place(NewOrder { reduce_only: false, ..order }));
    vec![order.unwrap_or(*command)]
}

fn tripled(command: &Command, order: Option<NewOrder>) -> Vec<Command> {
    let Some(order) = order else { return vec![*command] };
    [0, 1, 2].map(|by| Command::Place(revised(order, by))).to_vec()
}

fn tripled_stops(_: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    tripled(command, placed(command, |leg| leg == Leg::Stop))
}

fn tripled_wholes(_: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    tripled(command, placed(command, |leg| matches!(leg, Leg::Trail | Leg::WholeStop)))
}

/// The second and the third leave when the one before has been answered.
fn one_by_one(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    let Command::Place(order) = command else { return vec![command] };
    notes.orders.insert(order.id, order);
    let before =
        [1, 2].map(|by| notes.orders.contains_key(&earlier(order, by).id) && earlier(order, by).id != order.id);
    let wait = i64::from(before[0]) + i64::from(before[0] && before[1]);
    if wait == 0 {
        return vec![command];
    }
    notes.keep(scene.now.plus(Span::from_secs(wait)), command);
    Vec::new()
}

fn earlier(order: NewOrder, by: u16) -> NewOrder {
    let named = Named::read(&order.id).map(|named| Named { revision: named.revision.saturating_sub(by), ..named });
    NewOrder { id: named.map_or(order.id, |named| named.id()), ..order }
}

/// A stop that works, as a command that cancels it.
fn cancel_of_stop(scene: &Scene, order: NewOrder) -> Option<Command> {
    let mut stops = working_stops(scene.venue).filter_map(|(id, _)| ClientOrderId::new(&id).ok());
    let id = stops.find(|id| leg_of(id).is_some_and(is_stop) && *id != order.id)?;
    Some(Command::Cancel { account: order.account, instrument: order.instrument, id, deal: order.deal })
}

fn cancel_first(_: &mut Notes, scene: &Scene, command: &Command) -> Vec<Command> {
    let cancel = placed(command, is_stop).and_then(|order| cancel_of_stop(scene, order));
    cancel.into_iter().chain([*command]).collect()
}

fn cancel_to_exit(_: &mut Notes, scene: &Scene, command: &Command) -> Vec<Command> {
    let cancel = placed(command, is_market).and_then(|order| cancel_of_stop(scene, order));
    cancel.into_iter().chain([*command]).collect()
}

fn random_ids(notes: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    let Some(order) = placed(command, is_target) else { return vec![*command] };
    let id = ClientOrderId::new(&format!("x-{}", notes.next())).unwrap_or(order.id);
    vec![Command::Place(NewOrder { id, ..order })]
}

fn off_tick(_: &mut Notes, scene: &Scene, command: &Command) -> Vec<Command> {
    let half = scene.tick.as_points().halved();
    let order = placed(command, is_target).map(|order| repriced(order, |price| price.plus(half).ok()));
    vec![order.map_or(*command, Command::Place)]
}

fn off_step(_: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    let third = |quantity: Quantity| quantity.share(Ratio::percent("33.3").ok()?, Rounding::Down).ok();
    let order = placed(command, is_target).map(|order| resized(order, third));
    vec![order.map_or(*command, Command::Place)]
}

fn half_stops(_: &mut Notes, scene: &Scene, command: &Command) -> Vec<Command> {
    let half = |quantity: Quantity| {
        let half = quantity.share(Ratio::percent("50").ok()?, Rounding::Down).ok()?;
        half.floor_to_step(quantity_grid(quantity)).ok()
    };
    let order = placed(command, is_stop).map(|order| resized(sized(order, scene), half));
    vec![order.map_or(*command, Command::Place)]
}

/// An order for whatever is open, as one for what is open now.
fn sized(order: NewOrder, scene: &Scene) -> NewOrder {
    let open = open_slots(scene.venue).find(|(_, side, _)| *side == order.position_side);
    match (order.quantity, open) {
        (OrderQuantity::WholePosition, Some((.., open))) => NewOrder { quantity: OrderQuantity::Exact(open), ..order },
        _ => order,
    }
}

/// A step that a quantity lies on.
fn quantity_grid(quantity: Quantity) -> Quantity {
    let steps = ["100", "10", "1", "0.1", "0.01"].into_iter().filter_map(|text| text.parse::<Quantity>().ok());
    let mut on = steps.filter(|step| quantity.is_on_step(*step));
    on.next().unwrap_or_else(|| "0.001".parse().unwrap_or(Quantity::ZERO))
}

/// No more than the first stop of this incarnation was for.
fn no_more(notes: &mut Notes, id: &ClientOrderId, quantity: Quantity) -> Quantity {
    let incarnation = |id: &ClientOrderId| Named::read(id).map(|named| (named.side, named.epoch, named.tranche));
    let first =
        notes.quantities.iter().find(|(other, _)| incarnation(other) == incarnation(id)).map(|(_, first)| *first);
    if first.is_none() {
        notes.quantities.push((*id, quantity));
    }
    first.map_or(quantity, |first| quantity.min(first))
}

fn never_grows(notes: &mut Notes, scene: &Scene, command: &Command) -> Vec<Command> {
    let order = placed(command, is_stop).map(|order| sized(order, scene));
    let order = order.map(|order| resized(order, |quantity| Some(no_more(notes, &order.id, quantity))));
    vec![order.map_or(*command, Command::Place)]
}

fn never_amended_larger(notes: &mut Notes, _: &Scene, mut command: Command) -> Vec<Command> {
    if let Command::Amend { id, quantity, .. } = &mut command {
        *quantity = no_more(notes, id, *quantity);
    }
    vec![command]
}
