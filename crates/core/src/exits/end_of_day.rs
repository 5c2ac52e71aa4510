//! Closing at a time of day, ten minutes before a session ends, and what becomes of a close that was missed (product.md
//! §2.6).
//!
//! When that is, a calendar says from outside: time zones and daylight saving are no matter of decisions.

use backstop_model::{Points, Price, Ratio, Rounding, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A session's end is kept clear of by so much.
pub const BEFORE_SESSION_END: Span = Span::from_secs(600);
/// Later than this it counts as missed: the market may have moved away meanwhile.
const ON_TIME: Span = Span::from_secs(60);
/// A spread of more than this share of the price is no market to close in, in hundredths of a percent.
const SANE_SPREAD: u32 = 50;

/// When a trading session ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SessionEnd {
    /// The instant.
    pub at: Timestamp,
    /// The weekend follows.
    pub last_of_week: bool,
}

/// What ends with a day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ends {
    /// The day, at the plan's own time.
    Day,
    /// The market's session.
    Session,
    /// The market's last session of the week.
    Week,
}

/// One end of a day, for positions that are closed before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DayEnd {
    /// When they are closed.
    pub due: Timestamp,
    /// What is opened later waits for the next one.
    pub until: Timestamp,
    /// What ends.
    pub what: Ends,
}

impl DayEnd {
    /// At this time of day, not before it and not after it.
    #[must_use]
    pub const fn at(time: Timestamp) -> Self {
        Self { due: time, until: time, what: Ends::Day }
    }

    /// Ten minutes before a market shuts. What is opened in between is closed at once: it was not meant to stay any more
    /// than what was open before.
    #[must_use]
    pub fn before(shuts: Timestamp, what: Ends) -> Self {
        Self { due: ten_minutes_before(shuts), until: shuts, what }
    }

    /// The same for something opened at `opened_at`; none when that was too late for it.
    #[must_use]
    pub fn of(self, opened_at: Timestamp) -> Option<Self> {
        (opened_at < self.until).then_some(Self { due: self.due.max(opened_at), ..self })
    }

    /// What people are told when it has come.
    #[must_use]
    pub fn told(self) -> &'static str {
        let late = self.until != self.due && self.until.since(self.due) < BEFORE_SESSION_END;
        match (self.what, late) {
            (Ends::Day, _) => "the end of the day: closing at market",
            (Ends::Session, false) => "the end of the session: closing at market",
            (Ends::Session, true) => "opened less than ten minutes before the end of the session: closing at market",
            (Ends::Week, false) => "the end of the week: closing at market",
            (Ends::Week, true) => "opened less than ten minutes before the end of the week: closing at market",
        }
    }
}

/// When what is to be done before `ends` is done.
#[must_use]
pub fn ten_minutes_before(ends: Timestamp) -> Timestamp {
    Timestamp::from_nanos(ends.as_nanos() - BEFORE_SESSION_END.as_nanos())
}

/// A close that is due.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Due {
    /// When it was due.
    pub at: Timestamp,
    /// Missed, and this was the first fresh price after it.
    pub first_price: Option<Timestamp>,
}

/// What is to be done about a close that is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Close now.
    Close,
    /// Wait, and remember this.
    Wait(Due),
}

/// Judges a close that is due: at once while it is on time; a missed one waits for a second fresh price and a sane spread
/// (F-L03). `price` is the executable price with its time, if it is fresh; a recorded one counts as that until the next one
/// comes, but from before the close it says nothing.
#[must_use]
pub fn judge(due: Due, now: Timestamp, price: Option<(Timestamp, Price)>, spread: Option<Points>) -> Verdict {
    if now.since(due.at) <= ON_TIME {
        return Verdict::Close;
    }
    let Some((at, price)) = price.filter(|(at, _)| *at > due.at) else { return Verdict::Wait(due) };
    match due.first_price {
        Some(first) if at > first && is_sane(price, spread) => Verdict::Close,
        Some(_) => Verdict::Wait(due),
        None => Verdict::Wait(Due { first_price: Some(at), ..due }),
    }
}

fn is_sane(price: Price, spread: Option<Points>) -> bool {
    let share = Ratio::whole(SANE_SPREAD).over(Ratio::whole(10_000), Rounding::Down);
    let most = share.and_then(|share| price.share(share, Rounding::Down));
    spread.is_none_or(|spread| most.is_ok_and(|most| spread <= most))
}
