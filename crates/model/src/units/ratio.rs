//! A pure number: a share, a percentage, a fee rate, a factor.

use super::{OutOfRange, ParseUnitError, Rounding, decimal_unit};
use std::str::FromStr;

decimal_unit! {
    /// A pure number, exact to 1e-12; 3 % is 0.03.
    Ratio, scale 12, "ratio"
}

impl FromStr for Ratio {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        Self::read(text)
    }
}

impl Ratio {
    /// None of it.
    pub const ZERO: Self = Self::NOTHING;

    /// All of it.
    pub const ONE: Self = Self::of(1_000_000_000_000);

    /// `percent` hundredths: `percent("3")` is 0.03.
    ///
    /// # Errors
    /// [`ParseUnitError`] when the text is not a plain decimal with at most ten decimals.
    pub fn percent(text: &str) -> Result<Self, ParseUnitError> {
        let hundredfold = Self::read(text)?;
        if hundredfold.mantissa() % 100 != 0 {
            return Err(ParseUnitError::new("percentage", text, "it needs more than 10 decimals"));
        }
        Ok(Self::of(hundredfold.mantissa() / 100))
    }

    /// A whole number as a ratio.
    #[must_use]
    pub fn whole(number: u32) -> Self {
        Self::of(i128::from(number) * Self::ONE.mantissa())
    }

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

    /// The product, to twelve decimals in the named direction.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn times(self, other: Self, rounding: Rounding) -> Result<Self, OutOfRange> {
        self.0.checked_mul_ext(other.0, rounding.library()).map(Self).ok_or(OutOfRange)
    }

    /// The quotient, to twelve decimals in the named direction.
    ///
    /// # Errors
    /// [`OutOfRange`] when `other` is zero or the result does not fit.
    pub fn over(self, other: Self, rounding: Rounding) -> Result<Self, OutOfRange> {
        if other == Self::ZERO {
            return Err(OutOfRange);
        }
        self.0.checked_div_ext(other.0, rounding.library()).map(Self).ok_or(OutOfRange)
    }

    /// The whole part, toward negative infinity.
    #[must_use]
    pub fn floored(self) -> Self {
        Self::of(self.mantissa().div_euclid(Self::ONE.mantissa()) * Self::ONE.mantissa())
    }

    /// The number of hundredths, for people: 0.03 is shown as `3`.
    #[must_use]
    pub fn in_percent(self) -> Self {
        // A hundredfold leaves the range only beyond 1e24, which no share or rate reaches; the cap keeps it total.
        Self::of(self.mantissa().saturating_mul(100))
    }
}
