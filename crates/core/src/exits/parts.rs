//! A plan cut into plans of one level each, for entries that open a deal for every level (product.md §2.7): then every
//! level rests at the venue as the limit of its own deal.
//!
//! Earlier levels stay in each part as places that only move the stop, so that the ladder is the same everywhere.

use super::ladder::{Level, LevelState};
use backstop_model::plan::{OnInvalid, Rest, TakeProfit, TakeProfits};
use backstop_model::{ExitPlan, ExitPlanSpec, Quantity, Ratio};
use std::sync::Arc;

/// A part of an entry.
#[derive(Clone, Debug)]
pub struct Part {
    /// How much of it.
    pub quantity: Quantity,
    /// Under which plan.
    pub plan: Arc<ExitPlan>,
    /// The level that closes it, counted from 1, and one more than there are for what is trailed.
    pub level: u8,
}

/// The parts of an entry of `quantity` whose levels are worked out: one for each level that closes something, and one for
/// what is trailed. Their quantities sum to `quantity`. None where there would be one.
#[must_use]
pub fn parts(plan: &ExitPlan, levels: &[Level], quantity: Quantity) -> Option<Vec<Part>> {
    if levels.len() != plan.take_profits.len() {
        // One target stands in for all of them.
        return None;
    }
    let mut left = quantity;
    let mut parts = Vec::new();
    for level in levels.iter().filter(|level| level.state == LevelState::Open && !level.planned.is_zero()) {
        let planned = level.planned.min(left);
        left = left.saturating_minus(planned);
        parts.push(Part::of(plan, level.number, planned)?);
    }
    match (left.is_zero(), plan.trails()) {
        (true, _) => {}
        (false, true) => parts.push(Part::of(plan, level_of_rest(plan)?, left)?),
        // The last level closes whatever is left.
        (false, false) => {
            let last = parts.last_mut()?;
            last.quantity = last.quantity.plus(left).ok()?;
        }
    }
    (parts.len() > 1).then_some(parts)
}

impl Part {
    fn of(plan: &ExitPlan, level: u8, quantity: Quantity) -> Option<Self> {
        Some(Self { quantity, plan: Arc::new(plan_of_part(plan, level)?), level })
    }
}

/// What is trailed, as a level: the one after the last.
fn level_of_rest(plan: &ExitPlan) -> Option<u8> {
    u8::try_from(plan.take_profits.len() + 1).ok()
}

/// The plan of the part for one level, counted from 1; one more than there are is for what is trailed. None where the plan
/// has no such part.
#[must_use]
pub fn plan_of_part(plan: &ExitPlan, level: u8) -> Option<ExitPlan> {
    let closes = |level: usize| plan.take_profits.get(level.checked_sub(1)?).map(|level| level.close);
    match closes(usize::from(level)) {
        Some(close) => (close > Ratio::ZERO).then(|| of_level(plan, usize::from(level)))?,
        None => (plan.trails() && level_of_rest(plan) == Some(level)).then(|| of_rest(plan))?,
    }
}

/// What closes the part for one level of a plan, in words.
#[must_use]
pub fn level_in_words(plan: &ExitPlan, level: u8) -> String {
    if usize::from(level) > plan.take_profits.len() { "the trail".to_owned() } else { format!("TP{level}") }
}

/// The plan whose only closing level is this one, counted from 1.
fn of_level(plan: &ExitPlan, number: usize) -> Option<ExitPlan> {
    let own = |(index, level): (usize, &TakeProfit)| {
        let close = if index + 1 == number { Ratio::ONE } else { Ratio::ZERO };
        TakeProfit { close, ..*level }
    };
    let levels = plan.take_profits.iter().take(number).enumerate().map(own).collect();
    cut(plan, levels, Rest::Close)
}

/// The plan that only trails.
fn of_rest(plan: &ExitPlan) -> Option<ExitPlan> {
    let moves = |level: &TakeProfit| TakeProfit { close: Ratio::ZERO, ..*level };
    cut(plan, plan.take_profits.iter().map(moves).collect(), Rest::Trail)
}

