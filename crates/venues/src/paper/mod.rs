//! The paper venue: live or recorded prices in, the simulated exchange behind, its ledger in a file of its own.
//!
//! Like a real exchange it writes its ledger before it acknowledges anything, and its market time stands still while it
//! is down. Orders here are the exchange's own; the engine learns of them by the same events as everywhere.

mod decode;
mod encode;
mod ledger;
mod refusal;

pub use ledger::{LedgerFailure, LedgerFile};

use crate::{Venue, VenueFailure};
use backstop_model::{
    AccountId, Answer, Asked, Command, Event, InstrumentId, Lookup, Name, OrderReport, Outcome, PositionSide, Prices,
    Quantity, Snapshot, Span, Symbol, Timestamp, UnknownCause,
};
use backstop_sim as sim;
use std::collections::BTreeMap;

/// Validity of every request, as short as an exit engine keeps it (R5).
pub const REQUEST_VALIDITY: Span = Span::from_secs(3);

/// The simulated exchange, spoken to in Backstop's words.
pub struct PaperVenue {
    exchange: sim::Exchange,
    ledger: Option<LedgerFile>,
    names: Names,
    pending: BTreeMap<u64, Pending>,
    /// Executions up to this instant are known to the engine; only newer ones are read back in a snapshot.
    known_until: Timestamp,
    dirty: bool,
}

/// Our numbers for the exchange's names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    accounts: BTreeMap<AccountId, Name>,
    instruments: BTreeMap<InstrumentId, Symbol>,
}

impl Names {
    pub(crate) fn account(&self, name: &str) -> Option<AccountId> {
        self.accounts.iter().find(|(_, known)| known.as_str() == name).map(|(id, _)| *id)
    }

    pub(crate) fn instrument(&self, symbol: &str) -> Option<InstrumentId> {
        self.instruments.iter().find(|(_, known)| known.as_str() == symbol).map(|(id, _)| *id)
    }

    pub(crate) fn symbol(&self, id: InstrumentId) -> &str {
        self.instruments.get(&id).map_or("", Symbol::as_str)
    }
}

/// A request whose answer is awaited.
enum Pending {
    Order {
        account: AccountId,
        instrument: InstrumentId,
        id: backstop_model::ClientOrderId,
        asked: Asked,
        sent_at: Timestamp,
    },
    Query {
        account: AccountId,
        instrument: InstrumentId,
        id: backstop_model::ClientOrderId,
    },
    QueryFills {
        account: AccountId,
        instrument: InstrumentId,
        id: backstop_model::ClientOrderId,
        found: Option<Box<OrderReport>>,
        at: Timestamp,
    },
    Snapshot {
        account: AccountId,
    },
    SnapshotFills {
        view: Box<Snapshot>,
    },
}

impl PaperVenue {
    /// The venue around an exchange. With a ledger file everything acknowledged is written there first.
    #[must_use]
    pub fn new(exchange: sim::Exchange, ledger: Option<LedgerFile>, known_until: Timestamp) -> Self {
        Self { exchange, ledger, names: Names::default(), pending: BTreeMap::new(), known_until, dirty: true }
    }

    /// Says which account of the exchange a number stands for.
    pub fn name_account(&mut self, id: AccountId, name: Name) {
        self.names.accounts.insert(id, name);
    }

    /// Says which market of the exchange a number stands for.
    pub fn name_instrument(&mut self, id: InstrumentId, symbol: Symbol) {
        self.names.instruments.insert(id, symbol);
    }

    /// The exchange, for looking at its truth.
    #[must_use]
    pub fn exchange(&self) -> &sim::Exchange {
        &self.exchange
    }

    /// The market moves.
    pub fn quote(&mut self, now: Timestamp, instrument: InstrumentId, prices: Prices) {
        let symbol = self.names.symbol(instrument);
        // A market that is not listed is a mistake of the caller's that shows at once: nothing ever fills there.
        let _ = self.exchange.quote(now, symbol, prices);
    }

