//! A written account becomes an account of the configuration. Which plan a position gets is said here once.

use super::amounts;
use super::located::Located;
use super::problem::Problem;
use super::{plan, refusals, wire};
use crate::paper::Seat;
use backstop_model::plan::{Guaranteed, StopLoss};
use backstop_model::{Distance, ExitPlan, Money, Name, PositionMode, Ratio, Refusals, Symbol};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use super::wire::{AccountKind, Adopt, Mode, Venue};

/// An account to look after.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountConfig {
    /// Its name; part of every client order id.
    pub name: Name,
    /// Where it is held.
    pub venue: Venue,
    /// What may be done with it; not [`Mode::Live`] in this version.
    pub mode: Mode,
    /// How the venue keeps positions.
    pub position_mode: PositionMode,
    /// Which kind of account it is, on Bitget.
    pub account_kind: AccountKind,
    /// The plan of all positions that have no closer one.
    pub plan: Option<Name>,
    /// The plan by symbol.
    pub symbol_plans: BTreeMap<Symbol, Name>,
    /// What happens to positions that others opened.
    pub adopt: Adopt,
    /// The stop of positions that others opened.
    pub hard_stop: Option<StopLoss>,
    /// Whether an entry through Backstop is made in one part for each level.
    pub split_entries: bool,
    /// What is done about refused stops.
    pub refusals: Refusals,
    /// Whether every kind of protective order is tried at the start and daily.
    pub fire_drill: bool,
    /// Loss of the day, as a share of equity, from which there is an alert and no new entry.
    pub max_daily_loss: Option<Ratio>,
    /// Close everything as well when the daily loss is reached.
    pub flatten: bool,
    /// Only positions on these are touched; all when empty.
    pub symbols: Vec<Symbol>,
    /// The largest notional of one position: entries beyond it are refused, others' positions are told of.
    pub max_notional: Option<Money>,
}

impl AccountConfig {
    /// The account that a configuration without accounts has: paper, with one plan for everything.
    pub(super) fn paper(name: Name, plan: Option<Name>) -> Self {
        Self {
            name,
            venue: Venue::Paper,
            mode: Mode::Paper,
            position_mode: PositionMode::OneWay,
            account_kind: AccountKind::Classic,
            plan,
            symbol_plans: BTreeMap::new(),
            // A file with nothing but a plan says what is to be done with positions.
            adopt: Adopt::Plan,
            hard_stop: None,
            split_entries: false,
            refusals: Refusals::default(),
            fire_drill: true,
            max_daily_loss: None,
            flatten: false,
            symbols: Vec::new(),
            max_notional: None,
        }
    }

    /// The name of the plan for positions on `symbol`: the symbol's own, else the account's.
    #[must_use]
    pub fn plan_for(&self, symbol: Symbol) -> Option<Name> {
        self.symbol_plans.get(&symbol).copied().or(self.plan)
    }

    /// Whether positions on `symbol` are looked after.
    #[must_use]
    pub fn covers(&self, symbol: Symbol) -> bool {
        self.symbols.is_empty() || self.symbols.contains(&symbol)
    }
}

impl Venue {
    /// The word of the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Aster => "aster",
            Self::Binance => "binance",
            Self::Bitget => "bitget",
            Self::Ig => "ig",
            Self::Paper => "paper",
        }
    }
}

impl Mode {
    /// The word of the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Observe => "observe",
            Self::Paper => "paper",
        }
    }
}

/// The account, and what the owner is told about it. Plans that are `refused` have been told of already.
pub(super) fn account(
    name: &Located<String>,
    written: &wire::Account,
    plans: &BTreeMap<Name, Arc<ExitPlan>>,
    refused: &[&str],
) -> Result<(AccountConfig, Vec<String>), Problem> {
    let venue = written.venue.as_ref().map_or(Venue::Paper, |venue| venue.value);
    let mode = mode(written)?;
    let known = |plan: &Located<String>| offered(plan, known(plan, plans, refused)?, venue, plans);
    let plan = written.plan.as_ref().map(known).transpose()?;
    let (position_mode, account_kind) = (position_mode(written, venue)?, account_kind(written, venue)?);
    let plain = AccountConfig::paper(amounts::name(name, "an account")?, plan);
    let mut account = AccountConfig { venue, mode, position_mode, account_kind, ..plain };
    for (symbol, plan) in written.plans.iter().flat_map(|plans| &plans.0) {
        account.symbol_plans.insert(amounts::symbol(symbol)?, known(plan)?);
    }
    account.symbols = symbols(name, written)?;
    account.adopt = written.adopt.as_ref().map_or(Adopt::default(), |adopt| adopt.value);
    account.hard_stop = written.hard_stop.as_ref().map(|stop| hard_stop(stop, venue)).transpose()?;
    account.split_entries = split_entries(written, venue)?;
    account.refusals = refusals::refusals(written)?;
    account.fire_drill = written.fire_drill.as_ref().is_none_or(|wanted| wanted.value);
    account.max_daily_loss = written.max_daily_loss.as_ref().map(max_daily_loss).transpose()?;
    account.flatten = written.flatten.as_ref().is_some_and(|flatten| flatten.value);
    account.max_notional =
        written.max_notional.as_ref().map(|most| amounts::limit(most, "max_notional")).transpose()?;
    let told = told(&account).into_iter().chain(overruled(&account, plans)).collect();
    Ok((account, told))
}

