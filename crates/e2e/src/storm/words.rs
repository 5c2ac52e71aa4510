//! Commands and events on one line each, for people who read a story.

use backstop_core::orders::{EntryName, Named};
use backstop_model::{
    Answer, ClientOrderId, Command, Event, NewOrder, OrderKind, OrderQuantity, OrderReport, Outcome, Price, Quantity,
    Snapshot,
};
use std::fmt::{self, Display, Formatter};

/// Something on one line.
pub struct Line<'t, T>(pub &'t T);

impl Display for Line<'_, Command> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Command::Place(order) => write!(f, "place {}", Line(order)),
            Command::Amend { id, trigger, quantity, .. } => {
                write!(f, "amend {} to {quantity} @ {} {}", Id(id), trigger.price, trigger.source.word())
            }
            Command::Cancel { id, .. } => write!(f, "cancel {}", Id(id)),
            Command::Lookup { id, .. } => write!(f, "look up {}", Id(id)),
            Command::Snapshot { cause, .. } => write!(f, "look at everything ({cause:?})"),
        }
    }
}

impl Display for Line<'_, NewOrder> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let order = self.0;
        write!(f, "{} {} ", Id(&order.id), order.side)?;
        match order.quantity {
            OrderQuantity::Exact(quantity) => write!(f, "{quantity}")?,
            OrderQuantity::WholePosition => write!(f, "whatever is open")?,
        }
        match order.kind {
            OrderKind::Limit { price, time_in_force } => write!(f, " @ {price} {time_in_force:?}"),
            OrderKind::Market => write!(f, " at market"),
            OrderKind::StopMarket(trigger) => write!(f, " stop {} {}", trigger.price, trigger.source.word()),
            OrderKind::TakeProfitMarket(trigger) => write!(f, " target {} {}", trigger.price, trigger.source.word()),
            OrderKind::TrailingStop { activation, distance, source } => {
                write!(f, " trail {} behind {} from {}", distance, source.word(), Maybe(activation))
            }
        }
    }
}

impl Display for Line<'_, Event> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Event::Answer(answer) => Line(answer).fmt(f),
            Event::Order(report) => write!(f, "order {}", Line(report)),
            Event::Fill(fill) => {
                let order = fill.order.as_ref().map_or_else(|| fill.venue_order.to_string(), |id| Id(id).to_string());
                write!(
                    f,
                    "fill {} of {order}: {} {} @ {}, {:?}",
                    fill.id, fill.side, fill.quantity, fill.price, fill.cause
                )
            }
            Event::Position(report) => {
                write!(f, "position {} {} @ {}", report.key.side, report.quantity, Maybe(report.entry_price))
            }
            Event::Lookup(lookup) => match &lookup.found {
                Some(report) => write!(f, "found {}, {} fills", Line(report), lookup.fills.len()),
                None => write!(f, "not found {}, {} fills", Id(&lookup.id), lookup.fills.len()),
            },
            Event::Snapshot(snapshot) => Line(snapshot).fmt(f),
            Event::DefinePlan { plan, .. } => write!(f, "the plan {:?}", **plan),
            Event::DefineInstrument(instrument) => {
                write!(f, "the market, tick {} step {}", instrument.tick, instrument.step)
            }
            Event::DefineAccount(account) => write!(f, "the account, {:?}, {:?}", account.adopt, account.capability),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Display for Line<'_, Answer> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let answer = self.0;
        write!(f, "{:?} {}: ", answer.asked, Id(&answer.id))?;
        match &answer.outcome {
            Outcome::Accepted(order) => write!(f, "accepted as {order}"),
            Outcome::Refused(refusal) => write!(f, "refused, {:?}: {}", refusal.reason, refusal.text),
            Outcome::Unknown(cause) => write!(f, "nobody knows, {cause:?}"),
        }
    }
}

impl Display for Line<'_, OrderReport> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let id = report.id.as_ref().map_or_else(|| report.venue_id.to_string(), |id| Id(id).to_string());
        write!(f, "{id} {:?} {} of {}", report.status, report.filled, Maybe(report.quantity))?;
        match (report.trigger, report.limit) {
            (Some(trigger), _) => write!(f, " stop {} {}", trigger.price, trigger.source.word()),
            (None, Some(limit)) => write!(f, " @ {limit}"),
            (None, None) => Ok(()),
        }
    }
}

impl Display for Line<'_, Snapshot> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "everything: ")?;
        for position in &self.0.positions {
            write!(f, "{} {} @ {}; ", position.key.side, position.quantity, Maybe(position.entry_price))?;
        }
        for order in &self.0.orders {
            write!(f, "{}; ", Line(order))?;
        }
        write!(f, "{} fills", self.0.fills.len())
    }
}

/// One of our ids by what it names, a stranger's as it is.
pub struct Id<'i>(pub &'i ClientOrderId);

impl Display for Id<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(named) = Named::read(self.0) {
            let tranche = if named.tranche.0 > 1 { format!(" of {}", named.tranche.0) } else { String::new() };
            let epoch = if named.epoch.0 > 1 { format!(" in {}", named.epoch.0) } else { String::new() };
            return write!(f, "{}#{}{tranche}{epoch}", named.leg, named.revision);
        }
        if EntryName::read(self.0).is_some() {
            return write!(f, "entry");
        }
        write!(f, "{}", self.0)
    }
}

/// A value that may be absent.
struct Maybe<T>(Option<T>);

impl Display for Maybe<Price> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(price) => price.fmt(f),
            None => f.write_str("nothing"),
        }
    }
}

impl Display for Maybe<Quantity> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(quantity) => quantity.fmt(f),
            None => f.write_str("whatever is open"),
        }
    }
}
