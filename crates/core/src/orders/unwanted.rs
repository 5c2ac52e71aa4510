//! What nobody wants any more: which orders go, and which cancels and moves are taken back on their way.
//!
//! A stop goes only when what is open is covered without it. What is wanted instead, [`diff`](super::diff) says.

use super::diff::{claim, fits};
use super::{Change, Leg, Named, OpenOrder, OrderState, Wanted, together};
use crate::position::adoption::Adoption;
use crate::position::{Ctx, Out, Position, Tranche, guarded, guarded_alone};
use backstop_model::{ClientOrderId, Command, Price, Quantity, Span, Timestamp, TrancheId};

/// So long the last word on an order that has triggered for nothing is waited for.
const LAST_WORD: Span = Span::from_secs(3);

impl Position {
    /// Cancels what nobody wants any more, last level first. A stop goes only with its tranche, and where that has gone up
    /// in another one, only when everything is covered without it.
    pub(super) fn cancel_unwanted(&mut self, wants: &[Wanted], ctx: Ctx, out: &mut Out) {
        let (epoch, open) = (self.epoch, !self.is_flat());
        let spare = self.is_covered_by_own_stops();
        let live = self.live.as_deref();
        let needed = |order: &OpenOrder| match live.and_then(|live| live.tranche(order.tranche)) {
            Some(tranche) if !tranche.is_closed() => true,
            // Its tranche is over; until the others have stops of their own it protects them as well as it can.
            Some(_) | None => open && (!spare || self.bridges(order)),
        };
        let fitting = |order: &OpenOrder| order.leg != Leg::WholeStop && wants.iter().any(|want| fits(want, order));
        let wanted = |order: &OpenOrder| order.epoch == epoch && fitting(order) && !self.is_double(order);
        let paused = live.is_some_and(|live| live.paused);
        let with_stop: Vec<TrancheId> = self.with_own_stop(wants).collect();
        let keep = |order: &OpenOrder| {
            let tranche = live.and_then(|live| live.tranche(order.tranche));
            let gives_way = self.gives_way(order.leg, order.kind, ctx) && with_stop.contains(&order.tranche);
            let rests = paused && order.epoch == epoch && tranche.is_some_and(|tranche| self.may_rest(tranche));
            let rests = rests && !gives_way;
            let protects = match order.leg {
                Leg::WholeStop => self.whole_stop_stays(order, wants, ctx),
                leg if leg.is_own_stop() => {
                    needed(order) && !self.is_served(order, wants) && !self.is_surplus(order, wants)
                }
                _ => false,
            };
            let still_protects = order.stands() && self.outlasts(order);
            // A part of the stop has executed beside it: what is left is less than it would close (I2).
            let takes = order.leg.takes_at_once();
            let too_large = takes && tranche.is_some_and(|tranche| claim(order) > tranche.remaining);
            rests
                || still_protects
                || (wanted(order) && !(paused && order.leg.rests()) && !too_large)
                || (order.epoch == epoch && (protects || (open && takes && !too_large)))
        };
        // A cancel the venue has just refused is not asked for again at once.
        let held = |order: &OpenOrder| {
            let tranche = live.filter(|_| order.epoch == epoch).and_then(|live| live.tranche(order.tranche));
            !order.leg.is_stop() && tranche.is_some_and(|tranche| tranche.is_held(order.leg, ctx))
        };
        let unwanted = self.orders.iter().filter(|order| !keep(order) && !held(order));
        let unwanted: Vec<_> = unwanted.map(|order| order.id).collect();
        self.cancel_where(|order| unwanted.contains(&order.id), ctx, out);
    }

    /// From when on the end of an order is asked for that has triggered, and has nothing left to close: what it was for has been closed
    /// by another one, and the venue's last word on it may have been lost (F-B01). Until then it claims what is opened next.
    pub(crate) fn asks_for_end_at(&self, order: &OpenOrder) -> Option<Timestamp> {
        let OrderState::Triggered { since } = order.state else { return None };
        let open = |id: TrancheId| {
            let tranche = self.live.as_deref().and_then(|live| live.tranche(id));
            tranche.is_some_and(|tranche| !tranche.is_closed())
        };
        let closes = if order.leg == Leg::WholeStop { !self.is_flat() } else { open(order.tranche) };
        (order.epoch != self.epoch || !closes).then(|| since.plus(LAST_WORD))
    }

    /// What rests for a level of the plan before, and is wanted alike by this one, is this one's.
    pub(super) fn take_over_former(&mut self, wants: &[Wanted]) {
        for order in self.orders.iter_mut().filter(|order| order.former) {
            order.former = !wants.iter().any(|want| fits(want, order));
        }
    }

