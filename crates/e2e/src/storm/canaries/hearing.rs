//! Bugs between venue and loop: an answer is taken for another one, an execution is lost, doubled or changed, a price is not
//! of this market or not of now.

use super::notes::{is_stop, leg_of};
use super::{Canary, Notes, Scene};
use crate::storm::stage::MARKET;
use backstop_core::orders::Leg;
use backstop_model::{
    Answer, Asked, Event, Fee, Fill, FillId, Lookup, Outcome, Price, Prices, Ratio, Refusal, RefusalReason, Rounding,
    Snapshot, Span, Tick,
};

/// In the order of what they break.
pub const CANARIES: &[Canary] = &[
    Canary::new("I8", "unknown-is-rejected", "an outcome that nobody knows is taken for a refusal")
        .hears(unknown_is_rejected),
    Canary::new("I8", "one-look-proves", "one look that does not find an order proves that it never was")
        .hears(one_look_proves),
    Canary::new("I8", "part-is-repeated", "the second look that does not find a part proves that it never was")
        .hears(part_is_repeated),
    Canary::new("I10", "fill-twice", "an execution is booked again under another number").hears(fill_twice),
    Canary::new("I10", "fee-twice", "the fee of an execution is counted twice").hears(fee_twice),
    Canary::new("I14", "other-symbol", "prices of another market are taken for this one's").hears(other_symbol),
    Canary::new("I14", "stale-is-fresh", "the last price is said again whenever time has passed").hears(stale_is_fresh),
    Canary::new("I29", "no-answer-is-read", "answers to questions about an order are thrown away")
        .hears(no_answer_is_read),
    Canary::new("I31", "empty-list-is-flat", "a read without positions means that nothing is open")
        .hears(empty_is_flat),
    Canary::new("I31", "only-own-orders", "what others do to the position is not looked at").hears(only_own_orders),
    Canary::new("I33", "deaf-after-start", "for half a minute after a start nothing is read").hears(deaf_after_start),
    Canary::new("I34", "fills-are-lost", "executions are thrown away wherever they are told").hears(fills_are_lost),
    Canary::new("I34", "fills-of-others-are-lost", "executions of orders that are not ours are thrown away")
        .hears(fills_of_others_are_lost),
    Canary::new("I36", "moves-never-left", "a stop that has been moved is taken to be where it was")
        .hears(moves_never_left),
];

fn unknown_is_rejected(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let Event::Answer(Answer { outcome: Outcome::Unknown(_), asked: Asked::Place, .. }) = &event else {
        return vec![event];
    };
    let Event::Answer(answer) = event else { return Vec::new() };
    let outcome = Outcome::Refused(Refusal::new(RefusalReason::Other, "no answer"));
    vec![Event::Answer(Answer { outcome, ..answer })]
}

fn one_look_proves(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let Event::Lookup(lookup) = event else { return vec![event] };
    let later = |secs: i64| lookup.server_time.plus(Span::from_secs(secs));
    if lookup.found.is_some() {
        return vec![Event::Lookup(lookup)];
    }
    [60, 120].map(|secs| Event::Lookup(Lookup { server_time: later(secs), ..lookup.clone() })).to_vec()
}

fn part_is_repeated(notes: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let Event::Lookup(mut lookup) = event else { return vec![event] };
    let part = |leg: Leg| matches!(leg, Leg::Part | Leg::Instant(_));
    if lookup.found.is_none() && leg_of(&lookup.id).is_some_and(part) && !notes.ids.insert(lookup.id) {
        lookup.server_time = lookup.server_time.plus(Span::from_secs(60));
    }
    vec![Event::Lookup(lookup)]
}

fn moves_never_left(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    match event {
        Event::Answer(Answer { outcome: Outcome::Accepted(_), asked: Asked::Amend, .. }) => {
            let Event::Answer(answer) = event else { return Vec::new() };
            let outcome = Outcome::Refused(Refusal::new(RefusalReason::NotSent, "it has not left"));
            vec![Event::Answer(Answer { outcome, ..answer })]
        }
        Event::Order(report) if report.id.as_ref().and_then(leg_of).is_some_and(is_stop) => Vec::new(),
        other => vec![other],
    }
}

fn fill_twice(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let Event::Fill(fill) = &event else { return vec![event] };
    let again = FillId::new(&format!("9{}", fill.id)).map(|id| Event::Fill(Fill { id, ..fill.clone() }));
    [event.clone()].into_iter().chain(again).collect()
}

fn fee_twice(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let Event::Fill(fill) = event else { return vec![event] };
    let fee = match fill.fee {
        Fee::Known(fee) => fee.plus(fee).map_or(Fee::Unknown, Fee::Known),
        Fee::Unknown => Fee::Unknown,
    };
    vec![Event::Fill(Fill { fee, ..fill })]
}

fn other_symbol(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let Event::Tick(tick) = event else { return vec![event] };
    let other = |price: Price| price.times(Ratio::percent("104").ok()?, Rounding::Nearest).ok();
    let Prices { last, mark, bid, ask } = tick.prices;
    let [last, mark, bid, ask] = [last, mark, bid, ask].map(|price| price.and_then(other));
    vec![Event::Tick(Tick { prices: Prices { last, mark, bid, ask }, ..tick })]
}

fn stale_is_fresh(notes: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    let last = notes.prices.filter(|_| event == Event::Wake);
    let again = last.map(|prices| Event::Tick(Tick { instrument: MARKET, prices, confirmed: false }));
    again.into_iter().chain([event]).collect()
}

fn no_answer_is_read(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    if matches!(event, Event::Lookup(_)) { Vec::new() } else { vec![event] }
}

fn empty_is_flat(_: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    let Event::Snapshot(read) = event else { return vec![event] };
    let empty = |secs: i64| Snapshot {
        positions: Vec::new(),
        server_time: scene.now.plus(Span::from_secs(secs)),
        ..read.clone()
    };
    vec![Event::Snapshot(empty(0)), Event::Snapshot(empty(1))]
}

fn is_ours(fill: &Fill) -> bool {
    fill.order.as_ref().is_some_and(|id| id.as_str().starts_with("bs"))
}

fn only_own_orders(notes: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    match event {
        Event::Fill(fill) if !is_ours(&fill) => Vec::new(),
        Event::Position(_) => Vec::new(),
        // The first read shows what is there; the others are only asked about orders.
        Event::Snapshot(_) if notes.next() > 2 => Vec::new(),
        other => vec![other],
    }
}

fn deaf_after_start(notes: &mut Notes, scene: &Scene, event: Event) -> Vec<Event> {
    let said =
        matches!(event, Event::Fill(_) | Event::Lookup(_) | Event::Order(_) | Event::Position(_) | Event::Snapshot(_));
    let deaf = notes.has_restarted(scene.now, Span::from_secs(30));
    if deaf && said { Vec::new() } else { vec![event] }
}

fn without_fills(event: Event, lost: fn(&Fill) -> bool) -> Vec<Event> {
    match event {
        Event::Fill(fill) if lost(&fill) => Vec::new(),
        Event::Snapshot(mut read) => {
            read.fills.retain(|fill| !lost(fill));
            vec![Event::Snapshot(read)]
        }
        Event::Lookup(mut lookup) => {
            lookup.fills.retain(|fill| !lost(fill));
            vec![Event::Lookup(lookup)]
        }
        other => vec![other],
    }
}

fn fills_are_lost(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    without_fills(event, |_| true)
}

fn fills_of_others_are_lost(_: &mut Notes, _: &Scene, event: Event) -> Vec<Event> {
    without_fills(event, |fill| !is_ours(fill))
}
