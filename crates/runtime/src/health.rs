//! How things stand: counts and the protection clock, for those who ask.

use backstop_core::Step;
use backstop_model::{Severity, Span, Timestamp};
use serde::Serialize;

/// Running numbers of one engine.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Health {
    /// Events that changed something.
    pub events: u64,
    /// Commands sent.
    pub commands: u64,
    /// Alarms raised.
    pub alarms: u64,
    /// When anything last arrived.
    pub last_event_at: Timestamp,
    /// The longest time any position was without a working stop.
    pub longest_unprotected: Span,
}

impl Health {
    /// Takes note of one step.
    pub fn note(&mut self, now: Timestamp, step: &Step) {
        self.last_event_at = now;
        self.events += u64::from(step.changed);
        self.alarms += step.notices.iter().filter(|notice| notice.severity == Severity::Alarm).count() as u64;
        for position in &step.positions {
            self.longest_unprotected = self.longest_unprotected.max(position.protection.longest_unprotected);
        }
    }
}
