//! What the owner of an account wants done when its venue takes no stop, where there is a choice (product.md §8.4).

use crate::{Ratio, RefusalReason, Rounding};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is done when no stop can be placed within three seconds because the venue is overloaded (F-A05).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnprotectable {
    /// It is closed at market, wherever the price is.
    Close,
    /// It is closed at market when the price is within this share of the stop, above 0 and below 1; else the stop is tried
    /// again and Backstop watches the price.
    CloseWithin(Ratio),
    /// The stop is tried again and Backstop watches the price, however near the stop is.
    KeepTrying,
}

impl Default for OnUnprotectable {
    /// Within 0.5 % of the stop: as far as a liquid market goes in the seconds that a market order may have to be repeated for.
    fn default() -> Self {
        let share = Ratio::whole(5).over(Ratio::whole(1_000), Rounding::Down);
        Self::CloseWithin(share.expect("half a percent is a ratio"))
    }
}

/// What is done about a refused stop, while no other works.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalStep {
    /// The same again after a pause: 0.2 s, 0.4 s, … up to 3.6 s.
    Again,
    /// Everything is closed at market.
    Close,
    /// Farther from the market, twice as far after every refusal, and never looser than what rests.
    Farther,
    /// The farthest target gives up its place until a stop works.
    MakeRoom,
    /// Nearer to the market, a quarter of the way, after every refusal.
    Nearer,
    /// The stop watches another price: last instead of mark, mark instead of anything else.
    OtherTrigger,
    /// Half of what is open is closed at market; the stop is tried again for the rest.
    Reduce,
    /// A little nearer to the market: one tick or 0.05 %, whichever is more.
    Reprice,
}

impl RefusalStep {
    /// The word of the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Again => "again",
            Self::Close => "close",
            Self::Farther => "farther",
            Self::MakeRoom => "make_room",
            Self::Nearer => "nearer",
            Self::OtherTrigger => "other_trigger",
            Self::Reduce => "reduce",
            Self::Reprice => "reprice",
        }
    }

    /// What may be chosen against a class of refusals; nothing where there is no choice: what is through the stop is closed,
    /// what is too near goes farther out and what is too far comes nearer, what may exist is asked for, what is in the words of
    /// another position mode gets those of the right one, and what the venue takes nothing of is tried again.
    #[must_use]
    pub const fn choices(reason: RefusalReason) -> &'static [Self] {
        use RefusalStep::{Again, Close, MakeRoom, OtherTrigger, Reduce, Reprice};
        match reason {
            RefusalReason::BelowMinimum => &[Again, Close],
            RefusalReason::Filter => &[Again, Reprice, OtherTrigger, Reduce, Close],
            RefusalReason::Margin => &[Again, MakeRoom, Reduce, Close],
            RefusalReason::Other => &[Again, Reprice, OtherTrigger, MakeRoom, Reduce, Close],
            RefusalReason::ReduceOnly => &[Again, MakeRoom],
            RefusalReason::Throttled => &[Again, Reduce, Close],
            RefusalReason::TooManyOrders => &[Again, MakeRoom, Close],
            RefusalReason::Unsupported => &[Again, OtherTrigger, Reduce, Close],
            RefusalReason::DuplicateId
            | RefusalReason::LockedOut
            | RefusalReason::Maintenance
            | RefusalReason::NotFound
            | RefusalReason::NotSent
            | RefusalReason::TooFar
            | RefusalReason::TooNear
            | RefusalReason::WouldTrigger
            | RefusalReason::WrongMode => &[],
        }
    }

    /// It closes something: no answer to a single refusal.
    #[must_use]
    pub const fn closes(self) -> bool {
        matches!(self, Self::Close | Self::Reduce)
    }
}

/// Why a choice of steps is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoChoice {
    /// One to three are needed.
    #[error("one to three steps are needed, for the first, the second and every further refusal in a row")]
    Count,
    /// It is not among [`RefusalStep::choices`].
    #[error("`{}` is no answer to this refusal", .0.word())]
    Helpless(RefusalStep),
    /// The first step closes something.
    #[error("`{}` after a single refusal would close for what is over in a moment", .0.word())]
    TooSoon(RefusalStep),
}

/// The owner's choices about refused stops.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Refusals {
    /// When no stop can be placed in time because the venue is overloaded.
    #[serde(default)]
    pub on_unprotectable: OnUnprotectable,
    /// For the first, the second and every further refusal in a row, where it is not the usual.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    steps: BTreeMap<RefusalReason, [RefusalStep; 3]>,
}

impl Refusals {
    /// Chooses what is done about a class of refusals; the last step stays.
    ///
    /// # Errors
    /// [`NoChoice`] when it is unsafe or does not help.
    pub fn choose(&mut self, reason: RefusalReason, steps: &[RefusalStep]) -> Result<(), NoChoice> {
        let ([first], last) = (steps.first_chunk::<1>().ok_or(NoChoice::Count)?, steps.last().ok_or(NoChoice::Count)?);
        if steps.len() > 3 {
            return Err(NoChoice::Count);
        }
        if let Some(step) = steps.iter().find(|step| !RefusalStep::choices(reason).contains(step)) {
            return Err(NoChoice::Helpless(*step));
        }
        if first.closes() {
            return Err(NoChoice::TooSoon(*first));
        }
        self.steps.insert(reason, [0, 1, 2].map(|place| *steps.get(place).unwrap_or(last)));
        Ok(())
    }

    /// What the owner has chosen; nothing where it is the usual.
    #[must_use]
    pub fn chosen(&self, reason: RefusalReason) -> Option<[RefusalStep; 3]> {
        self.steps.get(&reason).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::RefusalStep::{Again, Close, MakeRoom, Reduce, Reprice};
    use super::*;

    type Made = Result<[RefusalStep; 3], NoChoice>;

    #[test]
    fn a_choice_is_one_to_three_steps_that_help_and_the_first_closes_nothing() {
        let (filter, throttled) = (RefusalReason::Filter, RefusalReason::Throttled);
        let cases: [(RefusalReason, &[RefusalStep], Made); 9] = [
            (filter, &[Again], Ok([Again, Again, Again])),
            (filter, &[Reprice, Close], Ok([Reprice, Close, Close])),
            (throttled, &[Again, Reduce, Close], Ok([Again, Reduce, Close])),
            (filter, &[], Err(NoChoice::Count)),
            (filter, &[Again, Again, Again, Close], Err(NoChoice::Count)),
            (throttled, &[Again, Reprice], Err(NoChoice::Helpless(Reprice))),
            (filter, &[Again, MakeRoom], Err(NoChoice::Helpless(MakeRoom))),
            (filter, &[Close], Err(NoChoice::TooSoon(Close))),
            (RefusalReason::WouldTrigger, &[Again], Err(NoChoice::Helpless(Again))),
        ];
        for (reason, steps, expected) in cases {
            let mut refusals = Refusals::default();
            let made = refusals.choose(reason, steps);
            assert_eq!(made.map(|()| refusals.chosen(reason)), expected.map(Some), "{reason:?} {steps:?}");
        }
    }
}
