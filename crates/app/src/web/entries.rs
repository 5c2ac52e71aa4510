//! Entries over the API: asked for, shown, taken back. What speaks against one is the core's to say; here names become
//! numbers and words become amounts.
//!
//! A body may also be written in the words of a TradingView alert: `ticker`, `action` (`buy`, `sell`), `contracts`.

use super::body::Body;
use super::door::refuse;
use super::shown_entries::parts_of;
use super::wishes::Wishes;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backstop_model::{
    AccountId, EntryRequest, Event, InstrumentId, Name, PlanId, PositionKey, PositionSide, RequestId, Symbol,
};
use backstop_runtime::{Input, ShownEntry};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Display;
use tokio::sync::oneshot;

/// What the configuration's names stand for.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The accounts.
    pub accounts: BTreeMap<Name, AccountId>,
    /// The plans.
    pub plans: BTreeMap<Name, PlanId>,
    /// The instruments.
    pub symbols: BTreeMap<Symbol, InstrumentId>,
}

/// An entry as it is asked for. Amounts are texts, so that none passes through a binary number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// The asker's own name for it; the same name is never sent twice.
    id: String,
    /// Whose; may be left out where there is one account.
    account: Option<String>,
    /// Of what.
    #[serde(alias = "ticker")]
    symbol: String,
    /// `long` or `short`; `buy` and `sell` are taken for them.
    #[serde(alias = "action")]
    side: String,
    /// How much.
    #[serde(alias = "contracts", alias = "qty")]
    quantity: String,
    /// The worst price accepted; at market when absent.
    limit: Option<String>,
    /// The plan; the one that applies when absent.
    plan: Option<String>,
}

/// Which account is meant, where several know the same name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OfAccount {
    account: Option<String>,
}

impl Names {
    /// Understands what is asked for.
    fn understand(&self, asked: &NewEntry) -> Result<EntryRequest, String> {
        let request = request_id(&asked.id)?;
        let account = self.account(asked.account.as_deref())?;
        // TradingView marks perpetuals so.
        let bare = asked.symbol.strip_suffix(".P").unwrap_or(&asked.symbol);
        let instrument = find(&self.symbols, bare).ok_or_else(|| unknown("symbol", bare, self.symbols.keys()))?;
        let side = match asked.side.as_str() {
            "buy" | "long" => PositionSide::Long,
            "sell" | "short" => PositionSide::Short,
            other => return Err(format!("side: {other:?} is neither long nor short")),
        };
        let plan = asked
            .plan
            .as_deref()
            .map(|name| find(&self.plans, name).ok_or_else(|| unknown("plan", name, self.plans.keys())));
        Ok(EntryRequest {
            request,
            position: PositionKey::new(account, instrument, side),
            quantity: asked.quantity.parse().map_err(|wrong| format!("quantity: {wrong}"))?,
            limit: asked
                .limit
                .as_ref()
                .map(|limit| limit.parse().map_err(|wrong| format!("limit: {wrong}")))
                .transpose()?,
            plan: plan.transpose()?,
        })
    }

    fn account(&self, name: Option<&str>) -> Result<AccountId, String> {
        match name {
            Some(name) => find(&self.accounts, name).ok_or_else(|| unknown("account", name, self.accounts.keys())),
            None if self.accounts.len() == 1 => Ok(self.accounts.values().next().copied().unwrap_or(AccountId(0))),
            None => Err(format!("account: name one of {}", listed(self.accounts.keys()))),
        }
    }
}

fn find<Key: Display, Value: Copy>(known: &BTreeMap<Key, Value>, name: &str) -> Option<Value> {
    known.iter().find(|(key, _)| key.to_string() == name).map(|(_, value)| *value)
}

pub(super) fn name_of<Key: Display, Value: PartialEq>(known: &BTreeMap<Key, Value>, of: Value) -> Option<String> {
    known.iter().find(|(_, value)| **value == of).map(|(key, _)| key.to_string())
}

