//! The stop for whatever the position is when it triggers (product.md §2.7): where it is wanted, what it makes needless,
//! how it is placed.
//!
//! It rests at the outermost stop of all tranches and is kept until flat, so that what rests can never be too small.
//! Tighter stops are orders of their own (`diff`). Where a stop can be moved in place it follows the outermost one, and
//! with one tranche it is the only stop. While it cannot be had, every tranche has a stop of its own quantity; where there are
//! none of those it is asked for again and again, and Backstop watches the price meanwhile, as it watches tighter places.

use super::{Change, EntryOrder, Leg, Named, OpenOrder, OrderState, Wanted, together};
use crate::position::{Ctx, Out, Position, Retry, Tranche};
use backstop_model::{Command, OrderKind, SizedStops, Span, Timestamp, TrancheId, Trigger};

/// Of so many nobody may know what became of them, before the next one waits for proof.
const MOST_LOST: usize = 2;

impl Position {
    /// Orders for the whole position follow what is open.
    pub(crate) fn follow_whole(&mut self) {
        let (epoch, whole, live) = (self.epoch, self.quantity(), self.live.as_deref());
        for order in self.orders.iter_mut().filter(|order| order.epoch == epoch) {
            let tranche = live.and_then(|live| live.tranche(order.tranche)).map(|tranche| tranche.remaining);
            order.follow(if order.leg == Leg::WholeStop { whole } else { tranche.unwrap_or(whole) });
        }
    }

    /// The whole-position stop that is wanted now, and the trigger it is on its way to; none where the venue has none,
    /// while it is refused, and when it would be tighter than every stop wanted and others can take its place.
    pub(crate) fn whole_stop(&self, ctx: Ctx) -> Option<(Wanted, OrderKind)> {
        let live = self.live.as_ref().filter(|_| ctx.account.capability.whole_stop)?;
        let plan = live.plan.as_ref()?;
        let placed = live.open().filter_map(|tranche| Some((tranche.resting_stop()?, tranche.id)));
        let (stop, tranche) =
            placed.reduce(|a, b| if self.key.side.is_better(a.0.price, b.0.price) { b } else { a })?;
        let outermost = live.tranche(tranche)?.asked(stop.price, plan);
        let held = live.whole.is_held(ctx.now);
        let sized = ctx.account.capability.sized_stops;
        let mut goes_to = outermost;
        let trigger = match self.live_whole_stop() {
            Some(resting) => {
                let OrderKind::StopMarket(at) = resting.kind else { return None };
                let follows = ctx.account.capability.amend_stop && at.source == outermost.source;
                let moves_out = self.key.side.is_better(at.price, outermost.price);
                match sized {
                    // Moving out, it would leave those behind that it protects now: first they get stops of their own (R6, I3).
                    // Where there are none, Backstop watches the nearer places (product.md §2.5).
                    _ if follows && !held => {
                        let leaves = sized != SizedStops::Absent && moves_out && !self.nearer_stand_alone(outermost);
                        if leaves { at } else { outermost }
                    }
                    // A move that was refused is asked for again in a moment: no target loses its place for a stop until then.
                    SizedStops::Shared if follows => at,
                    // The outermost stop has moved out: this one makes way for stops of each quantity.
                    SizedStops::Beside | SizedStops::Shared if moves_out => return None,
                    SizedStops::Absent | SizedStops::Beside | SizedStops::Shared => {
                        goes_to = at;
                        at
                    }
                }
            }
            None if held || self.orders.iter().any(|order| order.leg == Leg::WholeStop && !order.is_lost()) => {
                return None;
            }
            // Two of which nobody knows are enough while other stops protect: a venue may let them stand side by side (I6).
            None if self.is_covered() && self.lost_whole_stops() >= MOST_LOST => return None,
            None => outermost,
        };
        let (quantity, kind, reason) = (self.quantity(), OrderKind::StopMarket(trigger), stop.basis.reason());
        let want = Wanted { tranche: TrancheId::FIRST, leg: Leg::WholeStop, kind, quantity, whole: true, reason };
        Some((want, OrderKind::StopMarket(goes_to)))
    }

