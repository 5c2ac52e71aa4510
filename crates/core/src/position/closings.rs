//! The closings of a tranche as they are recorded: which one an execution belongs to, in which order they stand, and the
//! stop after each (product.md §4).
//!
//! What an execution does to quantity and cost is the tranche's; this only keeps the record.

use super::Tranche;
use backstop_model::{ExitReason, Money, Price, Quantity, Timestamp};
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
    /// The closing that an execution belongs to: an unfinished one of the same level and reason, or a new one.
    pub(super) fn exit_for(&mut self, booking: &Booking) -> &mut Exit {
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
}
