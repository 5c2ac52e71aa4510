//! Entries of a process that is gone, whose records are lost (F-M13): nobody remembers that they were sent, and the operator, who
//! has had no answer, asks for one once more. While the first request has not arrived no question finds it (R3, R4).

use crate::storm::stage::ME;
use backstop_core::orders::EntryName;
use backstop_model::{ClientOrderId, NewOrder};
use backstop_venues::paper::PaperVenue;
use std::collections::BTreeSet;

/// What has left, before the newest start and since.
#[derive(Debug, Default)]
pub struct Forgotten {
    before: BTreeSet<ClientOrderId>,
    since: BTreeSet<ClientOrderId>,
}

impl Forgotten {
    /// A process starts from what its disk holds.
    pub fn booted(&mut self) {
        self.before.append(&mut self.since);
    }

    /// An order leaves. Whether it is an entry that a process before has sent as well, and that the venue does not have yet.
    pub fn leaves(&mut self, order: &NewOrder, venue: &PaperVenue) -> bool {
        if EntryName::read(&order.id).is_none() {
            return false;
        }
        self.since.insert(order.id);
        let arrived = venue.exchange().ledger().orders_of(ME, order.id.as_str()).next().is_some();
        self.before.contains(&order.id) && !arrived
    }
}
