//! The closings of a tranche as they are recorded: which one an execution belongs to, in which order they stand, and the
//! stop after each (product.md §4).
//!
//! What an execution does to quantity and cost is the tranche's; this only keeps the record.

use super::Tranche;
use backstop_model::{ExitReason, Money, Price, Quantity, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Executions of others that are no farther apart are taken for those of one order.
const TOGETHER: Span = Span::from_millis(1000);
/// Closings kept apart, at most, of one tranche; from then on those of one reason are told as one.
const MOST: usize = 64;

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
    /// Cost of what was closed: price × quantity.
    pub cost: Money,
    /// Gross profit, in the quote currency.
    pub profit: Money,
    /// When its last execution happened.
    pub at: Timestamp,
    /// Nothing more will be booked to it.
    pub complete: bool,
    /// The stop after it.
    pub new_stop: Option<Price>,
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

impl Tranche {
    /// The closing that an execution belongs to: an unfinished one of the same level or reason, or a new one.
    pub(super) fn exit_for(&mut self, booking: &Booking) -> &mut Exit {
        let crowded = self.exits.len() >= MOST;
        let same = |exit: &Exit| {
            let of_it =
                exit.level.is_some() || exit.reason == booking.reason && (crowded || !booking.is_apart_from(exit));
            !exit.complete && exit.level == booking.level && of_it
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

    /// Takes note that a level is complete, and of the stop after it. Its closing stands before those of later levels of
    /// the same plan, in whatever order their executions have arrived (F-B03).
    pub(super) fn complete_exit(&mut self, level: u8, new_stop: Option<Price>) {
        let its = |exit: &Exit| exit.level == Some(level) && !exit.complete;
        let Some(index) = self.exits.iter().position(its) else { return };
        let mut exit = self.exits.remove(index);
        exit.complete = true;
        exit.new_stop = new_stop;
        let later = |other: &Exit| !other.complete && other.level.is_some_and(|other| other > level);
        let place = self.exits[..index].iter().position(later).unwrap_or(index);
        self.exits.insert(place, exit);
    }

    /// The part that was to be closed is closed: what is closed next for the same reason is another closing.
    pub(super) fn complete_part(&mut self, reason: ExitReason) {
        let its = |exit: &&mut Exit| exit.level.is_none() && exit.reason == reason;
        self.exits.iter_mut().filter(its).for_each(|exit| exit.complete = true);
    }
}

impl Booking {
    /// What others close is told execution by execution; one that comes so much later or earlier is of another order.
    fn is_apart_from(&self, exit: &Exit) -> bool {
        match self.reason {
            ExitReason::Adl | ExitReason::External | ExitReason::Liquidation | ExitReason::Unknown => {
                self.at.max(exit.at).since(self.at.min(exit.at)) > TOGETHER
            }
            ExitReason::BreakevenStop
            | ExitReason::Emergency
            | ExitReason::EndOfDay
            | ExitReason::InstantTakeProfit
            | ExitReason::LadderStop
            | ExitReason::Manual
            | ExitReason::StopLoss
            | ExitReason::TakeProfit
            | ExitReason::TimeLimit
            | ExitReason::TrailingStop => false,
        }
    }
}
