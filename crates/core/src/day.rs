//! The loss of a day, per account, and what follows when it reaches the owner's limit: no new entries until the next day,
//! and everything closed where the owner wants that (`max_daily_loss`, `flatten`).
//!
//! A day begins at 00:00 UTC. Its loss is what equity has lost since then: profit realised, fees and funding of the day,
//! and the change of the open result, at the mark. Money paid in or out is no part of it. It is looked at once a second, at
//! every full read, and before an entry, always with the prices of all positions of the account, so that a replay of the
//! records finds the same.

use crate::engine::{Engine, Turn};
use crate::exits::ladder;
use crate::orders::Unwanted;
use crate::position::Position;
use crate::timers::Deadline;
use backstop_model::{
    AccountId, Epoch, ExitReason, Money, Notice, OutOfRange, PositionKey, Ratio, Rounding, Series, Severity, Span,
    Timestamp,
};
use serde::{Deserialize, Serialize};

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;
/// Between two looks.
const LOOK_EVERY: Span = Span::from_secs(1);

/// One account's day.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Day {
    /// Days since 1970, UTC.
    number: i64,
    /// The wallet when the day began; none until a full read has told.
    balance: Option<Money>,
    /// The open result when the day began, or when it was first looked at.
    open: Money,
    /// Realised since, net of fees and funding.
    realised: Money,
    /// The limit was reached.
    pub(crate) reached: bool,
}

impl Day {
    /// What has been lost since it began, and the equity it began with; nothing before that is known.
    fn loss(&self, open: Money) -> Result<Option<(Money, Money)>, OutOfRange> {
        let Some(balance) = self.balance else { return Ok(None) };
        let loss = self.open.minus(open)?.minus(self.realised)?;
        Ok(Some((loss, balance.plus(self.open)?)))
    }
}

const fn number_of(now: Timestamp) -> i64 {
    now.as_nanos().div_euclid(DAY)
}

impl Engine {
    /// Whether the day's loss lets an account enter nothing more today.
    pub(crate) fn has_lost_enough(&self, account: AccountId, now: Timestamp) -> bool {
        let limited = self.limit_of(account).is_some();
        limited && self.days.get(&account).is_some_and(|day| day.reached && day.number == number_of(now))
    }

    fn limit_of(&self, account: AccountId) -> Option<Ratio> {
        self.accounts.get(&account)?.limits.max_daily_loss
    }

    /// When days are to be looked at next; never when no account has a limit.
    pub(crate) fn day_deadline(&self) -> Option<(Timestamp, Deadline)> {
        self.has_day_limits.then(|| (self.days_seen_at.plus(LOOK_EVERY), Deadline::DailyLoss))
    }

    /// Remembers whether any account has a limit: every step asks, and there may be many accounts.
    pub(crate) fn note_day_limits(&mut self) {
        self.has_day_limits = self.accounts.values().any(|account| account.limits.max_daily_loss.is_some());
    }

    /// Books what a position of an account has earned. A number out of range counts for nothing here; its own position is
    /// suspended for it.
    pub(crate) fn count_day(&mut self, account: AccountId, earned: Result<Money, OutOfRange>) {
        let Some(day) = self.days.get_mut(&account) else { return };
        day.realised = earned.and_then(|earned| day.realised.plus(earned)).unwrap_or(day.realised);
    }

    /// Looks at the days of all accounts that have a limit.
    pub(crate) fn look_at_days(&mut self, turn: &mut Turn) {
        self.days_seen_at = turn.now;
        let limited = self.accounts.values().filter(|account| account.limits.max_daily_loss.is_some());
        for account in limited.map(|account| account.id).collect::<Vec<_>>() {
            self.look_at_day(account, None, turn);
        }
    }

