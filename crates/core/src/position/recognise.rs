//! Our own orders at the venue when the journal does not know them: it was lost, or a new store was begun.
//!
//! The ids say what they are for (R2), so nothing has to be placed twice and no level is taken twice: the incarnation
//! goes on under its own epoch, the stop stays where it had been moved to, and levels that have no order any more are
//! behind us. What was closed before is not known and is not invented.

use super::levels::move_after;
use super::scene::Scene;
use super::{Adoption, Ctx, Live, Out, Position, arming};
use crate::exits::ladder::{Level, LevelState};
use crate::exits::stop_loss::{Basis, StopLevel};
use crate::orders::{Leg, Named, OpenOrder};
use backstop_model::{Epoch, Fill, OrderReport, OutOfRange, Quantity, RestingTargets, Severity};

/// Revisions that one journal may have used of each leg. One that has been lost leaves nobody who knows which: the next one
/// begins with as many more.
const OF_ONE_JOURNAL: u16 = 1024;

impl Live {
    /// The next revision after the last one that is known to have been used.
    pub(crate) fn revision_after(&self, last: Option<u16>) -> u16 {
        last.unwrap_or(0).max(self.used_until.get().unwrap_or(0)).saturating_add(1)
    }

    /// Nothing has been sent for this incarnation, as far as anybody remembers.
    pub(super) fn has_sent_nothing(&self) -> bool {
        self.whole.revision == 0 && self.tranches.iter().all(|tranche| tranche.revisions.is_empty())
    }
}

