//! What the operator asks of a position: a part closed, the stop at break-even, a pause, another plan. Nothing of it ever
//! loosens a stop.

use super::arming;
use super::hand_part::{Giver, HandPart};
use super::levels::{break_even_price, settle_proposal};
use super::scene::{Scene, title};
use super::{Ctx, Live, Out, Position, Tranche, trail};
use crate::exits::ladder::LevelState;
use crate::exits::stop_loss::{Basis, StopLevel};
use backstop_model::plan::Weekend;
use backstop_model::{
    ExitPlan, ExitReason, Fill, OutOfRange, PositionSide, Quantity, Ratio, Rounding, Series, Severity, TrancheId,
};
use std::sync::Arc;

impl Position {
    /// Closes a share of what is open at market, never more; the open levels are fitted to the rest first, so that their
    /// orders make room. What cannot be closed without leaving too little for the venue stays open, and it is told.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn close_part(&mut self, share: Ratio, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let key = self.key;
        let Some(live) = &mut self.live else { return Ok(()) };
        let trails = live.plan.as_ref().is_some_and(|plan| plan.trails());
        let givers = live.givers(key.side, ctx)?;
        let part = HandPart::of(&givers, share, ctx.instrument.step)?;
        for (giver, given) in givers.iter().zip(&part.given) {
            let Some(tranche) = live.tranche_mut(giver.id).filter(|_| !given.is_zero()) else { continue };
            let rest = giver.left.saturating_minus(*given);
            if rest.is_zero() {
                tranche.close(ExitReason::Manual, ctx.now);
                if givers.len() > 1 && share < Ratio::ONE {
                    let name = title(key.side, giver.id, ctx);
                    out.tell(Severity::Note, key, format!("{name}: closing {given} by hand, all of it"));
                }
                continue;
            }
            tranche.fit_levels(giver.left, rest, ctx.instrument.step, trails)?;
            (tranche.aside.part, tranche.aside.part_reason) = (tranche.aside.part.plus(*given)?, None);
            let name = title(key.side, giver.id, ctx);
            out.tell(Severity::Note, key, format!("{name}: closing {given} by hand, {rest} goes on under its plan"));
        }
        let smallest = givers.iter().map(|giver| giver.smallest).max().unwrap_or(Quantity::ZERO);
        if let Some(less) = less_than_asked(&part, share, smallest)? {
            out.tell(Severity::Warning, key, format!("{} {}: {less}", ctx.instrument.symbol, key.side));
        }
        Ok(())
    }

    /// Moves the stop to break-even, now or as soon as its own price allows.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn break_even(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, epoch) = (self.key, self.epoch);
        let Some(live) = &mut self.live else { return Ok(()) };
        let Some(plan) = live.plan.clone() else {
            let position = format!("{} {}", ctx.instrument.symbol, key.side);
            let text = format!("{position}: there is no stop of ours to move; give it a plan first: `backstop plan`");
            out.tell(Severity::Warning, key, text);
            return Ok(());
        };
        let scene = Scene { key, epoch, ctx, plan: &plan, orders: &self.orders };
        for tranche in live.tranches.iter_mut().filter(|tranche| !tranche.is_closed() && tranche.closing.is_none()) {
            let price = break_even_price(tranche, &scene)?;
            let proposal = StopLevel { price, basis: Basis::BreakEvenAwaited };
            let standing = tranche.stop.map(|stop| stop.price);
            if standing.is_some_and(|standing| !key.side.is_better(price, standing)) {
                let text = format!("the stop stays at {}: break-even at {price} is no tighter", shown(standing));
                scene.tell(Severity::Note, tranche.id, &text, out);
                continue;
            }
            let passed = ctx.board.price(tranche.trigger(&plan).series(key.side));
            if passed.is_some_and(|now| !key.side.is_better(now, price)) {
                // The price is not there: nobody asked to be closed at a loss.
                tranche.aside.proposal.put(Some(proposal));
                let resumed = if live.paused { ", once the position goes on" } else { "" };
                let text = format!(
                    "break-even at {price} is beyond the price; the stop goes there when the price has{resumed}"
                );
                scene.tell(Severity::Note, tranche.id, &text, out);
                continue;
            }
            settle_proposal(tranche, proposal, &scene);
            let text = format!("stop to break-even at {}", shown(tranche.stop.map(|stop| stop.price)));
            scene.tell(Severity::Note, tranche.id, &text, out);
        }
        Ok(())
    }

    /// Pauses the position, or lets it go on.
    pub(crate) fn pause(&mut self, paused: bool, ctx: Ctx, out: &mut Out) {
        let Some(live) = self.live.as_mut().filter(|live| live.paused != paused) else { return };
        live.paused = paused;
        if let Some(plan) = live.plan.clone().filter(|_| !paused) {
            let scene = Scene { key: self.key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
            live.tranches.iter_mut().for_each(|tranche| trail::go_on(tranche, &scene, out));
        }
        let what = if paused { "paused: the stop stays, nothing else is begun" } else { "goes on" };
        out.tell(Severity::Note, self.key, format!("{} {}: {what}", ctx.instrument.symbol, self.key.side));
    }

    /// Whether an execution is of an order for a level of the plan before.
    pub(super) fn is_former(&self, fill: &Fill) -> bool {
        self.orders.iter().any(|order| order.former && Some(order.id) == fill.order)
    }

    /// An order of the plan before has closed so much while it was being cancelled: this plan's levels are fitted to the rest.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn fit_to_rest(&mut self, id: TrancheId, gone: Quantity, ctx: Ctx) -> Result<(), OutOfRange> {
        let Some(live) = &mut self.live else { return Ok(()) };
        let trails = live.plan.as_ref().is_some_and(|plan| plan.trails());
        let Some(tranche) = live.tranche_mut(id) else { return Ok(()) };
        tranche.exits.iter_mut().for_each(|exit| exit.complete = true);
        tranche.shrink_levels(gone, ctx.instrument.step, trails)
    }

    /// Puts what is open under another plan: its levels are worked out for what is left, the stop is only ever tightened,
    /// and a trail begins anew.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn change_plan(&mut self, plan: &Arc<ExitPlan>, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, plan) = (self.key, ctx.plan_here(plan));
        let Some(live) = self.live.as_mut().filter(|live| live.plan.as_ref() != Some(&plan)) else { return Ok(()) };
        live.plan = Some(Arc::clone(&plan));
        live.take_over(ctx.now);
        self.orders.iter_mut().filter(|order| order.leg.level().is_some()).for_each(|order| order.former = true);
        let open: Vec<_> = live.open().map(|tranche| tranche.id).collect();
        for id in open {
            let Some(tranche) = live.tranche_mut(id) else { continue };
            let standing = tranche.stop;
            // What has been taken under the old plan stays in the exits; the new plan counts its own levels.
            tranche.exits.iter_mut().for_each(|exit| exit.complete = true);
            for level in &mut tranche.levels {
                level.state = LevelState::Moot;
            }
            tranche.aside.proposal.put(None);
            if plan.close_at.is_none() && plan.weekend != Weekend::Close {
                // A close that was missed was the old plan's.
                tranche.aside.end_of_day.put(None);
            }
            (tranche.trail, tranche.trail_not_before) = (None, None);
            arming::arm(live, id, key, ctx, out)?;
            let Some(tranche) = live.tranche_mut(id) else { continue };
            tranche.count_anew(ctx);
            if let (Some(before), Some(now)) = (standing, tranche.stop)
                && !key.side.is_better(now.price, before.price)
            {
                tranche.stop = Some(before);
            }
            let text = format!(
                "{}: under plan {} now, {} open, stop {}",
                title(key.side, id, ctx),
                plan.name,
                tranche.remaining,
                shown(tranche.stop.map(|stop| stop.price))
            );
            out.tell(Severity::Note, key, text);
        }
        Ok(())
    }
}

