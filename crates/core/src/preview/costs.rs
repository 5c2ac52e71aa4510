//! What an exit costs beside fees, as it is assumed for a preview, and what net break-even is made of.
//!
//! Live these are measured: the spread on the board, the slippage of stops on the instrument, funding as it is paid. Before a
//! position exists somebody has to say them.

use super::ground::Ground;
use crate::exits::break_even::Costs;
use backstop_model::plan::TargetOrder;
use backstop_model::{Money, OutOfRange, Points, Price, Quantity, Rounding};
use serde::Serialize;

/// What somebody says of costs; nothing unless said.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct AssumedCosts {
    spread: Points,
    slippage: Points,
    funding: Money,
}

/// A cost that is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} is below zero: what is received is not counted")]
pub struct BelowZero(&'static str);

impl BelowZero {
    /// Which cost.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl AssumedCosts {
    /// Nothing is said.
    pub const NONE: Self = Self { spread: Points::ZERO, slippage: Points::ZERO, funding: Money::ZERO };

    /// `spread` lies between bid and ask, in points. A market order or a stop fills `slippage` points beyond its price. The
    /// whole position has paid `funding` by the time it is closed, overnight costs among it, in the quote currency.
    ///
    /// # Errors
    /// [`BelowZero`] names the one that is.
    pub fn new(spread: Points, slippage: Points, funding: Money) -> Result<Self, BelowZero> {
        let wrong = [
            ("spread", spread < Points::ZERO),
            ("slippage", slippage < Points::ZERO),
            ("funding", funding < Money::ZERO),
        ];
        match wrong.into_iter().find(|(_, is_below)| *is_below) {
            Some((name, _)) => Err(BelowZero(name)),
            None => Ok(Self { spread, slippage, funding }),
        }
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    pub(super) const fn funding(&self) -> Money {
        self.funding
    }
}

/// What net break-even lies beyond the entry for: for the whole position, in the quote currency.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct BreakEvenParts {
    /// The fee of the entry.
    pub entry_fee: Money,
    /// The fee of closing at market there.
    pub exit_fee: Money,
    /// Half the spread.
    pub half_spread: Money,
    /// The slippage of the exit.
    pub slippage: Money,
    /// Funding paid.
    pub funding: Money,
    /// The premium of a guaranteed stop.
    pub premium: Money,
    /// One tick on top.
    pub tick: Money,
}

impl Ground<'_> {
    /// What break-even of so much depends on.
    pub fn costs(&self, remaining: Quantity) -> Result<Costs, OutOfRange> {
        let (case, assumed) = (self.case, self.case.costs);
        Ok(Costs {
            entry: case.entry,
            remaining,
            entry_fees: self.entry_fee(remaining)?,
            funding: self.funding(remaining)?,
            premium: self.premium(remaining)?,
            spread: assumed.spread,
            slippage: assumed.slippage,
        })
    }

    /// What net break-even of the whole position is made of.
    pub fn break_even_parts(&self, at: Price) -> Result<BreakEvenParts, OutOfRange> {
        let (quantity, assumed) = (self.case.quantity, self.case.costs);
        let valued = |points: Points| points.value(quantity)?.valued(self.case.instrument.value_per_point);
        Ok(BreakEvenParts {
            entry_fee: self.entry_fee(quantity)?,
            exit_fee: self.stop_fee(at, quantity)?,
            half_spread: valued(assumed.spread.halved())?,
            slippage: valued(assumed.slippage)?,
            funding: assumed.funding,
            premium: self.premium(quantity)?,
            tick: valued(self.case.instrument.tick.as_points())?,
        })
    }

    /// So much of the position's funding.
    pub fn funding(&self, quantity: Quantity) -> Result<Money, OutOfRange> {
        self.case.costs.funding.pro_rata(quantity, self.case.quantity, Rounding::Up)
    }

    /// What closing so much at market costs beside its fee: half the spread and the slippage.
    pub fn market_cost(&self, quantity: Quantity) -> Result<Money, OutOfRange> {
        let assumed = self.case.costs;
        let points = assumed.spread.halved().plus(assumed.slippage)?.value(quantity)?;
        points.valued(self.case.instrument.value_per_point)
    }

    /// The same at a target: one that rests fills at its price.
    pub fn target_cost(&self, quantity: Quantity) -> Result<Money, OutOfRange> {
        match self.case.plan.target_order {
            TargetOrder::Limit | TargetOrder::PostOnly => Ok(Money::ZERO),
            TargetOrder::Market => self.market_cost(quantity),
        }
    }

    /// The spread, where it is said: a trail moves by no less.
    pub fn spread(&self) -> Option<Points> {
        Some(self.case.costs.spread).filter(|spread| *spread > Points::ZERO)
    }

    /// What is assumed, in words.
    pub fn costs_in_words(&self) -> String {
        let AssumedCosts { spread, slippage, funding } = self.case.costs;
        if self.case.costs.is_none() {
            return "no spread, slippage or funding, because none is given".to_owned();
        }
        let points = |points: Points, what: &str| match points > Points::ZERO {
            true => format!("{what} {points} pt"),
            false => format!("no {what}"),
        };
        let funding = match funding > Money::ZERO {
            true => format!("funding {funding} {} paid until it is closed", self.case.instrument.currency),
            false => "no funding".to_owned(),
        };
        format!("{}, {}, {funding}", points(spread, "spread"), points(slippage, "slippage"))
    }
}
