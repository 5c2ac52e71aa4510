//! Which command may leave now: a lane per instrument, protection first, a share of the budget kept for it (F-I01).
//!
//! Commands of one instrument keep their order within their urgency. Requests are counted over a sliding window, and
//! what others use up with them (F-I07); targets and questions stop at seventy percent of it, so that a stop always finds room (I19). Requests that nobody answers
//! become unknown outcomes after `T_req`.

mod budget;

use crate::retry;
use backstop_core::orders::Named;
use backstop_model::{
    AccountId, Answer, Asked, ClientOrderId, Command, Event, InstrumentId, Lane, NewOrder, OrderKind, Outcome, Span,
    Timestamp, UnknownCause,
};
use backstop_venues::Usage;
use budget::Spent;
use std::collections::{BTreeMap, VecDeque};

pub use budget::Budget;

/// A request without an answer for so long has an unknown outcome (faults.md, `T_req`).
pub const REQUEST_TIMEOUT: Span = Span::from_millis(1500);

/// An exit at market waits for the first full read no longer than this: one that is slower than a request is lost, and
/// the price is through the stop (I28).
const WAITS_FOR_READ: Span = REQUEST_TIMEOUT;

/// So many orders of one leg leave in [`MINUTE`], and the next one waits: no leg runs hot, whatever it has to go through (I36).
const MOST_OF_LEG: usize = 20;
/// The time they are counted over.
const MINUTE: Span = Span::from_secs(60);
/// Legs are forgotten from this number on, as far as they have been quiet for that time.
const MOST_LEGS: usize = 1_024;

/// Moves of one order leave so far apart: whatever asks for them again and again, there is room for the others (I19, I36). A trail
/// moves once a second at most.
const MOVES_APART: Span = Span::from_millis(250);

/// A command on its way, for repeating it and for noticing that nobody answers.
#[derive(Clone, Copy, Debug)]
struct Sent {
    command: Command,
    at: Timestamp,
    attempts: u32,
}

type LaneKey = (Lane, AccountId, Option<InstrumentId>);

/// A command that waits.
#[derive(Clone, Copy, Debug)]
struct Queued {
    not_before: Timestamp,
    command: Command,
    /// How often it has been sent.
    attempts: u32,
    /// Whose order it is and what for, where it is a new one: its name without the revision.
    leg: Option<Named>,
}

impl Queued {
    fn new(not_before: Timestamp, command: Command, attempts: u32) -> Self {
        let leg = match command {
            Command::Place(order) => Named::read(&order.id).map(|named| Named { revision: 0, ..named }),
            Command::Amend { .. } | Command::Cancel { .. } | Command::Lookup { .. } | Command::Snapshot { .. } => None,
        };
        Self { not_before, command, attempts, leg }
    }
}

/// The executor of all accounts.
#[derive(Debug, Default)]
pub struct Executor {
    budget: Budget,
    lanes: BTreeMap<LaneKey, VecDeque<Queued>>,
    spent: BTreeMap<AccountId, Spent>,
    /// Since when targets wait, because not everything is known yet (R9).
    unread_since: Option<Timestamp>,
    sent: BTreeMap<(ClientOrderId, Asked), Sent>,
    /// When orders of each leg have left.
    legs: BTreeMap<Named, VecDeque<Timestamp>>,
    /// When orders have last been moved, as far as that counts still.
    moved: BTreeMap<ClientOrderId, Timestamp>,
}

impl Executor {
    /// An executor with this budget for each account.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Holds targets back, or lets them go: until every account has been read, only protection, cancels and questions
    /// may leave (R9). An exit at market waits for that for a moment only: what the journal has lost may have used its id
    /// (I5).
    pub fn protect_only(&mut self, now: Timestamp, only: bool) {
        self.unread_since = only.then(|| self.unread_since.unwrap_or(now));
    }

    /// Takes commands over, in order.
    pub fn push(&mut self, now: Timestamp, commands: Vec<Command>) {
        for command in commands {
            self.queue(now, command, 0);
        }
    }

