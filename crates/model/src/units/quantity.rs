//! An amount of the instrument: contracts or base units, never negative. The side says the direction.

use super::{Money, OutOfRange, ParseUnitError, Price, Ratio, Rounding, decimal_unit, multiple};
use std::str::FromStr;

decimal_unit! {
    /// A quantity of an instrument, zero or more, exact to 1e-12.
    Quantity, scale 12, "quantity"
}

impl FromStr for Quantity {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let quantity = Self::read(text)?;
        if quantity < Self::ZERO {
            return Err(ParseUnitError::new(
                "quantity",
                text,
                "a quantity is not negative; the side says the direction",
            ));
        }
        Ok(quantity)
    }
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self::NOTHING;

    /// Whether there is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The sum.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, OutOfRange> {
        self.sum(other)
    }

    /// What is left when `other` is taken away.
    ///
    /// # Errors
    /// [`OutOfRange`] when `other` is more than there is.
    pub fn minus(self, other: Self) -> Result<Self, OutOfRange> {
        if other > self {
            return Err(OutOfRange);
        }
        self.difference(other)
    }

    /// What is left when `other` is taken away, nothing when `other` is more.
    #[must_use]
    pub fn saturating_minus(self, other: Self) -> Self {
        self.minus(other).unwrap_or(Self::ZERO)
    }

    /// This quantity times `share`, to twelve decimals in the named direction.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit or `share` is negative.
    pub fn share(self, share: Ratio, rounding: Rounding) -> Result<Self, OutOfRange> {
        if share < Ratio::ZERO {
            return Err(OutOfRange);
        }
        self.0.checked_mul_ext(share.0, rounding.library()).map(Self).ok_or(OutOfRange)
    }

    /// This quantity times `part` over `whole`: pro-rata shares without rounding twice.
    ///
    /// # Errors
    /// [`OutOfRange`] when `whole` is zero or the result does not fit.
    pub fn pro_rata(self, part: Self, whole: Self, rounding: Rounding) -> Result<Self, OutOfRange> {
        if whole.is_zero() {
            return Err(OutOfRange);
        }
        self.0.checked_mul_ratio_ext(part.0, whole.0, rounding.library()).map(Self).ok_or(OutOfRange)
    }

    /// The part this quantity is of `whole`.
    ///
    /// # Errors
    /// [`OutOfRange`] when `whole` is zero.
    pub fn part_of(self, whole: Self, rounding: Rounding) -> Result<Ratio, OutOfRange> {
        if whole.is_zero() {
            return Err(OutOfRange);
        }
        self.0.checked_div_ext(whole.0, rounding.library()).map(Ratio).ok_or(OutOfRange)
    }

    /// The largest multiple of `step` that is not above this quantity; may be nothing.
    ///
    /// # Errors
    /// [`OutOfRange`] when `step` is zero.
    pub fn floor_to_step(self, step: Self) -> Result<Self, OutOfRange> {
        multiple(self.mantissa(), step.mantissa(), Rounding::Down).map(Self::of)
    }

    /// The smallest multiple of `step` that is not below this quantity.
    ///
    /// # Errors
    /// [`OutOfRange`] when `step` is zero or the result does not fit.
    pub fn ceil_to_step(self, step: Self) -> Result<Self, OutOfRange> {
        multiple(self.mantissa(), step.mantissa(), Rounding::Up).map(Self::of)
    }

    /// Whether this quantity is a multiple of `step`.
    #[must_use]
    pub fn is_on_step(self, step: Self) -> bool {
        !step.is_zero() && self.mantissa() % step.mantissa() == 0
    }

    /// The smallest quantity, on `step`, that is worth at least `notional` at `price`.
    ///
    /// # Errors
    /// [`OutOfRange`] when `step` is zero or the result does not fit.
    pub fn worth_at_least(notional: Money, price: Price, step: Self) -> Result<Self, OutOfRange> {
        notional.at_price(price, Rounding::Up)?.ceil_to_step(step)
    }
}
