//! Bitget's targets that wait for their price outside the book and rest in it from then on (`profit_plan` with an
//! `executePrice`, venues/bitget.md §8).

use crate::desk::{Desk, ME, SYMBOL, desk_with, limit, order_or_code, price, quantity, rules, stop, trail, wish};
use backstop_model::{OrderSide, PositionMode, Prices, Span, TriggerSource};
use backstop_sim::habits::ChildIds;
use backstop_sim::physics::Delay;
use backstop_sim::{Amend, Ask, Bound, Kind, Place, Profile, Reply, Setup, Slot, Status, TradeSide};

const MODES: [PositionMode; 2] = [PositionMode::OneWay, PositionMode::Hedge];

/// A target whose limit is where it triggers.
fn target(at: &str) -> Kind {
    Kind::TakeProfitLimit { trigger: price(at), price: price(at), source: TriggerSource::Last }
}

fn bitget(mode: PositionMode) -> Desk {
    bitget_named(mode, ChildIds::Inherited)
}

/// A desk whose positions are visible at once and where a trigger takes its time.
fn bitget_named(mode: PositionMode, child_ids: ChildIds) -> Desk {
    let mut profile = Profile::bitget_classic();
    profile.habits.exits.visible_after = Span::ZERO;
    profile.habits.conditionals.child_ids = child_ids;
    let mut setup = Setup::exactly(profile, 1);
    setup.physics.latency.trigger = Delay::millis(10, 40);
    desk_with(setup, mode, rules())
}

/// An order in the words of the account's mode: on a hedge account to close a long is to "buy" it (§6.1).
fn order(desk: &mut Desk, id: &str, amount: &str, kind: Kind, trade: TradeSide) -> Result<(), i32> {
    let closes = trade == TradeSide::Close;
    let side = if closes { OrderSide::Sell } else { OrderSide::Buy };
    let ask = match desk.place_ask(wish(id, side, amount, kind, closes)) {
        Ask::Place(place) if place.position_side.is_some() => {
            Ask::PlaceHedged { place: Place { side: OrderSide::Buy, position_side: None, ..place }, trade }
        }
        other => other,
    };
    match desk.ask(ask) {
        Reply::Result(_) => Ok(()),
        other => order_or_code(other).map(|_| ()),
    }
}

fn held(desk: &Desk) -> String {
    let slot = if desk.mode == PositionMode::Hedge { Slot::Long } else { Slot::Both };
    desk.venue.ledger().holding(ME, SYMBOL, slot).quantity.to_string()
}

fn buy(desk: &mut Desk) {
    order(desk, "in", "1", Kind::Market, TradeSide::Open).unwrap();
}

fn exit(desk: &mut Desk, id: &str, amount: &str, kind: Kind) {
    order(desk, id, amount, kind, TradeSide::Close).unwrap();
}

/// The last trade is there, and nobody buys at that price yet.
fn touched(desk: &mut Desk, last: &str, bid: &str, ask: &str) {
    let at = |text: &str| Some(price(text));
    desk.quote_all(Prices { last: at(last), mark: at(last), bid: at(bid), ask: at(ask) });
}

/// §8.1: it triggers, rests as the limit order it has become, and fills at its price when the price comes back.
#[test]
fn a_target_with_a_limit_triggers_and_rests_until_its_price_is_paid() {
    for mode in MODES {
        let mut desk = bitget(mode);
        buy(&mut desk);
        let order = desk.protect("tp", "0.4", target("105")).unwrap();
        assert_eq!((order.bound, order.status), (Bound::ToPosition, Status::New));
        touched(&mut desk, "105", "104.98", "105.02");
        desk.wait(100);
        assert_eq!(desk.heard("tp"), [Status::New, Status::Triggering, Status::Triggered, Status::New], "{mode:?}");
        let resting = desk.query("tp").unwrap();
        assert_eq!((resting.kind, resting.bound, resting.status), (limit("105"), Bound::Free, Status::New));
        touched(&mut desk, "103", "102.98", "103.02");
        assert_eq!(held(&desk), "1");
        desk.quote("105.01");
        assert_eq!((desk.fills().last().unwrap().as_str(), held(&desk).as_str()), ("tp 0.4@105", "0.6"));
        assert!(desk.venue.ledger().fills().last().unwrap().maker);
    }
}

