//! Why something was done: cause, inputs, decision, and what else could have been done and was not (product.md §8).
//!
//! The journal is decided again up to the record in question, and the core is asked what it saw: positions before and
//! after, its own pure functions for what a rule would have wanted. Nothing is read out of texts that were told.

mod inputs;
mod orders;
mod reasons;
mod trail;
mod words;

pub use inputs::{Inputs, MarketBefore, OrderBefore, PositionBefore};
pub use orders::short_name;

use backstop_core::{Engine, Step};
use backstop_model::{PositionKey, Stamped};
use backstop_store::Record;
use orders::Meant;
use serde::Serialize;
use std::collections::BTreeSet;

/// One record explained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// Its number.
    pub record: u64,
    /// When it was decided, epoch milliseconds.
    pub at: i64,
    /// What happened.
    pub cause: Cause,
    /// What it was decided on.
    pub inputs: Inputs,
    /// What was decided, and what was not.
    pub decisions: Vec<Decision>,
    /// What people were told.
    pub notices: Vec<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The event's name.
    pub kind: String,
    /// The same in words.
    pub text: String,
}

/// One decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Decision {
    /// What was decided.
    pub decided: String,
    /// The order it is about.
    pub order: Option<String>,
    /// That order's short name, for example `stop#2`.
    pub short: Option<String>,
    /// Why.
    pub because: String,
    /// What else could have been done.
    pub alternatives: Vec<Alternative>,
}

/// Something that was not done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alternative {
    /// What.
    pub instead: String,
    /// Why not.
    pub why_not: String,
}

impl Decision {
    /// Adds what was not done, and why not.
    fn or(mut self, instead: impl Into<String>, why_not: impl Into<String>) -> Self {
        self.alternatives.push(Alternative { instead: instead.into(), why_not: why_not.into() });
        self
    }
}

/// A record while it is being looked at.
struct Scene<'a> {
    record: &'a Record,
    before: &'a Engine,
    after: &'a Engine,
    step: &'a Step,
}

/// Explains the record `what` (a number), or every record about the order `what`: its client id, the venue's id, or its
/// short name. Nothing when there is none.
#[must_use]
pub fn explain(records: &[Record], what: &str) -> Vec<Explained> {
    let meant = Meant::read(records, what);
    let mut engine = Engine::new();
    let mut explained = Vec::new();
    for record in records {
        let stamped = Stamped { sequence: record.sequence, at: record.at, event: record.event.clone() };
        if !meant.concerns(record) {
            engine.replay(&stamped, &record.market);
            continue;
        }
        let before = engine.clone();
        let step = engine.replay(&stamped, &record.market);
        explained.push(scene_of(&Scene { record, before: &before, after: &engine, step: &step }, &meant));
    }
    explained
}

fn scene_of(scene: &Scene, meant: &Meant) -> Explained {
    let record = scene.record;
    let keys = concerned(scene, meant);
    let mut decisions: Vec<Decision> = record
        .commands
        .iter()
        .filter(|command| meant.is_about(command.order()))
        .map(|command| reasons::of(scene, command))
        .collect();
    if meant.is_about_stops() {
        decisions.extend(keys.iter().flat_map(|key| trail::considered(scene, *key)));
    }
    Explained {
        record: record.sequence,
        at: record.at.as_millis(),
        cause: Cause { kind: record.kind().to_owned(), text: words::event(scene) },
        inputs: inputs::of(scene, &keys),
        decisions,
        notices: record.notices.iter().map(|notice| notice.text.clone()).collect(),
    }
}

/// The positions it is about: those that it changed, and those whose orders it names.
fn concerned(scene: &Scene, meant: &Meant) -> Vec<PositionKey> {
    let mut keys: BTreeSet<PositionKey> = scene.step.positions.iter().map(|read| read.key).collect();
    for command in &scene.record.commands {
        keys.extend(command.order().and_then(|id| orders::position_of(scene.after, command, &id)));
    }
    if let Some(orders) = meant.orders() {
        keys.retain(|key| {
            let holds = |engine: &Engine| {
                engine.position(*key).is_some_and(|position| orders.iter().any(|id| orders::belongs(position, id)))
            };
            holds(scene.before) || holds(scene.after)
        });
    }
    keys.into_iter().collect()
}

#[cfg(test)]
mod tests;