    /// Gives back what has not left, of such commands: nobody has heard of it.
    pub fn take_back(&mut self, which: impl Fn(&Command) -> bool) -> Vec<Command> {
        let mut back = Vec::new();
        self.lanes.retain(|_, queue| {
            queue.retain(|waits| {
                let goes = which(&waits.command);
                back.extend(goes.then_some(waits.command));
                !goes
            });
            !queue.is_empty()
        });
        back
    }

    fn queue(&mut self, not_before: Timestamp, command: Command, attempts: u32) {
        let key = (command.lane(), command.account(), command.instrument());
        let lane = self.lanes.entry(key).or_default();
        // The newest move of an order says all: an older one behind it would put the stop back (I3, F-A07).
        let moves = |one: &Command, other: &Command| match (one, other) {
            (Command::Amend { id, .. }, Command::Amend { id: same, .. }) => id == same,
            _ => false,
        };
        lane.retain(|waits| !moves(&waits.command, &command));
        // A cancel or a question that waits already says all that another one would.
        let says_it = |waits: &Queued| match (&waits.command, &command) {
            (Command::Snapshot { account, .. }, Command::Snapshot { account: same, .. }) => account == same,
            (Command::Cancel { .. } | Command::Lookup { .. }, _) => waits.command == command,
            _ => false,
        };
        if !lane.iter().any(says_it) {
            lane.push_back(Queued::new(not_before, command, attempts));
        }
    }

    /// The next command that may leave, most urgent lane first.
    pub fn next(&mut self, now: Timestamp) -> Option<Command> {
        let ready = |(key, queue): (&LaneKey, &VecDeque<Queued>)| {
            let (index, _) = self.first_of(key.0, queue, now).filter(|(_, at)| *at <= now)?;
            Some((*key, index))
        };
        let open: Vec<(LaneKey, usize)> = self.lanes.iter().filter_map(ready).collect();
        let (key, index) = open.into_iter().find(|((lane, account, _), _)| self.affords(*lane, *account, now))?;
        let queue = self.lanes.get_mut(&key)?;
        let Queued { command, attempts, leg, .. } = queue.remove(index)?;
        if queue.is_empty() {
            self.lanes.remove(&key);
        }
        self.spent.entry(key.1).or_default().spend(now);
        leg.into_iter().for_each(|leg| self.count(leg, now));
        if let Command::Amend { id, .. } = command {
            self.moved.retain(|_, at| now.since(*at) < MOVES_APART);
            self.moved.insert(id, now);
        }
        if let Some(asked) = retry::asked(&command)
            && let Some(id) = command.order()
        {
            self.sent.insert((id, asked), Sent { command, at: now, attempts: attempts + 1 });
        }
        Some(command)
    }

    /// The place of what leaves a lane next, and when it may. Its order is kept, except that what is held back holds up nothing
    /// behind it.
    fn first_of(&self, lane: Lane, queue: &VecDeque<Queued>, now: Timestamp) -> Option<(usize, Timestamp)> {
        if lane == Lane::Profit && self.unread_since.is_some() {
            return None;
        }
        let mut is_first = true;
        let candidates = queue.iter().enumerate().filter_map(|(index, waits)| {
            let held_until = self.held_until(waits).filter(|until| *until > now);
            let counts = held_until.is_some() || std::mem::take(&mut is_first);
            counts.then(|| (index, held_until.map_or(waits.not_before, |until| until.max(waits.not_before))))
        });
        candidates.min_by_key(|(index, at)| ((*at).max(now), *index))
    }

    /// How long it is held back: for the first full read, because its leg would run hot, or a while behind an earlier move of
    /// the same order, which it must not overtake (I3, F-A07).
    fn held_until(&self, waits: &Queued) -> Option<Timestamp> {
        if let Command::Amend { id, .. } = waits.command {
            let apart = self.moved.get(&id).map(|at| at.plus(MOVES_APART));
            return self.sent.get(&(id, Asked::Amend)).map(|sent| sent.at.plus(REQUEST_TIMEOUT)).max(apart);
        }
        let unread_since = self.unread_since.filter(|_| waits_for_read(&waits.command));
        let times = waits.leg.and_then(|leg| self.legs.get(&leg)).filter(|times| times.len() >= MOST_OF_LEG);
        let cool_at = times.and_then(|times| times.front()).map(|first| first.plus(MINUTE));
        unread_since.map(|since| since.plus(WAITS_FOR_READ)).max(cool_at)
    }

