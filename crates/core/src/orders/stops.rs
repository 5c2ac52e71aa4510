//! The stop of one tranche: placed before the old one goes (R6), moved in place where the venue allows it, never two of
//! them longer than needed (I6).
//!
//! Where the venue takes no single order so large, it is made of several, each with a leg and so an id of its own (F-G04);
//! what is said of one stop here goes for each of them.
//!
//! The stop for the whole position is `whole_stop`; what else is wanted and open is subtracted in `diff`.

use super::diff::FREEING;
use super::{Change, Leg, Named, OpenOrder, OrderState, Wanted};
use crate::position::{Ctx, Out, Position, Tranche};
use backstop_model::{ClientOrderId, Command, OrderKind, Price, Quantity, Span, TrancheId, Trigger};

/// A stop that has become larger than the position may be fitted with this delay, so that partial fills share one move
/// (I27 allows three seconds). Only where the venue itself lets an exit never grow a position.
const RESIZE_AFTER: Span = Span::from_secs(1);

impl Position {
    pub(super) fn fit_stop(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) {
        let matches = |order: &OpenOrder| order.kind == want.kind && order.remaining() == want.quantity;
        if self.is_executing(want, ctx) {
            // Whatever it leaves is seen to when it is over.
            return;
        }
        // Of two that fit the newer one is kept: the older one may have been asked to go, and one that may be gone is not counted on.
        let fitting = self.orders_of(want.tranche, want.leg);
        let standing = fitting
            .filter(|order| matches(order) && !order.maybe_gone && order.state == OrderState::Working { change: None })
            .max_by_key(|order| Named::known(&order.id).map(|named| named.revision));
        if let Some(keep) = standing.map(|order| order.id) {
            let covered = |of: &Self| together(of.own_stops(want.tranche).filter(|order| order.stands()));
            let (leg, id, epoch, standing) = (want.leg, want.tranche, self.epoch, covered(self));
            let Some(tranche) = self.tranche_mut(want) else { return };
            let is_whole = standing >= tranche.remaining;
            let older = |order: &OpenOrder| {
                let before = order.epoch != epoch && order.leg.is_own_stop() && is_whole;
                order.id != keep && (before || (order.epoch == epoch && order.leg == leg && order.tranche == id))
            };
            self.cancel_where(older, ctx, out);
            // What goes now is fitted no more; another part may be too large still.
            let left = covered(self);
            if let Some(tranche) = self.tranche_mut(want).filter(|tranche| left <= tranche.remaining) {
                tranche.forget_resize();
            }
            return;
        }
        if !self.may_place_stop(want, ctx) {
            return;
        }
        if ctx.account.capability.amend_stop && self.amend_stop(want, ctx, out) {
            return;
        }
        if self.orders_of(want.tranche, want.leg).filter(|order| order.is_live()).count() >= 2 {
            // No more than two at once (I6).
            self.cancel_weaker_stop(want, ctx, out);
            return;
        }
        if !self.waits_for_room(want, ctx) && !self.is_told_gone(ctx.now) {
            self.place(want, want.quantity, ctx, out);
        }
    }

    /// Tranches that have a stop of their own, or are to have one.
    pub(crate) fn with_own_stop<'a>(&'a self, wants: &'a [Wanted]) -> impl Iterator<Item = TrancheId> + 'a {
        let live = self.orders.iter().filter(|order| order.leg.is_own_stop() && order.is_live());
        let wanted = wants.iter().filter(|want| want.leg.is_own_stop());
        live.map(|order| order.tranche).chain(wanted.map(|want| want.tranche))
    }

    /// Whether an order that waits for a profit gives way to the stop of its tranche, because both are for the same quantity and
    /// the venue takes no more than that (venues/bitget.md §8.4). Protection comes first: Backstop takes the targets then.
    pub(crate) fn gives_way(&self, leg: Leg, kind: OrderKind, ctx: Ctx) -> bool {
        leg.rests() && ctx.account.capability.shares_position(kind)
    }

