//! Bugs between executor and venue: what was decided and written does not leave, leaves late, again, or changed.

use super::notes::{is_market, is_stop, is_target, leg_of, placed, repriced, resized};
use super::{Canary, Notes, Scene};
use crate::storm::watch::open_slots;
use backstop_core::orders::{EntryName, Leg, Named};
use backstop_model::{
    Answer, Asked, ClientOrderId, Command, Event, OrderStatus, Outcome, PositionSide, Quantity, Ratio, RefusalReason,
    Rounding, Span, Timestamp, Trigger,
};

/// In the order of what they break.
pub const CANARIES: &[Canary] = &[
    Canary::new("I1", "late-exit", "an exit at market says nothing of reducing, and is stuck for three seconds")
        .decides(plain_exits)
        .leaves(late_exits),
    Canary::new("I2", "targets-outlive-what-they-close", "while something is open no cancel of a target leaves")
        .leaves(targets_stay),
    Canary::new("I3", "amend-outward", "a stop is moved away from the market when it should follow it")
        .leaves(amend_outward),
    Canary::new("I5", "exit-again", "an exit that has filled at once is sent again")
        .leaves(note_orders)
        .hears(exit_again),
    Canary::new("I5", "target-again", "a target that has filled is placed again under its id")
        .leaves(note_orders)
        .hears(target_again),
    Canary::new("I8", "resend-on-timeout", "what is not answered within a second is sent again")
        .leaves(resend)
        .hears(note_answers),
    Canary::new("I9", "cancel-again", "cancels stay in their queue and leave once more").leaves(cancel_again),
    Canary::new("I9", "amend-again", "amends stay in their queue and leave once more").leaves(amend_again),
    Canary::new("I12", "cut-id", "cancels name an id with its last letter changed").leaves(cut_id),
    Canary::new("I18", "changed-on-the-way", "what leaves is for half of what was written").leaves(half_on_the_way),
    Canary::new("I18", "priced-on-the-way", "what leaves is a tick from what was written").leaves(a_tick_off),
    Canary::new("I19", "asks-at-once", "each question is asked hundreds of times").leaves(asks_at_once),
    Canary::new("I19", "cancels-at-once", "each cancel is repeated without waiting for its answer")
        .leaves(cancels_at_once),
    Canary::new("I25", "no-stop-leaves", "stops are written and never leave").leaves(no_stop_leaves),
    Canary::new("I26", "one-stop-is-enough", "a position that has had a stop gets none again")
        .leaves(one_stop)
        .hears(note_answers),
    Canary::new("I27", "no-resize", "within twelve seconds a stop is not touched again").leaves(no_resize),
    Canary::new("I28", "no-exit-leaves", "exits at market are written and never leave").leaves(no_exit_leaves),
    Canary::new("I28", "exit-is-stuck", "exits at market wait for four seconds").leaves(exit_is_stuck),
    Canary::new("I29", "no-question-leaves", "nobody asks what became of an order").leaves(no_question_leaves),
    Canary::new("I30", "no-cancel-when-flat", "with nothing open no cancel leaves").leaves(no_cancel_when_flat),
    Canary::new("I30", "late-cancels", "cancels wait for ten seconds").leaves(late_cancels),
    Canary::new("I33", "asleep-after-start", "for twenty seconds after a start no stop leaves")
        .leaves(asleep_after_start),
    Canary::new("I36", "again-at-once", "what is refused is sent again at once")
        .leaves(note_orders)
        .hears(again_at_once),
    Canary::new("I36", "again-and-again", "what is refused is sent again every second, under the same id")
        .leaves(note_orders)
        .hears(again_and_again),
];

/// The order of a command that places an exit at market.
fn exit(command: &Command) -> bool {
    placed(command, is_market).is_some()
}

fn is_stop_sent(command: &Command) -> bool {
    placed(command, is_stop).is_some()
}

fn later(notes: &mut Notes, at: Timestamp, command: Command) -> Vec<Command> {
    notes.keep(at, command);
    Vec::new()
}

fn plain_exits(_: &mut Notes, _: &Scene, command: &Command) -> Vec<Command> {
    let plain = |order| Command::Place(backstop_model::NewOrder { reduce_only: false, ..order });
    vec![placed(command, is_market).map_or(*command, plain)]
}

