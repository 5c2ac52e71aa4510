//! What operators ask of positions: each wish becomes an event of the live loop; nothing is decided here.

use super::body::Body;
use super::door::refuse;
use super::entries::Names;
use super::reload::Counts;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backstop_model::{Event, Name, PositionKey, Ratio};
use backstop_runtime::{Handle, Input, Shown};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// The live loop, and what names stand for.
#[derive(Clone)]
pub struct Wishes {
    pub(super) handle: Handle,
    counts: watch::Receiver<Arc<Counts>>,
}

/// How much of a position is closed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClosePart {
    /// A share like `50%`; everything when absent.
    part: Option<String>,
}

/// Which plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// Its name in the configuration.
    plan: String,
}

impl Wishes {
    /// Around a live loop, with the names that count.
    #[must_use]
    pub const fn new(handle: Handle, counts: watch::Receiver<Arc<Counts>>) -> Self {
        Self { handle, counts }
    }

    /// The names that count now.
    pub(super) fn names(&self) -> Names {
        self.counts.borrow().names.clone()
    }

    /// The position of that name, or the only one of a symbol.
    fn position(&self, id: &str) -> Option<PositionKey> {
        let status = self.handle.status.borrow().clone();
        let named = status.positions.iter().find(|shown| shown.document.position_id == id).map(|shown| shown.key);
        let of_symbol = status.positions.iter().filter(|shown| shown.document.symbol == id).map(|shown| shown.key);
        let of_symbol: BTreeSet<PositionKey> = of_symbol.collect();
        named.or(of_symbol.first().copied().filter(|_| of_symbol.len() == 1))
    }

    /// Why nothing is done for a position, if so.
    fn why_not(&self, key: PositionKey) -> Option<&'static str> {
        let status = self.handle.status.borrow();
        let shown = status.positions.iter().find(|shown| shown.key == key)?;
        match (shown.observed, shown.left_alone) {
            (true, _) => Some("its account is only observed: nothing is sent; close it at the venue"),
            (_, true) => Some("its account is limited to other symbols: it is not touched; close it at the venue"),
            (false, false) => None,
        }
    }

    /// Hands the wishes over; the answer says, below `told`, what the engine said of them.
    pub(super) async fn ask(&self, events: Vec<Event>, mut answer: Value) -> Response {
        let ending = || refuse(StatusCode::SERVICE_UNAVAILABLE, "the engine is ending; the stop stays at the venue");
        let mut hearing = Vec::new();
        for event in events {
            let (telling, heard) = oneshot::channel();
            if self.handle.inbox.send(Input::Operator(Box::new(event), telling)).await.is_err() {
                return ending();
            }
            hearing.push(heard);
        }
        // All of them are on their way before the first word is waited for.
        let mut told = Vec::new();
        for heard in hearing {
            let Ok(notices) = heard.await else { return ending() };
            told.extend(notices.iter().map(|notice| json!({ "severity": notice.severity, "text": notice.text })));
        }
        answer["told"] = told.into();
        (StatusCode::ACCEPTED, Json(answer)).into_response()
    }

    /// Why no position is meant by that name.
    fn unknown(&self, id: &str) -> Response {
        let status = self.handle.status.borrow().clone();
        let of_symbol = status.positions.iter().filter(|shown| shown.document.symbol == id);
        let names: BTreeSet<&str> = of_symbol.map(|shown| shown.document.position_id.as_str()).collect();
        if names.is_empty() {
            return refuse(StatusCode::NOT_FOUND, "there is no open position of that name; see /api/v1/positions");
        }
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        refuse(StatusCode::CONFLICT, &format!("several positions are open on {id}; name one of {names}"))
    }
}

/// Closes a position, or a part of it.
pub(super) async fn close(
    State(wishes): State<Wishes>,
    Path(id): Path<String>,
    Body(asked): Body<ClosePart>,
) -> Response {
    let Some(position) = wishes.position(&id) else { return wishes.unknown(&id) };
    if let Some(why) = wishes.why_not(position) {
        return refuse(StatusCode::CONFLICT, why);
    }
    let Some(part) = asked.part else {
        return wishes.ask(vec![Event::Close { position }], json!({ "position_id": id, "closing": true })).await;
    };
    let Some(share) = share(&part) else {
        return refuse(StatusCode::BAD_REQUEST, "part: write a share above 0% and at most 100%, for example 50%");
    };
    let answer = json!({ "position_id": id, "closing": true, "part": part });
    wishes.ask(vec![Event::ClosePart { position, share }], answer).await
}

/// A share like `50%`, above nothing and at most everything.
fn share(text: &str) -> Option<Ratio> {
    let share = Ratio::percent(text.trim().strip_suffix('%')?.trim_end()).ok()?;
    (share > Ratio::ZERO && share <= Ratio::ONE).then_some(share)
}

/// Closes every open position, and takes back every entry.
pub(super) async fn close_all(State(wishes): State<Wishes>) -> Response {
    let status = wishes.handle.status.borrow().clone();
    let (spared, closed): (Vec<&Shown>, Vec<&Shown>) =
        status.positions.iter().partition(|shown| shown.observed || shown.left_alone);
    let spared: BTreeSet<PositionKey> = spared.into_iter().map(|shown| shown.key).collect();
    let mut keys: BTreeSet<PositionKey> = closed.into_iter().map(|shown| shown.key).collect();
    let count = keys.len();
    keys.extend(status.entries.iter().filter(|shown| shown.entry.is_live()).map(|shown| shown.key));
    let events = keys.into_iter().map(|position| Event::Close { position }).collect();
    wishes.ask(events, json!({ "closing": count, "not_touched": spared.len() })).await
}

/// Moves the stop to break-even.
pub(super) async fn break_even(State(wishes): State<Wishes>, Path(id): Path<String>) -> Response {
    let Some(position) = wishes.position(&id) else { return wishes.unknown(&id) };
    wishes.ask(vec![Event::BreakEven { position }], json!({ "position_id": id, "breakeven": true })).await
}

/// Pauses a position.
pub(super) async fn pause(State(wishes): State<Wishes>, Path(id): Path<String>) -> Response {
    set_paused(wishes, id, true).await
}

/// Lets a position go on.
pub(super) async fn resume(State(wishes): State<Wishes>, Path(id): Path<String>) -> Response {
    set_paused(wishes, id, false).await
}

async fn set_paused(wishes: Wishes, id: String, paused: bool) -> Response {
    let Some(position) = wishes.position(&id) else { return wishes.unknown(&id) };
    wishes.ask(vec![Event::Pause { position, paused }], json!({ "position_id": id, "paused": paused })).await
}

/// Puts a position under another plan.
pub(super) async fn plan(State(wishes): State<Wishes>, Path(id): Path<String>, Body(asked): Body<NewPlan>) -> Response {
    let Some(position) = wishes.position(&id) else { return wishes.unknown(&id) };
    let names = wishes.names();
    let known = names.plans.iter().find(|(name, _)| name.as_str() == asked.plan).map(|(_, plan)| *plan);
    let Some(plan) = known else {
        let names: Vec<&str> = names.plans.keys().map(Name::as_str).collect();
        let text = format!("there is no plan of that name; the configuration has {}", names.join(", "));
        return refuse(StatusCode::BAD_REQUEST, &text);
    };
    let answer = json!({ "position_id": id, "plan": asked.plan });
    wishes.ask(vec![Event::AssignPlan { position, plan }], answer).await
}
