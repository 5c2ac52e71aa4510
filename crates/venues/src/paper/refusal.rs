//! The exchange's codes become our reasons (venues/binance.md §17, venues/bitget.md §12, venues/ig.md §10). A code that is
//! not listed is an unknown outcome.
//!
//! Numbers of different venues do not meet: Binance's and Aster's are negative, Bitget's have five digits (and 429), IG's
//! are HTTP statuses, where the text decides.

use backstop_model::{Outcome, Refusal, RefusalReason, UnknownCause};
use backstop_sim::Reason;
use backstop_sim::refusal as code;
use backstop_sim::refusal::Refused;

/// What a refusal code means for the request.
pub(super) fn outcome(refused: &Refused) -> Outcome {
    match reason(refused) {
        Some(reason) => Outcome::Refused(Refusal::new(reason, &refused.text)),
        None => Outcome::Unknown(UnknownCause::VenueUnsure),
    }
}

/// Our reason for a code; absent when it says nothing.
pub(super) fn reason(refused: &Refused) -> Option<RefusalReason> {
    match refused.code {
        ..0 => negative(refused.code),
        0..=599 => status(refused.code, &refused.text),
        _ => five_digits(refused.code),
    }
}

/// Whether a refusal can mean that the position it is about cannot be seen yet.
pub(super) const fn is_unseen(refused: &Refused) -> bool {
    matches!(refused.code, 43_023 | 40_891)
}

/// Whether a refusal says that there is no such order any more.
pub(super) fn is_gone(refused: &Refused) -> bool {
    reason(refused) == Some(RefusalReason::NotFound)
}

fn negative(number: i32) -> Option<RefusalReason> {
    let table = [
        (RefusalReason::Throttled, &[code::THROTTLED, code::TOO_MANY_NEW][..]),
        (RefusalReason::Maintenance, &[code::SHUTTING_DOWN, code::CLOSED, code::SYMBOL_CLOSED]),
        (RefusalReason::Unsupported, &[code::UNSUPPORTED, code::BAD_CLOSE_KIND]),
        (
            RefusalReason::Filter,
            &[
                code::BAD_PRECISION,
                code::ABOVE_MAX,
                code::OFF_TICK,
                code::ABOVE_BAND,
                code::OFF_STEP,
                code::BELOW_BAND,
                code::MARKET_BAND,
                code::POST_ONLY,
            ],
        ),
        (RefusalReason::BelowMinimum, &[code::NO_QUANTITY, code::BELOW_MIN, code::MIN_NOTIONAL]),
        (RefusalReason::NotFound, &[code::UNKNOWN_ORDER, code::NO_SUCH_ORDER]),
        (RefusalReason::LockedOut, &[code::NO_ACCOUNT]),
        (RefusalReason::Margin, &[code::MARGIN]),
        (RefusalReason::WouldTrigger, &[code::WOULD_TRIGGER]),
        (RefusalReason::WrongMode, &[code::WRONG_SIDE]),
        (RefusalReason::ReduceOnly, &[code::REDUCE_ONLY, code::NO_POSITION, code::ONLY_REDUCE]),
        (RefusalReason::TooManyOrders, &[code::TOO_MANY_OPEN, code::TOO_MANY_CONDITIONAL, code::CLOSE_EXISTS]),
        (RefusalReason::DuplicateId, &[code::DUPLICATE_ID]),
        (
            RefusalReason::Other,
            &[
                code::OUTSIDE_WINDOW,
                code::LATE_AT_ENGINE,
                code::NOT_REQUIRED,
                code::BAD_SYMBOL,
                code::BAD_VALUE,
                code::UNABLE_TO_FILL,
                code::BAD_CLIENT_ID,
                code::NOTHING_TO_AMEND,
                code::REDUCE_WITH_CLOSE,
                code::BAD_NONCE,
            ],
        ),
    ];
    table.iter().find(|(_, codes)| codes.iter().any(|known| known.0 == number)).map(|(reason, _)| *reason)
}

