//! The turn every event ends in: rules look at the facts, one after the other, and change what is wanted.
//!
//! The order is fixed: levels that are complete, the ladder, the trail, targets passed at the executable price, the
//! stop's backup, time, protection. Each rule is level-triggered; running the turn twice changes nothing.

use super::answers::stop_reason;
use super::protection::LIMIT;
use super::{Ctx, Mismatch, Out, Position};
use crate::exits::ladder::Instant;
use crate::orders::{Leg, OrderState};
use backstop_model::{
    Command, ExitReason, OutOfRange, PositionSide, Price, Series, Severity, SnapshotCause, Span, Timestamp,
};

/// How long a price must stand beyond something before it counts without a second witness (F-H01), and before a target
/// is taken over its resting order (product.md §2.4).
pub(super) const DWELL: Span = Span::from_millis(250);
/// How long the venue's own stop may take once its price is through it (I28 gives 500 ms in all).
pub(super) const STOP_GRACE: Span = Span::from_millis(400);
/// How long a triggered stop may stay without execution (F-C11).
pub(super) const TRIGGER_GRACE: Span = Span::from_millis(1000);

impl Position {
    /// Lets every rule look at the facts.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range; the caller suspends the position.
    pub(crate) fn look(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        self.pass_levels(ctx, out)?;
        if self.mend_levels(ctx, out)? {
            self.pass_levels(ctx, out)?;
        }
        if let Some(live) = self.live.as_mut().filter(|live| live.tranche.remaining.is_zero()) {
            // Closed: nothing is left to decide, only orders to be seen gone.
            live.stop_passed = None;
            self.watch_protection(ctx, out);
            return Ok(());
        }
        self.follow_proposal(ctx);
        self.follow_price(ctx, out)?;
        self.watch_targets(ctx);
        self.back_up_stop(ctx, out);
        self.watch_time(ctx);
        self.watch_instants();
        self.watch_quantity(ctx, out);
        self.watch_protection(ctx, out);
        Ok(())
    }

    /// Targets that the executable price has passed while their orders have not filled (product.md §2.4).
    fn watch_targets(&mut self, ctx: Ctx) {
        let side = self.key.side;
        let series = Series::executable(side);
        let Some(live) = &mut self.live else { return };
        let wanted = live.plan.as_ref().is_some_and(|plan| plan.instant_take_profit);
        let Some(price) = ctx.board.price(series).filter(|_| wanted && live.closing.is_none()) else { return };
        let fresh = ctx.board.fresh(series, ctx.now).is_some();
        for level in &mut live.tranche.levels {
            if level.due().is_zero() {
                continue;
            }
            let past = side.reached(price, level.price);
            level.instant = match level.instant {
                Instant::No | Instant::Past { .. } if !past => Instant::No,
                Instant::No => Instant::Past { since: ctx.now },
                Instant::Past { since } if ctx.now.since(since) < DWELL => Instant::Past { since },
                Instant::Past { .. } if fresh => Instant::Limit,
                Instant::Past { .. } => Instant::Past { since: ctx.now },
                taking @ (Instant::Limit | Instant::Market) => taking,
            };
        }
    }

    /// What the immediate-or-cancel limit left goes to market.
    fn watch_instants(&mut self) {
        let Some(live) = &mut self.live else { return };
        let epoch = self.epoch;
        for level in &mut live.tranche.levels {
            let leg = Leg::Instant(level.number);
            let mine = self.orders.iter().filter(|order| order.leg == leg && order.epoch == epoch);
            let sent = live.revisions.contains_key(&leg);
            let all_settled = mine.clone().all(|order| order.is_settled());
            if level.instant == Instant::Limit && sent && all_settled && !level.due().is_zero() {
                level.instant = Instant::Market;
            }
        }
    }

