//! What should be resting or on its way now: worked out afresh from the facts, remembered by nobody.
//!
//! Stop first, then targets, then the trail; a market exit frees the targets it collides with and never the stop.

use super::turn::extreme;
use super::{Ctx, Live, Out, Position};
use crate::exits::arm::Behind;
use crate::exits::ladder::Instant;
use crate::exits::stop_loss::{Basis, StopLevel};
use crate::exits::take_profit;
use crate::exits::trailing_stop::Phase;
use crate::orders::{Leg, Wanted};
use backstop_model::plan::TrailedBy;
use backstop_model::{ExitReason, OrderKind, OutOfRange, PositionSide, Price, Ratio, Rounding, Severity, Trigger};

impl Position {
    /// Everything that is wanted now, the stop first.
    pub(crate) fn wants(&self, ctx: Ctx) -> Vec<Wanted> {
        let mut wants = Vec::new();
        let Some(live) = self.live.as_ref().filter(|live| !live.tranche.remaining.is_zero()) else { return wants };
        let Some(plan) = live.plan.as_ref() else { return wants_close(live) };
        if let Some(stop) = live.tranche.stop {
            let kind = OrderKind::StopMarket(Trigger { price: stop.price, source: plan.stop_loss.trigger });
            wants.push(Wanted { leg: Leg::Stop, kind, quantity: live.tranche.remaining, reason: stop.basis.reason() });
        }
        if live.closing.is_some() {
            wants.extend(wants_close(live));
            return wants;
        }
        if !live.protection.was_protected {
            return wants;
        }
        wants.extend(live.tranche.levels.iter().filter_map(|level| take_profit::resting(level, plan)));
        wants.extend(live.tranche.levels.iter().filter_map(take_profit::instant));
        wants.extend(self.native_trail(live, ctx));
        wants
    }

    pub(super) fn native_trail(&self, live: &Live, ctx: Ctx) -> Option<Wanted> {
        let trail = live.tranche.trail.filter(|trail| trail.by == TrailedBy::Venue)?;
        let (plan, limits) = (live.plan.as_ref()?, ctx.account.capability.native_trailing?);
        let Behind::Share(share) = trail.behind else { return None };
        let quantity = live.tranche.runner();
        let taking = live.tranche.levels.iter().any(|level| matches!(level.instant, Instant::Limit | Instant::Market));
        if quantity.is_zero() || taking {
            return None;
        }
        let source = plan.trailing?.trigger;
        let price = ctx.board.price(source.series(self.key.side));
        let activation = match trail.phase {
            Phase::Waiting => trail.activation.map(|at| clear_of(at, price, self.key.side, ctx)).transpose().ok()?,
            Phase::Active { .. } => None,
        };
        let distance = on_grid(share, limits.step);
        let kind = OrderKind::TrailingStop { activation, distance, source };
        Some(Wanted { leg: Leg::Trail, kind, quantity, reason: ExitReason::TrailingStop })
    }

    /// Before a native trail is replaced: the hard stop is raised to the level the trail has reached (product.md §2.3).
    pub(crate) fn keep_trailed_ground(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let side = self.key.side;
        let Some(live) = &mut self.live else { return Ok(()) };
        let (Some(trail), Some(stop), Some(plan)) = (live.tranche.trail, live.tranche.stop, live.plan.as_ref()) else {
            return Ok(());
        };
        let Some(series) = plan.trailing.map(|trailing| trailing.trigger.series(side)) else { return Ok(()) };
        let (Phase::Active { .. }, Some(best)) = (trail.phase, extreme(side, ctx, series, live.tranche.window)) else {
            return Ok(());
        };
        let reached = trail.behind.stop(side, best, ctx.instrument.tick)?;
        let safe = ctx.board.price(plan.stop_loss.trigger.series(side)).is_none_or(|now| side.is_better(now, reached));
        if side.is_better(reached, stop.price) && safe {
            live.tranche.stop = Some(StopLevel { price: reached, basis: Basis::Trail });
            let text = format!(
                "{} {side}: the native trail is replaced; the hard stop is raised to its level {reached} first",
                ctx.instrument.symbol
            );
            out.tell(Severity::Note, self.key, text);
        }
        Ok(())
    }
}

fn wants_close(live: &Live) -> Vec<Wanted> {
    let want = |reason| Wanted { leg: Leg::Close, kind: OrderKind::Market, quantity: live.tranche.remaining, reason };
    live.closing.iter().map(|closing| want(closing.reason)).collect()
}

/// An activation price too close to the market is moved away by 0.1 % (product.md §2.3).
fn clear_of(activation: Price, now: Option<Price>, side: PositionSide, ctx: Ctx) -> Result<Price, OutOfRange> {
    let Some(now) = now else { return Ok(activation) };
    let tenth = Ratio::ONE.over(Ratio::whole(1000), Rounding::Down)?;
    match side {
        PositionSide::Long => {
            let nearest = now.times(Ratio::ONE.plus(tenth)?, Rounding::Up)?.ceil_to_tick(ctx.instrument.tick)?;
            Ok(activation.max(nearest))
        }
        PositionSide::Short => {
            let nearest = now.times(Ratio::ONE.minus(tenth)?, Rounding::Down)?.floor_to_tick(ctx.instrument.tick)?;
            Ok(activation.min(nearest))
        }
    }
}

/// A distance on the venue's grid, never wider than asked.
fn on_grid(share: Ratio, step: Ratio) -> Ratio {
    let Ok(steps) = share.over(step, Rounding::Down) else { return share };
    steps.floored().times(step, Rounding::Down).unwrap_or(share)
}
