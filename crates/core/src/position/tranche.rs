//! A tranche: what was entered, what is left, what has been closed and what each closing earned.
//!
//! Cash is exact: profit is proceeds less the cost of what was closed, and the last closing takes the rest of the cost,
//! so that the sum over all closings is the sum over all executions to the last digit (I11).

use super::Ctx;
use super::aside::TrancheAside;
pub use super::closings::{Booking, Exit};
use super::dust::TOO_LITTLE;
use super::guarantee::Guarantee;
use super::misplaced::is_about_place;
use super::rare::{Rare, Seldom};
use crate::exits::ladder::{self, Level};
use crate::exits::stop_loss::StopLevel;
use crate::exits::trailing_stop::Trail;
use crate::orders::{ByLeg, Leg};
use crate::position::recalled::Recalled;
use backstop_model::{
    ExitPlan, ExitReason, Money, OutOfRange, PositionSide, Price, Quantity, RefusalReason, Rounding, Span, Timestamp,
    TrancheId, TriggerSource,
};
use serde::{Deserialize, Serialize};

/// A slice of a position with its own entry and exits.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Tranche {
    /// Its number.
    pub id: TrancheId,
    /// When its first execution happened.
    pub opened_at: Timestamp,
    /// The window of the board that was open then: extremes count from there.
    pub window: u64,
    /// How far each series went while nobody here heard it, as the venue's candles tell.
    #[serde(default, skip_serializing_if = "Rare::is_none")]
    pub recalled: Rare<Recalled>,
    /// All that was entered.
    pub original: Quantity,
    /// What is left.
    pub remaining: Quantity,
    /// Σ price × quantity of all entries.
    pub cost: Money,
    /// The part of it that belongs to what is left.
    pub cost_left: Money,
    /// Average entry, to twelve decimals.
    pub entry_price: Price,
    /// Fees of the entries.
    pub entry_fees: Money,
    /// All fees.
    pub fees: Money,
    /// Funding; positive was received.
    pub funding: Money,
    /// Funding paid for what is left, as a cost; what was received is not counted (net break-even).
    pub funding_paid: Money,
    /// Whether its stop is a guaranteed one.
    #[serde(default, skip_serializing_if = "Guarantee::is_default")]
    pub guarantee: Guarantee,
    /// The order that opened it, if known.
    pub main_order: Option<Box<str>>,
    /// The plan's stop for this entry: the initial risk is measured to it.
    pub initial_stop: Option<Price>,
    /// What it has only now and then.
    pub aside: Seldom<TrancheAside>,
    /// The levels.
    pub levels: Box<[Level]>,
    /// Where the stop is wanted.
    pub stop: Option<StopLevel>,
    /// The trail.
    pub trail: Option<Trail>,
    /// When the trail may next be looked at.
    pub trail_not_before: Option<Timestamp>,
    /// Every closing so far.
    pub exits: Seldom<Vec<Exit>>,
    /// From where the stop goes to break-even; none when the plan does not say, or when it has been there.
    pub breakeven_at: Rare<Price>,
    /// The nearer stop that the engine watches, and since when the price is beyond it.
    pub soft_stop: Rare<SoftLevel>,
    /// A market exit of everything, once decided.
    pub closing: Option<Closing>,
    /// Which price the stop watches instead of the plan's, after refusals.
    pub trigger: Option<TriggerSource>,
    /// A working stop has covered it at least once: targets may follow.
    pub was_protected: bool,
    /// Last revision used per leg.
    pub revisions: ByLeg<u16>,
    /// Legs that wait after a refusal.
    pub retries: Seldom<ByLeg<Retry>>,
}

/// A nearer stop that the engine watches.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SoftLevel {
    /// Where.
    pub price: Price,
    /// The price has been beyond it since then.
    pub passed: Option<Timestamp>,
}

/// A decided market exit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Closing {
    /// Why.
    pub reason: ExitReason,
    /// Since when.
    pub since: Timestamp,
}

/// A leg that waits before it is tried again.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Retry {
    /// Not before.
    pub at: Timestamp,
    /// Definite refusals in a row, as far as they count for the next pause.
    pub refusals: u16,
    /// All of them in a row.
    #[serde(default)]
    pub in_row: u16,
    /// When the first of them came.
    #[serde(default)]
    pub since: Timestamp,
    /// What the last one said, where it was a refusal that says something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<RefusalReason>,
    /// One of the row has spoken of the place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub misplaced: bool,
}

