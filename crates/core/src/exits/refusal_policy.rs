//! What is done when a venue refuses a stop: one table, class of refusal × how often in a row (product.md §8), and what the
//! owner of the account has chosen instead.
//!
//! Whatever stands here, Backstop itself watches the price as long as no stop works at the venue, and closes when the
//! price goes through it.

use backstop_model::{RefusalReason, RefusalStep, Refusals};

/// What is usually done about the first, second and third refusal in a row; the last one stays.
#[must_use]
pub const fn usual(reason: RefusalReason) -> [RefusalStep; 3] {
    use RefusalStep::{Again, Close, Farther, MakeRoom, Nearer, OtherTrigger, Reprice};
    match reason {
        RefusalReason::BelowMinimum => [Again, Again, Again],
        RefusalReason::DuplicateId => [Again, Again, Again],
        // The grid may have become another one: the rules are asked for again first (F-G02).
        RefusalReason::Filter => [Again, Reprice, OtherTrigger],
        RefusalReason::LockedOut => [Again, Again, Again],
        RefusalReason::Maintenance => [Again, Again, Again],
        RefusalReason::Margin => [MakeRoom, Again, Again],
        RefusalReason::NotFound => [Again, Again, Again],
        RefusalReason::NotSent => [Again, Again, Again],
        RefusalReason::Other => [Again, OtherTrigger, Again],
        RefusalReason::ReduceOnly => [Again, MakeRoom, Again],
        RefusalReason::Throttled => [Again, Again, Again],
        RefusalReason::TooFar => [Nearer, Nearer, Nearer],
        RefusalReason::TooManyOrders => [MakeRoom, MakeRoom, Again],
        RefusalReason::TooNear => [Farther, Farther, Farther],
        RefusalReason::Unsupported => [OtherTrigger, Again, Again],
        RefusalReason::WouldTrigger => [Close, Close, Close],
        // The venue is asked how it keeps positions, and what was refused is tried again at once in those words (F-D07).
        RefusalReason::WrongMode => [Again, Again, Again],
    }
}

/// What is done about the n-th refusal in a row, counted from 1: as the owner of the account has chosen, else the usual.
#[must_use]
pub fn step(chosen: &Refusals, reason: RefusalReason, refusals: u16) -> RefusalStep {
    let [first, second, further] = chosen.chosen(reason).unwrap_or_else(|| usual(reason));
    match refusals {
        0 | 1 => first,
        2 => second,
        _ => further,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests may panic, and read the guide")]
    use super::*;

    const ALL: [RefusalReason; 17] = [
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
        RefusalReason::TooFar,
        RefusalReason::TooManyOrders,
        RefusalReason::TooNear,
        RefusalReason::Unsupported,
        RefusalReason::WouldTrigger,
        RefusalReason::WrongMode,
    ];

    #[test]
    fn the_guide_has_this_very_table_and_these_very_choices() {
        let guide = include_str!("../../../../docs/guide/refusals.md");
        for reason in ALL {
            let name = serde_json::to_string(&reason).unwrap().replace('"', "");
            let [first, second, third] = usual(reason).map(RefusalStep::word);
            let words: Vec<&str> = RefusalStep::choices(reason).iter().map(|step| step.word()).collect();
            let choices = if words.is_empty() { "–".to_owned() } else { format!("`{}`", words.join("` `")) };
            let row = format!("| `{name}` | {first} | {second} | {third} | {choices} |");
            assert!(guide.contains(&row), "docs/guide/refusals.md lacks the row\n{row}");
        }
    }

    #[test]
    fn what_is_usual_could_be_chosen_wherever_there_is_a_choice() {
        for reason in ALL.into_iter().filter(|reason| !RefusalStep::choices(*reason).is_empty()) {
            let mut refusals = Refusals::default();
            refusals.choose(reason, &usual(reason)).unwrap();
            assert_eq!(refusals.chosen(reason), Some(usual(reason)), "{reason:?}");
        }
    }

    #[test]
    fn the_last_step_stays_and_a_choice_takes_the_place_of_the_usual_in_each_cell() {
        let made = |refusals: &Refusals, reason| [1, 2, 3, 4, 99].map(|count| step(refusals, reason, count));
        for reason in ALL {
            let [first, second, third] = usual(reason);
            assert_eq!(made(&Refusals::default(), reason), [first, second, third, third, third], "{reason:?}");
            for choice in RefusalStep::choices(reason) {
                let again = RefusalStep::Again;
                let cells = [vec![*choice], vec![again, *choice], vec![again, again, *choice]];
                for cell in cells.into_iter().filter(|cell| !cell[0].closes()) {
                    let mut refusals = Refusals::default();
                    refusals.choose(reason, &cell).unwrap();
                    let at = |place: usize| *cell.get(place).unwrap_or(choice);
                    assert_eq!(made(&refusals, reason), [at(0), at(1), at(2), *choice, *choice], "{reason:?} {cell:?}");
                }
            }
        }
    }
}
