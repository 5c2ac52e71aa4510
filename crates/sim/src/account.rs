//! An account's money and positions, and the arithmetic of one execution on one position.
//!
//! Costs are moved, never recomputed: realised profit is what the executions brought in minus the entry cost that left
//! the position, so that the books balance to the last digit. Who may trade is decided in `placing` and `matching`.

use crate::entries;
use crate::request::Slot;
use crate::sparse::is_default;
use backstop_model::{
    Leverage, Money, OrderSide, OutOfRange, PositionMode, PositionSide, Price, Quantity, Ratio, Rounding, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is open in one slot.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Holding {
    /// Which way; without meaning when flat.
    pub side: PositionSide,
    /// How much; nothing when flat.
    pub quantity: Quantity,
    /// What the open quantity was entered for: Σ price × quantity.
    pub cost: Money,
}

impl Holding {
    /// Nothing open.
    pub const FLAT: Self = Self { side: PositionSide::Long, quantity: Quantity::ZERO, cost: Money::ZERO };

    /// Whether nothing is open.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.quantity.is_zero()
    }

    /// The average entry price; absent when flat.
    #[must_use]
    pub fn entry(&self) -> Option<Price> {
        self.cost.per(self.quantity, Rounding::Nearest).ok()
    }

    /// How much an order on `side` could take away.
    #[must_use]
    pub fn reducible_by(&self, side: OrderSide) -> Quantity {
        if self.side.closing() == side { self.quantity } else { Quantity::ZERO }
    }

    /// The holding after an execution, and the profit it realised. An execution larger than the holding flips it.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number does not fit; nothing has changed then.
    pub fn traded(self, side: OrderSide, quantity: Quantity, price: Price) -> Result<(Self, Money), OutOfRange> {
        let reduced = self.reducible_by(side).min(quantity);
        let rest = quantity.minus(reduced)?;
        let (left, realised) = self.reduced(reduced, price)?;
        if rest.is_zero() {
            return Ok((left, realised));
        }
        let cost = left.cost.plus(price.notional(rest)?)?;
        let quantity = left.quantity.plus(rest)?;
        Ok((Self { side: PositionSide::opened_by(side), quantity, cost }, realised))
    }

    fn reduced(self, quantity: Quantity, price: Price) -> Result<(Self, Money), OutOfRange> {
        if quantity.is_zero() {
            return Ok((self, Money::ZERO));
        }
        let left = self.quantity.minus(quantity)?;
        let cost =
            if left.is_zero() { self.cost } else { self.cost.pro_rata(quantity, self.quantity, Rounding::Nearest)? };
        let proceeds = price.notional(quantity)?;
        let realised = match self.side {
            PositionSide::Long => proceeds.minus(cost)?,
            PositionSide::Short => cost.minus(proceeds)?,
        };
        Ok((Self { side: self.side, quantity: left, cost: self.cost.minus(cost)? }, realised))
    }

    /// Where a simple isolated liquidation strikes: entry × (1 ∓ (1/leverage − maintenance)). Absent when flat, and
    /// when the margin covers everything down to zero.
    #[must_use]
    pub fn liquidation_price(&self, leverage: Leverage, maintenance: Ratio) -> Option<Price> {
        let margin = Ratio::ONE.over(leverage.as_ratio(), Rounding::Nearest).ok()?.minus(maintenance).ok()?;
        let factor = match self.side {
            PositionSide::Long => Ratio::ONE.minus(margin).ok()?,
            PositionSide::Short => Ratio::ONE.plus(margin).ok()?,
        };
        self.entry()?.times(factor, Rounding::Nearest).ok()
    }
}

/// A slot with its running totals.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Position {
    /// What is open.
    pub holding: Holding,
    /// Gross profit realised so far.
    pub realised: Money,
    /// Fees so far; positive is a cost.
    pub fees: Money,
    /// Funding so far; positive was received.
    pub funding: Money,
    /// When an execution last changed it.
    pub at: Timestamp,
    /// Margin that was added to it, or taken out where negative, since it was opened (F-D09).
    #[serde(default = "no_money", skip_serializing_if = "is_no_money")]
    pub margin: Money,
    /// What a whole unit of price is worth for a unit of quantity, where that is not 1 (venues/ig.md §6).
    #[serde(default, skip_serializing_if = "is_default")]
    pub worth: Option<Ratio>,
}

const fn no_money() -> Money {
    Money::ZERO
}

fn is_no_money(money: &Money) -> bool {
    *money == Money::ZERO
}

impl Position {
    /// Where a simple isolated liquidation strikes, with the margin that was added or taken out.
    #[must_use]
    pub fn liquidation_price(&self, leverage: Leverage, maintenance: Ratio) -> Option<Price> {
        let plain = self.holding.liquidation_price(leverage, maintenance)?;
        if self.margin == Money::ZERO {
            return Some(plain);
        }
        let cost = plain.notional(self.holding.quantity).ok()?;
        let cost = match self.holding.side {
            PositionSide::Long => cost.minus(self.margin),
            PositionSide::Short => cost.plus(self.margin),
        };
        cost.ok()?.per(self.holding.quantity, Rounding::Nearest).ok()
    }
}

impl Default for Position {
    fn default() -> Self {
        Self {
            holding: Holding::FLAT,
            realised: Money::ZERO,
            fees: Money::ZERO,
            funding: Money::ZERO,
            at: Timestamp::EPOCH,
            margin: Money::ZERO,
            worth: None,
        }
    }
}

