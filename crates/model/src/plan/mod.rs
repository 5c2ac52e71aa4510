//! The owner's intent for leaving a position. Valid once constructed.
//!
//! What can be said without knowing an entry is checked here: shares, ascending levels of one unit, a trail that cannot
//! lose unless allowed. What depends on entry, tick and minimums is worked out by `core` when the plan is armed.

mod distance;
mod guaranteed;
mod ladder;
mod targets;
mod trailing;
mod tranches;
mod weekend;

pub use distance::{AtrSpec, Distance};
pub use guaranteed::Guaranteed;
pub use ladder::StopLadder;
pub use targets::{OnInvalid, TakeProfit, TakeProfits};
pub use trailing::{TrailDistance, TrailedBy, TrailingStop};
pub use tranches::{MOST_TRANCHES, Merge, Tranches};
pub use weekend::{Weekday, Weekend};

use crate::ids::Name;
use crate::{Capability, Money, Ratio, Span, TriggerSource};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// The fixed stop.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StopLoss {
    /// How far from the entry, on the losing side.
    pub at: Distance,
    /// Which price it watches.
    pub trigger: TriggerSource,
    /// The owner has named no price, and `trigger` is the usual one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trigger_is_usual: bool,
    /// For a distance in ATR: it follows the ATR and may only tighten. Else it is frozen when the plan is armed.
    pub follow: bool,
    /// For a distance in ATR: what applies until enough bars are known.
    pub until_warm: Option<Distance>,
    /// Whether it is to fill at its level whatever happens, where the venue sells that.
    #[serde(default, skip_serializing_if = "Guaranteed::is_never")]
    pub guaranteed: Guaranteed,
}

impl StopLoss {
    /// A stop there, on this price; nothing follows.
    #[must_use]
    pub const fn new(at: Distance, trigger: TriggerSource) -> Self {
        Self { at, trigger, trigger_is_usual: false, follow: false, until_warm: None, guaranteed: Guaranteed::Never }
    }

    /// The stop at a venue that can do this. Where stops watch one price only, it is that one whatever was named: to take
    /// it for another would be wrong about when the venue closes.
    #[must_use]
    pub fn at_venue(self, capability: &Capability) -> Self {
        capability.only_trigger.map_or(self, |trigger| Self { trigger, ..self })
    }
}

/// A second, nearer stop that the engine watches while the hard stop rests: the price may be beyond it for a while.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SoftStop {
    /// How far from the entry, on the losing side, nearer than the hard stop.
    pub at: Distance,
    /// How long the price may stand beyond it before everything is closed.
    pub patience: Span,
}

/// Closing in parts, so that the market is not run over. Stops are never sliced.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Slices {
    /// Into how many parts a level or a market exit is cut, 1 to 100; 1 is not at all.
    pub count: u8,
    /// The most one part may be worth, in the quote currency.
    pub max_notional: Option<Money>,
}

impl Default for Slices {
    fn default() -> Self {
        Self { count: 1, max_notional: None }
    }
}

/// What happens to what the levels leave over.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// The last level closes whatever is left.
    Close,
    /// It is trailed.
    Trail,
}

/// What break-even means.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakEven {
    /// Entry plus all costs so far and to come, and one tick.
    Net,
    /// The entry price.
    Plain,
}

/// How targets rest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetOrder {
    /// A limit order.
    Limit,
    /// A market order triggered at the target.
    Market,
    /// A limit order that only makes.
    PostOnly,
}

/// A local time, every day or once a week.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CloseAt {
    /// Minutes after local midnight.
    pub minute: u16,
    /// Name of the time zone, for example `Europe/Berlin`.
    pub zone: String,
    /// On this day of the week only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekday: Option<Weekday>,
}

impl fmt::Display for CloseAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weekday = self.weekday.map_or_else(String::new, |weekday| format!("{weekday} "));
        write!(f, "{weekday}{:02}:{:02} {}", self.minute / 60, self.minute % 60, self.zone)
    }
}

/// The parts of an [`ExitPlan`], not yet checked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ExitPlanSpec {
    /// Its name.
    pub name: Name,
    /// The stop.
    pub stop_loss: StopLoss,
    /// The levels, nearest first; may be empty when the rest is trailed.
    pub take_profits: TakeProfits,
    /// What happens to the rest.
    pub rest: Rest,
    /// The trail, needed when the rest is trailed.
    pub trailing: Option<TrailingStop>,
    /// The trail stays as far behind as the venue's own trailing order can; its distance stands where there is none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trail_is_largest: bool,
    /// Where the stop goes after levels.
    pub stop_ladder: StopLadder,
    /// What break-even means.
    pub breakeven: BreakEven,
    /// How targets rest.
    pub target_order: TargetOrder,
    /// Take a target over the live stop when the price stands beyond it and the order has not filled.
    pub instant_take_profit: bool,
    /// When every level is below the minimums: one target instead.
    pub fallback_to_single: bool,
    /// Where that one lies; the last level's price when absent.
    pub single_take_profit: Option<Distance>,
    /// From this price on the stop is at break-even, whatever the levels do.
    pub breakeven_at: Option<Distance>,
    /// The nearer stop that the engine watches.
    pub soft_stop: Option<SoftStop>,
    /// Closing in parts.
    pub slices: Slices,
    /// When an entry opens a tranche of its own.
    pub tranches: Tranches,
    /// What becomes of tranches that are back in profit.
    pub merge: Merge,
    /// How long a position may last.
    pub time_limit: Option<Span>,
    /// Closing at a time of day.
    pub close_at: Option<CloseAt>,
    /// What is done before the weekend.
    #[serde(default, skip_serializing_if = "Weekend::is_hold")]
    pub weekend: Weekend,
    /// Nothing but the stop is wanted: for positions that others manage.
    #[serde(default)]
    pub only_stops: bool,
    /// The owner accepts that the trail, once active, can close at a loss.
    pub allow_loss: bool,
}