    /// An order of this leg leaves.
    fn count(&mut self, leg: Named, now: Timestamp) {
        if self.legs.len() >= MOST_LEGS {
            self.legs.retain(|_, times| times.back().is_some_and(|last| now.since(*last) < MINUTE));
        }
        let times = self.legs.entry(leg).or_default();
        times.push_back(now);
        if times.len() > MOST_OF_LEG {
            times.pop_front();
        }
    }

    /// The venue says how much of its budget is used up, by whomever (F-I07).
    pub fn told_usage(&mut self, now: Timestamp, usage: Usage) {
        self.spent.entry(usage.account).or_default().told(now, usage.used, self.budget);
    }

    /// Whether the lane may spend one more request.
    fn affords(&mut self, lane: Lane, account: AccountId, now: Timestamp) -> bool {
        self.spent.entry(account).or_default().affords(lane, now, self.budget)
    }

    /// When the lane may spend one more request: what waits for that is not due before.
    fn affords_at(&self, lane: Lane, account: AccountId) -> Option<Timestamp> {
        self.spent.get(&account)?.affords_at(lane, self.budget)
    }

    /// Listens to answers. One that only says "not now, nothing was done" is kept back, and its command goes out again
    /// under the same id, as often as the retry table says.
    pub fn hear(&mut self, now: Timestamp, event: Event) -> Option<Event> {
        let Event::Answer(answer) = &event else { return Some(event) };
        let Some(sent) = self.sent.remove(&(answer.id, answer.asked)) else { return Some(event) };
        if let Outcome::Refused(refusal) = &answer.outcome
            && let Some(pause) = retry::pause(&sent.command, refusal.reason, sent.attempts)
        {
            self.queue(now.plus(pause), sent.command, sent.attempts);
            return None;
        }
        Some(event)
    }

    /// Requests without an answer for [`REQUEST_TIMEOUT`].
    pub fn overdue(&mut self, now: Timestamp) -> Vec<Event> {
        let late: Vec<_> = self
            .sent
            .iter()
            .filter(|(_, sent)| now.since(sent.at) >= REQUEST_TIMEOUT)
            .map(|(key, sent)| (*key, *sent))
            .collect();
        let mut events = Vec::with_capacity(late.len());
        for (key, sent) in late {
            self.sent.remove(&key);
            let Some(instrument) = sent.command.instrument() else { continue };
            events.push(Event::Answer(Answer {
                account: sent.command.account(),
                instrument,
                id: key.0,
                asked: key.1,
                outcome: Outcome::Unknown(UnknownCause::TimedOut),
                sent_at: sent.at,
            }));
        }
        events
    }

    /// When the executor has something to do of its own accord.
    #[must_use]
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let queued = self.lanes.iter().filter_map(|(key, queue)| Some((key, self.first_of(key.0, queue, now)?.1)));
        let queued =
            queued.map(|((lane, account, _), at)| self.affords_at(*lane, *account).map_or(at, |free| free.max(at)));
        let answers = self.sent.values().map(|sent| sent.at.plus(REQUEST_TIMEOUT)).min();
        queued.chain(answers).min()
    }
}

/// What says how much is to be closed before anybody has read how much is open, under an id that may have been used; and what
/// takes a stop away, which may be all that protects what a journal that has lost its end does not know (I7, F-M13).
#[must_use]
pub fn waits_for_read(command: &Command) -> bool {
    let exits = |order: &NewOrder| matches!(order.kind, OrderKind::Market | OrderKind::TrailingStop { .. });
    let is_stop = |id| Named::read(id).is_some_and(|named: Named| named.leg.is_stop());
    match command {
        Command::Place(order) => command.lane() == Lane::Profit || exits(order),
        Command::Cancel { id, .. } => is_stop(id),
        Command::Amend { .. } | Command::Lookup { .. } | Command::Snapshot { .. } => false,
    }
}

#[cfg(test)]
mod tests;
