//! The way back: answers and events on their way to clients, and what the network does to them.
//!
//! What they say is decided before; nothing here changes the ledger.

use crate::exchange::{Counters, Exchange};
use crate::faults::Fault;
use crate::habits::ConditionalHome;
use crate::report::{Body, Delivery, OrderView, PositionView, Reply, Status, StreamEvent};
use crate::request::{Slot, Ticket};
use backstop_model::Timestamp;

use crate::account::Holding;
use crate::report::Fill;

impl Exchange {
    /// Sends the answer to a request on its way.
    pub(crate) fn respond(&mut self, account: &str, ticket: Ticket, reply: Reply) {
        let now = self.now;
        if self.faults.strikes(Fault::DropResponse, now) {
            self.lose(now.plus(self.physics.latency.lost_after), account, ticket);
            return;
        }
        let mut at = now.plus(self.physics.latency.response.drawn(&mut self.dice));
        if self.faults.strikes(Fault::Delay, now) {
            let longest = self.faults.delay_up_to;
            at = at.plus(self.faults.dice().within(longest));
        }
        let body = Body::Response { ticket, reply };
        if self.faults.strikes(Fault::DuplicateResponse, now) {
            let again = at.plus(self.physics.latency.response.drawn(&mut self.dice));
            self.deliver(again, account, body.clone());
        }
        self.deliver(at, account, body);
    }

    /// No answer will come; the client learns it at `at`.
    pub(crate) fn lose(&mut self, at: Timestamp, account: &str, ticket: Ticket) {
        self.deliver(at, account, Body::Response { ticket, reply: Reply::Lost });
    }

    /// Sends an event on its way. Events of one account keep their order unless a fault strikes.
    pub(crate) fn publish(&mut self, account: &str, event: StreamEvent) {
        let now = self.now;
        if self.faults.strikes(Fault::SilentStall, now) || self.faults.strikes(Fault::EventDrop, now) {
            return;
        }
        let newest = self.streams.get(account).copied().unwrap_or(Timestamp::EPOCH);
        let way = self.physics.latency.stream.drawn(&mut self.dice);
        let mut at = now.plus(way).plus(self.habits.requests.events_late_by).max(newest);
        let longest = self.faults.event_delay_up_to;
        if self.faults.strikes(Fault::EventDelay, now) {
            at = at.plus(self.faults.dice().within(longest));
        }
        self.streams.insert(account.to_owned(), at);
        if self.faults.strikes(Fault::EventReorder, now) {
            at = at.plus(self.faults.dice().within(longest));
        }
        if self.faults.strikes(Fault::EventDuplicate, now) {
            let again = at.plus(self.faults.dice().within(longest));
            self.deliver(again, account, Body::Stream(event.clone()));
        }
        self.deliver(at, account, Body::Stream(event));
    }

    /// When the newest event of an account is heard, or was: until then its stream lags behind.
    #[must_use]
    pub fn stream_until(&self, account: &str) -> Timestamp {
        self.streams.get(account).copied().unwrap_or(Timestamp::EPOCH)
    }

    fn deliver(&mut self, at: Timestamp, account: &str, body: Body) {
        let number = Counters::next(&mut self.counters.due);
        self.outbox.insert((at, number), Delivery { at, account: account.to_owned(), body });
    }

    /// Tells an order's owner how it stands. Of deals only the deal itself is told.
    pub(crate) fn publish_order(&mut self, id: u64, fill: Option<Fill>) {
        let Some(order) = self.ledger.order(id) else { return };
        if matches!(order.slot, Slot::Deal(_)) {
            return;
        }
        let (account, view) = (order.account.clone(), self.as_told(order.view()));
        self.publish(
            &account,
            StreamEvent::OrderUpdate { at: self.now, order: Box::new(view), fill: fill.map(Box::new) },
        );
    }

    /// Tells an order's owner of a view under a status that stands for a moment only.
    pub(crate) fn publish_view(&mut self, id: u64, view: Option<OrderView>, status: Status) {
        let (Some(order), Some(view)) = (self.ledger.order(id), view) else { return };
        let (account, order) = (order.account.clone(), Box::new(OrderView { status, ..view }));
        self.publish(&account, StreamEvent::OrderUpdate { at: self.now, order, fill: None });
    }

    /// An order as this venue shows it.
    pub(crate) fn shown(&self, id: u64) -> Option<OrderView> {
        self.ledger.order(id).map(|order| self.as_told(order.view()))
    }

    /// Where conditional orders are ordinary ones, nobody sees them on their way from trigger to market.
    pub(crate) fn as_told(&self, view: OrderView) -> OrderView {
        match (self.habits.conditionals.home, view.status) {
            (ConditionalHome::Ordinary, Status::Triggered | Status::Triggering) => {
                OrderView { status: Status::New, ..view }
            }
            (ConditionalHome::Ordinary | ConditionalHome::OwnIds | ConditionalHome::SharedIds, _) => view,
        }
    }

    /// Tells an account how a slot stands. Deals are told of by `dealing`, once for each request.
    pub(crate) fn publish_position(&mut self, account: &str, symbol: &str, slot: Slot) {
        if matches!(slot, Slot::Deal(_)) {
            return;
        }
        let Some(owner) = self.ledger.account(account) else { return };
        let balance = owner.balance;
        let position = self.position_view(account, symbol, slot, owner.holding(symbol, slot), self.now);
        self.publish(account, StreamEvent::PositionUpdate { at: self.now, position, balance });
    }

    /// A slot as the venue shows it.
    pub(crate) fn position_view(
        &self,
        account: &str,
        symbol: &str,
        slot: Slot,
        holding: Holding,
        at: Timestamp,
    ) -> PositionView {
        let liquidation =
            if self.habits.liquidation { self.liquidation_price(account, symbol, slot, holding) } else { None };
        PositionView {
            symbol: symbol.to_owned(),
            slot,
            side: holding.side,
            quantity: holding.quantity,
            entry: holding.entry(),
            liquidation,
            updated_at: at,
            deal: None,
        }
    }
}
