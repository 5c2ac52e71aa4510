//! An amount of the quote or account currency: notional, profit, fee, funding. Signed.

use super::{OutOfRange, ParseUnitError, Price, Quantity, Ratio, Rounding, decimal_unit};
use std::str::FromStr;

decimal_unit! {
    /// A signed amount of money, exact to 1e-18. Which currency it is stands beside it.
    Money, scale 18, "amount of money"
}

impl Default for Money {
    fn default() -> Self {
        Self::ZERO
    }
}

impl FromStr for Money {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        Self::read(text)
    }
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self::NOTHING;

    /// The sum.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, OutOfRange> {
        self.sum(other)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn minus(self, other: Self) -> Result<Self, OutOfRange> {
        self.difference(other)
    }

    /// The same amount the other way.
    ///
    /// # Errors
    /// [`OutOfRange`] for the one value without a counterpart.
    pub fn negated(self) -> Result<Self, OutOfRange> {
        Self::ZERO.difference(self)
    }

    /// This amount times `rate`, to 1e-18 in the named direction: fees, funding.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn times(self, rate: Ratio, rounding: Rounding) -> Result<Self, OutOfRange> {
        self.0.checked_mul_ext(rate.0, rounding.library()).map(Self).ok_or(OutOfRange)
    }

    /// What an amount in points × quantity is worth, where a unit of price brings a unit of quantity so much money (F-G06).
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn valued(self, value_per_point: Ratio) -> Result<Self, OutOfRange> {
        if value_per_point == Ratio::ONE { Ok(self) } else { self.times(value_per_point, Rounding::Nearest) }
    }

    /// The amount in points × quantity that is worth this much money: [`valued`](Self::valued) the other way.
    ///
    /// # Errors
    /// [`OutOfRange`] when a point is worth nothing, or when it does not fit.
    pub fn in_points(self, value_per_point: Ratio, rounding: Rounding) -> Result<Self, OutOfRange> {
        if value_per_point == Ratio::ONE {
            return Ok(self);
        }
        if value_per_point == Ratio::ZERO {
            return Err(OutOfRange);
        }
        self.0.checked_div_ext(value_per_point.0, rounding.library()).map(Self).ok_or(OutOfRange)
    }

    /// The part of this amount that falls on `part` of `whole`.
    ///
    /// # Errors
    /// [`OutOfRange`] when `whole` is zero or the result does not fit.
    pub fn pro_rata(self, part: Quantity, whole: Quantity, rounding: Rounding) -> Result<Self, OutOfRange> {
        if whole.is_zero() {
            return Err(OutOfRange);
        }
        let (part, whole) = (part.mantissa(), whole.mantissa());
        self.0.checked_mul_ratio_ext(part, whole, rounding.library()).map(Self).ok_or(OutOfRange)
    }

    /// The price at which `quantity` is worth this amount.
    ///
    /// # Errors
    /// [`OutOfRange`] when `quantity` is zero or the result is not a positive price.
    pub fn per(self, quantity: Quantity, rounding: Rounding) -> Result<Price, OutOfRange> {
        if quantity.is_zero() {
            return Err(OutOfRange);
        }
        let price = self.0.checked_div_ext(quantity.0, rounding.library());
        Price::positive(price.ok_or(OutOfRange)?)
    }

    /// The quantity that is worth this amount at `price`.
    ///
    /// # Errors
    /// [`OutOfRange`] when this amount is negative or the result does not fit.
    pub fn at_price(self, price: Price, rounding: Rounding) -> Result<Quantity, OutOfRange> {
        if self < Self::ZERO {
            return Err(OutOfRange);
        }
        let quantity = self.0.checked_div_ext(price.decimal(), rounding.library());
        quantity.map(Quantity).ok_or(OutOfRange)
    }

    /// This amount as a share of `whole`.
    ///
    /// # Errors
    /// [`OutOfRange`] when `whole` is zero or the result does not fit.
    pub fn share_of(self, whole: Self, rounding: Rounding) -> Result<Ratio, OutOfRange> {
        if whole == Self::ZERO {
            return Err(OutOfRange);
        }
        self.0.checked_div_ext(whole.0, rounding.library()).map(Ratio).ok_or(OutOfRange)
    }
}
