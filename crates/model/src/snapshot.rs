//! Answers: to a command, to a question about one order, and the venue's full truth about an account.

use crate::{
    AccountId, ClientOrderId, Fill, InstrumentId, Money, OrderReport, PositionReport, Refusal, Timestamp, VenueOrderId,
};
use serde::{Deserialize, Serialize};

/// What a command asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Asked {
    /// To move a resting stop.
    Amend,
    /// To cancel an order.
    Cancel,
    /// To place an order.
    Place,
}

/// Why an outcome is not known.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum UnknownCause {
    /// The connection broke, or the process stopped, with the request under way.
    ConnectionLost,
    /// The reply could not be read (F-A18).
    Unreadable,
    /// The venue says itself that it does not know (F-A03, F-A06).
    VenueUnsure,
    /// No answer in time (F-A02).
    TimedOut,
}

/// The three answers, never two.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Outcome {
    /// Done. For an order placed: it exists under this id.
    Accepted(VenueOrderId),
    /// Definitely not done.
    Refused(Refusal),
    /// Nobody knows. It ends by proof (R4), never by a counter.
    Unknown(UnknownCause),
}

/// The answer to one command.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Answer {
    /// Whose order.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Which order.
    pub id: ClientOrderId,
    /// What was asked.
    pub asked: Asked,
    /// What came of it.
    pub outcome: Outcome,
    /// The time stamp the request was signed with, by the venue's clock.
    pub sent_at: Timestamp,
}

/// The answer to "what became of this order?". One that is not found proves nothing alone (R8).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lookup {
    /// Whose order.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Which order.
    pub id: ClientOrderId,
    /// What the venue says of it, if it finds it.
    pub found: Option<OrderReport>,
    /// All executions under that id, however old.
    pub fills: Vec<Fill>,
    /// The venue's time of the answer: the proof of absence needs it beyond the validity of the request (R4c).
    pub server_time: Timestamp,
}

/// Everything the venue says about one account at one moment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Snapshot {
    /// Whose.
    pub account: AccountId,
    /// What is open. An instrument that is absent is flat, as far as one read can say so (R8).
    pub positions: Vec<PositionReport>,
    /// All open orders, ours and others'.
    pub orders: Vec<OrderReport>,
    /// Executions since the previous snapshot's end, at least; repeats are harmless (F-B01).
    pub fills: Vec<Fill>,
    /// The venue's time of the read; an older one than seen is ignored (F-E15).
    pub server_time: Timestamp,
    /// The wallet: everything paid in and realised, without the result of what is open. Absent where the venue does not say.
    #[serde(default)]
    pub balance: Option<Money>,
}
