//! Position modes: which a venue keeps, what an order has to say in each, how a change is told, and what is native.

use crate::desk::{ME, SYMBOL, desk_of, opening, stop, wish};
use backstop_model::{OrderSide, PositionMode, PositionSide, Span};
use backstop_sim::habits::{ClientIds, FlashClose, NativeTrailing, RequestWindow, Waiver, WholePosition};
use backstop_sim::{
    Amending, Answer, Ask, Body, Exchange, Fault, HandAction, Kind, Knob, Native, Profile, Reduction, Reply, Setup,
    SetupError, Slot, StopPlace, StreamEvent,
};

const MODES: [PositionMode; 3] = [PositionMode::Hedge, PositionMode::OneWay, PositionMode::PerDeal];

#[test]
fn a_venue_opens_accounts_in_its_own_modes_only() {
    for profile in Profile::all() {
        for mode in MODES {
            let mut venue = Exchange::new(Setup::exactly(profile.clone(), 1));
            let per_deal = mode == PositionMode::PerDeal;
            let expected = if per_deal == (profile.name == "ig") { Ok(()) } else { Err(SetupError::NoMode(mode)) };
            assert_eq!(venue.open_account(ME, opening(mode)), expected, "{} {mode:?}", profile.name);
            assert_eq!(profile.native().keeps(mode), expected.is_ok());
        }
    }
    let mut plain = Exchange::new(Setup::exact(1));
    assert!(plain.open_account(ME, opening(PositionMode::PerDeal)).is_err());
}

/// venues/binance.md §6.1, venues/bitget.md §14, venues/ig.md §4.4.
#[test]
fn what_keeps_an_exit_from_opening_depends_on_the_mode() {
    assert_eq!(MODES.map(Native::reduction), [Reduction::BySide, Reduction::ByFlag, Reduction::ByDeal]);
}

/// What a translator reads off each profile. venues/aster.md §0 facts 1 and 7; venues/binance.md §0 facts 3 and 5, §8.2;
/// venues/bitget.md §0 fact 2, §7, §8, §14; venues/ig.md §0 fact 6, §4.3.
#[test]
fn each_venue_has_the_exits_that_its_page_says() {
    use WholePosition::{Absent, Bound, ClosePosition};
    let orders = |least, most| NativeTrailing::Orders { least, most };
    for (profile, trailing, whole, amending, most) in [
        (Profile::aster(), orders(1_000, 50_000), ClosePosition, Amending::LimitsOnly, 100),
        (Profile::binance(), orders(1_000, 200_000), ClosePosition, Amending::LimitsOnly, 200),
        (Profile::bitget_classic(), orders(10_000, 100_000), Bound, Amending::Everything, 200),
        (Profile::bitget_unified(), NativeTrailing::None, Bound, Amending::Everything, 200),
        (Profile::ig(), NativeTrailing::Attached, Absent, Amending::Everything, 0),
    ] {
        let (native, name) = (profile.native(), profile.name);
        assert_eq!((native.trailing, native.whole, native.amending), (trailing, whole, amending), "{name}");
        assert_eq!(
            (native.amends_stops(), native.most_conditional),
            (amending == Amending::Everything, most),
            "{name}"
        );
        let attached = native.stops == StopPlace::Attached;
        assert_eq!((attached, native.closes_can_rest()), (name == "ig", name != "ig"));
    }
}

/// venues/aster.md §2.3; venues/binance.md §0 fact 11, §2; venues/bitget.md §2, §6.4, §13; venues/ig.md §4.4.
#[test]
fn each_venue_takes_requests_as_its_page_says() {
    use ClientIds::{OpeningsOnly, UniqueAmongOpen, UniqueForever};
    let nonce = RequestWindow::Nonce { within: Span::from_secs(10), remembered: 100 };
    let half_minute = RequestWindow::Fixed(Span::from_secs(30));
    for (profile, window, ids, flash) in [
        (Profile::aster(), nonce, UniqueAmongOpen, FlashClose::Absent),
        (Profile::binance(), RequestWindow::AsSent, UniqueAmongOpen, FlashClose::Absent),
        (Profile::bitget_classic(), half_minute, UniqueForever, FlashClose::Offered),
        (Profile::bitget_unified(), half_minute, UniqueAmongOpen, FlashClose::Offered),
        (Profile::ig(), RequestWindow::Unbounded, OpeningsOnly, FlashClose::Absent),
    ] {
        let (native, name) = (profile.native(), profile.name);
        assert_eq!((native.request_window, native.client_ids, native.flash), (window, ids, flash), "{name}");
    }
}

/// The default is Binance as it always was; its profile differs in ids, trigger delay, silent mode changes and the waiver that
/// wants a flag.
#[test]
fn without_a_profile_the_venue_offers_what_binance_does() {
    let binance = Native { waiver: Waiver::Closing, ..Profile::binance().native() };
    assert_eq!(Exchange::new(Setup::exact(1)).native(), binance);
    assert_eq!(Setup::of(Profile::binance(), 4).faults, Setup::new(4).faults);
}