fn late_exits(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    if exit(&command) { later(notes, scene.now.plus(Span::from_secs(3)), command) } else { vec![command] }
}

fn targets_stay(_: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    let of_target = |id: &ClientOrderId| leg_of(id).is_some_and(is_target);
    let stays = matches!(&command, Command::Cancel { id, .. } if of_target(id));
    if stays && open_slots(scene.venue).next().is_some() { Vec::new() } else { vec![command] }
}

fn amend_outward(_: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    let Command::Amend { id, trigger, .. } = command else { return vec![command] };
    let side = Named::read(&id).map_or(PositionSide::Long, |named| named.side);
    let far = trigger.price.share(Ratio::percent("1").unwrap_or(Ratio::ZERO), Rounding::Down);
    let out = far.and_then(|far| match side {
        PositionSide::Long => trigger.price.minus(far),
        PositionSide::Short => trigger.price.plus(far),
    });
    let price = out.and_then(|out| out.floor_to_tick(scene.tick)).unwrap_or(trigger.price);
    let Command::Amend { account, instrument, deal, quantity, .. } = command else { return vec![command] };
    vec![Command::Amend { account, instrument, id, deal, trigger: Trigger { price, ..trigger }, quantity }]
}

fn note_orders(notes: &mut Notes, _: &Scene, command: Command) -> Vec<Command> {
    if let Command::Place(order) = command {
        notes.orders.insert(order.id, order);
    }
    vec![command]
}

/// An order of which all has been executed, while something is open.
fn filled(notes: &Notes, scene: &Scene, event: &Event) -> Option<backstop_model::NewOrder> {
    let Event::Order(report) = event else { return None };
    let id = report.id.filter(|_| report.status == OrderStatus::Filled)?;
    notes.orders.get(&id).copied().filter(|_| open_slots(scene.venue).next().is_some())
}

fn exit_again(notes: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    if let Some(order) = filled(notes, scene, &event).filter(|order| exit(&Command::Place(*order))) {
        notes.keep(scene.now.plus(Span::from_millis(100)), Command::Place(order));
    }
    vec![event]
}

fn target_again(notes: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    if let Some(order) = filled(notes, scene, &event)
        && Named::read(&order.id).is_some_and(|named| matches!(named.leg, Leg::Target(_)))
    {
        notes.keep(scene.now.plus(Span::from_millis(100)), Command::Place(order));
    }
    vec![event]
}

fn resend(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    if let Command::Place(order) = command
        && EntryName::read(&order.id).is_none()
        && notes.orders.insert(order.id, order).is_none()
    {
        notes.keep(scene.now.plus(Span::from_secs(1)), command);
    }
    vec![command]
}

/// What is known of an order is not sent again.
fn note_answers(notes: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let known: Option<ClientOrderId> = match &event {
        Event::Answer(Answer {
            id, asked: Asked::Place, outcome: Outcome::Accepted(_) | Outcome::Refused(_), ..
        }) => Some(*id),
        Event::Order(report) => report.id,
        _ => None,
    };
    if let Some(known) = known {
        notes.kept.retain(|(_, command, _)| command.order() != Some(known));
        if !matches!(&event, Event::Answer(Answer { outcome: Outcome::Refused(_), .. })) {
            notes.ids.insert(known);
        }
    }
    vec![event]
}

fn cancel_again(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    if matches!(command, Command::Cancel { .. }) {
        notes.keep(scene.now.plus(Span::from_secs(8)), command);
    }
    vec![command]
}

fn amend_again(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    if matches!(command, Command::Amend { .. }) {
        notes.keep(scene.now.plus(Span::from_secs(8)), command);
    }
    vec![command]
}

fn cut_id(_: &mut Notes, _: &Scene, command: Command) -> Vec<Command> {
    let Command::Cancel { account, instrument, id, deal } = command else { return vec![command] };
    let text = id.as_str();
    let (kept, last) = text.split_at(text.len().saturating_sub(1));
    let other = format!("{kept}{}", if last == "0" { "1" } else { "0" });
    vec![Command::Cancel { account, instrument, id: ClientOrderId::new(&other).unwrap_or(id), deal }]
}

