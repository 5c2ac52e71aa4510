//! How far stops cover a position, and what they owe to go on covering (I3).

use super::names;
use crate::storm::stage::ME;
use backstop_core::orders::Leg;
use backstop_model::{PositionSide, Price, Quantity};
use backstop_sim::{Cause, Kind, Ledger, Order, Slot};
use backstop_venues::paper::PaperVenue;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// How much of a slot is closed by stops by the time the price has come to some level, the nearest level first.
#[derive(Clone, Debug)]
pub struct Cover {
    /// Which way is open.
    pub side: PositionSide,
    open: Quantity,
    levels: Vec<(Price, Quantity)>,
    /// The nearest stop of each tranche.
    nearest: BTreeMap<String, Price>,
    by_hand: bool,
}

impl Cover {
    /// Nothing while the stops do not cover everything, or while one of them executes.
    /// Stops of what is closed stand for nothing.
    pub fn of(ledger: &Ledger, slot: Slot, side: PositionSide, open: Quantity, closed: &Closed) -> Option<Self> {
        if let Slot::Deal(origin) = slot {
            let level = ledger.deal(origin)?.levels.stop?.level;
            return Some(Self { side, open, levels: vec![(level, open)], nearest: BTreeMap::new(), by_hand: false });
        }
        let mut stops: Vec<(Price, String, Quantity)> = Vec::new();
        let mut by_hand = false;
        let closes = |order: &&Order| order.slot == slot && order.closes && order.place.side == side.closing();
        let stands = |order: &&Order| !closed.has_outlived(&order.place.client_id);
        for order in ledger.open_orders(ME).filter(closes).filter(stands) {
            if let Kind::StopMarket { trigger, .. } = order.place.kind {
                by_hand |= order.cause == Some(Cause::ByHand);
                let name = whose(&order.place.client_id);
                order.is_waiting().then(|| stops.push((trigger, name, order.remaining().unwrap_or(open))))?;
            }
        }
        stops.sort_by(|one, other| if side.is_better(one.0, other.0) { Ordering::Less } else { Ordering::Greater });
        // The old and the new stop of a tranche are alternatives.
        let mut largest: BTreeMap<String, Quantity> = BTreeMap::new();
        let mut levels = Vec::new();
        let mut nearest = BTreeMap::new();
        for (level, name, of) in stops {
            nearest.entry(name.clone()).or_insert(level);
            let own = largest.entry(name).or_insert(Quantity::ZERO);
            *own = of.max(*own);
            let covered = largest.values().fold(Quantity::ZERO, |sum, one| sum.plus(*one).unwrap_or(sum));
            levels.push((level, covered.min(open)));
        }
        let covers = levels.last().is_some_and(|(_, covered)| *covered >= open);
        covers.then_some(Self { side, open, levels, nearest, by_hand })
    }
}

impl Cover {
    /// Whether every tranche that had a stop has one as near: then only quantities follow.
    fn stands_as(&self, before: &Self) -> bool {
        let as_near = |at: &Price, was: &Price| !self.side.is_better(*was, *at);
        let mut stops = before.nearest.iter();
        !before.nearest.is_empty() && stops.all(|(name, was)| self.nearest.get(name).is_some_and(|at| as_near(at, was)))
    }
}

/// What people have been told of: tranches that are closed, and the newest incarnation that is open.
#[derive(Debug, Default)]
pub struct Closed {
    tranches: BTreeSet<(PositionSide, u32, u8)>,
    newest: BTreeMap<PositionSide, u32>,
}

impl Closed {
    /// A tranche is closed. True when that is news.
    pub fn close(&mut self, side: PositionSide, epoch: u32, tranche: u8) -> bool {
        self.tranches.insert((side, epoch, tranche))
    }

    /// A tranche of an incarnation is open, once more perhaps (F-F08). True when the incarnation is news.
    pub fn open(&mut self, side: PositionSide, epoch: u32, tranche: u8) -> bool {
        self.tranches.remove(&(side, epoch, tranche));
        let newest = self.newest.entry(side).or_insert(epoch);
        let is_newer = epoch > *newest;
        *newest = epoch.max(*newest);
        is_newer
    }

