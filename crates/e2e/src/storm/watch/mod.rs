//! The promises, checked after every step at the venue's books (faults.md, invariants).
//!
//! * `books`: what the ledger shows at any instant: I1, I3, I4, I5, I6.
//! * `claims`: what orders claim together: I2.
//! * `sending`: every command as it leaves: I7, I12, I16, I18, I19, I36; and here, under which epoch: I17.
//! * `intents`: what became of every order, and what is asked of it: I8, I9.
//! * `clocks`: what may be wrong for a while and not for longer: I25 to I27, I29 to I31, I33.
//! * `prices`: what is decided on prices, and how soon: I14, I28.
//! * `journal`: what is written: I10, I21, I34.
//! * `alarms`: what people are told: I35.
//! * `configured`: a configuration that is read again: I37.
//! * `record`, `rest`: what is told of positions, and the accounts at the end: I10, I11, I20, I38.
//!
//! Of the engine only what it sends, what it tells and what it shows is looked at. Clocks stand still while venue or process
//! were disturbed, and run again from the last disturbance.

mod alarms;
mod books;
mod claims;
mod clocks;
mod configured;
mod covers;
mod intents;
mod journal;
pub mod names;
mod prices;
mod record;
mod rest;
mod sending;
mod unheard;
mod vanished;
mod worded;

use super::life::{Act, EnginesTrouble, Hand, Life};
use super::process::Process;
use super::readings::{Reading, SEEN_AFTER};
use super::stage::{self, ME};
use super::trap::Reach;
use backstop_core::PositionRead;
use backstop_model::{
    ClientOrderId, Command, Event, Instrument, Notice, PositionSide, Price, Prices, Quantity, Severity, Span, Timestamp,
};
use backstop_sim::{Fault, Kind, Slot};
use backstop_store::Step;
use backstop_venues::paper::{PaperVenue, capability};

use alarms::Alarms;
use books::Books;
use claims::Claims;
use clocks::Clocks;
use configured::Configured;
use intents::Intents;
use journal::Written;
use prices::Said;
use sending::Sent;
use vanished::Vanished;
use worded::Worded;

/// A broken promise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// Which.
    pub invariant: &'static str,
    /// When, in milliseconds of the life.
    pub at: i64,
    /// What was seen.
    pub what: String,
}

/// What a first read shows to be too much is put right by then (I27).
const TIDIES_WITHIN: Span = Span::from_secs(3);
/// What had left before somebody moved a stop by hand has arrived by then.
const HANDS_MEET: Span = Span::from_secs(1);
/// A level that was asked for has arrived by then, or never will.
const LEVEL_ARRIVES: Span = Span::from_secs(5);

/// Everything that is remembered between steps.
pub struct Watch {
    violations: Vec<Violation>,
    books: Books,
    clocks: Clocks,
    sent: Sent,
    claims: Claims,
    intents: Intents,
    said: Said,
    written: Written,
    alarms: Alarms,
    vanished: Vanished,
    /// The configuration that was read last.
    pub configured: Configured,
    state: State,
    /// The highest epoch that something has left under.
    epoch: Option<u64>,
}

/// What the checks have in common.
struct State {
    adopt: backstop_model::Adopt,
    /// Stretches in which the venue is not reachable, and why that is known.
    stretches: Vec<(Timestamp, Timestamp)>,
    /// Some records are gone, or were never written.
    journal_lost: bool,
    /// Until then stops may stand of which it has no record: it has not read the account, or only just (I27's time to put it right).
    forgets_until: Timestamp,
    /// Somebody turned the position round, or opened on the other side; or an opening was annulled of which a part may have been
    /// closed, so that what is open now is told by two reads only.
    turned: bool,
    settled: bool,
    /// Executions that the venue keeps back, or has kept back; when they are to be known is said at the end.
    withheld: Vec<u64>,
    /// What an order may be.
    market: Instrument,
    /// People have been told that what is left is too little for an order.
    told_of_dust: bool,
    /// For which mode orders were worded.
    worded: Worded,
    /// How long a request can still take effect.
    request_validity: Span,
    /// The venue itself lets no exit open anything.
    reduces_only: bool,
    /// A second stop for the whole position stands beside the first.
    second_stop_stands: bool,
    /// `T_unk`: the validity of a request, and six seconds.
    resolves_within: Span,
    /// Orders that left although their record was lost, or before a lost journal was made good by a read. Their ids are used once more, and collide only with what is still
    /// open (R2, R3); that a twin does no harm is I1's matter.
    unrecorded: Vec<ClientOrderId>,
    /// Levels of deals that were asked for again while nobody knew of the one before, by deal: until when one may go to that place, though it
    /// is farther out, where the venue takes none so near (R13, I25 before I3).
    levels_again: Vec<(u64, Timestamp, Price)>,
    /// Somebody has moved the level of a deal: until then a request of ours that was under way may move it once more, and nobody could know (I3).
    hands_until: Timestamp,
    /// So long after its last execution the venue takes no stop, where that is more than a moment: nobody can know when it does.
    seen_after: Option<Span>,
    /// Requests may take effect in another order than they were sent in: an older move of a stop after a newer one.
    overtakes: bool,
}

