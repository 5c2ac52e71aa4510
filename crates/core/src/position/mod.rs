//! One managed position: facts in, decisions out.
//!
//! [`Position`] outlives its incarnations: it keeps the epoch, the executions it knows, and orders that still have to
//! be seen gone. What is open now is [`Live`]. After every event the same turn is taken (`turn.rs`): facts have been
//! booked (`facts.rs`), rules look at them, what should rest is worked out (`wants.rs`) and subtracted from what does
//! (`orders/diff.rs`). Nothing here depends on having seen a transition: a restart takes the same turn.

pub mod adoption;
mod annulled;
mod answers;
mod arming;
mod aside;
mod assumed;
mod by_hand;
mod closings;
mod conflicts;
pub mod document;
mod drilling;
mod dust;
mod elsewhere;
mod ended;
mod entering;
mod entry_end;
mod facts;
mod funded;
mod gone;
mod guarantee;
mod hand_part;
mod levels;
mod limits;
mod misplaced;
mod namesake;
mod observing;
mod opened_before;
mod owed;
mod patience;
mod protection;
mod rare;
mod rebase;
pub mod recalled;
mod recognise;
mod refused;
mod regrid;
mod reports;
pub(crate) mod scene;
mod sharing;
mod since;
mod spacing;
mod thin;
mod trail;
mod tranche;
mod turn;
mod unmatched;
mod unprotectable;
mod unproven;
mod unseen;
mod wants;
mod watch;
mod weekend;
mod whole_stop;

pub use adoption::{Adoption, ForeignStop};
pub use aside::{LiveAside, PositionAside, TrancheAside};
pub use conflicts::ForeignExit;
pub use drilling::Drill;
pub(crate) use entering::Entered;
pub(crate) use facts::fee_of as facts_fee;
pub use guarantee::Guarantee;
pub use protection::Protection;
pub(crate) use rare::Blank;
pub use rare::{Rare, Seldom};
pub(crate) use regrid::is_off;
pub use spacing::Spacing;
pub(crate) use spacing::carried_place;
pub use tranche::{Closing, Exit, Retry, Tranche};
pub(crate) use turn::{guarded, guarded_alone};
pub(crate) use watch::OVERDUE;
pub use whole_stop::WholeStop;

use crate::board::Board;
use crate::exits::end_of_day::SessionEnd;
use crate::exits::slices::Sizes;
use crate::orders::{EntryOrder, OpenOrder, Scope};
use crate::step::PositionRead;
use crate::volatility::Volatility;
use backstop_model::plan::CloseAt;
use backstop_model::{
    Account, Command, Epoch, ExitPlan, ExitReason, FillId, Instrument, Money, Notice, OutOfRange, Permit, PlanId,
    Points, PositionKey, PositionSide, Price, Quantity, Severity, Timestamp, TrancheId,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Executions remembered per position after they are booked, to recognise repeats (F-B02, F-B05).
const REMEMBERED_FILLS: usize = 512;

/// A position across its incarnations.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Position {
    /// Which.
    pub key: PositionKey,
    /// Account and instrument, as they stand in our order ids.
    pub scope: Scope,
    /// The current incarnation, or the last one.
    pub epoch: Epoch,
    /// The newest incarnation that an order or execution of ours has shown, also when nobody remembers it.
    #[serde(default)]
    pub(crate) shown: Epoch,
    /// The plan assigned to it by name, closer than symbol or account.
    pub assigned: Option<PlanId>,
    /// What is open.
    pub live: Option<Box<Live>>,
    /// Our orders, of this and earlier incarnations, until they are settled.
    pub orders: Vec<OpenOrder>,
    /// What it has only now and then.
    pub(crate) aside: Seldom<PositionAside>,
    /// A fire drill under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drill: Option<Box<Drill>>,
    /// Our entries, oldest first: those on their way, and those over as long as a repeat may come.
    #[serde(default)]
    pub entries: Seldom<Vec<EntryOrder>>,
    /// When the newest booked execution happened, or the newest read was made that was believed without one, by the venue's
    /// clock: an older word says nothing of the quantity.
    as_of: Timestamp,
    /// Executions already booked, newest last.
    known_fills: Vec<FillId>,
    /// Orders that were let go of lately.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ended: Seldom<Vec<ended::Ended>>,
}

