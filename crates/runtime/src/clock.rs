//! The only wall clock of the engine. Started once, it then follows the monotonic clock, so that a corrected system time
//! neither skips nor repeats a deadline (R12, F-J02).

use backstop_model::{Span, Timestamp};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A clock that never runs back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    began_at: Timestamp,
}

impl Clock {
    /// Takes the system's time once.
    #[must_use]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX);
        Self { began: Instant::now(), began_at: Timestamp::from_nanos(nanos) }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_nanos()).unwrap_or(i64::MAX);
        self.began_at.plus(Span::from_nanos(passed))
    }
}
