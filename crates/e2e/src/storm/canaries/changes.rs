//! Bugs of what a venue changes, warns of or tells late: rules, margin, thin books, executions that come days after, or that
//! are annulled. Each excuse that the checks have for such a thing has one that it must not cover.

use super::notes::{is_stop, placed, repriced};
use super::{Canary, Notes, Scene};
use crate::storm::stage::ME;
use backstop_core::orders::Named;
use backstop_model::{
    Annulled, Command, Event, Fill, FillId, NewOrder, Notice, OrderKind, OrderReport, PositionSide, Price, Ratio,
    Rounding, Span,
};

/// In the order of what they break.
pub const CANARIES: &[Canary] = &[
    Canary::new(
        "I3",
        "looser-in-later-trades",
        "from the second trade on a stop that takes another one's place is farther out",
    )
    .decides(looser_later),
    Canary::new("I10", "annulled-unheard", "that an execution is annulled is not heard").hears(annulled_unheard),
    Canary::new("I10", "annulled-in-part", "of an execution that is annulled one part in two stays")
        .hears(annulled_in_part),
    Canary::new(
        "I10",
        "late-execution-is-another",
        "an execution that is told long after is booked under another number as well",
    )
    .hears(late_is_another),
    Canary::new("I16", "rules-read-once", "the rules of a market are read at the start and never again")
        .hears(rules_read_once),
    Canary::new("I19", "usage-unheard", "what others use up of the budget is not heard").counts(usage_unheard),
    Canary::new(
        "I19",
        "reserve-forgotten",
        "of what others use up a third is forgotten, and what is kept for protection goes",
    )
    .counts(reserve_forgotten),
    Canary::new(
        "I25",
        "stops-beyond-liquidation",
        "stops stand where the venue liquidates before, and are taken to stand nearer",
    )
    .decides(beyond_liquidation)
    .hears(believed_nearer),
    Canary::new(
        "I25",
        "mode-never-learned",
        "orders are worded for the mode that the account was opened in, whatever the venue says of it",
    )
    .rewords(),
    Canary::new("I34", "late-executions-are-old", "an execution that is told long after is taken to be known")
        .hears(late_is_old),
    Canary::new("I35", "margin-call-unheard", "warnings of the margin are not heard").hears(margin_call_unheard),
    Canary::new("I35", "thin-book-unheard", "how deep the book is is not heard").hears(depth_unheard),
    Canary::new("I35", "thin-book-untold", "that the book is too thin is told in the log only").tells(thin_book_untold),
    Canary::new(
        "I37",
        "reload-by-halves",
        "of a configuration that is read again the plans count and the accounts do not",
    )
    .hears(read_by_halves),
    Canary::new(
        "I37",
        "reload-unconfirmed",
        "a configuration that takes protection away from something open counts without anybody's word",
    )
    .confirms(),
    Canary::new(
        "I37",
        "predecessors-configuration",
        "who starts goes by the configuration in the records, whoever has read it, and not by its own",
    )
    .hears(goes_by_predecessor),
    Canary::new("I37", "reload-late", "a configuration that is read again counts three seconds later").hears(read_late),
];

/// An execution of so long ago is told late.
const LATE: Span = Span::from_secs(600);

/// What an engine is told of that it knows otherwise.
fn is_written_anew(event: &Event, scene: &Scene) -> bool {
    let Some(engine) = scene.process.engine() else { return false };
    match event {
        Event::DefineAccount(told) => engine.accounts().any(|known| known.id == told.id && known.limits != told.limits),
        Event::DefinePlan { id, plan } => engine.plans().any(|(known, before)| known == *id && before != plan.as_ref()),
        _ => false,
    }
}

fn read_by_halves(_: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    let account = matches!(event, Event::DefineAccount(_));
    if account && is_written_anew(&event, scene) { Vec::new() } else { vec![event] }
}

fn goes_by_predecessor(notes: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    let takes_over = notes.starts > 1 && notes.started_at == scene.now;
    if takes_over && is_written_anew(&event, scene) { Vec::new() } else { vec![event] }
}

fn usage_unheard(_: usize) -> usize {
    0
}

fn reserve_forgotten(used: usize) -> usize {
    used * 2 / 3
}

fn read_late(notes: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    if !is_written_anew(&event, scene) {
        return vec![event];
    }
    notes.say(scene.now.plus(Span::from_secs(3)), event);
    Vec::new()
}

