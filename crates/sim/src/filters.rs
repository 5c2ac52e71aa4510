//! The rules of one market, and whether an order keeps them (venues/binance.md §5).
//!
//! Whether the account may place the order at all (mode, margin, reduce-only) is decided in `placing`.

use crate::dealing_rules::Dealing;
use crate::physics::Funding;
use crate::refusal::{self, Refused};
use crate::request::{Amount, Kind};
use crate::sparse::is_default;
use backstop_model::{Money, OrderSide, Price, Quantity, Ratio, Rounding, Timestamp};
use serde::{Deserialize, Serialize};

/// The rules of one market. Read every number from here; none is constant (F-G02).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rules {
    /// The smallest price increment.
    pub tick: Price,
    /// The smallest quantity increment.
    pub step: Quantity,
    /// The smallest quantity of one order.
    pub min_quantity: Quantity,
    /// The largest quantity of one limit or conditional order.
    pub max_quantity: Option<Quantity>,
    /// The largest quantity of one market order, usually much smaller (F-G04).
    pub max_market_quantity: Option<Quantity>,
    /// The smallest price × quantity of one order.
    pub min_notional: Money,
    /// Whether orders that only reduce may be smaller than that.
    pub min_notional_waived_for_exits: bool,
    /// How far prices may be from the mark, as a share of it; absent means anywhere.
    pub percent_band: Option<Ratio>,
    /// Fee of what rested, as a share of notional; negative is a rebate.
    pub maker_fee: Ratio,
    /// Fee of what took, as a share of notional.
    pub taker_fee: Ratio,
    /// Maintenance margin, as a share of notional.
    pub maintenance_margin: Ratio,
    /// Funding, where the market has it.
    pub funding: Option<Funding>,
    /// What rests near the price on either side; absent where there is as much as anybody wants.
    #[serde(default, skip_serializing_if = "is_default")]
    pub depth: Option<Quantity>,
    /// Most open orders of one account.
    pub max_open_orders: usize,
    /// When the contract ends and everything on it is settled; absent where it has no end (venues/ig.md §4.2 `expiry`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires: Option<Timestamp>,
    /// Points, distances and stop types, where positions are deals.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dealing: Option<Dealing>,
}

impl Rules {
    /// A market with this grid and nothing else: no minimums beyond one step, no band, no fees, no funding.
    #[must_use]
    pub fn on_grid(tick: Price, step: Quantity) -> Self {
        Self {
            tick,
            step,
            min_quantity: step,
            max_quantity: None,
            max_market_quantity: None,
            min_notional: Money::ZERO,
            min_notional_waived_for_exits: true,
            percent_band: None,
            maker_fee: Ratio::ZERO,
            taker_fee: Ratio::ZERO,
            maintenance_margin: Ratio::ZERO,
            funding: None,
            depth: None,
            max_open_orders: 200,
            expires: None,
            dealing: None,
        }
    }

    /// Whether an order's numbers keep the rules. `reference` is the mark price, or what stands in for it.
    ///
    /// # Errors
    /// The venue's refusal: -4003, -4004, -4005, -4014, -4016, -4023, -4024, -4164.
    pub fn check(
        &self,
        side: OrderSide,
        amount: Amount,
        kind: &Kind,
        closes: bool,
        reference: Option<Price>,
    ) -> Result<(), Refused> {
        for price in Self::prices_of(kind).into_iter().flatten() {
            if !price.is_on_tick(self.tick) {
                return Err(refusal::OFF_TICK.about(format_args!("{price}, tick {}", self.tick)));
            }
        }
        if let Kind::Limit { price, .. } = kind {
            self.check_band(side, *price, reference)?;
        }
        let Amount::Exact(quantity) = amount else { return Ok(()) };
        self.check_quantity(quantity, *kind == Kind::Market)?;
        let at = Self::prices_of(kind).into_iter().flatten().next().or(reference);
        self.check_notional(quantity, at, closes)
    }

    fn prices_of(kind: &Kind) -> [Option<Price>; 2] {
        match kind {
            Kind::Limit { price, .. } => [Some(*price), None],
            Kind::Market => [None, None],
            Kind::StopMarket { trigger, .. } | Kind::TakeProfitMarket { trigger, .. } => [Some(*trigger), None],
            Kind::TakeProfitLimit { trigger, price, .. } => [Some(*trigger), Some(*price)],
            Kind::Trailing { activation, .. } => [*activation, None],
        }
    }

    pub(crate) fn check_quantity(&self, quantity: Quantity, at_market: bool) -> Result<(), Refused> {
        let max = if at_market { self.max_market_quantity.or(self.max_quantity) } else { self.max_quantity };
        if quantity.is_zero() {
            return Err(refusal::NO_QUANTITY.refused());
        }
        if !quantity.is_on_step(self.step) {
            return Err(refusal::OFF_STEP.about(format_args!("{quantity}, step {}", self.step)));
        }
        if quantity < self.min_quantity {
            return Err(refusal::BELOW_MIN.about(format_args!("{quantity}, minimum {}", self.min_quantity)));
        }
        match max {
            Some(max) if quantity > max => Err(refusal::ABOVE_MAX.about(format_args!("{quantity}, maximum {max}"))),
            Some(_) | None => Ok(()),
        }
    }

