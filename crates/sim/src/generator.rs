//! A made-up market: a seeded random walk on the tick grid with calm and wild stretches, trends and jumps.
//!
//! It works on whole numbers only and its state can be saved. The faults of prices (faults.md section H) live here:
//! gap, spike, crossed book, stale prices, and a mark that parts from the last price. Zero prices cannot be made, as
//! a `Price` cannot be zero; venue servers inject them as bytes.

use crate::dice::Dice;
use backstop_model::{OutOfRange, Price, Prices, Ratio, Rounding, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Parts of a tick the walk is kept in.
const FINE: i64 = 1_000;
const MILLION: i64 = 1_000_000;
/// Nothing moves by more than nine tenths of the price at once.
const MOST_PPM: u32 = 900_000;

/// How a market behaves. All shares are in millionths of the price.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Climate {
    /// The first price; put on the tick below.
    pub start: Price,
    /// The price grid.
    pub tick: Price,
    /// Between two points.
    pub step: Span,
    /// Standard deviation of one step in an ordinary stretch; calm ones have half, wild ones three times as much.
    pub volatility_ppm: u32,
    /// The steepest trend, per step.
    pub drift_ppm: u32,
    /// How many steps a stretch lasts, on average.
    pub stretch_steps: u32,
    /// Chances in a million, per step, of a jump.
    pub jump_per_million: u32,
    /// The largest jump.
    pub jump_ppm: u32,
    /// Between bid and ask.
    pub spread_ticks: u32,
    /// The mark covers one part in so many of its distance to the middle with each step.
    pub mark_lag: u32,
}

impl Climate {
    /// Moves enough that targets of a few percent, trails and stops all happen within minutes: one point per second,
    /// trends of some percent in a few minutes.
    #[must_use]
    pub fn lively(start: Price, tick: Price) -> Self {
        Self {
            start,
            tick,
            step: Span::from_secs(1),
            volatility_ppm: 250,
            drift_ppm: 150,
            stretch_steps: 180,
            jump_per_million: 2_000,
            jump_ppm: 8_000,
            spread_ticks: 1,
            mark_lag: 4,
        }
    }

    /// An ordinary day of a large market.
    #[must_use]
    pub fn calm(start: Price, tick: Price) -> Self {
        Self {
            volatility_ppm: 40,
            drift_ppm: 6,
            stretch_steps: 900,
            jump_per_million: 50,
            jump_ppm: 3_000,
            ..Self::lively(start, tick)
        }
    }
}

impl Climate {
    /// The same weather where only every so many steps are looked at: about as far from one point to the next, in the mean.
    #[must_use]
    pub fn coarser(self, steps: u32) -> Self {
        let steps = steps.max(1);
        // Within a stretch a trend goes on, beyond it one trend undoes another.
        let stretch = self.stretch_steps.max(1);
        let in_one = steps.min(stretch);
        Self {
            step: self.step.times(steps),
            volatility_ppm: self.volatility_ppm.saturating_mul(steps.isqrt()),
            drift_ppm: self.drift_ppm.saturating_mul(in_one).saturating_mul((steps / in_one).isqrt()),
            stretch_steps: (stretch / steps).max(1),
            jump_per_million: self.jump_per_million.saturating_mul(steps).min(1_000_000),
            ..self
        }
    }
}

/// A fault of prices.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum PriceFault {
    /// `price.crossed`: the bid one tick above the ask (F-H03).
    Crossed,
    /// `price.mark_last_diverge`: the mark goes its own way (F-H05).
    Diverge,
    /// `price.gap`: the whole market moves at once (F-C18).
    Gap,
    /// `price.spike`: only the last price is far off, then comes back (F-H01).
    Spike,
    /// `price.stale`: the same prices again and again (F-H04).
    Stale,
}

/// How often, how far, how long.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PriceKnob {
    /// Chances in a million, per step.
    pub per_million: u32,
    /// How far off, in millionths of the price, up or down; without meaning for crossed and stale.
    pub ppm: u32,
    /// For how many steps; a gap stays.
    pub steps: u32,
}

/// One point of a market.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// All four series.
    pub prices: Prices,
}

/// A climate that cannot be walked in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{start} is no start on a grid of {tick}: it must lie between 100 and 400,000,000 ticks")]
pub struct BadClimate {
    /// The start asked for.
    pub start: Price,
    /// The tick.
    pub tick: Price,
}

/// The market itself: an endless, seeded sequence of points.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Generator {
    climate: Climate,
    knobs: BTreeMap<PriceFault, PriceKnob>,
    struck: BTreeMap<PriceFault, u64>,
    /// Under way: how many steps are left, and how far off in millionths.
    under_way: BTreeMap<PriceFault, (u32, i64)>,
    dice: Dice,
    next_at: Timestamp,
    middle: i64,
    mark: i64,
    bounds: (i64, i64),
    stretch: Stretch,
    newest: Option<Prices>,
}

