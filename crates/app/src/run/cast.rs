//! Accounts, instruments and plans of a configuration, numbered for the engine, and the exchange they meet at.

use crate::config::{self, AccountConfig, Config};
use crate::paper::{Seat, exchange_rules, numbered};
use crate::run::Numbers;
use crate::web::Names;
use backstop_core::Engine;
use backstop_core::position::Position;
use backstop_model::{
    Account, AccountId, Adopt, Event, Instrument, Limits, Name, Permit, PlanId, PositionKey, PositionSide,
};
use backstop_runtime::Definitions;
use backstop_sim as sim;
use std::collections::BTreeMap;

/// Who takes part in a run.
pub struct RunCast {
    /// What the engine is told.
    pub definitions: Definitions,
    /// The plans by name.
    pub plans: BTreeMap<Name, PlanId>,
    /// Accounts of the engine that the configuration does not name any more.
    left: Vec<Account>,
    /// Accounts that the configuration names at another venue than the one they are recorded at.
    moved: Vec<Moved>,
    drilled: Vec<AccountId>,
    /// Where each account sits, in the order of the accounts.
    seats: Vec<Seat>,
    numbers: Numbers,
}

/// An account that is written at another venue than before.
struct Moved {
    name: Name,
    from: Name,
    to: Name,
}

/// The accounts that share an exchange.
pub struct Table {
    /// Where they sit.
    pub seat: Seat,
    /// Who.
    pub accounts: Vec<(AccountId, Name)>,
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

fn open_in_words(position: &Position, engine: &Engine) -> String {
    let symbol = engine.instrument(position.key.instrument).map_or_else(String::new, |known| known.symbol.to_string());
    format!("{symbol} {} {}", position.key.side, position.quantity())
}

/// An account without its plan.
fn account(written: &AccountConfig, seat: &Seat, id: AccountId, currency: Name) -> Account {
    Account {
        id,
        name: written.name,
        venue: seat.venue,
        position_mode: seat.mode,
        plan: None,
        adopt: adopted(written.adopt),
        hard_stop: written.hard_stop,
        split_entries: written.split_entries,
        capability: seat.capability(),
        currency,
        limits: limits(written),
        refusals: written.refusals.clone(),
        permit: permitted(written.mode),
    }
}

impl Moved {
    fn in_words(&self, open: &[String]) -> String {
        let Self { name, from, to } = self;
        let open = match open {
            [] => format!("nothing is known to be open at {from}"),
            open => format!("at {from} something is open: {}; its orders stay there", open.join(", ")),
        };
        format!(
            "account {name} is recorded at {from}, and the configuration has it at {to}: {open}. Nothing is done for it at either: put `venue: {from}` back, and give the account at {to} a name of its own"
        )
    }
}

impl RunCast {
    /// Puts together what a configuration says; what has a number already keeps it.
    ///
    /// # Errors
    /// A text that names what is missing.
    pub fn new(config: &Config, instruments: Vec<Instrument>, mut numbers: Numbers) -> Result<Self, String> {
        let plans: BTreeMap<Name, PlanId> = config.plans.keys().map(|name| (*name, numbers.plan(*name))).collect();
        let number = |instrument: Instrument| {
            let id = numbers.instrument(instrument.symbol);
            numbered(instrument, id)
        };
        let instruments: Vec<Instrument> = instruments.into_iter().map(number).collect();
        let currency =
            instruments.first().map(|instrument| instrument.currency).ok_or("there is no instrument to trade")?;
        let (mut accounts, mut here, mut seats, mut moved) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for written in &config.accounts {
            let seat = Seat::of(written);
            let id = match numbers.account(written.name, seat.venue) {
                Ok(id) => id,
                Err(from) => {
                    moved.push(Moved { name: written.name, from, to: seat.venue });
                    continue;
                }
            };
            let plan = written.plan.and_then(|name| plans.get(&name).copied());
            accounts.push(Account { plan, ..account(written, &seat, id, currency) });
            here.push(written);
            seats.push(seat);
        }
        let mut symbol_plans = BTreeMap::new();
        for (account, written) in accounts.iter().zip(&here) {
            for instrument in &instruments {
                let named = written.symbol_plans.get(&instrument.symbol).and_then(|name| plans.get(name));
                symbol_plans.extend(named.map(|plan| ((account.id, instrument.id), *plan)));
            }
        }
        let drilled = accounts.iter().zip(&here).filter(|(_, written)| written.fire_drill);
        let drilled = drilled.map(|(account, _)| account.id).collect();
        let plans_by_number = config.plans.iter().map(|(name, plan)| (plans[name], plan.clone())).collect();
        let definitions = Definitions { plans: plans_by_number, instruments, accounts, symbol_plans };
        Ok(Self { definitions, plans, left: Vec::new(), moved, drilled, seats, numbers })
    }

