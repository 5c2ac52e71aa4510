//! The live shell: sockets, clock and files around [`Cycle`], and nothing else.
//!
//! One task owns everything, so there is one order of events. It polls the venue, hands what arrives to the cycle, gives
//! records to the writing thread, sends what is durable, and sleeps until the next thing is due. Operators and the
//! writer reach it through one bounded inbox. It ends on request, leaving all orders at the venue (F-M18).

use crate::clock::Clock;
use crate::cycle::{Cycle, Taken};
use backstop_core::board::Board;
use backstop_core::orders::EntryOrder;
use backstop_core::volatility::Volatility;
use backstop_core::{Engine, PositionRead};
use backstop_model::{
    Account, EntryRequest, Event, InstrumentId, Notice, Permit, Points, PositionDocument, PositionKey, Timestamp,
};
use backstop_store::{Done, Journal, LeaseKeeper, Work, Writer};
use backstop_venues::{Venue, VenueFailure};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Inputs waiting at most.
const INBOX: usize = 1_024;
/// The longest sleep: even without anything due, things are looked at this often.
const LONGEST_SLEEP: Duration = Duration::from_millis(250);

/// Called with every notice.
pub type Tell = Box<dyn Fn(Timestamp, &Notice) + Send>;

/// What reaches the live loop from outside.
#[derive(Debug)]
pub enum Input {
    /// What the configuration says now, all of it at once; whoever sends it is told when it counts.
    Define(Vec<Event>, oneshot::Sender<()>),
    /// An entry that somebody asks for, who waits for the verdict.
    Enter(EntryRequest, oneshot::Sender<Verdict>),
    /// Somebody asks how a market looks now.
    Look(InstrumentId, oneshot::Sender<Seen>),
    /// An operator's wish; whoever sends it hears what is told of it at once.
    Operator(Box<Event>, oneshot::Sender<Vec<Notice>>),
    /// To end cleanly.
    Stop,
    /// The writing thread has news.
    Stored(Done),
}

/// How a market looks to the engine.
#[derive(Clone, Debug)]
pub struct Seen {
    /// From bid to ask, while both are known.
    pub spread: Option<Points>,
    /// The median slippage of stops there; none while none has been executed.
    pub slippage: Points,
    /// The average true ranges of the plans there.
    pub volatility: Volatility,
}

impl Seen {
    /// As if nothing were known of it.
    #[must_use]
    pub fn nothing() -> Self {
        Self { spread: None, slippage: Points::ZERO, volatility: Volatility::default() }
    }

    fn of(engine: &Engine, market: InstrumentId) -> Self {
        Self {
            spread: engine.board(market).and_then(Board::spread),
            slippage: engine.slippage(market),
            volatility: engine.volatility(market).cloned().unwrap_or_default(),
        }
    }
}

/// What is said about an entry that was asked for.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The entry, the one asked for before under the same name included: all its parts, the first one first. None where
    /// there is no such entry.
    pub parts: Vec<ShownEntry>,
    /// Why nothing is sent.
    pub refused: Option<String>,
}

/// One entry as it is shown.
#[derive(Clone, Debug)]
pub struct ShownEntry {
    /// Which position.
    pub key: PositionKey,
    /// The entry.
    pub entry: EntryOrder,
}

/// One open position as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Which.
    pub key: PositionKey,
    /// The document.
    pub document: PositionDocument,
    /// The proof of coverage.
    pub coverage: backstop_core::Coverage,
    /// What the operator is asked about it, while it is not looked after.
    pub proposal: Option<String>,
    /// The account is only observed.
    pub observed: bool,
    /// The account is limited to other symbols: it is shown and not touched.
    pub left_alone: bool,
    /// What would be sent for the position if it were not.
    pub wishes: Vec<String>,
}

