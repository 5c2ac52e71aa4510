//! The stop for whatever the position is when it triggers (product.md §2.7): where it is wanted, what it makes needless,
//! how it is placed.
//!
//! It rests at the outermost stop of all tranches and is kept until flat, so that what rests can never be too small.
//! Tighter stops are orders of their own (`diff`). Where a stop can be moved in place it follows the outermost one, and
//! with one tranche it is the only stop. While it cannot be had, every tranche has a stop of its own quantity.

use super::{Change, Leg, OpenOrder, OrderState, Wanted};
use crate::position::{Ctx, Out, Position};
use backstop_model::{Command, OrderKind, TrancheId};

impl Position {
    /// Orders for the whole position follow what is open.
    pub(crate) fn follow_whole(&mut self) {
        let (epoch, whole, live) = (self.epoch, self.quantity(), self.live.as_deref());
        for order in self.orders.iter_mut().filter(|order| order.epoch == epoch) {
            let tranche = live.and_then(|live| live.tranche(order.tranche)).map(|tranche| tranche.remaining);
            order.follow(if order.leg == Leg::WholeStop { whole } else { tranche.unwrap_or(whole) });
        }
    }

    /// The whole-position stop that is wanted now; none where the venue has none, while it is refused, and when it would
    /// be tighter than every stop wanted.
    pub(crate) fn whole_stop(&self, ctx: Ctx) -> Option<Wanted> {
        let live = self.live.as_ref().filter(|_| ctx.account.capability.whole_stop)?;
        let plan = live.plan.as_ref()?;
        let placed = live.open().filter_map(|tranche| Some((tranche.resting_stop()?, tranche.id)));
        let (stop, tranche) =
            placed.reduce(|a, b| if self.key.side.is_better(a.0.price, b.0.price) { b } else { a })?;
        let outermost = live.tranche(tranche)?.asked(stop.price, plan);
        let held = live.whole.is_held(ctx.now);
        let trigger = match self.live_whole_stop() {
            Some(resting) => {
                let OrderKind::StopMarket(at) = resting.kind else { return None };
                let follows = ctx.account.capability.amend_stop && !held;
                if follows && at.source == outermost.source {
                    outermost
                } else if self.key.side.is_better(at.price, outermost.price) {
                    // The outermost stop has moved out: this one makes way for stops of each quantity.
                    return None;
                } else {
                    at
                }
            }
            None if held || self.orders.iter().any(|order| order.leg == Leg::WholeStop) => return None,
            None => outermost,
        };
        let (quantity, kind, reason) = (self.quantity(), OrderKind::StopMarket(trigger), stop.basis.reason());
        Some(Wanted { tranche: TrancheId::FIRST, leg: Leg::WholeStop, kind, quantity, whole: true, reason })
    }

    /// Whether the whole-position stop is, or is about to be, all that a tranche's own stop would be.
    pub(crate) fn serves(&self, whole: &Wanted, stop: &Wanted, ctx: Ctx) -> bool {
        let doubtful = self.live_whole_stop().is_some_and(|order| match order.state {
            OrderState::Unknown(_) | OrderState::Working { change: Some(Change::Cancelling { .. }) } => true,
            OrderState::InFlight { .. }
            | OrderState::Over { .. }
            | OrderState::Triggered { .. }
            | OrderState::Working { .. } => false,
        });
        whole.kind == stop.kind && !doubtful && !self.is_futile(stop, ctx)
    }

    /// The whole-position stop of this incarnation, working or under way.
    pub(crate) fn live_whole_stop(&self) -> Option<&OpenOrder> {
        let epoch = self.epoch;
        self.orders.iter().find(|order| order.leg == Leg::WholeStop && order.epoch == epoch && order.is_live())
    }

    /// It stays until flat, and where it has to go, until other stops cover everything.
    pub(crate) fn whole_stop_stays(&self, order: &OpenOrder, wants: &[Wanted]) -> bool {
        let wanted = wants.iter().any(|want| want.leg == Leg::WholeStop);
        !self.is_flat() && order.epoch == self.epoch && (wanted || !self.is_covered_without_whole())
    }

    /// Whether the stop of a tranche has become needless beside the whole-position stop.
    pub(crate) fn is_served(&self, order: &OpenOrder, wants: &[Wanted]) -> bool {
        let own = wants.iter().any(|want| want.leg == Leg::Stop && want.tranche == order.tranche);
        !own && wants.iter().any(|want| want.leg == Leg::WholeStop)
            && self.live_whole_stop().is_some_and(OpenOrder::stands)
    }

    /// Places or moves it.
    pub(crate) fn fit_whole_stop(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) {
        let OrderKind::StopMarket(trigger) = want.kind else { return };
        let (account, instrument, deal) = (self.key.account, self.key.instrument, self.key.deal);
        let Some(live) = &mut self.live else { return };
        let epoch = self.epoch;
        let resting =
            self.orders.iter_mut().find(|order| order.leg == Leg::WholeStop && order.epoch == epoch && order.is_live());
        let Some(order) = resting else {
            if !self.is_futile(want, ctx) {
                self.place_whole_stop(want, ctx, out);
            }
            return;
        };
        if order.kind != want.kind
            && order.state == (OrderState::Working { change: None })
            && !live.whole.is_held(ctx.now)
        {
            let quantity = want.quantity;
            live.note_stop_asked(trigger.price, ctx.now);
            order.reason = want.reason;
            order.state = OrderState::Working {
                change: Some(Change::Amending {
                    price: trigger.price,
                    quantity,
                    guaranteed: trigger.guaranteed,
                    since: ctx.now,
                }),
            };
            out.commands.push(Command::Amend { account, instrument, id: order.id, deal, trigger, quantity });
        }
    }

    fn place_whole_stop(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) {
        let Some(live) = &mut self.live else { return };
        live.whole.revision = live.whole.revision.saturating_add(1);
        let revision = live.whole.revision;
        self.send(want, revision, want.quantity, ctx, out);
    }
}
