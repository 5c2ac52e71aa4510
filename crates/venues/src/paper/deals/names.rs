//! Whose the levels of a deal are, and whose its closings: the venue names neither, so our own ids are kept here.
//!
//! It is written to the ledger file with the exchange. Without it a level is a stranger's, which still protects.

use super::origin_of;
use backstop_model::{ClientOrderId, Event, Lookup, PositionSide, Price, Quantity, Timestamp};
use backstop_sim as sim;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Levels and closings remembered of one deal.
const MOST: usize = 16;
/// Deals remembered.
const MOST_DEALS: usize = 256;

/// Which level of a deal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in super::super) enum Which {
    /// The target.
    Limit,
    /// The stop.
    Stop,
}

impl Which {
    /// The levels with this one replaced. Every change says both, and what the stop is (venues/ig.md §4.3).
    pub fn set(self, levels: sim::Levels, to: Option<Price>, guaranteed: bool) -> sim::Levels {
        let guard = if guaranteed { sim::StopGuard::Guaranteed } else { sim::StopGuard::Normal };
        match self {
            Self::Limit => sim::Levels { limit: to, ..levels },
            Self::Stop => sim::Levels { stop: to.map(|level| sim::StopLevel { level, guard }), ..levels },
        }
    }

    /// Where it stands.
    pub fn of(self, levels: sim::Levels) -> Option<Price> {
        match self {
            Self::Limit => levels.limit,
            Self::Stop => levels.stop.map(|stop| stop.level),
        }
    }
}

/// A level that an order of ours has asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Asked {
    which: Which,
    id: ClientOrderId,
    at: Price,
    /// The venue has agreed, or has told of it.
    #[serde(default)]
    agreed: bool,
    /// When it stood there, by the venue's time, as far as the core has heard.
    #[serde(default)]
    stood_at: Option<Timestamp>,
    /// When it was asked for first: what the venue shows of an earlier moment is another's.
    #[serde(default)]
    since: Option<Timestamp>,
}

impl Asked {
    fn is(&self, which: Which, id: ClientOrderId, at: Price) -> bool {
        (self.which, self.id, self.at) == (which, id, at)
    }
}

/// A closing of ours.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in super::super) struct Closing {
    /// Our id.
    pub id: ClientOrderId,
    /// For how much.
    pub quantity: Quantity,
    /// The reference it was received under, once known.
    pub reference: Option<String>,
    /// When it was asked for.
    pub at: Timestamp,
}

/// What is remembered of one deal.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Page {
    levels: Vec<Asked>,
    closings: Vec<Closing>,
}

/// What is remembered of all deals, by the id they were opened under.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(in super::super) struct DealBook {
    deals: BTreeMap<u64, Page>,
}

impl DealBook {
    fn page(&mut self, origin: u64) -> &mut Page {
        if !self.deals.contains_key(&origin) && self.deals.len() >= MOST_DEALS {
            // The oldest are gone for long.
            self.deals.pop_first();
        }
        self.deals.entry(origin).or_default()
    }

    /// An order of ours asks for a level.
    pub fn note_level(&mut self, origin: u64, which: Which, id: ClientOrderId, at: Price, now: Timestamp) {
        let levels = &mut self.page(origin).levels;
        let known = levels.iter().position(|known| known.is(which, id, at)).map(|place| levels.remove(place));
        let since = known.map_or(Some(now), |known| known.since);
        levels.push(Asked { which, id, at, agreed: false, stood_at: None, since });
        if levels.len() > MOST {
            levels.remove(0);
        }
    }

    /// The venue has agreed. Another order that asked for the same keeps its claim only when the level stood there already and
    /// it had heard that it was its own: what had gone meanwhile does not come back to it.
    pub fn agree_level(&mut self, origin: u64, which: Which, id: ClientOrderId, at: Price, stood: Option<Timestamp>) {
        let Some(page) = self.deals.get_mut(&origin) else { return };
        let other = |known: &Asked| !known.is(which, id, at) && known.which == which && known.at == at;
        page.levels.retain(|known| !other(known) || (stood.is_some() && known.agreed));
        for known in page.levels.iter_mut().filter(|known| known.is(which, id, at)) {
            (known.agreed, known.stood_at) = (true, known.stood_at.max(stood));
        }
    }

