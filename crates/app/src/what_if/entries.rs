//! What was entered, as the journal tells it: decided again record by record, every increase of a position is an entry.

use backstop_core::Engine;
use backstop_core::position::Position;
use backstop_model::{
    Instrument, Money, OutOfRange, PositionKey, PositionSide, Price, Quantity, Rounding, Stamped, Timestamp,
};
use backstop_store::{Record, StoreError};
use std::collections::BTreeMap;

/// One entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// When the engine heard of it.
    pub at: Timestamp,
    /// At what price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
}

/// One position from its first entry on.
#[derive(Clone, Debug)]
pub struct Entered {
    /// Its name.
    pub position_id: String,
    /// Of what, with the rules of then.
    pub instrument: Instrument,
    /// Which way.
    pub side: PositionSide,
    /// Every entry, oldest first.
    pub entries: Vec<Entry>,
}

/// Every position of a journal, in the order of their first entries.
///
/// # Errors
/// [`StoreError`] when a record is not what was written.
pub fn entered(records: impl Iterator<Item = Result<Record, StoreError>>) -> Result<Vec<Entered>, StoreError> {
    let mut engine = Engine::new();
    let mut held: BTreeMap<PositionKey, (Quantity, Money)> = BTreeMap::new();
    let mut found: Vec<Entered> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        let record = record?;
        let stamped = Stamped { sequence: record.sequence, at: record.at, event: record.event };
        let step = engine.replay(&stamped, &record.market);
        for read in step.positions.iter().filter(|read| !read.is_merged) {
            let (Some(position), Some(instrument)) =
                (engine.position(read.key), engine.instrument(read.key.instrument))
            else {
                continue;
            };
            let now = held_by(position);
            let before = held.insert(read.key, now).unwrap_or((Quantity::ZERO, Money::ZERO));
            let Ok(Some((quantity, price))) = increase(before, now) else { continue };
            let place = *places.entry(read.document.position_id.clone()).or_insert_with(|| {
                let position_id = read.document.position_id.clone();
                let (instrument, side) = (instrument.clone(), read.key.side);
                found.push(Entered { position_id, instrument, side, entries: Vec::new() });
                found.len() - 1
            });
            found[place].entries.push(Entry { at: record.at, price, quantity });
        }
    }
    Ok(found)
}

/// What is open, and what it was entered for.
fn held_by(position: &Position) -> (Quantity, Money) {
    let tranches = position.live.iter().flat_map(|live| live.open());
    let cost = tranches.fold(Money::ZERO, |sum, tranche| sum.plus(tranche.cost_left).unwrap_or(sum));
    (position.quantity(), cost)
}

fn increase(before: (Quantity, Money), now: (Quantity, Money)) -> Result<Option<(Quantity, Price)>, OutOfRange> {
    if now.0 <= before.0 {
        return Ok(None);
    }
    let quantity = now.0.minus(before.0)?;
    Ok(Some((quantity, now.1.minus(before.1)?.per(quantity, Rounding::Nearest)?)))
}
