//! The exchange's codes become our reasons (venues/binance.md §17). A code that is not listed is an unknown outcome.

use backstop_model::{Outcome, Refusal, RefusalReason, UnknownCause};
use backstop_sim::refusal as code;
use backstop_sim::refusal::Refused;

/// What a refusal code means for the request.
pub(super) fn outcome(refused: &Refused) -> Outcome {
    match reason(refused.code) {
        Some(reason) => Outcome::Refused(Refusal::new(reason, &refused.text)),
        None => Outcome::Unknown(UnknownCause::VenueUnsure),
    }
}

fn reason(number: i32) -> Option<RefusalReason> {
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
                code::WRONG_SIDE,
                code::NOTHING_TO_AMEND,
                code::REDUCE_WITH_CLOSE,
                code::BAD_NONCE,
            ],
        ),
    ];
    table.iter().find(|(_, codes)| codes.iter().any(|known| known.0 == number)).map(|(reason, _)| *reason)
}

/// What an HTTP status without an answer means: by the body's text, not by the status (F-A03, F-A04).
pub(super) fn http(status: u16, body: &str) -> Outcome {
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
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_exchange_is_listed_except_those_that_say_nothing() {
        for known in code::ALL {
            let unsure =
                [code::TIMEOUT.0, code::NO_CHANGE.0, code::OPEN_ORDERS.0, code::OPEN_POSITION.0].contains(&known.0);
            assert_eq!(reason(known.0).is_none(), unsure, "{}", known.0);
        }
        assert_eq!(reason(-9999), None);
    }

    #[test]
    fn a_503_is_judged_by_its_text() {
        let unknown = "Unknown error, please check your request or try again later.";
        assert_eq!(http(503, unknown), Outcome::Unknown(UnknownCause::VenueUnsure));
        assert!(matches!(http(503, "Service Unavailable."), Outcome::Refused(_)));
        assert!(matches!(http(429, ""), Outcome::Refused(_)));
        assert_eq!(http(500, "?"), Outcome::Unknown(UnknownCause::VenueUnsure));
    }
}