/// How the walk goes until the next change of weather.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Stretch {
    left: u32,
    volatility_ppm: i64,
    drift_ppm: i64,
}

impl Generator {
    /// A market that begins at `from`.
    ///
    /// # Errors
    /// [`BadClimate`] when the start lies outside of what the walk can keep.
    pub fn new(seed: u64, from: Timestamp, climate: Climate) -> Result<Self, BadClimate> {
        let bad = BadClimate { start: climate.start, tick: climate.tick };
        // A tick index, not an amount: how many ticks the start is above nothing.
        let index = climate.start.mantissa() / climate.tick.mantissa();
        let ticks = i64::try_from(index).ok().filter(|ticks| (100..=400_000_000).contains(ticks)).ok_or(bad)?;
        let middle = ticks * FINE;
        Ok(Self {
            climate,
            knobs: BTreeMap::new(),
            struck: BTreeMap::new(),
            under_way: BTreeMap::new(),
            dice: Dice::new(seed, 0x6E),
            next_at: from,
            middle,
            mark: middle,
            bounds: (middle / 10, middle.saturating_mul(10)),
            stretch: Stretch::default(),
            newest: None,
        })
    }

    /// The same with one fault of prices switched on.
    #[must_use]
    pub fn with(mut self, fault: PriceFault, knob: PriceKnob) -> Self {
        self.knobs.insert(fault, knob);
        self
    }

    /// How often a fault has actually struck.
    #[must_use]
    pub fn struck(&self, fault: PriceFault) -> u64 {
        self.struck.get(&fault).copied().unwrap_or(0)
    }

    /// The next point.
    pub fn next_point(&mut self) -> Point {
        let at = self.next_at;
        self.next_at = at.plus(self.climate.step);
        self.walk();
        self.go_wrong();
        let prices = self.prices();
        self.newest = Some(prices);
        Point { at, prices }
    }

    fn walk(&mut self) {
        if self.stretch.left == 0 {
            self.stretch = self.new_stretch();
        }
        self.stretch.left -= 1;
        let wave = self.wave();
        let Stretch { volatility_ppm, drift_ppm, .. } = self.stretch;
        // The wave's standard deviation is 512.
        let parts = volatility_ppm * wave + drift_ppm * 512;
        self.middle = self.middle.saturating_add((self.middle >> 9).saturating_mul(parts) / MILLION);
        if self.dice.strikes(self.climate.jump_per_million) {
            self.leap(self.climate.jump_ppm);
        }
        let (low, high) = self.bounds;
        self.middle = self.middle.clamp(low, high);
        self.mark += (self.middle - self.mark) / i64::from(self.climate.mark_lag.max(1));
    }

    /// Bell-shaped around 0: the sum of three throws of ten bits each.
    fn wave(&mut self) -> i64 {
        let bits = i64::from(self.dice.bits());
        (bits & 1023) + ((bits >> 10) & 1023) + ((bits >> 20) & 1023) - 1535
    }

    fn new_stretch(&mut self) -> Stretch {
        let base = i64::from(self.climate.volatility_ppm.min(MOST_PPM));
        let volatility_ppm = match self.dice.below(4) {
            0 => base / 2,
            1 => base * 3,
            _ => base,
        };
        let steepest = self.climate.drift_ppm.min(MOST_PPM);
        let drift_ppm = i64::from(self.dice.below(2 * steepest + 1)) - i64::from(steepest);
        let left = 1 + self.dice.below(self.climate.stretch_steps.max(1).saturating_mul(2));
        Stretch { left, volatility_ppm, drift_ppm }
    }

    fn leap(&mut self, largest_ppm: u32) {
        let off = self.either_way(largest_ppm);
        self.middle += self.middle / MILLION * off + self.middle % MILLION * off / MILLION;
    }

    /// Half of `most` to all of it, up or down.
    fn either_way(&mut self, most: u32) -> i64 {
        let most = most.min(MOST_PPM);
        let off = i64::from(most / 2 + self.dice.below(most / 2 + 1));
        if self.dice.below(2) == 0 { off } else { -off }
    }

    fn go_wrong(&mut self) {
        if self.knobs.is_empty() {
            return;
        }
        self.under_way.retain(|_, (left, _)| {
            *left -= 1;
            *left > 0
        });
        for fault in self.knobs.keys().copied().collect::<Vec<_>>() {
            let Some(knob) = self.knobs.get(&fault).copied() else { continue };
            if self.under_way.contains_key(&fault) || !self.dice.strikes(knob.per_million) {
                continue;
            }
            *self.struck.entry(fault).or_default() += 1;
            if fault == PriceFault::Gap {
                self.leap(knob.ppm);
                self.middle = self.middle.clamp(self.bounds.0, self.bounds.1);
            } else {
                let off = self.either_way(knob.ppm);
                self.under_way.insert(fault, (knob.steps.max(1), off));
            }
        }
    }

