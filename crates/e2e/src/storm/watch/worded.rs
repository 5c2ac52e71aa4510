//! For which position mode each order was worded when it left (F-D07).
//!
//! A request that is under way when the account's owner switches the mode arrives in words of the mode before. Where the
//! venue overlooks that (venues/bitget.md §15), what was to close opens: nobody who sent it could know. Orders that left after
//! the switch was heard of have no such excuse, unless the record of it is lost.

use crate::storm::life::Life;
use crate::storm::process::Process;
use crate::storm::switching;
use backstop_core::Engine;
use backstop_model::{ClientOrderId, Event, NewOrder, PositionMode};
use std::collections::BTreeMap;

/// What is known of modes.
#[derive(Debug)]
pub struct Worded {
    /// What every start is told.
    opened: PositionMode,
    /// The venue's mode now.
    now: PositionMode,
    /// What the engine has heard of it.
    heard: PositionMode,
    /// Whether it is switched in this life at all.
    is_tried: bool,
    orders: BTreeMap<ClientOrderId, PositionMode>,
}

impl Worded {
    /// As the life begins.
    pub fn of(life: &Life) -> Self {
        let is_tried = switching::is_tried(life);
        Self { opened: life.mode, now: life.mode, heard: life.mode, is_tried, orders: BTreeMap::new() }
    }

    /// The owner has switched it.
    pub const fn switched(&mut self) {
        self.now = match self.now {
            PositionMode::Hedge => PositionMode::OneWay,
            PositionMode::OneWay => PositionMode::Hedge,
            PositionMode::PerDeal => PositionMode::PerDeal,
        };
    }

    /// The engine takes an event in.
    pub fn hears(&mut self, event: &Event) {
        if let Event::Mode(told) = event {
            self.heard = told.mode;
        }
    }

    /// A process starts whose records have lost their end: it knows no more than they say, until it has read the account.
    pub fn goes_back(&mut self, process: &Process) {
        let recorded =
            process.engine().into_iter().flat_map(Engine::accounts).map(|account| account.position_mode).next();
        self.heard = recorded.unwrap_or(self.opened);
    }

    /// An order leaves.
    pub fn leaves(&mut self, order: &NewOrder) {
        if self.is_tried {
            self.orders.insert(order.id, self.heard);
        }
    }

    /// Whether an order was worded for another mode than the venue's.
    pub fn is_otherwise(&self, client_id: &str) -> bool {
        let id = ClientOrderId::new(client_id).ok();
        id.and_then(|id| self.orders.get(&id)).is_some_and(|mode| *mode != self.now)
    }
}