fn cut(plan: &ExitPlan, levels: Vec<TakeProfit>, rest: Rest) -> Option<ExitPlan> {
    let (take_profits, _) = TakeProfits::new(levels, rest == Rest::Trail, OnInvalid::Refuse, None).ok()?;
    let spec = ExitPlanSpec { take_profits, rest, single_take_profit: None, ..plan.clone().into() };
    ExitPlan::try_from(spec).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::super::ladder::Instant;
    use super::*;
    use backstop_model::plan::{StopLoss, TrailDistance, TrailedBy, TrailingStop};
    use backstop_model::{Distance, Name, TriggerSource};

    fn percent(text: &str) -> Ratio {
        Ratio::percent(text).unwrap()
    }

    fn plan(shares: &[&str], rest: Rest) -> ExitPlan {
        let level = |(number, share): (usize, &&str)| {
            TakeProfit::new(Distance::Percent(percent(&(number + 1).to_string())), percent(share))
        };
        let levels = shares.iter().enumerate().map(level).collect();
        let trailing = TrailingStop {
            activation: Some(Distance::Percent(percent("3"))),
            distance: TrailDistance::Percent(percent("1")),
            by: TrailedBy::Amend,
            trigger: TriggerSource::Last,
            trigger_is_usual: false,
            follow: false,
        };
        let stop = StopLoss::new(Distance::Percent(percent("2")), TriggerSource::BidAsk);
        let spec = ExitPlanSpec {
            take_profits: TakeProfits::new(levels, rest == Rest::Trail, OnInvalid::Refuse, None).unwrap().0,
            rest,
            trailing: (rest == Rest::Trail).then_some(trailing),
            ..ExitPlanSpec::new(Name::new("p").unwrap(), stop)
        };
        ExitPlan::try_from(spec).unwrap()
    }

    fn levels(planned: &[&str]) -> Vec<Level> {
        let level = |(number, planned): (u8, &&str)| {
            let planned: Quantity = planned.parse().unwrap();
            let state = if planned.is_zero() { LevelState::OnlyMoves } else { LevelState::Open };
            let price = "100".parse().unwrap();
            Level { number, price, planned, filled: Quantity::ZERO, state, instant: Instant::No, refusals: 0 }
        };
        (1..).zip(planned).map(level).collect()
    }

    fn shown(parts: &[Part]) -> Vec<String> {
        let shares = |plan: &ExitPlan| {
            plan.take_profits.iter().map(|level| level.close.in_percent().to_string()).collect::<Vec<_>>().join("/")
        };
        let shown = |part: &Part| {
            let Part { quantity, plan, level } = part;
            format!("{level}: {quantity}: {} {}", shares(plan), plan.trails())
        };
        parts.iter().map(shown).collect()
    }

    #[test]
    fn each_level_that_closes_something_is_a_part_and_earlier_ones_only_move_its_stop() {
        let made = parts(&plan(&["40", "35", "25"], Rest::Close), &levels(&["0.4", "0", "0.5"]), "1".parse().unwrap());
        assert_eq!(
            shown(&made.unwrap()),
            ["1: 0.4: 100 false", "3: 0.6: 0/0/100 false"],
            "the last one closes what is left"
        );
        let made = parts(&plan(&["40", "35"], Rest::Trail), &levels(&["0.4", "0.35"]), "1".parse().unwrap());
        assert_eq!(shown(&made.unwrap()), ["1: 0.4: 100 false", "2: 0.35: 0/100 false", "3: 0.25: 0/0 true"]);
    }

    #[test]
    fn a_level_alone_says_which_plan_its_part_has() {
        let plan = plan(&["40", "35"], Rest::Trail);
        let made = parts(&plan, &levels(&["0.4", "0.35"]), "1".parse().unwrap()).unwrap();
        for part in made {
            assert_eq!(plan_of_part(&plan, part.level).as_ref(), Some(&*part.plan));
        }
        assert_eq!((plan_of_part(&plan, 0), plan_of_part(&plan, 4)), (None, None));
        assert_eq!([2, 3].map(|level| level_in_words(&plan, level)), ["TP2", "the trail"]);
    }

    #[test]
    fn one_part_is_none_and_a_single_target_in_place_of_all_is_not_cut() {
        let whole: Quantity = "1".parse().unwrap();
        assert!(parts(&plan(&["100"], Rest::Close), &levels(&["1"]), whole).is_none());
        assert!(parts(&plan(&["40", "60"], Rest::Close), &levels(&["0", "1"]), whole).is_none());
        assert!(parts(&plan(&["40", "60"], Rest::Close), &levels(&["1"]), whole).is_none());
    }
}
