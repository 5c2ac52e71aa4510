//! Quantities that two reads have shown before any execution explained them (F-B06): each is remembered, and when its
//! execution comes, however late, that takes the place of what was assumed (F-B16). The quantity stays; price, fee and
//! reason become those of the execution, also in a trade that is over.
//!
//! When a read is believed is decided in `reports`; how executions are booked otherwise is `facts`.

use super::annulled::entered_for;
use super::scene::title;
use super::tranche::Booking;
use super::{Ctx, Out, Position, Tranche, arming, facts_fee};
use crate::exits::ladder;
use crate::orders::{Leg, Named};
use backstop_model::{
    ClientOrderId, Command, Epoch, ExitReason, Fill, Money, OrderKind, OutOfRange, PositionDocument, PositionSide,
    Price, Quantity, Ratio, Rounding, Series, Severity, SnapshotCause, Timestamp, TrancheId,
};
use serde::{Deserialize, Serialize};

/// Remembered at most; the oldest goes first.
const MOST: usize = 16;

/// A quantity that was believed without an execution.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Assumed {
    epoch: Epoch,
    tranche: TrancheId,
    /// Entered, not closed.
    opens: bool,
    /// What the closing was booked as.
    level: Option<u8>,
    reason: ExitReason,
    /// The order of ours that was told to have executed it.
    order: Option<ClientOrderId>,
    price: Price,
    left: Quantity,
    /// The venue's time of the read that was believed: executions from before are in its quantity.
    read_at: Timestamp,
}

impl Assumed {
    pub(super) fn is_of(&self, epoch: Epoch, tranche: TrancheId) -> bool {
        self.epoch == epoch && self.tranche == tranche
    }

    /// Closings of one level are one, whatever it was taken by.
    fn is_booked_in(&self, level: Option<u8>, reason: ExitReason) -> bool {
        level == self.level && (level.is_some() || reason == self.reason)
    }

    /// How far from the read that was believed a closing is, in milliseconds: its own is the nearest.
    fn apart_from(&self, closed_at: i64) -> u64 {
        self.read_at.as_millis().abs_diff(closed_at)
    }

    fn explains(&self, fill: &Fill, side: PositionSide) -> bool {
        let of_it = self.order.is_none() || self.order == fill.order;
        of_it && (side.opening() == fill.side) == self.opens && fill.at <= self.read_at
    }
}

/// How much of a closing only reads have shown so far.
pub(super) fn assumed_in(
    all: &[Assumed],
    epoch: Epoch,
    tranche: TrancheId,
    level: Option<u8>,
    reason: ExitReason,
) -> Quantity {
    let of_it = |one: &&Assumed| !one.opens && one.is_of(epoch, tranche) && one.is_booked_in(level, reason);
    all.iter().filter(of_it).fold(Quantity::ZERO, |sum, one| sum.plus(one.left).unwrap_or(sum))
}

/// One execution, or its part, that takes the place of what was assumed.
struct Proof {
    quantity: Quantity,
    price: Price,
    fee: Money,
    at: Timestamp,
    reason: ExitReason,
}