/// How things stand, for those who ask.
#[derive(Clone, Debug)]
pub struct Status {
    /// When this was written.
    pub at: Timestamp,
    /// Running numbers.
    pub health: crate::Health,
    /// Orders that are open or in flight, entries among them.
    pub open_orders: usize,
    /// Targets wait until every account has been read (R9).
    pub protect_only: bool,
    /// The journal takes records.
    pub journal_works: bool,
    /// The connection to the venue works.
    pub venue_works: bool,
    /// All open positions.
    pub positions: Vec<Shown>,
    /// Entries on their way, and those that were.
    pub entries: Vec<ShownEntry>,
}

impl Default for Status {
    /// Before anything has been said: the safe word on everything.
    fn default() -> Self {
        Self {
            at: Timestamp::EPOCH,
            health: crate::Health::default(),
            open_orders: 0,
            protect_only: true,
            journal_works: false,
            venue_works: false,
            positions: Vec::new(),
            entries: Vec::new(),
        }
    }
}

/// The live loop, ready to run.
pub struct Live {
    cycle: Cycle,
    venue: Box<dyn Venue + Send>,
    writer: Writer,
    clock: Clock,
    inbox: mpsc::Receiver<Input>,
    status: watch::Sender<Arc<Status>>,
    tell: Tell,
    venue_works: bool,
    /// It was told that the room kept for a full disk is being used up.
    reserve_told: bool,
    keeper: Option<Box<dyn LeaseKeeper>>,
}

/// Why a live loop has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// It was asked to.
    Asked,
    /// Another engine has the lease now (F-K06).
    LeaseLost,
}

/// What others hold of a live loop.
#[derive(Clone)]
pub struct Handle {
    /// Where inputs go.
    pub inbox: mpsc::Sender<Input>,
    /// Where the newest status is.
    pub status: watch::Receiver<Arc<Status>>,
}

impl Live {
    /// Puts a loop together. `tell` is called with every notice.
    #[must_use]
    pub fn new(
        cycle: Cycle,
        venue: Box<dyn Venue + Send>,
        journal: Box<dyn Journal>,
        clock: Clock,
        tell: Tell,
    ) -> (Self, Handle) {
        let (sender, inbox) = mpsc::channel(INBOX);
        let stored = sender.clone();
        // The inbox is read until the loop ends; news for a loop that has ended is for nobody.
        let writer = Writer::start(journal, move |done| drop(stored.blocking_send(Input::Stored(done))));
        let (status, seen) = watch::channel(Arc::new(Status::default()));
        let (venue_works, reserve_told, keeper) = (true, false, None);
        let live = Self { cycle, venue, writer, clock, inbox, status, tell, venue_works, reserve_told, keeper };
        (live, Handle { inbox: sender, status: seen })
    }

    /// Asks this keeper for the cycle's lease.
    #[must_use]
    pub fn kept_by(mut self, keeper: Box<dyn LeaseKeeper>) -> Self {
        self.keeper = Some(keeper);
        self
    }

    /// Runs until it is asked to stop. `first` is taken in before anything else: definitions and doubts.
    pub async fn run(mut self, first: Vec<Event>) -> Ended {
        let now = self.clock.now();
        for event in first {
            self.take(now, event);
        }
        let ended = self.turns().await;
        if let Some(checkpoint) = self.cycle.checkpoint_now() {
            self.writer.submit(Work::Checkpoint(checkpoint));
        }
        // The writer's news of its last commit must not wait for a reader that is gone.
        self.inbox.close();
        ended
    }

    async fn turns(&mut self) -> Ended {
        loop {
            if self.keep_lease() {
                self.alarm("another engine has taken this one's place; ending, orders stay at the venue".to_owned());
                return Ended::LeaseLost;
            }
            let changed = self.turn();
            if changed {
                self.publish();
            }
            let input = tokio::time::timeout(self.sleep(), self.inbox.recv()).await;
            match input {
                Ok(Some(Input::Stop) | None) => return Ended::Asked,
                Ok(Some(input)) => self.hear(input),
                Err(_) => self.publish(),
            }
        }
    }

