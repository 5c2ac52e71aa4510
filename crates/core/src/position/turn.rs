//! The turn every event ends in: rules look at the facts, one after the other, and change what is wanted.
//!
//! The order is fixed: levels that are complete, the ladder, the trail, targets passed at the executable price, the
//! stop's backup, time, protection. Each rule is level-triggered; running the turn twice changes nothing.

use super::answers::stop_reason;
use super::protection::LIMIT;
use super::{Ctx, Live, Mismatch, Out, Position};
use crate::exits::ladder::{self, Instant, LevelState, Move};
use crate::exits::stop_loss::{Basis, StopLevel, Verdict, judge};
use crate::exits::trailing_stop::{PAUSE, Phase, Trail, smallest_move};
use crate::exits::{arm, break_even};
use crate::orders::{Leg, OrderState};
use backstop_model::plan::{ExitPlan, TrailedBy};
use backstop_model::{
    Command, ExitReason, OutOfRange, PositionSide, Price, Quantity, Series, Severity, SnapshotCause, Span, Timestamp,
};
use std::sync::Arc;

/// How long a price must stand beyond something before it counts without a second witness (F-H01), and before a target
/// is taken over its resting order (product.md §2.4).
pub(super) const DWELL: Span = Span::from_millis(250);
/// How long the venue's own stop may take once its price is through it (I28 gives 500 ms in all).
pub(super) const STOP_GRACE: Span = Span::from_millis(400);
/// How long a triggered stop may stay without execution (F-C11).
pub(super) const TRIGGER_GRACE: Span = Span::from_millis(1000);

