//! Everything that can go wrong between a client and the venue, as knobs under one seed.
//!
//! A knob is a chance in a million, optionally only for some requests, some time, or some number of times; each counts
//! how often it **actually struck** (faults.md §0, simulator contract). Faults change what reaches whom and when; the
//! ledger always tells what truly happened. Faults of prices live in `generator`, faults of people in `hand`.
//!
//! | faults.md | how it is injected here |
//! |---|---|
//! | F-A01 | [`Fault::DropRequest`] |
//! | F-A02 | [`Fault::DropResponse`] |
//! | F-A03 | [`Fault::Http`] with [`Http::unknown_503`], whose `executes` says how often it was executed all the same |
//! | F-A04 | [`Fault::Http`] with [`Http::unavailable_503`], [`Http::internal_503`], or a body of one's own |
//! | F-A05, F-A11, F-A14, F-A20, F-D10, F-D11, F-F06, F-G07 | [`Fault::Reject`], with `refusal`, [`Scope`] and window |
//! | F-A06, F-A07 | [`Fault::LateExecution`]; a reply of -1007 with [`Faults::late_reply`] |
//! | F-A08, F-E15, F-E16 | [`Fault::StaleRead`], by `stale_by` |
//! | F-A09 | always: by age, in `arrival`; [`Fault::ForgetOrder`] |
//! | F-A10 | [`Fault::DuplicateResponse`], [`Fault::EventDuplicate`] |
//! | F-A13, F-C05 | `Crowding::ExpireOldest` of the venue's habits, [`Fault::CancelBySystem`] |
//! | F-A18 | [`Fault::Http`] with status 200 and a body that is no JSON, `executes` certain |
//! | F-A19, F-J | [`Fault::Delay`] beyond the request's window; `sent_at` ahead of the venue |
//! | F-B01, F-E01 | [`Fault::EventDrop`]; [`Fault::SilentStall`] for a stretch of time |
//! | F-B02 | [`Fault::EventDuplicate`] |
//! | F-B03 | [`Fault::EventReorder`] |
//! | F-B04, F-B16 | [`Fault::Delay`], [`Fault::EventDelay`] |
//! | F-B07, F-B08 | [`Fault::PartialFill`], with [`Fault::MarketRest`] the rest expires |
//! | F-B09 | [`Fault::MarketRest`] |
//! | F-B12, F-F04 | funding of the market's rules |
//! | F-B15, F-D01 … F-D09 | `hand::HandAction`; F-D06 `Exchange::cancel_by_system` |
//! | F-C01, F-C08, F-C17, F-C18 | `generator` gaps and spikes, or quotes of one's own |
//! | F-C02, F-C03 | quotes between a request's sending and its arrival; a stop beyond the market |
//! | F-C04 | `Crowding::Refuse` |
//! | F-C06 | [`Fault::CancelBySystem`] after `cancel_after` |
//! | F-C07 | [`Fault::TriggerReject`] |
//! | F-C09, F-C10 | `generator` mark-last divergence; sources per order |
//! | F-C11 | [`Fault::TriggerStuck`] |
//! | F-C12 | always: `child_id` |
//! | F-C13, F-C14, F-C15 | conditional orders outlive a flat position; limits -4045, -4130 |
//! | F-C16 | always: -2021 and the callback's range |
//! | F-C19, F-I04 | [`Fault::Maintenance`] with a window |
//! | F-C20, F-G01 … F-G04 | the market's rules; `Exchange::change_rules` (F-G02) |
//! | F-D07, F-F01, F-F02, F-F03, F-G02 | by hand: `HandAction::ChangeMode`, `Exchange::liquidate`, `adl`, `settle`, `change_rules`; by chance: the knobs of `incidents` |
//! | F-H08, F-L | `Exchange::set_session`; [`Fault::MarketClosed`] for `closed_for` |
//! | a confirm that rejects (venues/ig.md §10.2) | [`Fault::DealReject`] with `reason` |
//! | F-I01, F-I02, F-I03, F-I05 | [`Fault::Http`] with [`Http::limited_429`], [`Http::banned_418`], [`Http::blocked_403`] |
//! | F-I06 | [`Fault::Reject`] or [`Fault::Http`] with a [`Scope`] |

