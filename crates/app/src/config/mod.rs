//! The configuration: YAML or JSON, read once, typed first and meant second.
//!
//! A [`Config`] that exists is valid: its plans fit together and every plan that is named exists. What is wrong is shown
//! with file, line, column and a caret. This room decides nothing about trading, and holds no secrets: keys never stand
//! in this file.

mod account;
mod amounts;
mod distance;
mod hours;
mod instrument;
mod located;
mod plan;
mod problem;
mod refusals;
mod refused;
mod schema;
mod times;
mod wire;

pub use account::{AccountConfig, AccountKind, Adopt, Mode, Venue};
pub use instrument::InstrumentOverrides;
pub use located::Place;
pub use problem::{ConfigError, Problem};
pub use schema::schema;
pub(crate) use times::read_length;

use backstop_model::{ExitPlan, Name, Symbol};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// The plan that is used without configuration, and that every configuration may name.
const SWING: &str = include_str!("../../../../examples/swing.yaml");
/// A larger file is not a configuration.
const LARGEST: u64 = 1024 * 1024;

/// Something the owner should know about a configuration that works.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// What it is about, for example `plan swing`.
    pub about: String,
    /// What is to be known.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.text)
    }
}

/// A valid configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The accounts in the order of the file; never empty.
    pub accounts: Vec<AccountConfig>,
    /// The plans by name, the built-in `swing` among them.
    pub plans: BTreeMap<Name, Arc<ExitPlan>>,
    /// What the owner says about instruments.
    pub instruments: BTreeMap<Symbol, InstrumentOverrides>,
    /// Whether a price tape is kept beside the store.
    pub tape: bool,
    /// What the owner should know.
    pub warnings: Vec<Warning>,
    /// The file says nothing at all.
    pub is_blank: bool,
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`ConfigError`] when it cannot be read, or as for [`Config::parse`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let unreadable = |message: String, help: &str| {
            ConfigError::new(&name, "", vec![Problem { at: None, message, help: help.to_owned() }])
        };
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        read.map_err(|wrong| unreadable(format!("cannot be read: {wrong}"), "check the path and its permissions"))?;
        if bytes.len() as u64 > LARGEST {
            return Err(unreadable("is larger than 1 MiB".to_owned(), "this is not a configuration; check the path"));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| unreadable("is not UTF-8 text".to_owned(), "save it as UTF-8; check the path"))?;
        Self::parse(&text, &name)
    }

    /// Reads `text`; `name` is what reports call it.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem that was found: one for the syntax, else one for each plan, account and
    /// instrument that is wrong.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let (_, built_in) = read_plans(SWING, "the built-in plan swing")?;
        config.plans.extend(built_in.plans);
        let (file, read) = read_plans(text, name)?;
        let own: Vec<Name> = read.plans.keys().copied().collect();
        config.plans.extend(read.plans);
        config.warnings = read.warnings;
        let mut problems = read.problems;
        config.read_accounts(&file, &own, &mut problems);
        config.read_instruments(&file, &mut problems);
        config.is_blank = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        config.tape = file.tape.as_ref().is_none_or(|tape| tape.value);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::new(name, without_mark(text), problems)) }
    }

    /// What is used without a configuration: account `main` on the paper venue with the plan `swing`.
    ///
    /// # Errors
    /// None: the built-in plan is part of the binary, and a test reads it.
    pub fn built_in() -> Result<Self, ConfigError> {
        Self::parse(SWING, "the built-in plan swing")
    }

    /// The plan called `name`.
    #[must_use]
    pub fn plan(&self, name: Name) -> Option<&Arc<ExitPlan>> {
        self.plans.get(&name)
    }

    /// What reading a plan has told of it.
    #[must_use]
    pub fn told_of(&self, plan: &ExitPlan) -> Vec<String> {
        let about = format!("plan {}", plan.name);
        self.warnings.iter().filter(|warning| warning.about == about).map(|warning| warning.text.clone()).collect()
    }

    /// What the owner says about `symbol`; nothing when absent.
    #[must_use]
    pub fn overrides(&self, symbol: Symbol) -> InstrumentOverrides {
        self.instruments.get(&symbol).cloned().unwrap_or_default()
    }

    /// Without accounts there is one, on paper, with the only plan of the file; with several plans it has none.
    fn read_accounts(&mut self, file: &wire::File, own: &[Name], problems: &mut Vec<Problem>) {
        let written: &[_] = file.accounts.as_ref().map_or(&[], |accounts| &accounts.0);
        let plans = file.plans.iter().flat_map(|plans| &plans.0).map(|(name, _)| name.value.as_str());
        let refused: Vec<&str> = plans.filter(|name| own.iter().all(|plan| plan.as_str() != *name)).collect();
        for (name, account) in written {
            match account::account(name, &account.value, &self.plans, &refused) {
                Ok((account, told)) => {
                    self.warn(&format!("account {}", account.name), told);
                    self.accounts.push(account);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if written.is_empty() {
            let swing = self.plans.keys().next().copied().filter(|_| own.is_empty());
            let plan = if let [only] = own { Some(*only) } else { swing };
            if plan.is_none() {
                let told = "no account says which plan to use: write `accounts: { main: { plan: … } }`";
                self.warn("the file", vec![told.to_owned()]);
            }
            self.accounts.push(AccountConfig::paper(main_account(), plan));
        }
    }

    fn read_instruments(&mut self, file: &wire::File, problems: &mut Vec<Problem>) {
        for (name, instrument) in file.instruments.iter().flat_map(|instruments| &instruments.0) {
            match instrument::instrument(name, &instrument.value) {
                Ok((symbol, overrides)) => match self.same_state_file(&overrides) {
                    Some(other) => problems.push(Problem::new(
                        instrument.value.state_file.as_ref().map_or(name.at, |file| file.at),
                        format!("{other} has the same state_file"),
                        "give every symbol a file of its own",
                    )),
                    None => drop(self.instruments.insert(symbol, overrides)),
                },
                Err(problem) => problems.push(problem),
            }
        }
    }

    fn same_state_file(&self, overrides: &InstrumentOverrides) -> Option<Symbol> {
        let file = overrides.state_file.as_ref()?;
        let same = |other: &&Symbol| self.instruments[*other].state_file.as_ref() == Some(file);
        self.instruments.keys().find(same).copied()
    }

    fn warn(&mut self, about: &str, told: Vec<String>) {
        self.warnings.extend(told.into_iter().map(|text| Warning { about: about.to_owned(), text }));
    }
}

fn main_account() -> Name {
    Name::new("main").expect("a constant of this file is a name")
}

/// The plans of one text.
struct PlansRead {
    plans: BTreeMap<Name, Arc<ExitPlan>>,
    warnings: Vec<Warning>,
    problems: Vec<Problem>,
}

fn read_plans(text: &str, name: &str) -> Result<(wire::File, PlansRead), ConfigError> {
    let text = without_mark(text);
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let file: Option<wire::File> = serde_saphyr::from_str_with_options(text, options)
        .map_err(|wrong| ConfigError::new(name, text, vec![refused::problem(&wrong)]))?;
    let file = file.unwrap_or_default();
    let mut read = PlansRead { plans: BTreeMap::new(), warnings: Vec::new(), problems: Vec::new() };
    for (name, plan) in file.plans.iter().flat_map(|plans| &plans.0) {
        match plan::plan(name, &plan.value) {
            Ok((plan, told)) => {
                let about = format!("plan {}", plan.name);
                read.warnings.extend(told.into_iter().map(|text| Warning { about: about.clone(), text }));
                read.plans.insert(plan.name, Arc::new(plan));
            }
            Err(problem) => read.problems.push(problem),
        }
    }
    Ok((file, read))
}

/// The text without the byte-order mark that some editors put first.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests;
