//! What came of an event, in the words that the scenario runner prints: commands first, then what people are told.
//!
//! The runner has words of its own and must come to the same; a test holds the two together.

use backstop_core::Step;
use backstop_core::orders::{EntryName, Leg, Named};
use backstop_model::{
    ClientOrderId, Command, DealId, NewOrder, OrderKind, OrderQuantity, PositionSide, RequestId, Severity, TimeInForce,
};

/// Requests that a life has names for.
const REQUESTS: u32 = 10;

/// Everything a step brought, a line each.
pub fn of(step: &Step) -> Vec<String> {
    let notices = step.notices.iter().map(|notice| {
        let how = match notice.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Alarm => "ALARM",
        };
        format!("{how}: {}", notice.text)
    });
    step.commands.iter().map(command).chain(notices).collect()
}

/// `stop#1`, `TP2#1`, `instant-TP1#2`, `stop#1/e2`, `stop#1/short`, `entry-e0`; nothing for orders of others.
pub fn label(id: &ClientOrderId) -> Option<String> {
    if let Some(name) = EntryName::read(id) {
        let requests = (0..REQUESTS).filter_map(|number| RequestId::new(&format!("e{number}")).ok());
        let request = requests.into_iter().find(|request| EntryName::of(name.scope, name.side, request) == name)?;
        return Some(format!("entry-{request}"));
    }
    let named = Named::read(id)?;
    let side = if named.side == PositionSide::Short { "/short" } else { "" };
    let tranche = if named.tranche.0 > 1 { format!("/t{}", named.tranche.0) } else { String::new() };
    let counts = named.epoch.0 > 1 && named.leg != Leg::Drill;
    let epoch = if counts { format!("/e{}", named.epoch.0) } else { String::new() };
    Some(format!("{}#{}{tranche}{epoch}{side}", named.leg, named.revision).replace(' ', "-"))
}

fn shown(id: &ClientOrderId, deal: Option<DealId>) -> String {
    let deal = deal.map_or_else(String::new, |deal| format!("/deal:{deal}"));
    label(id).unwrap_or_else(|| format!("stranger {id}")) + &deal
}

fn command(command: &Command) -> String {
    match command {
        Command::Amend { id, deal, trigger, quantity, .. } => {
            let kept = if trigger.guaranteed { ", guaranteed" } else { "" };
            format!("amend {}: to {} for {quantity}{kept}", shown(id, *deal), trigger.price)
        }
        Command::Cancel { id, deal, .. } => format!("cancel {}", shown(id, *deal)),
        Command::Lookup { id, deal, .. } => format!("look up {}", shown(id, *deal)),
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
    format!("place {}: {} {quantity} {}{flag}{stop}", shown(&order.id, order.deal), order.side, kind(&order.kind))
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
            format!("{what} {} on {}", trigger.price, trigger.source.word())
        }
        OrderKind::TakeProfitMarket(trigger) => {
            format!("take profit {} on {}", trigger.price, trigger.source.word())
        }
        OrderKind::TrailingStop { activation, distance, source } => {
            let from = activation.map_or_else(|| "at once".to_owned(), |price| format!("from {price}"));
            format!("native trail {}% {from} on {}", distance.in_percent(), source.word())
        }
    }
}
