//! One question to a venue: when it is due, how often it is repeated without an answer, and what shares it.
//!
//! Whom it asks and what it asks for is the business of those who keep it: `modes` and `rules`.

use backstop_model::{Span, Timestamp};

/// An answer may take so long.
const PATIENCE: Span = Span::from_secs(2);
/// How often it is asked without an answer, after a refusal.
const ATTEMPTS: u8 = 5;
/// Refusals that come together share a question.
const APART: Span = Span::from_millis(500);

/// Asked after a refusal until it is answered or given up, and from time to time where `every` says so. An answer makes a
/// new one of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question {
    next: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    /// What is left of it after a refusal.
    attempts: u8,
    every: Option<Span>,
}

impl Question {
    /// Asked from time to time even if nothing is refused.
    pub fn every(span: Span, now: Timestamp) -> Question {
        Question { next: Some(now.plus(span)), every: Some(span), ..Question::default() }
    }

    /// A refusal wants the answer at once.
    pub fn provoke(&mut self, now: Timestamp) {
        self.attempts = ATTEMPTS;
        let shares = self.asked_at.is_some_and(|at| now.since(at) < APART);
        let at = if shares { now.plus(PATIENCE) } else { now };
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    /// Whether it is to be asked now; if so, it counts as asked.
    pub fn is_asked(&mut self, now: Timestamp) -> bool {
        if self.next.is_none_or(|next| next > now) {
            return false;
        }
        self.attempts = self.attempts.saturating_sub(1);
        let again = if self.attempts > 0 { Some(PATIENCE) } else { self.every };
        self.next = again.map(|span| now.plus(span));
        self.asked_at = Some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::EPOCH.plus(Span::from_millis(millis))
    }

    #[test]
    fn it_is_asked_at_once_and_again_while_nobody_answers_and_given_up_in_the_end() {
        let mut question = Question::default();
        assert!(!question.is_asked(at(100)));
        question.provoke(at(200));
        let asked = [200, 300, 2_200, 4_200, 6_200, 8_199, 8_200, 10_200].map(|millis| question.is_asked(at(millis)));
        assert_eq!(asked, [true, false, true, true, true, false, true, false]);
        question.provoke(at(13_000));
        assert!(question.is_asked(at(13_000)), "another refusal is another question");
    }

    #[test]
    fn refusals_that_come_together_share_it() {
        let mut question = Question::default();
        question.provoke(at(200));
        assert!(question.is_asked(at(200)));
        question.provoke(at(699));
        assert!(!question.is_asked(at(699)));
        question.provoke(at(700));
        assert!(question.is_asked(at(700)));
    }

    #[test]
    fn what_is_asked_from_time_to_time_goes_on_after_a_refusal_was_given_up() {
        let mut question = Question::every(Span::from_secs(3_600), at(0));
        assert!(!question.is_asked(at(3_599_999)));
        assert!(question.is_asked(at(3_600_000)));
        assert!(!question.is_asked(at(7_199_999)) && question.is_asked(at(7_200_000)));
    }
}
