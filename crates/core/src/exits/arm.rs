//! Arming a plan: every distance becomes a price of this entry, on this instrument's grid.
//!
//! Rounding never hurts (product.md §2.1): targets to the tick away from the entry, stops to the tick toward the
//! market. Which quantity each level closes is `ladder`'s work.

use crate::volatility::Volatility;
use backstop_model::plan::{AtrSpec, Distance, ExitPlan, TakeProfit, TrailDistance, Tranches};
use backstop_model::{Instrument, OutOfRange, Points, PositionSide, Price, Ratio, Rounding};
use serde::{Deserialize, Serialize};

/// A plan's prices for one entry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Armed {
    /// The initial stop.
    pub stop: Price,
    /// The target of each level, nearest first.
    pub targets: Vec<Price>,
    /// The one target when every level is too small.
    pub single: Option<Price>,
    /// From where the trail is active; none when it is active at once.
    pub activation: Option<Price>,
    /// How far the trail stays behind.
    pub trail: Option<Behind>,
    /// How far it stays behind from each level on, where the level says so.
    pub level_trails: Vec<Option<Behind>>,
    /// From where the stop is at break-even.
    pub breakeven_at: Option<Price>,
    /// The nearer stop that the engine watches.
    pub soft_stop: Option<Price>,
}

/// A trail distance that no longer depends on anything but the best price.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Behind {
    /// So many points.
    Points(Points),
    /// This share of the best price.
    Share(Ratio),
}

/// Why a plan cannot be armed for this entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotArmable {
    /// A distance needs bars that are not there.
    #[error("{0} needs an average true range, which is not known yet; give `until_warm` in percent, or use %, pt or R")]
    NeedsBars(Distance),
    /// A margin distance needs the leverage.
    #[error("{0} needs the leverage of {1}; set `leverage` for the instrument")]
    NeedsLeverage(Distance, String),
    /// Nothing is worth less than nothing.
    #[error("{0} lies at no price for the entry {1}: prices are greater than zero; make it nearer")]
    NoSuchPrice(String, Price),
    /// A stop that lies at the entry once it is on the grid.
    #[error("stop_loss {0} is less than one tick of {1} from the entry {2}; make it wider")]
    StopWithinTick(Distance, Price, Price),
    /// A stop on the wrong side protects nothing.
    #[error("stop_loss {0} does not lie on the losing side of the entry {1}")]
    StopOnWrongSide(Distance, Price),
    /// A target on the wrong side loses.
    #[error("level {0} at {1} does not lie on the winning side of the entry {2}")]
    TargetOnWrongSide(usize, Distance, Price),
    /// The same for the one target that stands in for levels that are too small.
    #[error("single_take_profit {0} does not lie on the winning side of the entry {1}")]
    SingleOnWrongSide(Distance, Price),
    /// Levels in different units may cross once the entry is known.
    #[error(
        "profit levels must be in ascending order: for entry {entry} level {level} lies at {at}, not beyond {before}"
    )]
    NotAscending {
        /// Which level, from 1.
        level: usize,
        /// Where.
        at: Price,
        /// The one before.
        before: Price,
        /// For which entry.
        entry: Price,
    },
    /// A soft stop beyond the hard one is never first.
    #[error("soft_stop {0} lies at {1}, not between the entry and the hard stop {2}")]
    SoftStopBeyond(Distance, Price, Price),
    /// A tranche that is beyond its stop is closed.
    #[error("tranches: a new one at a loss of {0}%, but the stop of this entry lies nearer, at {1}")]
    TrancheBeyondStop(Ratio, Price),
    /// The stop would come too late.
    #[error(
        "stop {stop} lies beyond 70 % of the way to liquidation at {liquidation}; the farthest place is {guard}: lower the leverage or tighten the stop"
    )]
    TooNearLiquidation {
        /// The plan's stop.
        stop: Price,
        /// Where the position would be liquidated.
        liquidation: Price,
        /// The farthest place a stop may have.
        guard: Price,
    },
    /// A guaranteed stop is required where there is none.
    #[error(
        "the plan requires a guaranteed stop, and none can be had here; write `guaranteed: prefer`, or say `guaranteed_stop` for an instrument of a venue that has them"
    )]
    NoGuarantee,
    /// A number left its range.
    #[error("a price of the plan is out of range for this entry")]
    OutOfRange(#[from] OutOfRange),
}