    /// Whether every tranche with a nearer stop than that has it resting on its own. While the venue refuses one, the stop
    /// for the whole position stays where it is: rather one tranche closed early than another one late.
    fn nearer_stand_alone(&self, outermost: Trigger) -> bool {
        let Some(live) = &self.live else { return true };
        let side = self.key.side;
        live.open().all(|tranche| {
            let nearer = tranche.resting_stop().filter(|stop| side.is_better(stop.price, outermost.price));
            let Some(stop) = nearer else { return true };
            let near = self.own_stops(tranche.id).filter(|order| {
                let near = order.stop_price().is_some_and(|at| !side.is_better(stop.price, at));
                near && order.stands()
            });
            together(near) >= tranche.remaining
        })
    }

    /// Whether the whole-position stop is, or is about to be, all that a tranche's own stop would be.
    pub(crate) fn serves(&self, whole: OrderKind, stop: &Wanted, ctx: Ctx) -> bool {
        let doubtful = match self.live_whole_stop().map(|order| order.state) {
            Some(OrderState::Unknown(_) | OrderState::Working { change: Some(Change::Cancelling { .. }) }) => true,
            // One was sent before whose outcome nobody knows: this one has to be seen first.
            Some(OrderState::InFlight { .. }) | None => self.lost_whole_stops() > 0,
            Some(OrderState::Over { .. } | OrderState::Triggered { .. } | OrderState::Working { .. }) => false,
        };
        whole == stop.kind && !doubtful && !self.is_futile(stop, ctx)
    }

    /// The whole-position stop of this incarnation, working or under way: the newest that stands, else the newest that is not
    /// given up.
    pub(crate) fn live_whole_stop(&self) -> Option<&OpenOrder> {
        let epoch = self.epoch;
        let is_one = |order: &&OpenOrder| order.leg == Leg::WholeStop && order.epoch == epoch && order.is_live();
        let revision = |order: &OpenOrder| Named::known(&order.id).map(|named| named.revision);
        let found = self.orders.iter().filter(is_one).filter(|order| !order.is_lost());
        found.max_by_key(|order| (order.stands(), revision(order)))
    }

    /// It stays until flat, and where it has to go, until other stops cover everything, also what is about to be heard of. Of
    /// two that have turned up only the newer one is kept; but the level of a deal is there once, whatever it was asked for as, and
    /// to take the older one back would take it away (venues/ig.md §4.3).
    pub(crate) fn whole_stop_stays(&self, order: &OpenOrder, wants: &[Wanted], ctx: Ctx) -> bool {
        let wanted = wants.iter().any(|want| want.leg == Leg::WholeStop);
        let is_level = ctx.account.capability.sized_stops == SizedStops::Absent;
        let is_it = is_level || self.live_whole_stop().is_none_or(|kept| kept.id == order.id);
        !self.is_flat() && order.epoch == self.epoch && is_it && (wanted || self.needs_whole_stop())
    }

    /// Whether the other stops do not cover everything, or what is about to be heard of; one that has triggered may be stuck
    /// (F-C11).
    pub(super) fn needs_whole_stop(&self) -> bool {
        let fired = |order: &OpenOrder| order.leg.is_own_stop() && matches!(order.state, OrderState::Triggered { .. });
        !self.is_covered_without_whole() || self.is_known_to_grow() || self.orders.iter().any(fired)
    }

    /// Whether no other one for the whole position stands.
    pub(super) fn is_only_whole_stop(&self, order: &OpenOrder) -> bool {
        let other = |other: &OpenOrder| other.leg == Leg::WholeStop && other.epoch == self.epoch && other.stands();
        !self.orders.iter().any(|one| one.id != order.id && other(one))
    }

    /// More is open than executions have told of, or will be at any moment: it is the whole-position stop's alone (I7).
    pub(super) fn is_known_to_grow(&self) -> bool {
        let told = self.live.as_ref().and_then(|live| live.mismatch.as_ref());
        let at_market = |entry: &EntryOrder| entry.is_live() && entry.limit.is_none();
        told.is_some_and(|told| told.quantity > self.quantity()) || self.entries.iter().any(at_market)
    }

    /// So many of them may be there or not.
    pub(crate) fn lost_whole_stops(&self) -> usize {
        let lost = |order: &&OpenOrder| order.leg == Leg::WholeStop && order.epoch == self.epoch && order.is_lost();
        self.orders.iter().filter(lost).count()
    }

