//! Executions and funding become facts: quantity, cost, what each closing earned.
//!
//! Only these change what a position is. Status reports say what became of orders (`reports.rs`); they never move a
//! quantity (F-B06).

use super::tranche::Booking;
use super::{Ctx, Live, Out, Position, Tranche};
use crate::exits::ladder::LevelState;
use crate::orders::{Leg, Named, OrderState};
use backstop_model::{
    ExitReason, Fee, Fill, FillCause, Funding, Money, OutOfRange, Points, Quantity, Rounding, Severity,
};

impl Position {
    /// Books the part of an execution that opens or adds. Repeats have been sorted out.
    pub(crate) fn enter(
        &mut self,
        fill: &Fill,
        quantity: Quantity,
        fee: Money,
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        // Flat and open again is a new incarnation, even while orders of the old one are still to be seen gone.
        if let Some(live) = self.live.as_mut().filter(|live| !live.tranche.remaining.is_zero()) {
            live.tranche.add(fill.price, quantity, fee)?;
            return self.rearm(ctx, out);
        }
        self.epoch = self.epoch.next();
        let mut tranche = Tranche::open(fill.price, quantity, fee, fill.at, ctx.board.window())?;
        tranche.main_order = Some(fill.order.map_or_else(|| fill.venue_order.to_string(), |id| id.to_string()));
        self.begin(tranche, ctx, out)
    }

    /// Starts an incarnation.
    pub(super) fn begin(&mut self, tranche: Tranche, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let mut live = Live {
            tranche,
            plan: ctx.plan.cloned(),
            closing: None,
            stop_passed: None,
            protection: Default::default(),
            revisions: Default::default(),
            retries: Default::default(),
            mismatch: None,
            liquidation: None,
            resize_at: None,
            suspended: false,
        };
        live.protection.note(false, ctx.now);
        self.live = Some(Box::new(live));
        self.arm(ctx, out)
    }

    /// Books the part of an execution that closes; `quantity` is at most what is open.
    pub(crate) fn leave(
        &mut self,
        fill: &Fill,
        quantity: Quantity,
        fee: Money,
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        let ours = fill.order.as_ref().and_then(Named::read).filter(|named| named.scope == self.scope);
        let (leg, reason) = self.purpose(fill, ours);
        let side = self.side();
        let Some(live) = &mut self.live else { return Ok(()) };
        let level = leg.and_then(Leg::level);
        if leg == Some(Leg::Stop)
            && let Some(stop) = live.tranche.stop
        {
            let against = match side {
                backstop_model::PositionSide::Long => stop.price.above(fill.price),
                backstop_model::PositionSide::Short => fill.price.above(stop.price),
            };
            out.slippage.push(against.max(Points::ZERO));
        }
        live.tranche.book(side, &Booking { level, reason, price: fill.price, quantity, fee, at: fill.at })?;
        if let Some(number) = level
            && let Some(level) = live.tranche.levels.iter_mut().find(|level| level.number == number)
        {
            level.filled = level.filled.plus(quantity)?;
        }
        if leg.is_none() {
            self.shrink_levels(quantity, ctx)?;
            if reason != ExitReason::External {
                out.tell(
                    Severity::Alarm,
                    self.key,
                    format!("{} {}: {quantity} closed by the venue: {reason}", ctx.instrument.symbol, side),
                );
            }
        }
        Ok(())
    }

    /// One of our orders has closed more than we know to be open. It only ever reduces, so an entry must be missing here:
    /// nothing is invented, the venue is asked (F-B01, F-B06).
    pub(crate) fn closed_too_much(&mut self, rest: Quantity, ctx: Ctx, out: &mut Out) {
        let text = format!(
            "{} {}: our order closed {rest} more than is known to be open; asking for the full state",
            ctx.instrument.symbol, self.key.side
        );
        out.tell(Severity::Warning, self.key, text);
        let (account, cause) = (self.key.account, backstop_model::SnapshotCause::Surprise);
        out.commands.push(backstop_model::Command::Snapshot { account, cause });
    }

