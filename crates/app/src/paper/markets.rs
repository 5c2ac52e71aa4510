//! The instruments of the generated market: the same symbols, first prices and grids for every command.

use super::venue::venue_name;
use crate::config::Config;
use crate::recorded::Decimals;
use backstop_model::{Instrument, InstrumentId, Price, Symbol};

/// Symbol, first price, decimals of price and of quantity.
const MARKETS: [(&str, &str, u8, u8); 4] =
    [("BTCUSDT", "50000", 1, 3), ("ETHUSDT", "2500", 2, 3), ("SOLUSDT", "150", 2, 1), ("ADAUSDT", "0.8", 4, 0)];

/// An instrument of the generated market.
#[derive(Clone, Copy, Debug)]
pub struct GeneratedMarket {
    /// Its symbol.
    pub symbol: Symbol,
    /// Where its price begins.
    pub first_price: Price,
    /// How finely price and quantity are given.
    pub decimals: Decimals,
}

impl GeneratedMarket {
    /// The market of a symbol that only the configuration names.
    #[must_use]
    pub fn of_configuration(symbol: Symbol) -> Self {
        let first_price = "100".parse().expect("a constant of this file is a price");
        Self { symbol, first_price, decimals: Decimals { price: 2, quantity: Some(3) } }
    }
}

/// The markets there are without any configuration.
#[must_use]
pub fn generated_markets() -> Vec<GeneratedMarket> {
    let market = |(symbol, first_price, price, quantity): (&str, &str, u8, u8)| GeneratedMarket {
        symbol: Symbol::new(symbol).expect("a constant of this file is a symbol"),
        first_price: first_price.parse().expect("a constant of this file is a price"),
        decimals: Decimals { price, quantity: Some(quantity) },
    };
    MARKETS.into_iter().map(market).collect()
}

/// The instrument `symbol` on the paper venue: what the configuration says of it, else the grid that was seen.
///
/// # Errors
/// A text that names the symbol, and what of `instruments` does not fit together.
pub fn instrument(config: &Config, symbol: Symbol, seen: Decimals) -> Result<Instrument, String> {
    let spec = config.overrides(symbol).spec(InstrumentId(0), venue_name(), symbol, seen);
    Instrument::try_from(spec)
        .map_err(|why| format!("instrument {symbol}: {why}; correct it below `instruments` in the configuration"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_market_is_an_instrument_without_a_word_of_configuration() {
        let mut markets = generated_markets();
        assert_eq!(markets.len(), MARKETS.len());
        markets.push(GeneratedMarket::of_configuration(markets[0].symbol));
        for market in markets {
            let made = instrument(&Config::default(), market.symbol, market.decimals);
            assert!(made.is_ok_and(|made| made.tick < market.first_price), "{}", market.symbol);
        }
    }
}
