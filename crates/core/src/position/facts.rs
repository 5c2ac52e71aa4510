//! Executions and funding become facts: quantity, cost, what each closing earned.
//!
//! Only these change what a position is. Status reports say what became of orders (`reports.rs`); they never move a
//! quantity (F-B06).

use super::entering::Entered;
use super::scene::title;
use super::tranche::{Booking, Entry};
use super::{Adoption, Ctx, Live, Out, Position, Rare, Seldom, Tranche, WholeStop, arming};
use crate::orders::{Leg, Named, OpenOrder, OrderState, Unwanted};
use backstop_model::{
    Epoch, ExitReason, Fee, Fill, FillCause, Money, OutOfRange, Points, PositionKey, PositionSide, Quantity, Rounding,
    Severity, TrancheId,
};

/// Who has begun an incarnation.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Somebody else.
    Others {
        /// It was there at the very first look.
        at_first_look: bool,
    },
    /// An entry of ours.
    Ours(Entered),
}

impl Position {
    /// Books the part of an execution that opens or adds. Repeats have been sorted out.
    pub(crate) fn enter(
        &mut self,
        fill: &Fill,
        quantity: Quantity,
        fee: Money,
        entered: Option<Entered>,
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        let key = self.key;
        let order = fill.order.map_or_else(|| fill.venue_order.to_string(), |id| id.to_string());
        let entry = Entry { price: fill.price, quantity, fee, at: fill.at, window: ctx.board.next_window() };
        // Flat and open again is a new incarnation, even while orders of the old one are still to be seen gone.
        let Some(live) = self.live.as_mut().filter(|live| !live.is_flat()) else {
            let last_words = self.read(ctx)?;
            self.keep_owing(&last_words);
            out.reads.extend(last_words);
            self.epoch = self.next_epoch();
            let mut tranche = Tranche::open(TrancheId::FIRST, &entry, ctx)?;
            tranche.main_order = Some(order.into());
            self.owe(fill, tranche.id, quantity, true);
            let origin = entered.map_or(Origin::Others { at_first_look: false }, Origin::Ours);
            self.begin(tranche, origin, ctx, out)?;
            let whose = (key, self.epoch);
            let Some(live) = self.live.as_mut().filter(|live| live.adoption == Adoption::Managed) else {
                return Ok(());
            };
            live.note_day_ended(TrancheId::FIRST, whose, &self.orders, ctx, out);
            return Ok(());
        };
        if live.read_until.is_some_and(|read| fill.at < read) {
            return Ok(());
        }
        if let Some(entered) = &entered {
            live.own(entered, key, ctx, out)?;
        }
        if let Some(id) = live.joined_by(&order, fill.price, key.side, ctx) {
            let Some(tranche) = live.tranche_mut(id) else { return Ok(()) };
            tranche.add(fill.price, quantity, fee)?;
            if entered.is_some() {
                tranche.aside.unproven = tranche.aside.unproven.plus(quantity)?;
            }
            arming::rearm(live, id, key, ctx, out)?;
            self.owe(fill, id, quantity, true);
            return Ok(());
        }
        if live.plan.is_none() {
            return Ok(());
        }
        live.last_tranche = live.last_tranche.next();
        let id = live.last_tranche;
        let mut tranche = Tranche::open(id, &entry, ctx)?;
        tranche.main_order = Some(order.into());
        if entered.is_some() {
            tranche.aside.unproven = quantity;
        }
        live.tranches.push(tranche);
        let text = format!("{}: a tranche of its own, {quantity} from {}", title(key.side, id, ctx), fill.price);
        out.tell(Severity::Note, key, text);
        arming::arm(live, id, key, ctx, out)?;
        live.note_day_ended(id, (key, self.epoch), &self.orders, ctx, out);
        self.owe(fill, id, quantity, true);
        Ok(())
    }

