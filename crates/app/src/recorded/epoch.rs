//! Times as whole numbers: seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their digits.

use backstop_model::Timestamp;

/// Up to 11 digits are seconds, up to 14 milliseconds, up to 17 microseconds, up to 19 nanoseconds.
pub(super) fn epoch(text: &str) -> Option<Timestamp> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos_each: i64 = match text.len() {
        1..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        18..=19 => 1,
        _ => return None,
    };
    text.parse::<i64>().ok()?.checked_mul(nanos_each).map(Timestamp::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_say_the_unit() {
        let nanos = Some(Timestamp::from_nanos(1_723_161_255_000_000_000));
        for text in ["1723161255", "1723161255000", "1723161255000000", "1723161255000000000"] {
            assert_eq!(epoch(text), nanos, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_of_a_time_is_none() {
        for bad in ["", "-1", "1.5", "17231612550000000000", "9999999999999999999", "99999999999", "x"] {
            assert_eq!(epoch(bad), None, "{bad}");
        }
    }
}
