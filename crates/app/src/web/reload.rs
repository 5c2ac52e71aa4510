//! `POST /api/v1/reload`: the configuration is read again, and counts as a whole or not at all (F-M15, I37).
//!
//! Only the file that the engine was started with is read; nobody can name another one. What it comes to, and why it cannot be
//! taken over now, the one who reads it says.

use super::body::Body;
use super::door::refuse;
use super::entries::Names;
use crate::config::Config;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backstop_model::{Event, PositionKey};
use backstop_runtime::{Handle, Input};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::{Mutex, oneshot, watch};

/// What counts of the configuration now, for those who look names and plans up.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// The configuration.
    pub config: Config,
    /// What its names stand for.
    pub names: Names,
}

/// What a configuration that was read again changes.
#[derive(Debug)]
pub struct Change {
    /// What the engine is told, all in one turn.
    pub events: Vec<Event>,
    /// What counts from then on.
    pub counts: Counts,
    /// The same for people: `plan near`, `account main`.
    pub said: Vec<String>,
    /// Open positions that keep a plan as it was, by name, with the plan's.
    pub kept: Vec<(String, String)>,
}

/// Why it does not count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unread {
    /// It is wrong, or cannot be read.
    Wrong(String),
    /// Only at a start.
    AtStart(Vec<String>),
    /// Only when somebody confirms.
    Unconfirmed(Vec<String>),
}

/// One open position: which, its name, its plan's name.
pub type Open = (PositionKey, String, String);

/// Who reads the configuration.
pub trait Source: Send {
    /// Reads it again, with what is open now.
    ///
    /// # Errors
    /// [`Unread`]; what counted before goes on.
    fn read(&mut self, open: &[Open], confirmed: bool) -> Result<Change, Unread>;

    /// What was read last counts from now on.
    fn counts(&mut self);
}

/// Who may have it read again.
#[derive(Clone)]
pub struct Reloads {
    source: Arc<Mutex<Box<dyn Source>>>,
    counts: watch::Sender<Arc<Counts>>,
    handle: Handle,
}

/// How it is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// What takes protection away from something open is meant.
    confirm: bool,
}

impl Reloads {
    /// Through this source, for this loop; what counts is shown there.
    #[must_use]
    pub fn new(source: Box<dyn Source>, counts: watch::Sender<Arc<Counts>>, handle: Handle) -> Self {
        Self { source: Arc::new(Mutex::new(source)), counts, handle }
    }

    async fn reload(&self, confirmed: bool) -> Result<Value, (StatusCode, Value)> {
        // One after the other: what counts and what the engine was told stay the same thing.
        let mut source = self.source.clone().lock_owned().await;
        let status = self.handle.status.borrow().clone();
        let open = status
            .positions
            .iter()
            .map(|shown| (shown.key, shown.document.position_id.clone(), shown.document.plan.clone()));
        let open: Vec<Open> = open.collect();
        let reading = tokio::task::spawn_blocking(move || {
            let read = source.read(&open, confirmed);
            (source, read)
        });
        let ending = || (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": "the engine is ending" }));
        let (mut source, read) = reading.await.map_err(|_| ending())?;
        let change = read.map_err(|why| said(&why))?;
        let (taken, counts) = oneshot::channel();
        self.handle.inbox.send(Input::Define(change.events, taken)).await.map_err(|_| ending())?;
        counts.await.map_err(|_| ending())?;
        source.counts();
        self.counts.send_replace(Arc::new(change.counts));
        let kept = change.kept.iter().map(|(id, plan)| json!({ "position_id": id, "plan": plan }));
        Ok(json!({ "changed": change.said, "kept": kept.collect::<Vec<_>>() }))
    }
}

fn said(why: &Unread) -> (StatusCode, Value) {
    let (status, error) = match why {
        Unread::Wrong(text) => (StatusCode::UNPROCESSABLE_ENTITY, text.clone()),
        Unread::AtStart(what) => (
            StatusCode::CONFLICT,
            format!("{}: that counts only when the engine is started again; nothing was changed", what.join("; ")),
        ),
        Unread::Unconfirmed(what) => (
            StatusCode::CONFLICT,
            format!("{}: confirm it if that is meant (`--confirm`); nothing was changed", what.join("; ")),
        ),
    };
    (status, json!({ "error": error }))
}

/// Has it read again.
pub(super) async fn reload(State(reloads): State<Reloads>, Body(asked): Body<Asked>) -> Response {
    // Whoever asked may go away in between: what the engine was told and what counts are the same thing all the same.
    let done = tokio::spawn(async move { reloads.reload(asked.confirm).await });
    let done = done
        .await
        .unwrap_or_else(|_| Err((StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": "it was not read; ask again" }))));
    match done {
        Ok(changed) => Json(changed).into_response(),
        Err((status, why)) => match why.get("error").and_then(Value::as_str) {
            Some(text) => refuse(status, text),
            None => (status, Json(why)).into_response(),
        },
    }
}
