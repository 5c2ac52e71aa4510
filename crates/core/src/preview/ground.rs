//! The arithmetic of a preview: what a price is worth for this entry, gross and after fees.

use super::Case;
use crate::exits::Armed;
use crate::exits::arm::Behind;
use crate::exits::break_even::price as break_even_price;
use crate::exits::ladder::{Level, profit};
use crate::exits::take_profit::can_rest;
use backstop_model::plan::{AtrSpec, BreakEven, Distance, TargetOrder, TrailedBy};
use backstop_model::{LimitTargets, Money, OutOfRange, Points, Price, Quantity, Ratio, Rounding};

/// A case, and what its plan is once armed.
pub(super) struct Ground<'a> {
    pub case: &'a Case<'a>,
    pub armed: &'a Armed,
    pub levels: &'a [Level],
    /// Where the plan asks for the venue's own trailing order: for how much, or why it cannot be.
    pub native: Option<Result<Quantity, String>>,
}

impl Ground<'_> {
    /// Gross profit of closing so much there.
    pub fn profit(&self, price: Price, quantity: Quantity) -> Result<Money, OutOfRange> {
        let (cost, cash) = (self.case.entry.notional(quantity)?, price.notional(quantity)?);
        profit(self.case.side, cost, cash, self.case.instrument.value_per_point)
    }

    /// The fee of one execution.
    pub fn fee(&self, price: Price, quantity: Quantity, rate: Ratio) -> Result<Money, OutOfRange> {
        self.case.instrument.worth(price, quantity)?.times(rate, Rounding::Up)
    }

    /// What entering so much costs: entries are taken for taking.
    pub fn entry_fee(&self, quantity: Quantity) -> Result<Money, OutOfRange> {
        self.fee(self.case.entry, quantity, self.case.instrument.taker_fee)
    }

    /// What a guaranteed stop costs for so much, where the plan has one; taken for due at once.
    pub fn premium(&self, quantity: Quantity) -> Result<Money, OutOfRange> {
        let wanted = self.case.plan.stop_loss.guaranteed.is_wanted() && self.case.capability.guaranteed_stops;
        let terms = self.case.instrument.guaranteed.filter(|_| wanted);
        let value = self.case.instrument.value_per_point;
        terms.map_or(Ok(Money::ZERO), |terms| terms.premium_of(quantity)?.valued(value))
    }

    /// What closing so much at a level costs.
    pub fn target_fee(&self, level: &Level, quantity: Quantity) -> Result<Money, OutOfRange> {
        let (plan, capability) = (self.case.plan, self.case.capability);
        let rate = match plan.target_order {
            // The engine takes it when its price is there.
            _ if !can_rest(level, self.levels, plan, capability) => self.case.instrument.taker_fee,
            // When it triggers somebody may be paying its price already: then it takes.
            TargetOrder::Limit if capability.limit_targets == LimitTargets::Triggered => self.case.instrument.taker_fee,
            TargetOrder::Limit | TargetOrder::PostOnly => self.case.instrument.maker_fee,
            TargetOrder::Market => self.case.instrument.taker_fee,
        };
        self.fee(level.price, quantity, rate)
    }

    /// What closing so much at a stop costs.
    pub fn stop_fee(&self, price: Price, quantity: Quantity) -> Result<Money, OutOfRange> {
        self.fee(price, quantity, self.case.instrument.taker_fee)
    }

    /// Break-even for what remains.
    pub fn break_even(&self, kind: BreakEven, remaining: Quantity) -> Result<Price, OutOfRange> {
        break_even_price(kind, self.case.side, self.case.instrument, &self.costs(remaining)?)
    }

    /// How far a price lies from the entry, in percent of it, without a sign.
    pub fn percent_from_entry(&self, price: Price) -> Result<Ratio, OutOfRange> {
        let entry = self.case.entry;
        Ok(price.above(entry).absolute()?.share_of(entry, Rounding::Nearest)?.in_percent())
    }

    /// What a price gains, in percent of the entry; negative is a loss.
    pub fn move_percent(&self, price: Price) -> Result<Ratio, OutOfRange> {
        let entry = self.case.entry;
        Ok(self.case.side.gain(entry, price).share_of(entry, Rounding::Nearest)?.in_percent())
    }

    /// What a price gains, in multiples of the initial risk.
    pub fn risk_multiple(&self, price: Price) -> Result<Ratio, OutOfRange> {
        let (side, entry) = (self.case.side, self.case.entry);
        let share = |points: Points| points.share_of(entry, Rounding::Nearest);
        share(side.gain(entry, price))?.over(share(self.risk()?)?, Rounding::Nearest)
    }

    /// From the entry to the initial stop.
    pub fn risk(&self) -> Result<Points, OutOfRange> {
        self.armed.stop.above(self.case.entry).absolute()
    }

    /// How far a stop lies on the way to liquidation, in percent.
    pub fn share_of_the_way(&self, stop: Price, liquidation: Price) -> Result<Ratio, OutOfRange> {
        let entry = self.case.entry;
        let to_stop = entry.above(stop).absolute()?.share_of(entry, Rounding::Up)?;
        let whole = entry.above(liquidation).absolute()?.share_of(entry, Rounding::Down)?;
        Ok(to_stop.over(whole, Rounding::Up)?.in_percent())
    }

    /// Who trails in truth: a native trail that cannot be is moved by Backstop.
    pub fn trailed_by(&self) -> Option<TrailedBy> {
        let by = self.case.plan.trailing?.by;
        Some(if matches!(self.native, Some(Err(_))) { TrailedBy::Amend } else { by })
    }

    /// A trail as it is where it trails: the venue's own keeps to the venue's steps, never wider than asked.
    pub fn on_venue_steps(&self, behind: Behind) -> Behind {
        let limits = self.case.capability.native_trailing.filter(|_| self.trailed_by() == Some(TrailedBy::Venue));
        let (Behind::Share(share), Some(limits)) = (behind, limits) else { return behind };
        let whole = share.over(limits.step, Rounding::Down).map(Ratio::floored);
        let kept = whole.and_then(|steps| steps.times(limits.step, Rounding::Down));
        Behind::Share(kept.unwrap_or(share))
    }

    /// Whether a price is no better than the entry: what waits for it is there from the start.
    pub fn is_passed(&self, price: Price) -> bool {
        !self.case.side.is_better(price, self.case.entry)
    }

    /// Up for what lies on the winning side of a long.
    pub fn below(&self) -> &'static str {
        match self.case.side {
            backstop_model::PositionSide::Long => "below",
            backstop_model::PositionSide::Short => "above",
        }
    }

    /// What the numbers assume.
    pub fn assumptions(&self) -> Vec<String> {
        let instrument = self.case.instrument;
        let mut told = vec![format!(
            "fees {}% resting, {}% taking; the entry takes; {}",
            instrument.maker_fee.in_percent(),
            instrument.taker_fee.in_percent(),
            self.costs_in_words()
        )];
        if let Some(premium) = self.premium(self.case.quantity).ok().filter(|premium| *premium > Money::ZERO) {
            told.push(format!("a premium of {premium} for the guaranteed stop, paid at once"));
        }
        if let Some(leverage) = instrument.leverage {
            let maintenance = instrument.maintenance_margin.in_percent();
            told.push(format!("leverage {leverage}, maintenance margin {maintenance}%, isolated margin"));
        }
        told.extend(self.averages());
        told
    }

    /// What is assumed of each average true range that the plan measures.
    fn averages(&self) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for spec in self.case.plan.atrs() {
            let one = AtrSpec { multiple: Ratio::ONE, ..spec };
            let name = Distance::Atr(one).to_string();
            let name = name.strip_prefix("1 ").unwrap_or(&name);
            let text = match (self.case.volatility.distance(one), self.case.plan.stop_loss.until_warm) {
                (Some(points), _) => format!("{name} is {points} points"),
                (None, Some(share)) => format!(
                    "{name} is not known yet: distances in it are taken from until_warm {share}, as while there are too few bars"
                ),
                (None, None) => format!("{name} is not known"),
            };
            if !told.contains(&text) {
                told.push(text);
            }
        }
        told
    }
}
