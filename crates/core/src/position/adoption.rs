//! Positions that others have opened (product.md §3): proposed, given a hard stop after a moment, or taken under a plan.
//!
//! A covering stop of the trader's own counts as protection; a stop that the price has already passed is never sent.

use super::scene::title;
use super::{Ctx, Live, Out, Position, Protection, arming};
use crate::exits::arm::toward_market;
use crate::exits::liquidation;
use backstop_model::plan::{AtrSpec, StopLoss};
use backstop_model::{
    Adopt, Distance, ExitPlan, ExitReason, OrderReport, OrderStatus, OutOfRange, Permit, Points, PositionKey,
    PositionSide, Price, Quantity, Ratio, Rounding, Severity, Span, Timestamp, TriggerSource, VenueOrderId,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long a trader has to place a stop of his own.
const GRACE: Span = Span::from_secs(10);
/// What is opened the other way so soon after a close by hand has turned the position round.
const TURNED: Span = Span::from_secs(1);
/// Stops of others remembered per position.
const MOST: usize = 16;

/// The average true range behind the hard stop of an account that says none.
pub const HARD_STOP_ATR: AtrSpec = AtrSpec { multiple: Ratio::ONE, period: 14, interval: Span::from_secs(3_600) };

/// Whose a position is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Adoption {
    /// It follows its plan.
    Managed,
    /// Others have opened it; a hard stop goes in then.
    HardStopAt(Timestamp),
    /// Others have opened it; people have been asked.
    Proposed,
    /// Others have opened it; people are about to be asked.
    ToPropose,
}

impl Adoption {
    /// What becomes of a position that was to follow a plan, where none applies to it.
    pub(super) const fn without_plan(self, now: Timestamp) -> Self {
        match self {
            Self::Managed => Self::HardStopAt(now),
            Self::HardStopAt(_) | Self::Proposed | Self::ToPropose => self,
        }
    }
}

/// A stop that is not ours.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ForeignStop {
    /// The venue's name for it.
    pub venue_id: VenueOrderId,
    /// Where.
    pub price: Price,
    /// For how much; the whole position when the venue does not say.
    pub quantity: Option<Quantity>,
}

impl Position {
    /// Whose an incarnation is that has just begun.
    pub(super) fn adoption(&self, at_first_look: bool, ctx: Ctx) -> Adoption {
        match ctx.account.adopt {
            _ if at_first_look || ctx.leaves_alone() => Adoption::ToPropose,
            Adopt::HardStop => Adoption::HardStopAt(ctx.now.plus(GRACE)),
            Adopt::Plan => Adoption::Managed,
            Adopt::Propose => Adoption::ToPropose,
        }
    }

    /// What was `turned` round had its stop before: nobody has to be waited for or asked, the hard stop goes in now.
    pub(crate) fn end_grace(&mut self, turned: bool, ctx: Ctx) {
        let Some(live) = self.live.as_mut().filter(|_| turned) else { return };
        live.adoption = match live.adoption {
            Adoption::HardStopAt(at) => Adoption::HardStopAt(at.min(ctx.now)),
            Adoption::ToPropose | Adoption::Proposed => Adoption::HardStopAt(ctx.now),
            Adoption::Managed => Adoption::Managed,
        };
    }

    /// Whether we look after it.
    pub(crate) fn is_managed(&self) -> bool {
        self.live.as_deref().is_some_and(|live| !live.is_flat() && live.adoption == Adoption::Managed)
    }

    /// Whether this was a position that we looked after, and somebody else has closed it just before `at`.
    pub(crate) fn was_ours_until(&self, at: Timestamp) -> bool {
        let live = self.live.as_deref().filter(|live| live.is_flat() && live.adoption == Adoption::Managed);
        let exits = live.into_iter().flat_map(|live| &live.tranches).flat_map(|tranche| tranche.exits.iter());
        let last = exits.max_by_key(|exit| exit.at);
        last.is_some_and(|exit| exit.reason == ExitReason::External && at.since(exit.at) < TURNED)
    }

    /// Takes note of an order that is not ours: a stop for this side, or another exit of it.
    pub(crate) fn note_foreign(&mut self, report: &OrderReport, ctx: Ctx) {
        self.note_foreign_stop(report, ctx);
        self.note_foreign_exit(report);
    }

