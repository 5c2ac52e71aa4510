//! Other venues' numbers for what `refusal` says in Binance's: the same meaning, another code (venues/bitget.md §12,
//! venues/ig.md §10.1).
//!
//! Where a page gives a set of codes for one meaning, one of the set is said here; a client has to match the set.

use crate::habits::Numbers;
use crate::order::Bound;
use crate::refusal::{self, Code, Refused};
use crate::request::Kind;

/// Bitget's: the orders bound to a position would hold more than there is, or the position cannot be seen yet.
pub const BOUND_EXCEEDS: Code = Code(43_023, "Insufficient position, can not set profit or stop loss");
/// Bitget's: resting closes hold what a new one wants.
pub const CLOSES_EXCEED: Code = Code(45_003, "Insufficient position");
/// Bitget's: there is a target for the whole position already.
pub const TARGET_EXISTS: Code = Code(43_030, "Take profit order already existed");
/// Bitget's: there is a stop for the whole position already.
pub const STOP_EXISTS: Code = Code(43_031, "Stop loss order already existed");
/// Bitget's of before: there is a stop or target for the whole position already.
const EITHER_EXISTS: Code = Code(43_024, "Take profit or stop loss order already existed");
/// Bitget's unified accounts': the same.
const FULL_EXISTS: Code = Code(25_594, "A full-position TP/SL order already exists");

/// Bitget's: as many orders bound to positions as there may be.
pub const MOST_BOUND: Code = Code(40_890, "The number of take profit and stop loss orders has reached the limit");
/// Bitget's: as many trailing plans as there may be.
pub const MOST_TRAILS: Code = Code(45_091, "The number of trailing orders has reached the limit");

/// Bitget's: the account is being deleveraged, and nothing closes meanwhile.
pub const ADL: Code = Code(22_043, "ADL processing");
/// The same, said to a close without a quantity.
pub const ADL_FLASH: Code = Code(22_044, "ADL processing, flash close is not available");

/// A market that is settled or delisted. Bitget has a number for it; at Binance and Aster such a market is closed, as it is for
/// an hour (-4141, venues/binance.md §17, venues/aster.md §12: "for -4141 follow the settlement").
pub const DELISTED: Code = Code(40_845, refusal::SYMBOL_CLOSED.1);

/// What Bitget says to what has no row below: a parameter it does not take. Classic, unified.
const ELSEWHERE: (i32, i32) = (40_020, 25_200);

/// One meaning: Binance's code, Bitget's since the clean-up, Bitget's before it, its unified accounts'.
const BITGET: [(Code, i32, i32, i32); 31] = [
    (refusal::TIMEOUT, 40_010, 40_010, 40_010),
    (refusal::THROTTLED, 429, 429, 429),
    (refusal::TOO_MANY_NEW, 429, 429, 429),
    (refusal::SHUTTING_DOWN, 45_001, 40_725, 40_725),
    (refusal::OUTSIDE_WINDOW, 40_008, 40_004, 40_008),
    (refusal::LATE_AT_ENGINE, 40_008, 40_004, 40_008),
    (refusal::BAD_PRECISION, 40_808, 40_808, 40_808),
    (refusal::BAD_SYMBOL, 40_034, 40_034, 40_034),
    (refusal::BAD_VALUE, 43_032, 31_013, 25_200),
    (refusal::UNKNOWN_ORDER, 43_001, 40_768, 25_204),
    (refusal::NO_SUCH_ORDER, 40_109, 43_001, 25_204),
    (refusal::NO_ACCOUNT, 40_037, 40_006, 40_037),
    (refusal::MARGIN, 40_762, 40_762, 40_762),
    (refusal::UNABLE_TO_FILL, 22_045, 22_045, 25_209),
    (refusal::WOULD_TRIGGER, 40_917, 40_832, 25_579),
    (refusal::REDUCE_ONLY, 22_002, 40_837, 25_227),
    (refusal::NO_POSITION, 22_002, 43_043, 25_227),
    (refusal::TOO_MANY_OPEN, 45_118, 40_723, 45_118),
    (refusal::TOO_MANY_CONDITIONAL, 40_889, 40_889, 40_889),
    (refusal::BELOW_MIN, 45_111, 43_006, 45_111),
    (refusal::OFF_STEP, 22_038, 40_808, 22_038),
    (refusal::ABOVE_MAX, 45_112, 43_007, 45_112),
    (refusal::OFF_TICK, 45_115, 40_787, 45_115),
    (refusal::BAD_CLIENT_ID, 40_305, 40_402, 40_305),
    (refusal::ABOVE_BAND, 22_006, 40_815, 22_006),
    (refusal::BELOW_BAND, 22_007, 40_816, 22_007),
    (refusal::WRONG_SIDE, 45_021, 40_774, 45_021),
    (refusal::DUPLICATE_ID, 45_034, 40_786, 25_212),
    // A market that takes closings only (`limit_open`): the page names no number of its own for what would open.
    (refusal::CLOSED, 45_043, 40_844, 25_102),
    (refusal::SYMBOL_CLOSED, 45_043, 40_844, 25_102),
    (refusal::MIN_NOTIONAL, 45_110, 43_027, 45_110),
];

/// IG's status and error code; everything else is a malformed request.
const IG: [(Code, i32, &str); 7] = [
    (refusal::TIMEOUT, 500, "system.error"),
    (refusal::SHUTTING_DOWN, 500, "system.error"),
    (refusal::THROTTLED, 403, "error.public-api.exceeded-account-trading-allowance"),
    (refusal::TOO_MANY_NEW, 403, "error.public-api.exceeded-account-trading-allowance"),
    (refusal::NO_ACCOUNT, 401, "error.security.invalid-details"),
    (refusal::BAD_SYMBOL, 404, "error.trading.otc.instrument-not-found"),
    (refusal::UNSUPPORTED, 404, "invalid.url"),
];

