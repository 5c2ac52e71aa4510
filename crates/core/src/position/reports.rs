//! What the venue says of orders and positions: statuses, look-ups, full reads.
//!
//! Terminal beats open, the larger cumulative quantity wins (F-B03). Absence is weak (R8): one read that does not show
//! something starts a doubt, it never ends anything.

use super::ended::frees_a_close;
use super::refused::stop_reason;
use super::scene::title;
use super::tranche::Entry;
use super::wants::native_trail;
use super::{Ctx, Entered, Mismatch, Out, Position, Tranche, arming};
use crate::orders::{Change, Doubt, EntryName, Leg, Named, OpenOrder, OrderState};
use backstop_model::plan::TargetOrder;
use backstop_model::{
    Command, ExitReason, Lookup, Money, OrderKind, OrderReport, OrderStatus, OutOfRange, PositionReport, Quantity,
    Severity, SnapshotCause, Span, TimeInForce, Timestamp, TrancheId,
};

/// Two full reads that disagree with us must be this far apart to be a fact.
const SPACED: Span = Span::from_millis(500);
/// How long executions may be on their way before another quantity is looked into.
pub(super) const GRACE: Span = Span::from_secs(1);

impl Position {
    /// Takes in a status report of one of our orders.
    pub(crate) fn reported(&mut self, report: &OrderReport, ctx: Ctx, out: &mut Out) {
        if self.entry_reported(report, ctx, out) {
            return;
        }
        let Some(named) = report.id.as_ref().and_then(Named::read) else { return self.note_foreign(report, ctx) };
        if named.side != self.key.side {
            // A read tells both sides of an instrument of all its orders.
            return;
        }
        let Some(index) = self.index_of(report) else {
            return if self.is_behind(report) { self.ask_about(report, out) } else { self.adopt_order(report, ctx) };
        };
        let order = &mut self.orders[index];
        order.venue_id = Some(report.venue_id);
        order.reported = order.reported.max(report.filled);
        order.seen_at = ctx.now;
        if !order.is_live() {
            return;
        }
        match &report.status {
            OrderStatus::Working => self.still_works(index, report, ctx, out),
            OrderStatus::Triggered => {
                if !matches!(order.state, OrderState::Triggered { .. }) {
                    order.state = OrderState::Triggered { since: ctx.now };
                }
            }
            OrderStatus::Filled => order.state = OrderState::Over { since: report.at },
            OrderStatus::Canceled | OrderStatus::Expired | OrderStatus::Rejected => self.ended(index, report, ctx, out),
            OrderStatus::Other(word) => {
                // Not final, ask again (F-B10): for the order itself as well, which one answer tells.
                let (account, instrument, deal) = (self.key.account, self.key.instrument, self.key.deal);
                out.commands.push(Command::Lookup { account, instrument, id: order.id, deal });
                let text = format!(
                    "{}: unknown order status {word:?} at the venue; asking for the full state",
                    ctx.instrument.symbol
                );
                out.tell(Severity::Warning, self.key, text);
                out.commands.push(Command::Snapshot { account: self.key.account, cause: SnapshotCause::Surprise });
            }
        }
    }

    /// Takes in an order of a full read: what it shows of ours is there, whatever we have forgotten.
    pub(crate) fn read_order(&mut self, report: &OrderReport, ctx: Ctx, out: &mut Out) {
        let own = report.id.as_ref().and_then(Named::read).is_some_and(|named| named.side == self.key.side);
        if own && self.index_of(report).is_none() && self.is_behind(report) {
            self.adopt_order(report, ctx);
        }
        self.reported(report, ctx, out);
    }

    pub(super) fn index_of(&self, report: &OrderReport) -> Option<usize> {
        self.orders.iter().position(|order| Some(order.id) == report.id || order.venue_id == Some(report.venue_id))
    }

