//! What a venue tells late, or takes back.

use crate::desk::{Desk, ME, at, desk, limit, quantity, stop};
use backstop_model::PositionMode;
use backstop_sim::{Answer, Ask, Body, Fill, HandAction, Reply, Slot, StreamEvent};

fn listed(desk: &mut Desk) -> Vec<u64> {
    match desk.ask(Ask::Fills { since: 0 }) {
        Reply::Result(Answer::Fills(fills)) => fills.iter().map(|fill| fill.id).collect(),
        other => panic!("{other:?}"),
    }
}

fn streamed(desk: &Desk) -> Vec<Fill> {
    let fill = |body: &Body| match body {
        Body::Stream(StreamEvent::OrderUpdate { fill: Some(fill), .. }) => Some((**fill).clone()),
        Body::Stream(_) | Body::Response { .. } => None,
    };
    desk.told.iter().filter_map(|delivery| fill(&delivery.body)).collect()
}

/// F-B16: a day late.
#[test]
fn an_execution_that_is_kept_back_shows_in_quantities_only_until_it_is_told() {
    let mut desk = desk();
    desk.venue.withhold_next(ME);
    desk.buy("1");
    desk.exit("tp", "1", limit("110")).unwrap();
    desk.quote("111");
    let view = desk.query("tp").unwrap();
    assert_eq!((view.status.is_open(), view.executed), (false, quantity("1")));
    assert!(desk.venue.ledger().holding(ME, crate::desk::SYMBOL, Slot::Both).is_flat());
    assert_eq!((listed(&mut desk), streamed(&desk).len()), (vec![1], 1));
    assert!(desk.venue.is_withheld(2));
    desk.now += 90_000_000;
    let now = at(desk.now);
    assert_eq!(desk.venue.tell_withheld(now), [2]);
    desk.wait(10);
    let told = streamed(&desk).pop().unwrap();
    assert_eq!((told.id, told.at < now), (2, true));
    assert_eq!((listed(&mut desk), desk.venue.is_withheld(2)), (vec![1, 2], false));
}

/// F-B16: only what closes, and only once.
#[test]
fn an_opening_is_never_kept_back_and_a_second_closing_is_told_at_once() {
    let mut desk = desk();
    desk.venue.withhold_next(ME);
    desk.buy("1");
    desk.buy("1");
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.exit("other", "1", stop("94")).unwrap();
    desk.quote("90");
    assert_eq!(streamed(&desk).iter().map(|fill| fill.id).collect::<Vec<_>>(), [1, 2, 4]);
}

/// F-F08: what an execution had closed comes back for what it was entered for.
#[test]
fn an_annulled_closing_leaves_position_and_money_as_if_it_had_not_been_and_stays_in_the_lists() {
    let mut desk = desk();
    desk.buy("2");
    let wallet = desk.venue.ledger().account(ME).unwrap().balance;
    desk.exit("stop", "1", stop("95")).unwrap();
    desk.quote("90");
    let now = at(desk.now + 7_200_000);
    assert!(desk.venue.annul(now, 2));
    assert!(!desk.venue.annul(now, 2), "once");
    let ledger = desk.venue.ledger();
    let holding = ledger.holding(ME, crate::desk::SYMBOL, Slot::Both);
    assert_eq!((holding.quantity, holding.entry()), (quantity("2"), Some(crate::desk::price("100"))));
    assert_eq!((ledger.account(ME).unwrap().balance, ledger.realised(ME).unwrap().to_string()), (wallet, "0".into()));
    assert_eq!((ledger.annulled()[0].fill, ledger.annulled()[0].at, ledger.fills().len()), (2, now, 2));
    desk.now += 7_200_000;
    let told = desk.wait(10);
    assert!(
        told.iter().any(|d| matches!(&d.body, Body::Stream(StreamEvent::TradeAnnulled { fill, .. }) if fill.id == 2))
    );
    let Reply::Result(Answer::Fills(fills)) = desk.ask(Ask::Fills { since: 0 }) else { panic!("a list") };
    assert_eq!(fills.iter().map(|fill| fill.annulled_at).collect::<Vec<_>>(), [None, Some(now)]);
}

/// F-F08: an opening goes as long as it is open; the rest of its cost is realised.
#[test]
fn an_annulled_opening_goes_while_it_is_open_and_stays_where_it_was_closed() {
    let mut desk = desk();
    desk.buy("1");
    desk.quote("110");
    desk.buy("1");
    desk.sell("1");
    let now = at(desk.now);
    assert!(desk.venue.annul(now, 2));
    let ledger = desk.venue.ledger();
    // Bought at 100, sold at 110: five of it stood in the average of both entries.
    assert!(ledger.holding(ME, crate::desk::SYMBOL, Slot::Both).is_flat());
    assert_eq!(ledger.realised(ME).unwrap().to_string(), "10");
    assert!(!desk.venue.annul(now, 1), "it is not open any more");
    assert!(!desk.venue.annul(now, 9), "there is none");
}

/// F-D07, F-F08: what it closed was a net position, and the account keeps a long and a short by now.
#[test]
fn an_execution_from_before_a_switch_of_the_mode_is_not_annulled() {
    let mut desk = desk();
    desk.buy("2");
    desk.exit("stop", "2", stop("95")).unwrap();
    desk.quote("90");
    let now = at(desk.now);
    desk.venue.by_hand(now, ME, HandAction::ChangeMode(PositionMode::Hedge)).unwrap();
    assert!(!desk.venue.annul(now, 2));
    desk.venue.by_hand(now, ME, HandAction::ChangeMode(PositionMode::OneWay)).unwrap();
    assert!(desk.venue.annul(now, 2));
}
