//! Prices of open positions on a grid that has become another one (F-G02).
//!
//! What rests stays where it is: an order from the old grid protects and closes as before. What has to be asked for anew is
//! on the new one, rounded as when it was armed: a stop to the side that protects no less, a target to the side that earns no
//! less.

use super::scene::title;
use super::{Ctx, Live, Out, Position, Retry, Spacing, Tranche};
use crate::exits::arm::toward_market;
use crate::exits::stop_loss::StopLevel;
use crate::orders::{Change, Leg, OpenOrder, OrderState, Wanted};
use backstop_model::{
    OrderKind, OutOfRange, Price, Refusal, RefusalReason, Severity, Span, TimeInForce, Timestamp, Trigger,
};

/// A price that has been put on the grid may let another order be wanted, whose price is off it as well.
const PASSES: u8 = 4;
/// A venue has said its rules again within this.
const RULES_TAKE: Span = Span::from_secs(1);

impl Position {
    /// Puts prices that are about to be asked for on the grid. A stop may come to where the price already is: every rule looks at
    /// them there, and what is wanted then is put on the grid as well.
    ///
    /// # Errors
    /// [`OutOfRange`] when a price leaves its range.
    pub(crate) fn fit_to_grid(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let tick = ctx.instrument.tick;
        if self.live.as_ref().is_none_or(|live| !live.has_prices_off(tick)) || !self.put_wants_on_grid(ctx, out)? {
            return Ok(());
        }
        self.look(ctx, out)?;
        // Where everything is to go now, so are entries (I20).
        self.settle_entries(ctx, out);
        self.put_wants_on_grid(ctx, out)?;
        Ok(())
    }

    /// Whether there was something to put.
    fn put_wants_on_grid(&mut self, ctx: Ctx, out: &mut Out) -> Result<bool, OutOfRange> {
        let (side, tick) = (self.key.side, ctx.instrument.tick);
        if let Some(live) = &mut self.live
            && let Some(attached) = live.whole.attached.get()
        {
            let price = toward_market(side, attached.price, tick)?;
            live.whole.attached.put(Some(Trigger { price, ..attached }));
        }
        for pass in 0..PASSES {
            let anew =
                |want: &Wanted| is_off(want.kind, tick) && !self.is_asked_already(want) && !self.is_futile(want, ctx);
            let wants: Vec<Wanted> = self.wants(ctx).into_iter().filter(anew).collect();
            for want in &wants {
                self.put_on_grid(want, ctx, out)?;
            }
            if wants.is_empty() {
                return Ok(pass > 0);
            }
        }
        Ok(true)
    }

    /// The grid has become another one: a stop that was refused on the old one, where it has no place any more, does not wait
    /// its time (I25). How often it was refused stays known: the next pause is as long as it would have been. One whose place is
    /// on the new grid as well would be the same order: it waits (I36).
    pub(crate) fn ask_refused_places_again(&mut self, ctx: Ctx) {
        let (side, tick) = (self.key.side, ctx.instrument.tick);
        let Some(live) = &mut self.live else { return };
        let at_once = |retry: Retry| Retry { at: retry.at.min(ctx.now), ..retry };
        let place = |tranche: &Tranche| tranche.resting_stop().map(|stop| stop.price);
        let outermost =
            live.open().filter_map(place).reduce(|one, other| if side.is_better(one, other) { other } else { one });
        if outermost.is_some_and(|price| !price.is_on_tick(tick)) {
            let whole = live.whole.retry.get().map(at_once);
            live.whole.retry.put(whole);
        }
        let off = |tranche: &&mut Tranche| place(tranche).is_some_and(|price| !price.is_on_tick(tick));
        let retries = live.tranches.iter_mut().filter(off).flat_map(|tranche| tranche.retries.iter_mut());
        retries.filter(|(leg, _)| leg.is_stop()).for_each(|(_, retry)| *retry = at_once(*retry));
    }

    /// Whether what is wanted rests as it is, or is on its way.
    fn is_asked_already(&self, want: &Wanted) -> bool {
        let whole = want.leg == Leg::WholeStop;
        let own = |order: &&OpenOrder| order.leg == want.leg && (whole || order.tranche == want.tranche);
        let mut orders = self.orders.iter().filter(|order| order.epoch == self.epoch).filter(own);
        orders.any(|order| match order.state {
            _ if !want.leg.is_stop() => true,
            OrderState::Working { change: Some(Change::Amending { price, quantity, .. }) } => {
                want.kind.price() == Some(price) && (whole || quantity == want.quantity)
            }
            // It goes: what is wanted there is placed anew.
            OrderState::Working { change: Some(Change::Cancelling { .. }) } => false,
            _ => {
                let fits = whole || order.remaining() == want.quantity;
                order.kind == want.kind && fits && order.is_live() && !order.is_lost()
            }
        })
    }

