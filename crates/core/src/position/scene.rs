//! What a rule sees: the surroundings of one tranche. A rule changes that tranche and nothing else.

use super::{Ctx, Out};
use crate::exits::end_of_day::BEFORE_SESSION_END;
use crate::orders::{Leg, OpenOrder};
use backstop_model::{Epoch, ExitPlan, PositionKey, PositionSide, Severity, Timestamp, TrancheId};
use std::sync::Arc;

/// The surroundings of a tranche.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    /// Which position.
    pub key: PositionKey,
    /// Which incarnation of it.
    pub epoch: Epoch,
    /// Time, prices, rules of the venue.
    pub ctx: Ctx<'a>,
    /// The plan it was armed with.
    pub plan: &'a Arc<ExitPlan>,
    /// All orders of the position.
    pub orders: &'a [OpenOrder],
}

impl Scene<'_> {
    /// Which way it earns.
    pub(crate) const fn side(&self) -> PositionSide {
        self.key.side
    }

    /// When the day ends for positions of this plan: at its time, or ten minutes before the session does.
    pub(crate) fn day_ends(&self) -> Option<Timestamp> {
        let wanted = self.plan.close_at.as_ref()?;
        let told = self.ctx.closes.iter().find(|(close_at, _)| close_at == wanted).map(|(_, at)| *at);
        let session =
            self.ctx.session_ends.map(|ends| Timestamp::from_nanos(ends.as_nanos() - BEFORE_SESSION_END.as_nanos()));
        told.into_iter().chain(session).min()
    }

    /// The orders of one leg of one tranche.
    pub(crate) fn orders_of(&self, tranche: TrancheId, leg: Leg) -> impl Iterator<Item = &OpenOrder> + Clone {
        let epoch = self.epoch;
        self.orders.iter().filter(move |order| order.tranche == tranche && order.leg == leg && order.epoch == epoch)
    }

    /// Tells people something about one tranche.
    pub(crate) fn tell(&self, severity: Severity, tranche: TrancheId, what: &str, out: &mut Out) {
        let text = format!("{}: {what}", title(self.key.side, tranche, self.ctx));
        out.tell(severity, self.key, text);
    }
}

/// How people are told which tranche is meant: the first is the position itself.
pub(super) fn title(side: PositionSide, tranche: TrancheId, ctx: Ctx) -> String {
    let symbol = ctx.instrument.symbol;
    if tranche == TrancheId::FIRST { format!("{symbol} {side}") } else { format!("{symbol} {side} #{}", tranche.0) }
}
