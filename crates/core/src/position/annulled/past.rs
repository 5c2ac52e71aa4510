//! The record of a trade that is over, without what the venue has annulled of it (F-F08).
//!
//! Who tells it again, `owed` says; what is open again, the module above.

use super::entered_for;
use super::gone::{Closed, Gone};
use crate::exits::ladder;
use crate::position::assumed::retell_end;
use backstop_model::{
    Epoch, Money, OutOfRange, PartialExitDocument, PositionDocument, PositionSide, Price, Quantity, Ratio, Rounding,
    TrancheId,
};

/// Takes a closing out of the record of a trade that is over: how much, and what it had cost to enter.
pub(super) fn take_out_of(
    document: &mut PositionDocument,
    epoch: Epoch,
    level: Option<u8>,
    gone: &mut Gone,
) -> Result<(Quantity, Money), OutOfRange> {
    let (side, tranche) = (document.side, TrancheId(document.tranche));
    let closings = document.partial_exits.iter().map(Closed::from);
    let order = gone.order(closings, level, (epoch, tranche));
    let (mut out, mut entered_for) = (Quantity::ZERO, Money::ZERO);
    for (index, most) in order {
        let quantity = most.min(gone.left);
        if quantity.is_zero() {
            continue;
        }
        let value_per_point = document.value_per_point.unwrap_or(Ratio::ONE);
        let exit = &mut document.partial_exits[index];
        let (cost, profit) = take_part(exit, (side, value_per_point), quantity, gone.fill.price)?;
        let fee = gone.fee_with(quantity)?;
        (out, entered_for) = (out.plus(quantity)?, entered_for.plus(cost)?);
        document.original_quantity = document.original_quantity.minus(quantity)?;
        document.fees = document.fees.minus(fee)?;
        document.realized_pnl = document.realized_pnl.minus(profit)?.plus(fee)?;
    }
    document.partial_exits.retain(|exit| !exit.quantity_closed.is_zero());
    retell_end(document)?;
    Ok((out, entered_for))
}

/// Takes an entry out of the record of a trade that is over, and as much of what had closed it, with what that has earned.
pub(super) fn take_entry_out_of(document: &mut PositionDocument, gone: &mut Gone) -> Result<(), OutOfRange> {
    for exit in document.partial_exits.iter_mut().rev() {
        let quantity = exit.quantity_closed.min(gone.left);
        if quantity.is_zero() {
            continue;
        }
        let profit = exit.profit.pro_rata(quantity, exit.quantity_closed, Rounding::Nearest)?;
        let fee = gone.fee_with(quantity)?;
        exit.profit = exit.profit.minus(profit)?;
        exit.quantity_closed = exit.quantity_closed.minus(quantity)?;
        document.original_quantity = document.original_quantity.minus(quantity)?;
        document.fees = document.fees.minus(fee)?;
        document.realized_pnl = document.realized_pnl.minus(profit)?.plus(fee)?;
    }
    document.partial_exits.retain(|exit| !exit.quantity_closed.is_zero());
    retell_end(document)
}

/// What the part was entered for, and the profit that goes with it.
fn take_part(
    exit: &mut PartialExitDocument,
    (side, value_per_point): (PositionSide, Ratio),
    quantity: Quantity,
    price: Price,
) -> Result<(Money, Money), OutOfRange> {
    let whole = exit.exit_price.notional(exit.quantity_closed)?;
    let cash = price.notional(quantity)?;
    let points = exit.profit.in_points(value_per_point, Rounding::Nearest)?;
    let (cost, profit) = if quantity == exit.quantity_closed {
        (entered_for(side, cash, points)?, exit.profit)
    } else {
        let cost = entered_for(side, whole, points)?.pro_rata(quantity, exit.quantity_closed, Rounding::Nearest)?;
        (cost, ladder::profit(side, cost, cash, value_per_point)?)
    };
    exit.profit = exit.profit.minus(profit)?;
    exit.quantity_closed = exit.quantity_closed.minus(quantity)?;
    if !exit.quantity_closed.is_zero() {
        exit.exit_price = whole.minus(cash)?.per(exit.quantity_closed, Rounding::Nearest)?;
    }
    Ok((cost, profit))
}
