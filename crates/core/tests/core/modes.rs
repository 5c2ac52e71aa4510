//! How a venue keeps an account's positions, told again and again (F-D07): what is news, and what stands against what is
//! written down.

use crate::builders::{ACCOUNT, account, name};
use backstop_core::{Engine, Step};
use backstop_model::{Account, Event, ModeReport, PositionMode, Stamped, Timestamp};

fn hear(engine: &mut Engine, sequence: u64, event: Event) -> Step {
    engine.handle(&Stamped { sequence, at: Timestamp::from_millis(1_000).unwrap(), event })
}

fn told(mode: PositionMode) -> Event {
    Event::Mode(Box::new(ModeReport { account: ACCOUNT, mode, capability: account().capability }))
}

fn written(account: Account) -> Event {
    Event::DefineAccount(Box::new(account))
}

fn mode_of(engine: &Engine) -> PositionMode {
    engine.accounts().next().unwrap().position_mode
}

#[test]
fn a_switch_is_told_once_and_the_same_word_again_is_no_news() {
    let mut engine = Engine::new();
    assert!(!hear(&mut engine, 1, told(PositionMode::Hedge)).changed, "nobody knows the account");
    hear(&mut engine, 2, written(account()));
    assert!(!hear(&mut engine, 3, told(PositionMode::OneWay)).changed);
    let step = hear(&mut engine, 4, told(PositionMode::Hedge));
    assert!(step.changed && step.notices.len() == 1, "{step:?}");
    let again = hear(&mut engine, 5, told(PositionMode::Hedge));
    assert!(!again.changed && again.notices.is_empty(), "{again:?}");
}

#[test]
fn what_the_venue_has_said_stands_against_what_is_written_down_and_not_for_another_account_of_that_number() {
    let mut engine = Engine::new();
    hear(&mut engine, 1, written(account()));
    hear(&mut engine, 2, told(PositionMode::Hedge));
    assert!(!hear(&mut engine, 3, written(account())).changed);
    assert_eq!(mode_of(&engine), PositionMode::Hedge);
    let saved = serde_json::to_string(&engine).unwrap();
    assert_eq!(mode_of(&serde_json::from_str(&saved).unwrap()), PositionMode::Hedge, "also after a restart");
    hear(&mut engine, 4, written(Account { name: name("other"), ..account() }));
    assert_eq!(mode_of(&engine), PositionMode::OneWay);
}
