//! Open orders: what rests at the venue or is in flight, as far as we know. States are states, not flags.
//!
//! `Unknown` is one of them: it ends by proof (R4), which [`Doubt`] collects. Deciding what to do about an order is
//! `diff`'s work.

use super::{Leg, Wanted};
use crate::position::OVERDUE;
use backstop_model::{
    ClientOrderId, Epoch, ExitReason, OrderKind, OrderReport, PositionSide, Price, Quantity, Span, Timestamp,
    TrancheId, VenueOrderId,
};
use serde::{Deserialize, Serialize};

/// Two reads that say "not found" count as two only when this far apart (R4c).
pub const SPACING: Span = Span::from_millis(500);
/// Added to the validity of a request before its absence can be proven (R4c).
pub const MARGIN: Span = Span::from_millis(1000);

/// What executes at once or not at all, and of whose end nothing is heard for so long after the venue has taken it, is asked for.
pub(super) const ENDS_WITHIN: Span = Span::from_secs(1);

/// A triggered order that is not executed by then, and that no price explains, is stuck (F-C11).
const STUCK_AFTER: Span = Span::from_millis(1500);

/// What is known about a request whose outcome is not.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Doubt {
    /// Since when, by our time.
    pub since: Timestamp,
    /// The time stamp of the request, by the venue's clock.
    pub sent_at: Timestamp,
    /// Reads that did not find it, counted only when spaced.
    pub not_found: u16,
    /// The venue's time of the newest such read.
    pub last_read: Option<Timestamp>,
    /// When to ask again, by our time.
    pub ask_at: Timestamp,
    /// Questions asked so far.
    pub asked: u16,
    /// When the last one was, by our time; since when it is in doubt before the first.
    #[serde(default)]
    pub asked_at: Timestamp,
    /// A read of everything since then does not have it either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlisted: bool,
    /// It stands in the way of another one no more: of a close, and of the level of a deal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
}

impl Doubt {
    /// A new doubt: listen for a moment first, the stream is often quicker than a question.
    #[must_use]
    pub fn new(now: Timestamp, sent_at: Timestamp) -> Self {
        let ask_at = now.plus(Span::from_millis(250));
        let (not_found, asked, asked_at) = (0, 0, now);
        let (last_read, unlisted, given_up) = (None, false, false);
        Self { since: now, sent_at, not_found, last_read, ask_at, asked, asked_at, unlisted, given_up }
    }

    /// Takes in a read that did not find the order; only spaced reads count.
    pub fn count_absence(&mut self, server_time: Timestamp) {
        let spaced = self.last_read.is_none_or(|last| server_time.since(last) >= SPACING);
        if spaced {
            self.not_found = self.not_found.saturating_add(1);
            self.last_read = Some(server_time);
        }
    }

    /// Proof of absence: two spaced reads, the newer one beyond the instant until which the request could take effect.
    #[must_use]
    pub fn proves_absence(&self, request_validity: Span) -> bool {
        self.not_found >= 2 && self.last_read.is_some_and(|read| read > self.provable_from(request_validity))
    }

    /// Until when the request could take effect, by the venue's clock: only a read from after it can be the proof.
    #[must_use]
    pub fn provable_from(&self, request_validity: Span) -> Timestamp {
        self.sent_at.plus(request_validity).plus(MARGIN)
    }

    /// The read that would be the proof is asked for as soon as it counts: the second one, or the first one beyond the instant
    /// until which the request could take effect.
    pub fn hurry(&mut self, now: Timestamp, request_validity: Span) {
        let Some(read) = self.last_read.filter(|_| !self.proves_absence(request_validity)) else { return };
        let counts_at = now.plus(self.provable_from(request_validity).since(read)).plus(Span::from_millis(1));
        self.ask_at = self.ask_at.min(counts_at.max(now.plus(SPACING)));
    }

    /// Notes that the question goes out now, and when the next one is due: 0.5 s, 1 s, then every 2 s.
    pub fn note_asked(&mut self, now: Timestamp) {
        self.asked = self.asked.saturating_add(1);
        self.asked_at = now;
        self.ask_at = now.plus(self.pause());
    }

    /// How long after a question the next one is due.
    const fn pause(&self) -> Span {
        match self.asked {
            0 => Span::from_millis(250),
            1 => Span::from_millis(500),
            2 => Span::from_secs(1),
            _ => Span::from_secs(2),
        }
    }
}