    /// Somebody opens a position by hand at the venue.
    ///
    /// # Errors
    /// The exchange's own words when it refuses.
    pub fn open_by_hand(
        &mut self,
        now: Timestamp,
        account: AccountId,
        instrument: InstrumentId,
        side: PositionSide,
        quantity: Quantity,
    ) -> Result<(), VenueFailure> {
        let name = self.names.accounts.get(&account).map_or("", Name::as_str).to_owned();
        let symbol = self.names.symbol(instrument).to_owned();
        let action = sim::HandAction::Open { symbol, side, quantity };
        self.dirty = true;
        self.exchange.by_hand(now, &name, action).map_err(|refused| {
            VenueFailure(format!("the paper venue refuses to open: {} ({})", refused.text, refused.code))
        })
    }

    /// Somebody closes a position by hand at the venue.
    ///
    /// # Errors
    /// The exchange's own words when it refuses.
    pub fn close_by_hand(
        &mut self,
        now: Timestamp,
        account: AccountId,
        instrument: InstrumentId,
        side: PositionSide,
    ) -> Result<(), VenueFailure> {
        let name = self.names.accounts.get(&account).map_or("", Name::as_str).to_owned();
        let symbol = self.names.symbol(instrument).to_owned();
        self.dirty = true;
        self.exchange.by_hand(now, &name, sim::HandAction::Close { symbol, side }).map_err(|refused| {
            VenueFailure(format!("the paper venue refuses to close: {} ({})", refused.text, refused.code))
        })
    }

    /// Writes where the market is, so that it goes on from there. Not synced: losing it repeats prices, nothing else.
    ///
    /// # Errors
    /// [`VenueFailure`] naming the file.
    pub fn note_cursor(&mut self, cursor: u64) -> Result<(), VenueFailure> {
        match &mut self.ledger {
            Some(ledger) => ledger.note_cursor(cursor).map_err(|failure| VenueFailure(failure.to_string())),
            None => Ok(()),
        }
    }

    fn ask(&mut self, now: Timestamp, account: AccountId, ask: sim::Ask, pending: Pending) {
        let name = self.names.accounts.get(&account).map_or("", Name::as_str).to_owned();
        let ticket = self.exchange.request(now, &name, sim::Request { sent_at: now, valid_for: REQUEST_VALIDITY, ask });
        self.pending.insert(ticket.0, pending);
    }

    fn deliver(&mut self, delivery: sim::Delivery, events: &mut Vec<Event>) {
        match delivery.body {
            sim::Body::Stream(event) => decode::stream(&self.names, &delivery.account, event, events),
            sim::Body::Response { ticket, reply } => {
                // Answers to requests of an earlier life are nobody's: the engine has asked what became of them.
                if let Some(pending) = self.pending.remove(&ticket.0) {
                    self.respond(delivery.at, pending, reply, events);
                }
            }
        }
    }

