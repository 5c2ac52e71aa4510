//! What befalls markets and accounts: closing hours, and the venue's own knobs that strike on quotes.

use crate::desk::{Desk, ME, SYMBOL, at, desk, desk_of, desk_with, limit, price, quantity, rules, stop, wish};
use backstop_model::{OrderSide, PositionMode, Span};
use backstop_sim::{Body, Cause, Fault, Faults, Kind, Knob, Profile, Session, Setup, SetupError, Status, StreamEvent};

/// A long of 1 at 100 with a stop at 95, and one knob that strikes from then on.
fn struck_by(fault: Fault, times: u32) -> Desk {
    let mut desk = desk_with(Setup::exact(5), PositionMode::OneWay, rules());
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.venue.faults_mut().set(fault, Knob::times(times));
    desk
}

fn count(desk: &Desk, fault: Fault) -> u64 {
    desk.venue.faults().struck(fault)
}

fn entry(desk: &mut Desk, id: &str) -> Result<(), i32> {
    desk.place(wish(id, OrderSide::Buy, "0.001", Kind::Market, false)).map(|_| ())
}

/// F-H08, F-L; venues/ig.md §4.1, venues/binance.md §5 (`TRADIFI_PERPETUAL`).
#[test]
fn a_closed_market_takes_no_order_and_no_price_and_opens_with_a_gap() {
    for session in [Session::Closed, Session::EditsOnly] {
        let mut desk = desk();
        desk.buy("1");
        desk.exit("stop", "1", stop("95")).unwrap();
        desk.venue.set_session(at(100), SYMBOL, session).unwrap();
        desk.now = 100;
        desk.quote("90");
        assert_eq!((desk.status("stop"), desk.venue.prices(SYMBOL).unwrap().last), (Status::New, Some(price("100"))));
        assert_eq!(desk.exit("out", "1", Kind::Market).map(|_| ()), Err(-4141), "{session:?}");
        assert_eq!(desk.venue.session(SYMBOL), Some(session));
        desk.venue.set_session(at(200), SYMBOL, Session::Trading).unwrap();
        desk.now = 200;
        desk.quote("88");
        assert_eq!(desk.fills().last().unwrap(), "stop 1@88", "{session:?}");
    }
    let mut desk = desk();
    assert_eq!(desk.venue.set_session(at(9), "NOPE", Session::Closed), Err(SetupError::NotListed("NOPE".into())));
}

/// An order that triggered before the market shut finds nobody to trade with.
#[test]
fn a_trigger_under_way_when_the_market_shuts_is_rejected() {
    let mut setup = Setup::exact(1);
    setup.physics.latency.trigger = backstop_sim::Delay::millis(10, 0);
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    desk.buy("1");
    desk.exit("tp", "0.5", limit("105")).unwrap();
    desk.exit("stop", "0.5", stop("95")).unwrap();
    desk.quote("94");
    let now = desk.clock();
    desk.venue.set_session(now, SYMBOL, Session::Closed).unwrap();
    desk.wait(20);
    assert_eq!((desk.status("stop"), desk.query("stop").unwrap().cause), (Status::Rejected, Some(Cause::MarketBand)));
    // Nor does an amendment trade there; cancelling works.
    assert_eq!(desk.amend_price("tp", "93"), Err(-4141));
    desk.cancel("tp").unwrap();
    assert_eq!(desk.open(), "1");
}

/// venues/bitget.md §4 (`limit_open`), venues/binance.md §17 (-4140); F-F03: the last half hour before a delisting.
#[test]
fn a_market_of_closings_only_lets_exits_pass() {
    let mut desk = desk();
    desk.buy("1");
    desk.venue.set_session(at(50), SYMBOL, Session::ClosingsOnly).unwrap();
    desk.now = 50;
    assert_eq!(entry(&mut desk, "more"), Err(-4140));
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.quote("96");
    desk.exit("out", "1", Kind::Market).unwrap();
    assert_eq!(desk.open(), "0");
}

