//! Everything that can happen to the core, in one list.

use crate::{
    Account, AccountId, Annulled, Answer, Candle, Depth, EntryRequest, Fill, Funding, Instrument, InstrumentId, Lookup,
    MarginCall, ModeReport, OrderReport, Permit, PlanId, PositionKey, PositionReport, Ratio, RequestId, Series,
    Snapshot, Span, Tick, Timestamp,
    plan::{CloseAt, ExitPlan},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Something that happened. Definitions come first in every journal, so that a journal explains itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Event {
    /// The venue has annulled an execution.
    Annulled(Box<Annulled>),
    /// The answer to a command.
    Answer(Answer),
    /// The operator attaches a plan to one position, open or yet to come; the next incarnation is asked anew.
    AssignPlan {
        /// Which position.
        position: PositionKey,
        /// Which plan.
        plan: PlanId,
    },
    /// The operator moves the stop to break-even, as the plan means it, as soon as its own price allows.
    BreakEven {
        /// Which position.
        position: PositionKey,
    },
    /// The operator takes back what has not been filled of an entry; what has been stays and is looked after.
    CancelEntry {
        /// Whose.
        account: AccountId,
        /// Under which name it was asked for.
        request: RequestId,
    },
    /// Bars of an instrument that have ended, oldest first: at the start as many as there are, then one by one. Bars that
    /// are known already are no news.
    Candles {
        /// Of what.
        instrument: InstrumentId,
        /// Length of a bar.
        interval: Span,
        /// The bars.
        candles: Vec<Candle>,
        /// None: made of the prices that passed by here, for average true ranges. Else the venue's history of this series,
        /// which also tells how far it went while nobody here heard it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        history: Option<Series>,
    },
    /// The operator closes a position at market. Its stop stays until it is flat.
    Close {
        /// Which position.
        position: PositionKey,
    },
    /// The operator closes a share of what is open at market; the plan goes on with the rest.
    ClosePart {
        /// Which position.
        position: PositionKey,
        /// Which share of what is open now, above 0, at most 1.
        share: Ratio,
    },
    /// An account exists, or has changed.
    DefineAccount(Box<Account>),
    /// An instrument exists, or its rules have changed.
    DefineInstrument(Box<Instrument>),
    /// A plan exists. Positions that follow it keep the version they were armed with.
    DefinePlan {
        /// Its number.
        id: PlanId,
        /// The plan.
        plan: Arc<ExitPlan>,
    },
    /// The venue says how deep a market's book is.
    Depth(Depth),
    /// The operator opens a position, or adds to one of ours.
    Enter(EntryRequest),
    /// It is time for a fire drill: while nothing is open there, every kind of protective order the plan uses is tried.
    Drill {
        /// Where.
        position: PositionKey,
    },
    /// An execution.
    Fill(Fill),
    /// A funding payment.
    Funding(Funding),
    /// The answer to a question about one order.
    Lookup(Lookup),
    /// The venue says something of an order.
    Order(OrderReport),
    /// The operator pauses a position, or lets it go on. While it is paused its stop stays where it is and everything else
    /// that rests stays as it is.
    Pause {
        /// Which position.
        position: PositionKey,
        /// Whether it is paused.
        paused: bool,
    },
    /// The venue warns that an account's margin is nearly used up.
    MarginCall(MarginCall),
    /// The venue says how it keeps an account's positions now.
    Mode(Box<ModeReport>),
    /// When positions that close at this time of day close next: a calendar knows, with its zones and its daylight saving.
    NextClose {
        /// The time of day.
        close_at: CloseAt,
        /// The instant.
        at: Timestamp,
    },
    /// What may be done for an account from now on.
    Permit {
        /// Whose.
        account: AccountId,
        /// What.
        permit: Permit,
    },
    /// The venue says something of a position.
    Position(PositionReport),
    /// When the trading session of an instrument ends next; a half-day ends earlier than usual.
    SessionEnds {
        /// Of what.
        instrument: InstrumentId,
        /// The instant.
        at: Timestamp,
        /// The weekend follows.
        #[serde(default)]
        last_of_week: bool,
    },
    /// The plan that positions of one account on one instrument follow, unless a closer one is assigned.
    SymbolPlan {
        /// Whose.
        account: AccountId,
        /// Of what.
        instrument: InstrumentId,
        /// Which plan; none: that of the account.
        plan: Option<PlanId>,
    },
    /// The venue's full truth.
    Snapshot(Snapshot),
    /// Prices.
    Tick(Tick),
    /// A deadline has come; nothing else happened.
    Wake,
}

/// An event with its place in the one order of events and the time it was taken in.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Stamped {
    /// Counts up by one per event.
    pub sequence: u64,
    /// The inbox's time: never earlier than the event before.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}