impl Position {
    /// What only reads have shown to be entered.
    pub(super) fn assumed_entries(&self) -> Quantity {
        let entered = self.aside.assumed.iter().filter(|one| one.opens).map(|one| one.left);
        entered.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(sum))
    }

    /// A quantity has been entered that only reads show.
    pub(super) fn assume_entered(&mut self, tranche: TrancheId, price: Price, left: Quantity, read_at: Timestamp) {
        let (epoch, reason, level, order) = (self.epoch, ExitReason::Unknown, None, None);
        self.assume(Assumed { epoch, tranche, opens: true, level, reason, order, price, left, read_at });
    }

    fn assume(&mut self, assumed: Assumed) {
        self.aside.assumed.push(assumed);
        if self.aside.assumed.len() > MOST {
            self.aside.assumed.remove(0);
            self.forget_paid();
        }
    }

    /// Reads agree that so much is gone. What orders of ours are told to have executed is booked as theirs, the rest to all
    /// tranches; at the newest price, or at the limit of the order.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn assume_closed(&mut self, gone: Quantity, read_at: Timestamp, ctx: Ctx) -> Result<(), OutOfRange> {
        let mut rest = gone;
        for index in 0..self.orders.len() {
            let order = &self.orders[index];
            let spoken_of = order.reported.saturating_minus(order.filled).min(rest);
            if order.epoch == self.epoch && !spoken_of.is_zero() {
                rest = rest.saturating_minus(self.assume_executed(index, spoken_of, read_at, ctx)?);
            }
        }
        let Some(live) = self.live.as_ref().filter(|_| !rest.is_zero()) else { return Ok(()) };
        let trails = live.plan.as_ref().is_some_and(|plan| plan.trails());
        for (id, gone) in live.share_out(rest, ctx.instrument.step)? {
            self.assume_one(id, (None, ExitReason::Unknown, None), (gone, None), read_at, ctx)?;
            if let Some(tranche) = self.live.as_mut().and_then(|live| live.tranche_mut(id)) {
                tranche.shrink_levels(gone, ctx.instrument.step, trails)?;
            }
        }
        Ok(())
    }

    /// An order of ours is told to have executed so much: it is booked as its own, or as the whole stop's. How much of it there was.
    fn assume_executed(
        &mut self,
        index: usize,
        spoken_of: Quantity,
        read_at: Timestamp,
        ctx: Ctx,
    ) -> Result<Quantity, OutOfRange> {
        let order = self.orders[index].clone();
        let Some(live) = &self.live else { return Ok(Quantity::ZERO) };
        let limit = if matches!(order.kind, OrderKind::Limit { .. }) { order.kind.price() } else { None };
        let whole = order.leg == Leg::WholeStop;
        let open = if whole {
            live.remaining()
        } else {
            live.tranche(order.tranche).map_or(Quantity::ZERO, |of| of.remaining)
        };
        let quantity = spoken_of.min(open);
        if quantity.is_zero() {
            return Ok(quantity);
        }
        let shares =
            if whole { live.share_out(quantity, ctx.instrument.step)? } else { vec![(order.tranche, quantity)] };
        self.orders[index].filled = order.filled.plus(quantity)?;
        for (id, share) in shares {
            let reason = if whole { self.whole_stop_reason(id) } else { order.reason };
            self.assume_one(id, (order.leg.level(), reason, Some(order.id)), (share, limit), read_at, ctx)?;
        }
        Ok(quantity)
    }

    fn assume_one(
        &mut self,
        id: TrancheId,
        (level, reason, order): (Option<u8>, ExitReason, Option<ClientOrderId>),
        (quantity, limit): (Quantity, Option<Price>),
        read_at: Timestamp,
        ctx: Ctx,
    ) -> Result<(), OutOfRange> {
        let (side, epoch) = (self.key.side, self.epoch);
        let Some(tranche) = self.live.as_mut().and_then(|live| live.tranche_mut(id)) else { return Ok(()) };
        let price = limit.or(ctx.board.price(Series::Last)).unwrap_or(tranche.entry_price);
        tranche.book(side, &Booking { level, reason, price, quantity, fee: Money::ZERO, at: ctx.now })?;
        if let Some(level) = tranche.levels.iter_mut().find(|of| Some(of.number) == level) {
            level.filled = level.filled.plus(quantity)?;
        }
        let left = quantity;
        self.assume(Assumed { epoch, tranche: id, opens: false, level, reason, order, price, left, read_at });
        Ok(())
    }

    /// What was assumed of one tranche is one of another, in which it goes up.
    pub(super) fn hand_on_assumed(&mut self, from: TrancheId, to: TrancheId) {
        let epoch = self.epoch;
        self.aside
            .assumed
            .iter_mut()
            .filter(|assumed| assumed.is_of(epoch, from))
            .for_each(|assumed| assumed.tranche = to);
    }

    /// Whether an execution tells of what was assumed.
    pub(crate) fn assumes(&self, fill: &Fill) -> bool {
        self.aside.assumed.iter().any(|assumed| assumed.explains(fill, self.key.side))
    }

    /// The execution takes the place of what was assumed; the quantity is not touched, because the reads had it. The venue is
    /// asked how things stand: what was told so late may not be all. How much of it was assumed.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn prove(&mut self, fill: &Fill, ctx: Ctx, out: &mut Out) -> Result<Quantity, OutOfRange> {
        let (side, mut rest) = (self.key.side, fill.quantity);
        let ours = fill.order.as_ref().and_then(Named::read).filter(|named| named.scope == self.scope);
        let (_, reason) = self.purpose(fill, ours);
        let mut all = std::mem::take(&mut self.aside.assumed);
        // What was booked as this order's comes before what nobody could say anything of.
        all.sort_by_key(|assumed| assumed.order.is_none());
        for mut assumed in all {
            let quantity = if assumed.explains(fill, side) { assumed.left.min(rest) } else { Quantity::ZERO };
            if !quantity.is_zero() {
                let fee = facts_fee(fill, quantity)?;
                let proof = Proof { quantity, price: fill.price, fee, at: fill.at, reason };
                self.take_the_place(&assumed, &proof, ctx, out)?;
                self.owe(fill, assumed.tranche, quantity, assumed.opens);
                if assumed.order.is_none() {
                    self.count_at_order(&Fill { quantity, ..fill.clone() })?;
                }
                rest = rest.saturating_minus(quantity);
                assumed.left = assumed.left.saturating_minus(quantity);
            }
            if !assumed.left.is_zero() {
                self.aside.assumed.push(assumed);
            }
        }
        self.forget_paid();
        out.commands.push(Command::Snapshot { account: self.key.account, cause: SnapshotCause::Surprise });
        Ok(fill.quantity.saturating_minus(rest))
    }

    fn take_the_place(&mut self, assumed: &Assumed, proof: &Proof, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, id) = (self.key, assumed.tranche);
        let text = format!(
            "{}: {} was executed at {}, fee {}, and is told only now: it takes the place of {}, which was assumed",
            title(key.side, id, ctx),
            proof.quantity,
            proof.price,
            proof.fee,
            assumed.price
        );
        let live = self.live.as_mut().filter(|_| assumed.epoch == self.epoch);
        if let Some(live) = live.filter(|live| live.tranche(id).is_some()) {
            let Some(tranche) = live.tranche_mut(id) else { return Ok(()) };
            out.tell(Severity::Warning, key, text);
            if assumed.opens {
                tranche.prove_entry(key.side, assumed, proof)?;
                return arming::rearm(live, id, key, ctx, out);
            }
            return tranche.prove_exit(key.side, assumed, proof);
        }
        let Some(read) = self.past_read(assumed.epoch, id) else { return Ok(()) };
        let before = read.document.realized_pnl;
        prove_document(&mut read.document, assumed, proof)?;
        let (read, now) = (read.clone(), read.document.realized_pnl);
        out.tell(Severity::Warning, key, format!("{text}; {} has realised {now}", read.document.position_id));
        out.late_fees = out.late_fees.plus(before.minus(now)?)?;
        out.reads.push(read);
        Ok(())
    }
}