/// F-F03; venues/binance.md §17, venues/aster.md §12 ("for -4141 follow the settlement"), venues/bitget.md §12: a market that is
/// gone, one that is shut for a while, and one that takes nothing that opens.
#[test]
fn a_settled_market_is_told_from_one_that_takes_closings_only() {
    for (profile, expected) in [
        (Profile::binance(), [-4140, -4141, -4141]),
        (Profile::aster(), [-4140, -4141, -4141]),
        (Profile::bitget_classic(), [45_043, 45_043, 40_845]),
        (Profile::bitget_unified(), [25_102, 25_102, 25_104]),
    ] {
        let name = profile.name.clone();
        let mut desk = desk_of(profile, PositionMode::OneWay);
        let mut said = Vec::new();
        for session in [Session::ClosingsOnly, Session::Closed] {
            let now = desk.clock();
            desk.venue.set_session(now, SYMBOL, session).unwrap();
            said.push(entry(&mut desk, &format!("{session:?}")).unwrap_err());
        }
        let now = desk.clock();
        desk.venue.settle(now, SYMBOL, price("100")).unwrap();
        said.push(entry(&mut desk, "settled").unwrap_err());
        assert_eq!(said, expected, "{name}");
        let answers = [desk.exit("out", "1", Kind::Market), desk.exit("stop", "1", stop("95"))];
        assert_eq!(answers.map(|answer| answer.map(|_| ())), [Err(expected[2]); 2], "{name}: nor does an exit pass");
    }
}

/// F-C19, F-H08.
#[test]
fn the_market_can_close_by_chance_and_opens_again() {
    let mut desk = struck_by(Fault::MarketClosed, 1);
    desk.venue.faults_mut().incidents.closed_for = Span::from_secs(5);
    desk.quote("99");
    assert_eq!((desk.venue.session(SYMBOL), count(&desk, Fault::MarketClosed)), (Some(Session::Closed), 1));
    assert_eq!(entry(&mut desk, "in"), Err(-4141));
    desk.quote("90");
    assert_eq!(desk.status("stop"), Status::New);
    desk.wait(5_000);
    assert_eq!(desk.venue.session(SYMBOL), Some(Session::Trading));
    desk.quote("90");
    assert_eq!(desk.fills().last().unwrap(), "stop 1@90");
}

/// F-F02: half of it, up to the next step; what is one step goes whole.
#[test]
fn auto_deleveraging_can_take_half_of_a_position_by_chance() {
    let mut desk = struck_by(Fault::Adl, 2);
    desk.quote("101");
    assert_eq!(desk.fills().last().unwrap(), "adl_autoclose 0.5@101");
    desk.quote("102");
    assert_eq!((desk.open(), count(&desk, Fault::Adl)), ("0.25".into(), 2));
    desk.quote("103");
    assert_eq!(desk.open(), "0.25");
}

/// F-F01.
#[test]
fn a_position_can_be_liquidated_by_chance() {
    let mut desk = struck_by(Fault::Liquidation, 1);
    desk.quote("101");
    assert_eq!((desk.open(), count(&desk, Fault::Liquidation)), ("0".into(), 1));
    assert_eq!(desk.query("stop").unwrap().cause, Some(Cause::Liquidation));
    // Nobody is left to be struck, and nothing is counted.
    desk.venue.faults_mut().set(Fault::Liquidation, Knob::times(1));
    desk.quote("102");
    assert_eq!(count(&desk, Fault::Liquidation), 1);
}

/// F-F03.
#[test]
fn a_market_can_be_settled_by_chance() {
    let mut desk = struck_by(Fault::Settlement, 1);
    desk.quote("97");
    assert_eq!((desk.open(), desk.status("stop")), ("0".into(), Status::Expired));
    assert_eq!(desk.venue.ledger().fills().last().unwrap().cause, Some(Cause::Settlement));
    assert_eq!(entry(&mut desk, "late"), Err(-4141));
    desk.quote("96");
    assert_eq!(count(&desk, Fault::Settlement), 1);
}