fn half_on_the_way(_: &mut Notes, _: &Scene, command: Command) -> Vec<Command> {
    let half = |quantity: Quantity| quantity.share(Ratio::percent("50").ok()?, Rounding::Down).ok();
    vec![placed(&command, |leg| !leg.is_stop()).map_or(command, |order| Command::Place(resized(order, half)))]
}

fn a_tick_off(_: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    let off = |price: backstop_model::Price| price.plus(scene.tick.as_points()).ok();
    vec![placed(&command, |_| true).map_or(command, |order| Command::Place(repriced(order, off)))]
}

fn asks_at_once(_: &mut Notes, _: &Scene, command: Command) -> Vec<Command> {
    let asks = matches!(command, Command::Lookup { .. } | Command::Snapshot { .. });
    vec![command; if asks { 200 } else { 1 }]
}

fn cancels_at_once(_: &mut Notes, _: &Scene, command: Command) -> Vec<Command> {
    vec![command; if matches!(command, Command::Cancel { .. }) { 200 } else { 1 }]
}

fn no_stop_leaves(_: &mut Notes, _: &Scene, command: Command) -> Vec<Command> {
    if is_stop_sent(&command) { Vec::new() } else { vec![command] }
}

fn one_stop(notes: &mut Notes, _: &Scene, command: Command) -> Vec<Command> {
    let epoch = |id: &ClientOrderId| Named::read(id).map(|named| (named.side, named.epoch));
    let has_had = |order: backstop_model::NewOrder| {
        let stops = notes.ids.iter().filter(|id| Named::read(id).is_some_and(|named| named.leg.is_stop()));
        stops.into_iter().any(|id| epoch(id) == epoch(&order.id) && *id != order.id)
    };
    if placed(&command, is_stop).is_some_and(has_had) { Vec::new() } else { vec![command] }
}

fn no_resize(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    if !is_stop_sent(&command) && !matches!(command, Command::Amend { .. }) {
        return vec![command];
    }
    if notes.at.is_some_and(|at| scene.now < at.plus(Span::from_secs(12))) {
        return Vec::new();
    }
    notes.at = Some(scene.now);
    vec![command]
}

fn no_exit_leaves(_: &mut Notes, _: &Scene, command: Command) -> Vec<Command> {
    if exit(&command) { Vec::new() } else { vec![command] }
}

fn exit_is_stuck(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    if exit(&command) { later(notes, scene.now.plus(Span::from_secs(4)), command) } else { vec![command] }
}

fn no_question_leaves(_: &mut Notes, _: &Scene, command: Command) -> Vec<Command> {
    if matches!(command, Command::Lookup { .. }) { Vec::new() } else { vec![command] }
}

fn no_cancel_when_flat(_: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    let flat = open_slots(scene.venue).next().is_none();
    if flat && matches!(command, Command::Cancel { .. }) { Vec::new() } else { vec![command] }
}

fn late_cancels(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    if matches!(command, Command::Cancel { .. }) {
        return later(notes, scene.now.plus(Span::from_secs(10)), command);
    }
    vec![command]
}

fn asleep_after_start(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    let asleep = notes.has_restarted(scene.now, Span::from_secs(20));
    if asleep && is_stop_sent(&command) { Vec::new() } else { vec![command] }
}

/// An order that was refused for what it is, and not because nobody takes anything now.
fn refused(notes: &mut Notes, event: &Event, most: u32) -> Option<Command> {
    use RefusalReason::{LockedOut, Maintenance, NotSent, Throttled};
    let Event::Answer(Answer { id, asked: Asked::Place, outcome: Outcome::Refused(refusal), .. }) = event else {
        return None;
    };
    let waits = matches!(refusal.reason, LockedOut | Maintenance | NotSent | Throttled);
    let order = notes.orders.get(id).copied().filter(|_| notes.count < most && !waits)?;
    notes.count += 1;
    Some(Command::Place(order))
}

/// Often enough to see that it is no plan, and not often enough to be counted by the minute.
fn again_at_once(notes: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    let Some(command) = refused(notes, &event, 8) else { return vec![event] };
    notes.keep(scene.now.plus(Span::from_millis(10)), command);
    Vec::new()
}

fn again_and_again(notes: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    let Some(command) = refused(notes, &event, 60) else { return vec![event] };
    notes.keep(scene.now.plus(Span::from_secs(1)), command);
    Vec::new()
}
