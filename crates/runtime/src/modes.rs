//! When a venue is asked how it keeps an account's positions: when it has refused an order for being in the words of the
//! other position mode, because most say nothing of a switch (F-D07; venues/binance.md §10.6). Everything else that shows
//! it comes by itself.

use backstop_model::{AccountId, Event, Outcome, RefusalReason, Span, Timestamp};
use std::collections::BTreeMap;

/// An answer may take so long.
const PATIENCE: Span = Span::from_secs(2);
/// How often it is asked without an answer, after a refusal.
const ATTEMPTS: u8 = 5;
/// Refusals that come together share a question.
const APART: Span = Span::from_millis(500);

/// One account's question.
#[derive(Clone, Copy, Debug)]
struct Question {
    ask_at: Timestamp,
    asked_at: Option<Timestamp>,
    attempts: u8,
}

/// The questions that have no answer yet.
#[derive(Debug, Default)]
pub struct ModeQuestions {
    of: BTreeMap<AccountId, Question>,
}

impl ModeQuestions {
    /// Listens to refusals, and to what is said of accounts.
    pub fn hear(&mut self, now: Timestamp, event: &Event) {
        match event {
            Event::Mode(told) => {
                self.of.remove(&told.account);
            }
            Event::Answer(answer) => {
                let Outcome::Refused(refusal) = &answer.outcome else { return };
                if refusal.reason != RefusalReason::WrongMode {
                    return;
                }
                let fresh = Question { ask_at: now, asked_at: None, attempts: ATTEMPTS };
                let known = self.of.entry(answer.account).or_insert(fresh);
                known.attempts = ATTEMPTS;
                if known.asked_at.is_none_or(|at| now.since(at) >= APART) {
                    known.ask_at = known.ask_at.min(now);
                }
            }
            _ => {}
        }
    }

    /// The question that is due now. It waits for something to happen, as prices do all the time.
    pub fn due(&mut self, now: Timestamp) -> Option<AccountId> {
        let (account, known) = self.of.iter_mut().find(|(_, known)| known.ask_at <= now && known.attempts > 0)?;
        known.attempts -= 1;
        known.ask_at = now.plus(PATIENCE);
        known.asked_at = Some(now);
        Some(*account)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::{
        Answer, Asked, Capability, ClientOrderId, InstrumentId, ModeReport, PositionMode, Refusal, RestingTargets,
    };

    const MAIN: AccountId = AccountId(3);

    fn at(millis: i64) -> Timestamp {
        Timestamp::EPOCH.plus(Span::from_millis(millis))
    }

    fn refused(why: RefusalReason) -> Event {
        Event::Answer(Answer {
            account: MAIN,
            instrument: InstrumentId(0),
            id: ClientOrderId::new("one").unwrap(),
            asked: Asked::Place,
            outcome: Outcome::Refused(Refusal::new(why, "Order's position side does not match user's setting.")),
            sent_at: at(0),
        })
    }

    fn told() -> Event {
        let capability = Capability {
            native_trailing: None,
            amend_stop: false,
            reduce_only: true,
            whole_stop: false,
            entry_stop: false,
            resting_targets: RestingTargets::Every,
            guaranteed_stops: false,
            request_validity: Span::from_secs(3),
        };
        Event::Mode(Box::new(ModeReport { account: MAIN, mode: PositionMode::Hedge, capability }))
    }

    #[test]
    fn an_order_in_the_words_of_the_other_mode_asks_once_at_once_and_again_while_nobody_answers() {
        let mut questions = ModeQuestions::default();
        questions.hear(at(100), &refused(RefusalReason::ReduceOnly));
        assert_eq!(questions.due(at(100)), None);
        questions.hear(at(200), &refused(RefusalReason::WrongMode));
        assert_eq!(questions.due(at(200)), Some(MAIN));
        questions.hear(at(300), &refused(RefusalReason::WrongMode));
        assert_eq!(questions.due(at(300)), None, "it shares the question");
        let later = [2_200, 4_200, 6_200, 8_200, 10_200, 12_200];
        let again = later.map(|millis| questions.due(at(millis)).is_some());
        assert_eq!(again, [true, true, true, true, true, false]);
        questions.hear(at(13_000), &refused(RefusalReason::WrongMode));
        assert_eq!(questions.due(at(13_000)), Some(MAIN), "another refusal is another question");
    }

    #[test]
    fn whatever_says_the_mode_ends_the_question() {
        let mut questions = ModeQuestions::default();
        questions.hear(at(200), &refused(RefusalReason::WrongMode));
        questions.hear(at(250), &told());
        assert_eq!(questions.due(at(250)), None);
        questions.hear(at(300), &refused(RefusalReason::WrongMode));
        assert_eq!(questions.due(at(300)), Some(MAIN));
        questions.hear(at(350), &told());
        assert_eq!(questions.due(at(9_000)), None);
    }
}