    fn respond(&mut self, at: Timestamp, pending: Pending, reply: sim::Reply, events: &mut Vec<Event>) {
        match pending {
            Pending::Order { account, instrument, id, asked, sent_at } => {
                let outcome = outcome(reply);
                events.push(Event::Answer(Answer { account, instrument, id, asked, outcome, sent_at }));
            }
            Pending::Query { account, instrument, id } => {
                let found = match reply {
                    sim::Reply::Result(sim::Answer::Order(view)) => decode::order(&self.names, account, &view),
                    sim::Reply::Refused(refused) if refused.code == sim::refusal::NO_SUCH_ORDER.0 => None,
                    // No answer proves nothing: the engine asks again.
                    sim::Reply::Result(_)
                    | sim::Reply::Refused(_)
                    | sim::Reply::HttpError { .. }
                    | sim::Reply::Lost => return,
                };
                self.ask(
                    at,
                    account,
                    sim::Ask::Fills { since: 0 },
                    Pending::QueryFills { account, instrument, id, found: found.map(Box::new), at },
                );
            }
            Pending::QueryFills { account, instrument, id, found, at } => {
                let sim::Reply::Result(sim::Answer::Fills(fills)) = reply else { return };
                let mine = fills.iter().filter(|fill| fill.client_id == id.as_str());
                let fills = mine.filter_map(|fill| decode::fill(&self.names, fill)).collect();
                events.push(Event::Lookup(Lookup {
                    account,
                    instrument,
                    id,
                    found: found.map(|found| *found),
                    fills,
                    server_time: at,
                }));
            }
            Pending::Snapshot { account } => {
                let sim::Reply::Result(sim::Answer::Snapshot(view)) = reply else { return };
                let view = Box::new(decode::snapshot(&self.names, account, &view));
                self.ask(at, account, sim::Ask::Fills { since: 0 }, Pending::SnapshotFills { view });
            }
            Pending::SnapshotFills { mut view } => {
                let sim::Reply::Result(sim::Answer::Fills(fills)) = reply else { return };
                let recent = fills.iter().filter(|fill| fill.at >= self.known_until);
                view.fills = recent.filter_map(|fill| decode::fill(&self.names, fill)).collect();
                events.push(Event::Snapshot(*view));
            }
        }
    }
}

/// What became of an order request (venues/binance.md §4): definite, or unknown. Unlisted is unknown.
fn outcome(reply: sim::Reply) -> Outcome {
    match reply {
        sim::Reply::Result(sim::Answer::Order(view)) => {
            decode::venue_id(view.order_id).map_or(Outcome::Unknown(UnknownCause::Unreadable), Outcome::Accepted)
        }
        sim::Reply::Result(_) => Outcome::Unknown(UnknownCause::Unreadable),
        sim::Reply::Refused(refused) => refusal::outcome(&refused),
        sim::Reply::HttpError { status, body, .. } => refusal::http(status, &body),
        sim::Reply::Lost => Outcome::Unknown(UnknownCause::TimedOut),
    }
}

impl Venue for PaperVenue {
    fn submit(&mut self, now: Timestamp, command: &Command) {
        let account = command.account();
        let pending = |instrument, id, asked| Pending::Order { account, instrument, id, asked, sent_at: now };
        match command {
            Command::Place(order) => {
                let one_way = self
                    .exchange
                    .view(self.names.accounts.get(&account).map_or("", Name::as_str), now)
                    .is_none_or(|view| view.mode == backstop_model::PositionMode::OneWay);
                let ask = encode::place(&self.names, order, one_way);
                self.ask(now, account, ask, pending(order.instrument, order.id, Asked::Place));
            }
            Command::Amend { instrument, id, trigger, quantity, .. } => {
                self.ask(now, account, encode::amend(*id, trigger, *quantity), pending(*instrument, *id, Asked::Amend));
            }
            Command::Cancel { instrument, id, .. } => {
                let ask = sim::Ask::Cancel { client_id: id.to_string() };
                self.ask(now, account, ask, pending(*instrument, *id, Asked::Cancel));
            }
            Command::Lookup { instrument, id, .. } => {
                let ask = sim::Ask::Query { client_id: id.to_string() };
                self.ask(now, account, ask, Pending::Query { account, instrument: *instrument, id: *id });
            }
            Command::Snapshot { .. } => self.ask(now, account, sim::Ask::Snapshot, Pending::Snapshot { account }),
        }
    }

    fn poll(&mut self, now: Timestamp) -> Result<Vec<Event>, VenueFailure> {
        let mut events = Vec::new();
        let deliveries = self.exchange.advance(now);
        self.dirty |= !deliveries.is_empty();
        if self.dirty
            && let Some(ledger) = &mut self.ledger
        {
            ledger.write(&self.exchange).map_err(|failure| VenueFailure(failure.to_string()))?;
        }
        self.dirty = false;
        for delivery in deliveries {
            self.deliver(delivery, &mut events);
        }
        Ok(events)
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.exchange.next_due()
    }
}
