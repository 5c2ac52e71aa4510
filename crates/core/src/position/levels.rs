//! The levels as a rule: those that are complete move the stop, in ascending order; those that have become too small hand
//! on what they have left (product.md §2.2).

use super::turn::extreme;
use super::{Ctx, Live, Out, Position};
use crate::exits::break_even;
use crate::exits::ladder::{self, Instant, LevelState, Move};
use crate::exits::stop_loss::{Basis, StopLevel, Verdict, judge};
use crate::orders::Leg;
use backstop_model::plan::ExitPlan;
use backstop_model::{OutOfRange, PositionSide, Price, Series, Severity};

impl Position {
    /// Levels that are complete, in ascending order, each with its move of the stop.
    pub(super) fn pass_levels(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
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
    pub(super) fn mend_levels(&mut self, ctx: Ctx, out: &mut Out) -> Result<bool, OutOfRange> {
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
    pub(super) fn follow_proposal(&mut self, ctx: Ctx) {
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