/// An account: one wallet in one quote currency.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Account {
    /// How positions are kept.
    pub mode: PositionMode,
    /// The leverage of every market that has none of its own.
    pub leverage: Leverage,
    /// By symbol.
    #[serde(default, skip_serializing_if = "is_default")]
    pub leverages: BTreeMap<String, Leverage>,
    /// The wallet: deposits + realised − fees + funding.
    pub balance: Money,
    /// By symbol and slot; a slot stays here once it was used.
    #[serde(with = "entries")]
    pub positions: BTreeMap<(String, Slot), Position>,
    /// Whether its owner allows trailing stops (venues/ig.md §2.1, `trailingStopsEnabled`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub trailing: TrailingStops,
    /// When the mode was last switched, and what it was before (F-D07).
    #[serde(default, skip_serializing_if = "is_default")]
    pub switched: Option<(Timestamp, PositionMode)>,
    /// Until when the venue is deleveraging it, by symbol (F-F02).
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) deleveraged_until: BTreeMap<String, Timestamp>,
}

/// An account's preference for trailing stops that are levels of a deal.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum TrailingStops {
    /// They are refused.
    #[default]
    Disabled,
    /// They are allowed where the market allows them.
    Enabled,
}

impl Account {
    /// How positions were kept at an instant, as far back as the switch before the last one.
    #[must_use]
    pub fn mode_as_of(&self, at: Timestamp) -> PositionMode {
        self.switched.filter(|(since, _)| at < *since).map_or(self.mode, |(_, before)| before)
    }

    /// What is open in a slot.
    #[must_use]
    pub fn holding(&self, symbol: &str, slot: Slot) -> Holding {
        self.positions.get(&(symbol.to_owned(), slot)).map_or(Holding::FLAT, |position| position.holding)
    }

    /// Whether anything is open anywhere.
    #[must_use]
    pub fn has_position(&self) -> bool {
        self.positions.values().any(|position| !position.holding.is_flat())
    }

    /// The leverage of a market.
    #[must_use]
    pub fn leverage_of(&self, symbol: &str) -> Leverage {
        self.leverages.get(symbol).copied().unwrap_or(self.leverage)
    }

    /// The wallet minus the initial margin of everything open, unrealised profit left aside.
    ///
    /// # Errors
    /// [`OutOfRange`] when the sum does not fit.
    pub fn available(&self) -> Result<Money, OutOfRange> {
        let mut available = self.balance;
        for ((symbol, _), position) in &self.positions {
            let margin = self.margin_for(symbol, position.holding.cost)?;
            available = available.minus(worth_of(margin, position.worth)?)?;
        }
        Ok(available)
    }

    /// The initial margin of `notional` in a market.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn margin_for(&self, symbol: &str, notional: Money) -> Result<Money, OutOfRange> {
        let share = Ratio::ONE.over(self.leverage_of(symbol).as_ratio(), Rounding::Up)?;
        notional.times(share, Rounding::Up)
    }
}

/// An amount of price × quantity in money.
pub(crate) fn worth_of(amount: Money, worth: Option<Ratio>) -> Result<Money, OutOfRange> {
    worth.map_or(Ok(amount), |worth| amount.times(worth, Rounding::Nearest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn after(trades: &[(OrderSide, &str, &str)]) -> (Holding, Money) {
        let mut state = (Holding::FLAT, Money::ZERO);
        for (side, quantity, price) in trades {
            let (holding, realised) = state.0.traded(*side, quantity.parse().unwrap(), price.parse().unwrap()).unwrap();
            state = (holding, state.1.plus(realised).unwrap());
        }
        state
    }

    use OrderSide::{Buy, Sell};

    #[test]
    fn adding_averages_the_entry_and_reducing_keeps_it() {
        let (holding, realised) = after(&[(Buy, "1", "100"), (Buy, "1", "110"), (Sell, "0.5", "120")]);
        assert_eq!(holding.entry(), Some("105".parse().unwrap()));
        assert_eq!((holding.quantity.to_string(), realised.to_string()), ("1.5".into(), "7.5".into()));
    }

    #[test]
    fn a_larger_order_flips_and_realises_only_the_closed_part() {
        let (holding, realised) = after(&[(Buy, "1", "100"), (Sell, "3", "90")]);
        assert_eq!(holding.side, PositionSide::Short);
        assert_eq!((holding.quantity.to_string(), realised.to_string()), ("2".into(), "-10".into()));
        assert_eq!(holding.entry(), Some("90".parse().unwrap()));
    }

    #[test]
    fn thirds_leave_no_money_behind() {
        let third = [(Buy, "3", "100.01"), (Sell, "1", "101"), (Sell, "1", "102"), (Sell, "1", "103")];
        let (holding, realised) = after(&third);
        assert!(holding.is_flat());
        assert_eq!((holding.cost, realised.to_string()), (Money::ZERO, "5.97".into()));
    }

    #[test]
    fn ten_times_leverage_liquidates_just_before_ten_percent() {
        let ten = Leverage::try_from(10).unwrap();
        let maintenance = Ratio::percent("0.5").unwrap();
        let (long, _) = after(&[(Buy, "1", "100")]);
        let (short, _) = after(&[(Sell, "1", "100")]);
        assert_eq!(long.liquidation_price(ten, maintenance), Some("90.5".parse().unwrap()));
        assert_eq!(short.liquidation_price(ten, maintenance), Some("109.5".parse().unwrap()));
    }
}