impl ExitPlanSpec {
    /// A plan with a stop and nothing else said: the defaults of product.md §2.
    #[must_use]
    pub fn new(name: Name, stop_loss: StopLoss) -> Self {
        Self {
            name,
            stop_loss,
            take_profits: TakeProfits::default(),
            rest: Rest::Close,
            trailing: None,
            trail_is_largest: false,
            stop_ladder: StopLadder::None,
            breakeven: BreakEven::Net,
            target_order: TargetOrder::Limit,
            instant_take_profit: true,
            fallback_to_single: true,
            single_take_profit: None,
            breakeven_at: None,
            soft_stop: None,
            slices: Slices::default(),
            tranches: Tranches::default(),
            merge: Merge::default(),
            time_limit: None,
            close_at: None,
            weekend: Weekend::Hold,
            only_stops: false,
            allow_loss: false,
        }
    }

    fn check_extras(&self) -> Result<(), BadPlan> {
        self.tranches.check(self.stop_loss.at)?;
        self.stop_ladder.check()?;
        if self.slices.count == 0 || self.slices.count > 100 {
            return Err(BadPlan::SliceCount(self.slices.count));
        }
        if self.trailing.is_none()
            && let Some(index) = self.take_profits.iter().position(|level| level.trail.is_some())
        {
            return Err(BadPlan::LevelWithoutTrail(index + 1));
        }
        if let Some(at) = self.breakeven_at {
            at.check_positive("breakeven_at")?;
        }
        if let Some(at) = self.stop_loss.until_warm {
            at.check_positive("until_warm")?;
        }
        if let Some(soft) = self.soft_stop {
            soft.at.check_positive("soft_stop")?;
            if self.stop_loss.at.is_beyond(soft.at) == Some(false) {
                return Err(BadPlan::SoftStopBeyond { soft: soft.at, hard: self.stop_loss.at });
            }
        }
        Ok(())
    }
}

impl ExitPlanSpec {
    /// Every average true range the plan asks for.
    pub fn atrs(&self) -> impl Iterator<Item = AtrSpec> + '_ {
        let of = |distance: Distance| match distance {
            Distance::Atr(atr) => Some(atr),
            Distance::At(_) | Distance::Margin(_) | Distance::Percent(_) | Distance::Points(_) | Distance::Risk(_) => {
                None
            }
        };
        let trails = self.take_profits.iter().filter_map(|level| level.trail);
        let trails = trails.chain(self.trailing.map(|trailing| trailing.distance));
        let trails = trails.filter_map(|distance| match distance {
            TrailDistance::Atr(atr) => Some(atr),
            TrailDistance::Percent(_) | TrailDistance::Points(_) | TrailDistance::Risk(_) => None,
        });
        let others = [self.single_take_profit, self.breakeven_at, self.soft_stop.map(|soft| soft.at)];
        let activation = self.trailing.and_then(|trailing| trailing.activation);
        let levels = self.take_profits.iter().map(|level| level.at);
        let distances = levels.chain([self.stop_loss.at]).chain(others.into_iter().flatten()).chain(activation);
        distances.filter_map(of).chain(trails)
    }
}

/// A plan whose parts fit together; read them as fields.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "ExitPlanSpec", into = "ExitPlanSpec")]
pub struct ExitPlan(ExitPlanSpec);

