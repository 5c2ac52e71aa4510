//! What an entry of ours has brought in must be under a working stop at once: if none can be had, it is closed again
//! (product.md §3). What was there before it keeps its own stop and stays.

use super::protection::LIMIT;
use super::turn::guarded;
use super::{Ctx, Live, Out, Position, Tranche};
use crate::orders::Unwanted;
use backstop_model::{ExitReason, OutOfRange, Quantity, Severity, Timestamp};

/// So many refusals of a stop in a row have been through the whole refusal policy.
const REFUSED_OUT: u16 = 4;

/// Why an entry is closed again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Failed {
    Refused(u16),
    TooLate,
}

impl Position {
    /// Closes what an entry has brought in when its stop is refused for good, or does not work in time.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn watch_unproven(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, epoch) = (self.key, self.epoch);
        let Some(live) = &mut self.live else { return Ok(()) };
        let late = live.protection.unprotected_since.is_some_and(|since| ctx.now.since(since) >= LIMIT);
        let trails = live.plan.as_ref().is_some_and(|plan| plan.trails());
        let mut whole = None;
        for tranche in &mut live.tranches {
            let uncovered = tranche.remaining.saturating_minus(guarded(tranche, &self.orders, epoch));
            if let Some(aside) = tranche.aside.held().filter(|_| uncovered.is_zero()) {
                aside.unproven = Quantity::ZERO;
            }
            let open = tranche.closing.is_none() && !tranche.aside.unproven.is_zero();
            let Some(failed) = failed(tranche, late).filter(|_| open) else { continue };
            let why = match failed {
                Failed::Refused(times) => format!("its stop was refused {times} times"),
                Failed::TooLate => format!("no stop works for it after {LIMIT}"),
            };
            let unproven = std::mem::replace(&mut tranche.aside.unproven, Quantity::ZERO);
            let closes = tranche.give_back(unproven, trails, ctx)?;
            whole = Some(whole.unwrap_or(true) && tranche.closing.is_some());
            let symbol = ctx.instrument.symbol;
            let text = format!("{symbol} {}: {closes} of an entry is closed again at market: {why}", key.side);
            out.tell(Severity::Alarm, key, text);
        }
        match whole {
            Some(true) => self.stop_entering(Unwanted::Closed(ExitReason::Emergency)),
            Some(false) => self.stop_entering(Unwanted::Cancelled),
            None => {}
        }
        Ok(())
    }
}

fn failed(tranche: &Tranche, late: bool) -> Option<Failed> {
    let refusals = tranche.stop_retry().map_or(0, |retry| retry.refusals);
    match refusals {
        REFUSED_OUT.. => Some(Failed::Refused(refusals)),
        _ if late => Some(Failed::TooLate),
        _ => None,
    }
}

impl Tranche {
    /// Decides to close a part for want of a stop; everything, where too little would stay open. Gives back how much.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn give_back(&mut self, part: Quantity, trails: bool, ctx: Ctx) -> Result<Quantity, OutOfRange> {
        let part = part.min(self.remaining);
        let rest = self.remaining.saturating_minus(part);
        if rest < ctx.smallest_exit(self.entry_price)? {
            self.close(ExitReason::Emergency, ctx.now);
            return Ok(self.remaining);
        }
        self.fit_levels(self.remaining, rest, ctx.instrument.step, trails)?;
        (self.aside.part, self.aside.part_reason) = (part, Some(ExitReason::Emergency));
        Ok(part)
    }
}

impl Live {
    /// When an entry that is not covered yet is closed again.
    pub(super) fn unproven_until(&self) -> Option<Timestamp> {
        let waits = self.open().any(|tranche| tranche.closing.is_none() && !tranche.aside.unproven.is_zero());
        self.protection.unprotected_since.filter(|_| waits).map(|since| since.plus(LIMIT))
    }
}
