//! The position as others read it (product.md §4).

use super::adoption::covering;
use super::{Ctx, Exit, Live, Position, Tranche};
use crate::exits::ladder::LevelState;
use crate::exits::trailing_stop::Phase;
use crate::orders::{Leg, OpenOrder};
use crate::step::{Coverage, PositionRead};
use backstop_model::{
    Course, Money, OutOfRange, PartialExitDocument, Permit, PositionDocument, PositionSide, Quantity, Range, Ratio,
    Rounding, Series, Span, TrancheId,
};

/// Names one incarnation of a position in documents: account, symbol, side and epoch, so that it needs no counter; with
/// the deal in it where the venue keeps a position for each.
#[must_use]
pub fn position_id(position: &Position, ctx: Ctx) -> String {
    let (account, symbol) = (ctx.account.name, ctx.instrument.symbol);
    let deal = position.key.deal.map_or_else(String::new, |deal| format!("{deal}-"));
    format!("{account}-{symbol}-{}-{deal}{}", position.key.side, position.epoch.0)
}

impl Position {
    /// How this position reads, one read model per tranche; nothing when it is not open and has just not been.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub fn read(&self, ctx: Ctx) -> Result<Vec<PositionRead>, OutOfRange> {
        let Some(live) = &self.live else { return Ok(Vec::new()) };
        live.tranches.iter().map(|tranche| self.read_of(tranche, live, ctx)).collect()
    }

    /// How one tranche reads.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn read_tranche(&self, id: TrancheId, ctx: Ctx) -> Result<Option<PositionRead>, OutOfRange> {
        let Some(live) = &self.live else { return Ok(None) };
        live.tranche(id).map(|tranche| self.read_of(tranche, live, ctx)).transpose()
    }

    fn read_of(&self, tranche: &Tranche, live: &Live, ctx: Ctx) -> Result<PositionRead, OutOfRange> {
        let next = tranche.next_level().map(|level| level.number);
        let order_of = |leg: Leg| self.orders_of(tranche.id, leg).find(|order| order.is_live()).map(|order| order.id);
        Ok(PositionRead {
            key: self.key,
            document: self.document(tranche, live, ctx)?,
            course: course(tranche, ctx)?,
            main_order: tranche.main_order.as_deref().map(str::to_owned),
            target_order: next.and_then(|number| order_of(Leg::Target(number))),
            stop_order: self.protecting(tranche).find(|order| order.is_live()).map(|order| order.id),
            protection: self.coverage(tranche, live, ctx)?,
            is_merged: false,
        })
    }

    /// The orders of one leg of one tranche of this incarnation.
    pub(crate) fn orders_of(&self, tranche: TrancheId, leg: Leg) -> impl Iterator<Item = &OpenOrder> {
        let epoch = self.epoch;
        self.orders.iter().filter(move |order| order.tranche == tranche && order.leg == leg && order.epoch == epoch)
    }

    /// The stops that protect a tranche, wherever they stand: its own, and that of the whole position.
    fn protecting(&self, tranche: &Tranche) -> impl Iterator<Item = &OpenOrder> {
        self.own_stops(tranche.id).chain(self.live_whole_stop())
    }

    /// The nearest of them that stands.
    fn standing_stop(&self, tranche: &Tranche) -> Option<&OpenOrder> {
        let is_nearer = |one: &OpenOrder, other: &OpenOrder| {
            one.stop_price().zip(other.stop_price()).is_some_and(|(one, other)| self.key.side.is_better(one, other))
        };
        let standing = self.protecting(tranche).filter(|order| order.stands());
        standing.reduce(|one, other| if is_nearer(other, one) { other } else { one })
    }

    fn coverage(&self, tranche: &Tranche, live: &Live, ctx: Ctx) -> Result<Coverage, OutOfRange> {
        let stop = self.standing_stop(tranche);
        // Where nothing of ours is placed, what the trader has placed is what protects.
        let theirs = covering(live, self.key.side).filter(|_| ctx.permit == Permit::Observe);
        let stop_price = stop.and_then(OpenOrder::stop_price).or(theirs);
        let locked = match stop_price {
            Some(price) => {
                let cash = price.notional(tranche.remaining)?;
                let profit = crate::exits::ladder::profit(
                    self.key.side,
                    tranche.cost_left,
                    cash,
                    tranche.aside.value_per_point,
                )?;
                Some(tranche.realized()?.plus(profit)?)
            }
            None => None,
        };
        Ok(Coverage {
            covered: (self.is_covered() || theirs.is_some()) && !tranche.is_closed(),
            stop_price,
            confirmed_at: stop.map(|order| order.seen_at),
            unprotected_since: live.protection.unprotected_since,
            longest_unprotected: live.protection.longest_until(ctx.now),
            locked,
        })
    }

    fn document(&self, tranche: &Tranche, live: &Live, ctx: Ctx) -> Result<PositionDocument, OutOfRange> {
        let side = self.key.side;
        let open = !tranche.remaining.is_zero();
        let hit = tranche.levels.iter().filter(|level| matches!(level.state, LevelState::Hit { .. }));
        let next = tranche.next_level().filter(|_| open);
        let cash = tranche.exits.iter().try_fold(Money::ZERO, |sum, exit| sum.plus(exit.cash))?;
        let closed = tranche.exits.iter().try_fold(Quantity::ZERO, |sum, exit| sum.plus(exit.quantity))?;
        let last = tranche.exits.iter().max_by_key(|exit| exit.at);
        let best = tranche.since_entry().best(side, ctx, followed(live, side, ctx));
        Ok(PositionDocument {
            position_id: position_id(self, ctx),
            tranche: tranche.id.0,
            symbol: ctx.instrument.symbol.to_string(),
            side,
            plan: live.plan.as_ref().map_or_else(String::new, |plan| plan.name.to_string()),
            entry_time: tranche.opened_at.as_millis(),
            entry_price: tranche.entry_price,
            value_per_point: Some(tranche.aside.value_per_point).filter(|value| *value != Ratio::ONE),
            original_quantity: tranche.original,
            current_quantity: tranche.remaining,
            tp_levels_hit: hit.map(|level| level.number).collect(),
            next_tp_level: next.map(|level| level.number),
            next_tp_price: next.map(|level| level.price),
            remaining_pct: share_left(tranche)?,
            average_exit_price: if closed.is_zero() { None } else { Some(cash.per(closed, Rounding::Nearest)?) },
            current_stop_loss: tranche.stop.map(|stop| stop.price),
            best_price: best.map(|best| side.better(best, tranche.entry_price)),
            exit_time: last.filter(|_| !open).map(|exit| exit.at.as_millis()),
            exit_reason: last.filter(|_| !open).map(|exit| exit.reason),
            fees: tranche.fees,
            funding: tranche.funding,
            realized_pnl: tranche.realized()?,
            currency: ctx.instrument.currency.to_string(),
            partial_exits: tranche.exits.iter().map(|exit| partial(exit, side)).collect::<Result<_, _>>()?,
        })
    }

    /// The longest time without protection, the present stretch included.
    #[must_use]
    pub fn longest_unprotected(&self, ctx: Ctx) -> Span {
        self.live.as_ref().map_or(Span::ZERO, |live| live.protection.longest_until(ctx.now))
    }
}

