//! A guaranteed stop: whether one is wanted, what becomes of that when the venue refuses, and what it costs (product.md
//! §2.7, F-L05).
//!
//! A position is never without a stop for want of a guarantee: an ordinary one takes its place, and people are told. How
//! near to the price it may be is `spacing`.

use super::scene::{Scene, title};
use super::{Ctx, Live, Out, Position, Tranche};
use crate::orders::{OpenOrder, OrderState};
use backstop_model::plan::{ExitPlan, Guaranteed, Weekend};
use backstop_model::{Money, OrderKind, OutOfRange, PositionKey, Price, Refusal, RefusalReason, Severity, Trigger};
use serde::{Deserialize, Serialize};

/// Whether the stop of a tranche is to be a guaranteed one.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Guarantee {
    /// An ordinary stop.
    #[default]
    No,
    /// Wanted, and refused: an ordinary stop.
    Refused,
    /// A guaranteed stop, wanted or bought already.
    Wanted,
}

impl Guarantee {
    /// Nothing to remember.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::No
    }

    /// The venue tells of the stop that rests: a guarantee stays, whoever bought it.
    pub(super) fn note_told(&mut self, guaranteed: bool) {
        if guaranteed {
            *self = Self::Wanted;
        }
    }

    /// That of two tranches that become one.
    pub(super) fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Self::Wanted, _) | (_, Self::Wanted) => Self::Wanted,
            (Self::Refused, _) | (_, Self::Refused) => Self::Refused,
            (Self::No, Self::No) => Self::No,
        }
    }
}

impl Tranche {
    /// The stop as it is asked of the venue, at a price.
    pub(crate) fn asked(&self, price: Price, plan: &ExitPlan) -> Trigger {
        Trigger { price, source: self.trigger(plan), guaranteed: self.is_guaranteed() }
    }

    /// Whether its stop is asked for as a guaranteed one now.
    #[must_use]
    pub fn is_guaranteed(&self) -> bool {
        self.guarantee == Guarantee::Wanted && !self.spacing().ordinary
    }

    /// What guaranteed stops cost for what is left: what was charged, or what will be.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub(super) fn premium(&self, ctx: Ctx) -> Result<Money, OutOfRange> {
        match ctx.instrument.guaranteed.filter(|_| self.guarantee == Guarantee::Wanted) {
            Some(terms) if self.aside.premium_paid == Money::ZERO => {
                terms.premium_of(self.remaining)?.valued(ctx.instrument.value_per_point)
            }
            Some(_) | None => Ok(self.aside.premium_paid),
        }
    }
}

impl Live {
    /// The venue tells what it has charged since the position was opened; what is new is a fee.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub(super) fn note_premium(&mut self, told: Option<Money>) -> Result<(), OutOfRange> {
        let known = self.aside.premium.get().unwrap_or(Money::ZERO);
        let Some(told) = told.filter(|told| *told > known) else { return Ok(()) };
        let due = told.minus(known)?;
        let bought = |tranche: &Tranche| tranche.guarantee == Guarantee::Wanted && !tranche.is_closed();
        let index = self.tranches.iter().position(bought);
        let Some(tranche) = self.tranches.get_mut(index.unwrap_or(0)) else { return Ok(()) };
        tranche.fees = tranche.fees.plus(due)?;
        tranche.aside.premium_paid = tranche.aside.premium_paid.plus(due)?;
        self.aside.premium.put(Some(told));
        Ok(())
    }
}

impl Position {
    /// A guaranteed stop for the whole position was refused as such: ordinary ones from now on. False when it was refused
    /// for something else.
    pub(super) fn whole_guarantee_refused(
        &mut self,
        order: &OpenOrder,
        refusal: &Refusal,
        ctx: Ctx,
        out: &mut Out,
    ) -> bool {
        let Some(live) = &mut self.live else { return false };
        let Some(plan) = live.plan.clone() else { return false };
        let scene = Scene { key: self.key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
        let mut given_up = false;
        for tranche in live.tranches.iter_mut().filter(|tranche| !tranche.is_closed() && tranche.is_guaranteed()) {
            given_up |= gives_up(tranche, order, refusal, &scene, out);
        }
        given_up
    }
}

/// The plan's word on guaranteed stops, when it is armed. What is guaranteed already stays so.
pub(super) fn arm(tranche: &mut Tranche, wish: Guaranteed, key: PositionKey, ctx: Ctx, out: &mut Out) {
    if tranche.guarantee == Guarantee::Wanted || !wish.is_wanted() {
        return;
    }
    if is_offered(ctx) {
        tranche.guarantee = Guarantee::Wanted;
        return;
    }
    tranche.guarantee = Guarantee::Refused;
    let text =
        format!("{}: no guaranteed stop can be had here: an ordinary one is placed", title(key.side, tranche.id, ctx));
    out.tell(severity(wish), key, text);
}

/// Whether venue and market have guaranteed stops.
pub(super) fn is_offered(ctx: Ctx) -> bool {
    ctx.account.capability.guaranteed_stops && ctx.instrument.guaranteed.is_some()
}

/// A guaranteed stop was refused for being one: an ordinary one takes its place. True when that is so.
pub(super) fn gives_up(
    tranche: &mut Tranche,
    order: &OpenOrder,
    refusal: &Refusal,
    scene: &Scene,
    out: &mut Out,
) -> bool {
    let asked = matches!(order.kind, OrderKind::StopMarket(Trigger { guaranteed: true, .. }));
    let bought = scene.protecting(tranche.id).any(|other| {
        let guaranteed = matches!(other.kind, OrderKind::StopMarket(Trigger { guaranteed: true, .. }));
        guaranteed && matches!(other.state, OrderState::Working { .. })
    });
    if !asked || bought || !is_about_guarantee(refusal.reason) {
        return false;
    }
    tranche.guarantee = Guarantee::Refused;
    tranche.forget_stop_retries();
    let rests = scene.protecting(tranche.id).any(OpenOrder::stands);
    let then = if rests { "the ordinary one stays" } else { "an ordinary one is placed" };
    let text = format!("the guaranteed stop was refused ({refusal}): {then}");
    let for_weekend = scene.plan.weekend == Weekend::Guarantee && tranche.aside.weekend.is_some();
    let severity = if for_weekend { Severity::Alarm } else { severity(scene.plan.stop_loss.guaranteed) };
    scene.tell(severity, tranche.id, &text, out);
    true
}

/// Whether an ordinary stop could be taken where this was the answer to a guaranteed one.
const fn is_about_guarantee(reason: RefusalReason) -> bool {
    match reason {
        RefusalReason::Filter | RefusalReason::Margin | RefusalReason::Other | RefusalReason::Unsupported => true,
        RefusalReason::BelowMinimum
        | RefusalReason::DuplicateId
        | RefusalReason::LockedOut
        | RefusalReason::Maintenance
        | RefusalReason::NotFound
        | RefusalReason::NotSent
        | RefusalReason::ReduceOnly
        | RefusalReason::Throttled
        | RefusalReason::TooFar
        | RefusalReason::TooManyOrders
        | RefusalReason::TooNear
        | RefusalReason::WouldTrigger
        | RefusalReason::WrongMode => false,
    }
}

const fn severity(wish: Guaranteed) -> Severity {
    match wish {
        Guaranteed::Never | Guaranteed::Prefer => Severity::Warning,
        Guaranteed::Require => Severity::Alarm,
    }
}
