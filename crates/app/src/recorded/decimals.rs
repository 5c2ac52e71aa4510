//! How finely prices and quantities of a recording are given: the grid of an instrument nobody described.

use backstop_model::{Price, Quantity};

/// The largest numbers of decimals seen, zeros at the end not counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Decimals {
    /// Of prices.
    pub price: u8,
    /// Of quantities; none when no quantity was seen.
    pub quantity: Option<u8>,
}

impl Decimals {
    /// The most that a price or quantity can have.
    pub const MOST: u8 = 12;
    /// Quantities of an instrument whose quantities were never seen are multiples of 0.001.
    const USUAL_QUANTITY: u8 = 3;

    /// How many decimals a plain number has, zeros at the end not counted; none when it is no plain number.
    pub(super) fn of(text: &str) -> Option<u8> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let plain = !whole.is_empty() && digits(whole) && digits(fraction);
        u8::try_from(fraction.trim_end_matches('0').len()).ok().filter(|_| plain)
    }

    /// The finer of both.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        Self { price: self.price.max(other.price), quantity: self.quantity.max(other.quantity) }
    }

    /// The smallest price increment these decimals allow.
    #[must_use]
    pub fn tick(self) -> Price {
        unit(self.price).parse().expect("a power of ten down to 1e-12 is a price")
    }

    /// The smallest quantity increment these decimals allow.
    #[must_use]
    pub fn step(self) -> Quantity {
        unit(self.quantity.unwrap_or(Self::USUAL_QUANTITY)).parse().expect("a power of ten down to 1e-12 is a quantity")
    }
}

/// `1`, `0.1`, `0.01` …
fn unit(decimals: u8) -> String {
    match usize::from(decimals.min(Decimals::MOST)) {
        0 => "1".to_owned(),
        decimals => format!("0.{:0>decimals$}", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_a_grid() {
        let seen = Decimals { price: 1, quantity: Some(3) };
        assert_eq!((seen.tick().to_string(), seen.step().to_string()), ("0.1".to_owned(), "0.001".to_owned()));
        let whole = Decimals { price: 0, quantity: Some(0) };
        assert_eq!((whole.tick().to_string(), whole.step().to_string()), ("1".to_owned(), "1".to_owned()));
        let finest = Decimals { price: 40, quantity: Some(12) };
        assert_eq!((finest.tick().mantissa(), finest.step().mantissa()), (1, 1));
    }

    #[test]
    fn zeros_at_the_end_say_nothing() {
        for (text, count) in
            [("61800.20", Some(1)), ("216241.0", Some(0)), ("7", Some(0)), ("x", None), ("-1", None), ("", None)]
        {
            assert_eq!(Decimals::of(text), count, "{text}");
        }
    }

    #[test]
    fn the_finer_of_two_wins() {
        let joined = Decimals { price: 1, quantity: None }.joined(Decimals { price: 0, quantity: Some(2) });
        assert_eq!(joined, Decimals { price: 1, quantity: Some(2) });
    }
}
