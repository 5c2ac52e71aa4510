//! The account's owner switches between hedge and one-way (F-D07): how that is learned, and that it is told before whatever
//! shows it.

use super::*;
use PositionMode::{Hedge, OneWay, PerDeal};
use backstop_sim::habits::SideMismatch;
use backstop_sim::{Fault, Knob};

/// Those where it can be switched.
fn profiles() -> impl Iterator<Item = Profile> {
    Profile::all().into_iter().filter(|profile| profile.native().keeps(Hedge))
}

fn told(events: &[Event]) -> Vec<PositionMode> {
    fn mode(event: &Event) -> Option<PositionMode> {
        if let Event::Mode(told) = event { Some(told.mode) } else { None }
    }
    events.iter().filter_map(mode).collect()
}

fn both_ways() -> impl Iterator<Item = (Profile, PositionMode, PositionMode)> {
    profiles().flat_map(|profile| [(profile.clone(), OneWay, Hedge), (profile, Hedge, OneWay)])
}

/// venues/aster.md §0 fact 8; venues/binance.md §10.6.
#[test]
fn a_switch_that_is_pushed_is_told_at_once_and_one_that_is_not_is_not() {
    for (profile, before, after) in both_ways() {
        let name = profile.name.clone();
        let mut desk = at_venue_of(profile, before);
        let heard = desk.by_hand(HandAction::ChangeMode(after));
        let expected = if name == "binance" { Vec::new() } else { vec![after] };
        assert_eq!(told(&heard), expected, "{name} {before:?}");
    }
}

#[test]
fn the_first_word_of_a_position_of_the_other_kind_comes_after_the_news_and_exits_are_worded_for_it() {
    for (profile, before, after) in both_ways() {
        let name = profile.name.clone();
        let mut desk = at_venue_of(profile, before);
        // Whatever is pushed of the switch itself is lost.
        desk.venue.exchange_mut().faults_mut().set(Fault::EventDrop, Knob::per_million(1_000_000));
        desk.by_hand(HandAction::ChangeMode(after));
        desk.venue.exchange_mut().faults_mut().clear(Fault::EventDrop);
        let heard = desk.open(PositionSide::Long, "1");
        let first = heard.first().unwrap();
        assert!(matches!(first, Event::Mode(told) if told.mode == after), "{name} {before:?}: {heard:?}");
        assert_eq!(told(&heard), [after], "once");
        let stop = desk.order("stop", Some("1"), stop("90"));
        assert!(is_accepted(&desk.ask(&stop), "stop", Asked::Place), "{name} {after:?}");
        let close = desk.order("close", Some("1"), OrderKind::Market);
        let closed = desk.ask(&close);
        let sold = fills(&closed).iter().any(|fill| fill.side == OrderSide::Sell && fill.quantity == quantity("1"));
        assert!(sold, "{name} {after:?}: {closed:?}");
    }
}

#[test]
fn a_full_read_tells_it_before_what_is_open() {
    for (profile, before, after) in both_ways() {
        let mut desk = at_venue_of(profile, before);
        desk.venue.exchange_mut().faults_mut().set(Fault::EventDrop, Knob::per_million(1_000_000));
        desk.by_hand(HandAction::ChangeMode(after));
        desk.open(PositionSide::Short, "1");
        let heard = desk.ask(&Command::Snapshot { account: ACCOUNT, cause: SnapshotCause::Timer });
        let [Event::Mode(mode), Event::Snapshot(read)] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!(mode.mode, after);
        assert!(read.positions.iter().any(|position| position.quantity == quantity("1")));
    }
}

#[test]
fn an_order_in_the_words_of_the_other_mode_is_refused_as_that_and_the_question_tells_the_mode() {
    for (profile, before, after) in both_ways() {
        let name = profile.name.clone();
        let mut desk = at_venue_of(profile, before);
        desk.venue.exchange_mut().faults_mut().set(Fault::EventDrop, Knob::per_million(1_000_000));
        desk.by_hand(HandAction::ChangeMode(after));
        let entry = desk.entry("in", "1", OrderKind::Market);
        assert_eq!(refused(&desk.ask(&entry), "in", Asked::Place), Some(RefusalReason::WrongMode), "{name}");
        desk.venue.ask_mode(desk.now, ACCOUNT);
        assert_eq!(told(&desk.wait(1_000)), [after]);
        let entry = desk.entry("in2", "1", OrderKind::Market);
        assert!(is_accepted(&desk.ask(&entry), "in2", Asked::Place), "{name} {after:?}");
        // Also when it is what it was: somebody waits for an answer.
        desk.venue.ask_mode(desk.now, ACCOUNT);
        assert_eq!(told(&desk.wait(1_000)), [after]);
    }
}

#[test]
fn what_is_told_late_of_a_time_before_the_switch_changes_nothing() {
    let at = |second: i64| Timestamp::EPOCH.plus(Span::from_secs(second));
    let mut modes = Modes::default();
    modes.open(ACCOUNT, OneWay, at(0));
    let heard = [(at(5), OneWay), (at(7), Hedge), (at(6), OneWay), (at(7), Hedge), (at(9), OneWay)];
    let news = heard.map(|shown| modes.learn(ACCOUNT, shown));
    assert_eq!(news, [None, Some(Hedge), None, None, Some(OneWay)]);
}

/// venues/bitget.md §15: whether such words are refused or carried out nobody knows.
#[test]
fn a_closing_is_never_worded_so_that_a_venue_which_overlooks_the_mode_opens_with_it() {
    let mut profile = Profile::bitget_classic();
    profile.habits.requests.side_mismatch = SideMismatch::Overlooked;
    for (before, after) in [(OneWay, Hedge), (Hedge, OneWay)] {
        let mut desk = at_venue_of(profile.clone(), before);
        desk.venue.exchange_mut().faults_mut().set(Fault::EventDrop, Knob::per_million(1_000_000));
        desk.by_hand(HandAction::ChangeMode(after));
        // An entry opens what it says in either mode's words, and its answer shows the mode.
        let entry = desk.entry("in", "1", OrderKind::Market);
        assert_eq!(told(&desk.ask(&entry)), [after], "{before:?}");
        let close = desk.order("close", Some("1"), OrderKind::Market);
        desk.ask(&close);
        let view = desk.venue.exchange().view("main", desk.venue.exchange().now()).unwrap();
        assert_eq!(view.positions, [], "{before:?}");
    }
}

#[test]
fn a_client_that_starts_again_goes_by_what_the_engine_remembers_and_deals_stay_deals() {
    let mut desk = at_venue_of(Profile::aster(), OneWay);
    desk.by_hand(HandAction::ChangeMode(Hedge));
    let venue =
        std::mem::replace(&mut desk.venue, PaperVenue::new(exchange_of(Profile::aster(), OneWay), None, desk.now));
    desk.venue = venue.restarted(desk.now);
    assert_eq!(desk.venue.modes.of(ACCOUNT), OneWay, "as it was opened: that is all it knows");
    desk.venue.remember_mode(ACCOUNT, Hedge);
    let entry = desk.entry("in", "1", OrderKind::Market);
    let heard = desk.ask(&entry);
    assert!(is_accepted(&heard, "in", Asked::Place) && told(&heard).is_empty(), "{heard:?}");
    let mut deals = at_venue_of(Profile::ig(), PerDeal);
    deals.open(PositionSide::Long, "1");
    deals.snapshot();
    assert_eq!(deals.venue.modes.of(ACCOUNT), PerDeal);
}