    /// What an engine that goes on has and the configuration does not name any more: nothing is sent for such an account, as for
    /// one that is only observed, and what is open there is told of. One that is written at another venue is left alone at both: what is recorded of it
    /// is not true there.
    pub fn leave_out(&mut self, engine: &Engine) -> Vec<String> {
        let is_named = |known: &&Account| self.definitions.accounts.iter().any(|account| account.id == known.id);
        let left: Vec<Account> = engine.accounts().filter(|known| !is_named(known)).cloned().collect();
        let mut told = Vec::new();
        for account in left {
            let own = engine.positions().filter(|position| position.key.account == account.id);
            let open = own.filter(|position| !position.quantity().is_zero());
            let open: Vec<String> = open.map(|position| open_in_words(position, engine)).collect();
            if let Some(moved) = self.moved.iter().find(|moved| moved.name == account.name) {
                told.push(moved.in_words(&open));
            } else if !open.is_empty() {
                told.push(format!(
                    "account {} is not in the configuration any more, and something is open there: {}; its orders stay at the venue and nothing else is done for it: put the account back, or close it at the venue",
                    account.name,
                    open.join(", ")
                ));
            }
            self.left.push(Account { permit: Permit::Observe, ..account });
        }
        told
    }

    /// Accounts that are written at another venue, and were not in the cast before.
    pub(super) fn moved_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = Name> + 'a {
        let names = self.moved.iter().map(|moved| moved.name);
        names.filter(|name| before.moved.iter().all(|known| known.name != *name))
    }

    /// What the engine is told first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let left = self.left.iter().map(|account| Event::DefineAccount(Box::new(account.clone())));
        self.definitions.events().into_iter().chain(left).collect()
    }

    /// The same with the accounts that another one left out.
    #[must_use]
    pub fn with_left_of(self, before: &Self) -> Self {
        Self { left: before.left.clone(), ..self }
    }

    /// The numbers that were given.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        self.numbers.clone()
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.definitions.accounts
    }

    /// The instruments.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.definitions.instruments
    }

    /// Where fire drills take place: every instrument of the accounts that want them.
    #[must_use]
    pub fn drills(&self) -> Vec<PositionKey> {
        let at = |account: &AccountId, instrument: &Instrument| {
            PositionKey::new(*account, instrument.id, PositionSide::Long)
        };
        let of = |account| self.definitions.instruments.iter().map(move |instrument| at(account, instrument));
        self.drilled.iter().flat_map(of).collect()
    }

    /// What the names of the configuration stand for.
    #[must_use]
    pub fn names(&self) -> Names {
        Names {
            accounts: self.definitions.accounts.iter().map(|account| (account.name, account.id)).collect(),
            plans: self.plans.clone(),
            symbols: self.definitions.instruments.iter().map(|instrument| (instrument.symbol, instrument.id)).collect(),
        }
    }

    /// The exchanges that are played, with who sits at each; always one at least, which has the market.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let mut tables: Vec<Table> = Vec::new();
        for (account, seat) in self.definitions.accounts.iter().zip(&self.seats) {
            let who = (account.id, account.name);
            match tables.iter_mut().find(|table| table.seat.extension() == seat.extension()) {
                Some(table) => table.accounts.push(who),
                None => tables.push(Table { seat: seat.clone(), accounts: vec![who] }),
            }
        }
        if tables.is_empty() {
            tables.push(Table { seat: Seat::plain(), accounts: Vec::new() });
        }
        tables
    }

    /// The exchange of a table, as it was or fresh, with all markets and its accounts as the configuration has them.
    ///
    /// # Errors
    /// What the exchange says against it, in words.
    pub fn seated(&self, table: &Table, was: Option<sim::Exchange>, seed: u64) -> Result<sim::Exchange, String> {
        let mut exchange = was.unwrap_or_else(|| sim::Exchange::new(table.seat.setup(seed, false)));
        for instrument in &self.definitions.instruments {
            if exchange.rules(instrument.symbol.as_str()).is_none() {
                let listed = exchange.list(instrument.symbol.as_str(), exchange_rules(instrument));
                listed.map_err(|why| why.to_string())?;
            }
        }
        for (account, seat) in self.definitions.accounts.iter().zip(&self.seats) {
            if table.accounts.iter().any(|(id, _)| *id == account.id) {
                seat_account(&mut exchange, account.name, seat)?;
                self.set_leverages(&mut exchange, account.name)?;
            }
        }
        Ok(exchange)
    }
}

impl RunCast {
    /// The leverage of each instrument, as it is written now: liquidation at the venue lies where the engine expects it.
    fn set_leverages(&self, exchange: &mut sim::Exchange, name: Name) -> Result<(), String> {
        let written = self
            .definitions
            .instruments
            .iter()
            .filter_map(|instrument| Some((instrument.symbol, instrument.leverage?)));
        for (symbol, leverage) in written {
            let set = exchange.set_leverage(name.as_str(), symbol.as_str(), leverage);
            set.map_err(|why| why.to_string())?;
        }
        Ok(())
    }
}

