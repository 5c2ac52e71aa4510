//! One listed market: its rules, the newest price of each series, and the orders that are open on it.
//!
//! What a price change brings about is `matching`'s and `conditional`'s work.

use crate::deal::Reason;
use crate::exchange::Exchange;
use crate::filters::Rules;
use crate::sparse::is_default;
use backstop_model::{OrderSide, Price, Prices, Ratio, Series, Timestamp, TriggerSource};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whether a market trades (venues/ig.md §4.1 `marketStatus`, §7 `DLG_FLAG`; venues/bitget.md §4 `symbolStatus`;
/// venues/binance.md §5 `status`). While it does not, it has no prices: quotes are not taken over, and the first one after
/// it reopens is the gap.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Session {
    /// Nothing can be done.
    Closed,
    /// It trades, and takes nothing that opens.
    ClosingsOnly,
    /// It does not trade; levels of deals can be moved away from the market.
    EditsOnly,
    /// It trades.
    #[default]
    Trading,
}

impl Session {
    /// Whether anything trades.
    #[must_use]
    pub const fn trades(self) -> bool {
        match self {
            Self::ClosingsOnly | Self::Trading => true,
            Self::Closed | Self::EditsOnly => false,
        }
    }
}

/// A listed market.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Market {
    pub rules: Rules,
    pub prices: Prices,
    pub open: BTreeSet<u64>,
    pub settled: bool,
    pub next_funding: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub session: Session,
    /// The rules before a fault changed them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replaced_rules: Option<Rules>,
}

impl Market {
    pub fn new(rules: Rules, now: Timestamp) -> Self {
        let next_funding = rules.funding.and_then(|funding| funding.next_after(now));
        Self {
            rules,
            prices: Prices::default(),
            open: BTreeSet::new(),
            settled: false,
            next_funding,
            session: Session::Trading,
            replaced_rules: None,
        }
    }

    /// Takes over what is new and gives back what was there before.
    pub fn take_over(&mut self, new: Prices) -> Prices {
        let before = self.prices;
        self.prices = Prices {
            last: new.last.or(before.last),
            mark: new.mark.or(before.mark),
            bid: new.bid.or(before.bid),
            ask: new.ask.or(before.ask),
        };
        before
    }

    /// What an order on `side` could trade at now: the bid for sells, the ask for buys, else the last trade.
    pub fn executable(&self, side: OrderSide) -> Option<Price> {
        let best = match side {
            OrderSide::Buy => self.prices.ask,
            OrderSide::Sell => self.prices.bid,
        };
        best.or(self.prices.last).or(self.prices.mark)
    }

    /// Why nothing is dealt here any more; absent while something is.
    pub fn is_over(&self, now: Timestamp) -> Option<Reason> {
        let expired = self.rules.expires.is_some_and(|at| at <= now);
        self.settled.then_some(if expired { Reason::MarketRolled } else { Reason::MarketOffline })
    }

    /// What a whole unit of price is worth for a unit of quantity, where that is not 1.
    pub fn worth(&self) -> Option<Ratio> {
        self.rules.dealing.as_ref().and_then(|dealing| dealing.worth().ok())
    }

    /// The mark price, or the last trade where no mark is known.
    pub fn mark(&self) -> Option<Price> {
        self.prices.mark.or(self.prices.last)
    }
}

impl Exchange {
    /// Whether a market trades; absent when it is not listed.
    #[must_use]
    pub fn session(&self, symbol: &str) -> Option<Session> {
        self.markets.get(symbol).map(|market| market.session)
    }

    /// The rules of a market.
    #[must_use]
    pub fn rules(&self, symbol: &str) -> Option<&Rules> {
        self.markets.get(symbol).map(|market| &market.rules)
    }

    /// The newest price of each series of a market.
    #[must_use]
    pub fn prices(&self, symbol: &str) -> Option<Prices> {
        self.markets.get(symbol).map(|market| market.prices)
    }

    /// The symbols of all markets.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.markets.keys().map(String::as_str)
    }
}

/// The series an order on `side` watches: of bid and ask the one it would trade at.
pub(crate) const fn watched(source: TriggerSource, side: OrderSide) -> Series {
    match (source, side) {
        (TriggerSource::BidAsk, OrderSide::Buy) => Series::Ask,
        (TriggerSource::BidAsk, OrderSide::Sell) => Series::Bid,
        (TriggerSource::Last, OrderSide::Buy | OrderSide::Sell) => Series::Last,
        (TriggerSource::Mark, OrderSide::Buy | OrderSide::Sell) => Series::Mark,
    }
}