    fn still_works(&mut self, index: usize, report: &OrderReport, ctx: Ctx, out: &mut Out) {
        let key = self.key;
        let order = &mut self.orders[index];
        let is_old = report.at < order.changed_at;
        order.changed_at = order.changed_at.max(report.at);
        let rested = order.state == OrderState::Working { change: None };
        let arrived = matches!(order.state, OrderState::InFlight { .. } | OrderState::Unknown(_));
        match order.state {
            OrderState::InFlight { .. } | OrderState::Unknown(_) => order.state = OrderState::Working { change: None },
            OrderState::Working { change: Some(Change::Amending { price, quantity, guaranteed, .. }) }
                if report.trigger.is_some_and(|told| (told.price, told.guaranteed) == (price, guaranteed)) =>
            {
                order.quantity = order.filled.plus(quantity).unwrap_or(quantity);
                order.state = OrderState::Working { change: None };
            }
            OrderState::Working { .. } | OrderState::Triggered { .. } | OrderState::Over { .. } => {}
        }
        if arrived {
            let taken = order.clone();
            self.taken(&taken, ctx, out);
        }
        let order = &mut self.orders[index];
        order.maybe_gone &= is_old;
        if is_old || matches!(order.state, OrderState::Working { change: Some(Change::Cancelling { .. }) }) {
            // It works; where it stood before, or what is going, is no news.
            return;
        }
        if order.state == (OrderState::Working { change: None }) {
            order.take_terms(report);
        }
        if let (OrderKind::StopMarket(ours), Some(theirs)) = (&mut order.kind, report.trigger) {
            // Moved by hand or by an amend: what the venue says exists. Tighter is kept, looser is restored (F-D05).
            let moved = rested && ours.price != theirs.price;
            (ours.price, ours.guaranteed) = (theirs.price, theirs.guaranteed);
            let (side, id, leg) = (self.key.side, order.tranche, order.leg);
            let Some(live) = &mut self.live else { return };
            let its = |tranche: &&mut Tranche| leg == Leg::WholeStop || (leg.is_own_stop() && tranche.id == id);
            for tranche in live.tranches.iter_mut().filter(its) {
                // A guarantee that there is, whoever bought it, is never given back.
                tranche.guarantee.note_told(theirs.guaranteed);
                let Some(stop) = &mut tranche.stop else { continue };
                if moved && side.is_better(stop.price, theirs.price) {
                    let text = format!(
                        "{} {side}: somebody has moved the stop at the venue out to {}; a stop is never loosened, it goes back to {}",
                        ctx.instrument.symbol, theirs.price, stop.price
                    );
                    out.tell(Severity::Warning, key, text);
                }
                stop.price = side.better(stop.price, theirs.price);
            }
        }
    }

    fn ended(&mut self, index: usize, report: &OrderReport, ctx: Ctx, out: &mut Out) {
        let (key, status) = (self.key, &report.status);
        let order = &mut self.orders[index];
        let asked = matches!(order.state, OrderState::Working { change: Some(Change::Cancelling { .. }) });
        let was_triggered = matches!(order.state, OrderState::Triggered { .. });
        order.state = OrderState::Over { since: report.at };
        let (leg, id, unfilled) = (order.leg, order.tranche, order.reported < order.quantity);
        if leg == Leg::WholeStop && !asked {
            return self.whole_stop_ended(was_triggered || *status == OrderStatus::Rejected, ctx, out);
        }
        let gone = self.is_told_gone(ctx.now);
        let live = self.live.as_mut().filter(|_| unfilled && !asked);
        // What another order has closed already needs neither a stop nor a target.
        let tranche = live.and_then(|live| live.tranche_mut(id)).filter(|tranche| !tranche.is_closed());
        let Some(tranche) = tranche else { return };
        let name = title(key.side, id, ctx);
        match leg {
            Leg::Stop | Leg::StopPart(_) if was_triggered || *status == OrderStatus::Rejected => {
                // Triggered without (full) execution: a stop hit that the venue did not finish (F-C07, F-B09).
                let text =
                    format!("{name}: the stop triggered but was not executed in full; closing the rest at market");
                out.tell(Severity::Alarm, key, text);
                let reason = stop_reason(tranche);
                tranche.close(reason, ctx.now);
            }
            Leg::Stop | Leg::StopPart(_) if !gone => {
                let text = format!("{name}: the stop has gone from the venue; placing it again");
                out.tell(Severity::Alarm, key, text);
            }
            Leg::Target(_) | Leg::Trail => {
                tranche.hold(leg, ctx.now);
            }
            Leg::Close | Leg::Drill | Leg::Instant(_) | Leg::Part | Leg::Stop | Leg::StopPart(_) | Leg::WholeStop => {}
        }
    }