/// §8.1: a price that goes through its level at once takes what is there, at its limit at worst.
#[test]
fn a_target_that_is_jumped_over_takes_at_once() {
    let mut desk = bitget(PositionMode::OneWay);
    buy(&mut desk);
    desk.protect("tp", "1", target("105")).unwrap();
    desk.quote("106");
    desk.wait(100);
    assert_eq!((desk.status("tp"), held(&desk).as_str()), (Status::Filled, "0"));
    let fill = desk.venue.ledger().fills().last().unwrap().clone();
    assert!(!fill.maker && fill.price >= price("105"), "{fill:?}");
}

/// §6.2, §8: while it waits it holds nothing of the position that other exits need, and none of them evicts it.
#[test]
fn while_it_waits_it_neither_evicts_nor_is_evicted_nor_makes_an_exit_smaller() {
    for mode in MODES {
        let mut desk = bitget(mode);
        buy(&mut desk);
        desk.protect("tp", "0.7", target("105")).unwrap();
        exit(&mut desk, "by-hand", "1", limit("110"));
        assert_eq!([desk.status("tp"), desk.status("by-hand")], [Status::New, Status::New], "{mode:?}");
        desk.cancel("by-hand").unwrap();
        exit(&mut desk, "out", "0.5", Kind::Market);
        assert_eq!(held(&desk), "0.5", "{mode:?}: nothing of it was kept for the target");
        desk.quote("105");
        desk.wait(100);
        assert_eq!(held(&desk), "0", "{mode:?}: it closes what is left, and no more");
    }
}

/// §6.2: from its trigger on it is a resting exit, and shares the position with the others as they do.
#[test]
fn once_it_rests_it_is_an_exit_like_the_others() {
    let mut desk = bitget(PositionMode::OneWay);
    buy(&mut desk);
    desk.protect("tp", "0.6", target("105")).unwrap();
    exit(&mut desk, "by-hand", "0.6", limit("110"));
    touched(&mut desk, "105", "104.98", "105.02");
    desk.wait(100);
    assert_eq!([desk.status("tp"), desk.status("by-hand")], [Status::New, Status::Expired]);
    exit(&mut desk, "newer", "0.6", limit("111"));
    assert_eq!(desk.status("tp"), Status::Expired, "the oldest makes way");

    let mut desk = bitget(PositionMode::Hedge);
    buy(&mut desk);
    desk.protect("tp", "0.6", target("105")).unwrap();
    exit(&mut desk, "by-hand", "0.6", limit("110"));
    touched(&mut desk, "105", "104.98", "105.02");
    desk.wait(100);
    assert_eq!([desk.status("tp"), desk.status("by-hand")], [Status::Rejected, Status::New], "no room: fail_execute");
}

/// §8.4: with stops and trails it never holds more than the position (43023); once it rests it is none of theirs.
#[test]
fn it_shares_the_position_with_stops_and_trails_for_a_quantity() {
    let mut desk = bitget(PositionMode::Hedge);
    buy(&mut desk);
    desk.protect("tp", "0.5", target("105")).unwrap();
    desk.protect("trail", "0.3", trail(None, "3")).unwrap();
    assert_eq!(desk.protect("sl", "0.21", stop("95")).map(|_| ()), Err(43_023));
    desk.protect("sl", "0.2", stop("95")).unwrap();
    desk.protect("whole", "all", stop("94")).unwrap();
    let moved =
        Amend { client_id: "tp".into(), price: Some(price("106")), trigger: Some(price("106")), quantity: None };
    assert_eq!(order_or_code(desk.ask(Ask::Amend(moved))).unwrap().kind, target("106"));
    touched(&mut desk, "106", "105.98", "106.02");
    desk.wait(100);
    desk.protect("more", "0.5", stop("93")).unwrap();
    assert_eq!(desk.query("tp").unwrap().quantity, Some(quantity("0.5")));
}

/// §7, §12: from its trigger on the plan is out of reach; the order in the book is cancelled under the name it has, which may
/// be another one (§6.5, unverified, so both).
#[test]
fn what_has_triggered_is_cancelled_as_the_order_it_has_become() {
    for (ids, name) in [(ChildIds::Inherited, "tp"), (ChildIds::OfVenue, "child-3")] {
        let mut desk = bitget_named(PositionMode::OneWay, ids);
        buy(&mut desk);
        desk.protect("tp", "1", target("105")).unwrap();
        touched(&mut desk, "105", "104.98", "105.02");
        assert_eq!(desk.cancel("tp").map(|_| ()), Err(43_001), "{ids:?}: it is just triggering");
        desk.wait(100);
        if name != "tp" {
            assert_eq!(desk.cancel("tp").map(|_| ()), Err(43_001), "{ids:?}");
        }
        desk.cancel(name).unwrap();
        assert_eq!(desk.status("tp"), Status::Canceled, "{ids:?}");
    }
}
