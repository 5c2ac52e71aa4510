//! Wanted minus open and in flight: what is left are commands.
//!
//! The rules of the subtraction: a new stop is seen working before the old one goes (R6); an unknown outcome blocks its
//! leg, except that a stop may be placed once more after one read that did not find it (R13); everything else that is
//! wanted waits until the orders it would collide with are settled; nothing is cancelled that is still wanted.

use super::{Change, Leg, Named, OpenOrder, OrderState, Wanted, together};
use crate::exits::slices;
use crate::guards;
use crate::position::adoption::Adoption;
use crate::position::{Ctx, Out, Position, Tranche, guarded, guarded_alone};
use backstop_model::{
    ClientOrderId, Command, NewOrder, OrderKind, OrderQuantity, OutOfRange, Permit, Price, Quantity, Severity, Span,
    Timestamp, TrancheId,
};

/// A market exit waits so long for the targets it collides with; then it goes over them, or takes what they leave free.
pub(crate) const FREEING: Span = Span::from_millis(500);

impl Position {
    /// Subtracts what is open from what is wanted.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn settle(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        self.let_go_of_settled();
        self.resolve_doubts(ctx, out);
        if self.live.as_ref().is_some_and(|live| live.suspended) {
            return Ok(());
        }
        if ctx.leaves_alone() && !self.is_flat() {
            return Ok(());
        }
        if ctx.permit == Permit::Observe {
            self.observe(ctx, out)?;
            self.retire();
            return Ok(());
        }
        self.fit_to_grid(ctx, out)?;
        self.wishes.clear();
        for id in self.trails_to_replace(ctx) {
            self.keep_trailed_ground(id, ctx, out)?;
        }
        self.follow_whole();
        let wants = self.wants(ctx);
        for stop in wants.iter().filter(|want| want.leg.is_stop()) {
            match stop.leg {
                Leg::WholeStop => self.fit_whole_stop(stop, ctx, out),
                _ => self.fit_stop(stop, ctx, out),
            }
        }
        self.cancel_unwanted(&wants, ctx, out);
        let paused = self.live.as_ref().is_some_and(|live| live.paused);
        let permitted = |leg: Leg| match ctx.permit {
            _ if paused => matches!(leg, Leg::Close | Leg::Part),
            Permit::All => !leg.is_stop(),
            Permit::ProtectOnly => matches!(leg, Leg::Close | Leg::Part),
            Permit::Observe => false,
        };
        for want in wants.iter().filter(|want| permitted(want.leg)) {
            if want.leg.takes_at_once() {
                self.fit_taking(want, ctx, out)?;
            } else {
                self.fit_resting(want, ctx, out)?;
            }
        }
        self.retire();
        Ok(())
    }

    /// Questions that are due: about unknown outcomes, and about changes that nobody has answered.
    fn resolve_doubts(&mut self, ctx: Ctx, out: &mut Out) {
        let (account, instrument, deal) = (self.key.account, self.key.instrument, self.key.deal);
        for order in &mut self.orders {
            let id = order.id;
            match &mut order.state {
                OrderState::Unknown(doubt) if ctx.now >= doubt.ask_at => {
                    doubt.note_asked(ctx.now);
                    out.commands.push(Command::Lookup { account, instrument, id, deal });
                }
                OrderState::Working { change: Some(Change::Cancelling { since, agreed: true }) }
                    if is_overdue(*since, ctx) =>
                {
                    *since = ctx.now;
                    out.commands.push(Command::Lookup { account, instrument, id, deal });
                }
                // Cancels and amends may be asked for again at any time: an unanswered one is forgotten, and what is
                // wanted now decides below. A cancel that nobody has answered must not take away what is needed again.
                // Either may be done all the same.
                OrderState::Working { change: change @ Some(_) } if unanswered(change, ctx) => match change.take() {
                    Some(Change::Amending { price, .. }) => order.maybe_at = Some(price),
                    Some(Change::Cancelling { .. }) => {
                        order.maybe_gone = true;
                        if order.leg.is_stop() {
                            out.commands.push(Command::Lookup { account, instrument, id, deal });
                        }
                    }
                    None => {}
                },
                OrderState::InFlight { .. }
                | OrderState::Over { .. }
                | OrderState::Triggered { .. }
                | OrderState::Unknown(_)
                | OrderState::Working { .. } => {}
            }
        }
    }

    /// Cancels what nobody wants any more, last level first. A stop goes only with its tranche, and where that has gone up
    /// in another one, only when everything is covered without it.
    fn cancel_unwanted(&mut self, wants: &[Wanted], ctx: Ctx, out: &mut Out) {
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
        let keep = |order: &OpenOrder| {
            let tranche = live.and_then(|live| live.tranche(order.tranche));
            let rests = paused && order.epoch == epoch && tranche.is_some_and(|tranche| self.may_rest(tranche));
            let protects = match order.leg {
                Leg::WholeStop => self.whole_stop_stays(order, wants),
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
            !order.leg.is_stop() && tranche.is_some_and(|tranche| tranche.is_held(order.leg, ctx.now))
        };
        let unwanted = self.orders.iter().filter(|order| !keep(order) && !held(order));
        let unwanted: Vec<_> = unwanted.map(|order| order.id).collect();
        self.cancel_where(|order| unwanted.contains(&order.id), ctx, out);
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
        let Some(live) = self.live.as_deref().filter(|live| !live.is_flat()) else { return self.unseen.is_some() };
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
        let needed = |order: &OpenOrder| moved(order) || alone(order) || self.outlasts(order);
        self.orders.iter().any(|order| order.id == id && needed(order))
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

    /// While it is paused: whether what rests for a tranche can stay, because something is open and no more is claimed.
    fn may_rest(&self, tranche: &Tranche) -> bool {
        let epoch = self.epoch;
        let mine = |order: &&OpenOrder| {
            order.epoch == epoch && order.tranche == tranche.id && !order.leg.is_stop() && !order.whole
        };
        let claims = self.orders.iter().filter(mine).map(claim).try_fold(Quantity::ZERO, Quantity::plus);
        let goes_on = tranche.closing.is_none() && !tranche.is_closed();
        goes_on && claims.is_ok_and(|claimed| claimed <= tranche.remaining)
    }

    /// Whether working stops cover every open tranche.
    fn is_covered_by_own_stops(&self) -> bool {
        let counts = self.live_whole_stop().is_some_and(|whole| self.is_fresh(whole));
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

    /// Targets and the native trail: at most one order each, replaced only after the old one is settled.
    fn fit_resting(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        if self.orders_of(want.tranche, want.leg).next().is_some() || self.is_held(want, ctx.now) {
            return Ok(());
        }
        // Less than the venue takes is taken only when it is all that is open: until then something else is closing.
        let open = self.live.as_ref().and_then(|live| live.tranche(want.tranche)).map(|tranche| tranche.remaining);
        let too_small = want.quantity < ctx.instrument.min_quantity && open != Some(want.quantity);
        if want.quantity <= self.room(want, ctx)? && !too_small {
            self.place(want, want.quantity, ctx, out);
        }
        Ok(())
    }

    /// Market exits and instant targets: one at a time, after what they collide with is out of the way.
    fn fit_taking(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        if self.orders_of(want.tranche, want.leg).next().is_some() || self.is_held(want, ctx.now) {
            return Ok(());
        }
        let waits = match want.leg {
            Leg::Instant(level) => self.orders_of(want.tranche, Leg::Target(level)).next().is_some(),
            // The levels have been fitted to the rest: it waits until their orders have followed.
            Leg::Drill | Leg::Part => false,
            Leg::Close | Leg::Stop | Leg::StopPart(_) | Leg::Target(_) | Leg::Trail | Leg::WholeStop => {
                self.close_waits(want.tranche)
            }
        };
        let tranche = self.live.as_ref().and_then(|live| live.tranche(want.tranche));
        let patient = match (want.leg, tranche.and_then(|tranche| tranche.closing)) {
            (Leg::Close, Some(closing)) => ctx.now < closing.since.plus(FREEING),
            _ => true,
        };
        if waits && patient {
            return Ok(());
        }
        let room = self.room(want, ctx)?;
        if want.leg == Leg::Part && room < want.quantity {
            return Ok(());
        }
        let price = ctx.board.price(backstop_model::Series::Last).or(tranche.map(|tranche| tranche.entry_price));
        let smallest = price.map_or(Ok(ctx.instrument.min_quantity), |price| ctx.instrument.smallest_exit(price))?;
        let quantity = slices::first(want.quantity.min(room), ctx.instrument.largest_order(want.kind), smallest);
        if !quantity.is_zero() {
            self.place(want, quantity, ctx, out);
        }
        Ok(())
    }

    /// Whether a market exit of the whole has something to wait for: an entry under way, or other exits of its tranche,
    /// those included whose executions have yet to be heard of.
    pub(crate) fn close_waits(&self, tranche: TrancheId) -> bool {
        let collides = |order: &OpenOrder| {
            order.epoch == self.epoch && order.tranche == tranche && !order.leg.is_stop() && order.leg != Leg::Close
        };
        self.is_entering() || self.orders.iter().any(collides)
    }

    pub(super) fn tranche_mut(&mut self, want: &Wanted) -> Option<&mut Tranche> {
        self.live.as_mut().and_then(|live| live.tranche_mut(want.tranche))
    }

    fn is_held(&self, want: &Wanted, now: Timestamp) -> bool {
        let tranche = self.live.as_ref().and_then(|live| live.tranche(want.tranche));
        tranche.is_some_and(|tranche| tranche.is_held(want.leg, now))
    }

    /// What of the position, and of the tranche, no order but the stops has a claim to (I2). A close does not wait for what
    /// has been asked to go, or for what nobody knows of, where the venue itself sees to it that an exit only closes (I28).
    fn room(&self, want: &Wanted, ctx: Ctx) -> Result<Quantity, OutOfRange> {
        let overrides = want.leg == Leg::Close && ctx.account.capability.reduce_only && self.key.deal.is_none();
        let gives_way = |order: &OpenOrder| overrides && order.leg != Leg::Close && order.is_leaving(ctx.now);
        let counts = |order: &OpenOrder| !order.leg.is_stop() && !order.whole && !gives_way(order);
        let claimed = |of: &dyn Fn(&OpenOrder) -> bool| {
            let claims = self.orders.iter().filter(|order| counts(order) && of(order)).map(claim);
            // What a stop has done is gone, also before each execution of it is told (F-B03).
            let stops = self.orders.iter().filter(|order| order.leg.is_stop() && of(order));
            let done = stops.map(|order| order.reported.saturating_minus(order.filled));
            claims.chain(done).try_fold(Quantity::ZERO, Quantity::plus)
        };
        let tranche = self.live.as_ref().and_then(|live| live.tranche(want.tranche));
        let own = tranche.map_or(Quantity::ZERO, |tranche| tranche.remaining);
        let epoch = self.epoch;
        let own = own.saturating_minus(claimed(&|order| order.tranche == want.tranche && order.epoch == epoch)?);
        Ok(own.min(self.quantity().saturating_minus(claimed(&|_| true)?)))
    }

    /// Tranches whose native trail rests and has to be another one, and is cancelled for it now: while one stays the venue
    /// goes on trailing, and its ground needs no keeping.
    fn trails_to_replace(&self, ctx: Ctx) -> Vec<TrancheId> {
        let Some(live) = self.live.as_deref() else { return Vec::new() };
        let stays = |tranche: &Tranche| live.paused && self.may_rest(tranche);
        let goes = |tranche: &Tranche| !tranche.is_held(Leg::Trail, ctx.now) && !stays(tranche);
        let resting = |order: &&OpenOrder| {
            order.leg == Leg::Trail
                && order.epoch == self.epoch
                && order.state == OrderState::Working { change: None }
                && live.tranche(order.tranche).is_some_and(goes)
        };
        let trails: Vec<&OpenOrder> = self.orders.iter().filter(resting).collect();
        if trails.is_empty() {
            return Vec::new();
        }
        let wants = self.wants(ctx);
        let other = |order: &&&OpenOrder| {
            wants.iter().any(|want| want.leg == Leg::Trail && want.tranche == order.tranche && !fits(want, order))
        };
        trails.iter().filter(other).map(|order| order.tranche).collect()
    }

    pub(super) fn place(&mut self, want: &Wanted, quantity: Quantity, ctx: Ctx, out: &mut Out) {
        let key = self.key;
        let Some(tranche) = self.tranche_mut(want) else { return };
        let revision = tranche.revisions.get(&want.leg).map_or(1, |last| last.saturating_add(1));
        if !self.send(want, revision, quantity, ctx, out) {
            return;
        }
        let Some(tranche) = self.tranche_mut(want) else { return };
        tranche.revisions.insert(want.leg, revision);
        if want.leg == Leg::Trail
            && let Some(trail) = &mut tranche.trail
        {
            trail.tried_at.get_or_insert(ctx.now);
            if let (OrderKind::TrailingStop { activation: Some(placed), .. }, Some(asked)) =
                (want.kind, trail.activation)
                && placed != asked
            {
                let text = format!(
                    "{} {}: activation {asked} is too close to the price; the native trail is placed from {placed}",
                    ctx.instrument.symbol, key.side
                );
                out.tell(Severity::Note, key, text);
            }
        }
    }

    /// Proves an order and sends it. One that a guard holds back suspends the position with the stop it has.
    pub(crate) fn send(&mut self, want: &Wanted, revision: u16, quantity: Quantity, ctx: Ctx, out: &mut Out) -> bool {
        let (key, scope, epoch, room) =
            (self.key, self.scope, self.epoch, self.room(want, ctx).unwrap_or(Quantity::ZERO));
        let Some(live) = &mut self.live else { return false };
        let open = live.tranche(want.tranche).map_or(Quantity::ZERO, |tranche| tranche.remaining);
        let id = Named { scope, side: key.side, epoch, tranche: want.tranche, leg: want.leg, revision }.id();
        let amount = if want.whole { OrderQuantity::WholePosition } else { OrderQuantity::Exact(quantity) };
        let order = NewOrder::exit(key, id, amount, want.kind);
        if let Err(wrong) = guards::check(&order, want.leg, key.side, open, room, ctx.instrument) {
            live.suspended = true;
            let text = format!(
                "{} {}: a {} order was held back: {wrong}. The position is suspended with the stop it has; please report this",
                ctx.instrument.symbol, key.side, want.leg
            );
            out.tell(Severity::Alarm, key, text);
            return false;
        }
        if let OrderKind::StopMarket(trigger) = want.kind {
            live.note_stop_asked(trigger.price, ctx.now);
        }
        self.orders.push(OpenOrder::sent(want, id, epoch, quantity, ctx.now));
        out.commands.push(Command::Place(order));
        true
    }

    /// A tranche that is closed, with all its orders settled, is over; with the last one the incarnation ends.
    fn retire(&mut self) {
        let (epoch, orders) = (self.epoch, &self.orders);
        let Some(live) = &mut self.live else { return };
        if live.is_flat() {
            if orders.is_empty() {
                self.live = None;
            }
            return;
        }
        let own = |order: &OpenOrder| order.epoch == epoch && order.leg != Leg::WholeStop;
        let waits = |id: TrancheId| orders.iter().any(|order| own(order) && order.tranche == id);
        live.tranches.retain(|tranche| !tranche.is_closed() || waits(tranche.id));
    }
}

fn is_overdue(since: Timestamp, ctx: Ctx) -> bool {
    ctx.now.since(since) >= crate::position::OVERDUE
}

fn unanswered(change: &Option<Change>, ctx: Ctx) -> bool {
    match change {
        Some(Change::Amending { since, .. } | Change::Cancelling { since, agreed: false }) => is_overdue(*since, ctx),
        Some(Change::Cancelling { agreed: true, .. }) | None => false,
    }
}

/// What an order still has a claim to: executions the venue has spoken of, but not yet reported one by one, included.
fn claim(order: &OpenOrder) -> Quantity {
    if order.is_live() {
        order.quantity.saturating_minus(order.filled)
    } else {
        order.reported.saturating_minus(order.filled)
    }
}

/// Whether a resting order is what is wanted. A native trail keeps the activation it was placed with.
fn fits(want: &Wanted, order: &OpenOrder) -> bool {
    let same_kind = match (want.kind, order.kind) {
        (
            OrderKind::TrailingStop { distance: a, source: s, .. },
            OrderKind::TrailingStop { distance: b, source: t, .. },
        ) => a == b && s == t,
        (wanted, resting) => wanted == resting,
    };
    want.tranche == order.tranche
        && want.leg == order.leg
        && same_kind
        && (want.leg.takes_at_once() || order.remaining() == want.quantity)
}