    /// A stop of an incarnation that is over, and that what is open now still needs.
    fn outlasts(&self, order: &OpenOrder) -> bool {
        let is_old = order.leg.is_stop() && (order.epoch != self.epoch || self.is_flat());
        let grows = || !self.is_flat() && self.is_known_to_grow();
        is_old && (self.lacks_stops() || self.bridges(order) || grows())
    }

    /// Whether a tranche is to have its stop as near as this one, and none of those that stand for it is yet: of a tranche
    /// that has gone up in it, or of the incarnation before (I3).
    fn bridges(&self, order: &OpenOrder) -> bool {
        let (side, Some(at)) = (self.key.side, order.stop_price()) else { return false };
        let as_near = |other: &OpenOrder| other.worst_stop(side).is_some_and(|near| !side.is_better(at, near));
        let stands =
            |other: &&OpenOrder| other.id != order.id && other.epoch == self.epoch && other.stands() && as_near(other);
        let standing = || self.orders.iter().filter(stands);
        let whole = standing().any(|other| other.leg == Leg::WholeStop);
        self.live.iter().flat_map(|live| live.open()).filter(|tranche| tranche.closing.is_none()).any(|tranche| {
            let wanted = tranche.resting_stop().is_some_and(|stop| !side.is_better(at, stop.price));
            let own = standing().filter(|other| other.leg.is_own_stop() && other.tranche == tranche.id);
            wanted && !whole && together(own) < tranche.remaining
        })
    }

    /// Whether stops of earlier incarnations are all that protects what is open, until it has stops of its own (R6, I7). What
    /// is only proposed is nobody's to protect yet, and an order that was forgotten must not close it (F-C14).
    fn lacks_stops(&self) -> bool {
        // The venue may speak of something open that no execution explains yet.
        let Some(live) = self.live.as_deref().filter(|live| !live.is_flat()) else {
            return self.aside.unseen.is_some();
        };
        !matches!(live.adoption, Adoption::Proposed | Adoption::ToPropose) && !self.is_covered()
    }

    /// Whether a cancel that has not left yet would by now take away what is needed: what protects the next incarnation (I7),
    /// or what has been moved since (I3).
    pub(crate) fn is_needed_again(&self, id: ClientOrderId) -> bool {
        let moved = |order: &OpenOrder| {
            matches!(order.state, OrderState::Working { change: Some(Change::Amending { .. }) | None })
        };
        let alone = |order: &OpenOrder| {
            let own = order.leg == Leg::WholeStop && order.epoch == self.epoch && !self.is_flat();
            own && self.is_only_whole_stop(order) && self.needs_whole_stop()
        };
        // What stood for it when this was decided has gone since, or more is open: it is all that its tranche has, or what
        // protects another one as well as it can.
        let last = |order: &OpenOrder| {
            let goes = matches!(order.state, OrderState::Working { change: Some(Change::Cancelling { .. }) });
            let own = order.leg.is_own_stop() && order.epoch == self.epoch && goes && !self.is_flat();
            let tranche = self.live.as_deref().and_then(|live| live.tranche(order.tranche));
            own && match tranche.filter(|tranche| !tranche.is_closed()) {
                Some(tranche) => {
                    let guarded = guarded(tranche, &self.orders, self.epoch);
                    guarded.is_zero() || (guarded < tranche.remaining && !self.is_outdone(order))
                }
                None => !self.is_covered_by_own_stops(),
            }
        };
        let needed = |order: &OpenOrder| moved(order) || alone(order) || last(order) || self.outlasts(order);
        self.orders.iter().any(|order| order.id == id && needed(order))
    }

    /// Whether another stop stands for the same part of its tranche, and for as much.
    fn is_outdone(&self, stop: &OpenOrder) -> bool {
        let same = |other: &&OpenOrder| other.leg == stop.leg && other.id != stop.id && other.stands();
        self.own_stops(stop.tranche).filter(same).any(|other| other.remaining() >= stop.remaining())
    }

    /// Whether an exit of ours is over: to cancel it says nothing any more (I9).
    pub(crate) fn has_seen_the_end_of(&self, id: ClientOrderId) -> bool {
        Named::known(&id).is_some() && !self.orders.iter().any(|order| order.id == id && order.is_live())
    }

    /// These tranches are open again: the stops that were to go with them are needed. A cancel that has not left yet does not
    /// leave; whether one that has was done is asked (I7, F-F08).
    pub(crate) fn take_back_cancels_of(&mut self, tranches: &[TrancheId], out: &mut Out) {
        let (account, instrument, deal) = (self.key.account, self.key.instrument, self.key.deal);
        let goes = |order: &OpenOrder| {
            matches!(order.state, OrderState::Working { change: Some(Change::Cancelling { agreed: false, .. }) })
        };
        let epoch = self.epoch;
        let own =
            |order: &OpenOrder| order.epoch == epoch && order.leg.is_own_stop() && tranches.contains(&order.tranche);
        for order in self.orders.iter_mut().filter(|order| own(order) && goes(order)) {
            order.doubt_cancel();
            out.commands.push(Command::Lookup { account, instrument, id: order.id, deal });
        }
    }

