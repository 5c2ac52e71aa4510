//! Saving the engine, and deciding recorded events again.
//!
//! A checkpoint holds everything; indexes and timers are made anew from the positions. The fingerprint covers what
//! decisions depend on and a replay reproduces: definitions, positions, slippages. Prices between two records do not
//! belong to it, because records carry the prices they were decided on.

use crate::day::Day;
use crate::engine::{Engine, Market, Turn};
use crate::orders::OrderState;
use crate::position::Position;
use crate::step::Step;
use backstop_model::plan::CloseAt;
use backstop_model::{
    Account, AccountId, Answer, Asked, Event, ExitPlan, InstrumentId, MarketView, Outcome, Permit, PlanId, PositionKey,
    Stamped, Timestamp, UnknownCause,
};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The engine as it is written down.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Saved {
    accounts: BTreeMap<AccountId, Account>,
    plans: BTreeMap<PlanId, Arc<ExitPlan>>,
    #[serde(default)]
    closes: Vec<(CloseAt, Timestamp)>,
    #[serde(default)]
    closed: Vec<(CloseAt, Timestamp)>,
    #[serde(default)]
    read: BTreeSet<AccountId>,
    #[serde(default)]
    read_at: BTreeMap<AccountId, Timestamp>,
    #[serde(default)]
    permits: BTreeMap<AccountId, Permit>,
    #[serde(default)]
    days: BTreeMap<AccountId, Day>,
    #[serde(default)]
    days_seen_at: Timestamp,
    symbol_plans: Vec<(AccountId, InstrumentId, PlanId)>,
    markets: Vec<Market>,
    positions: Vec<Position>,
    now: Timestamp,
}

impl From<Engine> for Saved {
    fn from(engine: Engine) -> Self {
        Self {
            accounts: engine.accounts,
            plans: engine.plans,
            permits: engine.permits,
            closes: engine.closes,
            closed: engine.closed,
            read: engine.read.keys().copied().collect(),
            read_at: engine.read,
            days: engine.days,
            days_seen_at: engine.days_seen_at,
            symbol_plans: engine
                .symbol_plans
                .into_iter()
                .map(|((account, instrument), plan)| (account, instrument, plan))
                .collect(),
            markets: engine.markets,
            positions: engine.positions,
            now: engine.saved_at,
        }
    }
}

impl From<Saved> for Engine {
    fn from(saved: Saved) -> Self {
        let mut engine = Self::new();
        engine.accounts = saved.accounts;
        engine.note_day_limits();
        engine.plans = saved.plans;
        engine.permits = saved.permits;
        (engine.closes, engine.closed) = (saved.closes, saved.closed);
        let read_at = |id: &AccountId| saved.read_at.get(id).copied().unwrap_or(Timestamp::EPOCH);
        engine.read = saved.read.iter().map(|id| (*id, read_at(id))).collect();
        engine.days = saved.days;
        engine.days_seen_at = saved.days_seen_at;
        engine.symbol_plans =
            saved.symbol_plans.into_iter().map(|(account, instrument, plan)| ((account, instrument), plan)).collect();
        engine.indexes.resize_with(saved.markets.len(), Default::default);
        engine.markets = saved.markets;
        engine.positions = saved.positions;
        engine.slots = (0..).zip(&engine.positions).map(|(slot, position)| (position.key, slot)).collect();
        engine.saved_at = saved.now;
        engine.watch_all(saved.now);
        engine
    }
}

impl Engine {
    /// Works out all watches and deadlines anew.
    fn watch_all(&mut self, now: Timestamp) {
        for slot in 0..self.positions.len() {
            let key = self.positions[slot].key;
            let Some(ctx) = self.ctx(key, now) else { continue };
            let (quiet, deadline) = (self.positions[slot].quiet(ctx), self.positions[slot].deadline(ctx));
            let Ok(slot) = u32::try_from(slot) else { continue };
            self.timers.set(slot, deadline);
            self.indexes[key.instrument.index()].set(slot, &quiet);
            let waits = self.positions[slot as usize].waits_for_price();
            self.indexes[key.instrument.index()].set_waiting(slot, waits);
        }
        for (index, market) in self.indexes.iter_mut().zip(&self.markets) {
            index.refresh(&market.board);
        }
    }

    /// Decides a recorded event again, on the prices it was decided on. Its commands are for comparing, not for sending.
    pub fn replay(&mut self, stamped: &Stamped, market: &[(InstrumentId, MarketView)]) -> Step {
        for (instrument, view) in market {
            if let Some(market) = self.markets.get_mut(instrument.index()) {
                market.board.restore(*view);
                self.indexes[instrument.index()].refresh(&market.board);
            }
        }
        // Looks that changed nothing were not recorded, but they changed what was watched, and when: here every position
        // looks that stands on prices of the record, and no other, because its prices are older than this event.
        if stamped.event == Event::Wake {
            return self.wake_again(stamped.at, market);
        }
        let usual = std::mem::replace(&mut self.exhaustive, true);
        let step = self.handle(stamped);
        self.exhaustive = usual;
        step
    }

    fn wake_again(&mut self, at: Timestamp, market: &[(InstrumentId, MarketView)]) -> Step {
        self.saved_at = at;
        let mut turn = Turn::at(at);
        let looked = |key: &PositionKey| market.iter().any(|(instrument, _)| *instrument == key.instrument);
        let slots = self.slots.iter().filter(|(key, _)| looked(key)).map(|(_, slot)| *slot).collect();
        self.wake(slots, &mut turn);
        self.finish(turn)
    }

    /// The time of the newest event taken in.
    #[must_use]
    pub fn last_event_at(&self) -> Timestamp {
        self.saved_at
    }

    /// A hash of everything that decisions depend on and a replay reproduces (I20).
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let rules: Vec<_> = self
            .markets
            .iter()
            .map(|market| {
                let sessions = (market.session_ends, market.session_ended);
                (&market.instrument, &market.slippages, &market.volatility, sessions)
            })
            .collect();
        let plans: Vec<_> = self.symbol_plans.iter().collect();
        let whole = (
            &self.accounts,
            &self.permits,
            (self.read.keys().collect::<Vec<_>>(), (&self.closes, &self.closed), &self.days),
            &self.plans,
            plans,
            rules,
            &self.positions,
        );
        let text = serde_json::to_vec(&whole).expect("plain structs and maps with text or number keys serialise");
        Sha3_256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// After a restart: every request that was under way has an unknown outcome. One answer for each, to be handed in
    /// as ordinary events (crash matrix, k1 to k6).
    #[must_use]
    pub fn doubt_in_flight(&self, sent_at: Timestamp) -> Vec<Event> {
        let mut answers = Vec::new();
        for position in &self.positions {
            let orders = position.orders.iter().map(|order| (order.id, order.state));
            let entries = position.entries.iter().map(|entry| (entry.id, entry.state));
            for (id, state) in orders.chain(entries) {
                let OrderState::InFlight { .. } = state else { continue };
                answers.push(Event::Answer(Answer {
                    account: position.key.account,
                    instrument: position.key.instrument,
                    id,
                    asked: Asked::Place,
                    outcome: Outcome::Unknown(UnknownCause::ConnectionLost),
                    sent_at,
                }));
            }
        }
        answers
    }
}