    /// Whether what gives way to this stop is still there. What does not go in time is not waited for.
    fn waits_for_room(&self, want: &Wanted, ctx: Ctx) -> bool {
        let held = |leg: Leg| {
            let tranche = self.live.as_ref().and_then(|live| live.tranche(want.tranche));
            tranche.is_some_and(|tranche| tranche.is_held(leg, ctx))
        };
        let goes = |order: &OpenOrder| match order.state {
            OrderState::Working { change: None | Some(Change::Amending { .. }) } => !held(order.leg),
            OrderState::Working { change: Some(Change::Cancelling { since, .. }) } => ctx.now < since.plus(FREEING),
            OrderState::InFlight { .. }
            | OrderState::Over { .. }
            | OrderState::Triggered { .. }
            | OrderState::Unknown(_) => false,
        };
        let same = |order: &&OpenOrder| (order.tranche, order.epoch) == (want.tranche, self.epoch);
        let resting = self.orders.iter().filter(same).filter(|order| self.gives_way(order.leg, order.kind, ctx));
        resting.filter(|order| !order.maybe_gone && goes(order)).count() > 0
    }

    /// The orders that the stop of one tranche is made of.
    pub(crate) fn own_stops(&self, tranche: TrancheId) -> impl Iterator<Item = &OpenOrder> + Clone {
        let own = move |order: &&OpenOrder| order.leg.is_own_stop() && order.tranche == tranche;
        self.orders.iter().filter(move |order| order.epoch == self.epoch).filter(own)
    }

    /// Whether the stop is executing: it has triggered, or the price is through it and another part of it stands there.
    fn is_executing(&self, want: &Wanted, ctx: Ctx) -> bool {
        let OrderKind::StopMarket(trigger) = want.kind else { return false };
        let now = ctx.board.price(trigger.source.series(self.key.side));
        let is_hit = now.is_some_and(|now| self.key.side.hit(now, trigger.price));
        let mut own = self.own_stops(want.tranche);
        own.any(|order| match order.state {
            OrderState::Triggered { .. } => true,
            _ => is_hit && order.leg != want.leg && order.kind == want.kind && order.stands(),
        })
    }

    /// A part of a stop that has fewer by now goes when the others cover everything, as near as this one (I3).
    pub(super) fn is_surplus(&self, order: &OpenOrder, wants: &[Wanted]) -> bool {
        let wanted = |leg: Leg| wants.iter().any(|want| want.tranche == order.tranche && want.leg == leg);
        let tranche = self.live.as_ref().and_then(|live| live.tranche(order.tranche));
        let Some(tranche) = tranche.filter(|tranche| tranche.aside.stop_passed.is_none()) else { return false };
        let side = self.key.side;
        let as_near = |other: &OpenOrder| {
            let near = other.worst_stop(side).zip(order.stop_price());
            near.is_some_and(|(near, at)| !side.is_better(at, near))
        };
        let others = self.own_stops(order.tranche);
        let others = others.filter(|other| wanted(other.leg) && other.stands() && as_near(other));
        order.leg != Leg::Stop && !wanted(order.leg) && together(others) >= tranche.remaining
    }

    /// Everything it is for is being closed and the price is through it: the venue would only refuse it, or the move (F-C03).
    pub(crate) fn is_futile(&self, want: &Wanted, ctx: Ctx) -> bool {
        let OrderKind::StopMarket(trigger) = want.kind else { return false };
        let whose = |tranche: &&Tranche| want.leg == Leg::WholeStop || tranche.id == want.tranche;
        let mut of = self.live.iter().flat_map(|live| live.open()).filter(whose).peekable();
        let closing = of.peek().is_some() && of.all(|tranche| tranche.closing.is_some());
        let now = ctx.board.price(trigger.source.series(self.key.side));
        closing && now.is_some_and(|now| self.key.side.hit(now, trigger.price))
    }