/// What we have asked to change about an order that rests.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Change {
    /// Moving it; both are repeatable (R13).
    Amending {
        /// Where to.
        price: Price,
        /// For how much.
        quantity: Quantity,
        /// As a guaranteed stop.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        guaranteed: bool,
        /// When it was asked, by our time.
        since: Timestamp,
    },
    /// Cancelling it.
    Cancelling {
        /// When it was last asked, by our time.
        since: Timestamp,
        /// The venue has agreed; the final quantity is awaited.
        agreed: bool,
    },
}

impl Change {
    /// From when on it counts as never heard of, and is asked for anew; with so many moves before it that nobody has answered,
    /// ever more rarely (I36).
    #[must_use]
    pub const fn overdue_at(self, unheard: u8) -> Timestamp {
        match self {
            Self::Amending { since, .. } => since.plus(OVERDUE.times(1 << if unheard < 3 { unheard } else { 3 })),
            Self::Cancelling { since, .. } => since.plus(OVERDUE),
        }
    }
}

/// Where an order of ours is in its life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum OrderState {
    /// Sent or about to be; no answer yet.
    InFlight {
        /// Since when, by our time.
        since: Timestamp,
    },
    /// Nobody knows whether it exists.
    Unknown(Doubt),
    /// Alive at the venue.
    Working {
        /// What we have asked to change.
        change: Option<Change>,
    },
    /// Its trigger has fired; the execution is awaited.
    Triggered {
        /// Since when, by our time.
        since: Timestamp,
    },
    /// Over; kept until every execution it had is booked.
    Over {
        /// Since when, by the venue's time.
        since: Timestamp,
    },
}

/// An order of ours.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OpenOrder {
    /// Its id.
    pub id: ClientOrderId,
    /// Whose it is.
    pub tranche: TrancheId,
    /// What it is for.
    pub leg: Leg,
    /// The incarnation it belongs to; one of an earlier incarnation is only waited out.
    pub epoch: Epoch,
    /// The venue's id, once known.
    pub venue_id: Option<VenueOrderId>,
    /// What it says.
    pub kind: OrderKind,
    /// For how much, in all. Of an order for the whole position: what has been executed and what is open now.
    pub quantity: Quantity,
    /// It is for a level of the plan before: what it still closes is none of this plan's levels.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub former: bool,
    /// It is for whatever the position is when it executes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// Executions booked.
    pub filled: Quantity,
    /// Executions the venue has spoken of, cumulative; the larger report is the newer.
    pub reported: Quantity,
    /// Where a stop may be since an amend whose outcome is unknown.
    pub maybe_at: Option<Price>,
    /// So many moves in a row that nobody has answered.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unheard: u8,
    /// It may be gone, since a cancel that nobody has answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub maybe_gone: bool,
    /// It asks for the stop that came with the entry, where that stands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
    /// What its executions are booked as.
    pub reason: ExitReason,
    /// When the venue last confirmed it, by our time.
    pub seen_at: Timestamp,
    /// The newest change we know of, by the venue's time: what is told of an earlier one is old (F-B03, F-E16).
    #[serde(default)]
    pub changed_at: Timestamp,
    /// State.
    pub state: OrderState,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_none(number: &u8) -> bool {
    *number == 0
}

impl OpenOrder {
    /// An order that is being sent now.
    #[must_use]
    pub(crate) fn sent(want: &Wanted, id: ClientOrderId, epoch: Epoch, quantity: Quantity, now: Timestamp) -> Self {
        Self {
            id,
            tranche: want.tranche,
            leg: want.leg,
            epoch,
            venue_id: None,
            kind: want.kind,
            quantity,
            former: false,
            whole: want.whole,
            filled: Quantity::ZERO,
            reported: Quantity::ZERO,
            maybe_at: None,
            unheard: 0,
            maybe_gone: false,
            carried: false,
            reason: want.reason,
            seen_at: now,
            changed_at: Timestamp::EPOCH,
            state: OrderState::InFlight { since: now },
        }
    }

    /// An order for the whole position follows what is open.
    pub(crate) fn follow(&mut self, open: Quantity) {
        if self.whole {
            self.quantity = self.filled.max(self.reported).plus(open).unwrap_or(open);
        }
    }

    /// What the venue says that rests is what rests: also when the id is one that a journal which has lost its end used for
    /// something else (F-M13). Where a stop stands is the business of whoever watches that it is not loosened.
    pub(crate) fn take_terms(&mut self, report: &OrderReport) {
        if let Some(quantity) = report.quantity.filter(|_| !self.whole) {
            self.quantity = quantity;
        }
        match (&mut self.kind, report.limit, report.trigger) {
            (OrderKind::Limit { price, .. }, Some(told), _) => *price = told,
            (OrderKind::TakeProfitMarket(trigger), _, Some(told)) => trigger.price = told.price,
            _ => {}
        }
    }