    /// An order of an incarnation that is over, or one that has been over before: what is told of it may be old.
    fn is_behind(&self, report: &OrderReport) -> bool {
        let epoch = report.id.as_ref().and_then(Named::read).map(|named| named.epoch);
        self.live.is_none() || epoch != Some(self.epoch) || self.was_settled(report)
    }

    /// An order that has been over before, by its revision: an old report must not bring it back (F-B03).
    fn was_settled(&self, report: &OrderReport) -> bool {
        let Some(named) = report.id.as_ref().and_then(Named::read) else { return false };
        let live = self.live.as_ref().filter(|_| named.epoch == self.epoch && named.side == self.key.side);
        let last = live.and_then(|live| match named.leg {
            Leg::WholeStop => Some(live.whole.revision),
            leg => live.tranche(named.tranche)?.revisions.get(&leg).copied(),
        });
        last.is_some_and(|last| named.revision <= last)
    }

    /// Only the answer to a question decides whether the venue still has it.
    fn ask_about(&self, report: &OrderReport, out: &mut Out) {
        if let Some(id) = report.id.filter(|_| !report.status.is_final()) {
            let (account, instrument, deal) = (self.key.account, self.key.instrument, self.key.deal);
            out.commands.push(Command::Lookup { account, instrument, id, deal });
        }
    }

    /// An order that is provably ours but not known, after a journal was lost: taken over, so that it is counted.
    pub(super) fn adopt_order(&mut self, report: &OrderReport, ctx: Ctx) {
        let Some(named) = report.id.as_ref().and_then(Named::read).filter(|named| named.scope == self.scope) else {
            return;
        };
        let whole = report.quantity.is_none();
        let quantity = report.quantity.unwrap_or_else(|| self.quantity());
        let (Some(id), false) = (report.id, report.status.is_final()) else { return };
        if named.side != self.key.side || self.is_outlived(report) {
            return;
        }
        self.shown = self.shown.max(named.epoch);
        let kind = self.kind_of(&named, report, ctx);
        let state = match report.status {
            OrderStatus::Triggered => OrderState::Triggered { since: ctx.now },
            _ => OrderState::Working { change: None },
        };
        self.note_revision(&named);
        self.keep_ground(&named, report);
        self.orders.push(OpenOrder {
            id,
            tranche: named.tranche,
            leg: named.leg,
            epoch: named.epoch,
            venue_id: Some(report.venue_id),
            kind,
            quantity,
            former: false,
            whole,
            filled: report.filled,
            reported: report.filled,
            maybe_at: None,
            unheard: 0,
            maybe_gone: false,
            carried: false,
            reason: self.reason_of(&named),
            seen_at: ctx.now,
            changed_at: report.at,
            state,
        });
    }

    /// A stop of ours that nobody remembers and that is tighter than what is wanted is kept where it is (I3).
    fn keep_ground(&mut self, named: &Named, report: &OrderReport) {
        let (side, leg) = (self.key.side, named.leg);
        let live = self.live.as_mut().filter(|_| leg.is_own_stop() && named.epoch == self.epoch);
        let stop = live.and_then(|live| live.tranche_mut(named.tranche)).and_then(|tranche| tranche.stop.as_mut());
        if let (Some(stop), Some(trigger)) = (stop, report.trigger) {
            stop.price = side.better(stop.price, trigger.price);
        }
    }

    /// An order of this incarnation has been at the venue: its id is not used once more (R2, R3).
    pub(super) fn note_revision(&mut self, named: &Named) {
        let Some(live) = self.live.as_mut().filter(|_| named.epoch == self.epoch) else { return };
        if named.leg == Leg::WholeStop {
            live.whole.revision = named.revision.max(live.whole.revision);
        } else if let Some(tranche) = live.tranche_mut(named.tranche) {
            let known = tranche.revisions.get(&named.leg).map_or(0, |known| *known);
            tranche.revisions.insert(named.leg, named.revision.max(known));
        }
    }

