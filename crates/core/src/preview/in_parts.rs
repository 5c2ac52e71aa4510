//! The parts of an entry that is made in one deal for each level (product.md §2.7): what each closes, and where its stop is.

use super::{Case, preview};
use crate::entries::MOST;
use crate::exits::arm::arm;
use crate::exits::{NotArmable, ladder, parts};
use backstop_model::{Price, Quantity, RestingTargets};
use serde::Serialize;

/// One part of an entry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PartPreview {
    /// Which, counted from 1.
    pub part: u8,
    /// How much of the entry; all parts sum to it.
    pub quantity: Quantity,
    /// What closes it: `TP2`, or `the trail`.
    pub closes: String,
    /// Where that level is; none for what is trailed.
    pub target: Option<Price>,
    /// The stop of its deal.
    pub stop: Price,
    /// What rests at the venue, in words.
    pub rests_at_venue: Vec<String>,
    /// What Backstop does itself, in words.
    pub done_by_backstop: Vec<String>,
}

/// The parts of an entry, where it is made in more than one.
///
/// # Errors
/// [`NotArmable`] when the plan does not fit this entry or instrument.
pub fn in_parts(case: &Case) -> Result<Vec<PartPreview>, NotArmable> {
    if case.capability.resting_targets != RestingTargets::Last {
        return Ok(Vec::new());
    }
    let armed = arm(case.plan, case.instrument, case.volatility, case.side, case.entry)?;
    let (levels, _) = ladder::levels(case.plan, &armed, case.instrument, case.capability, case.quantity)?;
    let made = parts::parts(case.plan, &levels, case.quantity).filter(|parts| parts.len() <= MOST);
    let shown = |(number, made): (u8, parts::Part)| {
        let own = preview(&Case { plan: &made.plan, quantity: made.quantity, ..*case })?;
        let level = levels.iter().find(|level| level.number == made.level);
        Ok(PartPreview {
            part: number,
            quantity: made.quantity,
            closes: parts::level_in_words(case.plan, made.level),
            target: level.map(|level| level.price),
            stop: own.stop,
            rests_at_venue: own.rests_at_venue,
            done_by_backstop: own.done_by_backstop,
        })
    };
    (1..).zip(made.unwrap_or_default()).map(shown).collect()
}
