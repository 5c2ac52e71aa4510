//! What a rule sees: the surroundings of one tranche. A rule changes that tranche and nothing else.

use super::{Ctx, Out, Tranche};
use crate::exits::end_of_day::BEFORE_SESSION_END;
use crate::orders::{Leg, OpenOrder};
use backstop_model::plan::{CloseAt, Weekend};
use backstop_model::{Epoch, ExitPlan, PositionKey, PositionSide, Price, Severity, Timestamp, TrancheId};
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

    /// When the day ends for positions of this plan: at its time, or ten minutes before the session does. Where they are
    /// closed before the weekend, that is one as well.
    pub(crate) fn day_ends(&self) -> Option<Timestamp> {
        let week = self.week_ends().filter(|_| self.plan.weekend == Weekend::Close);
        let told = self.plan.close_at.as_ref().and_then(|wanted| self.next(wanted));
        let session = self.ctx.session_ends.filter(|_| self.plan.close_at.is_some()).map(before);
        told.into_iter().chain(session).chain(week).min()
    }

    /// Ten minutes before the week's last session ends.
    pub(crate) fn week_ends(&self) -> Option<Timestamp> {
        self.next(self.ctx.instrument.week_ends.as_ref()?).map(before)
    }

    fn next(&self, wanted: &CloseAt) -> Option<Timestamp> {
        self.ctx.closes.iter().find(|(close_at, _)| close_at == wanted).map(|(_, at)| *at)
    }

    /// The orders of one leg of one tranche.
    pub(crate) fn orders_of(&self, tranche: TrancheId, leg: Leg) -> impl Iterator<Item = &OpenOrder> + Clone {
        let epoch = self.epoch;
        self.orders.iter().filter(move |order| order.tranche == tranche && order.leg == leg && order.epoch == epoch)
    }

    /// The stops that protect a tranche wherever they stand: its own first, then that of the whole position.
    pub(crate) fn protecting(&self, tranche: TrancheId) -> impl Iterator<Item = &OpenOrder> + Clone {
        let epoch = self.epoch;
        let whole = self.orders.iter().filter(move |order| order.leg == Leg::WholeStop && order.epoch == epoch);
        self.orders_of(tranche, Leg::Stop).chain(whole)
    }

    /// The stops that end a tranche at its stop: its own, and that of the whole position where it stands there.
    pub(crate) fn stops_of(&self, tranche: &Tranche) -> impl Iterator<Item = &OpenOrder> + Clone {
        stops_of(self.orders, self.epoch, self.side(), tranche)
    }

    /// Tells people something about one tranche.
    pub(crate) fn tell(&self, severity: Severity, tranche: TrancheId, what: &str, out: &mut Out) {
        let text = format!("{}: {what}", title(self.key.side, tranche, self.ctx));
        out.tell(severity, self.key, text);
    }
}

fn before(ends: Timestamp) -> Timestamp {
    Timestamp::from_nanos(ends.as_nanos() - BEFORE_SESSION_END.as_nanos())
}

/// See [`Scene::stops_of`].
pub(super) fn stops_of<'o>(
    orders: &'o [OpenOrder],
    epoch: Epoch,
    side: PositionSide,
    tranche: &Tranche,
) -> impl Iterator<Item = &'o OpenOrder> + Clone + use<'o> {
    let (id, wanted) = (tranche.id, tranche.stop.map(|stop| stop.price));
    orders.iter().filter(move |order| {
        let there = |at: Price| wanted.is_none_or(|wanted| !side.is_better(wanted, at));
        order.epoch == epoch
            && match order.leg {
                Leg::Stop => order.tranche == id,
                Leg::WholeStop => order.stop_price().is_some_and(there),
                _ => false,
            }
    })
}

/// How people are told which tranche is meant: the first is the position itself.
pub(super) fn title(side: PositionSide, tranche: TrancheId, ctx: Ctx) -> String {
    let symbol = ctx.instrument.symbol;
    if tranche == TrancheId::FIRST { format!("{symbol} {side}") } else { format!("{symbol} {side} #{}", tranche.0) }
}
