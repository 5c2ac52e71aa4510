//! Names on the command line that nothing bears: each failure says which there are.

use super::Failure;
use backstop_model::{Name, Symbol};
use std::fmt::Display;

/// `--open` names an account that the configuration has not.
pub(super) fn account(asked: Name, known: impl IntoIterator<Item = Name>) -> Failure {
    Failure::said(format!("--open: unknown account {asked}; the configuration has {}", listed(known)))
}

/// A plan that the configuration has not.
pub(super) fn plan(asked: Name, known: impl IntoIterator<Item = Name>) -> Failure {
    Failure::said(format!("there is no plan {asked}; the configuration has {}", listed(known)))
}

/// `--open` names a symbol that this market has not.
pub(super) fn symbol(asked: Symbol, known: impl IntoIterator<Item = Symbol>) -> Failure {
    let known = listed(known);
    Failure::said(format!("--open: unknown symbol {asked}; this market has {known}"))
}

fn listed(known: impl IntoIterator<Item = impl Display>) -> String {
    let names: Vec<String> = known.into_iter().map(|name| name.to_string()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
