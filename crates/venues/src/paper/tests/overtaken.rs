//! Reads and moves of levels that something else has overtaken on its way: IG.

use super::*;
use backstop_model::OrderStatus;
use backstop_sim::physics::Delay;
use backstop_sim::{Fault, Knob};
use deals::{amend, ig, levels};

/// IG where requests and answers take a tenth of a second each and the stream so long, with a deal whose stop is "one", at 98. A read
/// of the account and one of the order are under way when somebody takes the stop away at the venue's own screen.
fn reads_that_are_overtaken(stream: i64) -> Desktop {
    let mut setup = Setup::exactly(Profile::ig(), 1);
    let (tenth, latency) = (Delay::millis(100, 0), &mut setup.physics.latency);
    (latency.request, latency.response, latency.stream) = (tenth, tenth, Delay::millis(stream, 0));
    let mut desk = around(exchange_with(setup, PositionMode::PerDeal), None, PositionMode::PerDeal);
    desk.open(PositionSide::Long, "1");
    assert!(is_accepted(&desk.ask(&desk.order("one", None, stop("98"))), "one", Asked::Place));
    desk.send(&Command::Snapshot { account: ACCOUNT, cause: SnapshotCause::Timer });
    desk.send(&desk.lookup("one"));
    desk.wait(110);
    let deal = desk.venue.exchange().ledger().deals().next_back().unwrap().id;
    let without = HandAction::MoveLevels(backstop_sim::SetLevels { deal, stop: None, limit: None });
    desk.venue.exchange_mut().by_hand(desk.now, "main", without).unwrap();
    desk
}

fn levels_read(told: &[Event]) -> Vec<Option<ClientOrderId>> {
    let read = told.iter().find_map(|event| if let Event::Snapshot(read) = event { Some(read) } else { None });
    read.unwrap().orders.iter().map(|order| order.id).collect()
}

fn is_over(told: &[Event], name: &str) -> bool {
    reports(told).iter().any(|of| of.id == Some(id(name)) && of.status == OrderStatus::Canceled)
}

/// I9, I25: what a read shows of a moment before an order was asked for is not that order's, whatever comes of it.
#[test]
fn a_read_gives_its_level_to_no_order_that_was_asked_for_since() {
    let mut desk = reads_that_are_overtaken(0);
    assert!(is_over(&desk.wait(20), "one"));
    desk.venue.exchange_mut().faults_mut().set(Fault::DealReject, Knob::times(1));
    let told = desk.ask(&desk.order("two", None, stop("98")));
    assert_eq!(
        (levels_read(&told), levels(&desk).0),
        (vec![None], None),
        "it stood there once, and is nobody's of ours"
    );
}

/// I9: the same where the stream says so while the executions that belong to the read are on their way.
#[test]
fn a_read_says_nothing_of_an_order_that_has_lost_its_level_since() {
    let mut desk = reads_that_are_overtaken(150);
    let told = desk.wait(1_000);
    assert!(is_over(&told, "one"));
    assert_eq!((levels_read(&told), found(&told)), (vec![], None));
}

/// F-E16, I3: a stale read from before the deal was opened is no answer to what became of its stop; the engine asks again.
#[test]
fn a_read_that_is_older_than_the_deal_says_nothing_of_its_levels() {
    let mut desk = ig();
    assert!(is_accepted(&desk.ask(&desk.order("stop", None, stop("98"))), "stop", Asked::Place));
    let faults = desk.venue.exchange_mut().faults_mut();
    faults.stale_by = Span::from_secs(60);
    faults.set(Fault::StaleRead, Knob::times(1));
    let answers = |told: &[Event]| told.iter().filter(|event| matches!(event, Event::Lookup(_))).count();
    assert_eq!(answers(&desk.ask(&desk.lookup("stop"))), 0);
    assert_eq!(answers(&desk.ask(&desk.lookup("stop"))), 1);
}

fn found(told: &[Event]) -> Option<&OrderReport> {
    let answer = told.iter().find_map(|event| if let Event::Lookup(of) = event { Some(&of.found) } else { None });
    answer.unwrap().as_ref()
}

/// I3, I9: a second order is on its way to the level, and the first one, which stands elsewhere, is to be moved there. It has lost its
/// level when its turn comes: it does not come back, and takes nobody's.
#[test]
fn a_move_of_an_order_that_has_lost_its_level_meanwhile_is_refused() {
    let mut desk = ig();
    assert!(is_accepted(&desk.ask(&desk.order("one", None, stop("97"))), "one", Asked::Place));
    let (second, moved) = (desk.order("two", None, stop("98")), amend(&desk, "one", "98"));
    desk.send(&second);
    desk.send(&moved);
    let told = desk.wait(1_000);
    assert!(is_accepted(&told, "two", Asked::Place) && is_over(&told, "one"));
    assert_eq!(refused(&told, "one", Asked::Amend), Some(RefusalReason::NotFound));
    assert!(found(&desk.ask(&desk.lookup("two"))).is_some_and(|of| of.status == OrderStatus::Working));
    assert_eq!((found(&desk.ask(&desk.lookup("one"))), levels(&desk).0), (None, Some(price("98"))));
}