impl Tranche {
    fn prove_exit(&mut self, side: PositionSide, assumed: &Assumed, proof: &Proof) -> Result<(), OutOfRange> {
        let of_it =
            |exit: &&mut super::Exit| assumed.is_booked_in(exit.level, exit.reason) && exit.quantity >= proof.quantity;
        let value_per_point = self.aside.value_per_point;
        let its = self.exits.iter_mut().filter(of_it);
        let Some(exit) = its.min_by_key(|exit| assumed.apart_from(exit.at.as_millis())) else { return Ok(()) };
        let (then, now) = (assumed.price.notional(proof.quantity)?, proof.price.notional(proof.quantity)?);
        exit.cash = exit.cash.plus(now.minus(then)?)?;
        exit.profit = ladder::profit(side, exit.cost, exit.cash, value_per_point)?;
        if exit.reason == ExitReason::Unknown && exit.quantity == proof.quantity {
            (exit.reason, exit.at) = (proof.reason, proof.at);
        }
        self.fees = self.fees.plus(proof.fee)?;
        Ok(())
    }

    fn prove_entry(&mut self, side: PositionSide, assumed: &Assumed, proof: &Proof) -> Result<(), OutOfRange> {
        let (then, now) = (assumed.price.notional(proof.quantity)?, proof.price.notional(proof.quantity)?);
        let more = now.minus(then)?;
        self.cost = self.cost.plus(more)?;
        self.fees = self.fees.plus(proof.fee)?;
        self.entry_fees = self.entry_fees.plus(proof.fee)?;
        if !self.is_closed() {
            self.cost_left = self.cost_left.plus(more)?;
            self.entry_price = self.cost_left.per(self.remaining, Rounding::Nearest)?;
        } else if let Some(last) = self.exits.last_mut() {
            last.cost = last.cost.plus(more)?;
            last.profit = ladder::profit(side, last.cost, last.cash, self.aside.value_per_point)?;
        }
        Ok(())
    }
}

