//! What the core wants people to know. Text is for people; nothing decides on it.

use crate::PositionKey;
use serde::{Deserialize, Serialize};

/// How loud a notice is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a line in the log.
    Note,
    /// Something did not go as planned; it has been dealt with.
    Warning,
    /// A promise is at stake: wake somebody.
    Alarm,
}

/// One notice.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Notice {
    /// How loud.
    pub severity: Severity,
    /// Which position, where it concerns one.
    pub position: Option<PositionKey>,
    /// The text, complete with the next step where there is one.
    pub text: String,
}

impl Notice {
    /// A notice about one position.
    #[must_use]
    pub fn new(severity: Severity, position: PositionKey, text: String) -> Self {
        Self { severity, position: Some(position), text }
    }
}
