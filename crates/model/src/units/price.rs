//! A price per unit of the instrument, and the distance between two prices.

use super::decimal::{read, written_as_text};
use super::{Money, OutOfRange, ParseUnitError, Quantity, Ratio, Rounding, decimal_unit, multiple};
use primitive_fixed_point_decimal::ConstScaleFpdec;
use std::fmt;
use std::num::NonZeroI128;
use std::str::FromStr;

/// How a price is calculated with.
type Decimal = ConstScaleFpdec<i128, 12>;

/// A price: quote currency per unit, always greater than zero, exact to 1e-12. Because none is zero, a price that may be
/// absent takes no more room than one.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Price(NonZeroI128);

written_as_text! { Price }

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.decimal(), f)
    }
}

impl fmt::Debug for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Price({})", self.decimal())
    }
}

decimal_unit! {
    /// A signed distance between two prices, in points of price, exact to 1e-12.
    Points, scale 12, "distance in points"
}

impl FromStr for Price {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let price: Decimal = read("price", "it needs more than 12 decimals or is too large", text)?;
        Self::positive(price).map_err(|_| ParseUnitError::new("price", text, "a price is greater than zero"))
    }
}

impl Price {
    /// Digits after the decimal point that are kept exactly.
    pub const SCALE: u32 = 12;

    /// Above every price there is.
    pub const HIGHEST: Self = Self(NonZeroI128::MAX);

    pub(super) const fn decimal(self) -> Decimal {
        Decimal::from_mantissa(self.0.get())
    }

    pub(super) fn positive(price: Decimal) -> Result<Self, OutOfRange> {
        Self::of(price.mantissa())
    }

    fn of(mantissa: i128) -> Result<Self, OutOfRange> {
        NonZeroI128::new(mantissa).filter(|mantissa| mantissa.is_positive()).map(Self).ok_or(OutOfRange)
    }

    /// The exact value in units of 10^-SCALE: for hashing, indexes and tests, never for arithmetic elsewhere.
    #[must_use]
    pub const fn mantissa(self) -> i128 {
        self.0.get()
    }

    /// The price `points` higher (lower when negative).
    ///
    /// # Errors
    /// [`OutOfRange`] when the result is not a positive price.
    pub fn plus(self, points: Points) -> Result<Self, OutOfRange> {
        Self::positive(self.decimal().checked_add(points.0).ok_or(OutOfRange)?)
    }

    /// The price `points` lower (higher when negative).
    ///
    /// # Errors
    /// [`OutOfRange`] when the result is not a positive price.
    pub fn minus(self, points: Points) -> Result<Self, OutOfRange> {
        Self::positive(self.decimal().checked_sub(points.0).ok_or(OutOfRange)?)
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
        let product = self.decimal().checked_mul_ext(factor.0, rounding.library());
        Self::positive(product.ok_or(OutOfRange)?)
    }

    /// This price times `share`, as a distance.
    ///
    /// # Errors
    /// [`OutOfRange`] when the product does not fit.
    pub fn share(self, share: Ratio, rounding: Rounding) -> Result<Points, OutOfRange> {
        self.decimal().checked_mul_ext(share.0, rounding.library()).map(Points).ok_or(OutOfRange)
    }

    /// Price × quantity: exact when both together have at most eighteen decimals, else to the nearest 1e-18.
    ///
    /// # Errors
    /// [`OutOfRange`] above about 1.7e20.
    pub fn notional(self, quantity: Quantity) -> Result<Money, OutOfRange> {
        let product = self.decimal().checked_mul_ext(quantity.0, Rounding::Nearest.library());
        product.map(Money).ok_or(OutOfRange)
    }

    /// The largest multiple of `tick` that is not above this price.
    ///
    /// # Errors
    /// [`OutOfRange`] when that is zero.
    pub fn floor_to_tick(self, tick: Self) -> Result<Self, OutOfRange> {
        Self::of(multiple(self.mantissa(), tick.mantissa(), Rounding::Down)?)
    }

    /// The smallest multiple of `tick` that is not below this price.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn ceil_to_tick(self, tick: Self) -> Result<Self, OutOfRange> {
        Self::of(multiple(self.mantissa(), tick.mantissa(), Rounding::Up)?)
    }

    /// Whether this price is a multiple of `tick`.
    #[must_use]
    pub fn is_on_tick(self, tick: Self) -> bool {
        self.mantissa() % tick.mantissa() == 0
    }

    /// The distance of one tick, for prices used as a tick size.
    #[must_use]
    pub fn as_points(self) -> Points {
        Points(self.decimal())
    }

    /// The middle of two prices, to the nearest 1e-12.
    #[must_use]
    pub fn midpoint(self, other: Self) -> Self {
        // What lies between two positive numbers is positive.
        Self::of(i128::midpoint(self.mantissa(), other.mantissa())).unwrap_or(self)
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
        self.0.checked_div_ext(price.decimal(), rounding.library()).map(Ratio).ok_or(OutOfRange)
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
