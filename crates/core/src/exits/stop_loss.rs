//! The stop of a tranche: where it is wanted, and why it is there. It only ever tightens (I3).

use backstop_model::{ExitReason, PositionSide, Price};
use serde::{Deserialize, Serialize};

/// What brought the stop to where it is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Basis {
    /// The plan's own distance.
    Initial,
    /// Break-even after a level.
    BreakEven,
    /// Break-even that waits until the price is beyond it, wherever the price has been before: wanted by hand, or because
    /// the position or its fees have grown. Nobody has asked to be closed for it.
    BreakEvenAwaited,
    /// Further up the ladder.
    Ladder,
    /// The trail.
    Trail,
}

impl Basis {
    /// What a stop-out there is booked as.
    #[must_use]
    pub const fn reason(self) -> ExitReason {
        match self {
            Self::Initial => ExitReason::StopLoss,
            Self::BreakEven | Self::BreakEvenAwaited => ExitReason::BreakevenStop,
            Self::Ladder => ExitReason::LadderStop,
            Self::Trail => ExitReason::TrailingStop,
        }
    }
}

impl StopLevel {
    /// A place that has been waited for is one like any other once the stop is there.
    #[must_use]
    pub const fn taken(self) -> Self {
        match self.basis {
            Basis::BreakEvenAwaited => Self { basis: Basis::BreakEven, ..self },
            Basis::Initial | Basis::BreakEven | Basis::Ladder | Basis::Trail => self,
        }
    }

    /// How far the price has been, as far as that makes a stop hit of it.
    #[must_use]
    pub const fn hit_since(self, best: Option<Price>) -> Option<Price> {
        match self.basis {
            Basis::BreakEvenAwaited => None,
            Basis::Initial | Basis::BreakEven | Basis::Ladder | Basis::Trail => best,
        }
    }
}

/// A place for the stop.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StopLevel {
    /// The trigger price, on tick.
    pub price: Price,
    /// What brought it there.
    pub basis: Basis,
}

/// What may be done with a place that the ladder asks for (product.md §2.2, ladder races).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The stop can go there.
    Take,
    /// The stop's own price has been beyond it and has come back through it: that is a stop hit.
    Hit,
    /// The stop's own price has never been beyond it: keep the old stop and look again.
    NotYet,
    /// It is no tighter than what stands.
    Useless,
}

/// Judges a proposed place against the stop that stands and the stop's own price: its newest value and its best since
/// the entry. Without any price the venue is the judge.
#[must_use]
pub fn judge(side: PositionSide, standing: Price, proposed: Price, now: Option<Price>, best: Option<Price>) -> Verdict {
    if !side.is_better(proposed, standing) {
        return Verdict::Useless;
    }
    match now {
        Some(now) if !side.is_better(now, proposed) => {
            if best.is_some_and(|best| side.is_better(best, proposed)) {
                Verdict::Hit
            } else {
                Verdict::NotYet
            }
        }
        _ => Verdict::Take,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn a_proposed_stop_is_judged_on_its_own_price() {
        use PositionSide::{Long, Short};
        let p = |text: &str| text.parse::<Price>().unwrap();
        let cases = [
            (Long, "98", "100", Some("101"), Some("103"), Verdict::Take),
            (Long, "98", "100", Some("99.5"), Some("103"), Verdict::Hit),
            (Long, "98", "100", Some("99.5"), Some("99.9"), Verdict::NotYet),
            (Long, "98", "100", Some("100"), Some("100"), Verdict::NotYet),
            (Long, "98", "97", Some("101"), Some("103"), Verdict::Useless),
            (Long, "98", "98", Some("101"), Some("103"), Verdict::Useless),
            (Short, "102", "100", Some("99"), Some("97"), Verdict::Take),
            (Short, "102", "100", Some("100.5"), Some("97"), Verdict::Hit),
            (Short, "102", "100", Some("100.5"), Some("100.1"), Verdict::NotYet),
            (Short, "102", "103", Some("99"), Some("97"), Verdict::Useless),
            (Long, "98", "100", None, None, Verdict::Take),
        ];
        for (side, standing, proposed, now, best, verdict) in cases {
            let judged = judge(side, p(standing), p(proposed), now.map(p), best.map(p));
            assert_eq!(judged, verdict, "{side} {standing} {proposed} {now:?} {best:?}");
        }
    }
}