fn mode_events(profile: Profile) -> (usize, Result<(), i32>) {
    let mut desk = desk_of(profile, PositionMode::OneWay);
    let now = desk.clock();
    desk.venue.by_hand(now, ME, HandAction::ChangeMode(PositionMode::Hedge)).unwrap();
    desk.wait(1_000);
    let told = desk.told.iter().filter(|told| matches!(told.body, Body::Stream(StreamEvent::ConfigUpdate { .. })));
    let count = told.count();
    let refused = desk.place(wish("a", OrderSide::Buy, "1", Kind::Market, false)).map(|_| ());
    (count, refused)
}

/// venues/aster.md §0 fact 8, venues/binance.md §10.6; F-D07.
#[test]
fn a_changed_mode_is_pushed_on_aster_and_shows_only_in_refusals_on_binance() {
    assert_eq!(mode_events(Profile::aster()), (1, Err(-4061)));
    assert_eq!(mode_events(Profile::binance()), (0, Err(-4061)));
}

/// venues/binance.md §10.6: the leverage is told everywhere (F-D08).
#[test]
fn a_changed_leverage_is_told_where_a_changed_mode_is_not() {
    let mut desk = desk_of(Profile::binance(), PositionMode::OneWay);
    let now = desk.clock();
    let three = backstop_model::Leverage::try_from(3).unwrap();
    desk.venue.by_hand(now, ME, HandAction::ChangeLeverage(three)).unwrap();
    let told = desk.wait(10);
    let Body::Stream(StreamEvent::ConfigUpdate { leverage, mode, .. }) = &told[0].body else { panic!("{told:?}") };
    assert_eq!((*leverage, *mode), (three, None));
}

/// F-D07, F-A08: the mode is read like anything else, and a stale read shows what it was.
#[test]
fn the_mode_can_be_asked_for_and_a_stale_answer_is_of_before_the_switch() {
    let mut desk = desk_of(Profile::binance(), PositionMode::OneWay);
    let mode = |reply: Reply| match reply {
        Reply::Result(Answer::Mode(view)) => view.mode,
        other => panic!("{other:?}"),
    };
    assert_eq!(mode(desk.ask(Ask::Mode)), PositionMode::OneWay);
    desk.wait(1_000);
    let now = desk.clock();
    desk.venue.by_hand(now, ME, HandAction::ChangeMode(PositionMode::Hedge)).unwrap();
    desk.venue.faults_mut().stale_by = Span::from_millis(500);
    desk.venue.faults_mut().set(Fault::StaleRead, Knob::times(1));
    assert_eq!(mode(desk.ask(Ask::Mode)), PositionMode::OneWay);
    assert_eq!(mode(desk.ask(Ask::Mode)), PositionMode::Hedge);
}

/// venues/binance.md §6.1: -4059, -4067, -4068; and a mode the venue does not know.
#[test]
fn a_mode_changes_only_while_nothing_is_open_and_only_to_one_the_venue_keeps() {
    let mut desk = desk_of(Profile::binance(), PositionMode::OneWay);
    let change = |desk: &mut crate::desk::Desk, mode| {
        let now = desk.clock();
        desk.venue.by_hand(now, ME, HandAction::ChangeMode(mode)).map_err(|refused| refused.code)
    };
    assert_eq!(change(&mut desk, PositionMode::OneWay), Err(-4059));
    assert_eq!(change(&mut desk, PositionMode::PerDeal), Err(-1020));
    desk.buy("1");
    assert_eq!(change(&mut desk, PositionMode::Hedge), Err(-4068));
    desk.exit("out", "1", Kind::Market).unwrap();
    desk.place(wish("in", OrderSide::Buy, "1", stop("120"), false)).unwrap();
    assert_eq!(change(&mut desk, PositionMode::Hedge), Err(-4067));
    desk.cancel("in").unwrap();
    assert_eq!(change(&mut desk, PositionMode::Hedge), Ok(()));
}

/// venues/binance.md §6.1: LONG and SHORT live side by side, closing is the other direction with the same side.
#[test]
fn hedge_sides_are_kept_apart_and_closed_by_their_side() {
    let mut desk = desk_of(Profile::binance(), PositionMode::Hedge);
    desk.place(wish("long", OrderSide::Buy, "1", Kind::Market, false)).unwrap();
    desk.place(wish("short", OrderSide::Sell, "2", Kind::Market, false)).unwrap();
    desk.place(wish("out", OrderSide::Buy, "5", Kind::Market, true)).unwrap();
    let held = |slot| desk.venue.ledger().holding(ME, SYMBOL, slot);
    assert!(held(Slot::Short).is_flat());
    assert_eq!((held(Slot::Long).side, held(Slot::Long).quantity.to_string()), (PositionSide::Long, "1".into()));
}

/// venues/bitget.md §14: what the page does not say of unified accounts is played as on classic ones.
#[test]
fn a_unified_account_differs_from_a_classic_one_only_where_the_page_says() {
    let (classic, mut unified) = (Profile::bitget_classic(), Profile::bitget_unified());
    let (told, requests) = (&classic.habits.exits, &classic.habits.requests);
    unified.habits.exits.trailing = told.trailing;
    unified.habits.requests.client_ids = requests.client_ids;
    unified.habits.requests.id_form = requests.id_form;
    unified.habits.requests.hedge = requests.hedge;
    unified.habits.requests.numbers = requests.numbers;
    assert_eq!((unified.habits, unified.trigger), (classic.habits, classic.trigger));
}
