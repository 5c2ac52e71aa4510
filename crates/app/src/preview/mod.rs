//! A plan explained for one entry, as `backstop check` prints it and the local API answers it: the core's numbers, and
//! words around them.
//!
//! One object for both, so that they cannot differ. Nothing is decided here and nothing is placed.

mod averages;
mod costs;
mod numbers;
mod parts;
mod words;

pub use averages::Averages;
pub use costs::WrittenCosts;
pub use words::in_words;

use crate::config::{AccountConfig, Config};
use crate::paper::Seat;
use backstop_core::exits::{NotArmable, arm};
use backstop_core::preview::{AssumedCosts, Case, PartPreview, Preview, in_parts, preview};
use backstop_model::{ExitPlan, Instrument, PositionSide, Price, Quantity};
use serde_json::{Value, json};
use std::sync::Arc;

/// An entry that plans are explained for.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The instrument whose tick, step, minimums, fees and leverage count.
    pub instrument: Instrument,
    /// The side.
    pub side: PositionSide,
    /// The average entry.
    pub price: Price,
    /// What was entered; more than nothing.
    pub quantity: Quantity,
    /// Average true ranges, for distances in `atr`.
    pub averages: Averages,
    /// What an exit costs beside fees.
    pub costs: AssumedCosts,
}

/// Who follows the plan on this instrument, else anywhere; nobody, where it is only written down.
fn follower<'a>(plan: &ExitPlan, config: &'a Config, entry: &Entry) -> Option<&'a AccountConfig> {
    let symbol = entry.instrument.symbol;
    let accounts = config.accounts.iter();
    let here = accounts.clone().find(|account| account.plan_for(symbol) == Some(plan.name));
    let follows = |account: &&AccountConfig| {
        account.plan == Some(plan.name) || account.symbol_plans.values().any(|name| *name == plan.name)
    };
    here.or_else(|| accounts.clone().find(follows))
}

/// A plan and what it does for an entry.
#[derive(Debug)]
pub struct Explained {
    plan: Arc<ExitPlan>,
    entry: Entry,
    /// What reading the plan has told, for example that its shares were normalised.
    told: Vec<String>,
    shown: Result<Preview, NotArmable>,
    /// The parts it is made in when it is entered through Backstop; none where it stays whole.
    parts: Vec<PartPreview>,
}

impl Explained {
    /// Works the plan out, for the account of the configuration that follows it on this instrument.
    #[must_use]
    pub fn new(plan: &Arc<ExitPlan>, config: &Config, entry: &Entry) -> Self {
        let told = config.told_of(plan);
        // Followed by nobody it is played on the paper venue of its own.
        let account = follower(plan, config, entry);
        let (capability, instrument) = (account.map_or_else(Seat::plain, Seat::of).capability(), &entry.instrument);
        let plan = &Arc::new(plan.at_venue(&capability).into_owned());
        let (side, quantity, costs) = (entry.side, entry.quantity, entry.costs);
        let (capability, volatility) = (&capability, &entry.averages.measured(plan));
        let case = Case { plan, instrument, capability, side, entry: entry.price, quantity, volatility, costs };
        let split = account.is_some_and(|account| account.split_entries);
        let parts = if split { in_parts(&case).unwrap_or_default() } else { Vec::new() };
        Self { plan: Arc::clone(plan), entry: entry.clone(), told, shown: preview(&case), parts }
    }

    /// Whether the engine would arm it.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.shown.as_ref().is_ok_and(|shown| shown.armed)
    }

    /// Whether it is armed and can do its work: no stop comes before a liquidation at the entry itself.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let lives = |shown: &Preview| shown.liquidation.is_none() || shown.guard.is_some();
        self.is_armed() && self.shown.as_ref().is_ok_and(lives)
    }

    /// For programs: every number as a decimal string.
    #[must_use]
    pub fn as_json(&self) -> Value {
        let mut object = json!({
            "plan": self.plan.as_ref(),
            "words": in_words(&self.plan),
            "told": self.told,
            "entry": {
                "symbol": self.entry.instrument.symbol,
                "side": self.entry.side,
                "price": self.entry.price,
                "quantity": self.entry.quantity,
                "atr": self.entry.averages.as_json(),
                "costs": self.entry.costs,
            },
            "armed": self.is_armed(),
            "stand_in_stop": self.stand_in(),
        });
        if !self.parts.is_empty() {
            object["parts"] = json!(self.parts);
        }
        match &self.shown {
            Ok(shown) => object["preview"] = json!(shown),
            Err(_) => object["not_armed"] = json!(self.why_not()),
        }
        object
    }

    /// For people.
    #[must_use]
    pub fn as_text(&self) -> String {
        let Entry { side, price, quantity, .. } = &self.entry;
        let mut text = format!("plan {}\n", self.plan.name);
        for line in in_words(&self.plan) {
            text.push_str(&format!("  {line}\n"));
        }
        match &self.shown {
            Ok(shown) => {
                text.push_str(&format!("\n{side} {quantity} from {price}:\n"));
                text.push_str(&numbers::in_numbers(shown, &self.entry.instrument, !self.entry.costs.is_none()));
                text.push_str(&parts::in_words(&self.parts));
            }
            Err(_) => {
                let why = self.why_not().unwrap_or_default();
                text.push_str(&format!("\n{side} {quantity} from {price}: not armed: {why}"));
            }
        }
        if let Some(stop) = self.stand_in() {
            text.push_str(&format!(
                "\nuntil it fits, a hard stop at {stop} stands in for the plan and nothing else is done"
            ));
        }
        text
    }

    /// The hard stop a position has instead of a plan that is not armed.
    fn stand_in(&self) -> Option<Price> {
        let Entry { instrument, side, price, .. } = &self.entry;
        if self.is_armed() { None } else { arm::stand_in(instrument, *side, *price).ok() }
    }

    fn why_not(&self) -> Option<String> {
        let why = self.shown.as_ref().err()?;
        Some(match why {
            NotArmable::NeedsBars(_) => {
                format!("{why}; an average true range for this look at it can be given (`--atr`, `atr`)")
            }
            _ => why.to_string(),
        })
    }
}
