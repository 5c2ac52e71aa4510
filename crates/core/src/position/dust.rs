//! What is less than the venue takes in one order that closes (F-G03): by quantity, or by what it is worth where that is not
//! waived (-4164; venues/binance.md §17, venues/aster.md §12).
//!
//! It is asked for once, because a rule that is known may be another one by now. Refused, it is told, and waits: a market exit
//! until the price makes it enough, everything for half a minute at most. What protects it meanwhile is the stop for the
//! whole position, which names no quantity. That one stays where it is: moving it would leave a moment without a stop (R6).

use super::scene::Scene;
use super::{Ctx, Tranche};
use crate::orders::{Leg, OpenOrder};
use backstop_model::{Price, Quantity, Rounding, Series, Span, Timestamp};

/// So long what is too little is not asked for again, where the price does not make it enough.
pub(super) const TOO_LITTLE: Span = Span::from_secs(30);

impl Tranche {
    /// Whether a leg waits after a refusal.
    #[must_use]
    pub fn is_held(&self, leg: Leg, ctx: Ctx) -> bool {
        self.waits_until(leg, ctx).is_some_and(|at| at > ctx.now)
    }

    /// Whether the last refusal of a leg said that it is too little.
    pub(super) fn is_small(&self, leg: Leg) -> bool {
        self.retries.get(&leg).is_some_and(|retry| retry.is_small())
    }

    /// Whether nothing is left of it when this market exit has done what it is for.
    pub(super) fn goes_with(&self, leg: Leg) -> bool {
        match leg {
            Leg::Close => self.closing.is_some(),
            Leg::Part => !self.is_closed() && self.aside.part >= self.remaining,
            _ => false,
        }
    }

    /// Until when a leg waits after a refusal: its pause, and what is too little as far as the rules are known for longer.
    pub(super) fn waits_until(&self, leg: Leg, ctx: Ctx) -> Option<Timestamp> {
        let retry = self.retries.get(&leg)?;
        let small = retry.is_small() && self.is_too_little(leg, ctx);
        Some(if small { retry.at.plus(TOO_LITTLE) } else { retry.at })
    }

    /// Whether all that a leg would close is less than the venue takes in one order, by the rules that are known.
    pub(super) fn is_too_little(&self, leg: Leg, ctx: Ctx) -> bool {
        let Some((quantity, price)) = self.asks_for(leg, ctx) else { return false };
        ctx.smallest_exit(price).is_ok_and(|smallest| quantity < smallest)
    }

    /// What a market exit or a stop is for in all, and at which price the venue reckons what it is worth.
    fn asks_for(&self, leg: Leg, ctx: Ctx) -> Option<(Quantity, Price)> {
        match leg {
            Leg::Close => Some((self.remaining, ctx.worth_at().unwrap_or(self.entry_price))),
            Leg::Part => Some((self.aside.part, ctx.worth_at().unwrap_or(self.entry_price))),
            Leg::Stop | Leg::StopPart(_) => Some((self.remaining, self.resting_stop()?.price)),
            Leg::Drill | Leg::Instant(_) | Leg::Target(_) | Leg::Trail | Leg::WholeStop => None,
        }
    }

    /// From which price on the market exit that waits for it is worth enough; none where none does.
    pub(super) fn enough_from(&self, ctx: Ctx) -> Option<Price> {
        let waits = |leg: &Leg| self.retries.get(leg).is_some_and(|retry| retry.is_small());
        let legs = [Leg::Close, Leg::Part].into_iter().filter(waits).filter(|leg| self.is_too_little(*leg, ctx));
        let from = |leg: Leg| ctx.instrument.min_notional.per(self.asks_for(leg, ctx)?.0, Rounding::Down).ok();
        legs.filter_map(from).min()
    }
}

impl Ctx<'_> {
    /// The price at which the venue reckons what a market order is worth (venues/binance.md §5): the mark, else the last one.
    pub(crate) fn worth_at(self) -> Option<Price> {
        self.board.price(Series::Mark).or(self.board.price(Series::Last))
    }
}

/// What people are told of a market exit that is too little, and the last of its position.
pub(super) fn in_words(tranche: &Tranche, scene: &Scene) -> String {
    let whole = scene.protecting(tranche.id).find(|order| order.leg == Leg::WholeStop && order.stands());
    let only = whole.and_then(OpenOrder::stop_price).map_or_else(String::new, |at| {
        format!("only the stop for the whole position at {at} can close it by itself; ")
    });
    format!("it is too little to be closed alone: {only}close it at the venue's own screen, or add to it and close all")
}