/// Opens an account, or brings it into the mode that is written now.
fn seat_account(exchange: &mut sim::Exchange, name: Name, seat: &Seat) -> Result<(), String> {
    let (known, now) = (exchange.ledger().account(name.as_str()).map(|account| account.mode), exchange.now());
    match known {
        None => exchange.open_account(name.as_str(), seat.opening(None)).map_err(|why| why.to_string()),
        Some(mode) if mode == seat.mode => Ok(()),
        Some(_) => exchange.by_hand(now, name.as_str(), sim::HandAction::ChangeMode(seat.mode)).map_err(|refused| {
            format!(
                "account {name}: position_mode cannot be changed: {}; close what is open there first, or give another --store",
                refused.text
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::paper::instrument;
    use crate::recorded::Decimals;
    use backstop_model::{Stamped, Symbol, Timestamp};

    /// The margin that the venue wants for a notional of 100, market by market.
    fn margins(config: &str, was: Option<sim::Exchange>) -> (Vec<String>, sim::Exchange) {
        let config = Config::parse(config, "c.yaml").unwrap();
        let grid = Decimals { price: 2, quantity: Some(3) };
        let symbols = ["AAA", "BBB", "CCC"].map(|symbol| Symbol::new(symbol).unwrap());
        let instruments = symbols.map(|symbol| instrument(&config, symbol, grid).unwrap());
        let cast = RunCast::new(&config, instruments.to_vec(), Numbers::default()).unwrap();
        let exchange = cast.seated(&cast.tables()[0], was, 7).unwrap();
        let account = exchange.ledger().account("main").unwrap();
        let margin = |symbol: Symbol| account.margin_for(symbol.as_str(), "100".parse().unwrap()).unwrap().to_string();
        (symbols.map(margin).to_vec(), exchange)
    }

    #[test]
    fn an_account_has_the_leverage_that_is_written_for_each_instrument_also_after_a_restart() {
        for venue in ["paper", "binance", "bitget", "ig"] {
            let config = format!(
                "accounts: {{ main: {{ venue: {venue}, plan: swing }} }}\ninstruments: {{ AAA: {{ leverage: 2 }}, BBB: {{ leverage: 50 }} }}\n"
            );
            let (asked, exchange) = margins(&config, None);
            assert_eq!(asked, ["50", "2", "10"], "{venue}");
            let (asked, _) = margins(&config.replace("leverage: 50", "leverage: 5"), Some(exchange));
            assert_eq!(asked, ["50", "20", "10"], "{venue}");
        }
    }

    /// An engine that has been told what a configuration says, going on from the one before.
    fn told(engine: Engine, config: &str) -> (Engine, RunCast) {
        let config = Config::parse(config, "c.yaml").unwrap();
        let grid = Decimals { price: 2, quantity: Some(3) };
        let known = ["AAA", "BBB"].map(|symbol| instrument(&config, Symbol::new(symbol).unwrap(), grid).unwrap());
        let cast = RunCast::new(&config, known.to_vec(), Numbers::of(&engine)).unwrap();
        let tell = |mut engine: Engine, (sequence, event)| {
            engine.handle(&Stamped { sequence, at: Timestamp::EPOCH, event });
            engine
        };
        ((1..).zip(cast.events()).fold(engine, tell), cast)
    }

    /// The plan that account `main` follows on BBB.
    fn follows((engine, cast): &(Engine, RunCast)) -> String {
        let key = PositionKey::new(cast.accounts()[0].id, cast.instruments()[1].id, PositionSide::Long);
        engine.ctx(key, Timestamp::EPOCH).unwrap().plan.unwrap().name.to_string()
    }

    const TWO: &str = "plans:\n  near: { stop_loss: { at: 1% }, take_profits: [{ at: 3%, close: 100% }] }\n  wide: { stop_loss: { at: 5% }, take_profits: [{ at: 3%, close: 100% }] }\naccounts: { main: { plan: near";

    #[test]
    fn a_symbol_whose_own_plan_is_taken_out_follows_its_account_again() {
        let own = told(Engine::new(), &format!("{TWO}, plans: {{ BBB: wide }} }} }}\n"));
        assert_eq!(follows(&own), "wide");
        assert_eq!(follows(&told(own.0, &format!("{TWO} }} }}\n"))), "near");
    }

    #[test]
    fn a_plan_keeps_its_number_when_others_come_before_it() {
        let (engine, cast) = told(Engine::new(), &format!("{TWO} }} }}\n"));
        let more = format!("{TWO} }} }}\n").replace(
            "  near:",
            "  a_first: { stop_loss: { at: 9% }, take_profits: [{ at: 3%, close: 100% }] }\n  near:",
        );
        let (_, again) = told(engine, &more);
        for (name, number) in &cast.plans {
            assert_eq!(again.plans[name], *number, "{name}");
        }
        assert_eq!(again.plans.len(), cast.plans.len() + 1);
    }
}
