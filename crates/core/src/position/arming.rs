//! A plan is armed for an entry: levels, stop and trail get their prices and quantities, once, and again after an
//! addition as far as nothing has been touched. The arithmetic is `exits/`; this says what becomes of it.

use super::scene::{Scene, title};
use super::tranche::SoftLevel;
use super::{Adoption, Ctx, Live, Out, Position, Tranche, guarantee, rebase};
use crate::exits::arm::{self, Armed, NotArmable, toward_market};
use crate::exits::ladder;
use crate::exits::liquidation;
use crate::exits::stop_loss::{Basis, StopLevel};
use crate::exits::trailing_stop::{Phase, Trail, why_not_native};
use crate::volatility::Volatility;
use backstop_model::plan::{ExitPlan, TrailedBy};
use backstop_model::{Epoch, OutOfRange, PositionKey, Price, Series, Severity, TrancheId};

/// Arms the plan for a tranche that has just been entered.
///
/// # Errors
/// [`OutOfRange`] when a number leaves its range.
pub(super) fn arm(live: &mut Live, id: TrancheId, key: PositionKey, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
    let name = title(key.side, id, ctx);
    let (plan, liquidation) = (live.plan.clone(), live.liquidation.get());
    let Some(tranche) = live.tranche_mut(id) else { return Ok(()) };
    let Some(plan) = plan else { return Ok(()) };
    let armed = match worked_out(&plan, tranche, liquidation, key, ctx) {
        Ok(armed) => armed,
        Err(wrong) => {
            // No plan is no reason to be naked: a hard stop stands in for it, nothing else is done.
            let price = arm::stand_in(ctx.instrument, key.side, tranche.entry_price)?;
            tranche.stop = Some(StopLevel { price, basis: Basis::Initial });
            tranche.initial_stop = None;
            let what_next = if matches!(wrong, NotArmable::NeedsBars(_)) {
                "until there are enough bars"
            } else {
                "for it; close the position or give it a plan that fits"
            };
            let text = format!(
                "{name}: plan {} is not armed: {wrong}. A hard stop at {price} stands in {what_next}",
                plan.name
            );
            out.tell(Severity::Alarm, key, text);
            return Ok(());
        }
    };
    set_levels(tranche, &plan, &armed, key, ctx, out)?;
    tranche.stop = Some(StopLevel { price: armed.stop, basis: Basis::Initial });
    tranche.initial_stop = Some(armed.stop);
    set_trail(tranche, &plan, &armed, key, ctx, out);
    guarantee::arm(tranche, plan.stop_loss.guaranteed, key, ctx, out);
    Ok(())
}

/// Whether a plan with distances in ATR has not been armed for a tranche: a hard stop stands in for it.
pub(super) fn waits_for_bars(tranche: &Tranche, plan: &ExitPlan) -> bool {
    tranche.initial_stop.is_none() && tranche.closing.is_none() && plan.atrs().next().is_some()
}

impl Position {
    /// Bars have come: a plan that has waited for them is armed if they are enough, and if it does not fit now that they are,
    /// people are told so once. `before` is what was known. The stop that stood in is not loosened.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn arm_late(&mut self, before: &Volatility, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let key = self.key;
        let Some(live) = self.live.as_mut().filter(|live| live.adoption == Adoption::Managed) else { return Ok(()) };
        let Some(plan) = live.plan.clone() else { return Ok(()) };
        let liquidation = live.liquidation.get();
        let is_new = plan.atrs().any(|atr| before.distance(atr).is_none() && ctx.volatility.distance(atr).is_some());
        let waits = |tranche: &&Tranche| {
            waits_for_bars(tranche, &plan)
                && match worked_out(&plan, tranche, liquidation, key, ctx) {
                    Ok(_) => true,
                    Err(wrong) => is_new && !matches!(wrong, NotArmable::NeedsBars(_)),
                }
        };
        let waiting: Vec<TrancheId> = live.open().filter(waits).map(|tranche| tranche.id).collect();
        for id in waiting {
            let standing = live.tranche(id).and_then(|tranche| tranche.stop);
            arm(live, id, key, ctx, out)?;
            let Some(tranche) = live.tranche_mut(id) else { continue };
            if let (Some(before), Some(now)) = (standing, tranche.stop)
                && !key.side.is_better(now.price, before.price)
            {
                tranche.stop = Some(before);
            }
            if tranche.initial_stop.is_some() {
                let text = format!("enough bars are known now: plan {} is armed", plan.name);
                out.tell(Severity::Note, key, format!("{}: {text}", title(key.side, id, ctx)));
            }
        }
        Ok(())
    }
}

/// The plan's prices for a tranche, its stop far enough from liquidation.
fn worked_out(
    plan: &ExitPlan,
    tranche: &Tranche,
    liquidation: Option<Price>,
    key: PositionKey,
    ctx: Ctx,
) -> Result<Armed, NotArmable> {
    let plan = plan.at_venue(&ctx.account.capability);
    let armed = arm::arm(&plan, ctx.instrument, ctx.volatility, key.side, tranche.entry_price)?;
    inside_guard(armed, tranche, liquidation, key, ctx)
}

/// Where the venue says nothing, the estimate decides.
fn inside_guard(
    armed: Armed,
    tranche: &Tranche,
    told: Option<Price>,
    key: PositionKey,
    ctx: Ctx,
) -> Result<Armed, NotArmable> {
    let Some(guard) = guard_of(tranche, told, key, ctx)? else { return Ok(armed) };
    let estimate = liquidation::estimate(ctx.instrument, key.side, tranche.entry_price);
    match told.or(estimate) {
        Some(liquidation) if key.side.is_better(guard, armed.stop) => {
            Err(NotArmable::TooNearLiquidation { stop: armed.stop, liquidation, guard })
        }
        _ => Ok(armed),
    }
}