fn listed(known: impl IntoIterator<Item = impl Display>) -> String {
    known.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

fn unknown(what: &str, name: &str, known: impl IntoIterator<Item = impl Display>) -> String {
    format!("there is no {what} {name}; there are {}", listed(known))
}

/// A name that fits into an address.
fn request_id(text: &str) -> Result<RequestId, String> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'));
    let wrong = || "id: 1 to 64 letters, digits, or -_.: are needed".to_owned();
    if fits { RequestId::new(text).map_err(|_| wrong()) } else { Err(wrong()) }
}

/// Asks for an entry and answers with the core's verdict.
pub(super) async fn enter(State(wishes): State<Wishes>, Body(asked): Body<NewEntry>) -> Response {
    let asked = match wishes.names().understand(&asked) {
        Ok(asked) => asked,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, &why),
    };
    if wishes.handle.status.borrow().protect_only {
        let why = "not every account has been read yet; ask again in a moment";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, why);
    }
    let (verdict, heard) = oneshot::channel();
    let ending = || refuse(StatusCode::SERVICE_UNAVAILABLE, "the engine is ending; nothing was sent");
    if wishes.handle.inbox.send(Input::Enter(asked, verdict)).await.is_err() {
        return ending();
    }
    let Ok(verdict) = heard.await else { return ending() };
    match (verdict.refused, wishes.names().shown(&verdict.parts)) {
        (Some(why), _) => refuse(StatusCode::UNPROCESSABLE_ENTITY, &format!("entry {}: refused: {why}", asked.request)),
        (None, Some(entry)) => (StatusCode::ACCEPTED, Json(entry)).into_response(),
        (None, None) => refuse(StatusCode::UNPROCESSABLE_ENTITY, "the entry was not taken; see the engine's log"),
    }
}

/// All entries that are remembered, oldest first within a position; the parts of one below it.
pub(super) async fn all(State(wishes): State<Wishes>) -> Json<Value> {
    let status = wishes.handle.status.borrow().clone();
    let wholes = status.entries.iter().filter(|shown| shown.entry.part.is_none_or(|part| part.number == 1));
    Json(wholes.filter_map(|shown| wishes.names().shown(&parts_of(shown, &status.entries))).collect())
}

/// One entry.
pub(super) async fn one(State(wishes): State<Wishes>, Path(id): Path<String>, Query(of): Query<OfAccount>) -> Response {
    match meant(&wishes, &id, &of) {
        Ok(entry) => {
            let status = wishes.handle.status.borrow().clone();
            Json(wishes.names().shown(&parts_of(&entry, &status.entries))).into_response()
        }
        Err(refusal) => refusal,
    }
}

/// Takes back what has not been filled.
pub(super) async fn cancel(
    State(wishes): State<Wishes>,
    Path(id): Path<String>,
    Query(of): Query<OfAccount>,
) -> Response {
    let entry = match meant(&wishes, &id, &of) {
        Ok(entry) => entry,
        Err(refusal) => return refusal,
    };
    let Ok(request) = RequestId::new(entry.entry.name()) else { return not_found() };
    let event = Event::CancelEntry { account: entry.key.account, request };
    wishes.ask(vec![event], json!({ "id": id, "cancelling": entry.entry.is_live() })).await
}

fn not_found() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is no entry of that id; see /api/v1/entries")
}

#[allow(clippy::result_large_err, reason = "the refusal is the answer that is sent")]
fn meant(wishes: &Wishes, id: &str, of: &OfAccount) -> Result<ShownEntry, Response> {
    let account = match &of.account {
        Some(name) => Some(wishes.names().account(Some(name)).map_err(|why| refuse(StatusCode::BAD_REQUEST, &why))?),
        None => None,
    };
    let status = wishes.handle.status.borrow().clone();
    let mut found = status.entries.iter().filter(|shown| {
        (shown.entry.name() == id || shown.entry.id.as_str() == id) && account.is_none_or(|of| of == shown.key.account)
    });
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.clone()),
        (Some(_), Some(_)) => Err(refuse(StatusCode::CONFLICT, "several accounts have an entry of that id; name one")),
        (None, _) => Err(not_found()),
    }
}
