//! What holds after every step (product.md §2.2, faults.md I1 to I7), and what holds at the end of a run.

use super::run::Run;
use crate::builders::key;
use crate::venue::Toy;
use backstop_core::Step;
use backstop_core::exits::ladder::LevelState;
use backstop_core::orders::{EntryName, Leg, Named, OrderState};
use backstop_core::position::{Live, Position, Tranche};
use backstop_model::plan::StopLadder;
use backstop_model::{Command, Event, NewOrder, OrderKind, OrderQuantity, OrderStatus, PositionSide, Price, Quantity};
use std::collections::BTreeSet;

/// What has to be remembered between steps.
#[derive(Default)]
pub struct Laws {
    /// Where quantities were changed by hand: the shares are no longer the plan's.
    pub changed_by_hand: BTreeSet<PositionSide>,
    /// Long and short have been open at once.
    pub both_open: bool,
    /// Tranches whose last read shows them open.
    pub open_by_the_record: BTreeSet<(String, u8)>,
}

/// Looks at one step.
pub fn after(run: &mut Run, step: &Step) {
    told(run, step);
    run.laws.both_open |= run.toys.len() > 1 && run.toys.iter().all(|toy| !toy.open.is_zero());
    let run = &*run;
    for notice in &step.notices {
        assert!(!notice.text.contains("please report"), "{}", notice.text);
        assert!(!notice.text.contains("left its range"), "{}", notice.text);
    }
    for command in &step.commands {
        match command {
            Command::Place(order) if EntryName::read(&order.id).is_some() => entered(run, order),
            Command::Place(order) => placed(run, order),
            Command::Amend { id, trigger, .. } => never_looser(run, Named::read(id).unwrap(), trigger.price),
            Command::Cancel { id, .. } if EntryName::read(id).is_some() => {}
            Command::Cancel { id, .. } => cancelled(run, Named::read(id).unwrap()),
            Command::Lookup { .. } | Command::Snapshot { .. } => {}
        }
    }
    for read in &step.positions {
        let document = &read.document;
        let closed = document.partial_exits.iter().map(|exit| exit.quantity_closed);
        let closed = closed.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap());
        assert_eq!(closed.plus(document.current_quantity).unwrap(), document.original_quantity, "property 2");
        assert!(document.tp_levels_hit.is_sorted(), "property 1: {:?}", document.tp_levels_hit);
        for level in &document.tp_levels_hit {
            let exit = document.partial_exits.iter().find(|exit| exit.tp_level == Some(*level));
            assert!(exit.is_some_and(|exit| !exit.quantity_closed.is_zero()), "property 8: TP{level} is not recorded");
        }
        let open = !document.current_quantity.is_zero() && document.current_stop_loss.is_some();
        let bare = document.partial_exits.iter().find(|exit| open && exit.new_stop_loss.is_none());
        assert!(bare.is_none(), "property 8: no stop is recorded after {bare:?}");
    }
    run.toys.iter().for_each(|toy| standing(run, toy));
}

/// Property 8: the record of a tranche goes on until it shows it closed, or gone up in another one.
fn told(run: &mut Run, step: &Step) {
    let record = &mut run.laws.open_by_the_record;
    for read in &step.positions {
        let name = (read.document.position_id.clone(), read.document.tranche);
        if read.is_merged || read.document.current_quantity.is_zero() {
            record.remove(&name);
        } else {
            record.insert(name);
        }
    }
    let live = |side| run.engine.position(key(side)).and_then(|position| position.live.as_deref());
    let known = |(name, tranche): &(String, u8)| {
        let side = if name.contains("-short-") { PositionSide::Short } else { PositionSide::Long };
        live(side).is_some_and(|live| live.tranches.iter().any(|other| other.id.0 == *tranche))
    };
    if let Some(lost) = record.iter().find(|lost| !known(lost)) {
        panic!("the closing of tranche {lost:?} is not in the record");
    }
}

/// An entry leaves for an operator's command only, and for no more than it says. That none leaves twice the toy asserts.
fn entered(run: &Run, order: &NewOrder) {
    let asked = run.events.last().map(|stamped| &stamped.event);
    let Some(Event::Enter(asked)) = asked else { panic!("nobody asked for {order:?}") };
    assert_eq!(order.quantity, OrderQuantity::Exact(asked.quantity));
    assert_eq!((order.side, order.reduce_only), (asked.position.side.opening(), false));
}

