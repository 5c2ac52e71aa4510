//! How a command ends: good, with a problem found, or in a failure that names the culprit and the next step.

use super::output;
use crate::config::ConfigError;
use std::fmt::Display;
use std::process::ExitCode;

/// An ending without failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// All is well: exit code 0.
    Good,
    /// The command did its work and found a problem: exit code 1.
    ProblemFound,
}

/// Usage, configuration or unusable input: exit code 2. Only [`Failure::NobodyReads`] is none in truth.
#[derive(Debug)]
pub enum Failure {
    /// A configuration, shown with file, line and caret.
    Config(Box<ConfigError>),
    /// Whoever read standard output wants no more of it: not a failure of ours, exit code 0.
    NobodyReads,
    /// Anything else, in one sentence that names the culprit and the next step.
    Said(String),
}

impl Failure {
    /// A failure that has nothing but its text.
    #[must_use]
    pub fn said(why: impl Display) -> Self {
        Self::Said(why.to_string())
    }

    /// Tells people on standard error, and gives the exit code.
    #[must_use]
    pub fn print(&self) -> ExitCode {
        match self {
            Self::Config(error) => output::error(error.report()),
            Self::NobodyReads => return ExitCode::SUCCESS,
            Self::Said(text) => output::error(format_args!("backstop: {text}")),
        }
        ExitCode::from(2)
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
