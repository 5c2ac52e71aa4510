//! `POST /api/v1/preview`: a plan of the configuration explained for an entry, before any money depends on it. The same
//! object that `backstop check --json` prints for each plan, with the engine's own spread, slippage and average true ranges
//! where none are given; nothing is placed and nothing is remembered.

use super::body::Body;
use super::door::refuse;
use super::reload::Counts;
use crate::config::Config;
use crate::preview::{Averages, Entry, Explained, WrittenCosts};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backstop_model::{ExitPlan, Instrument, InstrumentId, Points, PositionSide, Quantity};
use backstop_runtime::{Handle, Input, Seen};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// The plans of the configuration, and the instruments of the engine with what it sees of their markets.
#[derive(Clone)]
pub struct Previews {
    counts: watch::Receiver<Arc<Counts>>,
    instruments: Arc<Vec<Instrument>>,
    handle: Handle,
}

/// What is asked: numbers are decimal strings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// A plan's name in the configuration.
    plan: String,
    /// The instrument, as the venue calls it.
    symbol: String,
    /// `long` or `short`.
    side: PositionSide,
    /// The average entry.
    entry: String,
    /// What is entered.
    quantity: String,
    /// Average true ranges in points, for distances in `atr`; those that are left out are the engine's own.
    atr: Option<AskedAverages>,
    /// From bid to ask, in points or percent; what it is now, when left out.
    spread: Option<String>,
    /// How far beyond its price a stop fills, in points or percent; the median that was seen, when left out.
    slippage: Option<String>,
    /// Funding paid until it is closed, in money or percent.
    funding: Option<String>,
}

/// One for all bars, or one for each that is named.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AskedAverages {
    All(String),
    Each(BTreeMap<String, String>),
}

impl AskedAverages {
    fn read(&self) -> Result<Averages, String> {
        let mut averages = Averages::default();
        match self {
            Self::All(points) => averages.of_bars("", points)?,
            Self::Each(each) => each.iter().try_for_each(|(bars, points)| averages.of_bars(bars, points))?,
        }
        Ok(averages)
    }
}

/// What is wrong with a question, and under which status it is said.
type Wrong = (StatusCode, String);

impl Previews {
    /// Of the configuration that counts, on the instruments the engine trades.
    #[must_use]
    pub fn new(counts: watch::Receiver<Arc<Counts>>, instruments: &[Instrument], handle: Handle) -> Self {
        Self { counts, instruments: Arc::new(instruments.to_vec()), handle }
    }

    /// How the market looks to the engine; as if nothing were known when it is ending.
    async fn seen(&self, market: InstrumentId) -> Seen {
        let (answer, heard) = oneshot::channel();
        if self.handle.inbox.send(Input::Look(market, answer)).await.is_err() {
            return Seen::nothing();
        }
        heard.await.unwrap_or_else(|_| Seen::nothing())
    }

    async fn explain(&self, asked: &Asked) -> Result<Explained, Wrong> {
        let counts = self.counts.borrow().clone();
        let plan = plan_of(&counts.config, &asked.plan)?;
        let instrument = self.instrument(&asked.symbol)?.clone();
        let price = number("entry", &asked.entry)?;
        let quantity: Quantity = number("quantity", &asked.quantity)?;
        if quantity.is_zero() {
            return Err(unusable("quantity", "nothing is entered; give a quantity greater than zero"));
        }
        let averages = asked.atr.as_ref().map_or_else(|| Ok(Averages::default()), AskedAverages::read);
        let averages = averages.map_err(|why| unusable("atr", &why))?;
        if let Some(needless) = averages.needless([plan.as_ref()].into_iter()) {
            return Err(unusable("atr", &needless));
        }
        let seen = self.seen(instrument.id).await;
        let averages = averages.or_seen(plan, &seen.volatility);
        let now = |points: Points| points.max(Points::ZERO).to_string();
        let (spread, slippage) = (seen.spread.map_or_else(|| "0".to_owned(), now), now(seen.slippage));
        let spread = Some(asked.spread.as_deref().unwrap_or(&spread));
        let slippage = Some(asked.slippage.as_deref().unwrap_or(&slippage));
        let costs = WrittenCosts { spread, slippage, funding: asked.funding.as_deref() };
        let costs = costs.of(price, quantity, instrument.value_per_point);
        let costs = costs.map_err(|(name, why)| unusable(name, &why))?;
        let entry = Entry { instrument, side: asked.side, price, quantity, averages, costs };
        Ok(Explained::new(plan, &counts.config, &entry))
    }

    fn instrument(&self, symbol: &str) -> Result<&Instrument, Wrong> {
        self.instruments.iter().find(|known| known.symbol.as_str() == symbol).ok_or_else(|| {
            let symbols: Vec<String> = self.instruments.iter().map(|known| known.symbol.to_string()).collect();
            (StatusCode::NOT_FOUND, format!("symbol: the engine does not trade it; it trades {}", symbols.join(", ")))
        })
    }
}

fn plan_of<'a>(config: &'a Config, name: &str) -> Result<&'a Arc<ExitPlan>, Wrong> {
    let known = config.plans.iter().find(|(known, _)| known.as_str() == name);
    known.map(|(_, plan)| plan).ok_or_else(|| {
        let names: Vec<String> = config.plans.keys().map(ToString::to_string).collect();
        (StatusCode::NOT_FOUND, format!("plan: there is none of that name; the configuration has {}", names.join(", ")))
    })
}

fn unusable(key: &str, why: &str) -> Wrong {
    (StatusCode::UNPROCESSABLE_ENTITY, format!("{key}: {why}"))
}

fn number<T: FromStr<Err = backstop_model::ParseUnitError>>(key: &str, text: &str) -> Result<T, Wrong> {
    text.parse().map_err(|why: backstop_model::ParseUnitError| unusable(key, &why.to_string()))
}

/// Explains a plan. One that would not be armed is an answer, not an error.
pub(super) async fn preview(State(previews): State<Previews>, Body(asked): Body<Asked>) -> Response {
    match previews.explain(&asked).await {
        Ok(explained) => Json(explained.as_json()).into_response(),
        Err((status, why)) => refuse(status, &why),
    }
}
