//! Accounts, instruments and plans of a configuration, numbered for the engine, and the exchange they meet at.

use crate::config::{self, AccountConfig, Config};
use crate::paper::{account_opening, capability, exchange_rules, numbered, venue_name};
use crate::web::Names;
use backstop_model::{
    Account, AccountId, Adopt, Event, Instrument, InstrumentId, Limits, Name, Permit, PlanId, PositionMode,
};
use backstop_sim as sim;
use std::collections::BTreeMap;

/// Who takes part in a run.
pub struct RunCast {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The instruments.
    pub instruments: Vec<Instrument>,
    /// The plans by name.
    pub plans: BTreeMap<Name, PlanId>,
    definitions: Vec<Event>,
}

/// What is done with positions that others open, in the core's word.
const fn adopted(written: config::Adopt) -> Adopt {
    match written {
        config::Adopt::HardStop => Adopt::HardStop,
        config::Adopt::Plan => Adopt::Plan,
        config::Adopt::Propose => Adopt::Propose,
    }
}

/// What a mode permits. Live accounts are not there yet.
const fn permitted(mode: config::Mode) -> Permit {
    match mode {
        config::Mode::Observe => Permit::Observe,
        config::Mode::Live | config::Mode::Paper => Permit::All,
    }
}

/// What the owner has limited an account to, in the core's words.
fn limits(written: &AccountConfig) -> Limits {
    Limits {
        max_daily_loss: written.max_daily_loss,
        flatten: written.flatten,
        symbols: written.symbols.clone(),
        max_notional: written.max_notional,
    }
}

impl RunCast {
    /// Numbers everything of a configuration.
    ///
    /// # Errors
    /// A text that names what is missing.
    pub fn new(config: &Config, instruments: Vec<Instrument>) -> Result<Self, String> {
        let plans: BTreeMap<Name, PlanId> =
            (0..).zip(config.plans.keys()).map(|(number, name)| (*name, PlanId(number))).collect();
        let mut definitions: Vec<Event> =
            config.plans.iter().map(|(name, plan)| Event::DefinePlan { id: plans[name], plan: plan.clone() }).collect();
        let instruments: Vec<Instrument> =
            (0..).zip(instruments).map(|(number, instrument)| numbered(instrument, InstrumentId(number))).collect();
        definitions.extend(instruments.iter().map(|instrument| Event::DefineInstrument(Box::new(instrument.clone()))));
        let currency =
            instruments.first().map(|instrument| instrument.currency).ok_or("there is no instrument to trade")?;
        let mut accounts = Vec::new();
        for (number, written) in (0..).zip(&config.accounts) {
            let account = Account {
                id: AccountId(number),
                name: written.name,
                venue: venue_name(),
                position_mode: PositionMode::OneWay,
                plan: written.plan.and_then(|name| plans.get(&name).copied()),
                adopt: adopted(written.adopt),
                hard_stop: None,
                capability: capability(),
                currency,
                limits: limits(written),
                permit: permitted(written.mode),
            };
            definitions.push(Event::DefineAccount(Box::new(account.clone())));
            for (symbol, plan) in &written.symbol_plans {
                let instrument = instruments.iter().find(|instrument| instrument.symbol == *symbol);
                if let (Some(instrument), Some(plan)) = (instrument, plans.get(plan)) {
                    definitions.push(Event::SymbolPlan { account: account.id, instrument: instrument.id, plan: *plan });
                }
            }
            accounts.push(account);
        }
        Ok(Self { accounts, instruments, plans, definitions })
    }

    /// The definitions the engine is told first.
    #[must_use]
    pub fn definitions(&self) -> Vec<Event> {
        self.definitions.clone()
    }

    /// What the names of the configuration stand for.
    #[must_use]
    pub fn names(&self) -> Names {
        Names {
            accounts: self.accounts.iter().map(|account| (account.name, account.id)).collect(),
            plans: self.plans.clone(),
            symbols: self.instruments.iter().map(|instrument| (instrument.symbol, instrument.id)).collect(),
        }
    }

    /// A fresh exchange with these markets and accounts.
    ///
    /// # Errors
    /// What the exchange says against it.
    pub fn exchange(&self, seed: u64) -> Result<sim::Exchange, sim::SetupError> {
        let mut exchange = sim::Exchange::new(sim::Setup::new(seed));
        for instrument in &self.instruments {
            exchange.list(instrument.symbol.as_str(), exchange_rules(instrument))?;
        }
        for account in &self.accounts {
            exchange.open_account(account.name.as_str(), account_opening(None))?;
        }
        Ok(exchange)
    }
}
