//! Who is who. Numbers are dense indexes given out when something is defined; texts are the venue's or our own names.

use crate::text::{NotAnId, Text};
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The place in a table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

dense_id! {
    /// One account at one venue, as numbered by the definitions at the head of the journal.
    AccountId
}
dense_id! {
    /// One contract at one venue, as numbered by the definitions.
    InstrumentId
}
dense_id! {
    /// One exit plan, as numbered by the definitions.
    PlanId
}
dense_id! {
    /// The incarnation of a position: flat and open again is a new epoch. Best prices, client order ids and trade
    /// records belong to one epoch and never to the next.
    Epoch
}

impl Default for Epoch {
    /// None has been yet.
    fn default() -> Self {
        Self(0)
    }
}

impl Epoch {
    /// The incarnation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A slice of a position with its own exits, numbered from 1 within its epoch.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct TrancheId(pub u8);

impl TrancheId {
    /// The tranche that every position has.
    pub const FIRST: Self = Self(1);

    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $longest:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(Text<$longest>);

        impl $name {
            /// Takes over the text of an id.
            ///
            /// # Errors
            /// [`NotAnId`] when it is empty, too long or not printable ASCII.
            pub fn new(text: &str) -> Result<Self, NotAnId> {
                Text::new(text).map(Self)
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

text_id! {
    /// Our name for an order, or a stranger's: at most 36 characters (venues/binance.md §15). Ours are pure functions
    /// of what they name and at most 30 characters long (R2); `core` makes and recognises them.
    ClientOrderId, 36
}
text_id! {
    /// The venue's name for one deal, where every deal is a position of its own (venues/ig.md §4): at most 30 characters.
    DealId, 30
}
text_id! {
    /// The venue's name for an order.
    VenueOrderId, 36
}
text_id! {
    /// The venue's name for one execution; unique with account and instrument (F-B02).
    FillId, 36
}
text_id! {
    /// The venue's name for an instrument: its symbol or epic.
    Symbol, 40
}
text_id! {
    /// A name from the configuration: account, plan, venue.
    Name, 40
}
text_id! {
    /// The operator's own name for an entry he asks for; no two entries share one.
    RequestId, 64
}