use crate::deal::DealAsk;
use crate::dice::{CERTAIN, Dice};
use crate::incidents::Incidents;
use crate::refusal::{self, Refused};
use crate::request::Ask;
use crate::sparse::is_default;
use backstop_model::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A kind of fault, in the order of the table of knobs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Fault {
    /// `venue.adl`: a part of a position is taken; strikes on quotes, and is counted when called.
    Adl,
    /// `venue.cancel_by_system`: an accepted order is cancelled after `cancel_after`.
    CancelBySystem,
    /// A request about a deal is rejected in its confirm with `reason`.
    DealReject,
    /// `net.delay`: a request and its answer each take up to `delay_up_to` longer.
    Delay,
    /// `net.drop_req`: the request never arrives.
    DropRequest,
    /// `net.drop_resp`: the request is executed, its answer is lost.
    DropResponse,
    /// `net.dup_resp`: the answer comes twice.
    DuplicateResponse,
    /// `venue.event_delay`: an event and all that follow wait up to `event_delay_up_to`.
    EventDelay,
    /// `venue.event_drop`: an event never comes.
    EventDrop,
    /// `venue.event_dup`: an event comes twice.
    EventDuplicate,
    /// `venue.event_reorder`: an event is overtaken by those that follow.
    EventReorder,
    /// `venue.filters_change`: the grid gets ten times as coarse, or what it was; strikes on quotes, and is counted when
    /// called.
    FiltersChange,
    /// `venue.forget_order`: a query does not find what exists.
    ForgetOrder,
    /// `venue.http`: an HTTP error in place of the answer.
    Http,
    /// `venue.late_exec`: nobody knows; executed somewhere between now and the end of the request's window.
    LateExecution,
    /// `venue.liquidate`: a position is liquidated; strikes on quotes, and is counted when it happens.
    Liquidation,
    /// `venue.maintenance`: every request is refused.
    Maintenance,
    /// A market shuts for `closed_for`; strikes on quotes.
    MarketClosed,
    /// Thin book: a taking order is filled in part, its rest expires.
    MarketRest,
    /// `human.change_mode`: a flat account without orders is switched between hedge and one-way; strikes on quotes.
    ModeChange,
    /// `venue.only_reduce`: orders that could grow a position are refused.
    OnlyReduce,
    /// `venue.fill`: an execution is split in two or three.
    PartialFill,
    /// `venue.reject`: refused with `refusal`.
    Reject,
    /// `net.reorder`: a request may be overtaken by later ones.
    Reorder,
    /// `venue.settle`: a market is settled at its mark; strikes on quotes, and is counted when called.
    Settlement,
    /// `venue.silent_stall`: the stream is up and says nothing; what it would have said is lost.
    SilentStall,
    /// `venue.stale_read`: a read shows the world as it was `stale_by` ago.
    StaleRead,
    /// `venue.trigger_reject`: a triggered order is refused by the engine.
    TriggerReject,
    /// A triggered order never reaches the engine (venues/binance.md §0 fact 4).
    TriggerStuck,
}

/// Which requests a knob is about.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// Cancels.
    Cancels,
    /// Placing and amending conditional orders and levels: the algo endpoint.
    Conditional,
    /// Queries, snapshots, fills.
    Reads,
    /// Placing market and limit orders, opening and closing deals.
    Regular,
}

impl Scope {
    /// Whether a request is meant.
    #[must_use]
    pub fn covers(self, ask: &Ask) -> bool {
        match (self, ask) {
            (Self::All, _)
            | (Self::Cancels, Ask::Cancel { .. })
            | (Self::Conditional, Ask::Amend(_) | Ask::Protect(_) | Ask::Deal(DealAsk::Levels(_)))
            | (Self::Regular, Ask::FlashClose { .. } | Ask::Deal(DealAsk::Close(_) | DealAsk::Open(_))) => true,
            (Self::Conditional, Ask::Place(place) | Ask::PlaceHedged { place, .. }) => place.kind.is_conditional(),
            (Self::Regular, Ask::Place(place) | Ask::PlaceHedged { place, .. }) => !place.kind.is_conditional(),
            (Self::Reads, ask) => !ask.mutates(),
            (Self::Cancels | Self::Conditional | Self::Regular, _) => false,
        }
    }
}

