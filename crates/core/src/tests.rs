//! What the unit tests of several files look at: one instrument, plain enough to be changed where a test needs it.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use backstop_model::{InstrumentId, InstrumentSpec, Money, Name, Ratio, Symbol};

/// Tick 0.1, step and minimum 0.001, no fees, no leverage, no largest order, always open.
pub fn instrument_spec() -> InstrumentSpec {
    InstrumentSpec {
        id: InstrumentId(0),
        venue: Name::new("toy").unwrap(),
        symbol: Symbol::new("BTCUSDT").unwrap(),
        tick: "0.1".parse().unwrap(),
        step: "0.001".parse().unwrap(),
        min_quantity: "0.001".parse().unwrap(),
        max_quantity: None,
        max_market_quantity: None,
        min_notional: Money::ZERO,
        min_notional_waived_for_exits: false,
        maker_fee: Ratio::ZERO,
        taker_fee: Ratio::ZERO,
        leverage: None,
        maintenance_margin: Ratio::ZERO,
        least_distance: None,
        guaranteed: None,
        week_ends: None,
        value_per_point: backstop_model::Ratio::ONE,
        hours: None,
        currency: Name::new("USDT").unwrap(),
    }
}