    fn put_on_grid(&mut self, want: &Wanted, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, tick) = (self.key, ctx.instrument.tick);
        let (Some(live), Some(asked)) = (&mut self.live, want.kind.price()) else { return Ok(()) };
        let price = toward_market(key.side, asked, tick)?;
        let whole = want.leg == Leg::WholeStop;
        let concerned = |tranche: &&mut Tranche| if whole { tranche.asks(asked) } else { tranche.id == want.tranche };
        for tranche in live.tranches.iter_mut().filter(concerned) {
            tranche.put(want.leg, price);
            let (name, leg) = (title(key.side, tranche.id, ctx), want.leg);
            let text = format!("{name}: prices are multiples of {tick} now: {leg} goes from {asked} to {price}");
            out.tell(Severity::Note, key, text);
        }
        Ok(())
    }

    /// The order was on its way when the grid became another one: it is asked for on the new one, and nothing else is learned.
    pub(super) fn refused_for_grid(&self, order: &OpenOrder, refusal: &Refusal, ctx: Ctx, out: &mut Out) {
        let (name, leg) = (title(self.key.side, order.tranche, ctx), order.leg);
        let text = format!("{name}: {leg} refused ({refusal}): it is asked for where the new grid has a price");
        out.tell(Severity::Warning, self.key, text);
    }
}

impl Live {
    /// Whether a price that may be asked for is not on the grid.
    fn has_prices_off(&self, tick: Price) -> bool {
        let attached = self.whole.carried_at();
        let of_tranche = |tranche: &Tranche| {
            let stop = tranche.resting_stop().map(|stop| stop.price);
            let activation = tranche.trail.and_then(|trail| trail.activation);
            let mut levels = tranche.levels.iter().filter(|level| !level.is_done());
            [stop, activation].into_iter().flatten().any(|price| !price.is_on_tick(tick))
                || levels.any(|level| !level.price.is_on_tick(tick))
        };
        attached.is_some_and(|price| !price.is_on_tick(tick)) || self.open().any(of_tranche)
    }
}

impl Tranche {
    fn asks(&self, price: Price) -> bool {
        !self.is_closed() && self.resting_stop().is_some_and(|stop| stop.price == price)
    }

    fn put(&mut self, leg: Leg, price: Price) {
        match leg {
            Leg::Stop | Leg::StopPart(_) | Leg::WholeStop => match (self.spacing().at, self.stop) {
                (Some(_), _) => self.note_spacing(Spacing { at: Some(price), ..self.spacing() }),
                (None, Some(stop)) => self.stop = Some(StopLevel { price, ..stop }),
                (None, None) => {}
            },
            Leg::Target(number) | Leg::Instant(number) => {
                let level = self.levels.iter_mut().find(|level| level.number == number);
                level.into_iter().for_each(|level| level.price = price);
            }
            Leg::Trail => {
                let activation = self.trail.as_mut().and_then(|trail| trail.activation.as_mut());
                activation.into_iter().for_each(|activation| *activation = price);
            }
            Leg::Close | Leg::Drill | Leg::Part => {}
        }
    }
}

/// A target that is refused for its numbers although they are on the grid as it is known waits until the venue has said what
/// the grid is now (F-G02): the second refusal would give its level up.
pub(super) fn wait_for_rules(tranche: &mut Tranche, number: u8, kind: OrderKind, why: RefusalReason, now: Timestamp) {
    let makes_only = matches!(kind, OrderKind::Limit { time_in_force: TimeInForce::PostOnly, .. });
    let retry = tranche.retries.get_mut(&Leg::Target(number));
    if let Some(retry) = retry.filter(|_| why == RefusalReason::Filter && !makes_only) {
        retry.at = retry.at.max(now.plus(RULES_TAKE));
    }
}

/// Whether an order names a price that is not on the grid.
pub(crate) fn is_off(kind: OrderKind, tick: Price) -> bool {
    kind.price().is_some_and(|price| !price.is_on_tick(tick))
}