    /// Where the stop stands that came with the entry, as long as the venue has not told of it under our id (venues/ig.md §4.3).
    #[must_use]
    pub fn carried_at(&self) -> Option<Price> {
        self.stop_price().filter(|_| self.carried && self.venue_id.is_none() && self.is_live())
    }

    /// What can still be executed.
    #[must_use]
    pub fn remaining(&self) -> Quantity {
        self.quantity.saturating_minus(self.filled.max(self.reported))
    }

    /// Where a stop may stand by now, at worst: an amend on its way, or one whose outcome nobody knows, may have moved it.
    #[must_use]
    pub fn worst_stop(&self, side: PositionSide) -> Option<Price> {
        self.places().reduce(|one, other| side.other().better(one, other))
    }

    /// The same at best.
    #[must_use]
    pub fn best_stop(&self, side: PositionSide) -> Option<Price> {
        self.places().reduce(|one, other| side.better(one, other))
    }

    /// Where a stop may stand by now.
    fn places(&self) -> impl Iterator<Item = Price> {
        let moving = match self.state {
            OrderState::Working { change: Some(Change::Amending { price, .. }) } => Some(price),
            OrderState::InFlight { .. }
            | OrderState::Over { .. }
            | OrderState::Triggered { .. }
            | OrderState::Unknown(_)
            | OrderState::Working { .. } => None,
        };
        [self.stop_price(), moving, self.maybe_at].into_iter().flatten()
    }

    /// Alive and confirmed, or already executing.
    #[must_use]
    pub const fn is_working(&self) -> bool {
        matches!(self.state, OrderState::Working { .. } | OrderState::Triggered { .. })
    }

    /// Confirmed and with no cancel under way: this is what protects.
    #[must_use]
    pub const fn stands(&self) -> bool {
        match self.state {
            OrderState::Working { change: None | Some(Change::Amending { .. }) } => !self.maybe_gone,
            OrderState::Triggered { .. } => true,
            OrderState::Working { change: Some(Change::Cancelling { .. }) }
            | OrderState::InFlight { .. }
            | OrderState::Unknown(_)
            | OrderState::Over { .. } => false,
        }
    }

    /// A cancel of it counts for nothing more; whether it was done nobody knows.
    pub(crate) const fn doubt_cancel(&mut self) {
        (self.state, self.maybe_gone) = (OrderState::Working { change: None }, true);
    }

    /// Nobody knows what became of it, and a read has not found it, or none is waited for.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self.state, OrderState::Unknown(doubt) if doubt.not_found > 0 || doubt.given_up)
    }

    /// Asked to go, never known to have come, or triggered and stuck (F-C11).
    #[must_use]
    pub fn is_leaving(&self, now: Timestamp) -> bool {
        match self.state {
            OrderState::Unknown(_) | OrderState::Working { change: Some(Change::Cancelling { .. }) } => true,
            OrderState::InFlight { .. }
            | OrderState::Over { .. }
            | OrderState::Triggered { .. }
            | OrderState::Working { .. } => self.stuck_from().is_some_and(|at| now >= at),
        }
    }

    /// From when on nobody knows what became of an order that rests for no moment, although the venue has taken it: what has
    /// ended it may have been lost on its way (F-E01).
    #[must_use]
    pub fn unended_at(&self) -> Option<Timestamp> {
        let taken = self.leg.takes_at_once() && self.state == OrderState::Working { change: None };
        taken.then(|| self.seen_at.plus(ENDS_WITHIN))
    }

    /// From when on a triggered order counts as stuck.
    #[must_use]
    pub fn stuck_from(&self) -> Option<Timestamp> {
        match self.state {
            OrderState::Triggered { since } => Some(since.plus(STUCK_AFTER)),
            OrderState::InFlight { .. }
            | OrderState::Over { .. }
            | OrderState::Unknown(_)
            | OrderState::Working { .. } => None,
        }
    }

    /// Something may still be executed under it.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !matches!(self.state, OrderState::Over { .. })
    }

    /// Over, with every execution booked: nothing more will come of it.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.is_live() && self.filled >= self.reported
    }

    /// The trigger price of a stop.
    #[must_use]
    pub const fn stop_price(&self) -> Option<Price> {
        match self.kind {
            OrderKind::StopMarket(trigger) => Some(trigger.price),
            OrderKind::Limit { .. }
            | OrderKind::Market
            | OrderKind::TakeProfitMarket(_)
            | OrderKind::TrailingStop { .. } => None,
        }
    }
}
