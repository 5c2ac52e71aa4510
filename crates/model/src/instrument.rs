//! One tradable contract at one venue: its grid, its minimums, its costs.

use crate::ids::{Name, Symbol};
use crate::plan::CloseAt;
use crate::{
    Capability, GuaranteedTerms, Hours, InstrumentId, LeastDistance, Leverage, Money, OrderKind, OutOfRange, Price,
    Quantity, Ratio,
};
use serde::{Deserialize, Serialize};
use std::ops::Deref;

/// The parts of an [`Instrument`], not yet checked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct InstrumentSpec {
    /// Its number.
    pub id: InstrumentId,
    /// The venue it is traded on.
    pub venue: Name,
    /// The venue's name for it.
    pub symbol: Symbol,
    /// The smallest price increment.
    pub tick: Price,
    /// The smallest quantity increment.
    pub step: Quantity,
    /// The smallest quantity of one order.
    pub min_quantity: Quantity,
    /// The largest quantity of one order, where there is one (F-G04).
    pub max_quantity: Option<Quantity>,
    /// The largest quantity of one order that executes at market, where it is a smaller one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_market_quantity: Option<Quantity>,
    /// What a whole unit of price brings a unit of quantity, in the quote currency: 1 where quantities are of the traded thing
    /// itself, the contract's size or the value of a point where they are not (F-G06, venues/ig.md §6).
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub value_per_point: Ratio,
    /// The smallest price × quantity of one order.
    pub min_notional: Money,
    /// Whether the minimum notional is waived for orders that only reduce (venues/binance.md §5). Which of an account's exits
    /// the venue takes for such is its [`Capability::flagged_exits`].
    pub min_notional_waived_for_exits: bool,
    /// Fee of a resting fill, as a share of notional; negative is a rebate.
    pub maker_fee: Ratio,
    /// Fee of a taking fill, as a share of notional.
    pub taker_fee: Ratio,
    /// The leverage positions are held with, where known.
    pub leverage: Option<Leverage>,
    /// Maintenance margin as a share of notional: where liquidation begins.
    pub maintenance_margin: Ratio,
    /// How near to the price it would close at a stop or a resting target may be placed, where the venue has such a rule
    /// (F-C20).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_distance: Option<LeastDistance>,
    /// The terms of guaranteed stops, where the market takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guaranteed: Option<GuaranteedTerms>,
    /// When the week's last session ends, where the market shuts over the weekend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub week_ends: Option<CloseAt>,
    /// When it trades, where it does not always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Box<Hours>>,
    /// Quote currency.
    pub currency: Name,
}

/// An instrument whose numbers make sense together; read its parts as fields.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "InstrumentSpec", into = "InstrumentSpec")]
pub struct Instrument(InstrumentSpec);

/// Why the parts do not make an instrument.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadInstrument {
    /// A quantity grid is needed.
    #[error("{0}: step is zero; give the venue's smallest quantity increment")]
    NoStep(Symbol),
    /// A point that is worth nothing makes no money.
    #[error("{0}: value_per_point {1} is not above zero; it is what a whole unit of price brings a unit of quantity")]
    NoValue(Symbol, Ratio),
    /// A fee of half the notional or more is a typing error.
    #[error("{0}: a fee of {1} % is not plausible; fees are written like 0.05%")]
    Fee(Symbol, Ratio),
    /// The largest order must allow the smallest.
    #[error("{0}: max_quantity {1} is below min_quantity {2}")]
    MaxBelowMin(Symbol, Quantity, Quantity),
    /// A negative minimum means nothing.
    #[error("{0}: min_notional {1} is negative")]
    NegativeNotional(Symbol, Money),
    /// A negative distance means nothing.
    #[error("{0}: a least distance of {1} is negative")]
    NegativeDistance(Symbol, LeastDistance),
}

impl Instrument {
    /// What so much is worth at `price`, in the quote currency.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn worth(&self, price: Price, quantity: Quantity) -> Result<Money, OutOfRange> {
        price.notional(quantity)?.valued(self.value_per_point)
    }

    /// The smallest quantity, on step, that an exit of a quantity at `price` may have here.
    ///
    /// # Errors
    /// [`OutOfRange`] when the minimum does not fit.
    pub fn smallest_exit(&self, price: Price, capability: &Capability) -> Result<Quantity, OutOfRange> {
        if self.min_notional_waived_for_exits && capability.flagged_exits.is_every() {
            return self.least_quantity();
        }
        self.smallest_entry(price)
    }

    /// The smallest quantity, on step, that an order at `price` may have for which nothing is waived: every entry.
    ///
    /// # Errors
    /// [`OutOfRange`] when the minimum does not fit.
    pub fn smallest_entry(&self, price: Price) -> Result<Quantity, OutOfRange> {
        let by_quantity = self.least_quantity()?;
        if self.min_notional <= Money::ZERO {
            return Ok(by_quantity);
        }
        Ok(by_quantity.max(Quantity::worth_at_least(self.min_notional, price, self.step)?))
    }

    /// The smallest quantity of any order, on step, whatever it is worth.
    fn least_quantity(&self) -> Result<Quantity, OutOfRange> {
        self.min_quantity.max(self.step).ceil_to_step(self.step)
    }

    /// The largest quantity, on step, that one order may have; none where the venue has no such rule.
    #[must_use]
    pub fn largest_order(&self, kind: OrderKind) -> Option<Quantity> {
        let at_market = self.max_market_quantity.filter(|_| !matches!(kind, OrderKind::Limit { .. }));
        let largest = self.max_quantity.into_iter().chain(at_market).min()?;
        largest.floor_to_step(self.step).ok().filter(|largest| !largest.is_zero())
    }
}