    fn prices(&mut self) -> Prices {
        if let (true, Some(newest)) = (self.under_way.contains_key(&PriceFault::Stale), self.newest) {
            return newest;
        }
        let spread = i64::from(self.climate.spread_ticks.max(1));
        let mut bid = self.middle / FINE - spread / 2;
        let mut ask = bid + spread;
        let mut last = if self.dice.below(2) == 0 { bid } else { ask };
        let mut mark = self.mark / FINE;
        let off = |fault: PriceFault, ticks: i64| {
            self.under_way.get(&fault).map_or(ticks, |(_, ppm)| ticks + ticks * ppm / MILLION)
        };
        last = off(PriceFault::Spike, last);
        mark = off(PriceFault::Diverge, mark);
        if self.under_way.contains_key(&PriceFault::Crossed) {
            (bid, ask) = (ask, bid);
        }
        let price = |ticks: i64| on_grid(self.climate.tick, ticks).ok();
        Prices { last: price(last), mark: price(mark), bid: price(bid), ask: price(ask) }
    }
}

impl Iterator for Generator {
    type Item = Point;

    fn next(&mut self) -> Option<Point> {
        Some(self.next_point())
    }
}

/// The price so many ticks above nothing; at least one.
fn on_grid(tick: Price, ticks: i64) -> Result<Price, OutOfRange> {
    let ticks = u32::try_from(ticks.max(1)).unwrap_or(u32::MAX);
    tick.times(Ratio::whole(ticks), Rounding::Nearest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn generator(seed: u64) -> Generator {
        let climate = Climate::lively("50000".parse().unwrap(), "0.1".parse().unwrap());
        Generator::new(seed, Timestamp::EPOCH, climate).unwrap()
    }

    #[test]
    fn the_same_seed_makes_the_same_market_also_after_saving() {
        let mut one = generator(5);
        let other: Vec<Point> = generator(5).take(2_000).collect();
        assert_eq!(one.by_ref().take(1_000).collect::<Vec<_>>(), other[..1_000]);
        let saved: Generator = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        assert_eq!(saved.take(1_000).collect::<Vec<_>>(), other[1_000..]);
        assert_ne!(generator(6).take(10).collect::<Vec<_>>(), other[..10]);
    }

    #[test]
    fn every_point_is_complete_on_tick_and_has_its_bid_below_its_ask() {
        let tick: Price = "0.1".parse().unwrap();
        for point in generator(1).take(20_000) {
            let Prices { last, mark, bid, ask } = point.prices;
            assert!(bid.unwrap() < ask.unwrap());
            assert!([last, mark, bid, ask].into_iter().flatten().all(|price| price.is_on_tick(tick)));
        }
    }

    #[test]
    fn within_minutes_it_moves_by_percents_both_ways() {
        let (mut up, mut down) = (0, 0);
        for seed in 0..40 {
            let (mut highest, mut lowest) = (500_000_i128, 500_000_i128);
            for point in generator(seed).take(900) {
                let ticks = point.prices.last.unwrap().mantissa() / 100_000_000_000;
                (highest, lowest) = (highest.max(ticks), lowest.min(ticks));
            }
            up += i32::from(highest > 510_000);
            down += i32::from(lowest < 490_000);
        }
        assert!(up > 12 && down > 12, "2 % up {up} times, 2 % down {down} times of 40");
    }

    #[test]
    fn every_price_fault_strikes_and_is_counted() {
        let knob = PriceKnob { per_million: 10_000, ppm: 50_000, steps: 3 };
        let faults = [PriceFault::Crossed, PriceFault::Diverge, PriceFault::Gap, PriceFault::Spike, PriceFault::Stale];
        let mut market = faults.into_iter().fold(generator(3), |market, fault| market.with(fault, knob));
        let crossed = market.by_ref().take(5_000).filter(|point| point.prices.bid >= point.prices.ask).count();
        assert!(crossed > 0);
        for fault in faults {
            assert!((20..100).contains(&market.struck(fault)), "{fault:?} {}", market.struck(fault));
        }
    }

    #[test]
    fn a_start_outside_of_the_grid_is_refused() {
        let climate = Climate::calm("0.5".parse().unwrap(), "0.1".parse().unwrap());
        assert!(Generator::new(1, Timestamp::EPOCH, climate).is_err());
    }
}