/// A plan that requires what the venue does not have is refused before a position depends on it.
fn offered(
    written: &Located<String>,
    plan: Name,
    venue: Venue,
    plans: &BTreeMap<Name, Arc<ExitPlan>>,
) -> Result<Name, Problem> {
    let wish = plans.get(&plan).map(|plan| plan.stop_loss.guaranteed);
    if wish != Some(Guaranteed::Require) || venue == Venue::Ig {
        return Ok(plan);
    }
    let message = format!("plan `{plan}` requires a guaranteed stop, and {} has none", venue.word());
    Err(Problem::new(written.at, message, "write `guaranteed: prefer` in the plan, or give this account another plan"))
}

/// Only where every entry is a position of its own is there anything to gain.
fn split_entries(written: &wire::Account, venue: Venue) -> Result<bool, Problem> {
    match written.split_entries.as_ref() {
        Some(wanted) if wanted.value && venue != Venue::Ig => {
            let message = format!("split_entries is of no use on {}: every level rests there as it is", venue.word());
            Err(Problem::new(wanted.at, message, "leave it out; it is for venues where every deal is a position (ig)"))
        }
        Some(wanted) => Ok(wanted.value),
        None => Ok(false),
    }
}

/// A loss of nothing would be reached by the first fee, and `flatten` would close everything for it.
fn max_daily_loss(written: &Located<wire::Percent>) -> Result<Ratio, Problem> {
    let loss = amounts::percent(written, "max_daily_loss", 0, 100)?;
    if loss > Ratio::ZERO {
        return Ok(loss);
    }
    let message = format!("max_daily_loss `{}` would be reached by the first fee", written.value.0.trim());
    Err(Problem::new(written.at, message, "write it like `3%`; leave it out for no limit"))
}

/// Which symbols are touched. Written down and empty it could mean none or all.
fn symbols(name: &Located<String>, written: &wire::Account) -> Result<Vec<Symbol>, Problem> {
    let Some(symbols) = &written.symbols else { return Ok(Vec::new()) };
    if symbols.is_empty() {
        let message = format!("account `{}`: symbols is empty", name.value);
        let help = "name the symbols to touch; leave it out for all, or write `mode: observe` for none";
        return Err(Problem::new(name.at, message, help));
    }
    symbols.iter().map(amounts::symbol).collect()
}

/// A guaranteed one only where there are some: what others open could not be refused for want of it.
fn hard_stop(written: &Located<wire::StopLoss>, venue: Venue) -> Result<StopLoss, Problem> {
    let stop = plan::stop_at(written, "hard_stop", "write it as `hard_stop: { at: 2% }`")?;
    let wanted = written.value.guaranteed.as_ref().filter(|_| stop.guaranteed.is_wanted());
    if let Some(guaranteed) = wanted.filter(|_| venue != Venue::Ig) {
        let message = format!("hard_stop cannot be guaranteed: {} has no guaranteed stops", venue.word());
        return Err(Problem::new(guaranteed.at, message, "leave it out; it is for venues that sell them (ig)"));
    }
    match stop.at {
        Distance::At(_) | Distance::Risk(_) => {
            let message = format!("hard_stop `{}` is of one position only", stop.at);
            Err(Problem::new(written.at, message, "write a distance: `2%`, `25 pt`, `15% margin` or `2 atr`"))
        }
        Distance::Percent(share) if share >= Ratio::ONE => {
            let message = format!("hard_stop `{}`: a stop 100 % away or more protects nothing", stop.at);
            Err(Problem::new(written.at, message, "write a stop below 100%, for example `2%`"))
        }
        Distance::Atr(_) | Distance::Margin(_) | Distance::Percent(_) | Distance::Points(_) => Ok(stop),
    }
}