impl Position {
    /// Arms the plan for a fresh entry.
    pub(super) fn arm(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return Ok(()) };
        let Some(plan) = live.plan.clone() else {
            let text = format!(
                "{} {side}: no plan applies to this position; it is shown, nothing is placed",
                ctx.instrument.symbol
            );
            out.tell(Severity::Alarm, key, text);
            return Ok(());
        };
        let armed = match arm::arm(&plan, ctx.instrument, side, live.tranche.entry_price) {
            Ok(armed) => armed,
            Err(wrong) => {
                // No plan is no reason to be naked: a hard stop stands in for it, nothing else is done.
                let price = arm::stand_in(ctx.instrument, side, live.tranche.entry_price)?;
                live.tranche.stop = Some(StopLevel { price, basis: Basis::Initial });
                let text = format!(
                    "{} {side}: plan {} is not armed: {wrong}. A hard stop at {price} stands in for it; close the position or give it a plan that fits",
                    ctx.instrument.symbol, plan.name
                );
                out.tell(Severity::Alarm, key, text);
                return Ok(());
            }
        };
        let (levels, told) = ladder::levels(&plan, &armed, ctx.instrument, live.tranche.remaining)?;
        for text in told {
            out.tell(Severity::Warning, key, text);
        }
        let tranche = &mut live.tranche;
        tranche.levels = levels;
        tranche.stop = Some(StopLevel { price: armed.stop, basis: Basis::Initial });
        tranche.armed = Some(armed);
        self.set_trail(&plan, ctx, out);
        Ok(())
    }

    /// After an entry was added: untouched levels are worked out anew, the stop is not loosened (product.md §3.4).
    pub(super) fn rearm(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let side = self.key.side;
        let Some(live) = &mut self.live else { return Ok(()) };
        let Some(plan) = live.plan.clone() else { return Ok(()) };
        let Ok(armed) = arm::arm(&plan, ctx.instrument, side, live.tranche.entry_price) else { return Ok(()) };
        let touched = live.tranche.levels.iter().any(|level| level.is_done() || !level.filled.is_zero());
        if touched {
            // Levels already hit keep their place; what was added goes to the last open one, or runs.
            let added = live.tranche.runner();
            if let Some(last) =
                live.tranche.levels.iter_mut().rev().find(|level| level.state == LevelState::Open && !plan.trails())
            {
                last.planned = last.planned.plus(added)?;
            }
            return Ok(());
        }
        let (levels, told) = ladder::levels(&plan, &armed, ctx.instrument, live.tranche.remaining)?;
        for text in told {
            out.tell(Severity::Warning, self.key, text);
        }
        let tranche = &mut live.tranche;
        tranche.levels = levels;
        let standing = tranche.stop.map_or(armed.stop, |stop| stop.price);
        if tranche.stop.is_none_or(|stop| stop.basis == Basis::Initial) {
            tranche.stop = Some(StopLevel { price: side.better(standing, armed.stop), basis: Basis::Initial });
        }
        tranche.armed = Some(armed);
        self.set_trail(&plan, ctx, out);
        Ok(())
    }

    fn set_trail(&mut self, plan: &Arc<ExitPlan>, ctx: Ctx, out: &mut Out) {
        let key = self.key;
        let Some(live) = &mut self.live else { return };
        let (Some(trailing), Some(armed)) = (plan.trailing, live.tranche.armed.as_ref()) else { return };
        let Some(behind) = armed.trail else { return };
        let mut by = trailing.by;
        if by == TrailedBy::Venue
            && let Some(why) = why_not_native(behind, ctx, live.tranche.runner())
        {
            by = TrailedBy::Amend;
            let text = format!(
                "{} {}: {why}; Backstop moves the resting stop at the asked distance {} instead",
                ctx.instrument.symbol, key.side, trailing.distance
            );
            out.tell(Severity::Warning, key, text);
        }
        let activation = armed.activation;
        live.tranche.trail =
            Some(Trail { activation, behind, by, refusals: 0, tried_at: None, passed: None, phase: Phase::Waiting });
    }

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

    /// Levels that are complete, in ascending order, each with its move of the stop.
    fn pass_levels(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return Ok(()) };
        let Some(plan) = live.plan.clone() else { return Ok(()) };
        loop {
            cut_to_rest(live, key, out);
            let best_last = extreme(side, ctx, Series::Last, live.tranche.window);
            let Some(level) = live.tranche.levels.iter_mut().find(|level| !level.is_done()) else { return Ok(()) };
            let number = level.number;
            let complete = level.state == LevelState::Open && level.filled >= level.planned && !level.planned.is_zero();
            let only_moved = live.closing.is_none()
                && level.state == LevelState::OnlyMoves
                && best_last.is_some_and(|best| side.reached(best, level.price));
            if level.state == LevelState::Open && level.planned.is_zero() {
                level.state = LevelState::Moot;
                continue;
            }
            if !complete && !only_moved {
                return Ok(());
            }
            level.state = if complete { LevelState::Hit { at: ctx.now } } else { LevelState::Moved };
            let (price, filled) = (level.price, level.filled);
            move_after(live, number, &plan, side, ctx)?;
            let stop = live.tranche.stop.map(|stop| stop.price).filter(|_| !live.tranche.remaining.is_zero());
            live.tranche.complete_exit(number, stop);
            let moved = stop.map_or_else(String::new, |stop| format!(", stop {stop}"));
            let symbol = ctx.instrument.symbol;
            let text = if complete {
                format!(
                    "{symbol} {side}: TP{number} hit at {price}: {filled} closed, {} remains{moved}",
                    live.tranche.remaining
                )
            } else {
                format!("{symbol} {side}: TP{number} reached at {price}: nothing to close{moved}")
            };
            out.tell(Severity::Note, key, text);
        }
    }

    /// What a level has left may have become too small for an order, after a reduction by hand or a part filled: it goes
    /// to the next level, else to the one before, else it runs. True when something was handed on.
    fn mend_levels(&mut self, ctx: Ctx, out: &mut Out) -> Result<bool, OutOfRange> {
        let (key, epoch) = (self.key, self.epoch);
        let Some(live) = &mut self.live else { return Ok(false) };
        let trails = live.plan.as_ref().is_some_and(|plan| plan.trails());
        let mut mended = false;
        for index in 0..live.tranche.levels.len() {
            let level = live.tranche.levels[index].clone();
            let (due, leg) = (level.due(), Leg::Target(level.number));
            let rests = self.orders.iter().any(|order| order.leg == leg && order.epoch == epoch && !order.is_settled());
            let taken = matches!(level.instant, Instant::Limit | Instant::Market);
            let smallest = ctx.instrument.smallest_exit(level.price)?;
            if due.is_zero() || rests || taken || due >= smallest || due == live.tranche.remaining {
                continue;
            }
            let open = |other: &ladder::Level| other.state == LevelState::Open && !other.due().is_zero();
            let levels = &mut live.tranche.levels;
            let heir = (index + 1..levels.len()).chain((0..index).rev()).find(|at| open(&levels[*at]));
            match heir {
                Some(heir) => levels[heir].planned = levels[heir].planned.plus(due)?,
                None if trails => {}
                None => continue,
            }
            levels[index].planned = level.filled;
            if level.filled.is_zero() {
                levels[index].state = LevelState::OnlyMoves;
            }
            let text = format!("TP{} skipped: quantity {due} below minimum {smallest}", level.number);
            out.tell(Severity::Warning, key, text);
            mended = true;
        }
        Ok(mended)
    }

    /// A ladder move that could not be made yet.
    fn follow_proposal(&mut self, ctx: Ctx) {
        let side = self.key.side;
        let Some(live) = &mut self.live else { return };
        let Some(proposal) = live.tranche.proposal.filter(|_| live.closing.is_none()) else { return };
        settle_proposal(live, proposal, side, ctx);
        if live.tranche.stop == Some(proposal)
            && let Some(exit) = live.tranche.exits.iter_mut().rev().find(|exit| exit.level.is_some() && exit.complete)
        {
            // The level that asked for the move is the newest one that is complete.
            exit.new_stop = Some(proposal.price);
        }
    }

    /// The trail: activation, then the stop after the best price.
    fn follow_price(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return Ok(()) };
        let (Some(mut trail), Some(plan), None) = (live.tranche.trail, live.plan.clone(), live.closing) else {
            return Ok(());
        };
        let Some(trailing) = plan.trailing else { return Ok(()) };
        let series = trailing.trigger.series(side);
        let Some(best) = extreme(side, ctx, series, live.tranche.window) else { return Ok(()) };
        if trail.phase == Phase::Waiting {
            if !trail.is_reached(side, best) {
                return Ok(());
            }
            trail.phase = Phase::Active { level: None, moved_at: None };
            live.tranche.trail = Some(trail);
            out.tell(
                Severity::Note,
                key,
                format!("{} {side}: trailing is active, best price {best}", ctx.instrument.symbol),
            );
        }
        if trail.by == TrailedBy::Venue {
            return Ok(());
        }
        self.move_trail(trail, best, ctx)?;
        self.watch_trail_level(series, ctx, out);
        Ok(())
    }

    /// The price is through the level of a trail that the engine watches: believed at once with a second witness, else
    /// after a moment (F-H01).
    fn watch_trail_level(&mut self, series: Series, ctx: Ctx, out: &mut Out) {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &mut self.live else { return };
        let Some(trail) = live.tranche.trail.as_mut().filter(|trail| trail.by == TrailedBy::Engine) else { return };
        let (Phase::Active { level: Some(level), .. }, Some(now)) = (trail.phase, ctx.board.price(series)) else {
            return;
        };
        if !side.hit(now, level) {
            trail.passed = None;
            return;
        }
        let since = *trail.passed.get_or_insert(ctx.now);
        let believed = believed(side, level, series, ctx) || ctx.now.since(since) >= DWELL;
        if believed && live.closing.is_none() && ctx.board.fresh(series, ctx.now).is_some() {
            let symbol = ctx.instrument.symbol;
            let text = format!("{symbol} {side}: price {now} is through the trail at {level}; closing at market");
            out.tell(Severity::Note, key, text);
            live.close(ExitReason::TrailingStop, ctx.now);
        }
    }

    fn move_trail(&mut self, mut trail: Trail, best: Price, ctx: Ctx) -> Result<(), OutOfRange> {
        let side = self.key.side;
        let Some(live) = &mut self.live else { return Ok(()) };
        let Phase::Active { level, .. } = trail.phase else { return Ok(()) };
        let Some(stop) = live.tranche.stop else { return Ok(()) };
        if live.tranche.trail_not_before.is_some_and(|not_before| ctx.now < not_before) {
            return Ok(());
        }
        let standing = level.map_or(stop.price, |level| side.better(level, stop.price));
        let candidate = trail.behind.stop(side, best, ctx.instrument.tick)?;
        if !moves_enough(side, standing, candidate, best, ctx, false)? {
            return Ok(());
        }
        live.tranche.trail_not_before = Some(ctx.now.plus(PAUSE));
        if !moves_enough(side, standing, candidate, best, ctx, true)? {
            return Ok(());
        }
        if trail.by == TrailedBy::Amend {
            let source = live.plan.as_ref().map(|plan| plan.stop_loss.trigger.series(side));
            let now = source.and_then(|source| ctx.board.price(source));
            let stop_best = source.and_then(|source| extreme(side, ctx, source, live.tranche.window));
            match judge(side, stop.price, candidate, now, stop_best) {
                Verdict::Take => live.tranche.stop = Some(StopLevel { price: candidate, basis: Basis::Trail }),
                Verdict::Hit => live.close(ExitReason::TrailingStop, ctx.now),
                Verdict::NotYet | Verdict::Useless => return Ok(()),
            }
        }
        trail.phase = Phase::Active { level: Some(candidate), moved_at: Some(ctx.now) };
        live.tranche.trail = Some(trail);
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
fn believed(side: PositionSide, level: Price, series: Series, ctx: Ctx) -> bool {
    ctx.board.is_confirmed(series) || ctx.board.witnesses(side, level, ctx.now) >= 2
}

fn moves_enough(
    side: PositionSide,
    standing: Price,
    candidate: Price,
    best: Price,
    ctx: Ctx,
    with_spread: bool,
) -> Result<bool, OutOfRange> {
    if !side.is_better(candidate, standing) {
        return Ok(false);
    }
    let spread = ctx.board.spread().filter(|_| with_spread);
    Ok(candidate.above(standing).absolute()? >= smallest_move(best, ctx.instrument.tick, spread)?)
}

fn why_not_native(behind: arm::Behind, ctx: Ctx, runner: Quantity) -> Option<String> {
    let Some(limits) = ctx.account.capability.native_trailing else {
        return Some("the venue has no native trailing order".to_owned());
    };
    match behind {
        arm::Behind::Points(_) => Some("a native trail takes percent only".to_owned()),
        arm::Behind::Share(share) if share > limits.largest => {
            Some(format!("the venue trails by {}% at most", limits.largest.in_percent()))
        }
        arm::Behind::Share(share) if share < limits.smallest => {
            Some(format!("the venue trails by {}% at least", limits.smallest.in_percent()))
        }
        arm::Behind::Share(_) if runner.is_zero() => {
            Some("the levels leave nothing over for a native trail".to_owned())
        }
        arm::Behind::Share(_) => None,
    }
}

/// If less is open than the next level wants to close, it closes what there is (product.md §2.2).
fn cut_to_rest(live: &mut Live, key: backstop_model::PositionKey, out: &mut Out) {
    let remaining = live.tranche.remaining;
    let mut left = remaining;
    for level in live.tranche.levels.iter_mut().filter(|level| level.state == LevelState::Open) {
        let due = level.due();
        if due > left {
            level.planned = level.filled.plus(left).unwrap_or(level.filled);
            if !left.is_zero() {
                let text = format!("Closing remaining {left} at TP{} (insufficient for full close)", level.number);
                out.tell(Severity::Warning, key, text);
            }
        }
        left = left.saturating_minus(level.due());
    }
}

/// The move of the stop that belongs to a completed level.
pub(super) fn move_after(
    live: &mut Live,
    number: u8,
    plan: &ExitPlan,
    side: PositionSide,
    ctx: Ctx,
) -> Result<(), OutOfRange> {
    if live.tranche.remaining.is_zero() {
        return Ok(());
    }
    let source = plan.stop_loss.trigger.series(side);
    let best = extreme(side, ctx, source, live.tranche.window);
    let Some(wish) = ladder::stop_after(number, plan, &live.tranche.levels, side, best, ctx.instrument.tick)? else {
        return Ok(());
    };
    let proposal = match wish {
        Move::To(price) => StopLevel { price, basis: Basis::Ladder },
        Move::BreakEven => StopLevel { price: break_even_price(live, plan, side, ctx)?, basis: Basis::BreakEven },
    };
    let tighter = live.tranche.proposal.is_none_or(|pending| side.is_better(proposal.price, pending.price));
    if tighter {
        settle_proposal(live, proposal, side, ctx);
    }
    Ok(())
}

pub(crate) fn break_even_price(
    live: &Live,
    plan: &ExitPlan,
    side: PositionSide,
    ctx: Ctx,
) -> Result<Price, OutOfRange> {
    let costs = break_even::Costs {
        entry: live.tranche.entry_price,
        remaining: live.tranche.remaining,
        entry_fees: live.tranche.entry_fees_left()?,
        funding: live.tranche.funding_paid,
        spread: ctx.board.spread().unwrap_or(backstop_model::Points::ZERO),
        slippage: ctx.slippage,
    };
    break_even::price(plan.breakeven, side, ctx.instrument, &costs)
}

/// Makes a proposed move, keeps it for later, or takes it for the stop hit that it is (ladder races).
fn settle_proposal(live: &mut Live, proposal: StopLevel, side: PositionSide, ctx: Ctx) {
    let (Some(stop), Some(plan)) = (live.tranche.stop, live.plan.as_ref()) else { return };
    let source = plan.stop_loss.trigger.series(side);
    let best = extreme(side, ctx, source, live.tranche.window);
    live.tranche.proposal = None;
    match judge(side, stop.price, proposal.price, ctx.board.price(source), best) {
        Verdict::Take => {
            live.tranche.stop = Some(proposal);
        }
        Verdict::Hit => live.close(proposal.basis.reason(), ctx.now),
        Verdict::NotYet => live.tranche.proposal = Some(proposal),
        Verdict::Useless => {}
    }
}
