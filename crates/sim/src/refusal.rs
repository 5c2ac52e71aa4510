//! The venue's own no: its codes and texts (venues/binance.md §17), as they would stand in an error body.
//!
//! What a client makes of a code is left to the client; adapters translate them, this crate only speaks them. The numbers
//! here are Binance's; `numbers` has those of other venues.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A definite no of the venue. Nothing was changed by the request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("{code}: {text}")]
pub struct Refused {
    /// The venue's number: negative at Binance and Aster, positive at Bitget, at IG the HTTP status.
    pub code: i32,
    /// The venue's text.
    pub text: String,
}

/// A number and its text in the venue's table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Code(pub i32, pub &'static str);

impl Code {
    /// The refusal with this code and its usual text.
    #[must_use]
    pub fn refused(self) -> Refused {
        Refused { code: self.0, text: self.1.to_owned() }
    }

    /// The refusal with this code, naming the culprit after the usual text.
    #[must_use]
    pub fn about(self, culprit: impl fmt::Display) -> Refused {
        Refused { code: self.0, text: format!("{} ({culprit})", self.1) }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Code = Code($number, $text);)*
        /// Every code the simulator can say.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    /// Send and execution status unknown: the client has to ask.
    TIMEOUT = -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.";
    /// Overload; nothing was done.
    THROTTLED = -1008, "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.";
    /// Too many orders in a time window.
    TOO_MANY_NEW = -1015, "Too many new orders.";
    /// Down for maintenance.
    SHUTTING_DOWN = -1016, "This service is no longer available.";
    /// What is asked for does not exist here.
    UNSUPPORTED = -1020, "This operation is not supported.";
    /// The request came after its window or far ahead of it.
    OUTSIDE_WINDOW = -1021, "Timestamp for this request is outside of the recvWindow.";
    /// A parameter that must not be sent.
    NOT_REQUIRED = -1106, "Parameter sent when not required.";
    /// More decimals than there are.
    BAD_PRECISION = -1111, "Precision is over the maximum defined for this asset.";
    /// No such symbol.
    BAD_SYMBOL = -1121, "Invalid symbol.";
    /// A value that makes no sense.
    BAD_VALUE = -1130, "Data sent for parameter is not valid.";
    /// Nothing to cancel under that id.
    UNKNOWN_ORDER = -2011, "Unknown order sent.";
    /// Nothing found under that id.
    NO_SUCH_ORDER = -2013, "Order does not exist.";
    /// No such account, or no permission.
    NO_ACCOUNT = -2015, "Invalid API-key, IP, or permissions for action.";
    /// Not enough margin.
    MARGIN = -2019, "Margin is insufficient.";
    /// Nobody is there to trade with.
    UNABLE_TO_FILL = -2020, "Unable to fill.";
    /// The condition is already true.
    WOULD_TRIGGER = -2021, "Order would immediately trigger.";
    /// Nothing to reduce, or the room to reduce is taken.
    REDUCE_ONLY = -2022, "ReduceOnly Order is rejected.";
    /// Too many open orders on the symbol.
    TOO_MANY_OPEN = -2025, "Reach max open order limit.";
    /// Quantity zero.
    NO_QUANTITY = -4003, "Quantity less than or equal to zero.";
    /// Below the smallest quantity.
    BELOW_MIN = -4004, "Quantity less than min quantity.";
    /// Above the largest quantity.
    ABOVE_MAX = -4005, "Quantity greater than max quantity.";
    /// Off the price grid.
    OFF_TICK = -4014, "Price not increased by tick size.";
    /// Not a client order id.
    BAD_CLIENT_ID = -4015, "Client order id is not valid.";
    /// Above the band around the mark price.
    ABOVE_BAND = -4016, "Limit price can't be higher than the band above mark price.";
    /// Off the quantity grid.
    OFF_STEP = -4023, "Quantity not increased by step size.";
    /// Below the band around the mark price.
    BELOW_BAND = -4024, "Limit price can't be lower than the band below mark price.";
    /// More conditional orders than an account may have.
    TOO_MANY_CONDITIONAL = -4045, "Reach max stop order limit.";
    /// The wish is already so.
    NO_CHANGE = -4059, "No need to change position side.";
    /// The side does not fit the position mode.
    WRONG_SIDE = -4061, "Order's position side does not match user's setting.";
    /// Open orders block the change.
    OPEN_ORDERS = -4067, "Position side cannot be changed if there exists open orders.";
    /// A position blocks the change.
    OPEN_POSITION = -4068, "Position side cannot be changed if there exists position.";
    /// The id is in use by an open order.
    DUPLICATE_ID = -4116, "ClientOrderId is duplicated.";
    /// One whole-position order of this kind is already open.
    CLOSE_EXISTS = -4130, "An open stop or take profit order with GTE and closePosition in the direction is existing.";
    /// The best price is outside the band.
    MARKET_BAND = -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.";
    /// A whole-position order of a kind that cannot be one.
    BAD_CLOSE_KIND = -4136, "Target strategy invalid for orderType with closePosition true.";
    /// Reduce-only does not go together with close-position.
    REDUCE_WITH_CLOSE = -4138, "ReduceOnly must not be sent with closePosition equals true.";
    /// The market takes nothing that opens.
    CLOSED = -4140, "Invalid symbol status for opening position.";
    /// The market does not trade now, or not any more.
    SYMBOL_CLOSED = -4141, "Symbol is closed.";
    /// Below the smallest notional.
    MIN_NOTIONAL = -4164, "Order's notional must be no smaller than the minimum (unless you choose reduce only).";
    /// The nonce was used before, is too small, or too far from the venue's clock (venues/aster.md §2.3).
    BAD_NONCE = -4225, "Nonce Expired";
    /// Only orders that reduce are taken.
    ONLY_REDUCE = -4400, "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed.";
    /// A whole-position order without a position.
    NO_POSITION = -4509, "TIF GTE can only be used with open positions.";
    /// Post-only would take.
    POST_ONLY = -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.";
    /// Amending would change nothing.
    NOTHING_TO_AMEND = -5027, "No need to modify the order.";
    /// The engine got it after its window.
    LATE_AT_ENGINE = -5028, "Timestamp for this request is outside of the ME recvWindow.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_negative_and_stands_once() {
        let numbers: BTreeSet<i32> = ALL.iter().map(|code| code.0).collect();
        assert_eq!(numbers.len(), ALL.len());
        assert!(numbers.iter().all(|number| *number < 0));
    }

    #[test]
    fn a_refusal_can_name_its_culprit() {
        assert_eq!(OFF_TICK.about("100.05").to_string(), "-4014: Price not increased by tick size. (100.05)");
    }
}
