//! What a decision was made on: the prices of the record, and each position as it was just before.

use super::{Scene, orders};
use backstop_core::exits::ladder::LevelState;
use backstop_core::orders::OrderState;
use backstop_core::position::{Position, Tranche};
use backstop_model::{PositionKey, PositionSide, Price, Quantity, Series};
use serde::Serialize;

/// What a decision was made on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inputs {
    /// The newest prices then.
    pub prices: Vec<MarketBefore>,
    /// The positions before it, one entry a tranche.
    pub positions: Vec<PositionBefore>,
}

/// The newest prices of one instrument.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MarketBefore {
    /// Which.
    pub symbol: String,
    /// Last trade.
    pub last: Option<Price>,
    /// Mark price.
    pub mark: Option<Price>,
    /// Best bid.
    pub bid: Option<Price>,
    /// Best ask.
    pub ask: Option<Price>,
}

/// A tranche before the event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PositionBefore {
    /// Whose.
    pub account: String,
    /// Of what.
    pub symbol: String,
    /// Which way.
    pub side: PositionSide,
    /// Which tranche.
    pub tranche: u8,
    /// What was open.
    pub quantity: Quantity,
    /// Average entry.
    pub entry_price: Price,
    /// Where the stop was wanted.
    pub stop: Option<Price>,
    /// The levels: number, price, what was still due, and what it was.
    pub levels: Vec<LevelBefore>,
    /// Its orders.
    pub orders: Vec<OrderBefore>,
}

/// A level before the event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelBefore {
    /// Its number.
    pub level: u8,
    /// Its target.
    pub price: Price,
    /// What it had still to close.
    pub due: Quantity,
    /// What it was.
    pub state: &'static str,
}

/// An order before the event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrderBefore {
    /// Its short name.
    pub short: String,
    /// Its id.
    pub id: String,
    /// What of it was left.
    pub quantity: Quantity,
    /// What it was.
    pub state: &'static str,
}

pub(super) fn of(scene: &Scene, keys: &[PositionKey]) -> Inputs {
    let market = |(instrument, view): &(backstop_model::InstrumentId, backstop_model::MarketView)| {
        let price = |series: Series| view.series[series.index()].map(|view| view.price);
        let symbol = scene.after.instrument(*instrument).map_or_else(String::new, |known| known.symbol.to_string());
        let (last, mark) = (price(Series::Last), price(Series::Mark));
        MarketBefore { symbol, last, mark, bid: price(Series::Bid), ask: price(Series::Ask) }
    };
    let positions = keys.iter().filter_map(|key| scene.before.position(*key));
    Inputs {
        prices: scene.record.market.iter().map(market).collect(),
        positions: positions.flat_map(|position| position_before(scene, position)).collect(),
    }
}

fn position_before(scene: &Scene, position: &Position) -> Vec<PositionBefore> {
    let Some(ctx) = scene.before.ctx(position.key, scene.record.at) else { return Vec::new() };
    let tranches = position.live.iter().flat_map(|live| live.open());
    let one = |tranche: &Tranche| PositionBefore {
        account: ctx.account.name.to_string(),
        symbol: ctx.instrument.symbol.to_string(),
        side: position.key.side,
        tranche: tranche.id.0,
        quantity: tranche.remaining,
        entry_price: tranche.entry_price,
        stop: tranche.stop.map(|stop| stop.price),
        levels: levels(tranche),
        orders: orders_of(position, tranche),
    };
    tranches.map(one).collect()
}

fn levels(tranche: &Tranche) -> Vec<LevelBefore> {
    let level = |level: &backstop_core::exits::Level| LevelBefore {
        level: level.number,
        price: level.price,
        due: level.due(),
        state: match level.state {
            LevelState::Open => "open",
            LevelState::OnlyMoves => "only_moves_the_stop",
            LevelState::Hit { .. } => "hit",
            LevelState::Moved => "moved_the_stop",
            LevelState::Failed => "given_up",
            LevelState::Moot => "nothing_left",
        },
    };
    tranche.levels.iter().map(level).collect()
}

fn orders_of(position: &Position, tranche: &Tranche) -> Vec<OrderBefore> {
    let mine = position.orders.iter().filter(|order| order.tranche == tranche.id && order.epoch == position.epoch);
    let one = |order: &backstop_core::orders::OpenOrder| OrderBefore {
        short: orders::short_name(&order.id).unwrap_or_default(),
        id: order.id.to_string(),
        quantity: order.remaining(),
        state: state(&order.state),
    };
    mine.map(one).collect()
}

pub(super) const fn state(state: &OrderState) -> &'static str {
    match state {
        OrderState::InFlight { .. } => "in_flight",
        OrderState::Unknown(_) => "unknown",
        OrderState::Working { change: None } => "working",
        OrderState::Working { change: Some(_) } => "working_and_being_changed",
        OrderState::Triggered { .. } => "triggered",
        OrderState::Over { .. } => "over",
    }
}
