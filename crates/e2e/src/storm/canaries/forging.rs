//! Bugs of belief: what has ended is taken to be there, or what is there to have ended, and no later read corrects it.

use super::notes::{is_stop, is_target, leg_of};
use super::{Canary, Notes, Scene};
use backstop_core::orders::Leg;
use backstop_model::{Command, Event, Lookup, OrderReport, OrderStatus, Span};

/// In the order of what they break.
pub const CANARIES: &[Canary] = &[
    Canary::new(
        "I9",
        "old-answer-last",
        "an answer from before the end of an order is believed after it, as if it were new",
    )
    .hears(old_answer_last),
    Canary::new("I26", "stop-still-there", "a stop that has gone is taken to be there").hears(stop_still_there),
    Canary::new("I38", "target-still-there", "a target that has gone is taken to be there").hears(target_still_there),
    Canary::new("I38", "cancel-is-enough", "a target is taken to be gone as soon as its cancel is asked for")
        .leaves(no_cancel_of_targets)
        .hears(cancel_is_enough),
];

fn old_answer_last(notes: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    let Event::Order(report) = &event else { return vec![event] };
    let Some(id) = report.id.filter(|id| leg_of(id).is_some()) else { return vec![event] };
    if report.status == OrderStatus::Working {
        notes.reports.insert(id, report.clone());
    } else if let Some(before) = notes.reports.get(&id).filter(|_| report.status.is_final()) {
        let OrderReport { account, instrument, .. } = *before;
        let (server_time, fills) = (scene.now, Vec::new());
        let found = Some(OrderReport { at: server_time, ..before.clone() });
        let answer = Event::Lookup(Lookup { account, instrument, id, found, fills, server_time });
        notes.say(scene.now.plus(Span::from_millis(100)), answer);
    }
    vec![event]
}

/// Reports of the end of some orders are thrown away, and reads show what they were.
fn still_there(notes: &mut Notes, event: Event, of: fn(Leg) -> bool) -> Vec<Event> {
    let mine = |report: &OrderReport| report.id.as_ref().and_then(leg_of).is_some_and(of);
    let gone = |report: &OrderReport| matches!(report.status, OrderStatus::Canceled | OrderStatus::Expired);
    match event {
        Event::Order(report) if mine(&report) && gone(&report) => {
            notes.ids.extend(report.id);
            Vec::new()
        }
        Event::Order(report) => {
            notes.reports.extend(report.id.filter(|_| mine(&report)).map(|id| (id, report.clone())));
            vec![Event::Order(report)]
        }
        Event::Lookup(mut lookup) => {
            if let Some(before) = notes.reports.get(&lookup.id).filter(|_| notes.ids.contains(&lookup.id)) {
                lookup.found = Some(OrderReport { at: lookup.server_time, ..before.clone() });
            }
            vec![Event::Lookup(lookup)]
        }
        Event::Snapshot(mut read) => {
            let shown = notes.ids.iter().filter_map(|id| notes.reports.get(id));
            let at = read.server_time;
            read.orders.extend(shown.map(|report| OrderReport { at, ..report.clone() }));
            vec![Event::Snapshot(read)]
        }
        other => vec![other],
    }
}

fn stop_still_there(notes: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    still_there(notes, event, is_stop)
}

fn target_still_there(notes: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    still_there(notes, event, is_target)
}

fn no_cancel_of_targets(notes: &mut Notes, scene: &Scene, command: Command) -> Vec<Command> {
    let Command::Cancel { id, .. } = command else { return vec![command] };
    if !leg_of(&id).is_some_and(is_target) {
        return vec![command];
    }
    notes.ids.insert(id);
    if let Some(report) = notes.reports.get(&id) {
        let ended = OrderReport { status: OrderStatus::Canceled, at: scene.now, ..report.clone() };
        notes.say(scene.now.plus(Span::from_millis(50)), Event::Order(ended));
    }
    Vec::new()
}

fn cancel_is_enough(notes: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    match event {
        Event::Order(report) => {
            notes.reports.extend(report.id.map(|id| (id, report.clone())));
            vec![Event::Order(report)]
        }
        Event::Snapshot(mut read) => {
            read.orders.retain(|report| report.id.is_none_or(|id| !notes.ids.contains(&id)));
            vec![Event::Snapshot(read)]
        }
        other => vec![other],
    }
}
