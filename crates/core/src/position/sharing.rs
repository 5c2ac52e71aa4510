//! Tranches among each other: which one an entry joins, who gives up what when the position is reduced from outside, and
//! when they become one (product.md §2.5). Their quantities always sum to the venue's position.

use super::scene::Scene;
use super::{Ctx, Live, Out, Position, Tranche, arming, trail};
use crate::exits::ladder::{Level, LevelState};
use crate::exits::stop_loss::StopLevel;
use crate::orders::{Leg, OpenOrder, OrderState};
use backstop_model::plan::{MOST_TRANCHES, Merge, Tranches};
use backstop_model::{
    OutOfRange, PositionSide, Price, Quantity, Ratio, RestingTargets, Rounding, Series, Severity, TrancheId,
};

/// Tranche numbers take one letter of an order id.
const LAST_NUMBER: u8 = 31;

impl Live {
    /// The tranche that a further entry joins; none when it opens one of its own.
    pub(super) fn joined_by(&self, order: &str, price: Price, side: PositionSide, ctx: Ctx) -> Option<TrancheId> {
        let newest = self.open().next_back()?;
        let trails = self.plan.as_ref().is_some_and(|plan| plan.trails());
        if newest.is_spent(trails) && self.last_tranche.0 < LAST_NUMBER {
            return None;
        }
        let tranches = match ctx.account.capability.resting_targets {
            RestingTargets::Every => self.plan.as_ref().map_or(Tranches::Off, |plan| plan.tranches),
            // The one target that rests closes everything: there is one tranche.
            RestingTargets::Last => Tranches::Off,
        };
        let max = match tranches {
            Tranches::Off => return Some(newest.id),
            Tranches::PerFill => MOST_TRANCHES,
            Tranches::NewWhenLoss { max, .. } => max,
        };
        if let Some(same) = self.open().find(|tranche| tranche.main_order.as_deref() == Some(order)) {
            return Some(same.id);
        }
        if self.open().count() >= usize::from(max) || self.last_tranche.0 >= LAST_NUMBER {
            return Some(newest.id);
        }
        match tranches {
            Tranches::NewWhenLoss { loss, .. } if !newest.loses_more_than(loss, price, side) => Some(newest.id),
            Tranches::NewWhenLoss { .. } | Tranches::PerFill | Tranches::Off => None,
        }
    }

    /// How a reduction that no order of ours explains is shared out: pro rata, the remainder of rounding from the newest.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn share_out(
        &self,
        quantity: Quantity,
        step: Quantity,
    ) -> Result<Vec<(TrancheId, Quantity)>, OutOfRange> {
        let whole = self.remaining();
        let mut left = quantity.min(whole);
        let mut shares = Vec::new();
        for tranche in self.open() {
            let share = tranche.remaining.pro_rata(quantity.min(whole), whole, Rounding::Down)?.floor_to_step(step)?;
            left = left.minus(share)?;
            shares.push((tranche, share));
        }
        for (tranche, share) in shares.iter_mut().rev() {
            let more = left.min(tranche.remaining.minus(*share)?);
            *share = share.plus(more)?;
            left = left.minus(more)?;
        }
        Ok(shares
            .into_iter()
            .filter(|(_, share)| !share.is_zero())
            .map(|(tranche, share)| (tranche.id, share))
            .collect())
    }
}

impl Tranche {
    fn loses_more_than(&self, share: Ratio, price: Price, side: PositionSide) -> bool {
        let threshold = match side {
            PositionSide::Long => Ratio::ONE.minus(share).and_then(|left| self.entry_price.times(left, Rounding::Down)),
            PositionSide::Short => Ratio::ONE.plus(share).and_then(|more| self.entry_price.times(more, Rounding::Up)),
        };
        threshold.is_ok_and(|threshold| side.is_better(threshold, price))
    }

    /// Every level is behind it and nothing runs on: what is left is being closed, and an entry has no place in it.
    fn is_spent(&self, trails: bool) -> bool {
        !trails && !self.levels.is_empty() && self.levels.iter().all(Level::is_done)
    }

    /// Nothing of its plan has happened yet: it may become part of another one.
    pub(super) fn is_untouched(&self) -> bool {
        let touched = |state: LevelState| match state {
            LevelState::Open | LevelState::OnlyMoves => false,
            LevelState::Hit { .. } | LevelState::Moved | LevelState::Failed | LevelState::Moot => true,
        };
        self.closing.is_none()
            && !self.is_closed()
            && self.aside.part.is_zero()
            && self.levels.iter().all(|level| !touched(level.state) && level.filled.is_zero())
    }

