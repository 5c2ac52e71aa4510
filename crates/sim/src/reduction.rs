//! Orders that only close: whether there is something to reduce, and how several exits share it.
//!
//! What becomes of exits when the position changes under them stands in `matching`.

use crate::account::Holding;
use crate::exchange::Exchange;
use crate::habits::{BoundSum, Crowding, HedgedExits, Oversize, SecondWhole, Unseen};
use crate::numbers;
use crate::order::{Bound, Order};
use crate::refusal::{self, Refused};
use crate::report::{Cause, Status};
use crate::request::{Amount, Kind, Place, Slot};
use backstop_model::Quantity;

/// What an order that only closes works for, and whether others had to go for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Room {
    /// Of market orders cut to the position, of whole-position orders not yet known.
    pub quantity: Option<Quantity>,
    /// The open orders that make way for it once nothing refuses it any more.
    pub gone: Vec<Gone>,
}

/// An open order that makes way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Gone {
    pub id: u64,
    pub status: Status,
    pub cause: Cause,
}

impl Room {
    const fn of(quantity: Quantity) -> Self {
        Self { quantity: Some(quantity), gone: Vec::new() }
    }
}

/// An order before it exists: whose, what, where, and whether it is bound.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'p> {
    pub account: &'p str,
    pub place: &'p Place,
    pub slot: Slot,
    pub closes: bool,
    pub bound: Bound,
}

impl Exchange {
    /// Whether an exit has something to reduce and room to do it (venues/binance.md §7.1).
    pub(crate) fn check_reduction(&self, new: Candidate<'_>) -> Result<Room, Refused> {
        let place = new.place;
        let open = self.ledger.holding(new.account, &place.symbol, new.slot).reducible_by(place.side);
        let Amount::Exact(quantity) = place.amount else {
            if open.is_zero() {
                return Err(refusal::NO_POSITION.about(&place.client_id));
            }
            return self.check_only_close(new).map(|gone| Room { quantity: None, gone });
        };
        if !new.closes {
            return Ok(Room::of(quantity));
        }
        if open.is_zero() {
            return Err(refusal::REDUCE_ONLY.about(&place.client_id));
        }
        match place.kind {
            Kind::Market => self.check_market_exit(new, quantity, open),
            Kind::Limit { .. } => self.make_room(new, quantity, open),
            Kind::StopMarket { .. }
            | Kind::TakeProfitLimit { .. }
            | Kind::TakeProfitMarket { .. }
            | Kind::Trailing { .. } => Ok(Room::of(quantity)),
        }
    }

    /// A market exit is cut to the position; on some hedge accounts to what resting closes leave of it.
    fn check_market_exit(&self, new: Candidate<'_>, quantity: Quantity, open: Quantity) -> Result<Room, Refused> {
        if quantity > open && self.habits.exits.oversize == Oversize::Refused {
            return Err(self.habits.requests.numbers.closes_too_much().about(&new.place.client_id));
        }
        let resting = self.resting_exits(new);
        let taken = resting.iter().try_fold(Quantity::ZERO, |sum, (_, left)| sum.plus(*left)).unwrap_or(open);
        let free = open.saturating_minus(taken);
        match self.hedged(new.slot) {
            HedgedExits::AsOneWay => Ok(self.market_room(quantity.min(open), free, resting)),
            HedgedExits::Insufficient if quantity > free => Err(numbers::CLOSES_EXCEED.about(&new.place.client_id)),
            HedgedExits::Insufficient => Ok(Room::of(quantity)),
            HedgedExits::Remainder if free.is_zero() => {
                let goes =
                    |(id, _): &(u64, Quantity)| Gone { id: *id, status: Status::Canceled, cause: Cause::KnockedOut };
                Ok(Room { quantity: Some(quantity.min(open)), gone: resting.iter().map(goes).collect() })
            }
            HedgedExits::Remainder => Ok(Room::of(quantity.min(free))),
        }
    }

    /// Where the oldest exits make way, they do it before a market exit trades; elsewhere what no longer fits goes
    /// afterwards.
    fn market_room(&self, quantity: Quantity, free: Quantity, resting: Vec<(u64, Quantity)>) -> Room {
        let mut room = Room::of(quantity);
        let mut free = free;
        for (id, left) in resting {
            if quantity <= free || self.habits.crowding != Crowding::ExpireOldest {
                break;
            }
            room.gone.push(Gone { id, status: Status::Expired, cause: Cause::KnockedOut });
            free = free.plus(left).unwrap_or(free);
        }
        room
    }

    /// The habit of hedge accounts, where there is one for this slot.
    fn hedged(&self, slot: Slot) -> HedgedExits {
        match slot {
            Slot::Both | Slot::Deal(_) => HedgedExits::AsOneWay,
            Slot::Long | Slot::Short => self.habits.exits.hedged,
        }
    }

