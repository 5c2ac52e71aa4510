//! When to ask a venue for its full truth: at the start, after a reconnect, on a surprise, and on a timer (R7).

use backstop_model::{AccountId, Command, Event, SnapshotCause, Span, Timestamp};
use std::collections::BTreeMap;

/// A question without an answer for so long is asked again: at a start little is known until one is answered, and little leaves (R9);
/// later it is what the stream has left out that nobody knows (R7).
const PATIENCE: Span = Span::from_secs(2);
/// So many in a row.
const FIRST_ONES: u8 = 10;
/// After these a venue that answers nobody is asked less often.
const PATIENCE_LATER: Span = Span::from_secs(5);
/// Surprises of one account share a question when they are closer together than this.
const APART: Span = Span::from_millis(500);

/// An answer that speaks of so much earlier than it was asked for, beyond what clocks differ by, is an old one (F-E15, F-E16).
const OLD: Span = Span::from_millis(1500);
/// Two in a row that are old by the same are not, unless the stream says otherwise: the clocks differ by so much.
const ALIKE: Span = Span::from_millis(500);
/// The next question after an old answer.
const AGAIN_AFTER: Span = Span::from_secs(1);

/// By how much a venue speaks of earlier than now: what clocks differ by, and what is more.
#[derive(Clone, Copy, Debug, Default)]
struct Lag {
    /// Of answers that were not old.
    usual: Option<Span>,
    /// Of the last answer.
    last: Option<Span>,
    /// Of what the stream has told since then, at least.
    stream: Option<Span>,
    /// Of what it had told before: it counts for one answer more, for the stream is quiet where little happens.
    before: Option<Span>,
}

impl Lag {
    /// The stream tells something.
    fn told(&mut self, lag: Span) {
        self.stream = Some(self.stream.map_or(lag, |least| least.min(lag)));
    }

    /// Whether an answer is old.
    fn is_old(&mut self, lag: Span) -> bool {
        let beyond = |known: Span| lag.as_nanos().saturating_sub(known.as_nanos()) > OLD.as_nanos();
        let alike = |last: Span| lag.as_nanos().abs_diff(last.as_nanos()) < ALIKE.as_nanos().unsigned_abs();
        let told = self.stream.take();
        let stream = told.or(self.before);
        self.before = told;
        let is_again = self.last.replace(lag).is_some_and(alike) && !stream.is_some_and(beyond);
        let is_old = beyond(stream.or(self.usual).unwrap_or(Span::ZERO)) && !is_again;
        if !is_old {
            self.usual = Some(if is_again { lag } else { self.usual.map_or(lag, |usual| usual.min(lag)) });
        }
        is_old
    }
}

