//! What is asked of a deal, or of a deal that is to be opened, and the words that end it.

use super::Which;
use crate::paper::names::Names;
use backstop_model::{
    AccountId, Answer, Asked, ClientOrderId, Command, DealId, Event, InstrumentId, NewOrder, OrderKind, OrderQuantity,
    OrderReport, OrderSide, OrderStatus, Outcome, Price, Quantity, Symbol, TimeInForce, Timestamp, UnknownCause,
    VenueOrderId,
};

/// The venue's name for a deal.
pub(in crate::paper) fn deal_id(origin: u64) -> Option<DealId> {
    DealId::new(&origin.to_string()).ok()
}

/// The id a deal was opened under.
pub(in crate::paper) fn origin_of(deal: DealId) -> Option<u64> {
    deal.as_str().parse().ok()
}

/// What a request is about: one is under way for each at a time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::paper) enum Subject {
    /// A deal, by the id it was opened under.
    Deal(u64),
    /// A deal that is to be opened.
    Opening(ClientOrderId),
}

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Close { quantity: Quantity, limit: Option<Price> },
    Level { which: Which, to: Price, guaranteed: bool },
    Open { side: OrderSide, quantity: Quantity, limit: Option<Price>, stop: Option<Price> },
    Remove,
}

/// One command of the core's about a deal.
#[derive(Clone, Copy, Debug)]
pub(in crate::paper) struct Job {
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
    pub(super) symbol: Symbol,
    pub(super) subject: Subject,
    pub(super) id: ClientOrderId,
    pub(super) asked: Asked,
    pub(super) what: What,
}

impl Job {
    /// The job of a command; absent when the command names no deal or asks for what deals do not have.
    pub fn of(command: &Command, names: &Names) -> Option<Self> {
        let (asked, id, deal, what) = match command {
            Command::Amend { id, deal, trigger, .. } => (
                Asked::Amend,
                *id,
                *deal,
                What::Level { which: Which::Stop, to: trigger.price, guaranteed: trigger.guaranteed },
            ),
            Command::Cancel { id, deal, .. } => (Asked::Cancel, *id, *deal, What::Remove),
            Command::Place(order) => (Asked::Place, order.id, order.deal, placed(order)?),
            Command::Lookup { .. } | Command::Snapshot { .. } => return None,
        };
        let subject = match what {
            What::Open { .. } => Subject::Opening(id),
            What::Close { .. } | What::Level { .. } | What::Remove => Subject::Deal(origin_of(deal?)?),
        };
        let (account, instrument) = (command.account(), command.instrument()?);
        let symbol = *names.instruments.get(&instrument)?;
        Some(Self { account, instrument, symbol, subject, id, asked, what })
    }

    /// The deal, where there is one already.
    pub(super) const fn origin(&self) -> Option<u64> {
        match self.subject {
            Subject::Deal(origin) => Some(origin),
            Subject::Opening(_) => None,
        }
    }

    /// Whether that one moves the same order anew.
    pub(super) fn is_overtaken_by(&self, newer: &Self) -> bool {
        self.id == newer.id && (self.asked, newer.asked) == (Asked::Amend, Asked::Amend)
    }

    pub(super) fn answer(&self, outcome: Outcome, sent_at: Timestamp) -> Event {
        let Self { account, instrument, id, asked, .. } = *self;
        Event::Answer(Answer { account, instrument, id, asked, outcome, sent_at })
    }

    /// The venue names neither levels nor closings: they are known by our own id.
    pub(super) fn accepted(&self) -> Outcome {
        named(self.id).map_or(Outcome::Unknown(UnknownCause::Unreadable), Outcome::Accepted)
    }

    /// The last word on an order about a deal, or on an opening.
    pub(super) fn ended(&self, status: OrderStatus, filled: Quantity, side: OrderSide, at: Timestamp) -> Option<Event> {
        let quantity = match self.what {
            What::Close { quantity, .. } | What::Open { quantity, .. } => Some(quantity),
            What::Level { .. } | What::Remove => None,
        };
        Some(Event::Order(OrderReport {
            account: self.account,
            instrument: self.instrument,
            id: Some(self.id),
            venue_id: named(self.id)?,
            deal: self.origin().and_then(deal_id),
            side,
            status,
            quantity,
            filled,
            trigger: None,
            limit: None,
            at,
        }))
    }
}

fn named(id: ClientOrderId) -> Option<VenueOrderId> {
    VenueOrderId::new(id.as_str()).ok()
}

fn placed(order: &NewOrder) -> Option<What> {
    let quantity = match order.quantity {
        OrderQuantity::Exact(quantity) => Some(quantity),
        OrderQuantity::WholePosition => None,
    };
    if !order.reduce_only {
        // An opening stands now or not at all: working orders are not used (venues/ig.md §5).
        let limit = match order.kind {
            OrderKind::Limit { price, .. } => Some(price),
            OrderKind::Market => None,
            OrderKind::StopMarket(_) | OrderKind::TakeProfitMarket(_) | OrderKind::TrailingStop { .. } => return None,
        };
        let stop = order.attached_stop.map(|stop| stop.price);
        return Some(What::Open { side: order.side, quantity: quantity?, limit, stop });
    }
    match order.kind {
        OrderKind::StopMarket(trigger) => {
            Some(What::Level { which: Which::Stop, to: trigger.price, guaranteed: trigger.guaranteed })
        }
        OrderKind::TakeProfitMarket(trigger) => Some(target(trigger.price)),
        OrderKind::Limit { price, time_in_force: TimeInForce::ImmediateOrCancel } => {
            Some(What::Close { quantity: quantity?, limit: Some(price) })
        }
        OrderKind::Limit { price, .. } => Some(target(price)),
        OrderKind::Market => Some(What::Close { quantity: quantity?, limit: None }),
        OrderKind::TrailingStop { .. } => None,
    }
}

const fn target(to: Price) -> What {
    What::Level { which: Which::Limit, to, guaranteed: false }
}
