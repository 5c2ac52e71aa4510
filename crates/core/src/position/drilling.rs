//! The fire drill (product.md §8.3): while nothing is open, every kind of protective order the plan uses is placed once,
//! small, reduce-only and far from the price, and cancelled as soon as it is seen working. A kind that a venue takes no more
//! raises an alarm before a position needs it.
//!
//! The orders lie among the position's own, so that unknown outcomes, cancels and restarts are seen to as everywhere.
//! A stop for the whole position is never tried.

use super::wants::on_grid;
use super::{Ctx, Out, Position};
use crate::exits::arm::toward_market;
use crate::guards;
use crate::orders::{Leg, Named, OpenOrder, Wanted};
use backstop_model::plan::{TargetOrder, TrailDistance, TrailedBy};
use backstop_model::{
    Command, Epoch, ExitReason, NewOrder, OrderKind, OrderQuantity, OutOfRange, Permit, PositionMode, PositionSide,
    Price, Quantity, Ratio, Refusal, RefusalReason, RestingTargets, Rounding, Series, Severity, Span, TimeInForce,
    Timestamp, TrancheId, Trigger, TriggerSource,
};
use serde::{Deserialize, Serialize};

/// How far from the price orders are tried, in percent: nearer than the bands of venues, farther than prices go meanwhile.
const AWAY: u32 = 4;
/// A drill that went to its end is not repeated sooner.
const APART: Span = Span::from_secs(20 * 3_600);
/// How long until it is looked again whether there is a price.
const PAUSE: Span = Span::from_secs(1);

/// A kind of order that is tried.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Drilled {
    /// The stop, on the plan's own price.
    Stop,
    /// The target, as the plan rests it.
    Target,
    /// The venue's trailing order.
    Trail,
}

/// A drill under way.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Drill {
    /// What is still to be tried, next one last.
    waiting: Vec<Drilled>,
    /// What is being tried.
    trying: Option<Drilled>,
    /// What the venue takes.
    taken: Vec<Drilled>,
    /// What it knows, and refuses only because nothing is open.
    known: Vec<Drilled>,
    /// What nobody knows.
    unsure: Vec<Drilled>,
    /// When it is looked again whether there is a price.
    pub(super) again_at: Option<Timestamp>,
    /// It has found a kind that is refused.
    failed: bool,
}

impl Position {
    /// A drill is asked for. One that cannot be now is left for the next time.
    pub(crate) fn drill(&mut self, ctx: Ctx) {
        let recent = self.aside.drilled_at.is_some_and(|at| ctx.now.since(at) < APART);
        // Levels of a deal cannot be tried without a deal; and where the venue does not itself keep an exit from opening
        // something, one that rests beside nothing could (I1).
        let account = ctx.account;
        let unfit = account.position_mode == PositionMode::PerDeal || !account.capability.reduce_only;
        let busy =
            unfit || !self.is_flat() || !self.orders.is_empty() || self.drill.is_some() || !self.entries.is_empty();
        let Some(plan) = ctx.plan.filter(|_| !busy && !recent && ctx.permit == Permit::All && !ctx.leaves_alone())
        else {
            return;
        };
        let targets = !plan.take_profits.is_empty() && ctx.account.capability.resting_targets == RestingTargets::Every;
        let by_venue = plan.trailing.is_some_and(|trailing| trailing.by == TrailedBy::Venue);
        let trails = by_venue && ctx.account.capability.native_trailing.is_some();
        let kinds = [(Drilled::Trail, trails), (Drilled::Target, targets), (Drilled::Stop, true)];
        let waiting = kinds.into_iter().filter_map(|(kind, used)| used.then_some(kind)).collect();
        self.drill = Some(Box::new(Drill { waiting, ..Drill::default() }));
    }

    /// Takes the drill a step further; nothing of it is left behind.
    pub(crate) fn follow_drill(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let Some(mut drill) = self.drill.take() else { return Ok(()) };
        let order = self.orders.iter().find(|order| order.leg == Leg::Drill && !order.is_settled());
        match (drill.trying, order) {
            (Some(kind), Some(order)) if order.is_working() => {
                drill.taken.push(kind);
                drill.trying = None;
            }
            (_, Some(_)) => {}
            (tried, None) => {
                drill.unsure.extend(tried);
                drill.trying = None;
                return self.next_of(drill, ctx, out);
            }
        }
        self.drill = Some(drill);
        Ok(())
    }

    fn next_of(&mut self, mut drill: Box<Drill>, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        if !self.is_flat() || ctx.permit != Permit::All {
            // Something real has come: the next drill is asked for in its time.
            return Ok(());
        }
        let Some(kind) = drill.waiting.pop() else {
            self.aside.drilled_at = Some(ctx.now);
            self.tell_drilled(&drill, ctx, out);
            return Ok(());
        };
        let price = ctx.board.price(Series::Last);
        let Some(wanted) = price.map(|price| try_out(kind, self.key.side, price, ctx)).transpose()?.flatten() else {
            if price.is_none() {
                drill.waiting.push(kind);
            }
            drill.again_at = Some(ctx.now.plus(PAUSE));
            self.drill = Some(drill);
            return Ok(());
        };
        (drill.trying, drill.again_at) = (Some(kind), None);
        self.drill = Some(drill);
        self.send_drill(&wanted, kind, ctx, out);
        Ok(())
    }

