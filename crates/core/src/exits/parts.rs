//! A plan cut into plans of one level each, for entries that open a deal for every level (product.md §2.7): then every
//! level rests at the venue as the limit of its own deal.
//!
//! Earlier levels stay in each part as places that only move the stop, so that the ladder is the same everywhere.

use super::ladder::{Level, LevelState};
use backstop_model::plan::{OnInvalid, Rest, TakeProfit, TakeProfits};
use backstop_model::{ExitPlan, ExitPlanSpec, Quantity, Ratio};
use std::sync::Arc;

/// A part: how much of the entry, under which plan.
pub type Part = (Quantity, Arc<ExitPlan>);

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
        parts.push((planned, Arc::new(of_level(plan, usize::from(level.number))?)));
    }
    match (left.is_zero(), plan.trails()) {
        (true, _) => {}
        (false, true) => parts.push((left, Arc::new(of_rest(plan)?))),
        // The last level closes whatever is left.
        (false, false) => {
            let last = parts.last_mut()?;
            last.0 = last.0.plus(left).ok()?;
        }
    }
    (parts.len() > 1).then_some(parts)
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
        parts.iter().map(|(quantity, plan)| format!("{quantity}: {} {}", shares(plan), plan.trails())).collect()
    }

    #[test]
    fn each_level_that_closes_something_is_a_part_and_earlier_ones_only_move_its_stop() {
        let made = parts(&plan(&["40", "35", "25"], Rest::Close), &levels(&["0.4", "0", "0.5"]), "1".parse().unwrap());
        assert_eq!(shown(&made.unwrap()), ["0.4: 100 false", "0.6: 0/0/100 false"], "the last one closes what is left");
        let made = parts(&plan(&["40", "35"], Rest::Trail), &levels(&["0.4", "0.35"]), "1".parse().unwrap());
        assert_eq!(shown(&made.unwrap()), ["0.4: 100 false", "0.35: 0/100 false", "0.25: 0/0 true"]);
    }

    #[test]
    fn one_part_is_none_and_a_single_target_in_place_of_all_is_not_cut() {
        let whole: Quantity = "1".parse().unwrap();
        assert!(parts(&plan(&["100"], Rest::Close), &levels(&["1"]), whole).is_none());
        assert!(parts(&plan(&["40", "60"], Rest::Close), &levels(&["0", "1"]), whole).is_none());
        assert!(parts(&plan(&["40", "60"], Rest::Close), &levels(&["1"]), whole).is_none());
    }
}