    fn check_notional(&self, quantity: Quantity, at: Option<Price>, closes: bool) -> Result<(), Refused> {
        let Some(price) = at else { return Ok(()) };
        let notional = price.notional(quantity).map_err(|_| refusal::ABOVE_MAX.about(quantity))?;
        if notional < self.min_notional && !(closes && self.min_notional_waived_for_exits) {
            return Err(refusal::MIN_NOTIONAL.about(format_args!("{notional}, minimum {}", self.min_notional)));
        }
        Ok(())
    }

    /// PERCENT_PRICE: a buy not too high, a sell not too low.
    fn check_band(&self, side: OrderSide, price: Price, mark: Option<Price>) -> Result<(), Refused> {
        let (Some(band), Some(mark)) = (self.percent_band, mark) else { return Ok(()) };
        let Ok(width) = mark.share(band, Rounding::Nearest) else { return Ok(()) };
        match side {
            OrderSide::Buy if mark.plus(width).is_ok_and(|highest| price > highest) => {
                Err(refusal::ABOVE_BAND.about(format_args!("{price}, mark {mark}")))
            }
            OrderSide::Sell if mark.minus(width).is_ok_and(|lowest| price < lowest) => {
                Err(refusal::BELOW_BAND.about(format_args!("{price}, mark {mark}")))
            }
            OrderSide::Buy | OrderSide::Sell => Ok(()),
        }
    }

    /// Whether a market order on `side` may trade at `price`.
    ///
    /// # Errors
    /// -4131 when the band forbids it.
    pub fn check_market(&self, side: OrderSide, price: Price, mark: Option<Price>) -> Result<(), Refused> {
        self.check_band(side, price, mark).map_err(|_| refusal::MARKET_BAND.about(price))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::request::Term;

    fn rules() -> Rules {
        Rules {
            min_quantity: "0.002".parse().unwrap(),
            max_quantity: Some("10".parse().unwrap()),
            max_market_quantity: Some("5".parse().unwrap()),
            min_notional: "5".parse().unwrap(),
            percent_band: Some(Ratio::percent("5").unwrap()),
            ..Rules::on_grid("0.1".parse().unwrap(), "0.001".parse().unwrap())
        }
    }

    fn code(side: OrderSide, quantity: &str, price: Option<&str>, closes: bool) -> i32 {
        let limit = |price: &str| Kind::Limit { price: price.parse().unwrap(), term: Term::Gtc };
        let kind = price.map_or(Kind::Market, limit);
        let amount = Amount::Exact(quantity.parse().unwrap());
        let mark = Some("1000".parse().unwrap());
        rules().check(side, amount, &kind, closes, mark).map_or_else(|refused| refused.code, |()| 0)
    }

    #[test]
    fn each_filter_has_its_code() {
        use OrderSide::{Buy, Sell};
        for (side, quantity, price, closes, expected) in [
            (Buy, "1", Some("1000"), false, 0),
            (Buy, "1", Some("1000.05"), false, -4014),
            (Buy, "0", Some("1000"), false, -4003),
            (Buy, "1.0005", Some("1000"), false, -4023),
            (Buy, "0.001", Some("1000"), false, -4004),
            (Buy, "11", Some("1000"), false, -4005),
            (Buy, "6", None, false, -4005),
            (Buy, "0.002", Some("1000"), false, -4164),
            (Sell, "0.002", Some("1000"), true, 0),
            (Sell, "0.002", None, true, 0),
            (Buy, "1", Some("1050"), false, 0),
            (Buy, "1", Some("1050.1"), false, -4016),
            (Sell, "1", Some("950"), false, 0),
            (Sell, "1", Some("949.9"), false, -4024),
            (Sell, "1", Some("2000"), false, 0),
        ] {
            assert_eq!(code(side, quantity, price, closes), expected, "{side} {quantity} {price:?} {closes}");
        }
    }

    /// venues/bitget.md §4: whether a close below the smallest notional is refused is unverified, so both.
    #[test]
    fn a_small_exit_is_refused_where_the_market_waives_nothing() {
        let kind = Kind::Limit { price: "1000".parse().unwrap(), term: Term::Gtc };
        for (waived, expected) in [(true, 0), (false, -4164)] {
            let rules = Rules { min_notional_waived_for_exits: waived, ..rules() };
            let checked = rules.check(OrderSide::Sell, Amount::Exact("0.002".parse().unwrap()), &kind, true, None);
            assert_eq!(checked.map_or_else(|refused| refused.code, |()| 0), expected);
        }
    }

    #[test]
    fn a_market_order_outside_the_band_has_a_code_of_its_own() {
        let mark = Some("1000".parse().unwrap());
        let refused = rules().check_market(OrderSide::Sell, "940".parse().unwrap(), mark);
        assert_eq!(refused.unwrap_err().code, -4131);
        assert!(rules().check_market(OrderSide::Sell, "960".parse().unwrap(), mark).is_ok());
    }
}
