//! Which command may leave now: a lane per instrument, protection first, a share of the budget kept for it (F-I01).
//!
//! Commands of one instrument keep their order within their urgency. Requests are counted over a sliding window; targets
//! and questions stop at seventy percent of it, so that a stop always finds room (I19). Requests that nobody answers
//! become unknown outcomes after `T_req`.

use crate::retry;
use backstop_model::{
    AccountId, Answer, Asked, ClientOrderId, Command, Event, InstrumentId, Lane, Outcome, Span, Timestamp, UnknownCause,
};
use std::collections::{BTreeMap, VecDeque};

/// A request without an answer for so long has an unknown outcome (faults.md, `T_req`).
pub const REQUEST_TIMEOUT: Span = Span::from_millis(1500);

/// How many requests a venue takes in how long.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Requests.
    pub requests: usize,
    /// In this time.
    pub window: Span,
}

impl Default for Budget {
    /// 300 orders in 10 s (venues/binance.md §3).
    fn default() -> Self {
        Self { requests: 300, window: Span::from_secs(10) }
    }
}

/// A command on its way, for repeating it and for noticing that nobody answers.
#[derive(Clone, Copy, Debug)]
struct Sent {
    command: Command,
    at: Timestamp,
    attempts: u32,
}

type LaneKey = (Lane, AccountId, Option<InstrumentId>);

/// The executor of all accounts.
#[derive(Debug, Default)]
pub struct Executor {
    budget: Budget,
    lanes: BTreeMap<LaneKey, VecDeque<(Timestamp, Command, u32)>>,
    spent: BTreeMap<AccountId, VecDeque<Timestamp>>,
    /// Targets wait: not everything is known yet (R9).
    protect_only: bool,
    sent: BTreeMap<(ClientOrderId, Asked), Sent>,
}

impl Executor {
    /// An executor with this budget for each account.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Holds targets back, or lets them go: until every account has been read, only protection, cancels and questions
    /// may leave (R9).
    pub const fn protect_only(&mut self, only: bool) {
        self.protect_only = only;
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
            queue.retain(|(_, command, _)| {
                let goes = which(command);
                back.extend(goes.then_some(*command));
                !goes
            });
            !queue.is_empty()
        });
        back
    }

    fn queue(&mut self, not_before: Timestamp, command: Command, attempts: u32) {
        let key = (command.lane(), command.account(), command.instrument());
        let lane = self.lanes.entry(key).or_default();
        // A cancel that waits already says all that another one would.
        let again = matches!(command, Command::Cancel { .. }) && lane.iter().any(|(_, waits, _)| *waits == command);
        if !again {
            lane.push_back((not_before, command, attempts));
        }
    }

    /// The next command that may leave, most urgent lane first.
    pub fn next(&mut self, now: Timestamp) -> Option<Command> {
        let ready = |queue: &VecDeque<(Timestamp, Command, u32)>| {
            queue.front().is_some_and(|(not_before, ..)| *not_before <= now)
        };
        let may = |lane: Lane| !(self.protect_only && lane == Lane::Profit);
        let open = self.lanes.iter().filter(|(key, queue)| may(key.0) && ready(queue));
        let keys: Vec<LaneKey> = open.map(|(key, _)| *key).collect();
        let key = keys.into_iter().find(|(lane, account, _)| self.affords(*lane, *account, now))?;
        let queue = self.lanes.get_mut(&key)?;
        let (_, command, attempts) = queue.pop_front()?;
        if queue.is_empty() {
            self.lanes.remove(&key);
        }
        self.spent.entry(key.1).or_default().push_back(now);
        if let Some(asked) = retry::asked(&command)
            && let Some(id) = command.order()
        {
            self.sent.insert((id, asked), Sent { command, at: now, attempts: attempts + 1 });
        }
        Some(command)
    }

    /// Whether the lane may spend one more request.
    fn affords(&mut self, lane: Lane, account: AccountId, now: Timestamp) -> bool {
        let spent = self.spent.entry(account).or_default();
        while spent.front().is_some_and(|at| now.since(*at) >= self.budget.window) {
            spent.pop_front();
        }
        let limit = match lane {
            Lane::Protect | Lane::Cancel => self.budget.requests,
            Lane::Reconcile | Lane::Profit => self.budget.requests * 7 / 10,
        };
        spent.len() < limit
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
    pub fn next_wake(&self) -> Option<Timestamp> {
        let may = |lane: Lane| !(self.protect_only && lane == Lane::Profit);
        let open = self.lanes.iter().filter(|(key, _)| may(key.0));
        let queued = open.filter_map(|(_, queue)| queue.front()).map(|(not_before, ..)| *not_before).min();
        let answers = self.sent.values().map(|sent| sent.at.plus(REQUEST_TIMEOUT)).min();
        queued.into_iter().chain(answers).min()
    }
}

#[cfg(test)]
mod tests;
