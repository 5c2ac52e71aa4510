//! A configuration that is read again counts within a second, and never half of it (I37).

use super::Found;
use crate::storm::process::Process;
use crate::storm::stage::ACCOUNT;
use backstop_core::Engine;
use backstop_model::{Account, PlanId, Span, Timestamp};
use backstop_runtime::Definitions;

/// It counts by then.
const COUNTS_WITHIN: Span = Span::from_secs(1);

/// What was read last, what counted before, and when.
#[derive(Debug, Default)]
pub struct Configured {
    last: Option<(Timestamp, Definitions, Definitions)>,
    /// It may count a moment later; what an engine is told at its start, and what changes nothing, may not.
    may_wait: bool,
}

impl Configured {
    /// The file was read and understood: `new` is to count in place of `old`; the same where it needs a start, or somebody's word.
    pub fn reads(&mut self, now: Timestamp, old: Definitions, new: Definitions) {
        self.may_wait = old != new;
        self.last = Some((now, old, new));
    }

    /// An engine starts, over the records of whomever, and this is its file.
    pub fn starts(&mut self, now: Timestamp, file: &Definitions) {
        self.may_wait = false;
        self.last = Some((now, file.clone(), file.clone()));
    }

    /// All of it is taken in at one instant; what the engine goes by then is the one or the other.
    pub fn look(&self, now: Timestamp, process: &Process, found: &mut Found) {
        let Some((read_at, old, new)) = &self.last else { return };
        let Some(engine) = process.engine().filter(|_| now > *read_at && process.acts(now)) else { return };
        let goes_by = |definitions: &Definitions| goes_by(engine, definitions);
        if goes_by(new).unwrap_or(true) {
            return;
        }
        let is_old = goes_by(old).unwrap_or(true);
        if !self.may_wait {
            found.push(("I37", "the engine goes by another configuration than its own".to_owned()));
        } else if !is_old {
            found.push(("I37", "a half of the configuration that was read again counts".to_owned()));
        } else if now > read_at.plus(COUNTS_WITHIN) {
            found.push((
                "I37",
                format!("the configuration that was read at {} ms does not count yet", read_at.as_millis()),
            ));
        }
    }
}

/// Whether an engine goes by these; nothing while it has been told of nothing.
fn goes_by(engine: &Engine, definitions: &Definitions) -> Option<bool> {
    let account = engine.accounts().find(|account| account.id == ACCOUNT)?;
    let meant = definitions.accounts.iter().find(|account| account.id == ACCOUNT)?;
    let owners =
        |of: &Account| (of.plan, of.adopt, of.hard_stop, of.limits.clone(), of.refusals.clone(), of.permit, of.venue);
    let plan = |id: PlanId| engine.plans().find(|(known, _)| *known == id).map(|(_, plan)| plan.clone());
    let plans = definitions.plans.iter().all(|(id, meant)| plan(*id).as_ref() == Some(meant));
    Some(owners(account) == owners(meant) && plans)
}