    /// Starts an incarnation. One of an entry of ours is managed at once; one of others that is there at the very first
    /// look is only proposed.
    pub(super) fn begin(
        &mut self,
        mut tranche: Tranche,
        origin: Origin,
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        let id = tranche.id;
        let (adoption, plan, attached, unwanted) = match origin {
            Origin::Others { at_first_look } => {
                let adoption = self.adoption(at_first_look, ctx);
                let plan = ctx.plan_of_new().filter(|_| adoption == Adoption::Managed);
                (adoption, plan, None, None)
            }
            Origin::Ours(entered) => {
                tranche.aside.unproven = tranche.remaining;
                (Adoption::Managed, entered.plan(self.key, ctx, out), entered.stop, entered.unwanted)
            }
        };
        // No plan is no reason to be naked: the hard stop goes in at once.
        let adoption = if plan.is_none() { adoption.without_plan(ctx.now) } else { adoption };
        let mut live = Live {
            tranches: vec![tranche],
            last_tranche: id,
            plan,
            protection: Default::default(),
            mismatch: None,
            liquidation: Rare::default(),
            whole: WholeStop { attached: attached.into(), ..WholeStop::default() }.into(),
            adoption,
            aside: Seldom::default(),
            told_conflict: false,
            told_own: false,
            attached_at: ctx.now,
            paused: false,
            suspended: false,
            told_worth: false,
            read_until: None,
            used_until: Rare::default(),
        };
        live.protection.note(false, ctx.now);
        if ctx.leaves_alone() {
            let text = format!(
                "{} {}: account {} is limited to other symbols; the position is shown and not touched",
                ctx.instrument.symbol, self.key.side, ctx.account.name
            );
            out.tell(Severity::Warning, self.key, text);
        } else if adoption == Adoption::Managed {
            arming::arm(&mut live, id, self.key, ctx, out)?;
            live.keep_attached_stop(self.key.side);
        }
        if let Some(Unwanted::Closed(reason)) = unwanted {
            live.close(reason, ctx.now);
        }
        self.live = Some(Box::new(live));
        Ok(())
    }

    /// Books the part of an execution that closes; `quantity` is at most what is open. An order of ours closes its own
    /// tranche first; everything else is shared out.
    pub(crate) fn leave(
        &mut self,
        fill: &Fill,
        quantity: Quantity,
        fee: Money,
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        let ours = fill.order.as_ref().and_then(Named::read).filter(|named| named.scope == self.scope);
        let (leg, reason) = self.purpose(fill, ours);
        let Some(live) = &mut self.live else { return Ok(()) };
        let own = ours.filter(|named| named.leg != Leg::WholeStop).and_then(|named| live.tranche(named.tranche));
        let own = own.map(|tranche| (tranche.id, tranche.remaining.min(quantity)));
        let beyond = quantity.saturating_minus(own.map_or(Quantity::ZERO, |(_, part)| part));
        if let Some((id, part)) = own.filter(|(_, part)| !part.is_zero()) {
            let mut fees = part_of(fee, part, quantity)?;
            let shares = self.by_level(fill, id, leg, part);
            let last = shares.len().saturating_sub(1);
            for (index, (leg, share)) in shares.into_iter().enumerate() {
                let own = if index == last { fees } else { part_of(fee, share, quantity)? };
                fees = fees.minus(own)?;
                self.book(fill, id, leg, reason, (share, own), out)?;
            }
            if self.is_former(fill) {
                self.fit_to_rest(id, part, ctx)?;
            }
        }
        if !beyond.is_zero() {
            let rest = fee.minus(part_of(fee, quantity.minus(beyond)?, quantity)?)?;
            self.leave_shared(fill, leg, reason, (beyond, rest), ctx, out)?;
        }
        self.note_left();
        if leg.is_none() && reason != ExitReason::External {
            let symbol = ctx.instrument.symbol;
            let text = format!("{symbol} {}: {quantity} closed by the venue: {reason}", self.key.side);
            out.tell(Severity::Alarm, self.key, text);
        }
        Ok(())
    }

    /// A target that closes whatever is left has jumped over the levels before it: each gets what it is due, in order
    /// (product.md §2.2).
    fn by_level(&self, fill: &Fill, id: TrancheId, leg: Option<Leg>, part: Quantity) -> Vec<(Option<Leg>, Quantity)> {
        let whole = self.orders.iter().any(|order| order.whole && !order.former && Some(order.id) == fill.order);
        let tranche = self.live.as_ref().and_then(|live| live.tranche(id));
        let (true, Some(Leg::Target(number)), Some(tranche)) = (whole, leg, tranche) else { return vec![(leg, part)] };
        let mut left = part;
        let mut shares = Vec::new();
        for level in tranche.levels.iter().filter(|level| level.number < number && !level.due().is_zero()) {
            let share = level.due().min(left);
            left = left.saturating_minus(share);
            shares.push((Some(Leg::Target(level.number)), share));
        }
        shares.push((leg, left));
        shares.retain(|(_, share)| !share.is_zero());
        shares
    }

