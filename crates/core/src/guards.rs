//! The last gate for every order: reduces only, never exceeds the position, on the grid, above the minimums.
//!
//! Whatever the rules decided, this is proven again just before a command leaves the core. A failed guard is a bug of
//! ours: the command is dropped, the position is suspended with the stop it has, the process goes on.

use crate::orders::Leg;
use backstop_model::{Instrument, NewOrder, OrderQuantity, PositionSide, Price, Quantity};

/// Which law an order would have broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Broken {
    /// I4.
    #[error("it does not say reduce-only")]
    NotReduceOnly,
    /// I1.
    #[error("it would open or grow the position instead of closing it")]
    WrongSide,
    /// I1, I2.
    #[error("its quantity {0} is more than the {1} that is open")]
    MoreThanPosition(Quantity, Quantity),
    /// I2.
    #[error("with the orders that are alive it would claim more than the position: {0} of {1} free")]
    MoreThanRoom(Quantity, Quantity),
    /// I16.
    #[error("quantity {0} is not a multiple of the step {1}")]
    OffStep(Quantity, Quantity),
    /// I16.
    #[error("price {0} is not a multiple of the tick {1}")]
    OffTick(Price, Price),
    /// I16.
    #[error("quantity {0} is below the venue's minimum {1}")]
    BelowMinimum(Quantity, Quantity),
    /// I16.
    #[error("quantity {0} is above the venue's maximum {1}")]
    AboveMaximum(Quantity, Quantity),
    /// Nothing is no order.
    #[error("its quantity is zero")]
    Nothing,
}

/// Proves an order.
///
/// # Errors
/// The first law it would break.
pub fn check(
    order: &NewOrder,
    leg: Leg,
    side: PositionSide,
    open: Quantity,
    room: Quantity,
    instrument: &Instrument,
) -> Result<(), Broken> {
    if !order.reduce_only {
        return Err(Broken::NotReduceOnly);
    }
    if order.side != side.closing() || order.position_side != side {
        return Err(Broken::WrongSide);
    }
    let OrderQuantity::Exact(quantity) = order.quantity else { return check_prices(order, instrument) };
    if quantity.is_zero() {
        return Err(Broken::Nothing);
    }
    if quantity > open {
        return Err(Broken::MoreThanPosition(quantity, open));
    }
    if !leg.is_stop() && quantity > room {
        return Err(Broken::MoreThanRoom(quantity, room));
    }
    // A whole position may be off the step after a step change or an odd entry: closing all of it is always right, and so
    // is the part that leaves nothing odd behind.
    let leaves_odd = !open.saturating_minus(quantity).is_on_step(instrument.step);
    if !quantity.is_on_step(instrument.step) && leaves_odd {
        return Err(Broken::OffStep(quantity, instrument.step));
    }
    if matches!(leg, Leg::Target(_)) && quantity < instrument.min_quantity && quantity != open {
        return Err(Broken::BelowMinimum(quantity, instrument.min_quantity));
    }
    if let Some(largest) = instrument.largest_order(order.kind).filter(|largest| quantity > *largest) {
        return Err(Broken::AboveMaximum(quantity, largest));
    }
    check_prices(order, instrument)
}

fn check_prices(order: &NewOrder, instrument: &Instrument) -> Result<(), Broken> {
    match order.kind.price() {
        Some(price) if !price.is_on_tick(instrument.tick) => Err(Broken::OffTick(price, instrument.tick)),
        _ => Ok(()),
    }
}
