//! A plan is armed for an entry: levels, stop and trail get their prices and quantities, once, and again after an
//! addition as far as nothing has been touched. The arithmetic is `exits/`; this says what becomes of it.

use super::{Ctx, Out, Position};
use crate::exits::arm;
use crate::exits::ladder::{self, LevelState};
use crate::exits::stop_loss::{Basis, StopLevel};
use crate::exits::trailing_stop::{Phase, Trail};
use backstop_model::plan::{ExitPlan, TrailedBy};
use backstop_model::{OutOfRange, Quantity, Severity};
use std::sync::Arc;

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
