//! What else happens to a position of the demonstration than its opening, and what of it has been done. Doing it is
//! `hand`'s.

use crate::paper::Seat;
use backstop_model::plan::StopLoss;
use backstop_model::{Adopt, Price, Quantity, Ratio, Span, Timestamp};
use backstop_sim as sim;

/// What makes a position of the demonstration more than an opening.
#[derive(Clone, Debug)]
pub struct Script {
    /// How Backstop treats it: as its own, or as a stranger's.
    pub adopt: Adopt,
    /// The stop of a stranger's position.
    pub hard_stop: Option<StopLoss>,
    /// What the hands do later, in order.
    pub later: Vec<Later>,
    /// So many stops the venue refuses first.
    pub refused_stops: u32,
    /// Whose exchange it is opened at, and how positions are kept there.
    pub seat: Seat,
}

impl Default for Script {
    fn default() -> Self {
        Self { adopt: Adopt::Plan, hard_stop: None, later: Vec::new(), refused_stops: 0, seat: Seat::plain() }
    }
}

/// One thing done later.
#[derive(Clone, Copy, Debug)]
pub struct Later {
    /// When.
    pub when: When,
    /// What.
    pub what: Act,
}

/// When something is done.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// So long after the opening.
    After(Span),
    /// When the position loses this share of its first entry.
    Losing(Ratio),
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// So much is added.
    Add(Quantity),
    /// All of it is closed, behind Backstop's back.
    Close,
}

/// What the hands of a player have done so far, as its venue remembers it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// When and where it was opened.
    pub opened: Option<(Timestamp, Price)>,
    /// How many of the later things have been done.
    pub later: usize,
}

impl Done {
    /// Read off the venue's ledger: what people do there has order names that begin with `web-`.
    #[must_use]
    pub fn of(exchange: &sim::Exchange) -> Self {
        let by_hand = exchange.ledger().fills().iter().filter(|fill| fill.client_id.starts_with("web-"));
        let mut orders: Vec<u64> = by_hand.clone().map(|fill| fill.order_id).collect();
        orders.dedup();
        let first = exchange.ledger().fills().iter().find(|fill| fill.client_id.starts_with("web-"));
        Self { opened: first.map(|fill| (fill.at, fill.price)), later: orders.len().saturating_sub(1) }
    }
}
