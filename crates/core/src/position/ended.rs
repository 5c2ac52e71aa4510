//! Orders that are over: what is told of them from before that is old, however late it is heard (F-B03, F-E16, I9).
//!
//! Only the newest few are remembered; what is older than these no venue repeats. What an order is while it lives is
//! `orders/open`.

use super::{Position, Tranche};
use crate::orders::{Leg, OpenOrder, OrderState};
use backstop_model::{ClientOrderId, OrderReport, Timestamp};
use serde::{Deserialize, Serialize};

/// Remembered at most; the oldest goes first.
const MOST: usize = 32;

/// An order that is over.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Ended {
    id: ClientOrderId,
    /// When it ended, by the venue's time.
    at: Timestamp,
}

/// Whether a close has waited for what this one has not executed: it goes over everything but another close (I28), and over that
/// where it has been given up.
pub(super) fn frees_a_close(order: &OpenOrder) -> bool {
    let given_up = matches!(order.state, OrderState::Unknown(doubt) if doubt.given_up);
    order.leg == Leg::Close && order.filled < order.quantity && !given_up
}

impl Position {
    /// Lets go of orders that are over, with every execution booked.
    pub(crate) fn let_go_of_settled(&mut self) {
        for order in self.orders.iter().filter(|order| order.is_settled()) {
            if let OrderState::Over { since } = order.state {
                self.ended.push(Ended { id: order.id, at: since });
            }
        }
        // What it had a claim to is free: a close that was too small alone may be larger now.
        if self.orders.iter().any(|order| order.is_settled() && frees_a_close(order)) {
            self.forget_smallness();
        }
        while self.ended.len() > MOST {
            self.ended.remove(0);
        }
        self.orders.retain(|order| !order.is_settled());
    }

    /// There is more to close than before.
    pub(super) fn forget_smallness(&mut self) {
        self.live.iter_mut().flat_map(|live| &mut live.tranches).for_each(Tranche::forget_smallness);
    }

    /// Whether this is from before the end of an order that is known to be over.
    pub(super) fn is_outlived(&self, report: &OrderReport) -> bool {
        self.ended.iter().any(|ended| Some(ended.id) == report.id && report.at <= ended.at)
    }
}
