//! The paper venue as the engine and its exchange are told of it: its name, what it can do, its rules and its accounts.

use backstop_model::{
    Capability, FlaggedExits, Instrument, InstrumentId, InstrumentSpec, LeastDistance, Leverage, Money, Name, Points,
    PositionMode, Price, Ratio, Rounding, TrailingLimits,
};
use backstop_sim as sim;
use backstop_venues::paper::REQUEST_VALIDITY;

/// What paper accounts begin with, in their currency: so much that no opening fails for want of margin.
const DEPOSIT: &str = "1000000000";
/// The leverage of paper accounts unless an instrument has its own.
const LEVERAGE: u16 = 10;

/// Its name.
#[must_use]
pub fn venue_name() -> Name {
    Name::new("paper").expect("a constant of this file is a name")
}

/// What the paper venue can do: reduce-only is enforced, stops are replaced and not amended (venues/binance.md §8).
#[must_use]
pub fn capability() -> Capability {
    let ratio = |percent| Ratio::percent(percent).expect("a constant of this file is a percentage");
    Capability {
        native_trailing: Some(TrailingLimits { smallest: ratio("0.1"), largest: ratio("20"), step: ratio("0.1") }),
        amend_stop: false,
        reduce_only: true,
        whole_stop: false,
        flagged_exits: FlaggedExits::Every,
        guaranteed_stops: false,
        only_trigger: None,
        entry_stop: false,
        sized_stops: backstop_model::SizedStops::Beside,
        limit_targets: backstop_model::LimitTargets::InBook,
        resting_targets: backstop_model::RestingTargets::Every,
        request_validity: REQUEST_VALIDITY,
    }
}

/// How an account is opened at the exchange.
#[must_use]
pub fn account_opening(leverage: Option<Leverage>) -> sim::Opening {
    let usual = || Leverage::try_from(LEVERAGE).expect("a constant of this file is a leverage");
    let balance = DEPOSIT.parse::<Money>().expect("a constant of this file is money");
    sim::Opening { mode: PositionMode::OneWay, leverage: leverage.unwrap_or_else(usual), balance }
}

/// An instrument's rules in the exchange's words.
#[must_use]
pub fn exchange_rules(instrument: &Instrument) -> sim::Rules {
    let mut rules = sim::Rules::on_grid(instrument.tick, instrument.step);
    rules.min_quantity = instrument.min_quantity;
    rules.max_quantity = instrument.max_quantity;
    rules.max_market_quantity = instrument.max_market_quantity;
    rules.min_notional = instrument.min_notional;
    rules.min_notional_waived_for_exits = instrument.min_notional_waived_for_exits;
    rules.maker_fee = instrument.maker_fee;
    rules.taker_fee = instrument.taker_fee;
    rules.maintenance_margin = instrument.maintenance_margin;
    rules.dealing = dealing(instrument);
    rules
}

/// What a market of deals demands of levels; nothing where nothing is said. A point is a unit of price.
fn dealing(instrument: &Instrument) -> Option<sim::Dealing> {
    let is_usual = instrument.value_per_point == Ratio::ONE;
    if instrument.least_distance.is_none() && instrument.guaranteed.is_none() && is_usual {
        return None;
    }
    let mut dealing = sim::Dealing::in_whole_points(instrument.value_per_point);
    if let Some(least) = instrument.least_distance {
        dealing.min_distance = as_stated(least)?;
    }
    let own = instrument.guaranteed.and_then(|terms| terms.least_distance).and_then(as_stated);
    dealing.min_guaranteed_distance = own.unwrap_or(dealing.min_distance);
    dealing.guaranteed = match instrument.guaranteed {
        Some(terms) => sim::GuaranteedStops::Available { premium: in_points(terms.premium)? },
        None => sim::GuaranteedStops::NotAvailable,
    };
    Some(dealing)
}

fn as_stated(least: LeastDistance) -> Option<sim::Distance> {
    Some(match least {
        LeastDistance::Points(points) => sim::Distance::InPoints(in_points(points)?),
        LeastDistance::Share(share) => sim::Distance::OfPrice(share),
    })
}

fn in_points(points: Points) -> Option<Ratio> {
    let one: Price = "1".parse().expect("a constant of this file is a price");
    points.share_of(one, Rounding::Nearest).ok()
}

/// The same instrument under another number.
#[must_use]
pub fn numbered(instrument: Instrument, id: InstrumentId) -> Instrument {
    let mut spec = InstrumentSpec::from(instrument);
    spec.id = id;
    Instrument::try_from(spec).expect("only its number has changed")
}