    /// A trail that is active goes on, from its own best price: the other one's may have been through its level.
    fn join_trails(&mut self, other: &Self, side: PositionSide) {
        let takes_theirs = !self.is_trailing() && other.is_trailing() && other.closing.is_none();
        let since = if takes_theirs { other.since() } else { self.since() };
        if let (Some(own), Some(theirs), None) = (self.trail, other.trail, other.closing) {
            self.trail = Some(own.joined(theirs, side));
        }
        if self.is_trailing() {
            self.aside.since.put(Some(since));
        }
    }

    /// Takes over everything of another tranche.
    fn absorb(&mut self, other: Self, side: PositionSide) -> Result<(), OutOfRange> {
        self.join_trails(&other, side);
        self.opened_at = self.opened_at.min(other.opened_at);
        self.window = self.window.min(other.window);
        let recalled = self.recalled().joined(other.recalled(), side);
        self.recalled = Some(recalled).filter(|recalled| !recalled.is_empty()).into();
        self.original = self.original.plus(other.original)?;
        self.remaining = self.remaining.plus(other.remaining)?;
        self.aside.unproven = self.aside.unproven.plus(other.aside.unproven)?;
        self.cost = self.cost.plus(other.cost)?;
        self.cost_left = self.cost_left.plus(other.cost_left)?;
        self.entry_price = self.cost_left.per(self.remaining, Rounding::Nearest)?;
        self.entry_fees = self.entry_fees.plus(other.entry_fees)?;
        self.fees = self.fees.plus(other.fees)?;
        self.funding = self.funding.plus(other.funding)?;
        self.funding_paid = self.funding_paid.plus(other.funding_paid)?;
        self.aside.premium_paid = self.aside.premium_paid.plus(other.aside.premium_paid)?;
        self.guarantee = self.guarantee.joined(other.guarantee);
        self.exits.extend(other.exits.iter().cloned());
        self.stop = match (self.stop, other.stop) {
            (Some(ours), Some(theirs)) if side.is_better(theirs.price, ours.price) => Some(theirs),
            (ours, theirs) => ours.or(theirs),
        };
        Ok(())
    }
}