/// What people are told when less is closed than they have asked for.
fn less_than_asked(part: &HandPart, share: Ratio, smallest: Quantity) -> Result<Option<String>, OutOfRange> {
    let HandPart { left, asked, .. } = part;
    let (given, share) = (part.sum()?, share.in_percent());
    if given == *asked && !asked.is_zero() || left.is_zero() {
        return Ok(None);
    }
    let below = format!("below the venue's minimum {smallest}");
    let why = format!("an order for more, or what it leaves, would be {below}");
    Ok(Some(match (given.is_zero(), *asked < smallest) {
        (true, true) => format!("nothing closed: {share}% of {left} is {asked}, {below}"),
        (true, false) => format!("nothing closed of {asked} ({share}% of {left}): {why}; it can be closed whole"),
        (false, _) => format!("only {given} of {asked} is closed ({share}% of {left}): {why}"),
    }))
}

fn shown(price: Option<backstop_model::Price>) -> String {
    price.map_or_else(|| "none".to_owned(), |price| price.to_string())
}

impl Live {
    /// What a part by hand may be taken from: what is being closed already is not closed again.
    fn givers(&self, side: PositionSide, ctx: Ctx) -> Result<Vec<Giver>, OutOfRange> {
        let giver = |tranche: &Tranche| {
            let left = tranche.remaining.saturating_minus(tranche.aside.part);
            let price = ctx.board.price(Series::executable(side)).unwrap_or(tranche.entry_price);
            Ok(Giver { id: tranche.id, left, smallest: ctx.smallest_exit(price)? })
        };
        self.open().filter(|tranche| tranche.closing.is_none()).map(giver).collect()
    }
}

impl Tranche {
    /// Fits what open levels have left to a rest; rounding's remainder stays with the last.
    pub(super) fn fit_levels(
        &mut self,
        before: Quantity,
        rest: Quantity,
        step: Quantity,
        trails: bool,
    ) -> Result<(), OutOfRange> {
        let last_open = self.levels.iter().rposition(|level| level.state == LevelState::Open);
        let mut left = rest;
        for (index, level) in self.levels.iter_mut().enumerate() {
            if level.state != LevelState::Open {
                continue;
            }
            let due = level.due().pro_rata(rest, before, Rounding::Down)?.floor_to_step(step)?;
            let due = if !trails && Some(index) == last_open { left } else { due.min(left) };
            left = left.minus(due)?;
            level.planned = level.filled.plus(due)?;
        }
        Ok(())
    }
}