    /// The core hears that levels stand: those are the orders' that it hears they are.
    pub fn told(&mut self, event: &Event) {
        let reports = match event {
            Event::Order(report) => std::slice::from_ref(report),
            Event::Lookup(Lookup { found: Some(report), .. }) => std::slice::from_ref(report),
            Event::Snapshot(snapshot) => &snapshot.orders,
            _ => &[],
        };
        for report in reports.iter().filter(|report| !report.status.is_final()) {
            let page = report.deal.and_then(origin_of).and_then(|origin| self.deals.get_mut(&origin));
            let level = match (report.trigger, report.limit) {
                (Some(trigger), _) => Some((Which::Stop, trigger.price)),
                (None, limit) => limit.map(|at| (Which::Limit, at)),
            };
            if let (Some(page), Some(id), Some((which, at))) = (page, report.id, level) {
                // A read may have been under way when its claim went: what the core takes it to have is its own again.
                let claim = page.levels.iter().position(|known| known.is(which, id, at));
                let since = claim.and_then(|place| page.levels.remove(place).since);
                // Another order that asked for the same and has never heard that it stands has no part in it.
                page.levels.retain(|known| known.which != which || known.at != at || known.agreed);
                let place = claim.unwrap_or(0).min(page.levels.len());
                page.levels.insert(place, Asked { which, id, at, agreed: true, stood_at: Some(report.at), since });
            }
        }
    }

    /// The venue has refused it.
    pub fn forget_level(&mut self, origin: u64, which: Which, id: ClientOrderId, at: Price) {
        if let Some(page) = self.deals.get_mut(&origin) {
            page.levels.retain(|known| !known.is(which, id, at));
        }
    }

    /// An order of ours is over: it has a claim to no level any more.
    pub fn forget(&mut self, origin: u64, id: ClientOrderId) {
        if let Some(page) = self.deals.get_mut(&origin) {
            page.levels.retain(|known| known.id != id);
        }
    }

    /// Orders whose level another one's has taken the place of: a deal has one of each. They are over, and have no claim any
    /// more; where nobody of ours has asked for just that price somebody has moved it by hand, and it is whose it was.
    pub fn take_displaced(&mut self, origin: u64, which: Which, at: Price) -> Vec<ClientOrderId> {
        let Some(page) = self.deals.get_mut(&origin) else { return Vec::new() };
        let has_it = |known: &&Asked| known.which == which && known.at == at;
        let owners: Vec<ClientOrderId> = page.levels.iter().filter(has_it).map(|known| known.id).collect();
        let elsewhere = |known: &&Asked| known.which == which && known.agreed && !owners.contains(&known.id);
        if owners.is_empty() {
            return Vec::new();
        }
        // One that was moved has asked for more than one level.
        let displaced: BTreeSet<ClientOrderId> = page.levels.iter().filter(elsewhere).map(|known| known.id).collect();
        page.levels.retain(|known| !displaced.contains(&known.id));
        displaced.into_iter().collect()
    }

    /// Orders whose level stood there and does not any more, as an update of that time shows: somebody has taken it away, or the venue has.
    pub fn take_gone(&mut self, origin: u64, which: Which, at: Timestamp) -> Vec<ClientOrderId> {
        let Some(page) = self.deals.get_mut(&origin) else { return Vec::new() };
        let is_gone = |known: &&Asked| known.which == which && known.stood_at.is_some_and(|stood| stood < at);
        let gone: BTreeSet<ClientOrderId> = page.levels.iter().filter(is_gone).map(|known| known.id).collect();
        page.levels.retain(|known| !gone.contains(&known.id));
        gone.into_iter().collect()
    }

    /// Whether another order that is not over has asked for a level just where it stands.
    pub fn is_shared(&self, origin: u64, which: Which, id: ClientOrderId, at: Price) -> bool {
        let mut levels = self.deals.get(&origin).into_iter().flat_map(|page| &page.levels);
        levels.any(|level| level.which == which && level.id != id && level.at == at)
    }

    /// An order of ours closes a deal or a part of it.
    pub fn note_closing(&mut self, origin: u64, closing: Closing) {
        let closings = &mut self.page(origin).closings;
        closings.push(closing);
        if closings.len() > MOST {
            closings.remove(0);
        }
    }

    /// The venue has received a closing under this reference.
    pub fn name_closing(&mut self, origin: u64, id: ClientOrderId, reference: &str) {
        let closings = self.deals.get_mut(&origin).into_iter().flat_map(|page| &mut page.closings);
        for closing in closings.filter(|closing| closing.id == id && closing.reference.is_none()) {
            closing.reference = Some(reference.to_owned());
        }
    }

    /// Whose a level was that stood at that moment: the newest order that had asked for just that price; when somebody has moved it
    /// by hand, the newest that had one.
    pub fn owner(&self, origin: u64, which: Which, at: Price, then: Timestamp) -> Option<ClientOrderId> {
        let asked = || {
            let levels = self.deals.get(&origin).map_or(&[][..], |page| &page.levels);
            levels
                .iter()
                .rev()
                .filter(move |level| level.which == which && level.since.is_none_or(|since| since <= then))
        };
        asked().find(|level| level.at == at).or_else(|| asked().find(|level| level.agreed)).map(|level| level.id)
    }