impl Position {
    /// Tranches that are back in profit, with nothing of their plans begun, become one. Returns whether any did.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn merge(&mut self, ctx: Ctx, out: &mut Out) -> Result<bool, OutOfRange> {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = &self.live else { return Ok(false) };
        // What rests for each of them stays while it is paused.
        if live.paused || live.tranches.len() < 2 || live.plan.as_ref().is_none_or(|plan| plan.merge == Merge::Never) {
            return Ok(false);
        }
        let Some(price) = ctx.board.price(Series::executable(side)) else { return Ok(false) };
        let ready = |tranche: &&Tranche| tranche.is_untouched() && side.is_better(price, tranche.entry_price);
        let ids: Vec<TrancheId> = live.tranches.iter().filter(ready).map(|tranche| tranche.id).collect();
        let [oldest, others @ ..] = &ids[..] else { return Ok(false) };
        let (oldest, others) = (*oldest, others.to_vec());
        for id in &others {
            let what = format!("tranche {} is back in profit and", id.0);
            self.join((*id, oldest), &what, ctx, out)?;
        }
        let Some(live) = self.live.as_mut().filter(|_| !others.is_empty()) else { return Ok(false) };
        arming::rearm(live, oldest, key, ctx, out)?;
        self.fit_trail(oldest, ctx, out);
        Ok(true)
    }

    /// What runs of a tranche has become more: the venue may not trail as much. Where a trail of the venue's rests, its ground is
    /// kept first.
    fn fit_trail(&mut self, id: TrancheId, ctx: Ctx, out: &mut Out) {
        let rests = self.orders.iter().any(|order| order.leg == Leg::Trail && order.is_live());
        let Some(live) = self.live.as_mut().filter(|_| !rests) else { return };
        let Some(plan) = live.plan.clone() else { return };
        let scene = Scene { key: self.key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
        if let Some(tranche) = live.tranche_mut(id).filter(|tranche| tranche.closing.is_none()) {
            trail::fit_to_venue(tranche, &scene, out);
        }
    }

    /// What is left of a tranche that is being closed, by hand too, and is too little for an order of its own, joins the open tranche with
    /// the nearest stop and goes under that: the venue would keep it for ever (F-G03). A stop of its own that has been passed is
    /// no reason to close the other as well; one that still stands, or that it keeps because only a part of it was to go, is the
    /// tighter of the two, and stays (I3, product.md §2.5).
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn join_dust(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, side) = (self.key, self.key.side);
        let Some(live) = self.live.as_deref().filter(|live| live.tranches.len() > 1) else { return Ok(()) };
        let exits = |id: TrancheId| self.orders.iter().any(|order| order.tranche == id && !order.leg.is_stop());
        let is_dust = |tranche: &&Tranche| {
            let refused = |leg| tranche.goes_with(leg) && tranche.is_small(leg);
            (refused(Leg::Close) || refused(Leg::Part)) && !exits(tranche.id)
        };
        let Some(dust) = live.open().find(is_dust).map(|tranche| tranche.id) else { return Ok(()) };
        let hosts = live.open().filter(|tranche| tranche.id != dust);
        let nearest = hosts.filter_map(|host| Some((host.stop?, host.id)));
        let nearest = nearest.reduce(|one, other| if side.is_better(other.0.price, one.0.price) { other } else { one });
        let Some((stop, host)) = nearest else { return Ok(()) };
        let own = [self.stop_that_stands(dust, ctx), self.stop_that_is_kept(dust, ctx)].into_iter().flatten();
        let own = own.filter(|own| side.is_better(own.price, stop.price));
        let own = own.reduce(|one, other| if side.is_better(other.price, one.price) { other } else { one });
        let what = format!("what is left of tranche {} is too little for an order of its own and", dust.0);
        self.join((dust, host), &what, ctx, out)?;
        let Some(live) = &mut self.live else { return Ok(()) };
        if let Some(tranche) = live.tranche_mut(host) {
            tranche.stop = Some(own.unwrap_or(stop));
        }
        arming::rearm(live, host, key, ctx, out)?;
        self.fit_trail(host, ctx, out);
        Ok(())
    }

    /// A tranche's own stop where it waits at the venue for a price that has not come.
    fn stop_that_stands(&self, id: TrancheId, ctx: Ctx) -> Option<StopLevel> {
        let (side, live) = (self.key.side, self.live.as_deref()?);
        let (tranche, plan) = (live.tranche(id)?, live.plan.as_ref()?);
        let now = ctx.board.price(tranche.trigger(plan).series(side));
        let waits = |order: &&OpenOrder| order.stands() && !matches!(order.state, OrderState::Triggered { .. });
        let nearest = self.own_stops(id).filter(waits).filter_map(|order| order.best_stop(side));
        let nearest = nearest.reduce(|one, other| side.better(one, other));
        let nearest = nearest.filter(|at| now.is_none_or(|now| !side.hit(now, *at)))?;
        Some(StopLevel { price: nearest, basis: tranche.stop?.basis })
    }

    /// The stop of a tranche that goes on, wherever it rests, while the price has not come there.
    fn stop_that_is_kept(&self, id: TrancheId, ctx: Ctx) -> Option<StopLevel> {
        let live = self.live.as_deref()?;
        let (tranche, plan) = (live.tranche(id)?, live.plan.as_ref()?);
        let now = ctx.board.price(tranche.trigger(plan).series(self.key.side));
        let stop = tranche.stop.filter(|_| tranche.closing.is_none())?;
        now.is_none_or(|now| !self.key.side.hit(now, stop.price)).then_some(stop)
    }

    /// One tranche becomes a part of another.
    fn join(
        &mut self,
        (from, to): (TrancheId, TrancheId),
        what: &str,
        ctx: Ctx,
        out: &mut Out,
    ) -> Result<(), OutOfRange> {
        let (key, side) = (self.key, self.key.side);
        out.reads.extend(self.read_tranche(from, ctx)?.map(|read| read.merged()));
        self.hand_on_owed(from, to);
        let Some(live) = &mut self.live else { return Ok(()) };
        let Some(at) = live.tranches.iter().position(|tranche| tranche.id == from) else { return Ok(()) };
        let gone = live.tranches.remove(at);
        let Some(tranche) = live.tranche_mut(to) else { return Ok(()) };
        tranche.absorb(gone, side)?;
        let text = format!(
            "{} {side}: {what} joins tranche {}: {} from {}",
            ctx.instrument.symbol, to.0, tranche.remaining, tranche.entry_price
        );
        out.tell(Severity::Note, key, text);
        Ok(())
    }
}
