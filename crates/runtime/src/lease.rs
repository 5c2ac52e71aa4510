//! Whether this engine may act: a lease with an end, asked for and kept by whoever drives this (F-K01 to F-K04).
//!
//! A holder that was paused cannot know how long; so the clock is looked at just before each sending, and what is left
//! must be enough for the request to have taken effect (F-K02). Whoever takes over waits until nothing of the holder
//! before can reach a venue any more (F-K03). No answer is no lease: it ends by itself, and nobody promotes himself
//! (F-K04). Where the lease is kept is the store's part.

use crate::executor::REQUEST_TIMEOUT;
use backstop_model::{Span, Timestamp};
use backstop_store::LeaseAnswer;

/// A lease stands so long after it was asked for (faults.md, `T_lease`).
pub const TTL: Span = Span::from_secs(10);
/// It is renewed this often.
pub const RENEW_EVERY: Span = Span::from_secs(2);
/// With less than this left nothing is sent: `T_req`, the longest request window, and a margin.
pub const LEAST_LEFT: Span = Span::from_secs(6);

/// Where a lease is in its life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Never had; somebody else may have it.
    Absent,
    /// Ours until then, unless renewed.
    Held { epoch: u64, until: Timestamp, acts_from: Timestamp },
    /// Had and gone for good: somebody else acts now.
    Lost,
}

/// The lease of one engine.
#[derive(Clone, Debug)]
pub struct Lease {
    state: State,
    asked_at: Option<Timestamp>,
    /// Validity of the requests of a holder before, at its venues.
    request_validity: Span,
}

impl Lease {
    /// A lease that has yet to be asked for. `request_validity` is the longest of all venues of its accounts.
    #[must_use]
    pub const fn new(request_validity: Span) -> Self {
        Self { state: State::Absent, asked_at: None, request_validity }
    }

    /// When it should be asked for next; never once it is lost.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Lost => None,
            State::Absent | State::Held { .. } => {
                Some(self.asked_at.map_or(Timestamp::EPOCH, |asked| asked.plus(RENEW_EVERY)))
            }
        }
    }

    /// From when on it may be acted under, while it is held: after a takeover that is later than the grant (F-K02).
    #[must_use]
    pub const fn acts_from(&self) -> Option<Timestamp> {
        match self.state {
            State::Held { acts_from, .. } => Some(acts_from),
            State::Absent | State::Lost => None,
        }
    }

    /// Takes in the answer to a question asked at `asked_at`. The lease counts from the asking, not from the answer.
    pub fn heard(&mut self, asked_at: Timestamp, answer: &LeaseAnswer) {
        self.asked_at = Some(self.asked_at.map_or(asked_at, |before| before.max(asked_at)));
        self.state = match (answer, self.state) {
            (_, State::Lost) => State::Lost,
            (LeaseAnswer::Granted { epoch, .. }, State::Held { epoch: ours, until, acts_from }) if *epoch == ours => {
                State::Held { epoch: ours, until: until.max(asked_at.plus(TTL)), acts_from }
            }
            // Another epoch in between: somebody else has acted since.
            (LeaseAnswer::Granted { .. } | LeaseAnswer::Held, State::Held { .. }) => State::Lost,
            (LeaseAnswer::Granted { epoch, taken_over }, State::Absent) => {
                let acts_from = if *taken_over { self.after_holder_before(asked_at) } else { asked_at };
                State::Held { epoch: *epoch, until: asked_at.plus(TTL), acts_from }
            }
            (LeaseAnswer::Held, State::Absent) => State::Absent,
            (LeaseAnswer::Unreachable, state) => state,
        };
    }

    /// Whoever takes over waits a lease, a request's time-out, and its validity at the venue (F-K03).
    fn after_holder_before(&self, taken_at: Timestamp) -> Timestamp {
        taken_at.plus(TTL).plus(REQUEST_TIMEOUT).plus(self.request_validity)
    }

    /// Whether something may be sent now: to be asked just before each sending (F-K02).
    #[must_use]
    pub fn may_send(&self, now: Timestamp) -> bool {
        match self.state {
            State::Held { until, acts_from, .. } => now >= acts_from && until.since(now) >= LEAST_LEFT,
            State::Absent | State::Lost => false,
        }
    }

    /// The fencing epoch, while it is held.
    #[must_use]
    pub const fn epoch(&self) -> Option<u64> {
        match self.state {
            State::Held { epoch, .. } => Some(epoch),
            State::Absent | State::Lost => None,
        }
    }

    /// Somebody else acts now; this engine has to end.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    const GRANTED: LeaseAnswer = LeaseAnswer::Granted { epoch: 3, taken_over: false };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn held_at(millis: i64) -> Lease {
        let mut lease = Lease::new(Span::from_secs(3));
        lease.heard(at(millis), &GRANTED);
        lease
    }

    #[test]
    fn nothing_is_sent_without_a_lease() {
        let mut lease = Lease::new(Span::from_secs(3));
        assert!(!lease.may_send(at(0)));
        lease.heard(at(0), &LeaseAnswer::Held);
        lease.heard(at(0), &LeaseAnswer::Unreachable);
        assert!(!lease.may_send(at(0)));
        assert_eq!(lease.due_at(), Some(at(2_000)));
    }

    #[test]
    fn a_lease_is_good_for_sending_until_six_seconds_are_left() {
        let lease = held_at(0);
        assert!(lease.may_send(at(0)));
        assert!(lease.may_send(at(4_000)));
        assert!(!lease.may_send(at(4_001)), "F-K02: a request sent now might take effect after the end");
    }

    #[test]
    fn a_holder_that_was_paused_beyond_the_end_sends_nothing_until_it_has_asked_again() {
        let mut lease = held_at(0);
        let resumed = at(30_000);
        assert!(!lease.may_send(resumed));
        lease.heard(resumed, &GRANTED);
        assert!(lease.may_send(resumed), "nobody has had it meanwhile: the epoch is the same");
    }

    #[test]
    fn a_holder_that_finds_another_epoch_is_out_for_good() {
        for answer in [LeaseAnswer::Granted { epoch: 5, taken_over: true }, LeaseAnswer::Held] {
            let mut lease = held_at(0);
            lease.heard(at(30_000), &answer);
            assert!(lease.is_lost());
            lease.heard(at(32_000), &GRANTED);
            assert!(!lease.may_send(at(32_000)));
            assert_eq!(lease.due_at(), None);
        }
    }

    #[test]
    fn without_an_answer_it_ends_by_itself() {
        let mut lease = held_at(0);
        for second in [2, 4, 6, 8] {
            lease.heard(at(second * 1_000), &LeaseAnswer::Unreachable);
        }
        assert!(!lease.may_send(at(8_000)), "F-K04");
        assert!(!lease.is_lost());
        lease.heard(at(10_000), &GRANTED);
        assert!(lease.may_send(at(10_000)));
    }

    #[test]
    fn a_late_answer_counts_from_its_asking() {
        let mut lease = held_at(0);
        lease.heard(at(2_000), &GRANTED);
        assert!(!lease.may_send(at(6_001)));
    }

    #[test]
    fn whoever_takes_over_waits_until_nothing_of_the_holder_before_can_reach_a_venue() {
        let mut lease = Lease::new(Span::from_secs(30));
        let taken_over = LeaseAnswer::Granted { epoch: 4, taken_over: true };
        for second in (0..=42).step_by(2) {
            lease.heard(at(second * 1_000), &taken_over);
        }
        assert!(!lease.may_send(at(41_499)), "F-K03: 10 s lease, 1.5 s time-out, 30 s validity");
        assert!(lease.may_send(at(41_500)));
    }
}