/// Works out the prices of `plan` for an entry.
///
/// # Errors
/// [`NotArmable`] says which part does not fit this entry or instrument.
pub fn arm(
    plan: &ExitPlan,
    instrument: &Instrument,
    volatility: &Volatility,
    side: PositionSide,
    entry: Price,
) -> Result<Armed, NotArmable> {
    let ground = Ground { instrument, side, entry, atrs: Atrs { volatility, plan } };
    let stop = ground.initial_stop(plan.stop_loss.at)?;
    let risk = stop.above(entry).absolute()?;
    let targets = ground.targets(plan, risk)?;
    let named = |what: &str, at: Option<Distance>| at.map(|at| ground.named(what, at, risk)).transpose();
    let single = named("single_take_profit", plan.single_take_profit)?;
    if let (Some(at), Some(_)) = (plan.single_take_profit, single.filter(|single| !side.is_better(*single, entry))) {
        return Err(NotArmable::SingleOnWrongSide(at, entry));
    }
    let activation = named("activation", plan.trailing.and_then(|trailing| trailing.activation))?;
    let breakeven_at = named("breakeven_at", plan.breakeven_at)?;
    let from = activation.unwrap_or(entry);
    let trail = plan.trailing.map(|trailing| ground.trail(trailing.distance, from, risk)).transpose()?;
    let level_trail =
        |(level, at): (&TakeProfit, &Price)| level.trail.map(|far| ground.trail(far, *at, risk)).transpose();
    let level_trails = plan.take_profits.iter().zip(&targets).map(level_trail).collect::<Result<_, _>>()?;
    let soft_stop = plan.soft_stop.map(|soft| ground.soft_stop(soft.at, stop)).transpose()?;
    if let Tranches::NewWhenLoss { loss, .. } = plan.tranches {
        ground.check_threshold(loss, stop)?;
    }
    Ok(Armed { stop, targets, single, activation, trail, level_trails, breakeven_at, soft_stop })
}

/// The stop of a position whose plan does not fit it: 6 % from the entry, the most that is given to positions without a
/// plan (product.md §3), or 70 % of the way to liquidation where that is nearer.
///
/// # Errors
/// [`OutOfRange`] when no positive tick is left.
pub fn stand_in(instrument: &Instrument, side: PositionSide, entry: Price) -> Result<Price, OutOfRange> {
    let hundredth = Ratio::ONE.over(Ratio::whole(100), Rounding::Down)?;
    let most = Ratio::whole(6).times(hundredth, Rounding::Down)?;
    let share = match instrument.leverage {
        Some(leverage) => {
            let margin = Ratio::ONE.over(leverage.as_ratio(), Rounding::Down)?;
            let way = margin.minus(instrument.maintenance_margin)?.max(Ratio::ZERO);
            most.min(way.times(Ratio::whole(70), Rounding::Down)?.times(hundredth, Rounding::Down)?)
        }
        None => most,
    };
    match side {
        PositionSide::Long => {
            toward_market(side, entry.times(Ratio::ONE.minus(share)?, Rounding::Up)?, instrument.tick)
        }
        PositionSide::Short => {
            toward_market(side, entry.times(Ratio::ONE.plus(share)?, Rounding::Down)?, instrument.tick)
        }
    }
}

/// A trail distance for an entry with this initial risk.
///
/// # Errors
/// [`NotArmable`] when it needs what is not there.
pub fn behind(distance: TrailDistance, risk: Points, atrs: Atrs) -> Result<Behind, NotArmable> {
    match distance {
        TrailDistance::Atr(atr) => match atrs.volatility.distance(atr) {
            Some(points) => Ok(Behind::Points(points)),
            None => atrs.until_warm(atr).map(Behind::Share),
        },
        TrailDistance::Percent(share) => Ok(Behind::Share(share)),
        TrailDistance::Points(points) => Ok(Behind::Points(points)),
        TrailDistance::Risk(times) => Ok(Behind::Points(risk.times(times, Rounding::Down)?)),
    }
}

/// What stands behind distances in ATR.
#[derive(Clone, Copy)]
pub struct Atrs<'a> {
    /// The averages.
    pub volatility: &'a Volatility,
    /// The plan that says what applies until they are known.
    pub plan: &'a ExitPlan,
}