/// What the engine can know when something leaves.
#[derive(Clone, Copy)]
struct Knows<'w> {
    clocks: &'w Clocks,
    vanished: &'w Vanished,
    process: &'w Process,
    state: &'w State,
}

impl State {
    /// Dust is nobody's to protect or to close once people know that the venue takes no order for so little (I25, F-G03).
    fn is_known_dust(&self, quantity: Quantity, venue: &PaperVenue) -> bool {
        self.told_of_dust && self.is_dust(quantity, venue)
    }

    /// Too little for an order that closes, as the venue itself has it: its rules, its price, the mode it keeps the account in.
    fn is_dust(&self, quantity: Quantity, venue: &PaperVenue) -> bool {
        let exchange = venue.exchange();
        let mode = exchange.ledger().account(ME).map(|account| account.mode);
        let says_so = mode.is_some_and(|mode| exchange.native().waives_sized_exits(mode));
        if self.market.min_notional_waived_for_exits && says_so {
            return quantity < self.market.min_quantity;
        }
        let price = exchange.prices(stage::SYMBOL).and_then(|prices| prices.mark.or(prices.last));
        let worth = |price| Quantity::worth_at_least(self.market.min_notional, price, self.market.step).ok();
        let smallest = price.and_then(worth).unwrap_or(Quantity::ZERO).max(self.market.min_quantity);
        quantity < smallest
    }
}

impl Watch {
    /// Nothing has been seen yet.
    #[must_use]
    pub fn new(life: &Life) -> Self {
        let certain = life.troubles.iter().filter(|trouble| trouble.per_million == 1_000_000);
        let stretches = certain.map(|trouble| (stage::at(trouble.window.0), stage::at(trouble.window.1)));
        let native = life.venue.profile().native();
        let offered = capability(&native, life.mode);
        let request_validity = offered.request_validity;
        let validity = Timestamp::EPOCH.plus(request_validity);
        let state = State {
            adopt: life.adopt,
            stretches: stretches.collect(),
            journal_lost: false,
            forgets_until: Timestamp::EPOCH,
            turned: false,
            settled: false,
            withheld: Vec::new(),
            market: stage::instrument(life),
            told_of_dust: false,
            worded: Worded::of(life),
            request_validity,
            reduces_only: offered.reduce_only,
            second_stop_stands: life.readings.contains(&Reading::SecondStopStands),
            resolves_within: validity.plus(Span::from_secs(6)).since(Timestamp::EPOCH),
            unrecorded: Vec::new(),
            levels_again: Vec::new(),
            hands_until: Timestamp::EPOCH,
            seen_after: life.readings.contains(&Reading::PositionSeenLate).then_some(SEEN_AFTER),
            overtakes: life.troubles.iter().any(|trouble| OVERTAKING.contains(&trouble.fault))
                || life.acts.iter().any(|(_, act)| matches!(act, Act::Engines(EnginesTrouble::Stall { .. })))
                || life.traps.iter().any(|trap| trap.reach == Some(Reach::Late)),
        };
        Self {
            violations: Vec::new(),
            books: Books::default(),
            clocks: Clocks::default(),
            sent: Sent::default(),
            claims: Claims::at(offered.reduce_only),
            intents: Intents::default(),
            configured: Configured::default(),
            said: Said::at(offered.reduce_only),
            written: Written::keeping(life.acts.iter().any(|(_, act)| may_end(act)) || !life.traps.is_empty()),
            alarms: Alarms::default(),
            vanished: Vanished::default(),
            state,
            epoch: None,
        }
    }

