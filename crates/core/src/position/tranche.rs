//! A tranche: what was entered, what is left, what has been closed and what each closing earned.
//!
//! Cash is exact: profit is proceeds less the cost of what was closed, and the last closing takes the rest of the cost,
//! so that the sum over all closings is the sum over all executions to the last digit (I11).

use crate::exits::arm::Armed;
use crate::exits::ladder::{self, Level};
use crate::exits::stop_loss::StopLevel;
use crate::exits::trailing_stop::Trail;
use backstop_model::{ExitReason, Money, OutOfRange, PositionSide, Price, Quantity, Rounding, Timestamp, TrancheId};
use serde::{Deserialize, Serialize};

/// One closing, from its first execution to its last.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Exit {
    /// The level it belongs to.
    pub level: Option<u8>,
    /// Why.
    pub reason: ExitReason,
    /// How much.
    pub quantity: Quantity,
    /// Proceeds: Σ price × quantity.
    pub cash: Money,
    /// Cost of what was closed.
    pub cost: Money,
    /// Gross profit.
    pub profit: Money,
    /// When its last execution happened.
    pub at: Timestamp,
    /// Nothing more will be booked to it.
    pub complete: bool,
    /// The stop after it.
    pub new_stop: Option<Price>,
}

/// A slice of a position with its own entry and exits.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Tranche {
    /// Its number.
    pub id: TrancheId,
    /// When its first execution happened.
    pub opened_at: Timestamp,
    /// The window of the board that was open then: extremes count from there.
    pub window: u64,
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
    /// The order that opened it, if known.
    pub main_order: Option<String>,
    /// The plan's prices for this entry.
    pub armed: Option<Armed>,
    /// The levels.
    pub levels: Vec<Level>,
    /// Where the stop is wanted.
    pub stop: Option<StopLevel>,
    /// Where the ladder wants it as soon as its own price allows.
    pub proposal: Option<StopLevel>,
    /// The trail.
    pub trail: Option<Trail>,
    /// When the trail may next be looked at.
    pub trail_not_before: Option<Timestamp>,
    /// Every closing so far.
    pub exits: Vec<Exit>,
}

impl Tranche {
    /// A tranche with its first entry.
    ///
    /// # Errors
    /// [`OutOfRange`] when the cost does not fit.
    pub fn open(price: Price, quantity: Quantity, fee: Money, at: Timestamp, window: u64) -> Result<Self, OutOfRange> {
        let cost = price.notional(quantity)?;
        Ok(Self {
            id: TrancheId::FIRST,
            opened_at: at,
            window,
            original: quantity,
            remaining: quantity,
            cost,
            cost_left: cost,
            entry_price: price,
            entry_fees: fee,
            fees: fee,
            funding: Money::ZERO,
            funding_paid: Money::ZERO,
            main_order: None,
            armed: None,
            levels: Vec::new(),
            stop: None,
            proposal: None,
            trail: None,
            trail_not_before: None,
            exits: Vec::new(),
        })
    }

    /// Adds an entry: the average is over what is left and what is added.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number does not fit.
    pub fn add(&mut self, price: Price, quantity: Quantity, fee: Money) -> Result<(), OutOfRange> {
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
        let profit = ladder::profit(side, cost, cash)?;
        if !self.remaining.is_zero() {
            let stays = self.remaining.minus(quantity)?;
            self.funding_paid = self.funding_paid.pro_rata(stays, self.remaining, Rounding::Up)?;
        }
        self.remaining = self.remaining.minus(quantity)?;
        self.cost_left = self.cost_left.minus(cost)?;
        self.fees = self.fees.plus(booking.fee)?;
        let exit = self.exit_for(booking);
        exit.quantity = exit.quantity.plus(quantity)?;
        exit.cash = exit.cash.plus(cash)?;
        exit.cost = exit.cost.plus(cost)?;
        exit.profit = exit.profit.plus(profit)?;
        exit.at = exit.at.max(booking.at);
        if last {
            for exit in &mut self.exits {
                exit.complete = true;
            }
        }
        Ok(())
    }

    /// The closing that an execution belongs to: an unfinished one of the same level and reason, or a new one.
    fn exit_for(&mut self, booking: &Booking) -> &mut Exit {
        let same = |exit: &Exit| {
            !exit.complete && exit.level == booking.level && (exit.level.is_some() || exit.reason == booking.reason)
        };
        let index = self.exits.iter().position(same).unwrap_or_else(|| {
            self.exits.push(Exit {
                level: booking.level,
                reason: booking.reason,
                quantity: Quantity::ZERO,
                cash: Money::ZERO,
                cost: Money::ZERO,
                profit: Money::ZERO,
                at: booking.at,
                complete: false,
                new_stop: None,
            });
            self.exits.len() - 1
        });
        let exit = &mut self.exits[index];
        if booking.reason == ExitReason::InstantTakeProfit {
            exit.reason = booking.reason;
        }
        exit
    }

    /// Takes note that a level is complete, and of the stop after it. Its closing stands before those of later levels,
    /// in whatever order their executions have arrived (F-B03).
    pub fn complete_exit(&mut self, level: u8, new_stop: Option<Price>) {
        let Some(index) = self.exits.iter().position(|exit| exit.level == Some(level) && !exit.complete) else {
            if let Some(exit) = self.exits.iter_mut().find(|exit| exit.level == Some(level)) {
                exit.new_stop = new_stop;
            }
            return;
        };
        let mut exit = self.exits.remove(index);
        exit.complete = true;
        exit.new_stop = new_stop;
        let later = |other: &Exit| other.level.is_some_and(|other| other > level);
        let place = self.exits[..index].iter().position(later).unwrap_or(index);
        self.exits.insert(place, exit);
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
        self.entry_fees.pro_rata(self.remaining, self.original, Rounding::Up)
    }
}

/// One execution to be booked as a closing.
#[derive(Clone, Copy, Debug)]
pub struct Booking {
    /// The level it belongs to.
    pub level: Option<u8>,
    /// Why.
    pub reason: ExitReason,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// Its fee.
    pub fee: Money,
    /// When.
    pub at: Timestamp,
}