/// A leg that could have been tried for so long and was not is tried more often again, but not hot (I36): what the venue
/// said then was about another moment.
const FORGETS: Span = Span::from_secs(5);

impl Retry {
    /// Waiting for something else than a refusal.
    #[must_use]
    pub const fn waiting(at: Timestamp) -> Self {
        Self { at, refusals: 0, in_row: 0, since: at, why: None, misplaced: false }
    }

    /// After one more refusal, with the leg's last one. What speaks of the place for the first time makes it another request,
    /// which no earlier refusal was about.
    #[must_use]
    pub fn after(last: Option<Self>, why: Option<RefusalReason>, now: Timestamp) -> Self {
        let speaks_of_place = why.is_some_and(is_about_place);
        let misplaced = last.is_some_and(|last| last.misplaced);
        let counted = |last: Self| {
            if speaks_of_place && !misplaced {
                last.refusals.min(1)
            } else if now.since(last.at) >= FORGETS {
                last.refusals.min(2)
            } else {
                last.refusals
            }
        };
        let refusals = last.map_or(0, counted).saturating_add(1);
        Self {
            at: now.plus(Tranche::pause_after(refusals)),
            refusals,
            in_row: last.map_or(0, |last| last.in_row).saturating_add(1),
            since: last.filter(|last| last.in_row > 0).map_or(now, |last| last.since),
            why,
            misplaced: misplaced || speaks_of_place,
        }
    }
}

impl Tranche {
    /// A tranche with its first entry.
    ///
    /// # Errors
    /// [`OutOfRange`] when the cost does not fit.
    pub fn open(id: TrancheId, entry: &Entry, ctx: Ctx) -> Result<Self, OutOfRange> {
        let Entry { price, quantity, fee, at, window } = *entry;
        let cost = price.notional(quantity)?;
        Ok(Self {
            id,
            opened_at: at,
            window,
            recalled: Rare::default(),
            original: quantity,
            remaining: quantity,
            cost,
            cost_left: cost,
            entry_price: price,
            entry_fees: fee,
            fees: fee,
            funding: Money::ZERO,
            funding_paid: Money::ZERO,
            guarantee: Guarantee::default(),
            main_order: None,
            initial_stop: None,
            aside: TrancheAside::at_value(ctx.instrument.value_per_point),
            levels: Box::default(),
            stop: None,
            trail: None,
            trail_not_before: None,
            exits: Seldom::default(),
            breakeven_at: Rare::NONE,
            soft_stop: Rare::default(),
            closing: None,
            trigger: None,
            was_protected: false,
            revisions: ByLeg::default(),
            retries: Seldom::default(),
        })
    }

    /// Which price its stop watches.
    #[must_use]
    pub fn trigger(&self, plan: &ExitPlan) -> TriggerSource {
        self.trigger.unwrap_or(plan.stop_loss.trigger)
    }

