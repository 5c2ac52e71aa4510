//! When to ask a venue for its full truth: at the start, after a reconnect, on a surprise, and on a timer (R7).

use backstop_model::{AccountId, Command, Event, SnapshotCause, Span, Timestamp};
use std::collections::BTreeMap;

/// A question without an answer for so long is asked again.
const PATIENCE: Span = Span::from_secs(5);
/// The first ones after a start sooner: until one is answered little is known, and little leaves (R9).
const PATIENCE_AT_START: Span = Span::from_secs(2);
/// So many.
const FIRST_ONES: u8 = 10;
/// Surprises of one account share a question when they are closer together than this.
const APART: Span = Span::from_millis(500);

/// Where one account's questions stand.
#[derive(Clone, Copy, Debug)]
struct Account {
    next: Timestamp,
    cause: SnapshotCause,
    asked_at: Option<Timestamp>,
    /// Questions of its own that nobody has answered.
    asked: u8,
    answered: bool,
}

/// The schedule of all accounts.
#[derive(Debug)]
pub struct SnapshotSchedule {
    every: Span,
    accounts: BTreeMap<AccountId, Account>,
}

impl SnapshotSchedule {
    /// A schedule that asks each account every so often.
    #[must_use]
    pub fn new(every: Span) -> Self {
        Self { every, accounts: BTreeMap::new() }
    }

    /// An account is to be looked at from now on.
    pub fn start(&mut self, account: AccountId, now: Timestamp, cause: SnapshotCause) {
        self.accounts.insert(account, Account { next: now, cause, asked_at: None, asked: 0, answered: false });
    }

    /// Whether every account has been read at least once: until then only protection may be placed (R9).
    #[must_use]
    pub fn all_read(&self) -> bool {
        self.accounts.values().all(|account| account.answered)
    }

    /// Whether an account has been read since the start.
    #[must_use]
    pub fn has_read(&self, id: AccountId) -> bool {
        self.accounts.get(&id).is_some_and(|account| account.answered)
    }

    /// The question that is due now.
    pub fn due(&mut self, now: Timestamp) -> Option<Command> {
        let (id, account) = self.accounts.iter_mut().find(|(_, account)| account.next <= now)?;
        account.asked = account.asked.saturating_add(1);
        let is_first = !account.answered && account.asked <= FIRST_ONES;
        account.next = now.plus(if is_first { PATIENCE_AT_START } else { PATIENCE });
        Some(Command::Snapshot { account: *id, cause: account.cause })
    }

    /// A question has been sent.
    pub fn sent(&mut self, now: Timestamp, command: &Command) {
        if let Command::Snapshot { account, .. } = command
            && let Some(account) = self.accounts.get_mut(account)
        {
            account.asked_at = Some(now);
        }
    }

    /// Listens to answers: the next question is due a while after one.
    pub fn hear(&mut self, now: Timestamp, event: &Event) {
        if let Event::Snapshot(snapshot) = event
            && let Some(account) = self.accounts.get_mut(&snapshot.account)
        {
            let (next, cause) = (now.plus(self.every), SnapshotCause::Timer);
            *account = Account { next, cause, asked_at: None, asked: 0, answered: true };
        }
    }

    /// The next question is due then, unless it is before.
    pub fn no_later_than(&mut self, id: AccountId, at: Timestamp) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.next = account.next.min(at);
        }
    }

    /// Whether a surprise needs a question of its own, or shares one that has just been asked.
    #[must_use]
    pub fn is_apart(&self, id: AccountId, now: Timestamp) -> bool {
        let asked_at = self.accounts.get(&id).and_then(|account| account.asked_at);
        asked_at.is_none_or(|at| now.since(at) >= APART)
    }

    /// When the next question is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.accounts.values().map(|account| account.next).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_model::Snapshot;

    const ACCOUNT: AccountId = AccountId(7);

    #[test]
    fn an_account_is_read_at_the_start_and_then_on_a_timer() {
        let mut schedule = SnapshotSchedule::new(Span::from_secs(10));
        let start = Timestamp::from_nanos(0);
        schedule.start(ACCOUNT, start, SnapshotCause::Start);
        assert_eq!(schedule.due(start), Some(Command::Snapshot { account: ACCOUNT, cause: SnapshotCause::Start }));
        assert_eq!(schedule.due(start), None);
        assert!(!schedule.all_read());
        let answer = Snapshot {
            account: ACCOUNT,
            positions: vec![],
            orders: vec![],
            fills: vec![],
            server_time: start,
            balance: None,
        };
        schedule.hear(start, &Event::Snapshot(answer));
        assert!(schedule.all_read());
        let later = start.plus(Span::from_secs(10));
        assert_eq!(schedule.next_due(), Some(later));
        assert_eq!(schedule.due(later), Some(Command::Snapshot { account: ACCOUNT, cause: SnapshotCause::Timer }));
    }

    #[test]
    fn a_question_nobody_answers_is_asked_again() {
        let mut schedule = SnapshotSchedule::new(Span::from_secs(10));
        schedule.start(ACCOUNT, Timestamp::EPOCH, SnapshotCause::Start);
        let mut at = Timestamp::EPOCH;
        for patience in [[PATIENCE_AT_START; 10].as_slice(), &[PATIENCE; 2]].concat() {
            assert_eq!(schedule.next_due(), Some(at));
            assert!(schedule.due(at).is_some());
            at = at.plus(patience);
        }
    }
}