    /// Looks at one account's day, with its wallet where a full read has just told it.
    pub(crate) fn look_at_day(&mut self, account: AccountId, wallet: Option<Money>, turn: &mut Turn) {
        let Some(limit) = self.limit_of(account) else { return };
        let keys: Vec<PositionKey> = self.slots.keys().filter(|key| key.account == account).copied().collect();
        turn.touched.extend(keys.iter().filter(|key| self.is_open(**key)).map(|key| key.instrument));
        // A number out of range is none: the day is looked at again in a second.
        let Ok(open) = self.open_result(&keys) else { return };
        let number = number_of(turn.now);
        let known = self.days.get(&account).filter(|day| day.number == number).cloned();
        let mut day = known.unwrap_or_else(|| {
            turn.changed = true;
            Day { number, balance: None, open, realised: Money::ZERO, reached: false }
        });
        if let (None, Some(wallet)) = (day.balance, wallet)
            && let Ok(balance) = wallet.minus(day.realised)
        {
            day.balance = Some(balance);
            turn.changed = true;
        }
        let lost = day.loss(open).ok().flatten().filter(|_| !day.reached);
        let reached = lost.filter(|(loss, equity)| {
            let most = equity.times(limit, Rounding::Down);
            *loss > Money::ZERO && most.is_ok_and(|most| *loss >= most)
        });
        day.reached |= reached.is_some();
        self.days.insert(account, day);
        if let Some((loss, equity)) = reached {
            turn.changed = true;
            self.stop_for_today(account, (loss, equity, limit), &keys, turn);
        }
    }

    /// The limit is reached: people are told once, entries are taken back, and everything is closed if the owner says so.
    fn stop_for_today(
        &mut self,
        account: AccountId,
        (loss, equity, limit): (Money, Money, Ratio),
        keys: &[PositionKey],
        turn: &mut Turn,
    ) {
        let Some(known) = self.accounts.get(&account) else { return };
        let (flatten, name, currency) = (known.limits.flatten, known.name, known.currency);
        let then = match (flatten, known.limits.symbols.is_empty()) {
            (true, true) => "everything is closed at market, stops stay until it is flat",
            (true, false) => "everything on the account's symbols is closed at market, stops stay until it is flat",
            (false, _) => "what is open goes on",
        };
        let text = format!(
            "account {name}: the day's loss of {loss} {currency} has reached {}% of the {equity} it began with: no new entries until 00:00 UTC, {then}",
            limit.in_percent()
        );
        turn.notices.push(Notice { severity: Severity::Alarm, position: None, text });
        for key in keys {
            self.tell_known(*key, turn, |position, ctx, _| {
                position.stop_entering(Unwanted::Cancelled);
                if let Some(live) = position.live.as_mut().filter(|_| flatten && !ctx.leaves_alone()) {
                    live.close(ExitReason::Emergency, ctx.now);
                }
                Ok(())
            });
        }
    }

    fn is_open(&self, key: PositionKey) -> bool {
        self.position(key).is_some_and(|position| !position.is_flat())
    }

    /// What these positions would bring if they were closed at the mark.
    fn open_result(&self, keys: &[PositionKey]) -> Result<Money, OutOfRange> {
        let mut sum = Money::ZERO;
        for key in keys {
            let Some(live) = self.position(*key).and_then(|position| position.live.as_ref()) else { continue };
            let Some(board) = self.board(key.instrument) else { continue };
            let Some(price) = board.price(Series::Mark).or(board.price(Series::Last)) else { continue };
            for tranche in live.open() {
                let cash = price.notional(tranche.remaining)?;
                sum = sum.plus(ladder::profit(key.side, tranche.cost_left, cash, tranche.aside.value_per_point)?)?;
            }
        }
        Ok(sum)
    }
}

/// What a position has realised by what it has just taken in, net of fees and funding.
pub(crate) fn earned(before: &Position, after: &Position) -> Result<Money, OutOfRange> {
    realised(after, after.epoch)?.minus(realised(before, after.epoch)?)
}

/// What an incarnation has realised so far, net.
fn realised(position: &Position, epoch: Epoch) -> Result<Money, OutOfRange> {
    let live = position.live.as_ref().filter(|_| position.epoch == epoch);
    let tranches = live.iter().flat_map(|live| &live.tranches);
    tranches.map(|tranche| tranche.realized()).try_fold(Money::ZERO, |sum, part| sum.plus(part?))
}
