//! The rows of the trade log (product.md §4): one for every closing of a trade, so that points and money are exact.
//!
//! A row's points are exit less entry in the direction of the position; its money is the gross profit of that closing.
//! Fees belong to the trade as a whole: each row shows its share by quantity, and the rows of a trade add up to the fees.

use backstop_model::{
    Course, ExitReason, Money, OutOfRange, PartialExitDocument, Points, PositionDocument, PositionSide, Price,
    Quantity, Ratio, Rounding,
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
    let earned = exit.profit.in_points(document.value_per_point.unwrap_or(Ratio::ONE), Rounding::Nearest)?;
    let apart = earned.minus(explained)?;
    let rounding = ROUNDING.parse().expect("a constant of this file is money");
    if apart.max(apart.negated()?) <= rounding {
        return Ok(document.entry_price);
    }
    let proceeds = exit.exit_price.notional(exit.quantity_closed)?;
    let cost = match side {
        PositionSide::Long => proceeds.minus(earned)?,
        PositionSide::Short => proceeds.plus(earned)?,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn the_last_row_of_a_trade_takes_what_rounding_leaves_of_its_fees() {
        let exit = r#"{"tp_level":null,"reason":"manual","exit_time":2,"exit_price":"51000","quantity_closed":"0.1",
            "profit":"100","profit_pct":"2","new_stop_loss":null}"#;
        let trade = format!(
            r#"{{"position_id":"p-1","tranche":1,"symbol":"BTCUSDT","side":"long","plan":"swing","entry_time":1,
            "entry_price":"50000","original_quantity":"0.3","current_quantity":"0","tp_levels_hit":[],"next_tp_level":null,
            "next_tp_price":null,"remaining_pct":"0","average_exit_price":"51000","current_stop_loss":null,
            "best_price":null,"exit_time":2,"exit_reason":"manual","fees":"1","funding":"0","realized_pnl":"299",
            "currency":"USDT","partial_exits":[{exit},{exit},{exit}]}}"#
        );
        let made = rows(&serde_json::from_str(&trade).unwrap(), None).unwrap();
        let fees: Vec<String> = made.iter().map(|row| row.fees.to_string()).collect();
        assert_eq!(fees, ["0.333333333333333333", "0.333333333333333333", "0.333333333333333334"]);
    }
}
