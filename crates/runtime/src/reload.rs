//! A configuration that is read again while the engine runs: what changes, taken whole or not at all (F-M15, I37).
//!
//! Where its text is read and understood is the caller's; here both are definitions already. What a position follows it was
//! armed with, so that no plan that is written anew moves a stop. What would take protection away from something open needs
//! somebody's word.

use backstop_model::{Account, AccountId, Event, ExitPlan, Instrument, InstrumentId, Permit, PlanId, PositionKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a configuration comes to for the engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definitions {
    /// The plans by number.
    pub plans: BTreeMap<PlanId, Arc<ExitPlan>>,
    /// The instruments.
    pub instruments: Vec<Instrument>,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// Symbols with a plan of their own.
    pub symbol_plans: BTreeMap<(AccountId, InstrumentId), PlanId>,
}

/// Why a configuration is not taken over while the engine runs; the one before goes on, in all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NotTaken {
    /// It takes protection away from something that is open: somebody has to say that it is meant.
    Unconfirmed(Vec<String>),
    /// It can be taken only at a start.
    AtStart(Vec<String>),
}

impl Definitions {
    /// What the engine is told, at its start and whenever something has changed; what it knows already changes nothing.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let plans = self.plans.iter().map(|(id, plan)| Event::DefinePlan { id: *id, plan: plan.clone() });
        let instruments = self.instruments.iter().map(|known| Event::DefineInstrument(Box::new(known.clone())));
        let accounts = self.accounts.iter().map(|known| Event::DefineAccount(Box::new(known.clone())));
        let pairs = self.accounts.iter().flat_map(|account| self.instruments.iter().map(move |of| (account.id, of.id)));
        let by_symbol = pairs.map(|(account, instrument)| Event::SymbolPlan {
            account,
            instrument,
            plan: self.symbol_plans.get(&(account, instrument)).copied(),
        });
        plans.chain(instruments).chain(accounts).chain(by_symbol).collect()
    }

    /// What the engine is told so that `new` counts in place of these; all of it in one turn. `open` is what is open now.
    ///
    /// # Errors
    /// [`NotTaken`]: nothing of it counts then.
    pub fn replaced_by(&self, new: &Self, open: &[PositionKey], confirmed: bool) -> Result<Vec<Event>, NotTaken> {
        let at_start = self.needs_a_start(new);
        if !at_start.is_empty() {
            return Err(NotTaken::AtStart(at_start));
        }
        let loosened: Vec<String> = self.pairs(new).flat_map(|(old, new)| self.loosened(old, new, open)).collect();
        if !loosened.is_empty() && !confirmed {
            return Err(NotTaken::Unconfirmed(loosened));
        }
        let known = self.events();
        Ok(new.events().into_iter().filter(|event| !known.contains(event)).collect())
    }

    /// The accounts of both.
    fn pairs<'a>(&'a self, new: &'a Self) -> impl Iterator<Item = (&'a Account, &'a Account)> {
        let also = |old: &'a Account| Some((old, new.accounts.iter().find(|account| account.id == old.id)?));
        self.accounts.iter().filter_map(also)
    }

    fn needs_a_start(&self, new: &Self) -> Vec<String> {
        let has = |all: &[Account], one: &Account| all.iter().any(|account| account.id == one.id);
        let gone = self.accounts.iter().filter(|account| !has(&new.accounts, account));
        let fresh = new.accounts.iter().filter(|account| !has(&self.accounts, account));
        let kept = |account: &Account| {
            (account.name, account.venue, account.position_mode, account.capability.clone(), account.currency)
        };
        let moved = self.pairs(new).filter(|(old, new)| kept(old) != kept(new));
        let rules = new.instruments.iter().filter(|known| !self.instruments.contains(known));
        let lost = self.instruments.iter().filter(|known| new.instruments.iter().all(|of| of.symbol != known.symbol));
        gone.map(|account| format!("account {} is gone", account.name))
            .chain(fresh.map(|account| format!("account {} is new", account.name)))
            .chain(moved.map(|(_, account)| format!("account {} is at another venue or kept otherwise", account.name)))
            .chain(rules.map(|known| format!("instrument {} is another one", known.symbol)))
            .chain(lost.map(|known| format!("instrument {} is gone", known.symbol)))
            .collect()
    }

    /// What of an account would take protection away from what is open there.
    fn loosened(&self, old: &Account, new: &Account, open: &[PositionKey]) -> Vec<String> {
        let open: Vec<&PositionKey> = open.iter().filter(|key| key.account == old.id).collect();
        if open.is_empty() {
            return Vec::new();
        }
        let name = old.name;
        let mut said = Vec::new();
        if new.permit == Permit::Observe && old.permit != Permit::Observe {
            said.push(format!("account {name} would only be observed, and something is open there"));
        }
        let symbol = |key: &PositionKey| self.instruments.iter().find(|known| known.id == key.instrument);
        let left = open.iter().filter_map(|key| symbol(key)).map(|known| known.symbol);
        let left = left.filter(|symbol| old.limits.cover(*symbol) && !new.limits.cover(*symbol));
        said.extend(
            left.map(|symbol| format!("account {name} would leave {symbol} alone, and something is open there")),
        );
        if old.refusals != new.refusals {
            said.push(format!("account {name} would do something else about refused stops"));
        }
        if is_looser(old, new) {
            said.push(format!("account {name} would bear a larger loss in a day"));
        }
        said.sort_unstable();
        said.dedup();
        said
    }
}

/// Whether a limit for the loss of a day is taken out, is larger, or closes nothing any more.
fn is_looser(old: &Account, new: &Account) -> bool {
    let Some(before) = old.limits.max_daily_loss else { return false };
    new.limits.max_daily_loss.is_none_or(|now| now > before) || (old.limits.flatten && !new.limits.flatten)
}