    /// The stop's price is through it and the venue is silent: the backup closes (product.md §2.1, I28).
    fn back_up_stop(&mut self, ctx: Ctx, out: &mut Out) {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return };
        let (Some(stop), Some(plan), None) = (live.tranche.stop, live.plan.as_ref(), live.closing) else { return };
        let series = plan.stop_loss.trigger.series(side);
        let Some(price) = ctx.board.price(series) else { return };
        if !side.hit(price, stop.price) {
            live.stop_passed = None;
            return;
        }
        let since = *live.stop_passed.get_or_insert(ctx.now);
        let stands = self.orders.iter().filter(|order| order.leg == Leg::Stop && order.stands());
        let until = stands.map(|order| grace(order.state, since)).max();
        let confirmed = believed(side, stop.price, series, ctx) || ctx.now.since(since) >= DWELL;
        let due = until.map_or(confirmed, |until| ctx.now >= until && confirmed);
        if due && ctx.board.fresh(series, ctx.now).is_some() {
            let how = if until.is_some() { "the venue's stop is silent" } else { "no stop is working at the venue" };
            let text = format!(
                "{} {side}: price {price} is through the stop {} and {how}; closing at market",
                ctx.instrument.symbol, stop.price
            );
            out.tell(Severity::Alarm, key, text);
            let reason = stop_reason(live);
            live.close(reason, ctx.now);
        }
    }

    fn watch_time(&mut self, ctx: Ctx) {
        let Some(live) = &mut self.live else { return };
        let limit = live.plan.as_ref().and_then(|plan| plan.time_limit);
        if limit.is_some_and(|limit| ctx.now >= live.tranche.opened_at.plus(limit)) {
            live.close(ExitReason::TimeLimit, ctx.now);
        }
    }

    /// Another quantity at the venue, for longer than executions take: ask for the full state.
    fn watch_quantity(&mut self, ctx: Ctx, out: &mut Out) {
        let account = self.key.account;
        let Some(live) = &mut self.live else { return };
        if let Some(Mismatch { since, asked: asked @ false, .. }) = &mut live.mismatch
            && ctx.now.since(*since) >= super::reports::GRACE
        {
            *asked = true;
            out.commands.push(Command::Snapshot { account, cause: SnapshotCause::Surprise });
        }
    }

    fn watch_protection(&mut self, ctx: Ctx, out: &mut Out) {
        let covered = self.is_covered();
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return };
        live.protection.note(covered || live.tranche.remaining.is_zero(), ctx.now);
        let since = live.protection.unprotected_since.filter(|since| ctx.now.since(*since) >= LIMIT);
        if let Some(since) = since.filter(|_| !live.protection.alarmed) {
            live.protection.alarmed = true;
            let text = format!(
                "{} {side}: UNPROTECTED for {}: no working stop at the venue for {}; Backstop watches the price and keeps trying",
                ctx.instrument.symbol,
                ctx.now.since(since),
                live.tranche.remaining
            );
            out.tell(Severity::Alarm, key, text);
        }
    }

    /// A working stop of ours covers what is open (I25).
    pub(crate) fn is_covered(&self) -> bool {
        let remaining = self.quantity();
        let covers = |order: &crate::orders::OpenOrder| {
            order.leg == Leg::Stop && order.epoch == self.epoch && order.stands() && order.remaining() >= remaining
        };
        !remaining.is_zero() && self.orders.iter().any(covers)
    }
}

/// When the venue's stop has had its time.
fn grace(state: OrderState, since: Timestamp) -> Timestamp {
    match state {
        OrderState::Triggered { since } => since.plus(TRIGGER_GRACE),
        OrderState::InFlight { .. } | OrderState::Unknown(_) | OrderState::Working { .. } | OrderState::Over { .. } => {
            since.plus(STOP_GRACE)
        }
    }
}

/// The best price of a series since the tranche was opened.
pub(super) fn extreme(side: PositionSide, ctx: Ctx, series: Series, window: u64) -> Option<Price> {
    let range = ctx.board.range_since(series, window)?;
    Some(match side {
        PositionSide::Long => range.high,
        PositionSide::Short => range.low,
    })
}

/// No misprint: replayed, or two of last, mark and the executable price agree (F-H01).
pub(super) fn believed(side: PositionSide, level: Price, series: Series, ctx: Ctx) -> bool {
    ctx.board.is_confirmed(series) || ctx.board.witnesses(side, level, ctx.now) >= 2
}