/// The farthest place the stop of a tranche may have; none where nothing liquidates.
pub(super) fn guard_of(
    tranche: &Tranche,
    told: Option<Price>,
    key: PositionKey,
    ctx: Ctx,
) -> Result<Option<Price>, OutOfRange> {
    let estimate = || liquidation::estimate(ctx.instrument, key.side, tranche.entry_price);
    let losing = |price: &Price| key.side.is_better(tranche.entry_price, *price);
    let liquidation = told.or_else(estimate).filter(losing);
    liquidation.map(|at| liquidation::guard(key.side, tranche.entry_price, at, ctx.instrument.tick)).transpose()
}

/// Margin was taken out of a position that has earned, and it would be liquidated before it is back at its entry (F-D09): a stop
/// beyond that protects nothing. It goes half of the way from the price to there; one that comes before liquidation stays.
pub(super) fn before_liquidation(
    tranche: &Tranche,
    told: Option<Price>,
    key: PositionKey,
    ctx: Ctx,
) -> Result<Option<Price>, OutOfRange> {
    let (Some(liquidation), Some(stop)) = (told, tranche.stop) else { return Ok(None) };
    let price = ctx.board.price(Series::executable(key.side)).filter(|price| key.side.is_better(*price, liquidation));
    let Some(price) = price.filter(|_| !key.side.is_better(stop.price, liquidation)) else { return Ok(None) };
    toward_market(key.side, price.midpoint(liquidation), ctx.instrument.tick).map(Some)
}

/// After an entry was added: untouched levels are worked out anew, the stop is not loosened (product.md §3.4).
///
/// # Errors
/// [`OutOfRange`] when a number leaves its range.
pub(super) fn rearm(
    live: &mut Live,
    id: TrancheId,
    key: PositionKey,
    ctx: Ctx,
    out: &mut Out,
) -> Result<(), OutOfRange> {
    let plan = live.plan.clone();
    let (Some(tranche), Some(plan)) = (live.tranche_mut(id), plan) else { return Ok(()) };
    let here = plan.at_venue(&ctx.account.capability);
    let armed = match arm::arm(&here, ctx.instrument, ctx.volatility, key.side, tranche.entry_price) {
        Ok(armed) => armed,
        Err(wrong) => {
            if tranche.initial_stop.is_some() {
                let name = title(key.side, id, ctx);
                let text = format!("{name}: plan {} does not fit the new average: {wrong}. Its levels stay", plan.name);
                out.tell(Severity::Warning, key, text);
            }
            return rebase::take_in(tranche, &plan);
        }
    };
    tranche.count_anew(ctx);
    let touched = tranche.levels.iter().any(|level| level.is_done() || !level.filled.is_zero());
    if touched {
        // No order is looked at.
        let scene = Scene { key, epoch: Epoch(0), ctx, plan: &plan, orders: &[] };
        return rebase::untouched(tranche, &plan, &armed, &scene);
    }
    set_levels(tranche, &plan, &armed, key, ctx, out)?;
    let standing = tranche.stop.map_or(armed.stop, |stop| stop.price);
    if tranche.stop.is_none_or(|stop| stop.basis == Basis::Initial) {
        tranche.stop = Some(StopLevel { price: key.side.better(standing, armed.stop), basis: Basis::Initial });
    }
    tranche.initial_stop = Some(armed.stop);
    set_trail(tranche, &plan, &armed, key, ctx, out);
    Ok(())
}

fn set_levels(
    tranche: &mut Tranche,
    plan: &ExitPlan,
    armed: &Armed,
    key: PositionKey,
    ctx: Ctx,
    out: &mut Out,
) -> Result<(), OutOfRange> {
    // What is on its way out is no level's any more.
    let stays = tranche.remaining.saturating_minus(tranche.aside.part);
    let quantity = if stays.is_zero() { tranche.remaining } else { stays };
    let (levels, told) = ladder::levels(plan, armed, ctx.instrument, &ctx.account.capability, quantity)?;
    for text in told {
        out.tell(Severity::Warning, key, text);
    }
    tranche.levels = levels.into();
    tranche.breakeven_at.put(armed.breakeven_at);
    tranche.soft_stop = armed.soft_stop.map(|price| SoftLevel { price, passed: None }).into();
    Ok(())
}

/// A trail that is active goes on: an addition does not put it back to where it waits (I3).
fn set_trail(tranche: &mut Tranche, plan: &ExitPlan, armed: &Armed, key: PositionKey, ctx: Ctx, out: &mut Out) {
    let (Some(trailing), Some(behind), false) = (plan.trailing, armed.trail, tranche.is_trailing()) else { return };
    // Who has fallen back once does not try again what was refused.
    let mut by = tranche.trail.filter(|trail| trail.tried_at.is_some()).map_or(trailing.by, |trail| trail.by);
    if by == TrailedBy::Venue
        && let Some(why) =
            why_not_native(behind, ctx.account.capability.native_trailing, tranche.runner(), ctx.instrument)
    {
        by = TrailedBy::Amend;
        let text = format!(
            "{}: {why}; Backstop moves the resting stop at the asked distance {} instead",
            title(key.side, tranche.id, ctx),
            trailing.distance
        );
        out.tell(Severity::Warning, key, text);
    }
    let activation = armed.activation;
    tranche.trail =
        Some(Trail { activation, behind, by, refusals: 0, tried_at: None, passed: None, phase: Phase::Waiting });
}
