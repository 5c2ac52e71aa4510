//! Events and orders in words.

use super::{Scene, orders};
use backstop_model::{ClientOrderId, Event, NewOrder, OrderKind, OrderQuantity, Outcome, PositionKey, TimeInForce};

/// What happened.
pub(super) fn event(scene: &Scene) -> String {
    match &scene.record.event {
        Event::Answer(answer) => {
            let asked = format!("{:?}", answer.asked).to_lowercase();
            let outcome = match &answer.outcome {
                Outcome::Accepted(venue) => format!("accepted as {venue}"),
                Outcome::Refused(refusal) => format!("refused: {refusal}"),
                Outcome::Unknown(cause) => format!("outcome unknown ({cause:?})"),
            };
            format!("the answer to {asked} {}: {outcome}", name(&answer.id))
        }
        Event::AssignPlan { position, .. } => format!("the operator attached a plan to {}", which(scene, *position)),
        Event::BreakEven { position } => format!("the operator asks for break-even on {}", which(scene, *position)),
        Event::CancelEntry { request, .. } => format!("the operator takes entry {request} back"),
        Event::Candles { candles, history: None, .. } => format!("{} bars have ended", candles.len()),
        Event::Candles { candles, history: Some(series), .. } => {
            format!("{} candles of the {} price from the venue, after a gap", candles.len(), series.word())
        }
        Event::Depth(depth) => format!("the book is {} deep for sales, {} for purchases", depth.bids, depth.asks),
        Event::Drill { position } => format!("it is time for a fire drill on {}", which(scene, *position)),
        Event::Close { position } => format!("the operator closes {}", which(scene, *position)),
        Event::ClosePart { position, share } => {
            format!("the operator closes {}% of {}", share.in_percent(), which(scene, *position))
        }
        Event::DefineAccount(account) => format!("account {} is known from here on", account.name),
        Event::DefineInstrument(instrument) => format!("instrument {} is known from here on", instrument.symbol),
        Event::DefinePlan { plan, .. } => format!("plan {} is known from here on", plan.name),
        Event::Enter(asked) => {
            format!("the operator enters {} {} as {}", which(scene, asked.position), asked.quantity, asked.request)
        }
        Event::Fill(fill) => {
            let order = fill.order.as_ref().map_or_else(|| fill.venue_order.to_string(), name);
            format!("execution of {order}: {} {} at {}", fill.side, fill.quantity, fill.price)
        }
        Event::Funding(funding) => format!("a funding payment of {}", funding.amount),
        Event::Lookup(lookup) => {
            let found = if lookup.found.is_some() { "found" } else { "not found" };
            format!("the answer about {}: {found}", name(&lookup.id))
        }
        Event::MarginCall(_) => "the venue warns that the margin is nearly used up".to_owned(),
        Event::Mode(told) => format!("the venue keeps the account's positions {} now", told.mode.word()),
        Event::NextClose { close_at, .. } => format!("a time of day in {} has come or is known", close_at.zone),
        Event::Order(report) => {
            let order = report.id.as_ref().map_or_else(|| report.venue_id.to_string(), name);
            format!("the venue says of {order}: {:?}, {} executed", report.status, report.filled)
        }
        Event::Pause { position, paused: true } => format!("the operator pauses {}", which(scene, *position)),
        Event::Pause { position, paused: false } => format!("the operator lets {} go on", which(scene, *position)),
        Event::Permit { permit, .. } => format!("what may be done has changed: {permit:?}"),
        Event::Position(report) => format!("the venue says of {}: {}", which(scene, report.key), report.quantity),
        Event::Snapshot(read) => {
            format!("a full read of the account: {} positions, {} orders", read.positions.len(), read.orders.len())
        }
        Event::SessionEnds { .. } => "the end of a trading session is known".to_owned(),
        Event::SymbolPlan { plan: Some(_), .. } => "a symbol has a plan of its own from here on".to_owned(),
        Event::SymbolPlan { plan: None, .. } => "a symbol has no plan of its own any more".to_owned(),
        Event::Annulled(annulled) => {
            let fill = &annulled.fill;
            let order = fill.order.as_ref().map_or_else(|| fill.venue_order.to_string(), name);
            format!("the venue annuls an execution of {order}: {} {} at {}", fill.side, fill.quantity, fill.price)
        }
        Event::Tick(_) => "new prices".to_owned(),
        Event::Wake => "a deadline has come".to_owned(),
    }
}

/// An order's short name, or a stranger's id.
pub(super) fn name(id: &ClientOrderId) -> String {
    orders::short_name(id).unwrap_or_else(|| id.to_string())
}

/// What an order says.
pub(super) fn order(order: &NewOrder) -> String {
    let quantity = match order.quantity {
        OrderQuantity::Exact(quantity) => quantity.to_string(),
        OrderQuantity::WholePosition => "the whole position".to_owned(),
    };
    let kind = match order.kind {
        OrderKind::Limit { price, time_in_force } => match time_in_force {
            TimeInForce::GoodTillCancel => format!("limit {price}"),
            TimeInForce::ImmediateOrCancel => format!("limit {price}, at once or not at all"),
            TimeInForce::PostOnly => format!("limit {price}, post-only"),
        },
        OrderKind::Market => "at market".to_owned(),
        OrderKind::StopMarket(trigger) => format!("stop {} on {}", trigger.price, trigger.source.word()),
        OrderKind::TakeProfitMarket(trigger) => format!("take profit {} on {}", trigger.price, trigger.source.word()),
        OrderKind::TrailingStop { activation, distance, source } => {
            let from = activation.map_or_else(|| "at once".to_owned(), |price| format!("from {price}"));
            format!("native trail {}% behind, {from}, on {}", distance.in_percent(), source.word())
        }
    };
    format!("place {}: {} {quantity} {kind}", name(&order.id), order.side)
}

fn which(scene: &Scene, key: PositionKey) -> String {
    let symbol = scene.after.instrument(key.instrument).map_or_else(String::new, |known| known.symbol.to_string());
    format!("{symbol} {}", key.side)
}