    fn send_drill(&mut self, want: &Wanted, kind: Drilled, ctx: Ctx, out: &mut Out) {
        let key = self.key;
        // Minutes since 1970: another one for every drill, also when nobody remembers the last one.
        let minutes = u32::try_from(ctx.now.as_millis() / 60_000).unwrap_or(0);
        let (epoch, revision) = (Epoch(minutes), kind as u16 + 1);
        let named = Named { scope: self.scope, side: key.side, epoch, tranche: want.tranche, leg: want.leg, revision };
        let (id, quantity) = (named.id(), want.quantity);
        let order = NewOrder::exit(key, id, OrderQuantity::Exact(quantity), want.kind);
        if guards::check(&order, want.leg, key.side, quantity, quantity, ctx.instrument).is_ok() {
            self.orders.push(OpenOrder::sent(want, id, epoch, quantity, ctx.now));
            out.commands.push(Command::Place(order));
        }
    }

    /// A definite no to a drilled order: that is what it is for.
    pub(super) fn drill_refused(&mut self, order: &OpenOrder, refusal: &Refusal, ctx: Ctx, out: &mut Out) {
        let key = self.key;
        let Some(drill) = &mut self.drill else { return };
        let Some(kind) = drill.trying.take() else { return };
        match refusal.reason {
            // A venue that lets nothing rest while there is nothing to reduce has understood the order: one that does not
            // know its kind any more says that first (F-A20).
            RefusalReason::ReduceOnly => drill.known.push(kind),
            RefusalReason::Throttled | RefusalReason::Maintenance | RefusalReason::WrongMode => drill.unsure.push(kind),
            _ => {
                drill.failed = true;
                let text = format!(
                    "fire drill on {}: the venue refuses {} ({refusal}); positions under this plan would not be protected as it says. Change the plan, or look at the account, before the next entry",
                    ctx.instrument.symbol,
                    in_words(&order.kind)
                );
                out.tell(Severity::Alarm, key, text);
            }
        }
    }

    fn tell_drilled(&self, drill: &Drill, ctx: Ctx, out: &mut Out) {
        let list = |kinds: &[Drilled]| kinds.iter().map(|kind| name(*kind)).collect::<Vec<_>>().join(", ");
        let found = [
            (&drill.taken, "the venue takes ", ""),
            (&drill.known, "it knows ", ", and refuses only because nothing is open to be reduced"),
            (&drill.unsure, "", " could not be tried now"),
        ];
        let said = found.iter().filter(|(kinds, ..)| !kinds.is_empty());
        let said: Vec<_> = said.map(|(kinds, before, after)| format!("{before}{}{after}", list(kinds))).collect();
        if !said.is_empty() {
            let severity = if drill.failed { Severity::Warning } else { Severity::Note };
            out.tell(severity, self.key, format!("fire drill on {}: {}", ctx.instrument.symbol, said.join("; ")));
        }
    }
}

/// The smallest order of a kind, far from the price.
fn try_out(kind: Drilled, side: PositionSide, price: Price, ctx: Ctx) -> Result<Option<Wanted>, OutOfRange> {
    let (Some(plan), tick) = (ctx.plan_of_new(), ctx.instrument.tick) else { return Ok(None) };
    let away = Ratio::whole(AWAY).over(Ratio::whole(100), Rounding::Down)?;
    let (below, above) = (Ratio::ONE.minus(away)?, Ratio::ONE.plus(away)?);
    let (worse, better) = if side == PositionSide::Long { (below, above) } else { (above, below) };
    let at = |factor: Ratio| toward_market(side, price.times(factor, Rounding::Nearest)?, tick);
    let kind = match kind {
        Drilled::Stop => OrderKind::StopMarket(Trigger::new(at(worse)?, plan.stop_loss.trigger)),
        Drilled::Target => match plan.target_order {
            TargetOrder::Limit => OrderKind::Limit { price: at(better)?, time_in_force: TimeInForce::GoodTillCancel },
            TargetOrder::PostOnly => OrderKind::Limit { price: at(better)?, time_in_force: TimeInForce::PostOnly },
            TargetOrder::Market => OrderKind::TakeProfitMarket(Trigger::new(at(better)?, TriggerSource::Last)),
        },
        Drilled::Trail => {
            let (Some(trailing), Some(limits)) = (plan.trailing, ctx.account.capability.native_trailing) else {
                return Ok(None);
            };
            let asked = match trailing.distance {
                TrailDistance::Percent(share) => share,
                _ => limits.smallest,
            };
            let distance = on_grid(asked.max(limits.smallest).min(limits.largest), limits.step);
            OrderKind::TrailingStop { activation: Some(at(better)?), distance, source: trailing.trigger }
        }
    };
    let quantity: Quantity = ctx.smallest_exit(at(below)?)?;
    let (leg, reason) = (Leg::Drill, ExitReason::Unknown);
    Ok(Some(Wanted { tranche: TrancheId::FIRST, leg, kind, quantity, whole: false, reason }))
}

const fn name(kind: Drilled) -> &'static str {
    match kind {
        Drilled::Stop => "a stop",
        Drilled::Target => "a target",
        Drilled::Trail => "a native trail",
    }
}

fn in_words(kind: &OrderKind) -> String {
    match kind {
        OrderKind::StopMarket(trigger) => format!("a stop on the {} price", trigger.source.word()),
        OrderKind::TakeProfitMarket(_) => "a market order at a target".to_owned(),
        OrderKind::Limit { time_in_force: TimeInForce::PostOnly, .. } => "a post-only limit".to_owned(),
        OrderKind::Limit { .. } => "a limit order".to_owned(),
        OrderKind::TrailingStop { distance, .. } => format!("a trailing order of {} %", distance.in_percent()),
        OrderKind::Market => "a market order".to_owned(),
    }
}