/// F-G02: the grid gets coarser under resting orders, and later what it was.
#[test]
fn filters_can_change_by_chance_and_change_back() {
    let mut desk = struck_by(Fault::FiltersChange, 2);
    desk.quote("101");
    let coarse = desk.venue.rules(SYMBOL).unwrap().clone();
    assert_eq!((coarse.tick, coarse.step), (price("0.1"), quantity("0.01")));
    assert_eq!(coarse.min_quantity, quantity("0.01"));
    assert_eq!(desk.exit("tp", "0.5", limit("105.55")).map(|_| ()), Err(-4014));
    assert_eq!(desk.exit("tp", "0.505", limit("105.5")).map(|_| ()), Err(-4023));
    desk.quote("102");
    assert_eq!((desk.venue.rules(SYMBOL).unwrap(), count(&desk, Fault::FiltersChange)), (&rules(), 2));
}

/// F-D07: the venue refuses to switch an account with something open, and switches a flat one.
#[test]
fn a_flat_account_can_be_switched_by_chance() {
    let mut desk = struck_by(Fault::ModeChange, 3);
    desk.quote("101");
    assert_eq!(
        (desk.venue.ledger().account(ME).unwrap().mode, count(&desk, Fault::ModeChange)),
        (PositionMode::OneWay, 0)
    );
    desk.exit("out", "1", Kind::Market).unwrap();
    desk.cancel("stop").unwrap();
    desk.quote("101");
    assert_eq!(
        (desk.venue.ledger().account(ME).unwrap().mode, count(&desk, Fault::ModeChange)),
        (PositionMode::Hedge, 1)
    );
    assert_eq!(entry(&mut desk, "in"), Err(-4061));
}

#[test]
fn knobs_that_are_not_turned_shift_nothing() {
    let dice = |fault: Option<Fault>| {
        let faults = fault.map_or(Faults::none(3), |fault| Faults::none(3).with(fault, Knob::per_million(0)));
        let mut desk = desk_with(Setup { faults, ..Setup::new(3) }, PositionMode::OneWay, rules());
        desk.quote("101");
        desk.send(backstop_sim::Ask::Snapshot);
        desk.wait(1_000).last().map(|told| told.at)
    };
    for fault in [Fault::Adl, Fault::FiltersChange, Fault::MarketClosed, Fault::ModeChange, Fault::Settlement] {
        assert_eq!(dice(Some(fault)), dice(None), "{fault:?}");
    }
}

/// F-D09, F-F05.
#[test]
fn margin_moves_liquidation_and_a_margin_call_moves_nothing() {
    let mut setup = Setup::exact(1);
    setup.habits.liquidation = true;
    let mut desk = desk_with(setup, PositionMode::OneWay, rules());
    desk.buy("1");
    let liquidation = |desk: &Desk| desk.venue.view(ME, desk.venue.now()).unwrap().positions[0].liquidation.unwrap();
    assert_eq!(liquidation(&desk), price("90"));
    let change = |amount: &str| {
        let (symbol, side, amount) = (SYMBOL.to_owned(), backstop_model::PositionSide::Long, amount.parse().unwrap());
        backstop_sim::HandAction::ChangeMargin { symbol, side, amount }
    };
    let now = desk.clock();
    desk.venue.by_hand(now, ME, change("5")).unwrap();
    assert_eq!(liquidation(&desk), price("85"));
    desk.venue.by_hand(now, ME, change("-12")).unwrap();
    assert_eq!(liquidation(&desk), price("97"));
    assert_eq!(desk.venue.by_hand(now, ME, change("-4")).map_err(|refused| refused.code), Err(-2019));
    desk.venue.call_margin(now, ME);
    desk.wait(10);
    let calls =
        |body: &Body| matches!(body, Body::Stream(StreamEvent::MarginCall { positions, .. }) if positions.len() == 1);
    assert_eq!(desk.told.iter().filter(|told| calls(&told.body)).count(), 1);
    // Another position begins without what was moved.
    desk.sell("1");
    desk.buy("1");
    assert_eq!(liquidation(&desk), price("90"));
}
