//! A price per unit of the instrument, and the distance between two prices.

use super::{Money, OutOfRange, ParseUnitError, Quantity, Ratio, Rounding, decimal_unit, multiple};
use std::str::FromStr;

decimal_unit! {
    /// A price: quote currency per unit, always greater than zero, exact to 1e-12.
    Price, scale 12, "price"
}

decimal_unit! {
    /// A signed distance between two prices, in points of price, exact to 1e-12.
    Points, scale 12, "distance in points"
}

impl FromStr for Price {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let price = Self::read(text)?;
        if price <= Self::NOTHING {
            return Err(ParseUnitError::new("price", text, "a price is greater than zero"));
        }
        Ok(price)
    }
}

impl Price {
    /// Above every price there is.
    pub const HIGHEST: Self = Self::of(i128::MAX);

    pub(super) fn positive(self) -> Result<Self, OutOfRange> {
        if self > Self::NOTHING { Ok(self) } else { Err(OutOfRange) }
    }

    /// The price `points` higher (lower when negative).
    ///
    /// # Errors
    /// [`OutOfRange`] when the result is not a positive price.
    pub fn plus(self, points: Points) -> Result<Self, OutOfRange> {
        self.sum(Self(points.0))?.positive()
    }

    /// The price `points` lower (higher when negative).
    ///
    /// # Errors
    /// [`OutOfRange`] when the result is not a positive price.
    pub fn minus(self, points: Points) -> Result<Self, OutOfRange> {
        self.difference(Self(points.0))?.positive()
    }

    /// How far this price lies above `other`: negative when below. Two prices always have a distance.
    #[must_use]
    pub fn above(self, other: Self) -> Points {
        // Both mantissas are positive, so the difference cannot leave the range.
        Points::of(self.mantissa() - other.mantissa())
    }

    /// This price times `factor`, kept to twelve decimals in the named direction.
    ///
    /// # Errors
    /// [`OutOfRange`] when the result is not a positive price.
    pub fn times(self, factor: Ratio, rounding: Rounding) -> Result<Self, OutOfRange> {
        let product = self.0.checked_mul_ext(factor.0, rounding.library());
        product.map(Self).ok_or(OutOfRange)?.positive()
    }

    /// This price times `share`, as a distance.
    ///
    /// # Errors
    /// [`OutOfRange`] when the product does not fit.
    pub fn share(self, share: Ratio, rounding: Rounding) -> Result<Points, OutOfRange> {
        self.0.checked_mul_ext(share.0, rounding.library()).map(Points).ok_or(OutOfRange)
    }

    /// Price × quantity: exact when both together have at most eighteen decimals, else to the nearest 1e-18.
    ///
    /// # Errors
    /// [`OutOfRange`] above about 1.7e20.
    pub fn notional(self, quantity: Quantity) -> Result<Money, OutOfRange> {
        let product = self.0.checked_mul_ext(quantity.0, Rounding::Nearest.library());
        product.map(Money).ok_or(OutOfRange)
    }

    /// The largest multiple of `tick` that is not above this price.
    ///
    /// # Errors
    /// [`OutOfRange`] when that is zero.
    pub fn floor_to_tick(self, tick: Self) -> Result<Self, OutOfRange> {
        Self::of(multiple(self.mantissa(), tick.mantissa(), Rounding::Down)?).positive()
    }

    /// The smallest multiple of `tick` that is not below this price.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn ceil_to_tick(self, tick: Self) -> Result<Self, OutOfRange> {
        Self::of(multiple(self.mantissa(), tick.mantissa(), Rounding::Up)?).positive()
    }

    /// Whether this price is a multiple of `tick`.
    #[must_use]
    pub fn is_on_tick(self, tick: Self) -> bool {
        self.mantissa() % tick.mantissa() == 0
    }

    /// The distance of one tick, for prices used as a tick size.
    #[must_use]
    pub fn as_points(self) -> Points {
        Points(self.0)
    }

    /// The middle of two prices, to the nearest 1e-12.
    #[must_use]
    pub fn midpoint(self, other: Self) -> Self {
        Self::of(i128::midpoint(self.mantissa(), other.mantissa()))
    }
}

impl FromStr for Points {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        Self::read(text)
    }
}

impl Points {
    /// No distance.
    pub const ZERO: Self = Self::NOTHING;

    /// The sum of two distances.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, OutOfRange> {
        self.sum(other)
    }

    /// The same distance the other way.
    ///
    /// # Errors
    /// [`OutOfRange`] for the one value without a counterpart.
    pub fn negated(self) -> Result<Self, OutOfRange> {
        Self::NOTHING.difference(self)
    }

    /// The distance without its sign.
    ///
    /// # Errors
    /// [`OutOfRange`] for the one value without a counterpart.
    pub fn absolute(self) -> Result<Self, OutOfRange> {
        if self < Self::ZERO { self.negated() } else { Ok(self) }
    }

    /// Distance × quantity: what the move is worth, exact as in [`Price::notional`].
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn value(self, quantity: Quantity) -> Result<Money, OutOfRange> {
        let product = self.0.checked_mul_ext(quantity.0, Rounding::Nearest.library());
        product.map(Money).ok_or(OutOfRange)
    }

    /// The distance times `factor`.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn times(self, factor: Ratio, rounding: Rounding) -> Result<Self, OutOfRange> {
        self.0.checked_mul_ext(factor.0, rounding.library()).map(Self).ok_or(OutOfRange)
    }

    /// The distance as a share of `price`.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn share_of(self, price: Price, rounding: Rounding) -> Result<Ratio, OutOfRange> {
        self.0.checked_div_ext(price.0, rounding.library()).map(Ratio).ok_or(OutOfRange)
    }

    /// The distance over a number, rounded to the nearest.
    ///
    /// # Errors
    /// [`OutOfRange`] when the number is zero.
    pub fn over(self, number: u32) -> Result<Self, OutOfRange> {
        let (value, number) = (self.mantissa(), i128::from(number));
        let (whole, rest) =
            (value.checked_div(number).ok_or(OutOfRange)?, value.checked_rem(number).ok_or(OutOfRange)?);
        let away = if rest.abs() * 2 >= number { rest.signum() } else { 0 };
        Ok(Self::of(whole + away))
    }

    /// Half of the distance, toward zero.
    #[must_use]
    pub fn halved(self) -> Self {
        Self::of(self.mantissa() / 2)
    }
}
