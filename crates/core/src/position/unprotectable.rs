//! A stop that cannot be placed because the venue is overloaded, near its price (F-A05): the exemption for orders that only
//! reduce is documented for ordinary orders, not for stops, and such a morning may last for hours. When the price is near the
//! stop, there may be no time left for watching it: the position is closed at market, as the owner of the account wants it.

use super::protection::LIMIT;
use super::scene::title;
use super::turn::{believed, guarded};
use super::{Ctx, Out, Position, Tranche};
use backstop_model::{ExitReason, OnUnprotectable, PositionSide, Price, Ratio, RefusalReason, Rounding, Severity};

impl Tranche {
    /// Whether its last refused stop was refused for overload.
    pub(super) fn is_throttled(&self) -> bool {
        self.stop_retry().is_some_and(|retry| retry.why == Some(RefusalReason::Throttled))
    }
}

impl Position {
    /// Closes what no stop has covered in time because the venue is overloaded, when its stop is near.
    pub(super) fn watch_unprotectable(&mut self, ctx: Ctx, out: &mut Out) {
        let (key, side, epoch) = (self.key, self.key.side, self.epoch);
        let Some(live) = &mut self.live else { return };
        let Some(plan) = live.plan.clone() else { return };
        let late = live.protection.unprotected_since.is_some_and(|since| ctx.now.since(since) >= LIMIT);
        let tranches = live.tranches.iter_mut().filter(|tranche| late && tranche.is_throttled());
        for tranche in tranches.filter(|tranche| tranche.closing.is_none() && !tranche.is_closed()) {
            let (Some(stop), uncovered) = (tranche.stop, guarded(tranche, &self.orders, epoch) < tranche.remaining)
            else {
                continue;
            };
            let series = tranche.trigger(&plan).series(side);
            let Some(now) = ctx.board.fresh(series, ctx.now).filter(|_| uncovered) else { continue };
            let near = unprotectable_at(tranche, side, ctx);
            if near.is_some_and(|near| side.hit(now, near) && believed(side, near, series, ctx)) {
                let text = format!(
                    "{}: the venue is overloaded and has taken no stop for {LIMIT}; the price is {now}, the stop would be at {}: closing at market",
                    title(side, tranche.id, ctx),
                    stop.price
                );
                out.tell(Severity::Alarm, key, text);
                tranche.close(ExitReason::Emergency, ctx.now);
            }
        }
    }
}

/// From which price on a stop that cannot be placed is too near; none while stops can be, or when the owner wants to wait.
pub(super) fn unprotectable_at(tranche: &Tranche, side: PositionSide, ctx: Ctx) -> Option<Price> {
    let stop = tranche.stop.filter(|_| tranche.is_throttled())?.price;
    let within = match ctx.account.refusals.on_unprotectable {
        OnUnprotectable::Close => {
            return Some(if side == PositionSide::Long { Price::HIGHEST } else { ctx.instrument.tick });
        }
        OnUnprotectable::CloseWithin(share) => share,
        OnUnprotectable::KeepTrying => return None,
    };
    let factor = match side {
        PositionSide::Long => Ratio::ONE.plus(within),
        PositionSide::Short => Ratio::ONE.minus(within),
    };
    stop.times(factor.ok()?, Rounding::Nearest).ok()
}
