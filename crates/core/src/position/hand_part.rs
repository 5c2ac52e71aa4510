//! A part that is closed by hand, among tranches: how much of each goes, so that the sum is never more than was asked.
//!
//! Each gives its own share first. What a tranche cannot give, because its order or what it would leave is below the
//! venue's minimum, is taken from others that can, oldest first. What nobody can give stays open.

use backstop_model::{OutOfRange, Quantity, Ratio, Rounding, TrancheId};

/// What a tranche can give.
#[derive(Clone, Copy)]
pub(super) struct Giver {
    /// Which.
    pub(super) id: TrancheId,
    /// What is open of it and not being closed already.
    pub(super) left: Quantity,
    /// The smallest order that closes something of it, and the smallest rest that has exits of its own.
    pub(super) smallest: Quantity,
}

/// What is asked for, and what of it goes.
pub(super) struct HandPart {
    /// What there is to take it from.
    pub(super) left: Quantity,
    /// The share of that, on step.
    pub(super) asked: Quantity,
    /// How much each gives, as many as there are givers; never more than `asked` together.
    pub(super) given: Vec<Quantity>,
}

impl HandPart {
    /// Shares out what is asked for.
    ///
    /// # Errors
    /// [`OutOfRange`] when a sum does not fit.
    pub(super) fn of(givers: &[Giver], share: Ratio, step: Quantity) -> Result<Self, OutOfRange> {
        let left = givers.iter().try_fold(Quantity::ZERO, |sum, giver| sum.plus(giver.left))?;
        if share >= Ratio::ONE {
            return Ok(Self { left, asked: left, given: givers.iter().map(|giver| giver.left).collect() });
        }
        let asked = left.share(share, Rounding::Down)?.floor_to_step(step)?;
        let own = |giver: &Giver| giver.most(giver.left.share(share, Rounding::Down)?, step);
        let mut given = givers.iter().map(own).collect::<Result<Vec<_>, OutOfRange>>()?;
        let mut missing = given.iter().try_fold(asked, |missing, one| missing.minus(*one))?;
        for (giver, one) in givers.iter().zip(&mut given) {
            let more = giver.most(one.plus(missing)?, step)?.saturating_minus(*one);
            missing = missing.minus(more)?;
            *one = one.plus(more)?;
        }
        Ok(Self { left, asked, given })
    }

    /// What goes in all.
    ///
    /// # Errors
    /// [`OutOfRange`] when a sum does not fit.
    pub(super) fn sum(&self) -> Result<Quantity, OutOfRange> {
        self.given.iter().try_fold(Quantity::ZERO, |sum, one| sum.plus(*one))
    }
}

impl Giver {
    /// The most it can give that is no more than `wanted`: all of it, or an order on step that leaves enough.
    fn most(&self, wanted: Quantity, step: Quantity) -> Result<Quantity, OutOfRange> {
        if wanted >= self.left {
            return Ok(self.left);
        }
        let part = wanted.min(self.left.saturating_minus(self.smallest)).floor_to_step(step)?;
        Ok(if part >= self.smallest { part } else { Quantity::ZERO })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use proptest::prelude::*;

    fn q(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    fn giver(left: Quantity, smallest: Quantity) -> Giver {
        Giver { id: TrancheId::FIRST, left, smallest }
    }

    #[test]
    fn what_one_cannot_give_is_taken_from_others_and_never_more_than_was_asked() {
        let cases: [(&[&str], &str, &[&str]); 13] = [
            (&["0.1", "0.1"], "40", &["0.04", "0.04"]),
            (&["0.1", "0.101"], "50", &["0.05", "0.05"]),
            // The second cannot be split.
            (&["0.1", "0.03"], "50", &["0.065", "0"]),
            (&["0.03", "0.1"], "50", &["0", "0.065"]),
            // The first goes whole for both.
            (&["0.035", "0.03"], "60", &["0.035", "0"]),
            // The first would be left with too little for what the second cannot give.
            (&["0.06", "0.03"], "60", &["0.04", "0"]),
            (&["0.03", "0.03", "0.03"], "50", &["0.03", "0", "0"]),
            (&["0.03", "0.03"], "40", &["0", "0"]),
            (&["0.05"], "70", &["0.03"]),
            (&["0.03"], "70", &["0"]),
            // What is too little for any order goes whole or not at all.
            (&["0.01", "0.1"], "50", &["0", "0.055"]),
            (&["0.01", "0.03"], "50", &["0.01", "0"]),
            (&["0.05", "0.03"], "100", &["0.05", "0.03"]),
        ];
        for (lefts, percent, expected) in cases {
            let givers: Vec<_> = lefts.iter().map(|left| giver(q(left), q("0.02"))).collect();
            let part = HandPart::of(&givers, Ratio::percent(percent).unwrap(), q("0.001")).unwrap();
            assert_eq!(part.given, expected.iter().map(|text| q(text)).collect::<Vec<_>>(), "{percent}% of {lefts:?}");
        }
    }

    proptest! {
        #[test]
        fn a_part_by_hand_never_closes_more_than_was_asked(
            lefts in prop::collection::vec((1_u32..400, 0_u32..60), 1..9),
            percent in 1_u32..=100,
            step in prop_oneof![Just("0.001"), Just("0.003"), Just("0.01")],
        ) {
            let thousandths = |count: u32| q(&format!("0.{count:03}"));
            let givers: Vec<_> =
                lefts.iter().map(|(left, smallest)| giver(thousandths(*left), thousandths(*smallest))).collect();
            let share = Ratio::percent(&percent.to_string()).unwrap();
            let part = HandPart::of(&givers, share, q(step)).unwrap();
            prop_assert!(part.sum().unwrap() <= part.asked);
            prop_assert!(part.asked <= part.left.share(share, Rounding::Down).unwrap());
            prop_assert!(percent < 100 || part.asked == part.left);
            for (giver, given) in givers.iter().zip(&part.given) {
                let whole = *given == giver.left;
                let fits = *given >= giver.smallest && giver.left.saturating_minus(*given) >= giver.smallest;
                prop_assert!(given.is_zero() || whole || fits, "{given} of {}", giver.left);
            }
        }
    }
}