    /// One whole-position order of each type and direction (-4130), where the venue has that rule.
    fn check_only_close(&self, new: Candidate<'_>) -> Result<Vec<Gone>, Refused> {
        let place = new.place;
        let same_kind = |kind: &Kind| std::mem::discriminant(kind) == std::mem::discriminant(&place.kind);
        let rival = self
            .open_of(new.account, &place.symbol, new.slot)
            .into_iter()
            .find(|order| order.is_close_position() && order.place.side == place.side && same_kind(&order.place.kind));
        match (rival, self.habits.exits.second_whole) {
            (None, _) | (Some(_), SecondWhole::Coexists) => Ok(Vec::new()),
            (Some(rival), SecondWhole::Refused) => {
                Err(self.habits.requests.numbers.whole_exists(&place.kind).about(&rival.place.client_id))
            }
            (Some(rival), SecondWhole::Replaces) => {
                Ok(vec![Gone { id: rival.id, status: Status::Canceled, cause: Cause::Replaced }])
            }
        }
    }

    /// Open exits on the same side that rest in the book, oldest first, and what is left of each.
    fn resting_exits(&self, new: Candidate<'_>) -> Vec<(u64, Quantity)> {
        self.open_of(new.account, &new.place.symbol, new.slot)
            .into_iter()
            .filter(|order| order.closes && order.place.side == new.place.side && order.limit().is_some())
            .filter_map(|order| order.remaining().map(|left| (order.id, left)))
            .collect()
    }

    /// Resting exits together never exceed the position, unless the venue lets them.
    pub(crate) fn make_room(&self, new: Candidate<'_>, quantity: Quantity, open: Quantity) -> Result<Room, Refused> {
        let crowded = || refusal::REDUCE_ONLY.about(&new.place.client_id);
        let resting = self.resting_exits(new);
        let taken = resting.iter().try_fold(Quantity::ZERO, |sum, (_, left)| sum.plus(*left));
        let mut taken = taken.map_err(|_| crowded())?;
        let mut room = Room::of(quantity);
        let mut oldest = resting.into_iter();
        while taken.plus(quantity).map_err(|_| crowded())? > open {
            match (self.hedged(new.slot), self.habits.crowding) {
                (HedgedExits::Insufficient | HedgedExits::Remainder, _) => {
                    return Err(numbers::CLOSES_EXCEED.about(&new.place.client_id));
                }
                (HedgedExits::AsOneWay, Crowding::Allow) => return Ok(room),
                (HedgedExits::AsOneWay, Crowding::Refuse) => return Err(crowded()),
                (HedgedExits::AsOneWay, Crowding::ExpireOldest) => {
                    let Some((id, left)) = oldest.next() else { return self.larger_than_the_position(new, room, open) };
                    room.gone.push(Gone { id, status: Status::Expired, cause: Cause::KnockedOut });
                    taken = taken.saturating_minus(left);
                }
            }
        }
        Ok(room)
    }

    /// A resting exit that does not fit although all others have made way: cut, or refused as insufficient. It is never
    /// said that there is no position, for there is one (venues/bitget.md §6.2).
    fn larger_than_the_position(&self, new: Candidate<'_>, room: Room, open: Quantity) -> Result<Room, Refused> {
        match self.habits.exits.oversize {
            Oversize::Clipped => Ok(Room { quantity: Some(open), ..room }),
            Oversize::Refused => Err(self.habits.requests.numbers.closes_too_much().about(&new.place.client_id)),
        }
    }

    /// Whether a position can hold one more order bound to it: it has to be visible, and the bound quantities together
    /// have to fit (43023, venues/bitget.md §8.4, §12).
    pub(crate) fn check_bound(&self, new: Candidate<'_>, holding: Holding) -> Result<(), Refused> {
        let exceeds = || numbers::BOUND_EXCEEDS.about(&new.place.client_id);
        let since = self.ledger.position(new.account, &new.place.symbol, new.slot).map(|position| position.at);
        if since.is_some_and(|at| self.now < at.plus(self.habits.exits.visible_after)) {
            return Err(match self.habits.exits.unseen {
                Unseen::Insufficient => exceeds(),
                Unseen::NoPosition => refusal::NO_POSITION.about(&new.place.client_id),
            });
        }
        let Amount::Exact(quantity) = new.place.amount else { return Ok(()) };
        let limit = holding.reducible_by(new.place.side);
        let held = match self.habits.exits.bound_sum {
            BoundSum::Unlimited => Quantity::ZERO,
            BoundSum::WithinPosition => self.bound_quantity(new).ok_or_else(exceeds)?,
        };
        match held.plus(quantity) {
            Ok(sum) if sum <= limit => Ok(()),
            Ok(_) | Err(_) => Err(exceeds()),
        }
    }

    fn bound_quantity(&self, new: Candidate<'_>) -> Option<Quantity> {
        let orders = self.open_of(new.account, &new.place.symbol, new.slot).into_iter();
        let bound = orders.filter(|order| order.bound == Bound::ToPosition && order.place.side == new.place.side);
        let quantities = bound.filter_map(Order::remaining);
        quantities.into_iter().try_fold(Quantity::ZERO, |sum, left| sum.plus(left).ok())
    }
}