    /// Nothing is left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.remaining.is_zero()
    }

    /// How long to wait after the n-th refusal in a row: 0.2, 0.4, 0.8, 1.6, 3.2, then 3.6 s (F-A04), so that no leg asks more
    /// than twenty times in a minute (I36) and a venue that takes orders again is noticed soon.
    #[must_use]
    pub fn pause_after(refusals: u16) -> Span {
        Span::from_millis((200_i64 << refusals.saturating_sub(1).min(5)).min(3_600))
    }

    /// Makes a leg wait after one more refusal.
    pub fn hold(&mut self, leg: Leg, now: Timestamp) -> u16 {
        self.hold_for(leg, None, now)
    }

    fn hold_for(&mut self, leg: Leg, why: Option<RefusalReason>, now: Timestamp) -> u16 {
        let retry = Retry::after(self.retries.get(&leg).copied(), why, now);
        self.retries.insert(leg, retry);
        retry.refusals
    }

    /// The same after a refusal that says why: what is below a minimum that nobody here knows of is asked for every half
    /// minute (F-G03): the price may have made it enough. What is known to be is `dust`'s.
    pub fn hold_refused(&mut self, leg: Leg, why: RefusalReason, ctx: Ctx) -> u16 {
        let refusals = self.hold_for(leg, Some(why), ctx.now);
        let known = self.is_too_little(leg, ctx);
        if let Some(retry) = self.retries.get_mut(&leg).filter(|retry| retry.is_small() && refusals >= 3 && !known) {
            retry.at = ctx.now.plus(TOO_LITTLE);
        }
        refusals
    }

    /// There is more than before: what was too little to be closed may be enough (F-G03). What was refused for another reason
    /// waits its time: where it goes in slices, the first one is the same order as before (I36).
    pub(super) fn forget_smallness(&mut self) {
        if let Some(retries) = self.retries.held() {
            retries.retain(|leg, retry| *leg != Leg::Close || !retry.is_small());
        }
    }

    /// Decides to close everything at market; the first reason stays.
    pub fn close(&mut self, reason: ExitReason, now: Timestamp) {
        if self.closing.is_none() && !self.is_closed() {
            self.closing = Some(Closing { reason, since: now });
        }
    }

    /// Adds an entry: the average is over what is left and what is added.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number does not fit.
    pub fn add(&mut self, price: Price, quantity: Quantity, fee: Money) -> Result<(), OutOfRange> {
        self.forget_smallness();
        let added = price.notional(quantity)?;
        self.original = self.original.plus(quantity)?;
        self.remaining = self.remaining.plus(quantity)?;
        self.cost = self.cost.plus(added)?;
        self.cost_left = self.cost_left.plus(added)?;
        self.entry_price = self.cost_left.per(self.remaining, Rounding::Nearest)?;
        self.entry_fees = self.entry_fees.plus(fee)?;
        self.fees = self.fees.plus(fee)?;
        Ok(())
    }

    /// Books the closing of `quantity` (at most what is left) at `price`.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number does not fit.
    pub fn book(&mut self, side: PositionSide, booking: &Booking) -> Result<(), OutOfRange> {
        let quantity = booking.quantity.min(self.remaining);
        let last = quantity == self.remaining;
        let cost = if last { self.cost_left } else { self.entry_price.notional(quantity)? };
        let cash = booking.price.notional(quantity)?;
        let profit = ladder::profit(side, cost, cash, self.aside.value_per_point)?;
        if !self.remaining.is_zero() {
            let stays = self.remaining.minus(quantity)?;
            self.funding_paid = self.funding_paid.pro_rata(stays, self.remaining, Rounding::Up)?;
            self.aside.premium_paid = self.aside.premium_paid.pro_rata(stays, self.remaining, Rounding::Up)?;
        }
        self.remaining = self.remaining.minus(quantity)?;
        self.cost_left = self.cost_left.minus(cost)?;
        self.fees = self.fees.plus(booking.fee)?;
        let stop = self.stop.map(|stop| stop.price).filter(|_| !last);
        let exit = self.exit_for(booking);
        exit.quantity = exit.quantity.plus(quantity)?;
        exit.cash = exit.cash.plus(cash)?;
        exit.cost = exit.cost.plus(cost)?;
        exit.profit = exit.profit.plus(profit)?;
        exit.at = exit.at.max(booking.at);
        exit.new_stop = stop;
        if last {
            // Those of levels are, when the level has been passed in its turn.
            self.exits.iter_mut().filter(|exit| exit.level.is_none()).for_each(|exit| exit.complete = true);
        }
        Ok(())
    }

    /// Quantity closed so far.
    #[must_use]
    pub fn closed(&self) -> Quantity {
        self.original.saturating_minus(self.remaining)
    }

    /// What no open level has a claim to: what a trail runs with.
    #[must_use]
    pub fn runner(&self) -> Quantity {
        let claimed = self.levels.iter().try_fold(Quantity::ZERO, |sum, level| sum.plus(level.due()));
        claimed.map_or(Quantity::ZERO, |claimed| self.remaining.saturating_minus(claimed))
    }

    /// The first level that is not behind us.
    #[must_use]
    pub fn next_level(&self) -> Option<&Level> {
        self.levels.iter().find(|level| !level.is_done())
    }

    /// Σ profit − fees + funding.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn realized(&self) -> Result<Money, OutOfRange> {
        let profit = self.exits.iter().try_fold(Money::ZERO, |sum, exit| sum.plus(exit.profit))?;
        profit.minus(self.fees)?.plus(self.funding)
    }

    /// The part of the entry fees that belongs to what is left.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn entry_fees_left(&self) -> Result<Money, OutOfRange> {
        if self.original.is_zero() {
            Ok(Money::ZERO)
        } else {
            self.entry_fees.pro_rata(self.remaining, self.original, Rounding::Up)
        }
    }
}

/// A first entry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// Its fee.
    pub fee: Money,
    /// When.
    pub at: Timestamp,
    /// The board's window then.
    pub window: u64,
}
