//! Orders of a journal that is gone, under an id that is used once more (F-M13): what is told of such a one is not of ours.

use super::Position;
use crate::orders::{OpenOrder, OrderState};
use backstop_model::{OrderReport, OrderStatus};

impl Position {
    /// Whether an answer calls an order working that may have gone: another one that had its id, in a journal that is gone (F-M13),
    /// which was there before the one asked about was sent and has other terms; or a stop that a full read did not show, and of
    /// which nothing newer is said. The answer may be old (F-E15): a full read tells.
    pub(super) fn may_be_gone(&self, report: &OrderReport) -> bool {
        let Some(order) = self.index_of(report).map(|index| &self.orders[index]) else { return false };
        let OrderState::Unknown(doubt) = order.state else { return false };
        let another = report.at < doubt.sent_at && is_other(order, report);
        let unlisted = doubt.unlisted && order.leg.is_stop() && report.at < doubt.sent_at;
        report.status == OrderStatus::Working && (another || unlisted)
    }

    /// Whether what is told is how another order ended that had this id before, in a journal that is gone (F-M13).
    pub(super) fn is_namesake(&self, report: &OrderReport) -> bool {
        let Some(order) = self.index_of(report).map(|index| &self.orders[index]) else { return false };
        let known_at = match order.state {
            OrderState::Unknown(doubt) => doubt.sent_at,
            OrderState::Working { .. } => order.changed_at,
            OrderState::InFlight { .. } | OrderState::Over { .. } | OrderState::Triggered { .. } => return false,
        };
        let without = report.status.is_final() && report.filled.is_zero() && order.filled.is_zero();
        without && is_other(order, report) && report.at < known_at
    }
}

/// Whether what is told has other terms than ours.
fn is_other(order: &OpenOrder, report: &OrderReport) -> bool {
    report.quantity.is_some_and(|told| told != order.quantity && !order.whole)
        || report.trigger.is_some_and(|told| order.stop_price().is_some_and(|price| price != told.price))
}
