//! What a script's engine would find after a crash: its journal, and what of it was durable.

use super::World;
use crate::builders::{instrument_from, money, plan_from};
use backstop_core::{Engine, Step};
use backstop_model::{Event, InstrumentId, MarketView, PlanId, Stamped};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that changed something, as a store keeps it, and the engine as it was when the script said `remember`.
#[derive(Default)]
pub struct Journal {
    records: Vec<(Stamped, Vec<(InstrumentId, MarketView)>)>,
    durable: usize,
    /// How many there were when the script said `remember` and a name.
    marks: BTreeMap<String, usize>,
    remembered: String,
}

impl Journal {
    pub fn record(&mut self, stamped: Stamped, step: &Step) {
        if step.changed {
            self.records.push((stamped, step.market.clone()));
        }
    }

    pub fn remember(&mut self, engine: &Engine) {
        self.remembered = serde_json::to_string(engine).unwrap();
        self.durable = self.records.len();
    }

    pub fn mark(&mut self, name: &str) {
        self.marks.insert(name.to_owned(), self.records.len());
    }

    pub fn remembered(&self) -> Engine {
        serde_json::from_str(&self.remembered).unwrap()
    }

    /// The engine that comes of the records up to `remember`, or up to the one of that name; the later ones are lost.
    fn replay(&mut self, name: &str) -> Engine {
        let kept = if name.is_empty() { self.durable } else { self.marks[name] };
        self.records.truncate(kept);
        let mut engine = Engine::new();
        for (stamped, market) in &self.records {
            engine.replay(stamped, market);
        }
        engine
    }
}

impl World {
    /// The process ends and starts again: saved and read back, and everything under way is in doubt.
    pub(super) fn restart(&mut self) {
        let saved = serde_json::to_string(&self.engine).unwrap();
        self.engine = serde_json::from_str(&saved).unwrap();
        for doubt in self.engine.doubt_in_flight(self.now) {
            self.handle(doubt);
        }
    }

    /// The same from its journal, of which only what was there at `remember` has reached the disk. What is in doubt then
    /// the script says itself.
    pub(super) fn recover(&mut self, name: &str) {
        self.engine = self.journal.replay(name);
        self.define();
    }

    /// `journal lost`: an engine that knows nothing but the definitions; the venue keeps what it has.
    pub(super) fn lose_journal(&mut self) {
        self.journal = Journal::default();
        self.engine = Engine::new();
        self.define();
    }

    /// The market's rules, the plan or the account's limits are others now, and are told so at every start from here on. Of a
    /// `file-…` the engine hears at its next start only.
    pub(super) fn redefine(&mut self, what: &str, words: &str) {
        let (when, what) = what.split_once('-').unwrap();
        let event = match what {
            "instrument" => {
                self.instrument = instrument_from(words);
                Event::DefineInstrument(Box::new(self.instrument.clone()))
            }
            "plan" => Event::DefinePlan { id: PlanId(0), plan: Arc::new(plan_from(words).unwrap().0) },
            _ => {
                let most = words.strip_prefix("max-notional ").unwrap();
                self.account.limits.max_notional = (most != "none").then(|| money(most));
                Event::DefineAccount(Box::new(self.account.clone()))
            }
        };
        let same = |known: &&mut Event| std::mem::discriminant::<Event>(known) == std::mem::discriminant(&event);
        if let Some(known) = self.defined.iter_mut().find(same) {
            *known = event.clone();
        }
        if when == "now" {
            self.handle(event);
        }
    }

    fn define(&mut self) {
        for event in self.defined.clone() {
            self.handle(event);
        }
    }
}