    /// Which of the standing levels is an order's.
    pub fn level_of(&self, origin: u64, id: ClientOrderId, levels: sim::Levels, now: Timestamp) -> Option<Which> {
        [Which::Stop, Which::Limit]
            .into_iter()
            .find(|which| which.of(levels).is_some_and(|at| self.owner(origin, *which, at, now) == Some(id)))
    }

    /// Whether an order of ours has ever asked for a level of this deal.
    pub fn knows(&self, origin: u64, id: ClientOrderId) -> bool {
        self.deals.get(&origin).is_some_and(|page| page.levels.iter().any(|level| level.id == id))
    }

    /// Whose closing an execution was: by the reference, else by the quantity of one whose reference never came, else by
    /// the level the price was at (venues/ig.md §8.3).
    pub fn closer(&self, side: PositionSide, deal: &sim::Deal, fill: &sim::Fill) -> Option<ClientOrderId> {
        let page = self.deals.get(&deal.origin)?;
        let by_reference = page.closings.iter().find(|of| of.reference.as_ref() == Some(&fill.client_id));
        if let Some(closing) = by_reference {
            return Some(closing.id);
        }
        if fill.client_id.starts_with("VENUE") {
            let nameless = |of: &&Closing| of.reference.is_none() && of.quantity >= fill.quantity && of.at <= fill.at;
            return page.closings.iter().rev().find(nameless).map(|closing| closing.id);
        }
        if !fill.client_id.starts_with("level-") {
            return None;
        }
        let struck = |which: Which| {
            let level = which.of(deal.levels)?;
            let there = match which {
                Which::Stop => side.hit(fill.price, level),
                Which::Limit => side.reached(fill.price, level),
            };
            there.then(|| self.owner(deal.origin, which, level, fill.at)).flatten()
        };
        struck(Which::Stop).or_else(|| struck(Which::Limit))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::{AccountId, InstrumentId, OrderReport, OrderSide, OrderStatus, VenueOrderId};

    #[test]
    fn a_level_that_one_order_is_told_to_have_is_not_shared_with_one_that_never_heard_of_it() {
        // I9: the first request was never answered; the level is what came of the second one, of which the stream tells.
        let (first, second) = (ClientOrderId::new("first").unwrap(), ClientOrderId::new("second").unwrap());
        let at: Price = "103".parse().unwrap();
        let mut book = DealBook::default();
        for id in [first, second] {
            book.note_level(1, Which::Limit, id, at, Timestamp::EPOCH);
        }
        assert!(book.is_shared(1, Which::Limit, second, at));
        book.told(&Event::Order(OrderReport {
            account: AccountId(0),
            instrument: InstrumentId(0),
            id: Some(second),
            venue_id: VenueOrderId::new("second").unwrap(),
            deal: super::super::deal_id(1),
            side: OrderSide::Sell,
            status: OrderStatus::Working,
            quantity: None,
            filled: Quantity::ZERO,
            trigger: None,
            limit: Some(at),
            at: Timestamp::EPOCH,
        }));
        assert!(!book.is_shared(1, Which::Limit, second, at));
        assert_eq!(book.owner(1, Which::Limit, at, Timestamp::EPOCH), Some(second));
    }

    #[test]
    fn an_order_whose_level_another_one_has_taken_the_place_of_is_over() {
        // F-A01: the first request takes effect after the one that was sent in its place.
        let (late, stands) = (ClientOrderId::new("late").unwrap(), ClientOrderId::new("stands").unwrap());
        let (far, near): (Price, Price) = ("0.7733".parse().unwrap(), "0.7604".parse().unwrap());
        let mut book = DealBook::default();
        for (id, at) in [(late, far), (stands, near)] {
            book.note_level(1, Which::Stop, id, at, Timestamp::EPOCH);
        }
        book.agree_level(1, Which::Stop, stands, near, None);
        assert_eq!(book.take_displaced(1, Which::Stop, near), []);
        assert_eq!(book.take_displaced(1, Which::Stop, "0.77".parse().unwrap()), [], "somebody has moved it by hand");
        assert_eq!(book.take_displaced(1, Which::Stop, far), [stands]);
        assert_eq!(book.owner(1, Which::Stop, far, Timestamp::EPOCH), Some(late));
        assert_eq!(
            book.owner(1, Which::Stop, near, Timestamp::EPOCH),
            None,
            "the one that never heard of its level has no claim to another"
        );
        assert_eq!(book.take_displaced(1, Which::Limit, far), [], "the target is another level");
    }
}
