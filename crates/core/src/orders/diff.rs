//! Wanted minus open and in flight: what is left are commands.
//!
//! The rules of the subtraction: a new stop is seen working before the old one goes (R6); an unknown outcome blocks its
//! leg, except that a stop may be placed once more after one read that did not find it (R13); everything else that is
//! wanted waits until the orders it would collide with are settled; nothing is cancelled that is still wanted.

use super::{Change, Doubt, Leg, Named, OpenOrder, OrderState, Wanted, repeat};
use crate::exits::slices;
use crate::guards;
use crate::position::{Ctx, Out, Position, Tranche};
use backstop_model::{
    Command, NewOrder, OrderKind, OrderQuantity, OutOfRange, Permit, Quantity, Severity, Span, TrancheId,
};

/// A market exit waits so long for the targets it collides with; then it goes over them, or takes what they leave free.
pub(crate) const FREEING: Span = Span::from_millis(500);

impl Position {
    /// Subtracts what is open from what is wanted.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn settle(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
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
        if let Some(aside) = self.aside.held() {
            aside.wishes.clear();
        }
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
        self.take_over_former(&wants);
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
        let mut lasting = Vec::new();
        let silent = |order: &&OpenOrder| self.asks_for_end_at(order).is_some_and(|at| ctx.now >= at);
        let silent: Vec<_> = self.orders.iter().filter(silent).map(|order| order.id).collect();
        for order in &mut self.orders {
            let id = order.id;
            if silent.contains(&id) || order.unended_at().is_some_and(|at| ctx.now >= at) {
                let asked_now = Doubt { ask_at: ctx.now, ..Doubt::new(ctx.now, order.seen_at) };
                order.state = OrderState::Unknown(asked_now);
            }
            match &mut order.state {
                OrderState::Unknown(doubt) if ctx.now >= doubt.ask_at => {
                    doubt.note_asked(ctx.now);
                    let lasts = order.leg.takes_at_once() && doubt.asked == repeat::TOLD_AT;
                    lasting.extend(lasts.then_some(id));
                    out.commands.push(Command::Lookup { account, instrument, id, deal });
                }
                OrderState::Working { change: Some(Change::Cancelling { since, agreed: true }) }
                    if ctx.now.since(*since) >= crate::position::OVERDUE =>
                {
                    *since = ctx.now;
                    out.commands.push(Command::Lookup { account, instrument, id, deal });
                }
                // Cancels and amends may be asked for again at any time: an unanswered one is forgotten, and what is
                // wanted now decides below. A cancel that nobody has answered must not take away what is needed again.
                // Either may be done all the same.
                OrderState::Working { change: change @ Some(_) } if unanswered(change, order.unheard, ctx) => {
                    match change.take() {
                        Some(Change::Amending { price, .. }) => {
                            (order.maybe_at, order.unheard) = (Some(price), order.unheard.saturating_add(1));
                        }
                        Some(Change::Cancelling { .. }) => {
                            order.doubt_cancel();
                            if order.leg.is_stop() {
                                out.commands.push(Command::Lookup { account, instrument, id, deal });
                            }
                        }
                        None => {}
                    }
                }
                OrderState::InFlight { .. }
                | OrderState::Over { .. }
                | OrderState::Triggered { .. }
                | OrderState::Unknown(_)
                | OrderState::Working { .. } => {}
            }
        }
        lasting.into_iter().for_each(|id| self.tell_doubt(id, ctx, out));
    }

    /// Targets and the native trail: at most one order each, replaced only after the old one is settled.
    fn fit_resting(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        if self.orders_of(want.tranche, want.leg).next().is_some() || self.is_held(want, ctx) {
            return Ok(());
        }
        // Less than the venue takes is taken only when it is all that is open: until then something else is closing.
        let open = self.live.as_ref().and_then(|live| live.tranche(want.tranche)).map(|tranche| tranche.remaining);
        let too_small = want.quantity < ctx.instrument.min_quantity && open != Some(want.quantity);
        // What runs may have become more in this turn; in the next one Backstop trails it (F-G04).
        let too_large =
            !want.whole && ctx.instrument.largest_order(want.kind).is_some_and(|largest| want.quantity > largest);
        if want.quantity <= self.room(want, ctx)? && !too_small && !too_large {
            self.place(want, want.quantity, ctx, out);
        }
        Ok(())
    }

    /// Market exits and instant targets: one at a time, after what they collide with is out of the way.
    fn fit_taking(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let is_out = self.orders_of(want.tranche, want.leg).any(|order| !self.is_given_up(order, ctx));
        if is_out || self.is_held(want, ctx) || self.is_told_gone(ctx.now) {
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
        let price = ctx.worth_at().or(tranche.map(|tranche| tranche.entry_price));
        let smallest = price.map_or(Ok(ctx.instrument.min_quantity), |price| ctx.smallest_exit(price))?;
        let most = self.left_by_others(want, want.quantity.min(room), smallest);
        let quantity = slices::first(most, ctx.instrument.largest_order(want.kind), smallest);
        if !quantity.is_zero() {
            self.tell_repeated(want, ctx, out);
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

    fn is_held(&self, want: &Wanted, ctx: Ctx) -> bool {
        let tranche = self.live.as_ref().and_then(|live| live.tranche(want.tranche));
        tranche.is_some_and(|tranche| tranche.is_held(want.leg, ctx))
    }

    /// What of the position, and of the tranche, no order but the stops has a claim to (I2). A close does not wait for what
    /// has been asked to go, or for what nobody knows of, where the venue itself sees to it that an exit only closes (I28).
    fn room(&self, want: &Wanted, ctx: Ctx) -> Result<Quantity, OutOfRange> {
        let overrides = want.leg == Leg::Close && ctx.account.capability.reduce_only && self.key.deal.is_none();
        let gives_way = |order: &OpenOrder| {
            overrides && order.is_leaving(ctx.now) && (order.leg != Leg::Close || self.is_given_up(order, ctx))
        };
        // Stops for a quantity have no claim beside what closes; but where the venue counts them together, what rests fits in
        // beside them or not at all (venues/bitget.md §8.4).
        let shares = want.leg.rests() && ctx.account.capability.shares_position(want.kind);
        let is_counted = |leg: Leg| !leg.is_stop() || (shares && leg.is_own_stop());
        let counts = |order: &OpenOrder| is_counted(order.leg) && !order.whole && !gives_way(order);
        let claimed = |of: &dyn Fn(&OpenOrder) -> bool| {
            let claims = self.orders.iter().filter(|order| counts(order) && of(order)).map(claim);
            // What a stop has done is gone, also before each execution of it is told (F-B03).
            let stops = self.orders.iter().filter(|order| !is_counted(order.leg) && of(order));
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
        let goes = |tranche: &Tranche| !tranche.is_held(Leg::Trail, ctx) && !stays(tranche);
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
        let with_stop: Vec<TrancheId> = self.with_own_stop(&wants).collect();
        let other = |order: &&&OpenOrder| {
            let gives_way = self.gives_way(order.leg, order.kind, ctx) && with_stop.contains(&order.tranche);
            let mut trails = wants.iter().filter(|want| want.leg == Leg::Trail && want.tranche == order.tranche);
            gives_way || trails.any(|want| !fits(want, order))
        };
        trails.iter().filter(other).map(|order| order.tranche).collect()
    }

    pub(super) fn place(&mut self, want: &Wanted, quantity: Quantity, ctx: Ctx, out: &mut Out) {
        let key = self.key;
        let Some(live) = &self.live else { return };
        let Some(tranche) = live.tranche(want.tranche) else { return };
        let revision = live.revision_after(tranche.revisions.get(&want.leg).copied());
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

fn unanswered(change: &Option<Change>, unheard: u8, ctx: Ctx) -> bool {
    match change {
        Some(change @ (Change::Amending { .. } | Change::Cancelling { agreed: false, .. })) => {
            ctx.now >= change.overdue_at(unheard)
        }
        Some(Change::Cancelling { agreed: true, .. }) | None => false,
    }
}

/// What an order still has a claim to: executions the venue has spoken of, but not yet reported one by one, included.
pub(super) fn claim(order: &OpenOrder) -> Quantity {
    if order.is_live() {
        order.quantity.saturating_minus(order.filled)
    } else {
        order.reported.saturating_minus(order.filled)
    }
}

/// Whether a resting order is what is wanted. A native trail keeps the activation it was placed with.
pub(super) fn fits(want: &Wanted, order: &OpenOrder) -> bool {
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
