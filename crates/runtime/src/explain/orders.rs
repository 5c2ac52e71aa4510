//! Which orders are meant, and what they are called for short.

use backstop_core::Engine;
use backstop_core::orders::{EntryName, Leg, Named};
use backstop_core::position::Position;
use backstop_model::{ClientOrderId, Command, Event, Outcome, PositionKey, PositionSide, VenueOrderId};
use backstop_store::Record;
use std::collections::BTreeSet;

/// What was asked about.
pub(super) enum Meant {
    /// One record.
    Record(u64),
    /// These orders; none when nothing bears the name.
    Orders(BTreeSet<ClientOrderId>),
}

impl Meant {
    /// Understands a record's number, a client id, a venue's id, a short name or the operator's name for an entry. A number that no record bears is looked
    /// for among the venue's ids.
    pub(super) fn read(records: &[Record], what: &str) -> Self {
        if let Ok(number) = what.parse::<u64>()
            && records.iter().any(|record| record.sequence == number)
        {
            return Self::Record(number);
        }
        let mut orders = BTreeSet::new();
        for record in records {
            let commanded = record.commands.iter().filter_map(|command| command.order());
            for id in commanded.chain(reported(&record.event)) {
                if id.as_str() == what || is_short_for(what, &id) {
                    orders.insert(id);
                }
            }
            orders.extend(under_venue_id(&record.event, what));
            if let Event::Enter(asked) = &record.event
                && asked.request.as_str() == what
            {
                orders.extend(record.commands.iter().filter_map(|command| command.order()));
            }
        }
        Self::Orders(orders)
    }

    /// Whether a record places, changes or hears of what is meant.
    pub(super) fn concerns(&self, record: &Record) -> bool {
        match self {
            Self::Record(number) => record.sequence == *number,
            Self::Orders(orders) => {
                let commanded = record.commands.iter().filter_map(|command| command.order());
                commanded.chain(reported(&record.event)).any(|id| orders.contains(&id))
            }
        }
    }

    /// Whether a command about this order is to be explained.
    pub(super) fn is_about(&self, order: Option<ClientOrderId>) -> bool {
        match self {
            Self::Record(_) => true,
            Self::Orders(orders) => order.is_some_and(|id| orders.contains(&id)),
        }
    }

    /// Whether moves of the stop belong to what was asked: of a record they do, and of orders that are stops themselves.
    pub(super) fn is_about_stops(&self) -> bool {
        self.orders().is_none_or(|orders| {
            let mut legs = orders.iter().filter_map(Named::read).map(|named| named.leg);
            legs.any(|leg| leg.is_stop() || leg == Leg::Trail)
        })
    }

    /// The orders, where orders were asked about.
    pub(super) const fn orders(&self) -> Option<&BTreeSet<ClientOrderId>> {
        match self {
            Self::Record(_) => None,
            Self::Orders(orders) => Some(orders),
        }
    }
}

/// What our order is called for short: leg and revision, and where it is not the usual one, tranche, incarnation and
/// side: `stop#2`, `TP1#1/t2`, `trail#1/e3/short`. A stranger's order has no short name.
#[must_use]
pub fn short_name(id: &ClientOrderId) -> Option<String> {
    if let Some(entry) = EntryName::read(id) {
        return Some(format!("entry#{}", entry.mark % 1_000_000));
    }
    let named = Named::read(id)?;
    let side = if named.side == PositionSide::Short { "/short" } else { "" };
    let tranche = if named.tranche.0 > 1 { format!("/t{}", named.tranche.0) } else { String::new() };
    let epoch = if named.epoch.0 > 1 { format!("/e{}", named.epoch.0) } else { String::new() };
    Some(format!("{}#{}{tranche}{epoch}{side}", named.leg, named.revision).replace(' ', "-"))
}

/// Whether a short name stands for this order: its leg and revision, and whatever else is said.
fn is_short_for(what: &str, id: &ClientOrderId) -> bool {
    let Some(short) = short_name(id).filter(|_| what.contains('#')) else { return false };
    let parts: Vec<&str> = short.split('/').collect();
    let mut asked = what.split('/');
    asked.next().is_some_and(|leg| leg.eq_ignore_ascii_case(parts[0])) && asked.all(|part| parts[1..].contains(&part))
}

/// The order an event is about. A full read speaks of all orders and is about none.
fn reported(event: &Event) -> Option<ClientOrderId> {
    match event {
        Event::Snapshot(_) => None,
        event => named(event).into_iter().find_map(|(_, client)| client),
    }
}

/// The client ids of the orders that the venue calls so in this event.
fn under_venue_id(event: &Event, what: &str) -> Vec<ClientOrderId> {
    let called = |venue: Option<VenueOrderId>| venue.is_some_and(|venue| venue.as_str() == what);
    named(event).into_iter().filter(|(venue, _)| called(*venue)).filter_map(|(_, client)| client).collect()
}

/// The orders an event speaks of, by the names it has for them.
fn named(event: &Event) -> Vec<(Option<VenueOrderId>, Option<ClientOrderId>)> {
    match event {
        Event::Answer(answer) => match &answer.outcome {
            Outcome::Accepted(venue) => vec![(Some(*venue), Some(answer.id))],
            Outcome::Refused(_) | Outcome::Unknown(_) => vec![(None, Some(answer.id))],
        },
        Event::Fill(fill) => vec![(Some(fill.venue_order), fill.order)],
        Event::Annulled(annulled) => vec![(Some(annulled.fill.venue_order), annulled.fill.order)],
        Event::Lookup(lookup) => vec![(lookup.found.as_ref().map(|order| order.venue_id), Some(lookup.id))],
        Event::Order(report) => vec![(Some(report.venue_id), report.id)],
        Event::Snapshot(read) => read.orders.iter().map(|order| (Some(order.venue_id), order.id)).collect(),
        Event::AssignPlan { .. }
        | Event::BreakEven { .. }
        | Event::CancelEntry { .. }
        | Event::Candles { .. }
        | Event::Close { .. }
        | Event::Depth(_)
        | Event::Drill { .. }
        | Event::ClosePart { .. }
        | Event::DefineAccount(_)
        | Event::DefineInstrument(_)
        | Event::DefinePlan { .. }
        | Event::Enter(_)
        | Event::Funding(_)
        | Event::MarginCall(_)
        | Event::Mode(_)
        | Event::NextClose { .. }
        | Event::Pause { .. }
        | Event::Permit { .. }
        | Event::Position(_)
        | Event::SessionEnds { .. }
        | Event::SymbolPlan { .. }
        | Event::Tick(_)
        | Event::Wake => Vec::new(),
    }
}

/// The position that an order of ours belongs to.
pub(super) fn position_of(engine: &Engine, command: &Command, id: &ClientOrderId) -> Option<PositionKey> {
    engine.owner_of(command.account(), command.instrument()?, *id)
}

/// Whether an order of ours is one of this position's.
pub(super) fn belongs(position: &Position, id: &ClientOrderId) -> bool {
    Named::read(id).is_some_and(|named| named.scope == position.scope && named.side == position.key.side)
}