    /// Books a closing to all tranches, pro rata; the last part takes what rounding leaves of the fee.
    fn leave_shared(
        &mut self,
        fill: &Fill,
        leg: Option<Leg>,
        reason: ExitReason,
        (quantity, fee): (Quantity, Money),
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        let Some(live) = &self.live else { return Ok(()) };
        let shares = live.share_out(quantity, ctx.instrument.step)?;
        // A level belongs to the tranche whose order it was.
        let leg = leg.filter(|leg| leg.level().is_none());
        let mut left = fee;
        for (index, (id, part)) in shares.iter().enumerate() {
            let own = if index + 1 == shares.len() { left } else { part_of(fee, *part, quantity)? };
            left = left.minus(own)?;
            let reason = if leg == Some(Leg::WholeStop) { self.whole_stop_reason(*id) } else { reason };
            self.book(fill, *id, leg, reason, (*part, own), out)?;
            let trails = self.live.as_ref().and_then(|live| live.plan.as_ref()).is_some_and(|plan| plan.trails());
            if let Some(tranche) = self.live.as_mut().and_then(|live| live.tranche_mut(*id)) {
                tranche.shrink_levels(*part, ctx.instrument.step, trails)?;
            }
        }
        Ok(())
    }

    fn book(
        &mut self,
        fill: &Fill,
        id: TrancheId,
        leg: Option<Leg>,
        reason: ExitReason,
        (quantity, fee): (Quantity, Money),
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        let (side, former) = (self.key.side, self.is_former(fill));
        let Some(tranche) = self.live.as_mut().and_then(|live| live.tranche_mut(id)) else { return Ok(()) };
        let level = leg.and_then(Leg::level);
        if leg.is_some_and(Leg::is_stop)
            && let Some(stop) = tranche.stop
        {
            let against = match side {
                PositionSide::Long => stop.price.above(fill.price),
                PositionSide::Short => fill.price.above(stop.price),
            };
            out.slippage.push(against.max(Points::ZERO));
        }
        tranche.book(side, &Booking { level, reason, price: fill.price, quantity, fee, at: fill.at })?;
        if leg == Some(Leg::Part) {
            tranche.aside.part = tranche.aside.part.saturating_minus(quantity);
            if tranche.aside.part.is_zero() {
                tranche.complete_part(reason);
            }
        }
        if let Some(number) = level.filter(|_| !former)
            && let Some(level) = tranche.levels.iter_mut().find(|level| level.number == number)
        {
            level.filled = level.filled.plus(quantity)?;
        }
        self.owe(fill, id, quantity, false);
        Ok(())
    }

    /// More was closed than we know to be open, so an entry is missing here: nothing is invented, the venue is asked (F-B01,
    /// F-B06). That an order of ours has closed it is told: it only ever reduces.
    pub(crate) fn closed_too_much(&mut self, rest: Quantity, ours: bool, ctx: Ctx, out: &mut Out) {
        if ours {
            let text = format!(
                "{} {}: our order closed {rest} more than is known to be open; asking for the full state",
                ctx.instrument.symbol, self.key.side
            );
            out.tell(Severity::Warning, self.key, text);
        }
        let (account, cause) = (self.key.account, backstop_model::SnapshotCause::Surprise);
        out.commands.push(backstop_model::Command::Snapshot { account, cause });
    }

    /// What an execution was for: the leg of our order, and the reason it is booked under.
    pub(super) fn purpose(&self, fill: &Fill, ours: Option<Named>) -> (Option<Leg>, ExitReason) {
        let external = match fill.cause {
            FillCause::Adl => ExitReason::Adl,
            FillCause::Liquidation => ExitReason::Liquidation,
            FillCause::Order | FillCause::Settlement => ExitReason::External,
        };
        let Some(named) = ours else {
            return if self.is_hit_of_carried(fill) { (Some(Leg::WholeStop), external) } else { (None, external) };
        };
        let known = self.orders.iter().find(|order| Some(order.id) == fill.order);
        let stop = self.live.as_ref().and_then(|live| live.tranche(named.tranche)?.stop);
        let reason = known.map(|order| order.reason).unwrap_or(match named.leg {
            Leg::Stop | Leg::StopPart(_) | Leg::WholeStop => {
                stop.map_or(ExitReason::StopLoss, |stop| stop.basis.reason())
            }
            Leg::Trail => ExitReason::TrailingStop,
            Leg::Target(_) => ExitReason::TakeProfit,
            Leg::Instant(_) => ExitReason::InstantTakeProfit,
            Leg::Close | Leg::Part => ExitReason::Manual,
            Leg::Drill => ExitReason::Unknown,
        });
        (Some(named.leg), reason)
    }

