//! What a rule sees: the surroundings of one tranche. A rule changes that tranche and nothing else.

use super::{Ctx, Out, Tranche};
use crate::exits::end_of_day::{DayEnd, Ends, SessionEnd};
use crate::orders::{Leg, OpenOrder};
use backstop_model::plan::{CloseAt, Weekend};
use backstop_model::{Epoch, ExitPlan, PositionKey, PositionSide, Price, Severity, SizedStops, Timestamp, TrancheId};
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

/// Times of day, and when each of them comes or came.
type Closes<'a> = &'a [(CloseAt, Timestamp)];

fn of(closes: Closes, wanted: &CloseAt) -> Option<Timestamp> {
    closes.iter().find(|(close_at, _)| close_at == wanted).map(|(_, at)| *at)
}

impl Scene<'_> {
    /// Which way it earns.
    pub(crate) const fn side(&self) -> PositionSide {
        self.key.side
    }

    /// How the day ends next for what was opened at `opened_at`: at the plan's time, or ten minutes before the session does.
    /// Where positions are closed before the weekend, that is one as well.
    pub(crate) fn day_ends(&self, opened_at: Timestamp) -> Option<DayEnd> {
        self.ends(self.ctx.closes, self.ctx.session_ends, opened_at)
    }

    /// How the day ended for what was opened before that and is told only now.
    pub(crate) fn day_ended(&self, opened_at: Timestamp) -> Option<DayEnd> {
        self.ends(self.ctx.closed, self.ctx.session_ended, opened_at)
    }

    fn ends(&self, closes: Closes, session: Option<SessionEnd>, opened_at: Timestamp) -> Option<DayEnd> {
        let closes_at = self.plan.close_at.as_ref();
        let week = self.end_of_week(closes, session).filter(|_| self.plan.weekend == Weekend::Close);
        let session = session.filter(|_| closes_at.is_some()).map(|session| session.at);
        let ends = [
            week.map(|at| DayEnd::before(at, Ends::Week)),
            closes_at.and_then(|wanted| of(closes, wanted)).map(DayEnd::at),
            session.map(|at| DayEnd::before(at, Ends::Session)),
        ];
        ends.into_iter().flatten().filter_map(|end| end.of(opened_at)).min_by_key(|end| end.due)
    }

    /// When the week's last session ends, as far as that is known yet.
    pub(crate) fn week_ends(&self) -> Option<Timestamp> {
        self.end_of_week(self.ctx.closes, self.ctx.session_ends)
    }

    fn end_of_week(&self, closes: Closes, session: Option<SessionEnd>) -> Option<Timestamp> {
        let written = self.ctx.instrument.week_ends.as_ref().and_then(|wanted| of(closes, wanted));
        let told = session.filter(|session| session.last_of_week).map(|session| session.at);
        written.into_iter().chain(told).min()
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
        let own = move |order: &&OpenOrder| order.leg.is_own_stop() && order.tranche == tranche;
        self.orders.iter().filter(move |order| order.epoch == epoch).filter(own).chain(whole)
    }

    /// The stops that end a tranche at its stop: its own, and that of the whole position where it stands there.
    pub(crate) fn stops_of(&self, tranche: &Tranche) -> impl Iterator<Item = &OpenOrder> + Clone {
        let (id, epoch, side) = (tranche.id, self.epoch, self.side());
        let wanted = tranche.stop.map(|stop| stop.price);
        self.orders.iter().filter(move |order| {
            let there = |at: Price| wanted.is_none_or(|wanted| !side.is_better(wanted, at));
            order.epoch == epoch
                && match order.leg {
                    Leg::Stop | Leg::StopPart(_) => order.tranche == id,
                    Leg::WholeStop => order.stop_price().is_some_and(there),
                    _ => false,
                }
        })
    }

    /// Whether a stop rests that is not where this tranche's is to be, and no other is placed beside it: because there is one for
    /// each position and no more (product.md §2.5), or because targets have the room.
    pub(crate) fn stop_stays_farther(&self, tranche: TrancheId) -> bool {
        let beside = self.ctx.account.capability.sized_stops == SizedStops::Beside;
        !beside && self.protecting(tranche).any(OpenOrder::stands)
    }

    /// Tells people something about one tranche.
    pub(crate) fn tell(&self, severity: Severity, tranche: TrancheId, what: &str, out: &mut Out) {
        let text = format!("{}: {what}", title(self.key.side, tranche, self.ctx));
        out.tell(severity, self.key, text);
    }
}

/// How people are told which tranche is meant: the first is the position itself.
pub(crate) fn title(side: PositionSide, tranche: TrancheId, ctx: Ctx) -> String {
    let symbol = ctx.instrument.symbol;
    if tranche == TrancheId::FIRST { format!("{symbol} {side}") } else { format!("{symbol} {side} #{}", tranche.0) }
}