    /// What an execution was for: the leg of our order, and the reason it is booked under.
    fn purpose(&self, fill: &Fill, ours: Option<Named>) -> (Option<Leg>, ExitReason) {
        let external = match fill.cause {
            FillCause::Adl => ExitReason::Adl,
            FillCause::Liquidation => ExitReason::Liquidation,
            FillCause::Order | FillCause::Settlement => ExitReason::External,
        };
        let Some(named) = ours else { return (None, external) };
        let known = self.orders.iter().find(|order| Some(order.id) == fill.order);
        let stop = self.live.as_ref().and_then(|live| live.tranche.stop);
        let reason = known.map(|order| order.reason).unwrap_or(match named.leg {
            Leg::Stop => stop.map_or(ExitReason::StopLoss, |stop| stop.basis.reason()),
            Leg::Trail => ExitReason::TrailingStop,
            Leg::Target(_) => ExitReason::TakeProfit,
            Leg::Instant(_) => ExitReason::InstantTakeProfit,
            Leg::Close => ExitReason::Manual,
        });
        (Some(named.leg), reason)
    }

    /// Takes note of an execution at the order it belongs to.
    pub(crate) fn count_at_order(&mut self, fill: &Fill) -> Result<(), OutOfRange> {
        let now = fill.at;
        let Some(order) = self.orders.iter_mut().find(|order| Some(order.id) == fill.order) else { return Ok(()) };
        order.filled = order.filled.plus(fill.quantity)?;
        order.reported = order.reported.max(order.filled);
        if order.filled >= order.quantity {
            order.state = OrderState::Over { since: now };
        } else if matches!(order.state, OrderState::InFlight { .. } | OrderState::Unknown(_)) {
            // It has executed, so it exists: the answer is still on its way (F-B04).
            order.state = OrderState::Working { change: None };
        }
        Ok(())
    }

    /// Whether an execution is new; it is remembered.
    pub(crate) fn is_news(&mut self, fill: &Fill) -> bool {
        self.newest_fill = self.newest_fill.max(fill.at);
        self.remember(fill.id)
    }

    /// A reduction from outside shrinks open levels pro rata (§3.4); rounding's remainder stays with the last.
    pub(super) fn shrink_levels(&mut self, gone: Quantity, ctx: Ctx) -> Result<(), OutOfRange> {
        let Some(live) = &mut self.live else { return Ok(()) };
        let now = live.tranche.remaining;
        let before = now.plus(gone)?;
        let closes_rest = live.plan.as_ref().is_some_and(|plan| !plan.trails());
        let last_open = live.tranche.levels.iter().rposition(|level| level.state == LevelState::Open);
        let mut left = now;
        for (index, level) in live.tranche.levels.iter_mut().enumerate() {
            if level.state != LevelState::Open {
                continue;
            }
            let due = level.due().pro_rata(now, before, Rounding::Down)?.floor_to_step(ctx.instrument.step)?;
            let due = if closes_rest && Some(index) == last_open { left } else { due.min(left) };
            left = left.minus(due)?;
            level.planned = level.filled.plus(due)?;
        }
        Ok(())
    }

    /// Books funding to what is open.
    pub(crate) fn fund(&mut self, funding: &Funding) -> Result<(), OutOfRange> {
        if let Some(live) = &mut self.live {
            live.tranche.funding = live.tranche.funding.plus(funding.amount)?;
            let paid = funding.amount.negated()?.max(backstop_model::Money::ZERO);
            live.tranche.funding_paid = live.tranche.funding_paid.plus(paid)?;
        }
        Ok(())
    }
}

/// The fee of a part of an execution; unknown counts as nothing until it is known (F-B11).
pub(crate) fn fee_of(fill: &Fill, part: Quantity) -> Result<Money, OutOfRange> {
    match fill.fee {
        Fee::Known(fee) if part == fill.quantity => Ok(fee),
        Fee::Known(fee) => fee.pro_rata(part, fill.quantity, Rounding::Nearest),
        Fee::Unknown => Ok(Money::ZERO),
    }
}