/// An open position: one tranche or several, under one plan.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Live {
    /// What is open and what has been closed of it, oldest first; never empty. A closed tranche stays until its orders
    /// are seen gone.
    pub tranches: Vec<Tranche>,
    /// The greatest number given to a tranche of this incarnation.
    pub last_tranche: TrancheId,
    /// The plan it was armed with; none when nobody has asked for one.
    pub plan: Option<Arc<ExitPlan>>,
    /// The protection clock.
    pub protection: Protection,
    /// The venue has spoken of another quantity.
    pub mismatch: Option<Box<Mismatch>>,
    /// Where the venue would liquidate, as far as it says.
    pub liquidation: Rare<Price>,
    /// What is remembered of the stop for the whole position.
    #[serde(default)]
    pub whole: Seldom<WholeStop>,
    /// Whose it is.
    pub adoption: Adoption,
    /// What it has only now and then.
    pub aside: Seldom<LiveAside>,
    /// People know which of the orders of others hold the room to reduce.
    #[serde(default)]
    pub told_conflict: bool,
    /// People know that a stop of the trader's own covers it.
    pub told_own: bool,
    /// When the plan was attached: time limits count from the later of this and the first execution.
    pub attached_at: Timestamp,
    /// The operator has paused it: the stop stays, nothing else is begun.
    pub paused: bool,
    /// A guard has failed: nothing is sent but what keeps the stop (style: rule 6).
    pub suspended: bool,
    /// People know that it is larger than the account's limit.
    #[serde(default)]
    pub told_worth: bool,
    /// It began from a full read of this venue's time: executions before that are in its quantity already.
    #[serde(default)]
    pub read_until: Option<Timestamp>,
    /// Its orders were recognised without a record of them: revisions up to this one may have been used (R2).
    #[serde(default, skip_serializing_if = "Rare::is_none")]
    pub used_until: Rare<u16>,
}

/// The venue says another quantity than the executions we know add up to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Mismatch {
    /// What it says.
    pub quantity: Quantity,
    /// Since when, by our time.
    pub since: Timestamp,
    /// The venue's time of the first full read that said so; a second, later one makes it a fact (R8).
    pub read_at: Option<Timestamp>,
    /// A full read has been asked for.
    pub asked: bool,
}

/// What a position decides with: nothing here is remembered.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// The time of the event.
    pub now: Timestamp,
    /// Whose position.
    pub account: &'a Account,
    /// What may be done for it.
    pub permit: Permit,
    /// Of what.
    pub instrument: &'a Instrument,
    /// The prices.
    pub board: &'a Board,
    /// The average true ranges.
    pub volatility: &'a Volatility,
    /// When positions that close at a time of day close next.
    pub closes: &'a [(CloseAt, Timestamp)],
    /// When the trading session ends next.
    pub session_ends: Option<SessionEnd>,
    /// When positions that close at a time of day closed last.
    pub closed: &'a [(CloseAt, Timestamp)],
    /// When the last trading session ended.
    pub session_ended: Option<SessionEnd>,
    /// The plan a new incarnation follows.
    pub plan: Option<&'a Arc<ExitPlan>>,
    /// Median slippage of stops seen on this instrument.
    pub slippage: Points,
}

impl Ctx<'_> {
    /// A plan as a position of this account follows it: what is left to the venue is settled.
    pub(crate) fn plan_here(self, plan: &Arc<ExitPlan>) -> Arc<ExitPlan> {
        match plan.at_venue(&self.account.capability) {
            Cow::Borrowed(_) => Arc::clone(plan),
            Cow::Owned(settled) => Arc::new(settled),
        }
    }

    /// The smallest quantity, on step, that an exit of a quantity at `price` may have for this account.
    ///
    /// # Errors
    /// [`OutOfRange`] when the minimum does not fit.
    pub(crate) fn smallest_exit(self, price: Price) -> Result<Quantity, OutOfRange> {
        self.instrument.smallest_exit(price, &self.account.capability)
    }

    /// What the venue takes in one order of this account that closes at `price`.
    ///
    /// # Errors
    /// [`OutOfRange`] when the smallest does not fit.
    pub(crate) fn sizes(self, price: Price, largest: Option<Quantity>) -> Result<Sizes, OutOfRange> {
        Sizes::at(price, largest, self.instrument, &self.account.capability)
    }

    /// The plan a new incarnation follows, as it follows it.
    pub(crate) fn plan_of_new(self) -> Option<Arc<ExitPlan>> {
        self.plan.map(|plan| self.plan_here(plan))
    }
}