impl Atrs<'_> {
    /// What applies until enough bars are known: the plan's percent stands for its stop's distance, other distances in
    /// proportion to it.
    fn until_warm(self, atr: AtrSpec) -> Result<Ratio, NotArmable> {
        let missing = NotArmable::NeedsBars(Distance::Atr(atr));
        let stop = self.plan.stop_loss;
        match (stop.until_warm, stop.at) {
            (Some(Distance::Percent(share)), Distance::Atr(of_stop)) if of_stop.multiple > Ratio::ZERO => {
                let times = atr.multiple.over(of_stop.multiple, Rounding::Nearest)?;
                Ok(share.times(times, Rounding::Nearest)?)
            }
            (Some(Distance::Percent(share)), _) => Ok(share),
            _ => Err(missing),
        }
    }
}

struct Ground<'a> {
    instrument: &'a Instrument,
    side: PositionSide,
    entry: Price,
    atrs: Atrs<'a>,
}

impl Ground<'_> {
    /// The plan's stop, on the losing side of the entry.
    fn initial_stop(&self, at: Distance) -> Result<Price, NotArmable> {
        let (side, entry) = (self.side, self.entry);
        let stop = self.stop(at).map_err(|wrong| no_price(wrong, format!("stop_loss {at}"), entry))?;
        match at {
            _ if side.hit(stop, entry) && stop != entry => Ok(stop),
            Distance::At(_) => Err(NotArmable::StopOnWrongSide(at, entry)),
            Distance::Atr(_) | Distance::Margin(_) | Distance::Percent(_) | Distance::Points(_) | Distance::Risk(_) => {
                Err(NotArmable::StopWithinTick(at, self.instrument.tick, entry))
            }
        }
    }

    /// The price of every level, each beyond the one before.
    fn targets(&self, plan: &ExitPlan, risk: Points) -> Result<Vec<Price>, NotArmable> {
        let (side, entry) = (self.side, self.entry);
        let mut targets: Vec<Price> = Vec::with_capacity(plan.take_profits.len());
        for (number, level) in (1..).zip(plan.take_profits.iter()) {
            let price = self.named(&format!("level {number} at"), level.at, risk)?;
            if !side.is_better(price, entry) {
                return Err(NotArmable::TargetOnWrongSide(number, level.at, entry));
            }
            if let Some(before) = targets.last().filter(|before| !side.is_better(price, **before)) {
                return Err(NotArmable::NotAscending { level: number, at: price, before: *before, entry });
            }
            targets.push(price);
        }
        Ok(targets)
    }

    /// A target; what it is called says which one when there is no such price.
    fn named(&self, what: &str, at: Distance, risk: Points) -> Result<Price, NotArmable> {
        self.target(at, risk).map_err(|wrong| no_price(wrong, format!("{what} {at}"), self.entry))
    }

    /// A trail whose stop is a price where it begins.
    fn trail(&self, distance: TrailDistance, from: Price, risk: Points) -> Result<Behind, NotArmable> {
        let whose = || format!("a trail {distance} behind {from}");
        let trail = behind(distance, risk, self.atrs).map_err(|wrong| no_price(wrong, whose(), self.entry))?;
        let there = trail.stop(self.side, from, self.instrument.tick);
        there.map_err(|_| NotArmable::NoSuchPrice(whose(), self.entry))?;
        Ok(trail)
    }

    /// Toward the market: up for a long, down for a short.
    fn stop(&self, at: Distance) -> Result<Price, NotArmable> {
        let raw = match self.side {
            PositionSide::Long => self.away(at, Points::ZERO, false, Rounding::Up)?,
            PositionSide::Short => self.away(at, Points::ZERO, false, Rounding::Down)?,
        };
        Ok(toward_market(self.side, raw, self.instrument.tick)?)
    }

    fn soft_stop(&self, at: Distance, hard: Price) -> Result<Price, NotArmable> {
        let soft = self.stop(at).map_err(|wrong| no_price(wrong, format!("soft_stop {at}"), self.entry))?;
        let between = self.side.is_better(soft, hard) && self.side.is_better(self.entry, soft);
        if between { Ok(soft) } else { Err(NotArmable::SoftStopBeyond(at, soft, hard)) }
    }

    fn check_threshold(&self, loss: Ratio, stop: Price) -> Result<(), NotArmable> {
        let threshold = self.away(Distance::Percent(loss), Points::ZERO, false, Rounding::Nearest)?;
        if self.side.is_better(threshold, stop) {
            Ok(())
        } else {
            Err(NotArmable::TrancheBeyondStop(loss.in_percent(), stop))
        }
    }

    /// Away from the entry: up for a long, down for a short.
    fn target(&self, at: Distance, risk: Points) -> Result<Price, NotArmable> {
        match self.side {
            PositionSide::Long => Ok(self.away(at, risk, true, Rounding::Up)?.ceil_to_tick(self.instrument.tick)?),
            PositionSide::Short => {
                Ok(self.away(at, risk, true, Rounding::Down)?.floor_to_tick(self.instrument.tick)?)
            }
        }
    }

    /// The price at a distance on the winning or losing side, before it is put on the grid.
    fn away(&self, at: Distance, risk: Points, winning: bool, rounding: Rounding) -> Result<Price, NotArmable> {
        let up = winning == (self.side == PositionSide::Long);
        let by_share = |share: Ratio| {
            let factor = if up { Ratio::ONE.plus(share)? } else { Ratio::ONE.minus(share)? };
            self.entry.times(factor, rounding)
        };
        let by_points = |points: Points| if up { self.entry.plus(points) } else { self.entry.minus(points) };
        let price = match at {
            Distance::At(price) => Ok(price),
            Distance::Atr(atr) => match self.atrs.volatility.distance(atr) {
                Some(points) => by_points(points),
                None => by_share(self.atrs.until_warm(atr)?),
            },
            Distance::Margin(share) => {
                let symbol = || self.instrument.symbol.to_string();
                let leverage = self.instrument.leverage.ok_or_else(|| NotArmable::NeedsLeverage(at, symbol()))?;
                by_share(share.over(leverage.as_ratio(), rounding)?)
            }
            Distance::Percent(share) => by_share(share),
            Distance::Points(points) => by_points(points),
            Distance::Risk(times) => by_points(risk.times(times, Rounding::Up)?),
        };
        Ok(price?)
    }
}

