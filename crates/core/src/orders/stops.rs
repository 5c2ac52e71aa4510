//! The stop of one tranche: placed before the old one goes (R6), moved in place where the venue allows it, never two of
//! them longer than needed (I6).
//!
//! The stop for the whole position is `whole_stop`; what else is wanted and open is subtracted in `diff`.

use super::{Change, Leg, Named, OpenOrder, OrderState, Wanted};
use crate::position::{Ctx, Out, Position};
use backstop_model::{Command, OrderKind, Span, Trigger};

/// A stop that has become larger than the position may be fitted with this delay, so that partial fills share one move
/// (I27 allows three seconds). Only where the venue itself lets an exit never grow a position.
const RESIZE_AFTER: Span = Span::from_secs(1);

impl Position {
    pub(super) fn fit_stop(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) {
        let matches = |order: &OpenOrder| order.kind == want.kind && order.remaining() == want.quantity;
        if self.orders_of(want.tranche, Leg::Stop).any(|order| matches!(order.state, OrderState::Triggered { .. })) {
            // It is executing; whatever it leaves is seen to when it is over.
            return;
        }
        // Of two that fit the newer one is kept: the older one may have been asked to go.
        let fitting = self.orders_of(want.tranche, Leg::Stop);
        let standing = fitting
            .filter(|order| matches(order) && order.state == OrderState::Working { change: None })
            .max_by_key(|order| Named::read(&order.id).map(|named| named.revision));
        if let Some(keep) = standing.map(|order| order.id) {
            if let Some(tranche) = self.tranche_mut(want) {
                tranche.resize_at = None;
            }
            let (tranche, epoch) = (want.tranche, self.epoch);
            let older = |order: &OpenOrder| {
                order.leg == Leg::Stop && order.id != keep && (order.epoch != epoch || order.tranche == tranche)
            };
            self.cancel_where(older, ctx, out);
            return;
        }
        if !self.may_place_stop(want, ctx) {
            return;
        }
        if ctx.account.capability.amend_stop && self.amend_stop(want, ctx, out) {
            return;
        }
        if self.orders_of(want.tranche, Leg::Stop).filter(|order| order.is_live()).count() >= 2 {
            // No more than two at once (I6).
            self.cancel_weaker_stop(want, ctx, out);
            return;
        }
        self.place(want, want.quantity, ctx, out);
    }

    /// Everything is being closed and the price is through the stop: the venue would only refuse it (F-C03).
    pub(super) fn is_futile(&self, want: &Wanted, ctx: Ctx) -> bool {
        let OrderKind::StopMarket(trigger) = want.kind else { return false };
        let tranche = self.live.as_ref().and_then(|live| live.tranche(want.tranche));
        let closing = tranche.is_some_and(|tranche| tranche.closing.is_some());
        let now = ctx.board.price(trigger.source.series(self.key.side));
        closing && now.is_some_and(|now| self.key.side.hit(now, trigger.price))
    }

    /// Whether nothing speaks against placing or moving a stop now.
    fn may_place_stop(&mut self, want: &Wanted, ctx: Ctx) -> bool {
        if self.is_futile(want, ctx) {
            return false;
        }
        let blocked = self.orders_of(want.tranche, Leg::Stop).any(|order| match order.state {
            OrderState::InFlight { .. } | OrderState::Working { change: Some(Change::Amending { .. }) } => true,
            OrderState::Unknown(doubt) => doubt.not_found == 0,
            OrderState::Working { .. } | OrderState::Triggered { .. } | OrderState::Over { .. } => false,
        });
        let larger_only = self
            .orders_of(want.tranche, Leg::Stop)
            .any(|order| order.stands() && order.kind == want.kind && order.remaining() > want.quantity);
        let reduce_only = ctx.account.capability.reduce_only;
        let Some(tranche) = self.tranche_mut(want) else { return false };
        if blocked || tranche.is_held(Leg::Stop, ctx.now) {
            return false;
        }
        if !(larger_only && reduce_only) {
            tranche.resize_at = None;
            return true;
        }
        let at = *tranche.resize_at.get_or_insert(ctx.now.plus(RESIZE_AFTER));
        ctx.now >= at
    }

    fn amend_stop(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) -> bool {
        let OrderKind::StopMarket(trigger) = want.kind else { return false };
        let (account, instrument, deal, epoch) = (self.key.account, self.key.instrument, self.key.deal, self.epoch);
        let same_source = |order: &&mut OpenOrder| matches!(order.kind, OrderKind::StopMarket(Trigger { source, .. }) if source == trigger.source);
        let mut candidates = self.orders.iter_mut().filter(|order| {
            order.leg == Leg::Stop
                && order.tranche == want.tranche
                && order.epoch == epoch
                && order.state == OrderState::Working { change: None }
        });
        let Some(order) = candidates.find(same_source) else { return false };
        if let Some(live) = &mut self.live {
            live.note_stop_asked(trigger.price, ctx.now);
        }
        order.reason = want.reason;
        order.state = OrderState::Working {
            change: Some(Change::Amending {
                price: trigger.price,
                quantity: want.quantity,
                guaranteed: trigger.guaranteed,
                since: ctx.now,
            }),
        };
        out.commands.push(Command::Amend { account, instrument, id: order.id, deal, trigger, quantity: want.quantity });
        true
    }

    /// Two stops are alive and neither fits: the looser one makes room (I3), of two at one place the smaller one.
    fn cancel_weaker_stop(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) {
        let side = self.key.side;
        let working: Vec<_> = self
            .orders_of(want.tranche, Leg::Stop)
            .filter(|order| order.state == OrderState::Working { change: None })
            .filter_map(|order| Some((order.stop_price()?, order.remaining(), order.id)))
            .collect();
        if let [one, other] = working[..] {
            let other_goes = side.is_better(one.0, other.0) || (one.0 == other.0 && one.1 >= other.1);
            let weaker = if other_goes { other.2 } else { one.2 };
            self.cancel_where(|order| order.id == weaker, ctx, out);
        }
    }
}
