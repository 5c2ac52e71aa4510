//! A market exit whose outcome nobody knows: what people are told of it, and when it may be sent once more.
//!
//! It is not repeatable as long as something else protects (R13): proof of its absence is waited for, which takes as long as a
//! request is valid, at some venues more than half a minute. Where nothing protects, that is too long. A venue that lets an
//! exit only close then takes it again: of two that arrive the second finds nothing (docs/decisions/0020).

use super::open::SPACING;
use super::{Doubt, Leg, OpenOrder, OrderState, Wanted};
use crate::position::{Ctx, Out, Position, scene};
use backstop_model::{ClientOrderId, OrderKind, Severity, Span};

/// So long after it was sent without an answer, and as much longer with each one before it (venues/bitget.md §12, class U).
const REPEAT_AFTER: Span = Span::from_secs(2);
/// So many reads have not found it by then.
const NOT_FOUND: u16 = 2;
/// People are told with this question about it, 3.75 s after the doubt began.
pub(super) const TOLD_AT: u16 = 4;

impl Position {
    /// Whether a close in doubt stands in the way of another one no more.
    pub(crate) fn is_given_up(&self, order: &OpenOrder, ctx: Ctx) -> bool {
        order.leg == Leg::Close
            && matches!(order.state, OrderState::Unknown(Doubt { given_up: true, .. }))
            && self.may_repeat_closes(ctx)
    }

    /// A read has not found it. Where no stop protects, a close is given up after enough reads and time, and the last of these
    /// reads is asked for as soon as it counts. The questions set the pace, so that no price and no clock is watched for it.
    pub(crate) fn give_up(&mut self, index: usize, ctx: Ctx) {
        let order = &self.orders[index];
        let alike = |other: &&OpenOrder| other.leg == order.leg && other.tranche == order.tranche && other.is_lost();
        let before = u32::try_from(self.orders.iter().filter(alike).count()).unwrap_or(u32::MAX);
        if order.leg != Leg::Close || !self.may_repeat_closes(ctx) {
            return;
        }
        let guarded = self.is_guarded(ctx);
        let OrderState::Unknown(doubt) = &mut self.orders[index].state else { return };
        let due = doubt.since.plus(REPEAT_AFTER.times(before));
        doubt.given_up = !guarded && doubt.not_found >= NOT_FOUND && ctx.now >= due;
        if !guarded && !doubt.given_up {
            doubt.ask_at = doubt.ask_at.min(due.max(ctx.now.plus(SPACING)));
        }
    }

    /// Something has just been found to have to go, which a close in doubt may keep back: that one is asked for as soon as it counts,
    /// and not in its turn.
    pub(crate) fn hurry_doubtful_closes(&mut self, ctx: Ctx) {
        let now = ctx.now;
        let begins = |tranche: &crate::position::Tranche| tranche.closing.is_some_and(|closing| closing.since == now);
        if !self.live.as_ref().is_some_and(|live| live.open().any(begins)) || !self.may_repeat_closes(ctx) {
            return;
        }
        for order in self.orders.iter_mut().filter(|order| order.leg == Leg::Close) {
            // Another price of the same instant finds it asked for already, and changes nothing, as in a run that does not look again (I20).
            if let OrderState::Unknown(doubt) = &mut order.state
                && doubt.asked_at < now
            {
                doubt.ask_at = doubt.ask_at.min(doubt.asked_at.plus(SPACING).max(now));
            }
        }
    }

    /// Of two orders for the same close the venue lets the second do nothing, where the whole position goes and the venue
    /// itself lets no exit open anything.
    fn may_repeat_closes(&self, ctx: Ctx) -> bool {
        let live = self.live.as_deref().filter(|live| !live.is_flat());
        let all_go = live.is_some_and(|live| live.open().all(|tranche| tranche.closing.is_some()));
        ctx.account.capability.reduce_only && self.key.deal.is_none() && all_go
    }

    /// Whether stops at the venue see to all that is open: they stand, are not stuck, and the price is not through them.
    fn is_guarded(&self, ctx: Ctx) -> bool {
        let Some(live) = &self.live else { return true };
        let guards = |order: &&OpenOrder| {
            order.epoch == self.epoch && order.stands() && !order.is_leaving(ctx.now) && !self.is_passed(order, ctx)
        };
        let whole = self.orders.iter().filter(guards).any(|order| order.leg == Leg::WholeStop);
        whole
            || live.open().all(|tranche| {
                let own = self.orders.iter().filter(guards);
                let own = own.filter(|order| order.leg.is_own_stop() && order.tranche == tranche.id);
                super::together(own) >= tranche.remaining
            })
    }

    /// Whether the price that a stop watches is through it.
    fn is_passed(&self, order: &OpenOrder, ctx: Ctx) -> bool {
        let OrderKind::StopMarket(trigger) = order.kind else { return false };
        let price = ctx.board.price(trigger.source.series(self.key.side));
        price.is_some_and(|price| self.key.side.hit(price, trigger.price))
    }

    /// It goes out once more, where one before it is in doubt.
    pub(super) fn tell_repeated(&self, want: &Wanted, ctx: Ctx, out: &mut Out) {
        let alike = |order: &&OpenOrder| order.leg == want.leg && order.tranche == want.tranche;
        let Some(doubtful) = self.orders.iter().filter(alike).find(|order| order.is_lost()) else { return };
        let tranche = self.live.as_ref().and_then(|live| live.tranche(want.tranche));
        if tranche.is_some_and(|tranche| tranche.retries.contains_key(&want.leg)) {
            // That this one was refused is told of itself.
            return;
        }
        let text = format!(
            "{}: nobody knows what became of the market exit of {}, and no stop protects; it is sent once more, the venue \
             lets neither of them open anything",
            scene::title(self.key.side, want.tranche, ctx),
            doubtful.quantity,
        );
        out.tell(Severity::Alarm, self.key, text);
    }

    /// A market exit stays in doubt: people are told once, with the fourth question about it.
    pub(super) fn tell_doubt(&self, id: ClientOrderId, ctx: Ctx, out: &mut Out) {
        let Some(order) = self.orders.iter().find(|order| order.id == id) else { return };
        let OrderState::Unknown(doubt) = order.state else { return };
        let severity = if order.leg == Leg::Close { Severity::Alarm } else { Severity::Warning };
        let left = doubt.provable_from(ctx.account.capability.request_validity).since(ctx.now).max(Span::ZERO);
        let text = format!(
            "{}: nobody knows what became of the market exit of {}; the venue is asked for it again and again, its absence \
             is proven in {} at the earliest; if that is too long, close it at the venue's own screen",
            scene::title(self.key.side, order.tranche, ctx),
            order.quantity,
            left.in_words(),
        );
        out.tell(severity, self.key, text);
    }
}
