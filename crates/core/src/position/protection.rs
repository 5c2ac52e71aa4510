//! The protection clock: how long a position has been without a working stop, and why.

use backstop_model::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// From visible to protected, at most (faults.md, `T_prot` max).
pub const LIMIT: Span = Span::from_secs(3);

/// Whether and since when a position is protected.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Protection {
    /// Unprotected since then; none while a working stop covers it.
    pub unprotected_since: Option<Timestamp>,
    /// The longest stretch so far.
    pub longest: Span,
    /// People have been told of the present stretch.
    pub alarmed: bool,
    /// It has been protected at least once.
    pub was_protected: bool,
}

impl Protection {
    /// Takes note of the state now.
    pub fn note(&mut self, protected: bool, now: Timestamp) {
        match (protected, self.unprotected_since) {
            (true, since) => {
                if let Some(since) = since {
                    self.longest = self.longest.max(now.since(since));
                }
                *self = Self { unprotected_since: None, longest: self.longest, alarmed: false, was_protected: true };
            }
            (false, None) => self.unprotected_since = Some(now),
            (false, Some(_)) => {}
        }
    }

    /// The longest stretch, the present one included.
    #[must_use]
    pub fn longest_until(&self, now: Timestamp) -> Span {
        self.unprotected_since.map_or(self.longest, |since| self.longest.max(now.since(since)))
    }
}