    /// Asks for the lease when that is due. True when it is lost.
    fn keep_lease(&mut self) -> bool {
        let now = self.clock.now();
        let (Some(lease), Some(keeper)) = (self.cycle.lease(), &mut self.keeper) else { return false };
        if lease.due_at().is_some_and(|due| due <= now) {
            let answer = keeper.renew();
            lease.heard(now, &answer);
        }
        lease.is_lost()
    }

    /// Everything that is due now. True when something happened.
    fn turn(&mut self) -> bool {
        let now = self.clock.now();
        let mut happened = false;
        match self.venue.poll(now) {
            Ok(events) => {
                self.venue_works = true;
                for event in events {
                    happened |= self.take(now, event);
                }
            }
            Err(failure) => self.venue_failed(now, &failure),
        }
        for usage in self.venue.usage() {
            self.cycle.told_usage(now, usage);
        }
        for event in self.cycle.overdue(now) {
            happened |= self.take(now, event);
        }
        if self.cycle.wants_wake(now) {
            happened |= self.take(now, Event::Wake);
        }
        while let Some(command) = self.cycle.next_request(now) {
            happened = true;
            self.venue.submit(now, &command);
        }
        while let Some(question) = self.cycle.next_candles(now) {
            self.venue.ask_candles(now, &question);
        }
        while let Some(question) = self.cycle.next_rules(now) {
            self.venue.ask_rules(now, question);
        }
        while let Some(account) = self.cycle.next_mode(now) {
            self.venue.ask_mode(now, account);
        }
        happened
    }

    fn take(&mut self, now: Timestamp, event: Event) -> bool {
        let taken = self.cycle.take(now, event);
        self.record(now, taken)
    }

    /// Takes in an entry, and says what was decided about it.
    fn enter(&mut self, asked: EntryRequest, verdict: oneshot::Sender<Verdict>) {
        let now = self.clock.now();
        if let Some(why) = self.why_not_now(now, &asked) {
            let _ = verdict.send(Verdict { parts: Vec::new(), refused: Some(why) });
            return;
        }
        let taken = self.cycle.take(now, Event::Enter(asked));
        let refused = taken.core.not_entered.as_ref().map(ToString::to_string);
        self.record(now, taken);
        let known = self.cycle.engine().parts_of_entry(asked.account(), &asked.request);
        let parts = known.into_iter().map(|(key, entry)| ShownEntry { key, entry: entry.clone() }).collect();
        self.publish();
        // Whoever asked may have gone away; the entry is sent all the same, and a repeat is told of it.
        let _ = verdict.send(Verdict { parts, refused });
    }

    /// Why nobody is asked for a new entry now.
    fn why_not_now(&self, now: Timestamp, asked: &EntryRequest) -> Option<String> {
        let is_new = self.cycle.engine().entry(asked.account(), &asked.request).is_none();
        if is_new && self.writer.is_on_reserve() {
            // What is left of the disk is for what protects and closes (F-M05).
            return Some("the disk is full; free some space, then start again".to_owned());
        }
        let wait = self.cycle.entry_waits(now, asked)?;
        Some(format!(
            "the journal may have lost its end, and an entry from before may still be on its way: ask again in {}",
            wait.in_words()
        ))
    }

    fn record(&mut self, now: Timestamp, taken: Taken) -> bool {
        for notice in &taken.core.notices {
            (self.tell)(now, notice);
        }
        let Some(step) = taken.step else { return false };
        if !self.cycle.is_journal_failed() && !self.writer.submit(Work::Step(Box::new(step))) {
            self.cycle.journal_failed();
        }
        if let Some(checkpoint) = self.cycle.checkpoint() {
            self.writer.submit(Work::Checkpoint(checkpoint));
        }
        true
    }

