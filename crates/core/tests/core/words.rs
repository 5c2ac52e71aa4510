//! Commands, notices and documents as the scripts show them: plain words, our order ids by what they name.

use backstop_core::orders::Leg;
use backstop_core::orders::{EntryName, Named};
use backstop_core::{PositionRead, Step};
use backstop_model::{
    ClientOrderId, Command, DealId, NewOrder, OrderKind, OrderQuantity, PositionSide, RequestId, Severity, TimeInForce,
    Timestamp, TriggerSource,
};

/// `stop#1`, `TP2#1`, `instant-TP1#2`; later incarnations say so: `stop#1/e2`, and so does a short side: `stop#1/short`.
pub fn label(id: &ClientOrderId) -> String {
    if let Some(request) = EntryName::read(id).and_then(request) {
        return format!("entry-{request}");
    }
    let Some(named) = Named::read(id) else { return format!("stranger {id}") };
    let side = if named.side == PositionSide::Short { "/short" } else { "" };
    let tranche = if named.tranche.0 > 1 { format!("/t{}", named.tranche.0) } else { String::new() };
    // A drill has the minute in its place.
    let counts = named.epoch.0 > 1 && named.leg != Leg::Drill;
    let epoch = if counts { format!("/e{}", named.epoch.0) } else { String::new() };
    format!("{}#{}{tranche}{epoch}{side}", named.leg, named.revision).replace(' ', "-")
}

/// The label, and the deal where every deal is a position of its own: `stop#1/deal:7`.
pub fn name(id: &ClientOrderId, deal: Option<DealId>) -> String {
    let deal = deal.map_or_else(String::new, |deal| format!("/deal:{deal}"));
    format!("{}{deal}", label(id))
}

/// Which of the scripts' requests an entry's id stands for: `r1` to `r9`, or `e0` to `e9` of the storm's.
fn request(name: EntryName) -> Option<RequestId> {
    let parts = |number: u8| {
        (1..=5).map(move |part| if part == 1 { format!("r{number}") } else { format!("r{number}.{part}") })
    };
    let of_storm = (0..=9).map(|number| format!("e{number}"));
    let requests = (1..=9).flat_map(parts).chain(of_storm).map(|name| RequestId::new(&name).unwrap());
    requests.into_iter().find(|request| name.is_of(name.scope, name.side, request))
}

/// A time of the script, counted from its beginning.
pub fn time(at: Timestamp, start: Timestamp) -> String {
    format!("{} ms", at.since(start).as_millis())
}

pub fn command(command: &Command) -> String {
    match command {
        Command::Amend { id, deal, trigger, quantity, .. } => {
            let kept = if trigger.guaranteed { ", guaranteed" } else { "" };
            format!("amend {}: to {} for {quantity}{kept}", name(id, *deal), trigger.price)
        }
        Command::Cancel { id, deal, .. } => format!("cancel {}", name(id, *deal)),
        Command::Lookup { id, deal, .. } => format!("look up {}", name(id, *deal)),
        Command::Place(order) => place(order),
        Command::Snapshot { cause, .. } => format!("read everything ({cause:?})").to_lowercase(),
    }
}

fn place(order: &NewOrder) -> String {
    let quantity = match order.quantity {
        OrderQuantity::Exact(quantity) => quantity.to_string(),
        OrderQuantity::WholePosition => "whole position".to_owned(),
    };
    let is_entry = EntryName::read(&order.id).is_some();
    let flag = if order.reduce_only || is_entry { "" } else { " WITHOUT REDUCE-ONLY" };
    let stop = order.attached_stop.map_or_else(String::new, |stop| format!(" with a stop at {}", stop.price));
    format!("place {}: {} {quantity} {}{flag}{stop}", name(&order.id, order.deal), order.side, kind(&order.kind))
}

fn kind(kind: &OrderKind) -> String {
    match kind {
        OrderKind::Limit { price, time_in_force } => match time_in_force {
            TimeInForce::GoodTillCancel => format!("limit {price}"),
            TimeInForce::ImmediateOrCancel => format!("limit {price} immediate-or-cancel"),
            TimeInForce::PostOnly => format!("limit {price} post-only"),
        },
        OrderKind::Market => "market".to_owned(),
        OrderKind::StopMarket(trigger) => {
            let what = if trigger.guaranteed { "guaranteed stop" } else { "stop" };
            format!("{what} {} on {}", trigger.price, on(trigger.source))
        }
        OrderKind::TakeProfitMarket(trigger) => format!("take profit {} on {}", trigger.price, on(trigger.source)),
        OrderKind::TrailingStop { activation, distance, source } => {
            let from = activation.map_or_else(|| "at once".to_owned(), |price| format!("from {price}"));
            format!("native trail {}% {from} on {}", distance.in_percent(), on(*source))
        }
    }
}

const fn on(source: TriggerSource) -> &'static str {
    source.word()
}

/// Everything a step brought, a line each.
pub fn step(step: &Step) -> Vec<String> {
    let commands = step.commands.iter().map(command);
    let notices = step.notices.iter().map(|notice| {
        let how = match notice.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Alarm => "ALARM",
        };
        format!("{how}: {}", notice.text)
    });
    commands.chain(notices).collect()
}

/// A position document, the parts that a trader looks at.
pub fn document(read: &PositionRead) -> Vec<String> {
    let d = &read.document;
    let text = |price: Option<backstop_model::Price>| price.map_or_else(|| "-".to_owned(), |price| price.to_string());
    let next = match (d.next_tp_level, d.next_tp_price) {
        (Some(level), Some(price)) => format!("TP{level} at {price}"),
        _ => "-".to_owned(),
    };
    let mut lines = vec![
        format!(
            "{}{} {}: {} of {} open ({} %), entry {}",
            d.position_id,
            if d.tranche > 1 { format!(" #{}", d.tranche) } else { String::new() },
            d.side,
            d.current_quantity,
            d.original_quantity,
            d.remaining_pct,
            d.entry_price
        ),
        format!(
            "hit {:?}, next {next}, stop {}, best {}",
            d.tp_levels_hit,
            text(d.current_stop_loss),
            text(d.best_price)
        ),
        format!("fees {}, funding {}, realised {} {}", d.fees, d.funding, d.realized_pnl, d.currency),
    ];
    for exit in &d.partial_exits {
        let level = exit.tp_level.map_or_else(String::new, |level| format!("TP{level} "));
        lines.push(format!(
            "closed {level}{}: {} at {}, profit {} ({} %), stop {}",
            exit.reason,
            exit.quantity_closed,
            exit.exit_price,
            exit.profit,
            exit.profit_pct,
            text(exit.new_stop_loss)
        ));
    }
    if let Some(reason) = d.exit_reason {
        lines.push(format!("over: {reason}, average exit {}", text(d.average_exit_price)));
    }
    let covered = if read.protection.covered { "protected" } else { "UNPROTECTED" };
    if d.exit_reason.is_none() {
        lines.push(format!("{covered}, venue stop {}", text(read.protection.stop_price)));
    }
    lines
}