/// A number out of range is a price that does not exist: says whose.
fn no_price(wrong: NotArmable, whose: String, entry: Price) -> NotArmable {
    match wrong {
        NotArmable::OutOfRange(_) => NotArmable::NoSuchPrice(whose, entry),
        other => other,
    }
}

/// A stop price on the grid, rounded so that it is never looser than asked; below the lowest price that there is, that one.
///
/// # Errors
/// [`OutOfRange`] when it leaves the range of prices.
pub fn toward_market(side: PositionSide, price: Price, tick: Price) -> Result<Price, OutOfRange> {
    match side {
        _ if price < tick => Ok(tick),
        PositionSide::Long => price.ceil_to_tick(tick),
        PositionSide::Short => price.floor_to_tick(tick),
    }
}

impl Behind {
    /// The stop that belongs to a best price, on the grid, rounded toward the market.
    ///
    /// # Errors
    /// [`OutOfRange`] when it is not a positive price.
    pub fn stop(self, side: PositionSide, best: Price, tick: Price) -> Result<Price, OutOfRange> {
        let raw = match (self, side) {
            (Self::Share(share), PositionSide::Long) => best.times(Ratio::ONE.minus(share)?, Rounding::Up)?,
            (Self::Share(share), PositionSide::Short) => best.times(Ratio::ONE.plus(share)?, Rounding::Down)?,
            (Self::Points(points), PositionSide::Long) => best.minus(points)?,
            (Self::Points(points), PositionSide::Short) => best.plus(points)?,
        };
        toward_market(side, raw, tick)
    }

    /// The nearest best price at which the stop could be `level` or tighter; never farther than the true one, so that
    /// looking there misses nothing.
    ///
    /// # Errors
    /// [`OutOfRange`] when it is not a positive price.
    pub fn best_for(self, side: PositionSide, level: Price, tick: Price) -> Result<Price, OutOfRange> {
        // Rounding toward the market may lift the stop by up to one tick: start one tick looser.
        let (loose, away) = match side {
            PositionSide::Long => (level.minus(tick.as_points()), Rounding::Down),
            PositionSide::Short => (level.plus(tick.as_points()), Rounding::Up),
        };
        let loose = loose?;
        match (self, side) {
            (Self::Share(share), PositionSide::Long) => {
                loose.times(Ratio::ONE.over(Ratio::ONE.minus(share)?, away)?, away)
            }
            (Self::Share(share), PositionSide::Short) => {
                loose.times(Ratio::ONE.over(Ratio::ONE.plus(share)?, away)?, away)
            }
            (Self::Points(points), PositionSide::Long) => loose.plus(points),
            (Self::Points(points), PositionSide::Short) => loose.minus(points),
        }
    }
}