/// The same in a trade that is over, as its document tells it.
fn prove_document(document: &mut PositionDocument, assumed: &Assumed, proof: &Proof) -> Result<(), OutOfRange> {
    let (then, now) = (assumed.price.notional(proof.quantity)?, proof.price.notional(proof.quantity)?);
    let (side, value_per_point) = (document.side, document.value_per_point.unwrap_or(Ratio::ONE));
    let of_it = |exit: &backstop_model::PartialExitDocument| {
        assumed.is_booked_in(exit.tp_level, exit.reason) && exit.quantity_closed >= proof.quantity
    };
    let its = document.partial_exits.iter().enumerate().filter(|(_, exit)| of_it(exit));
    let index = if assumed.opens {
        document.partial_exits.len().checked_sub(1)
    } else {
        its.min_by_key(|(_, exit)| assumed.apart_from(exit.exit_time)).map(|(index, _)| index)
    };
    let Some(exit) = index.and_then(|index| document.partial_exits.get_mut(index)) else { return Ok(()) };
    let cash = exit.exit_price.notional(exit.quantity_closed)?;
    let (more, cash) = if assumed.opens {
        (ladder::profit(side, now, then, value_per_point)?, cash)
    } else {
        (ladder::profit(side, then, now, value_per_point)?, cash.plus(now.minus(then)?)?)
    };
    exit.exit_price = cash.per(exit.quantity_closed, Rounding::Nearest)?;
    exit.profit = exit.profit.plus(more)?;
    let points = exit.profit.in_points(value_per_point, Rounding::Nearest)?;
    let cost = entered_for(side, cash, points)?;
    exit.profit_pct = points.share_of(cost, Rounding::Nearest).map_or(exit.profit_pct, |share| share.in_percent());
    if exit.reason == ExitReason::Unknown && exit.quantity_closed == proof.quantity && !assumed.opens {
        (exit.reason, exit.exit_time) = (proof.reason, proof.at.as_millis());
    }
    document.fees = document.fees.plus(proof.fee)?;
    document.realized_pnl = document.realized_pnl.plus(more)?.minus(proof.fee)?;
    retell_end(document)
}

/// What a document says of its end, after a closing in it has changed.
pub(super) fn retell_end(document: &mut PositionDocument) -> Result<(), OutOfRange> {
    let exits = &document.partial_exits;
    let closed = exits.iter().try_fold(Quantity::ZERO, |sum, exit| sum.plus(exit.quantity_closed))?;
    let cash = |exit: &backstop_model::PartialExitDocument| exit.exit_price.notional(exit.quantity_closed);
    let all = exits.iter().try_fold(Money::ZERO, |sum, exit| sum.plus(cash(exit)?))?;
    document.average_exit_price = if closed.is_zero() { None } else { Some(all.per(closed, Rounding::Nearest)?) };
    if document.exit_time.is_some() {
        let last = exits.iter().max_by_key(|exit| exit.exit_time);
        document.exit_time = last.map(|exit| exit.exit_time).or(document.exit_time);
        document.exit_reason = last.map(|exit| exit.reason).or(document.exit_reason);
    }
    Ok(())
}