    /// Takes note of an execution at the order it belongs to.
    pub(crate) fn count_at_order(&mut self, fill: &Fill) -> Result<(), OutOfRange> {
        let now = fill.at;
        // What had this id in an incarnation of which every record is gone, before this one was opened (F-M13).
        let before = self.live.as_ref().is_some_and(|live| live.tranches.iter().all(|tranche| now < tranche.opened_at));
        let its = |order: &&mut OpenOrder| Some(order.id) == fill.order && !(before && order.epoch == self.epoch);
        let Some(order) = self.orders.iter_mut().find(its) else { return Ok(()) };
        order.filled = order.filled.plus(fill.quantity)?;
        order.reported = order.reported.max(order.filled);
        if order.filled >= order.quantity {
            order.state = OrderState::Over { since: now };
        } else if matches!(order.state, OrderState::InFlight { .. } | OrderState::Unknown(_)) {
            // It has executed, so it exists: the answer is still on its way (F-B04).
            order.state = OrderState::Working { change: None };
        }
        Ok(())
    }

    /// Whether an execution is new; it is remembered.
    pub(crate) fn is_news(&mut self, fill: &Fill) -> bool {
        self.as_of = self.as_of.max(fill.at);
        self.pass_epoch(fill);
        self.remember(fill.id)
    }

    /// The incarnation after this one: its ids have never been used (R2).
    pub(super) fn next_epoch(&self) -> Epoch {
        self.epoch.max(self.shown).next()
    }

    /// An order of ours that we do not know has executed: its incarnation has been, and the next one needs ids of its own
    /// (R2), also when the journal that knew is gone. Within an incarnation of which we know orders, the next
    /// one of its leg does: most venues take an id once more when its order is over (R3).
    fn pass_epoch(&mut self, fill: &Fill) {
        let ours = fill.order.as_ref().and_then(Named::read);
        let ours = ours.filter(|named| named.scope == self.scope && named.side == self.key.side);
        let Some(named) = ours else { return };
        self.shown = self.shown.max(named.epoch);
        match &self.live {
            None => self.epoch = self.epoch.max(named.epoch),
            Some(live) if !live.has_sent_nothing() => self.note_revision(&named),
            // Our orders may have to be recognised at the venue yet.
            Some(_) => {}
        }
    }
}

impl Live {
    /// An entry of ours adds to it: what it becomes part of is ours to look after, and what was not to be filled any more
    /// is closed with it.
    fn own(&mut self, entered: &Entered, key: PositionKey, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        if self.adoption != Adoption::Managed {
            self.take_over(ctx.now);
            self.plan = entered.plan(key, ctx, out);
            let ids: Vec<_> = self.open().map(|tranche| tranche.id).collect();
            ids.into_iter().try_for_each(|id| arming::arm(self, id, key, ctx, out))?;
        }
        if let Some(Unwanted::Closed(reason)) = entered.unwanted {
            self.close(reason, ctx.now);
        }
        Ok(())
    }
}

impl Tranche {
    /// A reduction from outside shrinks open levels pro rata (§3.4).
    pub(super) fn shrink_levels(&mut self, gone: Quantity, step: Quantity, trails: bool) -> Result<(), OutOfRange> {
        let now = self.remaining;
        self.fit_levels(now.plus(gone)?, now, step, trails)
    }
}

/// The part of an amount that belongs to a part of a quantity.
pub(super) fn part_of(amount: Money, part: Quantity, whole: Quantity) -> Result<Money, OutOfRange> {
    if part == whole { Ok(amount) } else { amount.pro_rata(part, whole, Rounding::Nearest) }
}

/// The fee of a part of an execution; unknown counts as nothing until it is known (`owed`).
pub(crate) fn fee_of(fill: &Fill, part: Quantity) -> Result<Money, OutOfRange> {
    match fill.fee {
        Fee::Known(fee) if part == fill.quantity => Ok(fee),
        Fee::Known(fee) => fee.pro_rata(part, fill.quantity, Rounding::Nearest),
        Fee::Unknown => Ok(Money::ZERO),
    }
}