    /// After every step.
    pub fn look(&mut self, now: Timestamp, venue: &PaperVenue, process: &Process) {
        let mut found = Vec::new();
        if self.state.journal_lost && !process.has_read() {
            self.state.forgets_until = now.plus(TIDIES_WITHIN);
        }
        if now <= self.state.forgets_until {
            // What is too much goes only when the venue takes its cancels.
            let tidied = self.clocks.calm_since().plus(TIDIES_WITHIN);
            self.state.forgets_until = self.state.forgets_until.max(tidied);
        }
        self.books.look(now, venue, &self.state, &mut found);
        self.clocks.look(now, venue, process, &self.state, &mut found);
        self.claims.look(now, venue, process, &self.clocks, &mut found);
        self.intents.look(venue, process, &self.state, &mut found);
        self.said.look(now, venue, process, (&self.clocks, &self.state), &mut found);
        self.written.look(now, venue, &self.clocks, &self.state, &mut found);
        self.alarms.look(now, process, &mut found);
        self.vanished.look(now, venue);
        self.configured.look(now, process, &mut found);
        found.into_iter().for_each(|(invariant, what)| self.broken(invariant, now, what));
    }

    /// A command is about to leave.
    pub fn sent(&mut self, now: Timestamp, command: &Command, venue: &PaperVenue, process: &Process) {
        let mut found = Vec::new();
        let knows = Knows { clocks: &self.clocks, vanished: &self.vanished, process, state: &self.state };
        self.sent.leaves(now, command, venue, knows, &mut found);
        let again = self.intents.level_again(command);
        self.intents.leaves(now, command, knows, &mut found);
        self.state.levels_again.retain(|(_, until, _)| now < *until);
        self.state.levels_again.extend(again.map(|(deal, place)| (deal, now.plus(LEVEL_ARRIVES), place)));
        self.said.leaves(now, command);
        if let Command::Place(order) = command {
            self.state.worded.leaves(order);
            // Nobody knows which ids are used, and the venue does not say: the price does not wait for it (I28, R3).
            if self.state.journal_lost && !process.has_read() {
                self.state.unrecorded.push(order.id);
            }
        }
        found.into_iter().for_each(|(invariant, what)| self.broken(invariant, now, what));
    }

    /// I17: whatever leaves, leaves under the highest epoch there has been.
    pub fn sent_under(&mut self, now: Timestamp, epoch: Option<u64>) {
        if epoch < self.epoch {
            let text = format!("something leaves under the epoch {epoch:?}, after {:?}", self.epoch);
            self.broken("I17", now, text);
        }
        self.epoch = self.epoch.max(epoch);
    }

    /// The process hears how much of the venue's budget is used up.
    pub fn told_usage(&mut self, now: Timestamp, used: usize) {
        self.sent.told_usage(now, used);
    }

    /// The engine takes an event in.
    pub fn heard(&mut self, now: Timestamp, event: &Event) {
        self.clocks.heard(now, event);
        self.state.worded.hears(event);
        self.claims.heard(now, event);
        self.intents.heard(now, event);
        self.vanished.heard(now, event);
        self.alarms.heard(event);
        let mut found = Vec::new();
        self.sent.heard(now, event, &mut found);
        found.into_iter().for_each(|(invariant, what)| self.broken(invariant, now, what));
    }

    /// The market says its prices, where somebody is there to hear them.
    pub fn quoted(&mut self, now: Timestamp, prices: Prices) {
        self.said.quoted(now, prices);
    }

    /// The engine has decided something, with what it asks for, and it is about to be written.
    pub fn decided(
        &mut self,
        now: Timestamp,
        step: &Step,
        commands: &[Command],
        venue: &PaperVenue,
        process: &Process,
    ) {
        let mut found = Vec::new();
        self.said.decided(now, &step.record, &mut found);
        self.written.decided(step, venue, &mut found);
        self.claims.decided(now, commands, venue, process, &self.state, &mut found);
        found.into_iter().for_each(|(invariant, what)| self.broken(invariant, now, what));
    }

    /// The disk says that everything up to this record is durable.
    pub fn durable(&mut self, through: u64) {
        self.written.durable(through);
    }