/// I4, I16, property 6.
fn placed(run: &Run, order: &NewOrder) {
    let named = Named::read(&order.id).expect("our ids are ours");
    let side = named.side;
    assert!(order.reduce_only, "I4: {order:?}");
    assert_eq!((order.side, order.position_side), (side.closing(), side), "I1: {order:?}");
    let position = run.engine.position(key(side)).unwrap();
    let open = position.quantity();
    let quantity = match order.quantity {
        OrderQuantity::Exact(quantity) => quantity,
        OrderQuantity::WholePosition => open,
    };
    if let (OrderQuantity::Exact(quantity), Some(largest)) = (order.quantity, run.instrument.largest_order(order.kind))
    {
        assert!(quantity <= largest, "I16: {order:?} above {largest}");
    }
    let own = tranche_of(position.live.as_deref().unwrap(), order).map(|tranche| tranche.remaining);
    assert!(quantity <= open, "I1: {quantity} of {open} open: {order:?}");
    if let (Leg::Target(_), OrderKind::Limit { price, .. }) = (named.leg, order.kind) {
        let smallest = run.instrument.smallest_exit(price, &run.account.capability).unwrap();
        let whole = run.laws.changed_by_hand.contains(&side) || Some(quantity) == own;
        assert!(quantity >= smallest || whole || partly_filled(run, named), "property 6: {order:?} below {smallest}");
    }
    if let OrderKind::StopMarket(trigger) = order.kind {
        never_looser(run, named, trigger.price);
    }
}

/// An order for the rest of a level that has already closed a part may be small.
fn partly_filled(run: &Run, named: Named) -> bool {
    let live = run.engine.position(key(named.side)).and_then(|position| position.live.as_ref());
    let tranche = live.and_then(|live| live.tranche(named.tranche));
    let level = tranche.and_then(|tranche| tranche.levels.iter().find(|level| Some(level.number) == named.leg.level()));
    level.is_some_and(|level| !level.filled.is_zero())
}

fn tranche_of<'l>(live: &'l Live, order: &NewOrder) -> Option<&'l Tranche> {
    live.tranche(Named::read(&order.id)?.tranche)
}

/// I3, properties 3 and 4, for each tranche.
fn never_looser(run: &Run, named: Named, price: Price) {
    if named.leg == Leg::WholeStop {
        return;
    }
    if let Some(before) = run.toy(named.side).tightest.get(&(named.epoch, named.tranche)) {
        let looser = named.side.is_better(*before, price);
        assert!(!looser || none_rests_nearer(run, named, price), "I3: the stop goes from {before} to {price}");
    }
}

/// What rested as near is gone, and the venue takes none there: the nearest it takes is better than what is left.
fn none_rests_nearer(run: &Run, named: Named, price: Price) -> bool {
    let nearer =
        |kind: OrderKind| matches!(kind, OrderKind::StopMarket(trigger) if named.side.is_better(trigger.price, price));
    let mut resting = run.toy(named.side).orders.iter().filter(|(id, held)| {
        let mine = |of: Named| of.leg.is_stop() && of.epoch == named.epoch && of.tranche == named.tranche;
        let works = held.status == OrderStatus::Working && nearer(held.order.kind);
        works && Named::read(id).is_some_and(mine)
    });
    run.instrument.least_distance.is_some() && resting.next().is_none()
}

/// I7: the last working stop of an open position is never cancelled.
fn cancelled(run: &Run, named: Named) {
    let position = run.engine.position(key(named.side)).unwrap();
    if !named.leg.is_stop() || position.quantity().is_zero() || named.epoch != position.epoch {
        return;
    }
    let mut others = position.orders.iter().filter(|order| order.leg.is_stop() && order.stands());
    let covered = others.clone().fold(Quantity::ZERO, |sum, order| sum.plus(order.remaining()).unwrap());
    let open = position.quantity();
    let going = position.orders.iter().find(|order| Named::read(&order.id) == Some(named)).unwrap();
    // Two that rest for one tranche are alternatives: the other one protects as much of it.
    let tranche = position.live.as_ref().and_then(|live| live.tranche(going.tranche));
    let protects = tranche.map_or(Quantity::ZERO, |tranche| tranche.remaining).min(going.remaining());
    let near = |order: &backstop_core::orders::OpenOrder| {
        order.stop_price().zip(going.stop_price()).is_some_and(|(other, own)| !named.side.is_better(own, other))
    };
    // The larger of two may be the looser one, and goes first: a stop never loosens (I3).
    let other = others.any(|order| order.tranche == going.tranche && (order.remaining() >= protects || near(order)));
    assert!(covered >= open || other, "I7: a stop is cancelled, the others cover {covered} of {open}");
}