    /// What the executions of a recognised order are booked as.
    fn reason_of(&self, named: &Named) -> ExitReason {
        let tranche = self.live.as_ref().and_then(|live| live.tranche(named.tranche));
        match named.leg {
            Leg::Stop | Leg::StopPart(_) | Leg::WholeStop => tranche.map_or(ExitReason::StopLoss, stop_reason),
            Leg::Trail => ExitReason::TrailingStop,
            Leg::Target(_) => ExitReason::TakeProfit,
            Leg::Instant(_) => ExitReason::InstantTakeProfit,
            Leg::Part => ExitReason::Manual,
            // Nobody remembers why everything was to be closed.
            Leg::Close | Leg::Drill => ExitReason::Unknown,
        }
    }

    /// What an order of ours says, as far as the venue tells.
    fn kind_of(&self, named: &Named, report: &OrderReport, ctx: Ctx) -> OrderKind {
        let trail = || {
            let live = self.live.as_ref()?;
            native_trail(live.tranche(named.tranche)?, live.plan.as_ref()?, ctx, self.key.side)
        };
        match (named.leg, report.trigger, report.limit) {
            // Venues do not tell a trail's distance: it is taken for the one we would place.
            (Leg::Trail, ..) => trail().map_or(OrderKind::Market, |want| want.kind),
            (Leg::Target(_), Some(trigger), _) => OrderKind::TakeProfitMarket(trigger),
            (_, Some(trigger), _) => OrderKind::StopMarket(trigger),
            (_, None, Some(price)) => {
                let post_only = self.live.as_ref().and_then(|live| live.plan.as_ref()).map(|plan| plan.target_order);
                let time_in_force = match post_only {
                    Some(TargetOrder::PostOnly) => TimeInForce::PostOnly,
                    Some(TargetOrder::Limit | TargetOrder::Market) | None => TimeInForce::GoodTillCancel,
                };
                OrderKind::Limit { price, time_in_force }
            }
            (_, None, None) => OrderKind::Market,
        }
    }

    /// Takes in the answer to "what became of this order?"; its executions have been booked.
    pub(crate) fn looked_up(&mut self, lookup: &Lookup, ctx: Ctx, out: &mut Out) {
        if EntryName::read(&lookup.id).is_some() {
            return self.entry_looked_up(lookup, ctx, out);
        }
        let booked = lookup.fills.iter().fold(Quantity::ZERO, |sum, fill| sum.plus(fill.quantity).unwrap_or(sum));
        if let Some(order) = self.orders.iter_mut().find(|order| order.id == lookup.id) {
            order.filled = order.filled.max(booked);
        }
        if lookup.found.as_ref().is_some_and(|report| self.may_be_gone(report)) {
            let (account, cause) = (self.key.account, SnapshotCause::Surprise);
            return out.commands.push(Command::Snapshot { account, cause });
        }
        if let Some(report) = lookup.found.as_ref().filter(|report| !self.is_namesake(report)) {
            if self.index_of(report).is_none() {
                // Executions that are newer than what is said of it: only another answer decides. Older ones are those of an
                // order that had its id before, in a journal that is gone.
                let is_newer = lookup.fills.iter().any(|fill| fill.at >= report.at);
                return if booked > report.filled && is_newer {
                    self.ask_about(report, out)
                } else {
                    self.adopt_order(report, ctx)
                };
            }
            self.note_untold(report, lookup.server_time, out);
            return self.reported(report, ctx, out);
        }
        let validity = ctx.account.capability.request_validity;
        let Some(index) = self.orders.iter().position(|order| order.id == lookup.id) else { return };
        let order = &mut self.orders[index];
        match &mut order.state {
            OrderState::Unknown(doubt) => {
                doubt.count_absence(lookup.server_time);
                doubt.hurry(ctx.now, validity);
                let (leg, sent_at) = (order.leg, doubt.sent_at);
                if doubt.proves_absence(validity) && order.reported <= order.filled {
                    if order.venue_id.is_some() && !doubt.unlisted {
                        // The venue has spoken of it: that it does not find it now may be a lapse of whoever looks it up.
                        let (account, cause) = (self.key.account, SnapshotCause::Surprise);
                        out.commands.push(Command::Snapshot { account, cause });
                        return;
                    }
                    self.absent(index, ctx, out);
                } else if leg == Leg::WholeStop {
                    self.whole_stop_lost(sent_at);
                } else {
                    self.give_up(index, ctx);
                }
            }
            OrderState::Working { .. } | OrderState::Triggered { .. } => {
                // It was there: two spaced reads must agree before it counts as gone.
                let mut doubt = Doubt::new(ctx.now, lookup.server_time);
                doubt.count_absence(lookup.server_time);
                order.state = OrderState::Unknown(doubt);
            }
            OrderState::InFlight { .. } | OrderState::Over { .. } => {}
        }
    }