    /// Whether nothing speaks against placing or moving a stop now.
    fn may_place_stop(&mut self, want: &Wanted, ctx: Ctx) -> bool {
        if self.is_futile(want, ctx) {
            return false;
        }
        let blocked = self.orders_of(want.tranche, want.leg).any(|order| match order.state {
            OrderState::InFlight { .. } | OrderState::Working { change: Some(Change::Amending { .. }) } => true,
            OrderState::Unknown(doubt) => doubt.not_found == 0,
            OrderState::Working { .. } | OrderState::Triggered { .. } | OrderState::Over { .. } => false,
        });
        // Of all parts together, so that each of them finds the same.
        let there = self.own_stops(want.tranche).filter(|order| order.stands() && order.kind == want.kind);
        let covered = together(there);
        let reduce_only = ctx.account.capability.reduce_only;
        let Some(tranche) = self.tranche_mut(want) else { return false };
        if blocked || tranche.is_held(want.leg, ctx) {
            return false;
        }
        let larger_only = covered > tranche.remaining;
        if !(larger_only && reduce_only) {
            tranche.forget_resize();
            return true;
        }
        let at = *tranche.aside.resize_at.get_or_insert(ctx.now.plus(RESIZE_AFTER));
        ctx.now >= at
    }

    fn amend_stop(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) -> bool {
        let OrderKind::StopMarket(trigger) = want.kind else { return false };
        let (account, instrument, deal, epoch) = (self.key.account, self.key.instrument, self.key.deal, self.epoch);
        let same_source = |order: &&mut OpenOrder| matches!(order.kind, OrderKind::StopMarket(Trigger { source, .. }) if source == trigger.source);
        let mut candidates = self.orders.iter_mut().filter(|order| {
            order.leg == want.leg
                && order.tranche == want.tranche
                && order.epoch == epoch
                && order.state == OrderState::Working { change: None }
                // One that may be gone is asked about; moving it to where it stands would say nothing of it.
                && !(order.maybe_gone && order.kind == want.kind && order.remaining() == want.quantity)
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

    /// Two stops are alive and none fits: the looser one makes room (I3), of those at one place the smaller one; before all one
    /// that may be gone already. After records were lost there may be more of them (F-M13).
    fn cancel_weaker_stop(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) {
        let side = self.key.side;
        let resting = |order: &&OpenOrder| order.state == OrderState::Working { change: None };
        let working = self.orders_of(want.tranche, want.leg).filter(resting);
        let place = |order: &OpenOrder| {
            Some(Place { at: order.stop_price()?, open: order.remaining(), gone: order.maybe_gone, id: order.id })
        };
        let places: Vec<_> = working.filter_map(place).collect();
        let stronger = |one: Place, other: Place| {
            let nearer = side.is_better(one.at, other.at) || (one.at == other.at && one.open >= other.open);
            if (other.gone, nearer) > (one.gone, false) { one } else { other }
        };
        let Some(strongest) = places.iter().copied().reduce(stronger) else { return };
        let weaker = |order: &OpenOrder| order.id != strongest.id && places.iter().any(|place| place.id == order.id);
        self.cancel_where(weaker, ctx, out);
    }
}

/// A stop among others.
#[derive(Clone, Copy)]
struct Place {
    at: Price,
    open: Quantity,
    gone: bool,
    id: ClientOrderId,
}

/// How much these stops of one tranche are for: of two for the same part the larger one counts.
pub(crate) fn together<'o>(stops: impl Iterator<Item = &'o OpenOrder> + Clone) -> Quantity {
    let outdone = |stop: &OpenOrder| {
        let rank = |other: &OpenOrder| (other.remaining(), other.id);
        stops.clone().any(|other| other.leg == stop.leg && rank(other) > rank(stop))
    };
    let counted = stops.clone().filter(|stop| !outdone(stop));
    counted.fold(Quantity::ZERO, |sum, stop| sum.plus(stop.remaining()).unwrap_or(sum))
}
