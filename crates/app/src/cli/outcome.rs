//! How a command ends: good, with a problem found, or in a failure that names the culprit and the next step.

use crate::config::ConfigError;
use std::fmt::Display;

/// An ending without failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// All is well: exit code 0.
    Good,
    /// The command did its work and found a problem: exit code 1.
    ProblemFound,
}

/// Usage, configuration or unusable input: exit code 2.
#[derive(Debug)]
pub enum Failure {
    /// A configuration, shown with file, line and caret.
    Config(Box<ConfigError>),
    /// Anything else, in one sentence that names the culprit and the next step.
    Said(String),
}

impl Failure {
    /// A failure that has nothing but its text.
    #[must_use]
    pub fn said(why: impl Display) -> Self {
        Self::Said(why.to_string())
    }

    /// Tells people on standard error.
    pub fn print(&self) {
        match self {
            Self::Config(error) => eprintln!("{}", error.report()),
            Self::Said(text) => eprintln!("backstop: {text}"),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}

impl From<backstop_store::StoreError> for Failure {
    fn from(error: backstop_store::StoreError) -> Self {
        Self::said(error)
    }
}

impl From<crate::recorded::Unusable> for Failure {
    fn from(error: crate::recorded::Unusable) -> Self {
        Self::said(error)
    }
}