    /// It has ended, and for longer than the stream takes nobody has told: what else the stream has left out only a full read
    /// shows (F-E01).
    fn note_untold(&self, report: &OrderReport, server_time: Timestamp, out: &mut Out) {
        let was_live = self.index_of(report).is_some_and(|index| self.orders[index].is_live());
        let ended = matches!(report.status, OrderStatus::Canceled | OrderStatus::Expired);
        if was_live && ended && server_time.since(report.at) > GRACE {
            out.commands.push(Command::Snapshot { account: self.key.account, cause: SnapshotCause::Surprise });
        }
    }

    fn absent(&mut self, index: usize, ctx: Ctx, out: &mut Out) {
        let order = self.orders.remove(index);
        let text = format!(
            "{} {}: {} order {} proven absent; deciding anew",
            ctx.instrument.symbol, self.key.side, order.leg, order.id
        );
        out.tell(Severity::Note, self.key, text);
        if frees_a_close(&order) {
            self.forget_smallness();
        }
    }

    /// An order of ours that a full read does not show: ask for it. One that was seen just now may be younger than the read: it
    /// stays what it is, and a stop is asked for; so is what takes at once, which may be over already, unheard (F-E01).
    pub(crate) fn missing_in(&mut self, read: &[OrderReport], server_time: Timestamp, ctx: Ctx, out: &mut Out) {
        let (account, instrument, deal) = (self.key.account, self.key.instrument, self.key.deal);
        for order in self.orders.iter_mut().filter(|order| read.iter().all(|report| report.id != Some(order.id))) {
            if let OrderState::Unknown(doubt) = &mut order.state {
                doubt.unlisted |= server_time.since(doubt.sent_at) >= GRACE;
            }
            if !matches!(order.state, OrderState::Working { .. } | OrderState::Triggered { .. }) {
                continue;
            }
            if server_time.since(order.seen_at) < GRACE {
                if order.leg.is_stop() || order.leg.takes_at_once() {
                    out.commands.push(Command::Lookup { account, instrument, id: order.id, deal });
                }
                continue;
            }
            let mut doubt = Doubt::new(ctx.now, server_time);
            (doubt.ask_at, doubt.unlisted) = (ctx.now, true);
            order.state = OrderState::Unknown(doubt);
        }
    }

    /// The venue's word on the quantity, from the stream: a hint that executions may be missing.
    pub(crate) fn position_reported(&mut self, report: &PositionReport, ctx: Ctx) {
        if let Some(live) = &mut self.live {
            // One that leaves the range is told again by the next full read, and fails there.
            let _ = live.note_premium(report.premium);
        }
        if report.at < self.as_of {
            return;
        }
        if self.is_flat() {
            return self.note_unseen(report, ctx);
        }
        let ours = self.quantity();
        let Some(live) = &mut self.live else { return };
        live.liquidation.put(report.liquidation_price.or(live.liquidation.get()));
        live.mismatch = match live.mismatch.take() {
            _ if report.quantity == ours => None,
            Some(known) if known.quantity == report.quantity => Some(known),
            _ => Some(Box::new(Mismatch { quantity: report.quantity, since: ctx.now, read_at: None, asked: false })),
        };
    }