impl Position {
    /// Recognises orders of ours in a full read, if nothing has been sent for this incarnation yet.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn recognise<'a>(
        &mut self,
        reports: impl Iterator<Item = &'a OrderReport>,
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        if self.is_flat() || !self.live.as_deref().is_some_and(Live::has_sent_nothing) {
            return Ok(());
        }
        let ours: Vec<(Named, &OrderReport)> =
            reports.filter_map(|report| Some((self.unknown(report)?, report))).collect();
        // What is left of an earlier incarnation says nothing of this one: its ids are used up (R2). One that only a read
        // shows, without an execution that opened it, is the one whose orders stand around it.
        let by_read = self.live.as_ref().is_some_and(|live| live.read_until.is_some());
        let goes_on = |epoch: &Epoch| *epoch >= self.epoch || (by_read && epoch.next() == self.epoch);
        let newest = ours.iter().map(|(named, _)| named.epoch).max();
        let Some(epoch) = newest.filter(goes_on) else { return Ok(()) };
        self.epoch = epoch;
        self.manage(ctx, out)?;
        let current: Vec<_> = ours.into_iter().filter(|(named, _)| named.epoch == epoch).collect();
        for (_, report) in &current {
            self.adopt_order(report, ctx);
        }
        self.pass_used_ids(current.iter().map(|(named, _)| named.revision).max());
        self.keep_stop(|order| order.epoch == epoch);
        self.keep_levels(&current, ctx)?;
        let text = format!(
            "{} {}: {} orders of ours are recognised at the venue without a record of them; going on from there, what was closed before is not known",
            ctx.instrument.symbol,
            self.key.side,
            current.len()
        );
        out.tell(Severity::Warning, self.key, text);
        Ok(())
    }

    /// An order may have executed that no read tells of yet, or be on its way still, and most venues take an id once more (R3):
    /// what is asked for from here on has an id that nobody who is forgotten has used (I5).
    fn pass_used_ids(&mut self, newest: Option<u16>) {
        let (Some(live), Some(newest)) = (&mut self.live, newest) else { return };
        let journals = newest / OF_ONE_JOURNAL;
        live.used_until.put(Some(journals.saturating_add(1).saturating_mul(OF_ONE_JOURNAL)));
    }

    /// Orders of this incarnation that have executed have used up their ids, also when nobody remembers sending them (I5).
    pub(crate) fn note_used_ids(&mut self, fills: &[Fill]) {
        for named in fills.iter().filter_map(|fill| Named::read(fill.order.as_ref()?)) {
            if named.scope == self.scope && named.side == self.key.side {
                self.note_revision(&named);
            }
        }
    }

    /// Our orders stand around it: it is no stranger's.
    fn manage(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let key = self.key;
        let Some(live) = self.live.as_mut().filter(|live| live.adoption != Adoption::Managed) else { return Ok(()) };
        live.take_over(ctx.now);
        live.plan = ctx.plan_of_new();
        let ids: Vec<_> = live.open().map(|tranche| tranche.id).collect();
        ids.into_iter().try_for_each(|id| arming::arm(live, id, key, ctx, out))
    }

    /// What an order is for, if it is ours, alive, and not known.
    fn unknown(&self, report: &OrderReport) -> Option<Named> {
        let named = report.id.as_ref().and_then(Named::read)?;
        let known = self.orders.iter().any(|order| Some(order.id) == report.id);
        let ours = named.leg != Leg::Drill
            && named.scope == self.scope
            && named.side == self.key.side
            && named.epoch > Epoch(0);
        (ours && !known && !report.status.is_final() && !self.is_outlived(report)).then_some(named)
    }

    /// A stop that had been moved is not moved back.
    pub(super) fn keep_stop(&mut self, which: impl Fn(&OpenOrder) -> bool) {
        let side = self.key.side;
        let stops = self.orders.iter().filter(|order| order.leg.is_stop() && order.is_live() && which(order));
        let Some(tightest) = stops.filter_map(|order| order.stop_price()).reduce(|a, b| side.better(a, b)) else {
            return;
        };
        let first = self.live.as_mut().and_then(|live| live.tranches.first_mut());
        let Some(stop) = first.and_then(|tranche| tranche.stop.as_mut()) else { return };
        if side.is_better(tightest, stop.price) {
            *stop = StopLevel { price: tightest, basis: Basis::Ladder };
        }
    }

    /// Levels before the first target that rests have been taken; those that rest close what their orders say.
    fn keep_levels(&mut self, orders: &[(Named, &OrderReport)], ctx: Ctx) -> Result<(), OutOfRange> {
        if ctx.account.capability.resting_targets == RestingTargets::Last {
            // The one that rests says nothing of the levels before it.
            return Ok(());
        }
        let resting = |number: u8| orders.iter().find(|(named, _)| named.leg == Leg::Target(number));
        let Some(live) = &mut self.live else { return Ok(()) };
        let plan = live.plan.clone();
        let (Some(tranche), Some(plan)) = (live.tranches.first_mut(), plan) else { return Ok(()) };
        let first = tranche.levels.iter().map(|level| level.number).find(|number| resting(*number).is_some());
        let (Some(first), true) = (first, tranche.exits.is_empty()) else { return Ok(()) };
        let mut claimed = Quantity::ZERO;
        let last = tranche.levels.last().map_or(0, |level| level.number);
        for level in &mut tranche.levels {
            if level.number < first {
                level.state = LevelState::Moved;
                continue;
            }
            if let Some((_, report)) = resting(level.number) {
                level.planned = report.quantity.unwrap_or(level.planned).saturating_minus(report.filled);
                level.price = report.limit.or(report.trigger.map(|trigger| trigger.price)).unwrap_or(level.price);
            }
            if level.number != last {
                claimed = claimed.plus(level.due())?;
            }
        }
        let closes_rest = |level: &&mut Level| !plan.trails() && level.state == LevelState::Open;
        if let Some(level) = tranche.levels.last_mut().filter(closes_rest) {
            level.planned = tranche.remaining.saturating_minus(claimed);
        }
        let scene = Scene { key: self.key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
        match first.checked_sub(1) {
            Some(passed) if passed > 0 => move_after(tranche, passed, &scene),
            _ => Ok(()),
        }
    }
}
