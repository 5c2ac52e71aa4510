//! Take-profit levels: strictly ascending, their shares a whole or, with a trailed rest, less.

use super::{BadPlan, Distance, TrailDistance};
use crate::{Ratio, Rounding};
use serde::{Deserialize, Serialize};
use std::ops::Deref;

/// One level.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TakeProfit {
    /// How far from the entry, on the winning side.
    pub at: Distance,
    /// Share of the tranche's original quantity, as a fraction; zero only moves the stop.
    pub close: Ratio,
    /// From this level on the trail stays this far behind, if that is tighter; a trail that waits is active from here.
    pub trail: Option<TrailDistance>,
}

impl TakeProfit {
    /// A level that closes a share and leaves the trail as it is.
    #[must_use]
    pub const fn new(at: Distance, close: Ratio) -> Self {
        Self { at, close, trail: None }
    }
}

/// What to do with levels that do not fit.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInvalid {
    /// Normalise shares; without ascending levels use the single take profit.
    Fallback,
    /// Refuse the plan.
    #[default]
    Refuse,
}

/// The levels of a plan.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TakeProfits(Vec<TakeProfit>);

/// Shares this near to a whole are taken for a whole, in hundredths of a percent. Half a point either way; a whole
/// point where it is missing, because 33/33/33 is meant to be 100 %.
const NEARLY_OVER: i128 = 50;
const NEARLY_UNDER: i128 = 100;

impl TakeProfits {
    /// Levels as written, the shares made a whole where they are meant to be.
    ///
    /// Says what it changed, in the words of product.md §2.2. With a trailed rest a sum below 100 % is kept as it is.
    ///
    /// # Errors
    /// [`BadPlan`] when levels do not ascend or shares do not fit, unless `on_invalid` is to fall back: then shares are
    /// normalised, and levels out of order are replaced by `single` at the full quantity.
    pub fn new(
        levels: Vec<TakeProfit>,
        trails: bool,
        on_invalid: OnInvalid,
        single: Option<Distance>,
    ) -> Result<(Self, Vec<String>), BadPlan> {
        let mut told = Vec::new();
        if let Err(wrong) = check_ascending(&levels) {
            let fallback = single.or(levels.last().map(|level| level.at));
            let (OnInvalid::Fallback, Some(at)) = (on_invalid, fallback) else { return Err(wrong) };
            told.push("Scaled TP disabled: profit levels must be in ascending order".to_owned());
            return Ok((Self(vec![TakeProfit::new(at, Ratio::ONE)]), told));
        }
        let levels = Self(levels);
        let sum = levels.sum()?;
        if levels.is_empty() || sum == Ratio::ONE || (trails && sum < Ratio::ONE) {
            levels.check(trails)?;
            return Ok((levels, told));
        }
        let hundredth_of_percent = Ratio::ONE.mantissa() / 10_000;
        let over = sum.mantissa() - Ratio::ONE.mantissa();
        let nearly = over <= NEARLY_OVER * hundredth_of_percent && -over <= NEARLY_UNDER * hundredth_of_percent;
        if (!nearly && on_invalid == OnInvalid::Refuse) || sum <= Ratio::ZERO {
            return Err(BadPlan::Shares { sum: sum.in_percent(), trails });
        }
        told.push(format!("Scaled TP percentages normalized from {}% to 100%", sum.in_percent()));
        let levels = levels.normalised(sum)?;
        levels.check(trails)?;
        Ok((levels, told))
    }

    /// The sum of all shares.
    ///
    /// # Errors
    /// [`BadPlan::Shares`] when it is out of any range.
    pub fn sum(&self) -> Result<Ratio, BadPlan> {
        self.0.iter().try_fold(Ratio::ZERO, |sum, level| {
            let bad = BadPlan::Shares { sum: level.close.in_percent(), trails: false };
            if level.close < Ratio::ZERO {
                return Err(bad);
            }
            sum.plus(level.close).map_err(|_| bad)
        })
    }

    /// Every share over `sum`; the last one takes what rounding leaves, so that the whole is exact.
    fn normalised(self, sum: Ratio) -> Result<Self, BadPlan> {
        let bad = BadPlan::Shares { sum: sum.in_percent(), trails: false };
        let mut levels = self.0;
        let mut left = Ratio::ONE;
        let last = levels.len().saturating_sub(1);
        for (index, level) in levels.iter_mut().enumerate() {
            let share = level.close.over(sum, Rounding::Down).map_err(|_| bad.clone())?;
            level.close = if index == last { left } else { share };
            left = left.minus(share).map_err(|_| bad.clone())?;
        }
        Ok(Self(levels))
    }

    pub(super) fn check(&self, trails: bool) -> Result<(), BadPlan> {
        for level in &self.0 {
            level.at.check_positive("take_profits")?;
            level.trail.map_or(Ok(()), |trail| trail.check_positive("a level's trail"))?;
        }
        check_ascending(&self.0)?;
        let sum = self.sum()?;
        let fits = self.0.is_empty() || sum == Ratio::ONE || (trails && sum < Ratio::ONE);
        if fits { Ok(()) } else { Err(BadPlan::Shares { sum: sum.in_percent(), trails }) }
    }
}

fn check_ascending(levels: &[TakeProfit]) -> Result<(), BadPlan> {
    for (index, pair) in levels.windows(2).enumerate() {
        if pair[1].at.is_beyond(pair[0].at) == Some(false) {
            return Err(BadPlan::NotAscending { level: index + 2, at: pair[1].at, before: pair[0].at });
        }
    }
    Ok(())
}

impl Deref for TakeProfits {
    type Target = [TakeProfit];

    fn deref(&self) -> &[TakeProfit] {
        &self.0
    }
}