    fn hear(&mut self, input: Input) {
        match input {
            Input::Operator(event, told) => {
                let now = self.clock.now();
                let taken = self.cycle.take(now, *event);
                let notices = taken.core.notices.clone();
                self.record(now, taken);
                // Whoever asked may have gone away; it is done all the same.
                let _ = told.send(notices);
            }
            Input::Define(events, taken) => {
                let now = self.clock.now();
                for event in events {
                    self.take(now, event);
                }
                self.publish();
                // Whoever asked may have gone away; it counts all the same.
                let _ = taken.send(());
            }
            Input::Enter(asked, verdict) => self.enter(asked, verdict),
            // Whoever asked may have gone away.
            Input::Look(market, seen) => drop(seen.send(Seen::of(self.cycle.engine(), market))),
            Input::Stop => {}
            Input::Stored(Done::Durable { through }) => {
                self.cycle.durable(through);
                self.look_at_reserve();
            }
            Input::Stored(Done::Failed { error, .. }) => {
                let text = format!("{error}. Nothing more is recorded; only stops are placed and moved from now on");
                self.alarm(text);
                self.cycle.journal_failed();
            }
        }
    }

    /// The journal lives on the room kept for a full disk: people are told once, while everything still works (F-M05).
    fn look_at_reserve(&mut self) {
        if self.writer.is_on_reserve() && !std::mem::replace(&mut self.reserve_told, true) {
            let text = "the disk is full: the journal uses up the room that was kept for this day. Free some space and start again; \
                        until then nothing new is opened, and when that room is gone nothing more is recorded";
            self.alarm(text.to_owned());
        }
    }

    fn venue_failed(&mut self, _now: Timestamp, failure: &VenueFailure) {
        if std::mem::replace(&mut self.venue_works, false) {
            self.alarm(format!(
                "the venue's connection does not work: {failure}; trying again, stops rest at the venue"
            ));
        }
    }

    fn alarm(&self, text: String) {
        let notice = Notice { severity: backstop_model::Severity::Alarm, position: None, text };
        (self.tell)(self.clock.now(), &notice);
    }

    /// How long nothing is due.
    fn sleep(&self) -> Duration {
        let now = self.clock.now();
        let next = [self.cycle.next_wake(), self.venue.next_due()].into_iter().flatten().min();
        let nanos = next.map_or(i64::MAX, |next| next.since(now).as_nanos());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)).min(LONGEST_SLEEP)
    }

    fn publish(&self) {
        let now = self.clock.now();
        let engine = self.cycle.engine();
        let read = |position: &backstop_core::position::Position| position.read(engine.ctx(position.key, now)?).ok();
        let open = engine.positions().filter_map(read).flatten();
        let open = open.filter(|read| read.document.exit_time.is_none());
        let status = Status {
            at: now,
            health: self.cycle.health().clone(),
            open_orders: engine.positions().map(|position| position.orders.len()).sum::<usize>()
                + engine.entries().filter(|(_, entry)| entry.is_live()).count(),
            protect_only: self.cycle.is_protect_only(),
            journal_works: !self.cycle.is_journal_failed(),
            venue_works: self.venue_works,
            positions: open.map(|read| shown(engine, read)).collect(),
            entries: engine.entries().map(|(key, entry)| ShownEntry { key, entry: entry.clone() }).collect(),
        };
        self.status.send_replace(Arc::new(status));
    }
}

fn shown(engine: &Engine, read: PositionRead) -> Shown {
    let account = engine.accounts().find(|account| account.id == read.key.account);
    let symbol = engine.instrument(read.key.instrument).map(|instrument| instrument.symbol);
    let covers = |account: &Account| symbol.is_none_or(|symbol| account.limits.cover(symbol));
    let ctx = engine.ctx(read.key, engine.last_event_at());
    let proposal = engine.position(read.key).zip(ctx).and_then(|(position, ctx)| position.proposed(ctx));
    Shown {
        proposal,
        left_alone: !account.is_none_or(covers),
        key: read.key,
        document: read.document,
        coverage: read.protection,
        observed: account.is_some_and(|account| account.permit == Permit::Observe),
        wishes: engine.position(read.key).map_or_else(Vec::new, |position| position.wishes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn before_anything_has_been_said_the_status_has_the_safe_word_on_everything() {
        let status = Status::default();
        assert!(status.protect_only && !status.journal_works && !status.venue_works);
    }
}
