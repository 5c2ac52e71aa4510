//! Entries through Backstop: whether one may be sent at all (product.md §3). Everything that speaks against it is said
//! in words before anything leaves; what becomes of one that was sent is `position/entering.rs`.

use crate::engine::{Engine, Turn};
use crate::entry_parts::PartRequest;
use crate::exits::arm::{self, NotArmable};
use crate::exits::liquidation;
use crate::orders::{EntryName, EntryOrder, OrderState};
use crate::position::{Adoption, Ctx, Position, carried_place};
use backstop_model::{
    AccountId, EntryRequest, ExitPlan, Money, Name, Notice, OutOfRange, Permit, PositionKey, PositionMode,
    PositionSide, Price, Quantity, RequestId, Series, Severity, Symbol, Trigger,
};
use std::sync::Arc;

/// Entries of one position that may be on their way at once.
pub(crate) const MOST: usize = 8;

/// Why an entry is not sent.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotEntered {
    /// The quantity or the value is too small to be closed again.
    #[error("{0} is below the venue's minimum {1}")]
    BelowMinimum(Quantity, Quantity),
    /// The position is being closed.
    #[error("the position is being closed")]
    Closing,
    /// The day's loss.
    #[error("the day's loss has reached the account's limit; entries are possible again at 00:00 UTC")]
    DailyLoss,
    /// The account's limit.
    #[error("the position would be worth {0}, more than max_notional {1}")]
    MaxNotional(Money, Money),
    /// Nothing to judge it by.
    #[error("no price is known yet; ask again in a moment")]
    NoPrice,
    /// Nothing to look after it with.
    #[error("no plan applies; name one")]
    NoPlan,
    /// The plan does not fit.
    #[error("plan {0} cannot be armed for it: {1}")]
    NotArmable(Name, Box<NotArmable>),
    /// A quantity of zero.
    #[error("the quantity is 0; say how much is to be opened")]
    Nothing,
    /// Off the grid.
    #[error("{0} is not a multiple of the step {1}")]
    OffStep(Quantity, Quantity),
    /// Off the grid.
    #[error("the limit {0} is not a multiple of the tick {1}")]
    OffTick(Price, Price),
    /// One net position: an entry the other way would close it.
    #[error("a {0} is open or being entered, and this account has one net position; close it first")]
    OtherSide(PositionSide),
    /// The position follows another plan.
    #[error("the position follows plan {0}; an entry adds to it under that plan, name it or none")]
    OtherPlan(Name),
    /// Others have opened it.
    #[error("the position was opened by others and is not looked after; give it a plan first")]
    Others,
    /// Paused.
    #[error("the position is paused; resume it first")]
    Paused,
    /// What the account may do.
    #[error("{0}")]
    Permit(&'static str),
    /// The price has passed the stop already.
    #[error("the price {0} has passed the stop {1} that plan {2} would place")]
    StopPassed(Price, Price, Name),
    /// The account is limited to other symbols.
    #[error("the account is limited to other symbols than {0}")]
    Symbol(Symbol),
    /// The largest order.
    #[error("{0} is more than the venue's largest order {1}")]
    TooLarge(Quantity, Quantity),
    /// Too many on their way.
    #[error("{MOST} entries of this position are on their way already")]
    TooMany,
    /// It has no stop that works.
    #[error("the position has no working stop now; nothing is added to it")]
    Unprotected,
    /// The name was used for something else.
    #[error("the id was used for another entry; give every entry an id of its own")]
    UsedId,
    /// A number left its range.
    #[error("a number of it is out of range")]
    OutOfRange(#[from] OutOfRange),
}

impl Engine {
    /// All entries that are remembered.
    pub fn entries(&self) -> impl Iterator<Item = (PositionKey, &EntryOrder)> {
        self.positions.iter().flat_map(|position| position.entries.iter().map(|entry| (position.key, entry)))
    }

    /// The entry of an account that was asked for under this name.
    #[must_use]
    pub fn entry(&self, account: AccountId, request: &RequestId) -> Option<(PositionKey, &EntryOrder)> {
        let named = |(key, entry): &(PositionKey, &EntryOrder)| {
            let scope = self.position(*key).map(|position| position.scope);
            let name = || scope.zip(EntryName::read(&entry.id));
            let is_its_name = || name().is_some_and(|(scope, name)| name.is_of(scope, key.side, request));
            // Without a record of it, its own id is its name.
            let is_named = || is_its_name() || entry.id.as_str() == request.as_str();
            let recognised = || entry.request.is_none() && is_named();
            key.account == account && (entry.request.as_ref() == Some(request) || recognised())
        };
        self.entries().find(named)
    }

    /// Sends an entry, or says why not. A repeat changes nothing.
    pub(crate) fn enter_asked(&mut self, asked: &EntryRequest, turn: &mut Turn) {
        let key = asked.position;
        let Some(symbol) = self.instrument(key.instrument).map(|instrument| instrument.symbol) else { return };
        let known = self.entry(asked.account(), &asked.request);
        if let Some((known_key, known)) = known
            && known_key == key
            && (known.request.is_none() || is_same(known, asked))
        {
            let text = format!("{symbol} {}: known: {known}; nothing is sent again", key.side);
            turn.notices.push(Notice::new(Severity::Note, key, text));
            return;
        }
        let used = known.is_some();
        let plan = asked.plan.and_then(|id| self.plans.get(&id)).cloned();
        self.look_at_day(asked.account(), None, turn);
        let verdict = if used { Err(NotEntered::UsedId) } else { self.may_enter(asked, plan.as_ref(), turn) };
        match verdict {
            Ok(plan) => {
                let parts = self.parts_of(asked, &plan, turn.now);
                self.tell(key, turn, |position, ctx, out| {
                    for part in parts {
                        let entry = entry_order(position, part, ctx);
                        position.send_entry(entry, out);
                    }
                    Ok(())
                });
            }
            Err(why) => {
                let text = format!("{symbol} {}: entry {}: refused: {why}", key.side, asked.request);
                turn.notices.push(Notice::new(Severity::Warning, key, text));
                turn.not_entered = Some(why);
            }
        }
    }

    /// Takes back what has not been filled of an entry, all its parts.
    pub(crate) fn cancel_entry(&mut self, account: AccountId, request: &RequestId, turn: &mut Turn) {
        let Some((key, id)) = self.entry(account, request).map(|(key, entry)| (key, entry.id)) else { return };
        let others = self.parts_of_entry(account, request).into_iter().map(|(_, entry)| entry.id);
        let all: Vec<_> = std::iter::once(id).chain(others.filter(|other| *other != id)).collect();
        self.tell_known(key, turn, |position, ctx, out| {
            all.into_iter().for_each(|id| position.take_back(id, ctx, out));
            Ok(())
        });
    }

    /// Every check, the account's first; the plan that applies when nothing speaks against it.
    fn may_enter(
        &self,
        asked: &EntryRequest,
        named: Option<&Arc<ExitPlan>>,
        turn: &Turn,
    ) -> Result<Arc<ExitPlan>, NotEntered> {
        let key = asked.position;
        let ctx = self.ctx(key, turn.now).ok_or(NotEntered::NoPrice)?;
        check_account(self.has_read(key.account), ctx)?;
        if self.has_lost_enough(key.account, turn.now) {
            return Err(NotEntered::DailyLoss);
        }
        let other = self.position(PositionKey { side: key.side.other(), ..key });
        let faces = other.is_some_and(|other| !other.is_flat() || other.is_entering());
        if faces && ctx.account.position_mode == PositionMode::OneWay {
            return Err(NotEntered::OtherSide(key.side.other()));
        }
        let position = self.position(key);
        let plan = plan_for(position, named, ctx)?;
        check_position(position)?;
        check_order(asked, position, ctx)?;
        check_plan(asked, &plan, ctx)?;
        Ok(plan)
    }
}

fn is_same(known: &EntryOrder, asked: &EntryRequest) -> bool {
    known.part.map_or(known.quantity, |part| part.whole) == asked.quantity
        && known.limit == asked.limit
        && known.asked_plan == asked.plan
}

fn entry_order(position: &Position, made: PartRequest, ctx: Ctx) -> EntryOrder {
    let PartRequest { asked, plan, part } = made;
    let stop = ctx.account.capability.entry_stop.then(|| carried_stop(&asked, &plan, ctx)).flatten();
    let name = EntryName::of(position.scope, position.key.side, &asked.request);
    EntryOrder {
        part,
        id: name.of_level(part.map_or(0, |part| part.level)).id(),
        request: Some(asked.request),
        epoch: position.entry_epoch(),
        quantity: asked.quantity,
        limit: asked.limit,
        asked_plan: asked.plan,
        plan: Some(plan),
        stop,
        asked_at: ctx.now,
        venue_id: None,
        deal: None,
        filled: Quantity::ZERO,
        reported: Quantity::ZERO,
        seen_at: ctx.now,
        unwanted: None,
        state: OrderState::InFlight { since: ctx.now },
        end: None,
    }
}

/// The stop an entry brings with it: the plan's, or the nearest place that the venue takes one. None where there is none.
fn carried_stop(asked: &EntryRequest, plan: &Arc<ExitPlan>, ctx: Ctx) -> Option<Trigger> {
    let (side, wanted) = (asked.position.side, check_plan(asked, plan, ctx).ok()?);
    let fills_at = reference(asked, ctx).ok()?;
    let price = carried_place(wanted, fills_at, plan, side, ctx)?;
    Some(Trigger::new(price, plan.stop_loss.trigger))
}

fn check_account(is_read: bool, ctx: Ctx) -> Result<(), NotEntered> {
    match ctx.permit {
        Permit::All if is_read => {}
        Permit::All => return Err(NotEntered::Permit("the account has not been read yet; ask again in a moment")),
        Permit::Observe => return Err(NotEntered::Permit("the account is only observed: nothing is sent")),
        Permit::ProtectOnly => return Err(NotEntered::Permit("the account may only protect what is open now")),
    }
    let symbol = ctx.instrument.symbol;
    if ctx.account.limits.cover(symbol) { Ok(()) } else { Err(NotEntered::Symbol(symbol)) }
}

fn plan_for(position: Option<&Position>, named: Option<&Arc<ExitPlan>>, ctx: Ctx) -> Result<Arc<ExitPlan>, NotEntered> {
    let live = position.and_then(|position| position.live.as_ref()).filter(|live| !live.is_flat());
    let Some(live) = live else {
        return named.or(ctx.plan).map(|plan| ctx.plan_here(plan)).ok_or(NotEntered::NoPlan);
    };
    if live.adoption != Adoption::Managed {
        return Err(NotEntered::Others);
    }
    let follows = live.plan.as_ref().ok_or(NotEntered::Others)?;
    match named {
        Some(other) if other.name != follows.name => Err(NotEntered::OtherPlan(follows.name)),
        Some(_) | None => Ok(Arc::clone(follows)),
    }
}

fn check_position(position: Option<&Position>) -> Result<(), NotEntered> {
    let Some(position) = position else { return Ok(()) };
    if position.entries.iter().filter(|entry| entry.is_live()).count() >= MOST {
        return Err(NotEntered::TooMany);
    }
    let Some(live) = position.live.as_ref().filter(|live| !live.is_flat()) else { return Ok(()) };
    if live.paused || live.suspended {
        return Err(NotEntered::Paused);
    }
    if live.open().any(|tranche| tranche.closing.is_some()) {
        return Err(NotEntered::Closing);
    }
    if position.is_covered() { Ok(()) } else { Err(NotEntered::Unprotected) }
}

/// The venue's grid and minimums, and the account's largest position.
fn check_order(asked: &EntryRequest, position: Option<&Position>, ctx: Ctx) -> Result<(), NotEntered> {
    let (quantity, instrument) = (asked.quantity, ctx.instrument);
    if let Some(limit) = asked.limit.filter(|limit| !limit.is_on_tick(instrument.tick)) {
        return Err(NotEntered::OffTick(limit, instrument.tick));
    }
    if quantity.is_zero() {
        return Err(NotEntered::Nothing);
    }
    if !quantity.is_on_step(instrument.step) {
        return Err(NotEntered::OffStep(quantity, instrument.step));
    }
    if let Some(largest) = instrument.max_quantity.filter(|largest| quantity > *largest) {
        return Err(NotEntered::TooLarge(quantity, largest));
    }
    let price = reference(asked, ctx)?;
    let smallest = instrument.smallest_entry(price)?;
    if quantity < smallest {
        return Err(NotEntered::BelowMinimum(quantity, smallest));
    }
    let held = position.map_or(Quantity::ZERO, Position::quantity);
    let pending = position.map_or(Quantity::ZERO, Position::pending_entries);
    let worth = instrument.worth(price, held.plus(pending)?.plus(quantity)?)?;
    match ctx.account.limits.max_notional {
        Some(most) if worth > most => Err(NotEntered::MaxNotional(worth, most)),
        Some(_) | None => Ok(()),
    }
}

/// The plan's stop, which must fit the entry, lie inside the liquidation guard, and not be passed by the price already.
fn check_plan(asked: &EntryRequest, plan: &Arc<ExitPlan>, ctx: Ctx) -> Result<Price, NotEntered> {
    let (side, price) = (asked.position.side, reference(asked, ctx)?);
    let not_armable = |why| NotEntered::NotArmable(plan.name, Box::new(why));
    let armed = arm::arm(plan, ctx.instrument, ctx.volatility, side, price).map_err(not_armable)?;
    if let Some(liquidation) = liquidation::estimate(ctx.instrument, side, price) {
        let guard = liquidation::guard(side, price, liquidation, ctx.instrument.tick)?;
        if side.is_better(guard, armed.stop) {
            let why = NotArmable::TooNearLiquidation { stop: armed.stop, liquidation, guard };
            return Err(not_armable(why));
        }
    }
    let watched = ctx.board.price(plan.stop_loss.trigger.series(side));
    match watched.filter(|now| side.hit(*now, armed.stop)) {
        Some(now) => Err(NotEntered::StopPassed(now, armed.stop, plan.name)),
        None => Ok(armed.stop),
    }
}

/// The price an entry is judged at: where it would fill now, or its limit where that is better.
pub(crate) fn reference(asked: &EntryRequest, ctx: Ctx) -> Result<Price, NotEntered> {
    let side = asked.position.side;
    let taken = ctx.board.price(Series::executable(side.other())).or(ctx.board.price(Series::Last));
    match (asked.limit, taken) {
        // The better price of the two is the worse one for the side that closes.
        (Some(limit), Some(now)) => Ok(side.other().better(limit, now)),
        (Some(limit), None) => Ok(limit),
        (None, Some(now)) => Ok(now),
        (None, None) => Err(NotEntered::NoPrice),
    }
}