/// Bitget's, of classic accounts since the clean-up and before it, and of unified ones.
fn five_digits(number: i32) -> Option<RefusalReason> {
    Some(match number {
        22_038 | 22_006 | 22_007 | 40_787 | 40_808 | 40_815 | 40_816 | 43_007 | 45_112 | 45_115 => {
            RefusalReason::Filter
        }
        22_002 | 25_225 | 25_227 | 40_757 | 40_837 | 40_891 | 43_023 | 43_043 | 45_003 => RefusalReason::ReduceOnly,
        25_204 | 40_109 | 40_768 | 43_001 => RefusalReason::NotFound,
        25_212 | 40_786 | 45_034 => RefusalReason::DuplicateId,
        25_579 | 40_832 | 40_917 => RefusalReason::WouldTrigger,
        25_594 | 40_723 | 40_889 | 40_890 | 43_024 | 43_030 | 43_031 | 45_091 | 45_118 => RefusalReason::TooManyOrders,
        // 22043 and its like: the account is being deleveraged, 45009 and 40931 that closing is not allowed. Nothing was done, and
        // the page has it tried again soon (§12, R fast).
        22_043 | 22_044 | 22_067 | 40_931 | 45_009 => RefusalReason::Maintenance,
        // 40725 and 45001, of a release window, say nothing of the request: the page has the order asked for first (§12, U).
        25_102 | 25_104 | 25_106 | 40_844 | 40_845 | 41_113 | 41_114 | 43_115 | 45_043 => RefusalReason::Maintenance,
        40_006 | 40_037 => RefusalReason::LockedOut,
        40_762 => RefusalReason::Margin,
        43_006 | 43_027 | 45_110 | 45_111 => RefusalReason::BelowMinimum,
        // 40020, 25200: a parameter that is not taken, which is also said of what does not exist there.
        22_045 | 25_200 | 25_209 | 31_013 | 40_004 | 40_008 | 40_020 | 40_034 | 40_305 | 40_402 | 43_032 => {
            RefusalReason::Other
        }
        40_773 | 40_774 | 43_075 | 45_020 | 45_021 | 45_109 => RefusalReason::WrongMode,
        _ => return None,
    })
}

/// An HTTP status with an error code, as IG refuses at the door (venues/ig.md §10.1); 429 is Bitget's as well.
fn status(number: i32, text: &str) -> Option<RefusalReason> {
    match number {
        429 => Some(RefusalReason::Throttled),
        403 if text.contains("exceeded") => Some(RefusalReason::Throttled),
        401 | 403 => Some(RefusalReason::LockedOut),
        404 if text.starts_with("error.position") => Some(RefusalReason::NotFound),
        400 | 404 if text.starts_with("invalid.request.orderType") || text == "invalid.url" => {
            Some(RefusalReason::Unsupported)
        }
        400 => Some(RefusalReason::Other),
        404 if text.starts_with("error.trading") => Some(RefusalReason::Other),
        // A confirm that is not there yet says nothing, and an error of the server's neither.
        _ => None,
    }
}

/// What a rejecting confirm means (venues/ig.md §10.2). A level that is too near or too far is told from one that the
/// price has passed by who asks, because the venue has one word for all.
pub(super) fn rejected(reason: Reason) -> Outcome {
    let ours = match reason {
        // Or too far, which the venue says with the same word: who has asked compares it with the market's rules.
        // So does the spacing of guaranteed stops: what stands stays, another place is worked out (venues/ig.md §10.2).
        Reason::AttachedOrderLevelError | Reason::CrSpacing => RefusalReason::TooNear,
        Reason::AttachedOrderTrailingStopError | Reason::LimitOrderWrongSide | Reason::OrderSizeCannotBeFilled => {
            RefusalReason::Other
        }
        Reason::CannotChangeStopType | Reason::StopOrLimitNotAllowed | Reason::TrailingStopNotAllowed => {
            RefusalReason::Unsupported
        }
        Reason::ClosingsOnlyAccount | Reason::ClosingOnlyTradesAccepted => RefusalReason::ReduceOnly,
        Reason::DuplicateOrder => RefusalReason::DuplicateId,
        Reason::GeneralError => return Outcome::Unknown(UnknownCause::VenueUnsure),
        Reason::InsufficientFunds => RefusalReason::Margin,
        Reason::MarketClosed
        | Reason::MarketClosedWithEdits
        | Reason::MarketOffline
        | Reason::MarketRolled
        | Reason::MoveAwayOnlyLimit
        | Reason::MoveAwayOnlyStop => RefusalReason::Maintenance,
        Reason::MaxAutoSizeExceeded | Reason::SizeIncrement => RefusalReason::Filter,
        Reason::MinimumOrderSize => RefusalReason::BelowMinimum,
        Reason::PositionNotAvailableToClose | Reason::PositionNotFound => RefusalReason::ReduceOnly,
    };
    Outcome::Refused(Refusal::new(ours, &reason.to_string()))
}

/// What an HTTP status without an answer means: by the body's text, not by the status (F-A03, F-A04).
pub(super) fn http(status: u16, body: &str) -> Outcome {
    if status == 451 {
        // A place or an address that may not trade: nothing was done, and asking again changes nothing (F-I05).
        return Outcome::Refused(Refusal::new(RefusalReason::LockedOut, body));
    }
    let definite = match status {
        403 | 418 | 429 => true,
        503 => body.contains("Service Unavailable.") || body.contains("Internal error; unable to process your request"),
        _ => false,
    };
    if definite {
        Outcome::Refused(Refusal::new(RefusalReason::Throttled, body))
    } else {
        Outcome::Unknown(UnknownCause::VenueUnsure)
    }
}

#[cfg(test)]
mod tests;