/// How often a fault strikes, and within what limits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Knob {
    /// Chances in a million.
    pub per_million: u32,
    /// How many more times it may strike; absent for no limit.
    pub left: Option<u32>,
    /// From when to before when; absent for always.
    pub window: Option<(Timestamp, Timestamp)>,
    /// Which requests it is about; faults of events and executions do not ask.
    pub scope: Scope,
}

impl Knob {
    /// So many chances in a million, always and without limit.
    #[must_use]
    pub const fn per_million(chances: u32) -> Self {
        Self { per_million: chances, left: None, window: None, scope: Scope::All }
    }

    /// With certainty, this many times: for scripted stories.
    #[must_use]
    pub const fn times(count: u32) -> Self {
        Self { per_million: CERTAIN, left: Some(count), window: None, scope: Scope::All }
    }

    /// With certainty, from `from` to before `until`.
    #[must_use]
    pub const fn during(from: Timestamp, until: Timestamp) -> Self {
        Self { per_million: CERTAIN, left: None, window: Some((from, until)), scope: Scope::All }
    }

    /// The same, only for some requests.
    #[must_use]
    pub const fn only(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }
}

/// An HTTP error (venues/binance.md §4).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Http {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// The `Retry-After` header.
    pub retry_after: Option<Span>,
    /// Chances in a million that the request was executed all the same.
    pub executes: u32,
}

impl Http {
    fn new(status: u16, body: &str, executes: u32) -> Self {
        Self { status, body: body.to_owned(), retry_after: None, executes }
    }

    /// 503 variant A: executed or not, nobody knows.
    #[must_use]
    pub fn unknown_503(executes: u32) -> Self {
        Self::new(503, "Unknown error, please check your request or try again later.", executes)
    }

    /// 503 variant B: failed for certain.
    #[must_use]
    pub fn unavailable_503() -> Self {
        Self::new(503, "Service Unavailable.", 0)
    }

    /// 503 variant C: failed for certain.
    #[must_use]
    pub fn internal_503() -> Self {
        Self::new(503, "Internal error; unable to process your request. Please try again.", 0)
    }

    /// 429: a limit was broken.
    #[must_use]
    pub fn limited_429(retry_after: Span) -> Self {
        let limited = Self::new(429, r#"{"code":-1003,"msg":"Too many requests."}"#, 0);
        Self { retry_after: Some(retry_after), ..limited }
    }

    /// 418: banned until an instant that the body names in milliseconds.
    #[must_use]
    pub fn banned_418(until: Timestamp, retry_after: Span) -> Self {
        let body = format!(r#"{{"code":-1003,"msg":"Way too many requests; IP banned until {}."}}"#, until.as_millis());
        Self { status: 418, body, retry_after: Some(retry_after), executes: 0 }
    }

    /// 403 from a web firewall: HTML, no code.
    #[must_use]
    pub fn blocked_403() -> Self {
        Self::new(403, "<html><head><title>403 Forbidden</title></head></html>", 0)
    }
}

/// All knobs with their parameters and counters.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Faults {
    knobs: BTreeMap<Fault, Knob>,
    struck: BTreeMap<Fault, u64>,
    dice: Dice,
    /// The longest extra way of a request or an answer.
    pub delay_up_to: Span,
    /// The longest extra wait of an event.
    pub event_delay_up_to: Span,
    /// How far behind a stale read is.
    pub stale_by: Span,
    /// How long after its acceptance the venue cancels an order (F-C06).
    pub cancel_after: Span,
    /// The error [`Fault::Http`] answers with.
    pub http: Http,
    /// The refusal [`Fault::Reject`] answers with.
    pub refusal: Refused,
    /// What a late execution answers in the meantime; absent for a 503 of variant A.
    pub late_reply: Option<Refused>,
    /// What the faults that strike on quotes and on deals do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub incidents: Incidents,
}

impl Faults {
    /// No fault at all, and usual parameters for when one is switched on.
    #[must_use]
    pub fn none(seed: u64) -> Self {
        Self {
            knobs: BTreeMap::new(),
            struck: BTreeMap::new(),
            dice: Dice::new(seed, 0xFA),
            delay_up_to: Span::from_secs(2),
            event_delay_up_to: Span::from_secs(2),
            stale_by: Span::from_secs(5),
            cancel_after: Span::from_secs(53),
            http: Http::unknown_503(CERTAIN / 2),
            refusal: refusal::THROTTLED.refused(),
            late_reply: Some(refusal::TIMEOUT.refused()),
            incidents: Incidents::default(),
        }
    }