impl Numbers {
    /// A refusal with this venue's number. What is no code of Binance's was said in the venue's own number already.
    pub(crate) fn spoken(self, refused: Refused) -> Refused {
        match self {
            Self::Binance if refused.code == DELISTED.0 => Refused { code: refusal::SYMBOL_CLOSED.0, ..refused },
            Self::Binance => refused,
            Self::Http if refused.code >= 0 && refused.code != DELISTED.0 => refused,
            Self::Bitget | Self::BitgetBefore | Self::BitgetUnified => {
                Refused { code: self.bitget(refused.code), ..refused }
            }
            Self::Http => {
                let row = IG.iter().find(|row| row.0.0 == refused.code);
                row.map_or_else(|| http(400, "invalid.input"), |row| http(row.1, row.2))
            }
        }
    }

    fn bitget(self, code: i32) -> i32 {
        if code >= 0 {
            // What Bitget alone knows has other numbers at its other accounts, where the page gives one.
            return match (self, code) {
                (Self::BitgetBefore, 40_845) => 41_113,
                (Self::BitgetBefore, 43_023) => 40_891,
                (Self::BitgetBefore, 45_003) => 40_757,
                (Self::BitgetUnified, 40_845) => 25_104,
                (Self::BitgetUnified, 45_003) => 25_225,
                (_, other) => other,
            };
        }
        let row = BITGET.iter().find(|row| row.0.0 == code);
        let (now, before, unified) =
            row.map_or((ELSEWHERE.0, ELSEWHERE.0, ELSEWHERE.1), |(_, now, before, unified)| (*now, *before, *unified));
        match self {
            Self::BitgetBefore => before,
            Self::BitgetUnified => unified,
            Self::Bitget | Self::Binance | Self::Http => now,
        }
    }

    /// What is said to an exit that is larger than the position. There is a position, so Bitget does not say 22002.
    pub(crate) const fn closes_too_much(self) -> Code {
        match self {
            Self::Binance | Self::Http => refusal::REDUCE_ONLY,
            Self::Bitget | Self::BitgetBefore | Self::BitgetUnified => CLOSES_EXCEED,
        }
    }

    /// What is said when there are as many orders that wait for a price as there may be (venues/bitget.md §8.4).
    pub(crate) fn too_many_waiting(self, kind: &Kind, bound: Bound) -> Code {
        match (self, bound, kind) {
            (Self::Binance | Self::Http, _, _) => refusal::TOO_MANY_CONDITIONAL,
            (Self::Bitget | Self::BitgetBefore | Self::BitgetUnified, Bound::ToPosition, _) => MOST_BOUND,
            (Self::Bitget | Self::BitgetBefore | Self::BitgetUnified, Bound::Free, Kind::Trailing { .. }) => {
                MOST_TRAILS
            }
            (
                Self::Bitget | Self::BitgetBefore | Self::BitgetUnified,
                Bound::Free,
                Kind::Limit { .. }
                | Kind::Market
                | Kind::StopMarket { .. }
                | Kind::TakeProfitLimit { .. }
                | Kind::TakeProfitMarket { .. },
            ) => refusal::TOO_MANY_CONDITIONAL,
        }
    }

    /// What is said to a second whole-position exit of a kind.
    pub(crate) fn whole_exists(self, kind: &Kind) -> Code {
        match (self, kind) {
            (Self::Binance | Self::Http, _) => refusal::CLOSE_EXISTS,
            (Self::BitgetBefore, _) => EITHER_EXISTS,
            (Self::BitgetUnified, _) => FULL_EXISTS,
            (Self::Bitget, Kind::TakeProfitLimit { .. } | Kind::TakeProfitMarket { .. }) => TARGET_EXISTS,
            (Self::Bitget, Kind::Limit { .. } | Kind::Market | Kind::StopMarket { .. } | Kind::Trailing { .. }) => {
                STOP_EXISTS
            }
        }
    }
}

/// A refusal with an HTTP status and an error code.
pub(crate) fn http(status: i32, error_code: &str) -> Refused {
    Refused { code: status, text: error_code.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_meaning_has_one_number_for_each_venue() {
        let said = |numbers: Numbers, code: Code| numbers.spoken(code.refused()).code;
        for (code, expected) in [
            (refusal::DUPLICATE_ID, [-4116, 45_034, 40_786, 25_212, 400]),
            (refusal::WRONG_SIDE, [-4061, 45_021, 40_774, 45_021, 400]),
            (refusal::UNSUPPORTED, [-1020, 40_020, 40_020, 25_200, 404]),
            (BOUND_EXCEEDS, [43_023, 43_023, 40_891, 43_023, 43_023]),
            (CLOSES_EXCEED, [45_003, 45_003, 40_757, 25_225, 45_003]),
            (DELISTED, [-4141, 40_845, 41_113, 25_104, 400]),
            (refusal::SYMBOL_CLOSED, [-4141, 45_043, 40_844, 25_102, 400]),
            (refusal::CLOSED, [-4140, 45_043, 40_844, 25_102, 400]),
        ] {
            let venues =
                [Numbers::Binance, Numbers::Bitget, Numbers::BitgetBefore, Numbers::BitgetUnified, Numbers::Http];
            assert_eq!(venues.map(|numbers| said(numbers, code)), expected, "{code:?}");
        }
    }

    #[test]
    fn no_meaning_stands_twice() {
        let mut codes: Vec<i32> = BITGET.iter().map(|row| row.0.0).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), BITGET.len());
    }
}
