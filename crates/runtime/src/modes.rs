//! When a venue is asked how it keeps an account's positions: when it has refused an order for being in the words of the
//! other position mode, because most say nothing of a switch (F-D07; venues/binance.md §10.6). Everything else that shows
//! it comes by itself.

use crate::question::Question;
use backstop_model::{AccountId, Event, Outcome, RefusalReason, Timestamp};
use std::collections::BTreeMap;

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
                if refusal.reason == RefusalReason::WrongMode {
                    self.of.entry(answer.account).or_default().provoke(now);
                }
            }
            _ => {}
        }
    }

    /// The question that is due now. It waits for something to happen, as prices do all the time.
    pub fn due(&mut self, now: Timestamp) -> Option<AccountId> {
        self.of.iter_mut().find_map(|(account, question)| question.is_asked(now).then_some(*account))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::{
        Answer, Asked, Capability, ClientOrderId, FlaggedExits, InstrumentId, LimitTargets, ModeReport, PositionMode,
        Refusal, RestingTargets, SizedStops, Span,
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
            sized_stops: SizedStops::Beside,
            limit_targets: LimitTargets::InBook,
            resting_targets: RestingTargets::Every,
            flagged_exits: FlaggedExits::Every,
            guaranteed_stops: false,
            only_trigger: None,
            request_validity: Span::from_secs(3),
        };
        Event::Mode(Box::new(ModeReport { account: MAIN, mode: PositionMode::Hedge, capability }))
    }

    #[test]
    fn an_order_in_the_words_of_the_other_mode_asks_for_the_mode_at_once() {
        let mut questions = ModeQuestions::default();
        questions.hear(at(100), &refused(RefusalReason::ReduceOnly));
        assert_eq!(questions.due(at(100)), None);
        questions.hear(at(200), &refused(RefusalReason::WrongMode));
        assert_eq!(questions.due(at(200)), Some(MAIN));
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
