//! The routes. Every one but `/healthz` lies behind the door, and so does the answer that a route does not exist.

use super::door::{Bind, Door, guard, refuse};
use super::token::TokenFile;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use backstop_model::Event;
use backstop_runtime::{Handle, Input, Status};
use serde_json::{Value, json};
use std::time::Duration;
use tower_http::timeout::TimeoutLayer;

/// Largest body taken (S11).
const BODY: usize = 64 * 1024;

/// All routes around a live loop, for the address they are served at.
pub fn router(handle: Handle, bind: Bind, token: TokenFile) -> Router {
    let door = Door::at(bind.0, token);
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/api/v1/health", get(health))
        .route("/api/v1/positions", get(positions))
        .route("/api/v1/positions/{id}/close", post(close))
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "there is no such route") })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(10)))
        .layer(axum::middleware::from_fn_with_state(door, guard))
        .with_state(handle)
}

async fn health(State(handle): State<Handle>) -> Json<Value> {
    let status = handle.status.borrow().clone();
    Json(health_of(&status))
}

fn health_of(status: &Status) -> Value {
    let unprotected = status.positions.iter().filter(|shown| !shown.coverage.covered).count();
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

async fn positions(State(handle): State<Handle>) -> Json<Value> {
    let status = handle.status.borrow().clone();
    let documents: Vec<_> = status.positions.iter().map(|shown| &shown.document).collect();
    Json(json!(documents))
}

async fn close(State(handle): State<Handle>, Path(id): Path<String>) -> Response {
    let status = handle.status.borrow().clone();
    let Some(shown) = status.positions.iter().find(|shown| shown.document.position_id == id) else {
        return refuse(StatusCode::NOT_FOUND, "there is no open position of that name; see /api/v1/positions");
    };
    let event = Event::Close { position: shown.key };
    match handle.inbox.send(Input::Operator(Box::new(event))).await {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "position_id": id, "closing": true }))).into_response(),
        Err(_) => refuse(StatusCode::SERVICE_UNAVAILABLE, "the engine is ending; the stop stays at the venue"),
    }
}