/// Why the parts do not make a plan.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPlan {
    /// Distances are positive.
    #[error("{what} {distance}: a distance is greater than zero")]
    NotPositive {
        /// Which part.
        what: &'static str,
        /// As written.
        distance: String,
    },
    /// R is the distance of the stop; the stop cannot be measured in it.
    #[error("stop_loss {0}: R is the distance from entry to the stop itself; use %, pt or atr")]
    StopInR(Distance),
    /// A stop at or beyond everything is none.
    #[error("stop_loss {0}: a stop 100 % away or more protects nothing")]
    StopTooFar(Distance),
    /// Levels ascend.
    #[error("profit levels must be in ascending order: level {level} at {at} does not lie beyond level {} at {before}", level - 1)]
    NotAscending {
        /// The level that is not beyond the one before, counted from 1.
        level: usize,
        /// Where it lies.
        at: Distance,
        /// Where the one before lies.
        before: Distance,
    },
    /// Shares make a whole.
    #[error("the levels close {sum} % in all; make it 100 %{}", if *.trails { ", or less to leave a rest to trail" } else { ", or less with `rest: trail`" })]
    Shares {
        /// The sum in percent.
        sum: Ratio,
        /// Whether the rest is trailed.
        trails: bool,
    },
    /// `rest: trail` needs something to trail with.
    #[error("`rest: trail` needs a `trailing` section that says activation and distance")]
    NothingToTrailWith,
    /// A plan needs a way out on the good side.
    #[error("a plan needs `take_profits`, or `rest: trail` with `trailing`")]
    NoWayOut,
    /// Tranche numbers take one letter.
    #[error("tranches: {0} at once; make it 1 to {MOST_TRANCHES}")]
    TrancheCount(u8),
    /// A tranche that is beyond its stop is closed.
    #[error(
        "tranches: a new one at a loss of {loss}, but the stop closes at {stop}; make the threshold smaller than the stop"
    )]
    TrancheBeyondStop {
        /// The threshold.
        loss: Distance,
        /// The stop.
        stop: Distance,
    },
    /// Parts are counted.
    #[error("close_slices {0}: make it 1 to 100")]
    SliceCount(u8),
    /// A stop below a price lies between nothing and all of it away.
    #[error("stop_ladder: {0} % below leaves no place for the stop; make it more than 0 % and less than 100 %")]
    LadderShare(Ratio),
    /// A stop at the target that was just reached would close at once.
    #[error(
        "stop_ladder: 0 targets behind is at the target itself, where the stop would close at once; make it 1 or more"
    )]
    LadderOnTarget,
    /// A level can only tighten a trail that there is.
    #[error("level {0} says `trail`, but the plan has no `trailing` section to say activation, distance and by")]
    LevelWithoutTrail(usize),
    /// The soft stop lies inside the hard one.
    #[error("soft_stop {soft} does not lie nearer than stop_loss {hard}; the hard stop would always be first")]
    SoftStopBeyond {
        /// The soft stop.
        soft: Distance,
        /// The hard stop.
        hard: Distance,
    },
    /// A trail that can lose must be wanted.
    #[error(
        "activation {activation} with distance {distance} can close {loss} below entry; widen the activation, narrow the distance, or set `allow_loss: true`"
    )]
    TrailCanLose {
        /// From where.
        activation: Distance,
        /// How far behind.
        distance: TrailDistance,
        /// How far below, with its unit.
        loss: String,
    },
}

impl ExitPlan {
    /// A plan that is nothing but a hard stop.
    #[must_use]
    pub fn hard_stop(stop_loss: StopLoss) -> Self {
        let name = Name::new("hard_stop").expect("a constant of this file is a name");
        Self(ExitPlanSpec { only_stops: true, ..ExitPlanSpec::new(name, stop_loss) })
    }

    /// The plan at a venue that can do this: a trail that is to be the largest has its distance then. Where stops watch
    /// one price only the stop watches it, and the trail follows it unless the plan names another.
    #[must_use]
    pub fn at_venue(&self, capability: &Capability) -> Cow<'_, Self> {
        let stop_loss = self.stop_loss.at_venue(capability);
        let largest = capability.native_trailing.filter(|_| self.trail_is_largest).map(|limits| limits.largest);
        let trailing = self.trailing.map(|trailing| trailing.at_venue(capability, largest));
        if (stop_loss, trailing) == (self.stop_loss, self.trailing) {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self(ExitPlanSpec { stop_loss, trailing, ..self.0.clone() }))
    }

    /// Whether what the levels leave over is trailed.
    #[must_use]
    pub fn trails(&self) -> bool {
        self.rest == Rest::Trail
    }
}

impl TryFrom<ExitPlanSpec> for ExitPlan {
    type Error = BadPlan;

    fn try_from(spec: ExitPlanSpec) -> Result<Self, BadPlan> {
        spec.stop_loss.at.check_positive("stop_loss")?;
        match spec.stop_loss.at {
            at @ Distance::Risk(_) => return Err(BadPlan::StopInR(at)),
            at @ Distance::Percent(p) if p >= Ratio::ONE => return Err(BadPlan::StopTooFar(at)),
            _ => {}
        }
        if let Some(single) = spec.single_take_profit {
            single.check_positive("single_take_profit")?;
        }
        spec.take_profits.check(spec.rest == Rest::Trail)?;
        if spec.rest == Rest::Trail && spec.trailing.is_none() {
            return Err(BadPlan::NothingToTrailWith);
        }
        if spec.take_profits.is_empty() && spec.rest == Rest::Close && !spec.only_stops {
            return Err(BadPlan::NoWayOut);
        }
        if let Some(trailing) = &spec.trailing {
            trailing.check(spec.allow_loss)?;
        }
        spec.check_extras()?;
        Ok(Self(spec))
    }
}

impl From<ExitPlan> for ExitPlanSpec {
    fn from(plan: ExitPlan) -> Self {
        plan.0
    }
}

impl Deref for ExitPlan {
    type Target = ExitPlanSpec;

    fn deref(&self) -> &ExitPlanSpec {
        &self.0
    }
}

#[cfg(test)]
mod tests;
