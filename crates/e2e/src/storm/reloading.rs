//! The operator edits the configuration and has the running engine read it again (F-M15).
//!
//! What is edited well counts as a whole; what needs a start, or somebody's word, changes nothing. Of two engines each has a file of
//! its own, and goes by it from its start on, whatever the one before it went by. It has dice of its own and is drawn last: all
//! other lives stay what they were. Files that nobody can read are the process tests' (`app`).

use super::draw::{between, one_of};
use super::life::{Act, Edit, Files, Life};
use backstop_model::plan::{Distance, ExitPlan, ExitPlanSpec};
use backstop_model::{Money, Name, Permit, Ratio, Rounding};
use backstop_runtime::Definitions;
use backstop_sim::dice::Dice;
use std::sync::Arc;

/// One life in so many.
const RARE: u32 = 25;
/// Of those with two engines, which are few.
const BESIDE_ANOTHER: u32 = 8;

/// Maybe the configuration is edited, once or a few times.
pub fn draw(seed: u64, life: &mut Life) {
    let dice = &mut Dice::new(seed, 0xF15);
    let two = life.acts.iter().any(|(_, act)| matches!(act, Act::Engines(_)));
    if dice.below(if two { BESIDE_ANOTHER } else { RARE }) > 0 {
        return;
    }
    for _ in 0..=dice.below(3) {
        let edit = one_of(dice, &[Edit::Farther, Edit::Nearer, Edit::Nearer, Edit::Observed, Edit::Elsewhere]);
        let at = between(dice, 0, life.length);
        let act = if two {
            Act::ReloadOf(edit, one_of(dice, &[Files::Acting, Files::Both, Files::Other]))
        } else {
            Act::Reload(edit)
        };
        life.acts.push((at, act));
    }
}

/// Whether what is written counts when it is read again; else it needs a start, or somebody's word.
#[must_use]
pub const fn counts(edit: Edit) -> bool {
    match edit {
        Edit::Farther | Edit::Nearer => true,
        Edit::Elsewhere | Edit::Observed => false,
    }
}

/// The definitions after an edit; none where no plan is to be had.
#[must_use]
pub fn edited(edit: Edit, before: &Definitions) -> Option<Definitions> {
    let mut after = before.clone();
    let account = after.accounts.first_mut()?;
    match edit {
        Edit::Farther | Edit::Nearer => {
            // Two things at once, so that a half shows: where stops go, and how large a position may be.
            let (id, plan) = before.plans.first_key_value()?;
            after.plans.insert(*id, Arc::new(moved(edit, plan)?));
            let largest = account.limits.max_notional.unwrap_or("1000000000".parse().ok()?);
            account.limits.max_notional = Some(largest.plus("1".parse::<Money>().ok()?).ok()?);
        }
        Edit::Observed => account.permit = Permit::Observe,
        Edit::Elsewhere => account.venue = Name::new("elsewhere").ok()?,
    }
    Some(after)
}

/// The plan with its stop half as far, or twice.
fn moved(edit: Edit, plan: &ExitPlan) -> Option<ExitPlan> {
    let mut spec = ExitPlanSpec::from(plan.clone());
    let Distance::Percent(far) = spec.stop_loss.at else { return None };
    let two = Ratio::whole(2);
    let far = if edit == Edit::Nearer { far.over(two, Rounding::Up) } else { far.times(two, Rounding::Up) };
    spec.stop_loss.at = Distance::Percent(far.ok()?);
    ExitPlan::try_from(spec).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::draw::{Choice, draw};

    #[test]
    fn some_lives_in_a_hundred_have_it_and_calm_ones_never() {
        let edits = |life: &Life| life.acts.iter().filter(|(_, act)| matches!(act, Act::Reload(_))).count();
        let lives = (1..=2_000).map(|seed| draw(seed, Choice::default()));
        let edited = lives.filter(|life| edits(life) > 0).count();
        assert!((30..=110).contains(&edited), "{edited}");
        let beside = |life: &Life| life.acts.iter().any(|(_, act)| matches!(act, Act::ReloadOf(..)));
        assert!((1..=2_000).filter(|seed| beside(&draw(*seed, Choice::default()))).count() > 10);
        let calm = Choice { calm: true, ..Choice::default() };
        assert!((1..=500).all(|seed| edits(&draw(seed, calm)) == 0));
    }
}
