//! A definite no, in our vocabulary. Each venue's codes are translated in its own module; an unlisted code is no
//! refusal but an unknown outcome.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a venue said no.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// Below the smallest quantity or notional.
    BelowMinimum,
    /// The client order id is in use: the first one exists or existed, ask for it (F-A11).
    DuplicateId,
    /// Price or quantity off the grid, or outside a band (F-G01, F-C20).
    Filter,
    /// Key, permission, address or account restriction (F-D10).
    LockedOut,
    /// The venue is down for maintenance or the market is closed (F-I04).
    Maintenance,
    /// Not enough margin.
    Margin,
    /// No such order: it may be gone because it filled (F-B07).
    NotFound,
    /// It never left this machine: nothing may be sent that cannot be recorded (R1), or the account may only protect.
    NotSent,
    /// Nothing to reduce, or other orders hold the room to reduce (F-C04).
    ReduceOnly,
    /// The level stands farther from the price than the venue allows (venues/ig.md §6).
    TooFar,
    /// Too many orders are open (F-G07).
    TooManyOrders,
    /// The level stands nearer to the price than the venue allows, or otherwise where it takes none (F-C20).
    TooNear,
    /// Too many requests or overload: nothing was done (F-A05, F-I01).
    Throttled,
    /// This kind of order does not exist here, or not any more (F-A20).
    Unsupported,
    /// The trigger condition is already true: the price is through the stop (F-C03).
    WouldTrigger,
    /// The words of the order are of the other position mode: the account's owner has switched it at the venue (F-D07).
    WrongMode,
    /// Anything else that is definite.
    Other,
}

/// A refusal with the venue's own text, which may say more than our word.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Refusal {
    /// Our word.
    pub reason: RefusalReason,
    /// The venue's text, at most 200 characters, control characters removed (F-M17).
    pub text: String,
}

impl Refusal {
    /// A refusal; the text is cleaned and cut.
    #[must_use]
    pub fn new(reason: RefusalReason, text: &str) -> Self {
        Self { reason, text: text.chars().filter(|c| !c.is_control()).take(200).collect() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
