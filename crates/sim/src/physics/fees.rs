//! What one execution costs. Which fill rested and which took is decided by `matching`.

use backstop_model::{Money, OutOfRange, Price, Quantity, Ratio, Rounding};
use serde::{Deserialize, Serialize};

/// Which of an instrument's fees apply.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Fees {
    /// Maker fee for what rested, taker fee for what took.
    Listed,
    /// The taker fee for everything: for clients that do not trust their queue position.
    TakerAlways,
}

impl Fees {
    /// The fee of one execution, rounded against the client; negative is a rebate.
    ///
    /// # Errors
    /// [`OutOfRange`] when the notional does not fit.
    pub fn of(
        self,
        price: Price,
        quantity: Quantity,
        maker: bool,
        maker_fee: Ratio,
        taker_fee: Ratio,
    ) -> Result<Money, OutOfRange> {
        let rate = match (self, maker) {
            (Self::Listed, true) => maker_fee,
            (Self::Listed, false) | (Self::TakerAlways, _) => taker_fee,
        };
        price.notional(quantity)?.times(rate, Rounding::Up)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn makers_pay_the_maker_fee_unless_everybody_takes() {
        let (maker, taker) = (Ratio::percent("0.02").unwrap(), Ratio::percent("0.05").unwrap());
        let (price, quantity) = ("50000".parse().unwrap(), "0.1".parse().unwrap());
        let fee = |fees: Fees, resting| fees.of(price, quantity, resting, maker, taker).unwrap().to_string();
        assert_eq!(fee(Fees::Listed, true), "1");
        assert_eq!(fee(Fees::Listed, false), "2.5");
        assert_eq!(fee(Fees::TakerAlways, true), "2.5");
    }
}
