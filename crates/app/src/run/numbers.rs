//! The numbers that accounts, instruments and plans have had since the journal began.
//!
//! Positions, orders and records name them by number; people name them by name. A configuration may be written in another
//! order, with more in it or less, and everything stays what it was (F-M15). Without a journal numbering begins anew.
//!
//! An account is its name at its venue: what is recorded of one is true of no other venue.

use backstop_core::Engine;
use backstop_model::{AccountId, InstrumentId, Name, PlanId, Symbol};
use std::collections::BTreeMap;

/// What has a number, by name.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    accounts: BTreeMap<Name, AccountId>,
    venues: BTreeMap<AccountId, Name>,
    instruments: BTreeMap<Symbol, InstrumentId>,
    plans: BTreeMap<Name, PlanId>,
}

impl Numbers {
    /// Those of an engine that goes on.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        Self {
            accounts: engine.accounts().map(|account| (account.name, account.id)).collect(),
            venues: engine.accounts().map(|account| (account.id, account.venue)).collect(),
            instruments: engine.instruments().map(|instrument| (instrument.symbol, instrument.id)).collect(),
            plans: engine.plans().map(|(id, plan)| (plan.name, id)).collect(),
        }
    }

    /// The number of an account at a venue; a new one gets the next.
    ///
    /// # Errors
    /// The venue at which an account of that name is recorded, when it is another one.
    pub fn account(&mut self, name: Name, venue: Name) -> Result<AccountId, Name> {
        let next = AccountId(after(self.accounts.values().map(|id| id.0)));
        let id = *self.accounts.entry(name).or_insert(next);
        let recorded = *self.venues.entry(id).or_insert(venue);
        if recorded == venue { Ok(id) } else { Err(recorded) }
    }

    /// The number of an instrument; a new one gets the next.
    pub fn instrument(&mut self, symbol: Symbol) -> InstrumentId {
        let next = InstrumentId(after(self.instruments.values().map(|id| id.0)));
        *self.instruments.entry(symbol).or_insert(next)
    }

    /// The number of a plan; a new one gets the next.
    pub fn plan(&mut self, name: Name) -> PlanId {
        let next = PlanId(after(self.plans.values().map(|id| id.0)));
        *self.plans.entry(name).or_insert(next)
    }
}

fn after(known: impl Iterator<Item = u32>) -> u32 {
    known.max().map_or(0, |last| last.saturating_add(1))
}
