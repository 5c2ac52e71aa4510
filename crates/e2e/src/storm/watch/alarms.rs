//! What people have to be told, and whether it has reached them (I35).

use super::Found;
use crate::storm::process::Process;
use backstop_core::position::Adoption;
use backstop_model::{Notice, PositionKey, Severity, Span, Timestamp};
use std::collections::BTreeMap;

/// Without a stop for so long is a reason (`T_prot`).
const UNPROTECTED_FOR: Span = Span::from_secs(3);
/// And people know of it within this (I35).
const TOLD_WITHIN: Span = Span::from_secs(5);

/// When people were last alarmed about what.
#[derive(Debug, Default)]
pub struct Alarms {
    told: BTreeMap<PositionKey, Timestamp>,
    /// When the process has last begun to act: what it could not notice before, it could not tell either.
    acts_since: Timestamp,
}

impl Alarms {
    /// People are told something.
    pub fn told(&mut self, now: Timestamp, notice: &Notice) {
        if let (Severity::Alarm, Some(position)) = (notice.severity, notice.position) {
            self.told.insert(position, now);
        }
    }

    /// I35: a position that shows itself without a stop for too long is one that people have been alarmed about.
    pub fn look(&mut self, now: Timestamp, process: &Process, found: &mut Found) {
        if !process.acts(now) {
            self.acts_since = now;
            return;
        }
        for position in process.engine().into_iter().flat_map(backstop_core::Engine::positions) {
            let live = position.live.as_ref().filter(|live| live.adoption == Adoption::Managed && !live.suspended);
            let Some(since) = live.and_then(|live| live.protection.unprotected_since) else { continue };
            let due = since.plus(UNPROTECTED_FOR).max(self.acts_since).plus(TOLD_WITHIN);
            let told = self.told.get(&position.key).is_some_and(|at| *at >= since);
            if now > due && !told && !position.quantity().is_zero() {
                let side = position.key.side;
                found.push(("I35", format!("{side}: without a stop for {}, and nobody is told", now.since(since))));
            }
        }
    }
}
