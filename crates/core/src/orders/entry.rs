//! An entry of ours on its way: what was asked, what became of it. The outcome rules are those of exits: an unknown
//! outcome is asked about and ends by proof (R4); nothing is ever sent twice.

use super::OrderState;
use super::open::ENDS_WITHIN;
use crate::exits::parts::level_in_words;
use backstop_model::{
    ClientOrderId, DealId, Epoch, ExitPlan, ExitReason, OrderKind, PlanId, Price, Quantity, Refusal, RequestId,
    TimeInForce, Timestamp, Trigger, VenueOrderId,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Why nothing more is to be filled.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Unwanted {
    /// Taken back: what has been filled stays and is looked after.
    Cancelled,
    /// Its position is being closed: what is filled all the same is closed as well, for this reason.
    Closed(ExitReason),
}

/// How an entry ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum EntryEnd {
    /// Proven never to have reached the venue.
    Absent,
    /// Cancelled or expired.
    Canceled,
    /// Filled to the last.
    Filled,
    /// Refused by the venue, in its words.
    Refused(Refusal),
}

/// One part of an entry that is made in several.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EntryPart {
    /// Which, counted from 1.
    pub number: u8,
    /// Of how many.
    pub count: u8,
    /// The level that closes it, counted from 1, and one more than there are for what is trailed.
    pub level: u8,
    /// For how much was asked in all.
    pub whole: Quantity,
}

/// An entry of ours.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EntryOrder {
    /// Its id at the venue.
    pub id: ClientOrderId,
    /// The operator's name for it; none when it was recognised at the venue without a record of it.
    pub request: Option<RequestId>,
    /// The incarnation it opens or adds to.
    pub epoch: Epoch,
    /// For how much.
    pub quantity: Quantity,
    /// Where it is one part of an entry made in several: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<EntryPart>,
    /// The worst price accepted; at market when absent.
    pub limit: Option<Price>,
    /// The plan it was asked for under, by number.
    pub asked_plan: Option<PlanId>,
    /// The plan its position gets.
    pub plan: Option<Arc<ExitPlan>>,
    /// The stop it carries, where the venue can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Trigger>,
    /// When it was asked for, by our time.
    pub asked_at: Timestamp,
    /// The venue's id, once known.
    pub venue_id: Option<VenueOrderId>,
    /// The deal it has opened, where every deal is a position of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
    /// Executions booked.
    pub filled: Quantity,
    /// Executions the venue has spoken of, cumulative.
    pub reported: Quantity,
    /// When the venue last confirmed it, by our time.
    pub seen_at: Timestamp,
    /// Nothing more of it is to be filled.
    pub unwanted: Option<Unwanted>,
    /// Where it is in its life.
    pub state: OrderState,
    /// How it ended.
    pub end: Option<EntryEnd>,
}

impl EntryOrder {
    /// What the order says.
    #[must_use]
    pub fn kind(&self) -> OrderKind {
        self.limit
            .map_or(OrderKind::Market, |price| OrderKind::Limit { price, time_in_force: TimeInForce::GoodTillCancel })
    }

    /// Something may still be filled.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !matches!(self.state, OrderState::Over { .. })
    }

    /// From when on it is asked for: the venue has taken it, at market, and nothing is heard of its end. What it has opened may be
    /// without a stop (I25, F-B01).
    #[must_use]
    pub fn unended_at(&self) -> Option<Timestamp> {
        let taken =
            self.limit.is_none() && self.unwanted.is_none() && self.state == OrderState::Working { change: None };
        taken.then(|| self.seen_at.plus(ENDS_WITHIN))
    }

    /// What may still be filled.
    #[must_use]
    pub fn pending(&self) -> Quantity {
        if self.is_live() { self.quantity.saturating_minus(self.filled) } else { Quantity::ZERO }
    }

    /// Whether a position that no execution explains may be its work.
    #[must_use]
    pub fn may_explain(&self) -> bool {
        self.is_live() || self.reported > self.filled
    }

    /// Whether what a read shows and no execution explains may be its work: not while all of it that the venue speaks of is
    /// booked, and the rest rests.
    #[must_use]
    pub fn explains_unseen(&self) -> bool {
        let rests = matches!(self.state, OrderState::Working { .. }) && self.limit.is_some();
        self.may_explain() && !(rests && self.reported <= self.filled)
    }

    /// What people call it: the operator's name, or its id.
    #[must_use]
    pub fn name(&self) -> &str {
        self.request.as_ref().map_or_else(|| self.id.as_str(), RequestId::as_str)
    }

    /// What the entry that it is a part of is called; its own name where it is no part.
    #[must_use]
    pub fn whole_name(&self) -> &str {
        let suffix = self.part.filter(|part| part.number > 1).map(|part| format!(".{}", part.number));
        suffix.and_then(|suffix| self.name().strip_suffix(&suffix)).unwrap_or(self.name())
    }

    /// Where it is a part: which, and what closes it.
    #[must_use]
    pub fn part_in_words(&self) -> Option<String> {
        let (part, plan) = (self.part?, self.plan.as_ref()?);
        Some(format!("part {} of {}, {}", part.number, part.count, level_in_words(plan, part.level)))
    }

    /// Where it stands, in one word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match (&self.end, self.state) {
            (Some(EntryEnd::Absent), _) => "absent",
            (Some(EntryEnd::Canceled), _) => "canceled",
            (Some(EntryEnd::Filled), _) => "filled",
            (Some(EntryEnd::Refused(_)), _) => "refused",
            (None, OrderState::InFlight { .. }) => "in_flight",
            (None, OrderState::Unknown(_)) => "unknown",
            (None, OrderState::Over { .. } | OrderState::Triggered { .. } | OrderState::Working { .. }) => "working",
        }
    }
}

impl fmt::Display for EntryOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}: {}, {} of {} filled", self.name(), self.word(), self.filled, self.quantity)
    }
}
