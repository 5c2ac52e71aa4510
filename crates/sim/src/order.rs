//! One order as the venue keeps it: what was asked, what has become of it, and every state it has been in.
//!
//! A conditional order and the order it brings alive are **one** record under one client id: while it waits its status is
//! New, then Triggering and Triggered, and from there it goes on like any order; a limit order that a trigger brought alive
//! is New once more, and rests. The engine's half has an id of its own, `child_id` (venues/binance.md §0 fact 2, F-C12).

use crate::report::{Cause, OrderView, Status};
use crate::request::{Amount, Kind, Place, Slot};
use crate::sparse::is_default;
use backstop_model::{Money, OutOfRange, Price, Quantity, Rounding, Timestamp};
use serde::{Deserialize, Serialize};

/// An order the venue has accepted at some time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Order {
    /// The venue's id; ascending with age over all accounts.
    pub id: u64,
    /// Whose.
    pub account: String,
    /// What was asked, with amendments.
    pub place: Place,
    /// The slot it works on.
    pub slot: Slot,
    /// Whether it can only shrink a position: reduce-only, close-position, or the closing side of a hedge slot.
    pub closes: bool,
    /// How much it works for now; absent for close-position orders that have not triggered.
    pub quantity: Option<Quantity>,
    /// Where it stands.
    pub status: Status,
    /// Why it ended or changed last, where there is something to say.
    pub cause: Option<Cause>,
    /// Set when it is the venue's own order: liquidation, auto-deleveraging, settlement.
    pub forced: Option<Cause>,
    /// Executed so far.
    pub executed: Quantity,
    /// Σ price × quantity of what was executed.
    pub paid: Money,
    /// The engine's id of the market order that a trigger brought alive.
    pub child_id: Option<u64>,
    /// Where a trailing order stands.
    pub trail: Option<Trail>,
    /// How many executions it has had.
    pub parts: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Every state it has been in, oldest first.
    pub history: Vec<Change>,
    /// Whether it is bound to a position.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bound: Bound,
    /// From which side its trigger price is reached.
    #[serde(default, skip_serializing_if = "is_default")]
    pub approach: Approach,
    /// The client id it executes under once triggered, where the venue made up another one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub child_client_id: Option<String>,
}

/// Whether an order belongs to a position.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Bound {
    /// It stands for itself, and may outlive the position it was meant for.
    #[default]
    Free,
    /// It belongs to the position and can only close it.
    ToPosition,
}

/// From which side a trigger price is reached.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Approach {
    /// From the side that a stop or target has the market on.
    #[default]
    Asked,
    /// From the other one: the market had passed it, and has to come back (venues/bitget.md §7).
    Reversed,
}

/// What an order works on, as found out when it was placed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub slot: Slot,
    pub closes: bool,
    pub quantity: Option<Quantity>,
    pub bound: Bound,
    pub approach: Approach,
}

impl Terms {
    /// A free order reached from the side it asks for.
    pub const fn free(slot: Slot, closes: bool, quantity: Option<Quantity>) -> Self {
        Self { slot, closes, quantity, bound: Bound::Free, approach: Approach::Asked }
    }
}

/// One step in an order's life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The status from then on.
    pub status: Status,
    /// Executed by then.
    pub executed: Quantity,
    /// Why, where there is something to say.
    pub cause: Option<Cause>,
}

/// Where a trailing order stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Trail {
    /// Whether the activation price has been reached.
    pub active: bool,
    /// The best price since it was placed: highest for a sell, lowest for a buy.
    pub best: Option<Price>,
}

impl Order {
    /// What is still to be executed; absent while a close-position order waits.
    #[must_use]
    pub fn remaining(&self) -> Option<Quantity> {
        self.quantity.map(|quantity| quantity.saturating_minus(self.executed))
    }

    /// Whether it can still trade.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status.is_open()
    }

    /// Whether it rests in the book: an open limit order.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        self.is_open() && !self.place.kind.is_conditional()
    }

    /// Whether it waits for its condition.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.status == Status::New && self.place.kind.is_conditional()
    }

    /// Its limit price, for limit orders.
    #[must_use]
    pub const fn limit(&self) -> Option<Price> {
        match self.place.kind {
            Kind::Limit { price, .. } => Some(price),
            Kind::Market
            | Kind::StopMarket { .. }
            | Kind::TakeProfitLimit { .. }
            | Kind::TakeProfitMarket { .. }
            | Kind::Trailing { .. } => None,
        }
    }

    /// Whether it is a whole-position order.
    #[must_use]
    pub fn is_close_position(&self) -> bool {
        self.place.amount == Amount::ClosePosition
    }

    /// Takes the next status and notes it in the history.
    pub(crate) fn turn(&mut self, at: Timestamp, status: Status, cause: Option<Cause>) {
        self.status = status;
        self.cause = cause;
        self.history.push(Change { at, status, executed: self.executed, cause });
    }

    /// Books one execution: status Filled when nothing is left.
    pub(crate) fn book(&mut self, at: Timestamp, quantity: Quantity, price: Price) -> Result<(), OutOfRange> {
        let paid = self.paid.plus(price.notional(quantity)?)?;
        self.executed = self.executed.plus(quantity)?;
        self.paid = paid;
        self.parts += 1;
        let left = self.remaining().is_some_and(|left| !left.is_zero());
        self.turn(at, if left { Status::PartiallyFilled } else { Status::Filled }, None);
        Ok(())
    }

    /// What the venue tells of it.
    #[must_use]
    pub fn view(&self) -> OrderView {
        OrderView {
            client_id: self.place.client_id.clone(),
            order_id: self.id,
            child_id: self.child_id,
            child_client_id: self.child_client_id.clone(),
            bound: self.bound,
            symbol: self.place.symbol.clone(),
            side: self.place.side,
            position_side: self.place.position_side,
            amount: self.place.amount,
            quantity: self.quantity,
            kind: self.place.kind,
            reduce_only: self.place.reduce_only,
            status: self.status,
            cause: self.cause.or(self.forced),
            executed: self.executed,
            average: self.paid.per(self.executed, Rounding::Nearest).ok(),
            trail: self.trail,
            created_at: self.created_at,
            updated_at: self.history.last().map_or(self.created_at, |change| change.at),
        }
    }

    /// What a read replica that stopped at `at` tells of it; absent when it did not exist yet (F-A08).
    #[must_use]
    pub fn view_as_of(&self, at: Timestamp) -> Option<OrderView> {
        let seen = self.history.iter().rev().find(|change| change.at <= at)?;
        let mut view = self.view();
        view.status = seen.status;
        view.executed = seen.executed;
        view.cause = seen.cause.or(self.forced);
        view.average = view.average.filter(|_| !seen.executed.is_zero());
        view.updated_at = seen.at;
        Some(view)
    }
}
