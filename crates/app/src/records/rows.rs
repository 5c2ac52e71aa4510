//! The rows of the trade log (product.md §4): one for every closing of a trade, so that points and money are exact.
//!
//! A row's points are exit less entry in the direction of the position; its money is the gross profit of that closing.
//! Fees belong to the trade as a whole: each row shows its share by quantity, and the rows of a trade add up to the fees.

use backstop_model::{
    Course, ExitReason, Money, OutOfRange, PartialExitDocument, Points, PositionDocument, PositionSide, Price,
    Quantity, Rounding,
};

/// Profit and points may differ by so much through rounding; by more, the entry was another one.
const ROUNDING: &str = "0.000001";

/// One closing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// When the trade was entered, ms.
    pub entry_time: i64,
    /// What the closed part was entered at.
    pub entry_price: Price,
    /// When it was closed, ms.
    pub exit_time: i64,
    /// At what price, on average.
    pub exit_price: Price,
    /// Why.
    pub exit_reason: ExitReason,
    /// From the entry to the target this closing belongs to; for other exits to the next target then. None when there was
    /// no target left.
    pub tp_pts: Option<Points>,
    /// From the initial stop to the entry.
    pub sl_pts: Option<Points>,
    /// From entry to exit, with the sign of a profit.
    pub pnl_pts: Points,
    /// What that earned, before costs.
    pub pnl: Money,
    /// The currency of money here.
    pub currency: String,
    /// The instrument.
    pub symbol: String,
    /// The side.
    pub side: PositionSide,
    /// How much was closed.
    pub quantity: Quantity,
    /// Its share of the trade's fees.
    pub fees: Money,
}

/// The rows of one closed trade, in the order of its exits.
///
/// # Errors
/// [`OutOfRange`] when an amount does not fit.
pub fn rows(document: &PositionDocument, course: Option<&Course>) -> Result<Vec<Row>, OutOfRange> {
    let mut fees_left = document.fees;
    let last = document.partial_exits.len().saturating_sub(1);
    let mut rows = Vec::with_capacity(document.partial_exits.len());
    for (index, exit) in document.partial_exits.iter().enumerate() {
        let share = document.fees.pro_rata(exit.quantity_closed, document.original_quantity, Rounding::Nearest)?;
        let fees = if index == last { fees_left } else { share };
        fees_left = fees_left.minus(fees)?;
        rows.push(row(document, course, exit, &document.partial_exits[..index], fees)?);
    }
    Ok(rows)
}

fn row(
    document: &PositionDocument,
    course: Option<&Course>,
    exit: &PartialExitDocument,
    before: &[PartialExitDocument],
    fees: Money,
) -> Result<Row, OutOfRange> {
    let side = document.side;
    let entry_price = entry_of(document, exit)?;
    let target = course.and_then(|course| target_of(course, exit, before));
    Ok(Row {
        entry_time: document.entry_time,
        entry_price,
        exit_time: exit.exit_time,
        exit_price: exit.exit_price,
        exit_reason: exit.reason,
        tp_pts: target.map(|target| side.gain(entry_price, target)),
        sl_pts: course.and_then(|course| course.initial_stop).map(|stop| side.gain(stop, entry_price)),
        pnl_pts: side.gain(entry_price, exit.exit_price),
        pnl: exit.profit,
        currency: document.currency.clone(),
        symbol: document.symbol.clone(),
        side,
        quantity: exit.quantity_closed,
        fees,
    })
}

/// The entry that explains the profit: the document's, unless the position was added to after this closing.
fn entry_of(document: &PositionDocument, exit: &PartialExitDocument) -> Result<Price, OutOfRange> {
    let side = document.side;
    let explained = side.gain(document.entry_price, exit.exit_price).value(exit.quantity_closed)?;
    let apart = exit.profit.minus(explained)?;
    let rounding = ROUNDING.parse().expect("a constant of this file is money");
    if apart.max(apart.negated()?) <= rounding {
        return Ok(document.entry_price);
    }
    let proceeds = exit.exit_price.notional(exit.quantity_closed)?;
    let cost = match side {
        PositionSide::Long => proceeds.minus(exit.profit)?,
        PositionSide::Short => proceeds.plus(exit.profit)?,
    };
    cost.per(exit.quantity_closed, Rounding::Nearest)
}

fn target_of(course: &Course, exit: &PartialExitDocument, before: &[PartialExitDocument]) -> Option<Price> {
    let behind = before.iter().filter_map(|exit| exit.tp_level).max().unwrap_or(0);
    let found = course.targets.iter().find(|(level, _)| match exit.tp_level {
        Some(own) => *level == own,
        None => *level > behind,
    });
    found.map(|(_, price)| *price)
}
