//! What all decimal units share: reading, writing, checked sums, and the two errors.
//!
//! The arithmetic itself is `primitive_fixed_point_decimal`'s; the newtypes hide it, so that the representation can be
//! exchanged in this folder alone. What a unit may be multiplied with stands in that unit's own file.

use super::Rounding;
use primitive_fixed_point_decimal::ConstScaleFpdec;
use std::fmt;

/// A result that does not fit the number type. It is never wrapped and never clamped.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("number out of range")]
pub struct OutOfRange;

/// A text that is not a value of the unit it was read as.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not a {unit}: {why}")]
pub struct ParseUnitError {
    /// The unit that was asked for, in words.
    pub unit: &'static str,
    /// The text as it came, cut to 40 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl ParseUnitError {
    pub(crate) fn new(unit: &'static str, text: &str, why: &'static str) -> Self {
        Self { unit, text: text.chars().take(40).collect(), why }
    }
}

/// The longest number text that is looked at; longer ones are hostile (F-P01).
const LONGEST: usize = 64;

/// Plain decimal notation only: an optional minus, digits, an optional fraction. No exponent, no `NaN`, no blanks.
/// Returns the text without trailing zeros of the fraction.
pub(crate) fn plain_decimal<'t>(unit: &'static str, text: &'t str) -> Result<&'t str, ParseUnitError> {
    let wrong = |why| Err(ParseUnitError::new(unit, text, why));
    if text.is_empty() {
        return wrong("it is empty");
    }
    if text.len() > LONGEST {
        return wrong("it is longer than 64 characters");
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return wrong("a plain decimal number like 123.45 is needed");
    }
    if digits.contains('.') {
        return Ok(text.trim_end_matches('0').trim_end_matches('.'));
    }
    Ok(text)
}

/// Reads a decimal; `why` is said when it has too many digits.
pub(crate) fn read<const SCALE: i32>(
    unit: &'static str,
    why: &'static str,
    text: &str,
) -> Result<ConstScaleFpdec<i128, SCALE>, ParseUnitError> {
    plain_decimal(unit, text)?.parse().map_err(|_| ParseUnitError::new(unit, text, why))
}

/// Rounds an integer to a multiple of `step` (`step` > 0), in the named direction.
pub(crate) fn multiple(value: i128, step: i128, rounding: Rounding) -> Result<i128, OutOfRange> {
    if step <= 0 {
        return Err(OutOfRange);
    }
    let floor = value.div_euclid(step);
    let rest = value.rem_euclid(step);
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Up => rest > 0,
        Rounding::Nearest => rest >= step - rest,
    };
    let count = if up { floor.checked_add(1).ok_or(OutOfRange)? } else { floor };
    count.checked_mul(step).ok_or(OutOfRange)
}

/// Declares one decimal unit: a sealed fixed-point number with text form, serde as a string, order and checked sums.
macro_rules! decimal_unit {
    ($(#[$doc:meta])* $name:ident, scale $scale:literal, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub(super) primitive_fixed_point_decimal::ConstScaleFpdec<i128, $scale>);

        impl $name {
            /// Digits after the decimal point that are kept exactly.
            pub const SCALE: u32 = $scale;

            /// Nothing of this unit.
            pub(super) const NOTHING: Self = Self::of(0);

            pub(super) const fn of(mantissa: i128) -> Self {
                Self(primitive_fixed_point_decimal::ConstScaleFpdec::from_mantissa(mantissa))
            }

            /// The exact value in units of 10^-SCALE: for hashing, indexes and tests, never for arithmetic elsewhere.
            #[must_use]
            pub const fn mantissa(self) -> i128 {
                self.0.mantissa()
            }

            pub(super) fn sum(self, other: Self) -> Result<Self, $crate::units::OutOfRange> {
                self.0.checked_add(other.0).map(Self).ok_or($crate::units::OutOfRange)
            }

            pub(super) fn difference(self, other: Self) -> Result<Self, $crate::units::OutOfRange> {
                self.0.checked_sub(other.0).map(Self).ok_or($crate::units::OutOfRange)
            }

            pub(super) fn read(text: &str) -> Result<Self, $crate::units::ParseUnitError> {
                let why = concat!("it needs more than ", stringify!($scale), " decimals or is too large");
                $crate::units::decimal::read($word, why, text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        $crate::units::decimal::written_as_text! { $name }
    };
}
pub(crate) use decimal_unit;

/// A unit is written as text, and read from text only: a number that came as binary floating point is refused.
macro_rules! written_as_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str($crate::units::decimal::FromText(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use written_as_text;

/// Reads any `FromStr` value from a string: a number that came as binary floating point is refused.
pub(crate) struct FromText<T>(pub std::marker::PhantomData<T>);

impl<T> serde::de::Visitor<'_> for FromText<T>
where
    T: std::str::FromStr,
    T::Err: fmt::Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number as text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multiple_goes_the_way_its_rounding_is_called() {
        let cases = [
            (17, 5, Rounding::Down, 15),
            (17, 5, Rounding::Up, 20),
            (17, 5, Rounding::Nearest, 15),
            (18, 5, Rounding::Nearest, 20),
            (15, 5, Rounding::Up, 15),
            (-17, 5, Rounding::Down, -20),
            (-17, 5, Rounding::Up, -15),
        ];
        for (value, step, rounding, expected) in cases {
            assert_eq!(multiple(value, step, rounding), Ok(expected), "{value} {step} {rounding:?}");
        }
        assert_eq!(multiple(1, 0, Rounding::Down), Err(OutOfRange));
        assert_eq!(multiple(i128::MAX, 2, Rounding::Up), Err(OutOfRange));
    }

    #[test]
    fn only_plain_decimal_notation_is_read() {
        for bad in ["", "NaN", "1e5", "+1", ".5", "1.", " 1", "1,000", "0x10", "--1", "∞", "1_000"] {
            assert!(plain_decimal("price", bad).is_err(), "{bad:?} was read");
        }
        assert_eq!(plain_decimal("price", "1.500"), Ok("1.5"));
        assert_eq!(plain_decimal("price", "100"), Ok("100"));
        assert_eq!(plain_decimal("price", "2.000000000000000000"), Ok("2"));
        assert!(plain_decimal("price", &"9".repeat(65)).is_err());
    }
}