    /// Nobody knows what became of the level of a deal: to ask for it once more changes nothing if it is there (R13,
    /// venues/ig.md §4.3), so that no read is waited for, as for no other change of it.
    pub(crate) fn level_in_doubt(&mut self, index: usize, ctx: Ctx) {
        let order = &mut self.orders[index];
        let is_level = order.leg == Leg::WholeStop && ctx.account.capability.sized_stops == SizedStops::Absent;
        if let (true, OrderState::Unknown(doubt)) = (is_level, &mut order.state) {
            doubt.given_up = true;
            let sent_at = doubt.sent_at;
            self.whole_stop_lost(sent_at);
        }
    }

    /// A read has not found it, or none is waited for. A stop for the whole position can be there only once, so that it may be
    /// sent again at any time (R13); but not hot (I36): never sooner than after the refusals that came before.
    pub(crate) fn whole_stop_lost(&mut self, sent_at: Timestamp) {
        let pause = match self.lost_whole_stops() {
            0..=2 => Span::from_secs(1),
            3..=4 => Span::from_millis(1500),
            5..=8 => Span::from_secs(2),
            _ => Span::from_millis(4500),
        };
        let Some(live) = &mut self.live else { return };
        let last = live.whole.retry.get().unwrap_or(Retry::waiting(sent_at));
        let pause = if last.refusals > 0 { pause.max(Tranche::pause_after(last.refusals)) } else { pause };
        live.whole.retry.put(Some(Retry { at: last.at.max(sent_at.plus(pause)), ..last }));
    }

    /// Whether the stop of a tranche has become needless beside the whole-position stop: only when that one stands where
    /// this one does, or nearer. Where it is being moved to counts once the venue has moved it (R6, I3).
    pub(crate) fn is_served(&self, order: &OpenOrder, wants: &[Wanted]) -> bool {
        let own = wants.iter().any(|want| want.leg.is_own_stop() && want.tranche == order.tranche);
        let side = self.key.side;
        let as_near = |whole: &OpenOrder| match (whole.worst_stop(side), order.best_stop(side)) {
            (Some(whole), Some(own)) => !side.is_better(own, whole),
            (None, _) | (_, None) => false,
        };
        // While the price is through a stop, it is executing, or should be: nothing goes before that is over (F-C11).
        let quiet = self.live.iter().flat_map(|live| live.open()).all(|tranche| tranche.aside.stop_passed.is_none());
        let fired = |whole: &OpenOrder| matches!(whole.state, OrderState::Triggered { .. });
        let rests = |whole: &OpenOrder| whole.stands() && !fired(whole) && self.is_fresh(whole);
        let serves = |whole: &OpenOrder| quiet && rests(whole) && as_near(whole);
        !own && wants.iter().any(|want| want.leg == Leg::WholeStop) && self.live_whole_stop().is_some_and(serves)
    }

    /// Seen since the newest tranche was opened: the venue drops it whenever the position closes, and that may have happened
    /// in between, unheard (F-B03).
    pub(super) fn is_fresh(&self, whole: &OpenOrder) -> bool {
        let opened = self.live.iter().flat_map(|live| live.open()).map(|tranche| tranche.opened_at).max();
        opened.is_none_or(|opened| whole.seen_at >= opened)
    }

    /// Places or moves it.
    pub(crate) fn fit_whole_stop(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) {
        let OrderKind::StopMarket(trigger) = want.kind else { return };
        let (account, instrument, deal) = (self.key.account, self.key.instrument, self.key.deal);
        // While all is being closed none is placed or moved to where the price is through it already (I36).
        if self.is_futile(want, ctx) {
            return;
        }
        let resting = self.live_whole_stop().map(|order| order.id);
        let gone = self.is_told_gone(ctx.now);
        let Some(live) = &mut self.live else { return };
        let Some(order) = self.orders.iter_mut().find(|order| Some(order.id) == resting) else {
            if !gone {
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
        let revision = live.revision_after(Some(live.whole.revision));
        live.whole.revision = revision;
        // The stop that came with the entry becomes this one where it stands, and is moved from there.
        let attached = live.whole.attached.take().map(OrderKind::StopMarket);
        let first = Wanted { kind: attached.unwrap_or(want.kind), ..*want };
        let is_sent = self.send(&first, revision, want.quantity, ctx, out);
        if let Some(order) = self.orders.last_mut().filter(|_| is_sent) {
            order.carried = attached.is_some();
        }
    }
}
