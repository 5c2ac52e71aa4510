//! What a venue tells late, or takes back.

use crate::desk::{Desk, ME, at, desk, limit, quantity, stop};
use backstop_sim::{Answer, Ask, Body, Fill, Reply, Slot, StreamEvent};

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