    /// The engine tells people something.
    pub fn told(&mut self, now: Timestamp, notice: &Notice) {
        let alarms = |of: &str| notice.severity == Severity::Alarm && notice.text.contains(of);
        if alarms("UNPROTECTED") || alarms("at market") {
            self.clocks.alarmed(now);
        }
        self.state.told_of_dust |= alarms("too little to be closed alone");
        self.alarms.told(now, notice);
        for bug in ["please report", "report this", "left its range"] {
            if notice.text.contains(bug) {
                self.broken("guard", now, notice.text.clone());
            }
        }
    }

    /// The engine shows a position.
    pub fn read(&mut self, now: Timestamp, read: &PositionRead) {
        let mut found = Vec::new();
        record::read(read, &mut found);
        let epoch = read.document.position_id.rsplit('-').next().and_then(|number| number.parse().ok());
        match epoch {
            Some(epoch) if read.document.current_quantity.is_zero() => {
                self.books.told_closed(read.key.side, epoch, read.document.tranche);
            }
            Some(epoch) => self.books.told_open(read.key.side, epoch, read.document.tranche),
            None => {}
        }
        found.into_iter().for_each(|(invariant, what)| self.broken(invariant, now, what));
    }

    /// Process or venue were disturbed until then.
    pub fn disturbed(&mut self, until: Timestamp) {
        self.clocks.disturbed(until);
    }

    /// The process has started, from what its disk holds.
    pub fn booted(&mut self, now: Timestamp, process: &Process) {
        let mut found = Vec::new();
        self.written.read_back(process, &mut found);
        found.into_iter().for_each(|(invariant, what)| self.broken(invariant, now, what));
        self.clocks.booted(now, self.state.journal_lost);
        if self.state.journal_lost {
            self.state.worded.goes_back(process);
        }
        self.sent.booted(now);
        self.intents.booted(&self.state);
        self.claims.booted(process);
    }

    /// Whether records are gone, or were not written any more.
    pub const fn is_journal_lost(&self) -> bool {
        self.state.journal_lost
    }

    /// Records are gone, or are not written any more.
    pub fn journal_was_lost(&mut self) {
        self.state.journal_lost = true;
        self.written.lost();
    }

    /// An order has left, and its record is lost: a disk that lied about its sync.
    pub fn left_without_record(&mut self, id: ClientOrderId) {
        self.state.unrecorded.push(id);
    }

    /// Somebody has acted at the venue, or has tried to.
    pub fn by_hand(&mut self, now: Timestamp, hand: Hand, done: bool) {
        if done && matches!(hand, Hand::Flip) {
            self.state.turned = true;
        }
        if done && matches!(hand, Hand::Mode) {
            self.state.worded.switched();
        }
        if done && matches!(hand, Hand::CancelStop) {
            self.books.begin_levels_anew();
        }
        if done && matches!(hand, Hand::MoveStop { .. }) {
            self.clocks.disturbed(now);
            self.state.hands_until = now.plus(HANDS_MEET);
        }
    }

    /// The operator has asked for something.
    pub fn wished(&mut self, now: Timestamp, event: &Event) {
        if let Event::Pause { .. } = event {
            self.clocks.disturbed(now);
        }
    }

    /// The disk takes so long for a sync until then.
    pub fn disk_slows(&mut self, until: Timestamp, sync: Span) {
        self.said.disk_slows(until, sync);
    }

    /// The venue has this grid from now on, and the engine knows it or not.
    pub const fn grid_is(&mut self, tick: Price, known: bool) {
        self.sent.grid_is(tick, known);
    }

    /// The venue keeps executions back: what they did is found by looking, until then.
    pub fn withheld(&mut self, until: Timestamp, fills: &[u64]) {
        self.clocks.disturbed(until);
        self.state.withheld.extend(fills);
    }