/// I2, I6, properties 7, 9 and 10.
fn standing(run: &Run, toy: &Toy) {
    let side = toy.side;
    let Some(position) = run.engine.position(key(side)) else { return };
    let Some(live) = &position.live else { return };
    assert!(!live.suspended, "a guard has failed");
    let exits = position.orders.iter().filter(|order| !order.leg.is_stop() && !order.whole && order.is_live());
    let claimed = exits.fold(Quantity::ZERO, |sum, order| sum.plus(order.remaining()).unwrap());
    assert!(
        claimed <= live.remaining() || run.laws.changed_by_hand.contains(&side) || overtaken(position),
        "I2: {claimed} of {} claimed by {:?}",
        live.remaining(),
        position.orders
    );
    for tranche in &live.tranches {
        let stops = toy.orders.iter().filter(|(id, held)| {
            let Some(named) = Named::read(id) else { return false };
            let mine = named.epoch == position.epoch && named.tranche == tranche.id;
            held.status == OrderStatus::Working && named.leg == Leg::Stop && mine
        });
        assert!(stops.count() <= 2, "I6: more than two stops rest for one tranche");
        let ascending = tranche
            .levels
            .windows(2)
            .all(|pair| side.is_better(pair[1].price, pair[0].price) || pair[0].state == LevelState::Moot);
        assert!(ascending, "property 7: {:?}", tranche.levels);
        levels_end_it(run, tranche);
        after_the_first(run, side, tranche);
    }
}

/// A stop or an exit of the whole has executed, and the alternatives have not been seen to go yet.
fn overtaken(position: &Position) -> bool {
    let going = |order: &&backstop_core::orders::OpenOrder| {
        !order.leg.is_stop()
            && matches!(
                order.state,
                // What has triggered as well cannot be taken back: the venue ends it.
                OrderState::Working { change: Some(_) }
                    | OrderState::Unknown(_)
                    | OrderState::InFlight { .. }
                    | OrderState::Triggered { .. }
            )
    };
    position.orders.iter().any(|order| going(&order))
}

/// Property 9: after the last level nothing remains.
fn levels_end_it(run: &Run, tranche: &Tranche) {
    let levels = &tranche.levels;
    let all_hit = !levels.is_empty() && levels.iter().all(|level| matches!(level.state, LevelState::Hit { .. }));
    // A part that is being closed by hand is no level's any more.
    if all_hit && !run.plan.trails() && tranche.aside.part.is_zero() {
        assert!(tranche.remaining.is_zero(), "property 9: {} remains", tranche.remaining);
    }
}

/// Property 10: after the first level the stop is at entry or better, unless its own price is not there yet.
fn after_the_first(run: &Run, side: PositionSide, tranche: &Tranche) {
    let at_entry = matches!(run.plan.stop_ladder, StopLadder::Breakeven | StopLadder::PreviousTarget);
    let first_hit = tranche.levels.first().is_some_and(|level| matches!(level.state, LevelState::Hit { .. }));
    if !at_entry || !first_hit || run.laws.changed_by_hand.contains(&side) || tranche.remaining.is_zero() {
        return;
    }
    let stop = tranche.stop.unwrap().price;
    let better = !side.is_better(tranche.entry_price, stop);
    assert!(
        better || tranche.aside.proposal.is_some() || tranche.closing.is_some(),
        "property 10: the stop stands at {stop}, entry {}",
        tranche.entry_price
    );
}

/// Everything has had time to settle: belief and truth agree, an open position is protected, a closed one leaves
/// nothing behind.
pub fn at_the_end(run: &Run) {
    run.toys.iter().for_each(|toy| ends(run, toy));
}

fn ends(run: &Run, toy: &Toy) {
    let Some(position) = run.engine.position(key(toy.side)) else {
        return assert!(toy.open.is_zero() && toy.orders.is_empty(), "nobody knows of what is open here");
    };
    assert_eq!(position.quantity(), toy.open, "belief and truth differ");
    let resting = toy.orders.values().filter(|held| held.status == OrderStatus::Working).count();
    if toy.open.is_zero() {
        assert_eq!(resting, 0, "I30: orders are left at the venue: {:?}", toy.orders);
    } else {
        let stops = toy
            .orders
            .values()
            .filter(|held| matches!(held.order.kind, OrderKind::StopMarket(_)) && held.status == OrderStatus::Working);
        let rests = stops.map(|held| match held.order.quantity {
            OrderQuantity::Exact(_) => held.quantity.minus(held.filled).unwrap(),
            OrderQuantity::WholePosition => toy.open,
        });
        let covered = rests.fold(Quantity::ZERO, |sum, rest| sum.plus(rest).unwrap());
        let closing = position.live.as_ref().is_some_and(|live| live.open().all(|tranche| tranche.closing.is_some()));
        assert!(covered >= toy.open || closing, "I25: {} open, {covered} under stops", toy.open);
    }
}
