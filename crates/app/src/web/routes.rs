//! The routes. Every one but `/healthz` lies behind the door, and so does the answer that a route does not exist.

use super::door::{Bind, Door, guard, refuse};
use super::entries;
use super::previews::{self, Previews};
use super::reload::{self, Reloads};
use super::token::TokenFile;
use super::wishes::{self, Wishes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use backstop_runtime::{Shown, Status};
use serde_json::{Value, json};
use std::time::Duration;
use tower_http::timeout::TimeoutLayer;

/// Largest body taken (S11).
const BODY: usize = 64 * 1024;

/// All routes around a live loop, for the address they are served at.
pub fn router(wishes: Wishes, previews: Previews, reloads: Reloads, bind: Bind, token: TokenFile) -> Router {
    let door = Door::at(bind.0, token);
    let explaining = Router::new().route("/api/v1/preview", post(previews::preview)).with_state(previews);
    let reloading = Router::new().route("/api/v1/reload", post(reload::reload)).with_state(reloads);
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/api/v1/entries", get(entries::all).post(entries::enter))
        .route("/api/v1/entries/{id}", get(entries::one).delete(entries::cancel))
        .route("/api/v1/health", get(health))
        .route("/api/v1/positions", get(positions))
        .route("/api/v1/positions/close-all", post(wishes::close_all))
        .route("/api/v1/positions/{id}/breakeven", post(wishes::break_even))
        .route("/api/v1/positions/{id}/close", post(wishes::close))
        .route("/api/v1/positions/{id}/pause", post(wishes::pause))
        .route("/api/v1/positions/{id}/plan", post(wishes::plan))
        .route("/api/v1/positions/{id}/resume", post(wishes::resume))
        .with_state(wishes)
        .merge(explaining)
        .merge(reloading)
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "there is no such route") })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(10)))
        .layer(axum::middleware::from_fn_with_state(door, guard))
}

async fn health(State(wishes): State<Wishes>) -> Json<Value> {
    let status = wishes.handle.status.borrow().clone();
    Json(health_of(&status))
}

fn health_of(status: &Status) -> Value {
    let is_unprotected = |shown: &&Shown| !shown.coverage.covered && !shown.left_alone;
    let unprotected = status.positions.iter().filter(is_unprotected).count();
    json!({
        "ok": status.journal_works && status.venue_works && unprotected == 0,
        "stream": if status.venue_works { "up" } else { "down" },
        "journal": if status.journal_works { "up" } else { "failed" },
        "protect_only": status.protect_only,
        "active_positions": status.positions.len(),
        "unprotected_positions": unprotected,
        "pending_orders": status.open_orders,
        "last_update": status.health.last_event_at.as_millis(),
        "errors": status.health.alarms,
        "events": status.health.events,
        "commands": status.health.commands,
        "max_unprotected_ms": status.health.longest_unprotected.as_millis(),
    })
}

async fn positions(State(wishes): State<Wishes>) -> Json<Value> {
    let status = wishes.handle.status.borrow().clone();
    Json(status.positions.iter().map(document).collect())
}

/// The document, for an account that is only observed what would be sent, and whether it is left alone.
fn document(shown: &Shown) -> Value {
    let mut document = json!(shown.document);
    if shown.observed {
        document["would"] = json!(shown.wishes);
        document["stop_at_venue"] = json!(shown.coverage.stop_price);
    }
    if let Some(proposal) = &shown.proposal {
        document["proposal"] = json!(proposal);
    }
    if shown.left_alone {
        document["left_alone"] = json!(true);
    }
    document
}