    fn note_foreign_stop(&mut self, report: &OrderReport, ctx: Ctx) {
        let side = self.key.side;
        let Some(live) = &mut self.live else { return };
        live.aside.foreign.retain(|known| known.venue_id != report.venue_id);
        let (Some(trigger), false) = (report.trigger, report.status.is_final()) else { return };
        // The price tells a stop, which may lie beyond the entry, from a target, which may be taken at a loss; the entry only
        // guesses.
        let losing = match ctx.board.price(trigger.source.series(side)) {
            Some(now) => side.is_better(now, trigger.price),
            None => live.open().any(|tranche| side.is_better(tranche.entry_price, trigger.price)),
        };
        let closes = report.side == side.closing();
        if closes && losing && live.aside.foreign.len() < MOST && report.status == OrderStatus::Working {
            let quantity = report.quantity.map(|quantity| quantity.saturating_minus(report.filled));
            live.aside.foreign.push(ForeignStop { venue_id: report.venue_id, price: trigger.price, quantity });
        }
    }

    /// A full read shows all stops of others: those it does not show are gone.
    pub(crate) fn forget_foreign(&mut self, read: &[OrderReport]) {
        let Some(live) = &mut self.live else { return };
        live.aside.foreign.retain(|known| read.iter().any(|report| report.venue_id == known.venue_id));
        self.forget_foreign_exits(read);
    }

    /// What the operator is asked about a position that others have opened; nothing once it is looked after, or when a
    /// number of it leaves its range.
    #[must_use]
    pub fn proposed(&self, ctx: Ctx) -> Option<String> {
        let live = self.live.as_deref().filter(|live| !live.is_flat())?;
        match live.adoption {
            Adoption::Managed => None,
            Adoption::Proposed | Adoption::ToPropose => proposal(live, self.key.side, ctx).ok(),
            Adoption::HardStopAt(_) if live.told_own => {
                let own = covering(live, self.key.side).map_or_else(String::new, |own| format!(" at {own}"));
                Some(format!("the trader's own stop{own} covers it; a hard stop goes in when it does not"))
            }
            Adoption::HardStopAt(at) => {
                if ctx.permit == Permit::Observe {
                    return Some("opened by others; the account is only observed, and no hard stop goes in".to_owned());
                }
                let left = at.since(ctx.now).as_millis().max(0) / 1000;
                Some(format!(
                    "opened by others; a hard stop goes in in {left} s unless a stop of the trader's own covers it"
                ))
            }
        }
    }

    /// What is done about a position that others have opened.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(super) fn watch_adoption(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let key = self.key;
        let Some(live) = self.live.as_mut().filter(|live| !live.is_flat()) else { return Ok(()) };
        match live.adoption {
            Adoption::ToPropose => return propose(live, key, ctx, out),
            Adoption::HardStopAt(at) if ctx.now >= at => return give_hard_stop(live, key, ctx, out),
            Adoption::HardStopAt(_) | Adoption::Managed | Adoption::Proposed => {}
        }
        Ok(())
    }
}

fn propose(live: &mut Live, key: PositionKey, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
    live.adoption = Adoption::Proposed;
    let text = proposal(live, key.side, ctx)?;
    out.tell(Severity::Warning, key, text);
    Ok(())
}

impl Live {
    /// From now on it is ours to protect: the protection clock and time limits count from here.
    pub(super) fn take_over(&mut self, now: Timestamp) {
        if self.adoption != Adoption::Managed {
            self.protection = Protection::default();
            self.protection.note(false, now);
        }
        self.adoption = Adoption::Managed;
        self.attached_at = now;
    }
}

/// The hard stop of the account, unless the trader's own stop covers everything or the price has passed it.
fn give_hard_stop(live: &mut Live, key: PositionKey, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
    if let Some(own) = covering(live, key.side) {
        live.adoption = Adoption::HardStopAt(ctx.now.plus(GRACE));
        if !live.told_own {
            live.told_own = true;
            let text = format!(
                "{} {}: the trader's own stop at {own} covers it; nothing is placed as long as it does",
                ctx.instrument.symbol, key.side
            );
            out.tell(Severity::Note, key, text);
        }
        return Ok(());
    }
    let Some(entry) = live.open().next().map(|tranche| tranche.entry_price) else { return Ok(()) };
    let trigger = watched(ctx);
    let price = hard_stop(entry, live.liquidation.get(), key.side, ctx)?;
    if ctx.board.price(trigger.series(key.side)).is_some_and(|now| key.side.hit(now, price)) {
        return propose(live, key, ctx, out);
    }
    live.take_over(ctx.now);
    let told = ctx.account.hard_stop.unwrap_or(StopLoss::new(Distance::At(price), trigger));
    let stop = StopLoss { at: Distance::At(price), trigger, ..told };
    live.plan = Some(Arc::new(ExitPlan::hard_stop(stop)));
    let ids: Vec<_> = live.open().map(|tranche| tranche.id).collect();
    for id in ids {
        arming::arm(live, id, key, ctx, out)?;
    }
    let why = if ctx.account.adopt == Adopt::Plan { "no plan applies to it" } else { "opened by others" };
    let text = format!(
        "{} {}: {why}; a hard stop at {price} goes in and nothing else. Give it a plan to do more",
        ctx.instrument.symbol, key.side
    );
    out.tell(Severity::Warning, key, text);
    Ok(())
}