    /// Whether the market was settled.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.state.settled
    }

    /// The market was settled: nothing can be placed any more.
    pub fn settled(&mut self) {
        self.state.settled = true;
    }

    /// The venue has annulled an execution that had opened something.
    pub fn opening_annulled(&mut self) {
        self.state.turned = true;
    }

    /// Nothing is wrong any more.
    pub fn healed(&mut self, now: Timestamp) {
        self.state.stretches.clear();
        self.state.withheld.clear();
        self.clocks.healed(now);
    }

    /// Half a minute after everything was healed.
    pub fn at_rest(&mut self, now: Timestamp, venue: &PaperVenue, process: &Process) {
        let mut found = Vec::new();
        self.clocks.at_rest(now, venue, process, &self.state, &mut found);
        found.into_iter().for_each(|(invariant, what)| self.broken(invariant, now, what));
    }

    /// When everything has been closed.
    pub fn at_the_end(&mut self, now: Timestamp, venue: &PaperVenue, process: &Process) {
        let mut found = Vec::new();
        record::at_the_end(venue, process, &self.state, &mut found);
        if !self.state.journal_lost {
            self.written.at_the_end(venue, &mut found);
        }
        found.into_iter().for_each(|(invariant, what)| self.broken(invariant, now, what));
    }

    /// A promise was broken.
    pub fn broken(&mut self, invariant: &'static str, now: Timestamp, what: String) {
        let at = now.since(stage::start()).as_millis();
        self.violations.push(Violation { invariant, at, what });
    }

    /// Whether any was.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        !self.violations.is_empty()
    }

    /// All that were.
    #[must_use]
    pub fn violations(self) -> Vec<Violation> {
        self.violations
    }
}

/// Whether a process may end of it and start again.
const fn may_end(act: &Act) -> bool {
    matches!(act, Act::Engines(_) | Act::Kill { .. })
}

/// What checks find.
type Found = Vec<(&'static str, String)>;

/// Faults of requests: while they strike, nothing can be promised about how soon something is done.
const REQUEST_FAULTS: [Fault; 14] = [
    Fault::DealReject,
    Fault::Delay,
    Fault::DropRequest,
    Fault::DropResponse,
    Fault::ForgetOrder,
    Fault::Http,
    Fault::LateExecution,
    Fault::Maintenance,
    Fault::MarketRest,
    Fault::OnlyReduce,
    Fault::Reject,
    Fault::Reorder,
    Fault::StaleRead,
    Fault::TriggerStuck,
];

/// Faults that let a later request take effect before an earlier one.
const OVERTAKING: [Fault; 3] = [Fault::Delay, Fault::LateExecution, Fault::Reorder];

/// Faults of the stream: what it says cannot be relied on, and the regular look has to find it.
const STREAM_FAULTS: [Fault; 4] = [Fault::EventDelay, Fault::EventDrop, Fault::EventReorder, Fault::SilentStall];

/// Everything open, slot by slot.
pub fn open_slots(venue: &PaperVenue) -> impl Iterator<Item = (Slot, PositionSide, Quantity)> {
    let ledger = venue.exchange().ledger();
    let positions = ledger.account(ME).into_iter().flat_map(|account| &account.positions);
    let open = positions.filter(|(_, position)| !position.holding.is_flat());
    open.map(|((_, slot), position)| (*slot, position.holding.side, position.holding.quantity))
}

/// Stops of ours that wait for their price, with where they stand.
pub fn working_stops(venue: &PaperVenue) -> impl Iterator<Item = (String, Price)> {
    let stops =
        venue.exchange().ledger().open_orders(ME).filter(|order| order.is_waiting() && is_ours(&order.place.client_id));
    stops.filter_map(|order| match order.place.kind {
        Kind::StopMarket { trigger, .. } => Some((order.place.client_id.clone(), trigger)),
        Kind::Limit { .. }
        | Kind::Market
        | Kind::TakeProfitLimit { .. }
        | Kind::TakeProfitMarket { .. }
        | Kind::Trailing { .. } => None,
    })
}

/// Whether a client id is one of ours.
fn is_ours(client_id: &str) -> bool {
    client_id.starts_with("bs")
}

/// How much of a slot is under stops that wait for their price: orders of anybody's, or a level of the deal.
fn covered(venue: &PaperVenue, slot: Slot, side: PositionSide, quantity: Quantity) -> Quantity {
    let ledger = venue.exchange().ledger();
    if let Slot::Deal(origin) = slot {
        let stopped = ledger.deal(origin).is_some_and(|deal| deal.levels.stop.is_some());
        return if stopped { quantity } else { Quantity::ZERO };
    }
    let stops = ledger.open_orders(ME).filter(|order| {
        let kind = matches!(order.place.kind, Kind::StopMarket { .. });
        kind && order.is_waiting() && order.slot == slot && order.closes && order.place.side == side.closing()
    });
    let each = stops.map(|order| order.remaining().unwrap_or(quantity));
    each.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(sum)).min(quantity)
}
