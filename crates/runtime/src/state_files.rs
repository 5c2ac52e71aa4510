//! Per-market state files (product.md §4): which one is to be written or deleted, and when. No file is touched here.
//!
//! A market's file is written when a position opens there and deleted when it closes; a trailing move never touches it.
//! While several positions or tranches are open on one market, its file shows the oldest. At a start the files are compared
//! with the store: a difference is told and put right. What is true is for the venue to say; its answer comes as events
//! and changes the files like any other.

mod disk;

pub use disk::StateFileKeeper;

use backstop_model::{Course, PositionDocument, Price};
use backstop_store::{ReadUpdate, Stored};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a state file says. Times are epoch milliseconds, prices decimal strings.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct MarketState {
    /// The order that opened the position; the position's own name where that is not known.
    pub deal_id: String,
    /// Average entry.
    pub entry_price: Price,
    /// First fill.
    pub entry_time: i64,
    /// The next target.
    pub tp_level: Option<Price>,
    /// The stop.
    pub sl_level: Option<Price>,
    /// The best price so far: the highest for a long, the lowest for a short.
    pub highest_bid: Option<Price>,
    /// The trail has been activated.
    pub trailing_active: bool,
    /// What the position is.
    pub status: Status,
}

/// What a position is as long as its file exists.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Open.
    Open,
}

/// What is to be done with one market's file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wish {
    /// Its position has closed.
    Delete,
    /// A position has opened.
    Write(MarketState),
}

/// What is found of a file at a start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Found {
    /// There is none.
    Missing,
    /// Something that is no state file: it is somebody else's and is not touched.
    NotOurs(String),
    /// A state file.
    State(MarketState),
}

/// A difference between a file and the store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// The market.
    pub symbol: String,
    /// What people are told.
    pub text: String,
    /// What puts it right.
    pub wish: Option<Wish>,
}

/// Which tranche, the oldest first.
type Name = (i64, String, u8);

#[derive(Debug, Default)]
struct Market {
    open: BTreeMap<Name, MarketState>,
    shown: Option<Name>,
}

/// The files of all markets that have one.
#[derive(Debug, Default)]
pub struct StateFiles {
    markets: BTreeMap<String, Market>,
}

impl StateFiles {
    /// Files for these markets.
    #[must_use]
    pub fn of(symbols: impl IntoIterator<Item = String>) -> Self {
        Self { markets: symbols.into_iter().map(|symbol| (symbol, Market::default())).collect() }
    }

    /// Takes over what is open by the store, and compares it with the files that were found.
    pub fn start(&mut self, open: &[Stored], found: &BTreeMap<String, Found>) -> Vec<Difference> {
        for stored in open {
            let Some(market) = self.markets.get_mut(&stored.document.symbol) else { continue };
            let is_trailing = stored.course.as_ref().is_some_and(|course| course.is_trailing);
            let state = state(&stored.document, stored.main_order.as_ref(), is_trailing);
            market.open.insert(name(&stored.document), state);
        }
        let mut differences = Vec::new();
        self.markets.retain(|symbol, market| {
            market.shown = market.open.keys().next().cloned();
            let found = found.get(symbol).unwrap_or(&Found::Missing);
            let wanted = market.open.values().next();
            if let Some((text, wish)) = compared(found, wanted) {
                differences.push(Difference { symbol: symbol.clone(), text, wish });
            }
            !matches!(found, Found::NotOurs(_))
        });
        differences
    }

    /// Takes note of how a tranche stands, and says what is to be done with the file of its market, if anything.
    pub fn hear(&mut self, read: &ReadUpdate) -> Option<(String, Wish)> {
        let symbol = &read.document.symbol;
        let market = self.markets.get_mut(symbol)?;
        let name = name(&read.document);
        if read.is_merged || read.document.exit_time.is_some() {
            market.open.remove(&name);
            if market.shown.as_ref() != Some(&name) {
                return None;
            }
            market.shown = market.open.keys().next().cloned();
            let next = market.open.values().next().cloned();
            return Some((symbol.clone(), next.map_or(Wish::Delete, Wish::Write)));
        }
        let state = state_of(&read.document, read.main_order.as_ref(), &read.course);
        market.open.insert(name.clone(), state.clone());
        if market.shown.is_some() {
            return None;
        }
        market.shown = Some(name);
        Some((symbol.clone(), Wish::Write(state)))
    }
}

/// What differs, and what puts it right; nothing where file and store agree.
fn compared(found: &Found, wanted: Option<&MarketState>) -> Option<(String, Option<Wish>)> {
    match (found, wanted) {
        (Found::Missing, None) => None,
        (Found::Missing, Some(wanted)) => {
            let text = format!("there is none, but position {} is open; it is written", wanted.deal_id);
            Some((text, Some(Wish::Write(wanted.clone()))))
        }
        (Found::NotOurs(why), _) => {
            let text =
                format!("it is no state file of this version ({why}) and is not touched; move it away to have one");
            Some((text, None))
        }
        (Found::State(found), None) => {
            let text = format!(
                "it says that {} is open from {}, the store knows of no open position there; it is deleted, the venue is asked what is open",
                named(&found.deal_id),
                found.entry_price
            );
            Some((text, Some(Wish::Delete)))
        }
        (Found::State(found), Some(wanted)) if is_same(found, wanted) => None,
        (Found::State(found), Some(wanted)) => {
            let text = format!(
                "it says {} from {}, the store says {} from {}; it is written anew, the venue is asked what is open",
                named(&found.deal_id),
                found.entry_price,
                wanted.deal_id,
                wanted.entry_price
            );
            Some((text, Some(Wish::Write(wanted.clone()))))
        }
    }
}

/// What a file calls a position: anybody may have written it.
fn named(deal_id: &str) -> String {
    const LONGEST: usize = 80;
    let shown: String = deal_id.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if deal_id.chars().count() > LONGEST { format!("{shown}…") } else { shown }
}

/// Levels may have moved since the file was written: that is no difference.
fn is_same(found: &MarketState, wanted: &MarketState) -> bool {
    (&found.deal_id, found.entry_price, found.entry_time) == (&wanted.deal_id, wanted.entry_price, wanted.entry_time)
}

fn name(document: &PositionDocument) -> Name {
    (document.entry_time, document.position_id.clone(), document.tranche)
}

fn state_of(document: &PositionDocument, main_order: Option<&String>, course: &Course) -> MarketState {
    state(document, main_order, course.is_trailing)
}

fn state(document: &PositionDocument, main_order: Option<&String>, trailing_active: bool) -> MarketState {
    MarketState {
        deal_id: main_order.unwrap_or(&document.position_id).clone(),
        entry_price: document.entry_price,
        entry_time: document.entry_time,
        tp_level: document.next_tp_price,
        sl_level: document.current_stop_loss,
        highest_bid: document.best_price,
        trailing_active,
        status: Status::Open,
    }
}

#[cfg(test)]
pub(crate) mod tests;