/// Which price the hard stop watches.
fn watched(ctx: Ctx) -> TriggerSource {
    let (capability, stop) = (&ctx.account.capability, ctx.account.hard_stop);
    let usual = || capability.only_trigger.unwrap_or(TriggerSource::Mark);
    stop.map_or_else(usual, |stop| stop.at_venue(capability).trigger)
}

/// The farthest of the trader's own stops, when together they cover everything.
pub(super) fn covering(live: &Live, side: PositionSide) -> Option<Price> {
    let whole = live.remaining();
    let covered = live.aside.foreign.iter().map(|stop| stop.quantity.unwrap_or(whole));
    let covered = covered.fold(Quantity::ZERO, |sum, more| sum.plus(more).unwrap_or(whole));
    let farthest =
        live.aside.foreign.iter().map(|stop| stop.price).reduce(|a, b| if side.is_better(a, b) { b } else { a });
    farthest.filter(|_| covered >= whole)
}

/// Where the hard stop belongs: as the account says, else 3 × ATR(14, 1h) between 1 % and 6 %, inside the guard.
fn hard_stop(entry: Price, told: Option<Price>, side: PositionSide, ctx: Ctx) -> Result<Price, OutOfRange> {
    let percent = |number: u32| Ratio::whole(number).over(Ratio::whole(100), Rounding::Down);
    let (least, most) = (entry.share(percent(1)?, Rounding::Down)?, entry.share(percent(6)?, Rounding::Down)?);
    let usual = match ctx.volatility.distance(HARD_STOP_ATR) {
        Some(range) => range.times(Ratio::whole(3), Rounding::Up)?.clamp(least, most),
        None => most,
    };
    let away = match ctx.account.hard_stop.map(|stop| stop.at) {
        Some(Distance::Percent(share)) => entry.share(share, Rounding::Down)?,
        Some(Distance::Points(points)) => points,
        Some(Distance::Atr(atr)) => ctx.volatility.distance(atr).unwrap_or(usual),
        Some(Distance::Margin(share)) => match ctx.instrument.leverage {
            Some(leverage) => entry.share(share.over(leverage.as_ratio(), Rounding::Down)?, Rounding::Down)?,
            None => usual,
        },
        // A price belongs to one position, and risk is measured to the stop itself: neither says anything here.
        Some(Distance::At(_) | Distance::Risk(_)) | None => usual,
    };
    let raw = beyond(side, entry, away)?;
    let price = toward_market(side, raw, ctx.instrument.tick)?;
    let liquidation = told.or_else(|| liquidation::estimate(ctx.instrument, side, entry));
    match liquidation.filter(|at| side.is_better(entry, *at)) {
        Some(at) => Ok(side.better(price, liquidation::guard(side, entry, at, ctx.instrument.tick)?)),
        None => Ok(price),
    }
}

fn beyond(side: PositionSide, from: Price, away: Points) -> Result<Price, OutOfRange> {
    match side {
        PositionSide::Long => from.minus(away),
        PositionSide::Short => from.plus(away),
    }
}

/// What people are asked: where a stop would go, from the entry, or from the price when that has passed it.
fn proposal(live: &Live, side: PositionSide, ctx: Ctx) -> Result<String, OutOfRange> {
    let Some(tranche) = live.open().next() else { return Ok(String::new()) };
    let name = title(side, tranche.id, ctx);
    let entry = tranche.entry_price;
    let now = ctx.board.price(watched(ctx).series(side));
    let from_entry = hard_stop(entry, live.liquidation.get(), side, ctx)?;
    let passed = now.filter(|now| side.hit(*now, from_entry));
    let (stop, from) = match passed {
        Some(now) => (
            hard_stop(now, live.liquidation.get(), side, ctx)?,
            format!("the price {now}, which has passed {from_entry}"),
        ),
        None => (from_entry, format!("the entry {entry}")),
    };
    let own =
        covering(live, side).map_or_else(String::new, |own| format!(" A stop of the trader's own at {own} covers it."));
    let plan = ctx.plan.map_or_else(|| "none applies".to_owned(), |plan| plan.name.to_string());
    Ok(format!(
        "{name}: {} from {entry}, opened by others: nothing is done without you.{own} Proposed: a hard stop at {stop}, measured from {from}; or plan {plan}",
        live.remaining()
    ))
}