    /// The venue's word on the quantity, from a full read. Two spaced reads make it a fact.
    pub(crate) fn position_read(
        &mut self,
        quantity: Quantity,
        report: Option<&PositionReport>,
        (read_at, at_first_look, beside): (Timestamp, bool, Option<Entered>),
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        if read_at < self.as_of {
            // Read before an execution we have booked, or before a read that was believed: it would bring back what is gone
            // (F-E15, F-E16).
            return Ok(());
        }
        self.close_down_to(quantity, ctx, out)?;
        let ours = self.quantity();
        let told = ours.saturating_minus(self.untold_exits());
        if let Some(live) = &mut self.live {
            live.liquidation.put(report.and_then(|report| report.liquidation_price).or(live.liquidation.get()));
            live.note_premium(report.and_then(|report| report.premium))?;
        }
        if quantity == ours {
            self.read_as_flat(read_at);
            if let Some(live) = &mut self.live {
                live.mismatch = None;
            }
            return Ok(());
        }
        let Some(live) = &mut self.live else {
            // It was there before us: taken over with the venue's own average (R7).
            let Some(price) = report.and_then(|report| report.entry_price) else { return Ok(()) };
            self.epoch = self.next_epoch();
            let at = report.map_or(ctx.now, |report| report.at);
            let entry = Entry { price, quantity, fee: Money::ZERO, at, window: ctx.board.next_window() };
            let origin = self.origin_of_read(beside, at_first_look);
            self.begin(Tranche::open(TrancheId::FIRST, &entry, ctx)?, origin, ctx, out)?;
            if let Some(live) = &mut self.live {
                live.read_until = Some(read_at);
            }
            self.assume_entered(TrancheId::FIRST, price, quantity, read_at);
            // No execution opened it: it never closed, and no stop goes back (I3).
            self.keep_stop(|_| true);
            return Ok(());
        };
        match live.mismatch.as_deref().copied() {
            // The stream has said so as well, and our orders that they have executed as much: one read is enough.
            Some(Mismatch { quantity: known, since, .. })
                if known == quantity && told == quantity && ctx.now.since(since) >= GRACE =>
            {
                live.mismatch = None;
                return self.adjust(quantity, read_at, "our orders and its reads", ctx, out);
            }
            Some(Mismatch { quantity: known, read_at: Some(first), .. }) if known == quantity => {
                if read_at.since(first) >= SPACED {
                    live.mismatch = None;
                    return self.adjust(quantity, read_at, "two reads", ctx, out);
                }
            }
            _ => {
                let mismatch = Mismatch { quantity, since: ctx.now, read_at: Some(read_at), asked: true };
                live.mismatch = Some(Box::new(mismatch));
            }
        }
        out.commands.push(Command::Snapshot { account: self.key.account, cause: SnapshotCause::Surprise });
        Ok(())
    }

    /// The venue's quantity is believed although no execution explains it. Booked at the newest price and named so.
    fn adjust(
        &mut self,
        quantity: Quantity,
        read_at: Timestamp,
        witnesses: &str,
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return Ok(()) };
        let ours = live.remaining();
        // What is read or told from before this is old (F-E16).
        self.as_of = self.as_of.max(read_at);
        let text = format!(
            "{} {side}: the venue has {quantity}, our executions say {ours}; {witnesses} agree, so the venue is believed. Check the venue's trade history",
            ctx.instrument.symbol
        );
        out.tell(Severity::Alarm, key, text);
        if quantity < ours {
            return self.assume_closed(ours.minus(quantity)?, read_at, ctx);
        }
        let Some(newest) = live.tranches.last_mut() else { return Ok(()) };
        let id = newest.id;
        let price = ctx.board.price(backstop_model::Series::Last).unwrap_or(newest.entry_price);
        let more = quantity.minus(ours)?;
        newest.add(price, more, Money::ZERO)?;
        arming::rearm(live, id, key, ctx, out)?;
        self.assume_entered(id, price, more, read_at);
        Ok(())
    }
}