/// Only what this version can keep its promises for.
fn mode(written: &wire::Account) -> Result<Mode, Problem> {
    let Some(mode) = &written.mode else { return Ok(Mode::Paper) };
    match mode.value {
        known @ (Mode::Observe | Mode::Paper) => Ok(known),
        Mode::Live => {
            let message = "mode `live` is not available: this version plays every venue on paper";
            Err(Problem::new(mode.at, message.to_owned(), "write `mode: paper`, or `mode: observe` to look only"))
        }
    }
}

/// What the venue keeps: a position for each deal, or what is written.
fn position_mode(written: &wire::Account, venue: Venue) -> Result<PositionMode, Problem> {
    match (&written.position_mode, venue) {
        (None, Venue::Ig) => Ok(PositionMode::PerDeal),
        (None, Venue::Aster | Venue::Binance | Venue::Bitget | Venue::Paper) => Ok(PositionMode::OneWay),
        (Some(mode), Venue::Ig) => {
            let message = "ig keeps a position for each deal; it has no `position_mode`";
            Err(Problem::new(mode.at, message.to_owned(), "leave `position_mode` out"))
        }
        (Some(mode), Venue::Aster | Venue::Binance | Venue::Bitget | Venue::Paper) => Ok(match mode.value {
            wire::PositionMode::Hedge => PositionMode::Hedge,
            wire::PositionMode::OneWay => PositionMode::OneWay,
        }),
    }
}

/// Only Bitget has kinds of accounts.
fn account_kind(written: &wire::Account, venue: Venue) -> Result<AccountKind, Problem> {
    match &written.account_kind {
        None => Ok(AccountKind::default()),
        Some(kind) if venue == Venue::Bitget => Ok(kind.value),
        Some(kind) => {
            let message = format!("{} has no kinds of accounts; only bitget has", venue.word());
            Err(Problem::new(kind.at, message, "leave `account_kind` out"))
        }
    }
}

fn known(written: &Located<String>, plans: &BTreeMap<Name, Arc<ExitPlan>>, refused: &[&str]) -> Result<Name, Problem> {
    let name = amounts::name(written, "a plan")?;
    if plans.contains_key(&name) || refused.contains(&name.as_str()) {
        return Ok(name);
    }
    let names: Vec<&str> = plans.keys().map(Name::as_str).collect();
    let help = format!("write it below `plans`, or choose one of: {}", names.join(", "));
    Err(Problem::new(written.at, format!("there is no plan `{name}`"), help))
}

/// Triggers that plans name and the venue does not have.
fn overruled(account: &AccountConfig, plans: &BTreeMap<Name, Arc<ExitPlan>>) -> Vec<String> {
    let Some(only) = Seat::of(account).capability().only_trigger else { return Vec::new() };
    let names: BTreeSet<Name> = account.plan.into_iter().chain(account.symbol_plans.values().copied()).collect();
    let stops = names.iter().filter_map(|name| plans.get(name)).map(|plan| (plan.name.to_string(), plan.stop_loss));
    let stops = stops.chain(account.hard_stop.map(|stop| ("hard_stop".to_owned(), stop)));
    let overruled = stops.filter(|(_, stop)| !stop.trigger_is_usual && stop.trigger != only);
    let text = |(whose, stop): (String, StopLoss)| {
        let (named, only) = (stop.trigger.word(), only.word());
        format!("trigger `{named}` of {whose} has no effect: stops here watch `{only}` and nothing else")
    };
    overruled.map(text).collect()
}

fn told(account: &AccountConfig) -> Vec<String> {
    let mut told = Vec::new();
    if account.venue != Venue::Paper {
        let venue = account.venue.word();
        told.push(format!(
            "{venue} is played on paper: a simulated exchange with its rules and a generated market; nothing is sent to {venue}, its prices are not read"
        ));
    }
    let planned = |symbol: &Symbol| account.symbol_plans.contains_key(symbol);
    if account.plan.is_none() && (account.symbols.is_empty() || !account.symbols.iter().all(planned)) {
        let whose = if account.symbol_plans.is_empty() { "it has no plan" } else { "it has no plan for other symbols" };
        let then = match account.adopt {
            Adopt::HardStop => "what others open there gets a hard stop and nothing else",
            Adopt::Plan => "what others open there gets a hard stop at once and nothing else",
            Adopt::Propose => "what others open there is shown, and nothing is placed until you give it a plan",
        };
        told.push(format!("{whose}: {then}; an entry has to name a plan"));
    }
    if account.flatten && account.max_daily_loss.is_none() {
        told.push("flatten has no effect without max_daily_loss".to_owned());
    }
    told
}
