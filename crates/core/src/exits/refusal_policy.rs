//! What is done when a venue refuses a stop: one table, class of refusal × how often in a row (product.md §8).
//!
//! Whatever stands here, Backstop itself watches the price as long as no stop works at the venue, and closes when the
//! price goes through it.

use backstop_model::RefusalReason;

/// What is done about a refused stop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Policy {
    /// The same again after a pause: 0.2 s, 0.4 s, … up to 5 s.
    Again,
    /// Everything is closed at market: the price is through the stop, or nothing can protect it.
    Close,
    /// Farther from the market, twice as far after every refusal, and never looser than what rests.
    Farther,
    /// The farthest target gives up its place until a stop works.
    MakeRoom,
    /// The stop watches another price: last instead of mark, mark instead of anything else.
    OtherTrigger,
    /// A little nearer to the market: one tick or 0.05 %, whichever is more.
    Reprice,
}

/// The policies for the first, second and third refusal in a row; the last one stays.
#[must_use]
pub const fn policies(reason: RefusalReason) -> [Policy; 3] {
    use Policy::{Again, Close, Farther, MakeRoom, OtherTrigger, Reprice};
    match reason {
        RefusalReason::BelowMinimum => [Again, Again, Again],
        RefusalReason::DuplicateId => [Again, Again, Again],
        RefusalReason::Filter => [Reprice, Reprice, OtherTrigger],
        RefusalReason::LockedOut => [Again, Again, Again],
        RefusalReason::Maintenance => [Again, Again, Again],
        RefusalReason::Margin => [MakeRoom, Again, Again],
        RefusalReason::NotFound => [Again, Again, Again],
        RefusalReason::NotSent => [Again, Again, Again],
        RefusalReason::Other => [Again, OtherTrigger, Again],
        RefusalReason::ReduceOnly => [Again, MakeRoom, Again],
        RefusalReason::Throttled => [Again, Again, Again],
        RefusalReason::TooManyOrders => [MakeRoom, MakeRoom, Again],
        RefusalReason::TooNear => [Farther, Farther, Farther],
        RefusalReason::Unsupported => [OtherTrigger, Again, Again],
        RefusalReason::WouldTrigger => [Close, Close, Close],
    }
}

/// What is done about the n-th refusal in a row, counted from 1.
#[must_use]
pub const fn policy(reason: RefusalReason, refusals: u16) -> Policy {
    let policies = policies(reason);
    match refusals {
        0 | 1 => policies[0],
        2 => policies[1],
        _ => policies[2],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests may panic, and read the guide")]
    use super::*;

    const ALL: [RefusalReason; 15] = [
        RefusalReason::BelowMinimum,
        RefusalReason::DuplicateId,
        RefusalReason::Filter,
        RefusalReason::LockedOut,
        RefusalReason::Maintenance,
        RefusalReason::Margin,
        RefusalReason::NotFound,
        RefusalReason::NotSent,
        RefusalReason::Other,
        RefusalReason::ReduceOnly,
        RefusalReason::Throttled,
        RefusalReason::TooManyOrders,
        RefusalReason::TooNear,
        RefusalReason::Unsupported,
        RefusalReason::WouldTrigger,
    ];

    const fn word(policy: Policy) -> &'static str {
        match policy {
            Policy::Again => "again",
            Policy::Close => "close",
            Policy::Farther => "farther",
            Policy::MakeRoom => "make room",
            Policy::OtherTrigger => "other trigger",
            Policy::Reprice => "re-price",
        }
    }

    #[test]
    fn the_guide_has_this_very_table() {
        let guide = include_str!("../../../../docs/guide/refusals.md");
        for reason in ALL {
            let name = serde_json::to_string(&reason).unwrap().replace('"', "");
            let [first, second, third] = policies(reason).map(word);
            let row = format!("| `{name}` | {first} | {second} | {third} |");
            assert!(guide.contains(&row), "docs/guide/refusals.md lacks the row\n{row}");
        }
    }

    #[test]
    fn the_last_policy_stays() {
        for reason in ALL {
            let [first, second, third] = policies(reason);
            let made: Vec<Policy> = [1, 2, 3, 4, 99].map(|refusals| policy(reason, refusals)).to_vec();
            assert_eq!(made, [first, second, third, third, third], "{reason:?}");
        }
    }
}
