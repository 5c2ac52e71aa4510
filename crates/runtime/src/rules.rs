//! When a venue is asked for an instrument's rules again: when it has refused an order for its numbers, when nobody knows what became
//! of one, which may have been refused so, and every hour, because
//! grids and minimums change without a word (F-G02). What a new grid means for what is open is the core's.

use crate::question::Question;
use backstop_core::Engine;
use backstop_model::{AccountId, Answer, Asked, Event, InstrumentId, Outcome, RefusalReason, Span, Timestamp};
use backstop_venues::RulesQuestion;
use std::collections::BTreeMap;

/// They are asked for this often even if nothing is refused.
const EVERY: Span = Span::from_secs(3_600);
/// One instrument's question.
#[derive(Clone, Copy, Debug)]
struct AboutRules {
    question: Question,
    /// Whose order was refused last.
    refused: Option<AccountId>,
}

/// The questions about all instruments.
#[derive(Debug, Default)]
pub struct RuleQuestions {
    of: BTreeMap<InstrumentId, AboutRules>,
}

impl RuleQuestions {
    /// Listens to refusals, and to what is said of instruments.
    pub fn hear(&mut self, now: Timestamp, event: &Event) {
        match event {
            Event::DefineInstrument(instrument) => {
                let about = AboutRules { question: Question::every(EVERY, now), refused: None };
                self.of.insert(instrument.id, about);
            }
            Event::Answer(answer) if is_about_numbers(answer) => {
                let Some(about) = self.of.get_mut(&answer.instrument) else { return };
                about.refused = Some(answer.account);
                about.question.provoke(now);
            }
            _ => {}
        }
    }

    /// The question that is due now. It waits for something to happen, as prices do all the time.
    pub fn due(&mut self, now: Timestamp, engine: &Engine) -> Option<RulesQuestion> {
        let (instrument, about) = self
            .of
            .iter_mut()
            .find_map(|(instrument, about)| about.question.is_asked(now).then_some((instrument, about)))?;
        let venue = engine.instrument(*instrument)?.venue;
        let trades_there = engine.accounts().find(|account| account.venue == venue).map(|account| account.id);
        Some(RulesQuestion { account: about.refused.or(trades_there)?, instrument: *instrument })
    }
}

/// Venues that keep levels have one word for a price off the grid and for one in the wrong place (venues/ig.md §6).
fn is_about_numbers(answer: &Answer) -> bool {
    let about = [RefusalReason::BelowMinimum, RefusalReason::Filter, RefusalReason::TooFar, RefusalReason::TooNear];
    match &answer.outcome {
        Outcome::Refused(refusal) => about.contains(&refusal.reason),
        Outcome::Unknown(_) => answer.asked != Asked::Cancel,
        Outcome::Accepted(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::cycle::tests::instrument_spec;
    use backstop_model::{ClientOrderId, Instrument, Refusal, Stamped, UnknownCause};

    const BTC: InstrumentId = InstrumentId(0);

    fn at(millis: i64) -> Timestamp {
        Timestamp::EPOCH.plus(Span::from_millis(millis))
    }

    fn described() -> Event {
        Event::DefineInstrument(Box::new(Instrument::try_from(instrument_spec()).unwrap()))
    }

    fn refused(why: RefusalReason) -> Event {
        let refusal = Refusal::new(why, "Precision is over the maximum defined for this asset.");
        answered(Asked::Place, Outcome::Refused(refusal))
    }

    fn answered(asked: Asked, outcome: Outcome) -> Event {
        let id = ClientOrderId::new("one").unwrap();
        let (account, instrument, sent_at) = (AccountId(3), BTC, at(0));
        Event::Answer(Answer { account, instrument, id, asked, outcome, sent_at })
    }

    fn told() -> (RuleQuestions, Engine) {
        let (mut questions, mut engine) = (RuleQuestions::default(), Engine::new());
        engine.handle(&Stamped { sequence: 1, at: at(0), event: described() });
        questions.hear(at(0), &described());
        (questions, engine)
    }

    #[test]
    fn an_order_refused_for_its_numbers_asks_for_the_rules_at_once() {
        let (mut questions, engine) = told();
        questions.hear(at(100), &refused(RefusalReason::ReduceOnly));
        assert_eq!(questions.due(at(100), &engine), None);
        questions.hear(at(200), &refused(RefusalReason::Filter));
        let asked = Some(RulesQuestion { account: AccountId(3), instrument: BTC });
        assert_eq!(questions.due(at(200), &engine), asked);
    }

    #[test]
    fn an_order_of_which_nobody_knows_may_have_been_refused_for_its_numbers() {
        let (mut questions, engine) = told();
        let unknown = || Outcome::Unknown(UnknownCause::TimedOut);
        questions.hear(at(100), &answered(Asked::Cancel, unknown()));
        assert_eq!(questions.due(at(100), &engine), None);
        questions.hear(at(200), &answered(Asked::Amend, unknown()));
        assert!(questions.due(at(200), &engine).is_some());
    }

    #[test]
    fn an_answer_ends_the_question_until_the_hour_is_over() {
        let (mut questions, engine) = told();
        questions.hear(at(200), &refused(RefusalReason::Filter));
        assert!(questions.due(at(200), &engine).is_some());
        questions.hear(at(250), &described());
        assert_eq!(questions.due(at(5_000), &engine), None);
        assert_eq!(questions.due(at(3_600_000), &engine), None, "nobody trades there");
    }
}