    /// The same with one knob turned.
    #[must_use]
    pub fn with(mut self, fault: Fault, knob: Knob) -> Self {
        self.set(fault, knob);
        self
    }

    /// Turns a knob. Its count stays.
    pub fn set(&mut self, fault: Fault, knob: Knob) {
        self.knobs.insert(fault, knob);
    }

    /// Turns a knob off. Its count stays.
    pub fn clear(&mut self, fault: Fault) {
        self.knobs.remove(&fault);
    }

    /// How often a fault has actually struck.
    #[must_use]
    pub fn struck(&self, fault: Fault) -> u64 {
        self.struck.get(&fault).copied().unwrap_or(0)
    }

    /// Every fault that has struck, with its count.
    pub fn all_struck(&self) -> impl Iterator<Item = (Fault, u64)> {
        self.struck.iter().map(|(fault, count)| (*fault, *count))
    }

    pub(crate) fn count(&mut self, fault: Fault) {
        *self.struck.entry(fault).or_default() += 1;
    }

    pub(crate) fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// Whether a fault strikes now; counted when it does.
    pub(crate) fn strikes(&mut self, fault: Fault, now: Timestamp) -> bool {
        let strikes = self.drawn(fault, now);
        if strikes {
            self.count(fault);
        }
        strikes
    }

    /// Whether a fault is to strike, where only its effect is to be counted.
    pub(crate) fn drawn(&mut self, fault: Fault, now: Timestamp) -> bool {
        let Some(knob) = self.knobs.get_mut(&fault) else { return false };
        let in_time = knob.window.is_none_or(|(from, until)| from <= now && now < until);
        if !in_time || knob.left == Some(0) || !self.dice.strikes(knob.per_million) {
            return false;
        }
        knob.left = knob.left.map(|left| left - 1);
        true
    }

    /// The same for a fault of requests, which may be about some of them only.
    pub(crate) fn strikes_on(&mut self, fault: Fault, now: Timestamp, ask: &Ask) -> bool {
        self.knobs.get(&fault).is_some_and(|knob| knob.scope.covers(ask)) && self.strikes(fault, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knob_keeps_its_count_its_window_and_its_number_of_times() {
        let (second, third) = (Timestamp::EPOCH.plus(Span::from_secs(2)), Timestamp::EPOCH.plus(Span::from_secs(3)));
        let mut faults = Faults::none(1)
            .with(Fault::DropRequest, Knob::times(2))
            .with(Fault::Maintenance, Knob::during(second, third));
        let drops = (0..10).filter(|_| faults.strikes(Fault::DropRequest, Timestamp::EPOCH)).count();
        assert_eq!((drops, faults.struck(Fault::DropRequest)), (2, 2));
        assert!(!faults.strikes(Fault::Maintenance, Timestamp::EPOCH));
        assert!(faults.strikes(Fault::Maintenance, second));
        assert!(!faults.strikes(Fault::Maintenance, third));
        assert_eq!(faults.struck(Fault::EventDrop), 0);
    }

    #[test]
    fn a_scope_is_about_some_requests() {
        let mut faults = Faults::none(1).with(Fault::Reject, Knob::per_million(CERTAIN).only(Scope::Reads));
        assert!(faults.strikes_on(Fault::Reject, Timestamp::EPOCH, &Ask::Snapshot));
        assert!(!faults.strikes_on(Fault::Reject, Timestamp::EPOCH, &Ask::Cancel { client_id: "a".into() }));
    }

    #[test]
    fn about_as_often_as_asked() {
        let mut faults = Faults::none(9).with(Fault::EventDrop, Knob::per_million(CERTAIN / 4));
        let struck = (0..10_000).filter(|_| faults.strikes(Fault::EventDrop, Timestamp::EPOCH)).count();
        assert!((2_300..2_700).contains(&struck), "{struck}");
    }
}