fn looser_later(notes: &mut Notes, scene: &Scene, command: &Command) -> Vec<Command> {
    let Some(order) = placed(command, is_stop) else { return vec![*command] };
    let later = |order: &NewOrder| Named::read(&order.id).is_some_and(|named| named.epoch.0 > 1);
    let replaces = notes.orders.values().any(|before| epoch_of(before) == epoch_of(&order));
    notes.orders.insert(order.id, order);
    let factor = if order.position_side == PositionSide::Long { "99" } else { "101" };
    let farther = |price: Price| price.times(Ratio::percent(factor).ok()?, Rounding::Nearest).ok();
    let looser = repriced(order, |price| farther(price)?.floor_to_tick(scene.tick).ok());
    vec![if later(&order) && replaces { Command::Place(looser) } else { *command }]
}

fn epoch_of(order: &NewOrder) -> Option<(PositionSide, u32)> {
    Named::read(&order.id).map(|named| (named.side, named.epoch.0))
}

fn annulled_unheard(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    if matches!(event, Event::Annulled(_)) { Vec::new() } else { vec![event] }
}

fn annulled_in_part(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let Event::Annulled(annulled) = event else { return vec![event] };
    let Annulled { mut fill, at } = *annulled;
    let half = Ratio::percent("50").ok().and_then(|half| fill.quantity.share(half, Rounding::Down).ok());
    fill.quantity = half.unwrap_or(fill.quantity);
    vec![Event::Annulled(Box::new(Annulled { fill, at }))]
}

fn is_late(fill: &Fill, scene: &Scene) -> bool {
    scene.now.since(fill.at) > LATE
}

fn late_is_another(_: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    let Event::Fill(fill) = &event else { return vec![event] };
    let other = FillId::new(&format!("9{}", fill.id)).ok().filter(|_| is_late(fill, scene));
    let other = other.map(|id| Event::Fill(Fill { id, ..fill.clone() }));
    [event.clone()].into_iter().chain(other).collect()
}

fn rules_read_once(notes: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let again = matches!(event, Event::DefineInstrument(_)) && notes.next() > 1;
    if again { Vec::new() } else { vec![event] }
}

fn beyond_liquidation(notes: &mut Notes, scene: &Scene, command: &Command) -> Vec<Command> {
    let Some(order) = placed(command, is_stop) else { return vec![*command] };
    let exchange = scene.venue.exchange();
    let positions = exchange.view(ME, exchange.now()).into_iter().flat_map(|view| view.positions);
    let mut own = positions.filter(|position| position.side == order.position_side);
    let Some(liquidation) = own.find_map(|position| position.liquidation) else { return vec![*command] };
    notes.orders.insert(order.id, order);
    let factor = if order.position_side == PositionSide::Long { "99" } else { "101" };
    let beyond =
        |_| liquidation.times(Ratio::percent(factor).ok()?, Rounding::Nearest).ok()?.floor_to_tick(scene.tick).ok();
    vec![Command::Place(repriced(order, beyond))]
}

/// What is told of such a stop has the price that was asked for.
fn believed_nearer(notes: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    vec![of_each_order(event, |report| {
        let asked = report.id.and_then(|id| notes.orders.get(&id)).map(|order| order.kind);
        if let (Some(OrderKind::StopMarket(asked)), Some(told)) = (asked, &mut report.trigger) {
            told.price = asked.price;
        }
    })]
}

/// The event, with each order that it tells of changed.
fn of_each_order(event: Event, mut change: impl FnMut(&mut OrderReport)) -> Event {
    match event {
        Event::Order(mut report) => {
            change(&mut report);
            Event::Order(report)
        }
        Event::Lookup(mut lookup) => {
            lookup.found.iter_mut().for_each(change);
            Event::Lookup(lookup)
        }
        Event::Snapshot(mut read) => {
            read.orders.iter_mut().for_each(change);
            Event::Snapshot(read)
        }
        other => other,
    }
}

fn late_is_old(_: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    match event {
        Event::Fill(fill) if is_late(&fill, scene) => Vec::new(),
        Event::Snapshot(mut read) => {
            read.fills.retain(|fill| !is_late(fill, scene));
            vec![Event::Snapshot(read)]
        }
        Event::Lookup(mut lookup) => {
            lookup.fills.retain(|fill| !is_late(fill, scene));
            vec![Event::Lookup(lookup)]
        }
        other => vec![other],
    }
}

fn margin_call_unheard(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    if matches!(event, Event::MarginCall(_)) { Vec::new() } else { vec![event] }
}

fn depth_unheard(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    if matches!(event, Event::Depth(_)) { Vec::new() } else { vec![event] }
}

fn thin_book_untold(_: &mut Notes, _: &Scene, notice: Notice) -> Option<Notice> {
    (!notice.text.contains("rests within one percent")).then_some(notice)
}