/// What is left, in percent; nothing of an entry that was annulled as a whole.
fn share_left(tranche: &Tranche) -> Result<Ratio, OutOfRange> {
    if tranche.original.is_zero() {
        return Ok(Ratio::ZERO);
    }
    Ok(tranche.remaining.part_of(tranche.original, Rounding::Nearest)?.in_percent())
}

/// The price whose best one is told: the one that the trail follows, else the one that reaches levels.
fn followed(live: &Live, side: PositionSide, ctx: Ctx) -> Series {
    let trailing = live.plan.as_ref().and_then(|plan| plan.trailing);
    trailing.map_or_else(|| ctx.board.reaching(side), |trailing| trailing.trigger.series(side))
}

/// Where the price has been since the entry. What was paid and received counts as well: it was the price just then.
fn course(tranche: &Tranche, ctx: Ctx) -> Result<Course, OutOfRange> {
    let mut range = Range::point(tranche.entry_price);
    for exit in &tranche.exits {
        range = range.joined(Range::point(exit.cash.per(exit.quantity, Rounding::Nearest)?));
    }
    if let Some(seen) = ctx.board.range_since(Series::Last, tranche.window) {
        range = range.joined(seen);
    }
    if let Some(recalled) = tranche.recalled().best(Series::Last) {
        range = range.joined(Range::point(recalled));
    }
    let targets = tranche.levels.iter().map(|level| (level.number, level.price)).collect();
    let is_trailing = tranche.trail.is_some_and(|trail| trail.phase != Phase::Waiting);
    Ok(Course { range, initial_stop: tranche.initial_stop, targets, is_trailing })
}

fn partial(exit: &Exit, side: PositionSide) -> Result<PartialExitDocument, OutOfRange> {
    let points = crate::exits::ladder::profit(side, exit.cost, exit.cash, Ratio::ONE)?;
    let share = points.share_of(exit.cost, Rounding::Nearest).unwrap_or(Ratio::ZERO);
    Ok(PartialExitDocument {
        tp_level: exit.level,
        reason: exit.reason,
        exit_time: exit.at.as_millis(),
        exit_price: exit.cash.per(exit.quantity, Rounding::Nearest)?,
        quantity_closed: exit.quantity,
        profit: exit.profit,
        profit_pct: share.in_percent(),
        new_stop_loss: exit.new_stop,
    })
}
