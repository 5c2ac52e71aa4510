//! The venue says that nothing is open any more, and what closed it has yet to be told (F-B03): the stops have gone with the position,
//! no exit can be placed, nobody is told that a stop is missing, and no rule looks at what is not there.
//!
//! It is believed for a moment only. After that a stop is placed all the same: rather one that is refused than none (R6, I25). What is
//! open by the books says `reports`, when executions have been heard or full reads agree.

use super::reports::GRACE;
use super::{Ctx, Mismatch, Out, Position, Tranche};
use crate::orders::{Leg, OpenOrder};
use backstop_model::{Command, OrderKind, Quantity, RefusalReason, SnapshotCause, Span, Timestamp};

/// So long, where our own orders have told that they have executed everything; then a stop is placed before the alarm rings (I25).
const SETTLES: Span = Span::from_secs(2);

impl Position {
    /// Until when the venue's word is waited for that explains why nothing is open.
    pub(super) fn gone_until(&self) -> Option<Timestamp> {
        let told = self.live.as_ref()?.mismatch.as_ref().filter(|told| told.quantity.is_zero())?;
        let executed = self.untold_exits() >= self.quantity();
        Some(told.since.plus(if executed { SETTLES } else { GRACE }))
    }

    /// Whether it is still waited for.
    pub(crate) fn is_told_gone(&self, now: Timestamp) -> bool {
        self.gone_until().is_some_and(|until| now < until)
    }

    /// The venue knows no such deal, as it says when the stop that came with it is to become ours: it has been hit before that
    /// (venues/ig.md §4.3). The account is read at once; the word counts once, and the stop may still be the one that came.
    pub(super) fn note_gone(&mut self, stop: &OpenOrder, ctx: Ctx, out: &mut Out) {
        let account = self.key.account;
        let Some(live) = self.live.as_mut().filter(|live| live.mismatch.is_none()) else { return };
        if let OrderKind::StopMarket(trigger) = stop.kind {
            live.whole.attached.put(Some(trigger));
        }
        let told = Mismatch { quantity: Quantity::ZERO, since: ctx.now, read_at: None, asked: true };
        live.mismatch = Some(Box::new(told));
        out.commands.push(Command::Snapshot { account, cause: SnapshotCause::Surprise });
    }

    /// An exit waits after a refusal (I36), and nobody is told.
    pub(super) fn hold_quietly(&mut self, exit: &OpenOrder, reason: RefusalReason, ctx: Ctx) {
        if exit.leg == Leg::WholeStop {
            self.hold_whole_stop(exit, reason, ctx);
        } else if let Some(tranche) = self.live.as_mut().and_then(|live| live.tranche_mut(exit.tranche)) {
            tranche.hold_refused(exit.leg, reason, ctx);
        }
    }

    /// Whether a close of all that a stop was to protect is out: it has been faster, that nothing is left is how it should be.
    pub(super) fn is_going_with(&self, stop: &OpenOrder) -> bool {
        let live = self.live.as_deref().filter(|live| !live.is_flat());
        let whose = |tranche: &&Tranche| stop.leg == Leg::WholeStop || tranche.id == stop.tranche;
        let closes = |tranche: &Tranche| {
            let own = |order: &&OpenOrder| order.epoch == self.epoch && order.tranche == tranche.id;
            let mut own = self.orders.iter().filter(own);
            tranche.closing.is_some() && own.any(|order| order.leg == Leg::Close && order.is_live())
        };
        live.is_some_and(|live| live.open().filter(whose).all(closes))
    }

    /// Whether anything is open that a stop was to protect.
    pub(super) fn has_open(&self, stop: &OpenOrder) -> bool {
        let live = self.live.as_deref().filter(|live| !live.is_flat());
        live.is_some_and(|live| {
            stop.leg == Leg::WholeStop || live.tranche(stop.tranche).is_some_and(|tranche| !tranche.is_closed())
        })
    }
}