impl TryFrom<InstrumentSpec> for Instrument {
    type Error = BadInstrument;

    fn try_from(spec: InstrumentSpec) -> Result<Self, BadInstrument> {
        let symbol = spec.symbol;
        if spec.step.is_zero() {
            return Err(BadInstrument::NoStep(symbol));
        }
        if spec.value_per_point <= Ratio::ZERO {
            return Err(BadInstrument::NoValue(symbol, spec.value_per_point));
        }
        let implausible = |fee: Ratio| fee.in_percent() >= Ratio::whole(50);
        for fee in [spec.maker_fee, spec.taker_fee, spec.maintenance_margin] {
            if implausible(fee) {
                return Err(BadInstrument::Fee(symbol, fee.in_percent()));
            }
        }
        if let Some(max) = spec.max_quantity.into_iter().chain(spec.max_market_quantity).min()
            && max < spec.min_quantity
        {
            return Err(BadInstrument::MaxBelowMin(symbol, max, spec.min_quantity));
        }
        if spec.min_notional < Money::ZERO {
            return Err(BadInstrument::NegativeNotional(symbol, spec.min_notional));
        }
        let of_guaranteed = spec.guaranteed.and_then(|terms| terms.least_distance);
        if let Some(least) =
            [spec.least_distance, of_guaranteed].into_iter().flatten().find(|least| least.is_negative())
        {
            return Err(BadInstrument::NegativeDistance(symbol, least));
        }
        Ok(Self(spec))
    }
}

impl From<Instrument> for InstrumentSpec {
    fn from(instrument: Instrument) -> Self {
        instrument.0
    }
}

impl Deref for Instrument {
    type Target = InstrumentSpec;

    fn deref(&self) -> &InstrumentSpec {
        &self.0
    }
}

const fn one() -> Ratio {
    Ratio::ONE
}

fn is_one(value: &Ratio) -> bool {
    *value == Ratio::ONE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use serde_json::json;

    /// In steps of 0.001, worth 100 at least.
    fn instrument(waived: bool) -> Instrument {
        let spec = json!({
            "id": 0, "venue": "toy", "symbol": "BTCUSDT", "tick": "0.1", "step": "0.001", "min_quantity": "0.002",
            "max_quantity": null, "min_notional": "100", "min_notional_waived_for_exits": waived, "maker_fee": "0",
            "taker_fee": "0", "leverage": null, "maintenance_margin": "0", "currency": "USDT",
        });
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn a_contract_is_worth_its_points_times_what_one_brings() {
        // F-G06: and a point that is worth nothing makes no instrument.
        let of = |value: &str| InstrumentSpec { value_per_point: value.parse().unwrap(), ..instrument(true).into() };
        let (price, two) = ("50000".parse().unwrap(), "2".parse().unwrap());
        let contract = Instrument::try_from(of("12.5")).unwrap();
        assert_eq!(contract.worth(price, two), "1250000".parse::<Money>().map_err(|_| OutOfRange));
        assert_eq!(instrument(true).worth(price, two), "100000".parse::<Money>().map_err(|_| OutOfRange));
        for value in ["0", "-1"] {
            assert!(matches!(Instrument::try_from(of(value)), Err(BadInstrument::NoValue(..))), "{value}");
        }
    }

    /// As a checkpoint from before exits were told apart says it.
    fn capability() -> Capability {
        let known = json!({ "native_trailing": null, "amend_stop": false, "reduce_only": true, "request_validity": 0 });
        serde_json::from_value(known).unwrap()
    }

    #[test]
    fn the_minimum_is_waived_where_the_market_does_so_and_the_account_can_say_it() {
        let (price, q) = ("50000".parse().unwrap(), |text: &str| text.parse::<Quantity>().unwrap());
        let whole = Capability { flagged_exits: crate::FlaggedExits::Whole, ..capability() };
        let cheap = "20000".parse().unwrap();
        for (waived, capability, at, expected) in [
            (true, capability(), price, "0.002"),
            (true, capability(), cheap, "0.002"),
            (false, capability(), cheap, "0.005"),
            (true, whole.clone(), cheap, "0.005"),
            (true, whole.clone(), price, "0.002"),
            (false, whole, cheap, "0.005"),
        ] {
            let found = instrument(waived).smallest_exit(at, &capability).unwrap();
            assert_eq!(found, q(expected), "{waived} {:?} {at}", capability.flagged_exits);
        }
        assert_eq!(instrument(true).smallest_entry(cheap).unwrap(), q("0.005"), "of an entry nothing is waived");
    }

    #[test]
    fn what_flags_every_exit_is_written_as_it_was_before_that_was_known() {
        let known = serde_json::to_value(capability()).unwrap();
        assert_eq!((capability().flagged_exits, known.get("flagged_exits")), (crate::FlaggedExits::Every, None));
        let whole = Capability { flagged_exits: crate::FlaggedExits::Whole, ..capability() };
        let read: Capability = serde_json::from_value(serde_json::to_value(&whole).unwrap()).unwrap();
        assert_eq!(read, whole);
    }
}