    /// Whether an order that has not left yet is still waited for, and is no double of one that rests.
    pub(crate) fn still_asks_for(&self, id: ClientOrderId) -> bool {
        let waits = |order: &&OpenOrder| order.id == id && matches!(order.state, OrderState::InFlight { .. });
        self.orders.iter().find(waits).is_some_and(|order| !self.is_double(order))
    }

    /// Whether a move that has not left yet goes where the stop is not to go any more (I3).
    pub(crate) fn is_moved_elsewhere(&self, id: ClientOrderId, to: Price) -> bool {
        let goes = |order: &OpenOrder| match order.state {
            OrderState::Working { change: Some(Change::Amending { price, .. }) } => price == to,
            OrderState::InFlight { .. }
            | OrderState::Over { .. }
            | OrderState::Triggered { .. }
            | OrderState::Unknown(_)
            | OrderState::Working { .. } => false,
        };
        self.orders.iter().any(|order| order.id == id && !goes(order))
    }

    /// Whether what rests for a leg rests there twice, because a journal that has lost its end knew of one only (F-M13). One
    /// that has not left yet is the other one's double too.
    fn is_double(&self, order: &OpenOrder) -> bool {
        let waits = matches!(order.state, OrderState::InFlight { .. });
        let same = |other: &&OpenOrder| {
            (other.epoch, other.tranche, other.leg) == (order.epoch, order.tranche, order.leg) && other.id != order.id
        };
        let before = |other: &&OpenOrder| waits || (other.remaining() == order.remaining() && other.id < order.id);
        let is_target = matches!(order.leg, Leg::Target(_) | Leg::Trail);
        is_target && self.orders.iter().filter(same).filter(before).any(OpenOrder::stands)
    }

    /// While it is paused: whether what rests for a tranche can stay, because something is open and no more is claimed, what
    /// is being closed by hand left out.
    pub(super) fn may_rest(&self, tranche: &Tranche) -> bool {
        let epoch = self.epoch;
        let mine = |order: &&OpenOrder| {
            let exit = !order.leg.is_stop() && order.leg != Leg::Part && !order.whole;
            exit && order.epoch == epoch && order.tranche == tranche.id
        };
        let free = tranche.remaining.saturating_minus(tranche.aside.part);
        let claims = self.orders.iter().filter(mine).map(claim).try_fold(Quantity::ZERO, Quantity::plus);
        let goes_on = tranche.closing.is_none() && !tranche.is_closed();
        goes_on && claims.is_ok_and(|claimed| claimed <= free)
    }

    /// Whether working stops cover every open tranche.
    fn is_covered_by_own_stops(&self) -> bool {
        // One that has triggered may be stuck (F-C11).
        let fired = |whole: &OpenOrder| matches!(whole.state, OrderState::Triggered { .. });
        let counts = self.live_whole_stop().is_some_and(|whole| self.is_fresh(whole) && !fired(whole));
        let guarded = if counts { guarded } else { guarded_alone };
        let Some(live) = &self.live else { return false };
        live.open().all(|tranche| guarded(tranche, &self.orders, self.epoch) >= tranche.remaining)
    }

    /// The same without the stop for the whole position.
    pub(super) fn is_covered_without_whole(&self) -> bool {
        let Some(live) = &self.live else { return false };
        live.open().all(|tranche| guarded_alone(tranche, &self.orders, self.epoch) >= tranche.remaining)
    }

    /// Cancels all that rest and match, latest leg first.
    pub(super) fn cancel_where(&mut self, unwanted: impl Fn(&OpenOrder) -> bool, ctx: Ctx, out: &mut Out) {
        let (account, instrument, deal) = (self.key.account, self.key.instrument, self.key.deal);
        // What outlives its incarnation because it is needed would only be taken back on its way.
        let goes = |order: &&OpenOrder| unwanted(order) && !self.outlasts(order);
        let ids: Vec<ClientOrderId> = self.orders.iter().filter(goes).map(|order| order.id).collect();
        let mut chosen: Vec<&mut OpenOrder> = self.orders.iter_mut().filter(|order| ids.contains(&order.id)).collect();
        chosen.sort_by_key(|order| std::cmp::Reverse(order.leg));
        for order in chosen {
            if let OrderState::Working { change: None | Some(Change::Amending { .. }) } = order.state {
                order.state =
                    OrderState::Working { change: Some(Change::Cancelling { since: ctx.now, agreed: false }) };
                out.commands.push(Command::Cancel { account, instrument, id: order.id, deal });
            }
        }
    }
}