    /// A stop of a tranche that is closed, or for the whole of a position that was there before this one, stands for nothing.
    fn has_outlived(&self, client_id: &str) -> bool {
        let Some(named) = names::exit(client_id) else { return false };
        if named.leg == Leg::WholeStop {
            return self.newest.get(&named.side).is_some_and(|newest| named.epoch.0 < *newest);
        }
        named.leg.is_own_stop() && self.tranches.contains(&(named.side, named.epoch.0, named.tranche.0))
    }
}

/// How much of a slot is under stops that wait, where of those of one tranche only the largest counts; as if one order
/// were gone, by the venue's id, and others still there: those amounts by tranche.
pub fn covered_once(
    venue: &PaperVenue,
    slot: Slot,
    (side, open): (PositionSide, Quantity),
    gone: Option<u64>,
    others: &BTreeMap<String, Option<Quantity>>,
) -> Quantity {
    let others = others.iter().map(|(whose, quantity)| (whose.clone(), quantity.unwrap_or(open)));
    let mut largest: BTreeMap<String, Quantity> = others.collect();
    let orders = venue.exchange().ledger().open_orders(ME);
    let closes = |order: &&Order| order.slot == slot && order.closes && order.place.side == side.closing();
    for order in orders.filter(closes).filter(|order| order.is_waiting() && gone != Some(order.id)) {
        if matches!(order.place.kind, Kind::StopMarket { .. }) {
            let own = largest.entry(whose(&order.place.client_id)).or_insert(Quantity::ZERO);
            *own = order.remaining().unwrap_or(open).max(*own);
        }
    }
    largest.values().fold(Quantity::ZERO, |sum, one| sum.plus(*one).unwrap_or(sum)).min(open)
}

/// Whose stop an order is: a tranche's, or its own.
pub fn whose(client_id: &str) -> String {
    names::exit(client_id)
        .map_or_else(|| client_id.to_owned(), |named| format!("{} {} {}", named.epoch.0, named.tranche.0, named.leg))
}

/// What stops have covered down to which price, less what has been closed since.
#[derive(Clone, Debug)]
pub struct Held {
    /// What is covered.
    pub cover: Cover,
    owed: Vec<(Price, Quantity)>,
}

impl Held {
    /// Stops that stand when a position opens are what is left of another one: nothing is owed yet.
    pub fn new(cover: Cover) -> Self {
        Self { cover, owed: Vec::new() }
    }

    /// A stop has gone without anybody's asking: nothing is owed until it is back.
    pub fn pardon(&mut self) {
        self.owed.clear();
    }

    /// What is covered now, against what is owed; then that becomes what is owed. A stop that outlives what it was for owes
    /// nothing: only what has come on top since the last look does, unless the position has grown lately and is settling.
    pub fn follow(&mut self, now: Cover, settling: bool) -> Option<(Price, Quantity, Quantity)> {
        let closed = self.cover.open.saturating_minus(now.open);
        let side = now.side;
        let mut levels: Vec<Price> = self.owed.iter().chain(&now.levels).map(|(level, _)| *level).collect();
        levels.sort_by(|one, other| if side.is_better(*one, *other) { Ordering::Less } else { Ordering::Greater });
        levels.dedup();
        let (mut broken, mut owed) = (None, Vec::new());
        for level in levels {
            let (is, was) = (down_to(&now.levels, side, level), down_to(&self.cover.levels, side, level));
            let due = down_to(&self.owed, side, level).saturating_minus(closed).min(now.open);
            if is < due && !now.by_hand && !now.stands_as(&self.cover) {
                broken = broken.or(Some((level, is, due)));
            }
            // What is added to a position has a stop of its own to come, and stands under the others until then.
            let more = if settling || now.by_hand { Quantity::ZERO } else { is.saturating_minus(was) };
            owed.push((level, due.plus(more).unwrap_or(due).min(is.max(due))));
        }
        (self.owed, self.cover) = (owed, now);
        broken
    }
}

/// How much of these levels lies at a price or nearer to the market.
fn down_to(levels: &[(Price, Quantity)], side: PositionSide, level: Price) -> Quantity {
    let near = levels.iter().filter(|(at, _)| !side.is_better(level, *at));
    near.map(|(_, covered)| *covered).max().unwrap_or(Quantity::ZERO)
}