/// Where one account's questions stand.
#[derive(Clone, Copy, Debug)]
struct Account {
    next: Timestamp,
    cause: SnapshotCause,
    asked_at: Option<Timestamp>,
    /// Questions of its own that nobody has answered.
    asked: u8,
    answered: bool,
    /// The venue's time of the newest order that was told of before the first answer.
    told_at: Option<Timestamp>,
    lag: Lag,
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
        let lag = self.accounts.get(&account).map(|account| account.lag).unwrap_or_default();
        let begun = Account { next: now, cause, asked_at: None, asked: 0, answered: false, told_at: None, lag };
        self.accounts.insert(account, begun);
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
        account.next = now.plus(if account.asked <= FIRST_ONES { PATIENCE } else { PATIENCE_LATER });
        Some(Command::Snapshot { account: *id, cause: account.cause })
    }

    /// A question has been sent, of the schedule's or for a surprise: that one is asked again as well when nobody answers.
    pub fn sent(&mut self, now: Timestamp, command: &Command) {
        if let Command::Snapshot { account, .. } = command
            && let Some(account) = self.accounts.get_mut(account)
        {
            account.asked_at = Some(now);
            if account.asked == 0 {
                account.next = account.next.min(now.plus(PATIENCE));
            }
        }
    }

    /// Listens to answers: the next question is due a while after one, and soon after an old one, which says nothing of now.
    pub fn hear(&mut self, now: Timestamp, event: &Event) {
        let told = match event {
            Event::Order(report) => Some((report.account, report.at)),
            Event::Fill(fill) => Some((fill.account, fill.at)),
            Event::Position(report) => Some((report.key.account, report.at)),
            _ => None,
        };
        if let Some((id, at)) = told
            && let Some(account) = self.accounts.get_mut(&id)
        {
            account.lag.told(now.since(at));
            if matches!(event, Event::Order(_)) && !account.answered {
                account.told_at = account.told_at.max(Some(at));
            }
        }
        if let Event::Snapshot(snapshot) = event
            && let Some(account) = self.accounts.get_mut(&snapshot.account)
        {
            let mut lag = account.lag;
            let is_old = account.asked_at.is_some_and(|asked| lag.is_old(asked.since(snapshot.server_time)));
            // What the stream tells before anything is known can be nobody's; a read from before that does not show it.
            let is_old = is_old || account.told_at.is_some_and(|told| told > snapshot.server_time);
            let next = now.plus(if is_old { AGAIN_AFTER.min(self.every) } else { self.every });
            let (cause, answered) = (SnapshotCause::Timer, true);
            *account = Account { next, cause, asked_at: None, asked: 0, answered, told_at: None, lag };
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
    use backstop_model::{InstrumentId, OrderReport, OrderSide, OrderStatus, Quantity, Snapshot, VenueOrderId};

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
    fn a_surprise_that_nobody_answers_is_asked_for_again() {
        let mut schedule = SnapshotSchedule::new(Span::from_secs(10));
        let start = Timestamp::from_nanos(1_000_000_000_000);
        schedule.start(ACCOUNT, start, SnapshotCause::Start);
        assert!(schedule.due(start).is_some());
        let (positions, orders, fills) = (vec![], vec![], vec![]);
        let answer = Snapshot { account: ACCOUNT, positions, orders, fills, server_time: start, balance: None };
        schedule.hear(start, &Event::Snapshot(answer.clone()));
        let after = |seconds: i64| start.plus(Span::from_secs(seconds));
        schedule.sent(after(3), &Command::Snapshot { account: ACCOUNT, cause: SnapshotCause::Surprise });
        assert_eq!(schedule.next_due(), Some(after(5)));
        assert!(schedule.due(after(5)).is_some());
        schedule.hear(after(6), &Event::Snapshot(Snapshot { server_time: after(6), ..answer }));
        assert_eq!(schedule.next_due(), Some(after(16)));
    }

    /// The instants of the next questions after answers that speak of so many milliseconds before they were asked for.
    fn next_after(lags: &[i64]) -> Vec<i64> {
        let mut schedule = SnapshotSchedule::new(Span::from_secs(10));
        let mut at = Timestamp::from_nanos(1_000_000_000_000);
        schedule.start(ACCOUNT, at, SnapshotCause::Start);
        let mut waits = Vec::new();
        for lag in lags {
            let question = schedule.due(at).expect("it is due");
            schedule.sent(at, &question);
            let server_time = at.plus(Span::from_millis(-lag));
            let (positions, orders, fills) = (vec![], vec![], vec![]);
            let answer = Snapshot { account: ACCOUNT, positions, orders, fills, server_time, balance: None };
            schedule.hear(at, &Event::Snapshot(answer));
            let next = schedule.next_due().expect("it goes on");
            waits.push(next.since(at).as_millis() / 1000);
            at = next;
        }
        waits
    }

    #[test]
    fn an_answer_that_is_old_is_asked_for_again_soon_and_clocks_that_differ_are_no_such_thing() {
        assert_eq!(next_after(&[5000, 100, 100, 5100, 120]), [1, 10, 10, 1, 10]);
        // Ours is six seconds ahead, and then somebody sets it.
        assert_eq!(next_after(&[6000, 6010, 6100, 20, 40, 6000]), [1, 10, 10, 10, 10, 1]);
        assert_eq!(next_after(&[-6000, -5900, -1000, -900, -950]), [10, 10, 1, 10, 10]);
    }

    #[test]
    fn an_order_that_is_told_of_after_the_first_read_was_made_is_looked_for_soon() {
        let mut schedule = SnapshotSchedule::new(Span::from_secs(10));
        let at = |millis: i64| Timestamp::EPOCH.plus(Span::from_millis(millis));
        schedule.start(ACCOUNT, at(0), SnapshotCause::Start);
        let question = schedule.due(at(0)).expect("it is due");
        schedule.sent(at(0), &question);
        let told = OrderReport {
            account: ACCOUNT,
            instrument: InstrumentId(0),
            deal: None,
            id: None,
            venue_id: VenueOrderId::new("7").expect("it is a number"),
            side: OrderSide::Buy,
            status: OrderStatus::Working,
            quantity: None,
            filled: Quantity::ZERO,
            limit: None,
            trigger: None,
            at: at(300),
        };
        schedule.hear(at(350), &Event::Order(told));
        let read = |millis| {
            let (positions, orders, fills) = (vec![], vec![], vec![]);
            Event::Snapshot(Snapshot {
                account: ACCOUNT,
                positions,
                orders,
                fills,
                server_time: at(millis),
                balance: None,
            })
        };
        schedule.hear(at(400), &read(250));
        assert_eq!(schedule.next_due(), Some(at(1_400)));
        schedule.hear(at(1_500), &read(1_450));
        assert_eq!(schedule.next_due(), Some(at(11_500)));
    }

    #[test]
    fn what_the_stream_tells_shows_whether_answers_are_old_or_clocks_differ() {
        let ms = Span::from_millis;
        let mut lag = Lag::default();
        assert!(lag.is_old(ms(5000)));
        lag.told(ms(200));
        assert!(lag.is_old(ms(5000)), "the stream is of now");
        lag.told(ms(5100));
        assert!(!lag.is_old(ms(5000)), "so is this, by the venue's clock");
    }

    #[test]
    fn what_the_stream_has_told_counts_for_two_answers() {
        let ms = Span::from_millis;
        let mut lag = Lag::default();
        lag.told(ms(200));
        assert!(lag.is_old(ms(9000)));
        assert!(lag.is_old(ms(9000)), "nothing was told since, and the stream was of now a moment ago");
        assert!(!lag.is_old(ms(9000)), "long ago nobody knows what the clocks are by");
    }

    #[test]
    fn a_question_nobody_answers_is_asked_again_soon_at_a_start_and_later() {
        let mut schedule = SnapshotSchedule::new(Span::from_secs(10));
        schedule.start(ACCOUNT, Timestamp::EPOCH, SnapshotCause::Start);
        let mut at = Timestamp::EPOCH;
        for _ in 0..2 {
            for patience in [[PATIENCE; 10].as_slice(), &[PATIENCE_LATER; 2]].concat() {
                assert_eq!(schedule.next_due(), Some(at));
                assert!(schedule.due(at).is_some());
                at = at.plus(patience);
            }
            let (positions, orders, fills) = (vec![], vec![], vec![]);
            let (account, server_time, balance) = (ACCOUNT, at, None);
            schedule.hear(at, &Event::Snapshot(Snapshot { account, positions, orders, fills, server_time, balance }));
            at = at.plus(Span::from_secs(10));
        }
    }
}
