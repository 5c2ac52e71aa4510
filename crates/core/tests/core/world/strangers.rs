//! Orders of others in a script: they work at the venue, and every full read shows them.

use super::World;
use crate::builders::{self, ACCOUNT, BTC, price, quantity};
use backstop_model::{Event, OrderReport, OrderSide, OrderStatus, Quantity, VenueOrderId};

impl World {
    /// `his sell 0.1 @ 52000 working|canceled`: a limit order that is not ours.
    pub(super) fn foreign_limit(&mut self, words: &str) {
        let parts: Vec<&str> = words.split_whitespace().collect();
        self.stranger(OrderReport {
            account: ACCOUNT,
            instrument: BTC,
            id: None,
            venue_id: VenueOrderId::new(parts[0]).unwrap(),
            deal: None,
            side: if parts[1] == "sell" { OrderSide::Sell } else { OrderSide::Buy },
            status: if parts[5] == "working" { OrderStatus::Working } else { OrderStatus::Canceled },
            quantity: Some(quantity(parts[2])),
            filled: Quantity::ZERO,
            trigger: None,
            limit: Some(price(parts[4])),
            at: self.now,
        });
    }

    /// `his 0.1 @ 48000 working|canceled`: a sell stop that is not ours.
    pub(super) fn foreign_stop(&mut self, words: &str) {
        let parts: Vec<&str> = words.split_whitespace().collect();
        let his = builders::foreign_stop(parts[0], quantity(parts[1]), price(parts[3]), self.now);
        let status = if parts[4] == "working" { OrderStatus::Working } else { OrderStatus::Canceled };
        self.stranger(OrderReport { status, ..his });
    }

    /// An order that is not ours; while it works it stands in every full read.
    fn stranger(&mut self, report: OrderReport) {
        self.strangers.retain(|known| known.venue_id != report.venue_id);
        if report.status == OrderStatus::Working {
            self.strangers.push(report.clone());
        }
        self.handle(Event::Order(report));
    }
}
