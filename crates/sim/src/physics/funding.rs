//! Funding: at every interval boundary longs pay shorts, or the other way round, on what is open at that moment.

use backstop_model::{Money, OutOfRange, PositionSide, Price, Quantity, Ratio, Rounding, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// The funding of one instrument.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Funding {
    /// Between two payments; boundaries are multiples of it since the epoch.
    pub interval: Span,
    /// Share of the notional; positive means that longs pay.
    pub rate: Ratio,
}

impl Funding {
    /// The first boundary after `now`; absent when the interval is not positive.
    #[must_use]
    pub fn next_after(self, now: Timestamp) -> Option<Timestamp> {
        let interval = self.interval.as_nanos();
        if interval <= 0 {
            return None;
        }
        let passed = now.as_nanos().div_euclid(interval);
        passed.checked_add(1)?.checked_mul(interval).map(Timestamp::from_nanos)
    }

    /// What a position receives (positive) or pays (negative) at a boundary, on mark × remaining quantity, rounded
    /// against it (lessons.md §2, rule 7).
    ///
    /// # Errors
    /// [`OutOfRange`] when the notional does not fit.
    pub fn payment(self, side: PositionSide, mark: Price, quantity: Quantity) -> Result<Money, OutOfRange> {
        let notional = mark.notional(quantity)?;
        match side {
            PositionSide::Long => notional.times(self.rate, Rounding::Up)?.negated(),
            PositionSide::Short => notional.times(self.rate, Rounding::Down),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn boundaries_are_multiples_of_the_interval_and_longs_pay_a_positive_rate() {
        let funding = Funding { interval: Span::from_secs(8 * 3600), rate: Ratio::percent("0.01").unwrap() };
        let eight = Timestamp::EPOCH.plus(Span::from_secs(8 * 3600));
        assert_eq!(funding.next_after(Timestamp::EPOCH), Some(eight));
        assert_eq!(funding.next_after(eight), Some(eight.plus(Span::from_secs(8 * 3600))));
        let (mark, quantity) = ("50000".parse().unwrap(), "0.1".parse().unwrap());
        assert_eq!(funding.payment(PositionSide::Long, mark, quantity).unwrap().to_string(), "-0.5");
        assert_eq!(funding.payment(PositionSide::Short, mark, quantity).unwrap().to_string(), "0.5");
    }
}