/// What a turn brings out.
#[derive(Debug, Default)]
pub struct Out {
    /// Commands, in order.
    pub commands: Vec<Command>,
    /// Notices.
    pub notices: Vec<Notice>,
    /// Slippage of stops that filled, in points against us.
    pub slippage: Vec<Points>,
    /// How tranches read that are no more: they have just gone up in another one, or a fee of theirs has come.
    pub reads: Vec<PositionRead>,
    /// Fees of what is no more, which came later, and what it has earned less than was told.
    pub late_fees: Money,
}

impl Out {
    /// Tells people something about a position.
    pub fn tell(&mut self, severity: Severity, position: PositionKey, text: String) {
        self.notices.push(Notice::new(severity, position, text));
    }
}

impl Position {
    /// A position that has never been open.
    #[must_use]
    pub fn new(key: PositionKey, account: &Account, instrument: &Instrument) -> Self {
        Self {
            key,
            scope: Scope::of(account, instrument, key.deal),
            epoch: Epoch(0),
            shown: Epoch(0),
            assigned: None,
            live: None,
            orders: Vec::new(),
            aside: Seldom::default(),
            drill: None,
            entries: Seldom::default(),
            as_of: Timestamp::EPOCH,
            known_fills: Vec::new(),
            ended: Seldom::default(),
        }
    }

    /// Which way it earns.
    #[must_use]
    pub const fn side(&self) -> PositionSide {
        self.key.side
    }

    /// What is open, as far as executions say.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.live.as_ref().map_or(Quantity::ZERO, |live| live.remaining())
    }

    /// Takes note of an execution; false when it is a repeat.
    fn remember(&mut self, fill: FillId) -> bool {
        // Repeats come soon after: the newest are looked at first.
        if self.known_fills.iter().rev().any(|known| *known == fill) {
            return false;
        }
        self.known_fills.push(fill);
        if self.known_fills.len() > REMEMBERED_FILLS {
            self.known_fills.remove(0);
        }
        true
    }

    /// Whether an execution has been booked.
    pub(crate) fn knows(&self, fill: &backstop_model::Fill) -> bool {
        self.known_fills.iter().rev().any(|known| *known == fill.id)
    }

    /// Nothing is open.
    pub(crate) fn is_flat(&self) -> bool {
        self.quantity().is_zero()
    }

    /// Whether new bars can change anything for it: because its plan follows them, or could not be armed without them.
    pub(crate) fn follows_volatility(&self) -> bool {
        let Some((live, plan)) = self.live.as_ref().and_then(|live| Some((live, live.plan.as_ref()?))) else {
            return false;
        };
        let follows = plan.stop_loss.follow || plan.trailing.is_some_and(|trailing| trailing.follow);
        follows || live.open().any(|tranche| arming::waits_for_bars(tranche, plan))
    }

    /// Nothing is open and nothing is left to be seen gone.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.live.is_none() && self.orders.is_empty() && !self.is_entering()
    }
}

impl Live {
    /// What is open in all tranches together.
    #[must_use]
    pub fn remaining(&self) -> Quantity {
        // The sum was checked when each part was booked; beyond the range it stays at what is surely there.
        self.tranches.iter().fold(Quantity::ZERO, |sum, tranche| sum.plus(tranche.remaining).unwrap_or(sum))
    }

    /// Nothing is open.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.tranches.iter().all(Tranche::is_closed)
    }

    /// The tranches that are open, oldest first.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &Tranche> + Clone {
        self.tranches.iter().filter(|tranche| !tranche.is_closed())
    }

    /// One tranche.
    #[must_use]
    pub fn tranche(&self, id: TrancheId) -> Option<&Tranche> {
        self.tranches.iter().find(|tranche| tranche.id == id)
    }

    /// One tranche, to be changed.
    pub(crate) fn tranche_mut(&mut self, id: TrancheId) -> Option<&mut Tranche> {
        self.tranches.iter_mut().find(|tranche| tranche.id == id)
    }

    /// Decides to close everything at market; the first reason stays.
    pub fn close(&mut self, reason: ExitReason, now: Timestamp) {
        self.tranches.iter_mut().for_each(|tranche| tranche.close(reason, now));
    }
}
