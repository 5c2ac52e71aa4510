//! Urgency, budget, repeats and silence.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use backstop_core::orders::{Leg, Scope};
use backstop_model::{
    Epoch, NewOrder, OrderKind, OrderQuantity, OrderSide, PositionSide, Refusal, RefusalReason, SnapshotCause,
    TimeInForce, TrancheId, Trigger, TriggerSource, VenueOrderId,
};

const NOW: Timestamp = Timestamp::from_nanos(1_000_000_000_000);

fn order(number: u32, kind: OrderKind) -> Command {
    Command::Place(NewOrder {
        account: AccountId(0),
        instrument: InstrumentId(0),
        id: ClientOrderId::new(&format!("order-{number}")).unwrap(),
        side: OrderSide::Sell,
        position_side: PositionSide::Long,
        deal: None,
        quantity: OrderQuantity::Exact("1".parse().unwrap()),
        kind,
        reduce_only: true,
        attached_stop: None,
    })
}

fn target(number: u32) -> Command {
    order(number, OrderKind::Limit { price: "100".parse().unwrap(), time_in_force: TimeInForce::GoodTillCancel })
}

fn stop(number: u32) -> Command {
    order(number, OrderKind::StopMarket(Trigger::new("90".parse().unwrap(), TriggerSource::Mark)))
}

fn cancel(number: u32) -> Command {
    let id = ClientOrderId::new(&format!("order-{number}")).unwrap();
    Command::Cancel { account: AccountId(0), instrument: InstrumentId(0), id, deal: None }
}

fn lookup(number: u32) -> Command {
    let id = ClientOrderId::new(&format!("order-{number}")).unwrap();
    Command::Lookup { account: AccountId(0), instrument: InstrumentId(0), id, deal: None }
}

fn answer(number: u32, outcome: Outcome) -> Event {
    answered(number, Asked::Place, outcome)
}

fn answered(number: u32, asked: Asked, outcome: Outcome) -> Event {
    let id = ClientOrderId::new(&format!("order-{number}")).unwrap();
    Event::Answer(Answer { account: AccountId(0), instrument: InstrumentId(0), id, asked, outcome, sent_at: NOW })
}

#[test]
fn a_stop_overtakes_the_targets_before_it() {
    let mut executor = Executor::default();
    executor.push(NOW, vec![target(1), target(2), stop(3)]);
    assert_eq!(executor.next(NOW), Some(stop(3)));
    assert_eq!(executor.next(NOW), Some(target(1)));
    assert_eq!(executor.next(NOW), Some(target(2)));
    assert_eq!(executor.next(NOW), None);
}

#[test]
fn an_entry_waits_behind_protection_and_until_everything_is_known() {
    let Command::Place(exit) = order(1, OrderKind::Market) else { unreachable!() };
    let entry = Command::Place(NewOrder { side: OrderSide::Buy, reduce_only: false, ..exit });
    let mut executor = Executor::default();
    executor.protect_only(NOW, true);
    executor.push(NOW, vec![entry, stop(2)]);
    assert_eq!(executor.next(NOW), Some(stop(2)));
    assert_eq!(executor.next(NOW), None);
    executor.protect_only(NOW, false);
    assert_eq!(executor.next(NOW), Some(entry));
}

#[test]
fn targets_leave_thirty_percent_of_the_budget_to_protection() {
    // I19: a flood of targets never takes the last request from a stop.
    let mut executor = Executor::new(Budget { requests: 10, window: Span::from_secs(10) });
    executor.push(NOW, (0..20).map(target).collect());
    let sent = std::iter::from_fn(|| executor.next(NOW)).count();
    assert_eq!(sent, 7);
    executor.push(NOW, (100..110).map(stop).collect());
    let stops = std::iter::from_fn(|| executor.next(NOW)).count();
    assert_eq!(stops, 3);
    let later = NOW.plus(Span::from_secs(10));
    assert!(executor.next(later).is_some(), "the window slides");
}

#[test]
fn what_others_use_up_of_the_budget_is_taken_from_targets_first() {
    // F-I07, I19: the venue says more than has left here.
    let told = |used| Usage { account: AccountId(0), used };
    let mut executor = Executor::new(Budget { requests: 10, window: Span::from_secs(10) });
    executor.push(NOW, (0..4).map(target).collect());
    assert!(executor.next(NOW).is_some());
    executor.told_usage(NOW, told(6));
    assert_eq!([executor.next(NOW), executor.next(NOW)], [Some(target(1)), Some(target(2))], "one of the six is ours");
    assert_eq!(executor.next(NOW), None, "seven tenths of the five that others leave");
    executor.push(NOW, (100..105).map(stop).collect());
    assert_eq!(std::iter::from_fn(|| executor.next(NOW)).count(), 2);
    let silent = executor.overdue(NOW.plus(REQUEST_TIMEOUT));
    assert_eq!(silent.len(), 5);
    let tried = NOW.plus(Span::from_secs(1));
    assert_eq!(executor.next_wake(NOW), Some(tried));
    assert_eq!([executor.next(tried), executor.next(tried)], [Some(stop(102)), None]);
}

#[test]
fn a_question_that_waits_for_the_budget_is_not_asked_twice_when_it_has_room() {
    // I19, I36: while others hold the budget it comes up again every half second.
    let mut executor = Executor::new(Budget { requests: 10, window: Span::from_secs(10) });
    executor.told_usage(NOW, Usage { account: AccountId(0), used: 10 });
    for _ in 0..20 {
        let look = |cause| Command::Snapshot { account: AccountId(0), cause };
        executor.push(NOW, vec![lookup(1), look(SnapshotCause::Timer), lookup(2), look(SnapshotCause::Surprise)]);
    }
    assert_eq!(executor.next(NOW), None);
    executor.told_usage(NOW, Usage { account: AccountId(0), used: 0 });
    assert_eq!(std::iter::from_fn(|| executor.next(NOW)).count(), 3);
}

#[test]
fn where_others_have_used_it_all_only_what_protects_is_tried_once_a_second() {
    let told = |used| Usage { account: AccountId(0), used };
    let mut executor = Executor::new(Budget { requests: 10, window: Span::from_secs(10) });
    executor.told_usage(NOW, told(12));
    executor.push(NOW, vec![stop(1), stop(2), stop(3), target(4)]);
    assert_eq!([executor.next(NOW), executor.next(NOW)], [Some(stop(1)), None], "what was told may be over by now");
    let later = NOW.plus(Span::from_secs(1));
    assert_eq!(executor.next_wake(NOW), Some(later));
    assert_eq!([executor.next(later), executor.next(later)], [Some(stop(2)), None]);
    executor.told_usage(later, told(10));
    assert_eq!(executor.next(later), None);
    executor.told_usage(later, told(2));
    assert_eq!(executor.next(later), Some(stop(3)), "what is ours is not others'");
}

#[test]
fn what_waits_for_the_budget_is_due_when_it_has_room_again() {
    // I36: due at once, and refused by the budget, it would be looked at without end.
    let mut executor = Executor::new(Budget { requests: 1, window: Span::from_secs(10) });
    executor.push(NOW, vec![stop(1), stop(2)]);
    assert_eq!(executor.next(NOW), Some(stop(1)));
    assert_eq!(executor.next(NOW), None);
    executor.hear(NOW, answer(1, Outcome::Accepted(backstop_model::VenueOrderId::new("7").unwrap())));
    let room = NOW.plus(Span::from_secs(10));
    assert_eq!(executor.next_wake(NOW), Some(room));
    assert_eq!(executor.next(room), Some(stop(2)));
}

#[test]
fn an_overloaded_venue_is_asked_again_for_a_cancel() {
    // F-A04: 200, 400, 800 ms, then the core hears of it.
    let mut executor = Executor::default();
    executor.push(NOW, vec![cancel(1)]);
    let mut now = NOW;
    let busy = || Outcome::Refused(Refusal::new(RefusalReason::Throttled, "busy"));
    for pause in [200, 400, 800] {
        assert_eq!(executor.next(now), Some(cancel(1)));
        assert_eq!(executor.hear(now, answered(1, Asked::Cancel, busy())), None);
        assert_eq!(executor.next(now), None);
        now = now.plus(Span::from_millis(pause));
    }
    assert_eq!(executor.next(now), Some(cancel(1)));
    let refused = answered(1, Asked::Cancel, busy());
    assert_eq!(executor.hear(now, refused.clone()), Some(refused));
}

#[test]
fn a_cancel_that_waits_already_is_not_queued_once_more() {
    // F-I01, I36: while nothing leaves, asking again and again must not pile up.
    let mut executor = Executor::default();
    executor.push(NOW, vec![cancel(1), cancel(2), cancel(1)]);
    assert_eq!([executor.next(NOW), executor.next(NOW), executor.next(NOW)], [Some(cancel(1)), Some(cancel(2)), None]);
}

#[test]
fn an_order_that_an_overloaded_venue_refuses_is_the_cores_to_pace() {
    // F-A05, I36.
    let mut executor = Executor::default();
    executor.push(NOW, vec![stop(1)]);
    assert!(executor.next(NOW).is_some());
    let refused = answer(1, Outcome::Refused(Refusal::new(RefusalReason::Throttled, "busy")));
    assert_eq!(executor.hear(NOW, refused.clone()), Some(refused));
    assert_eq!(executor.next_wake(NOW), None);
}

#[test]
fn silence_is_an_unknown_outcome_and_never_a_resend() {
    // F-A02, I8.
    let mut executor = Executor::default();
    executor.push(NOW, vec![stop(1)]);
    assert!(executor.next(NOW).is_some());
    let late = NOW.plus(REQUEST_TIMEOUT);
    assert_eq!(executor.next_wake(NOW), Some(late));
    assert_eq!(executor.overdue(late), vec![answer(1, Outcome::Unknown(UnknownCause::TimedOut))]);
    assert_eq!(executor.next(late), None);
    assert_eq!(executor.overdue(late), vec![]);
}

#[test]
fn until_everything_is_known_only_protection_leaves() {
    // R9: not starting would leave positions naked; starting blindly would sell too much.
    let mut executor = Executor::default();
    executor.protect_only(NOW, true);
    executor.push(NOW, vec![target(1), stop(2)]);
    assert_eq!(executor.next(NOW), Some(stop(2)));
    assert_eq!(executor.next(NOW), None);
    executor.protect_only(NOW, false);
    assert_eq!(executor.next(NOW), Some(target(1)));
}

#[test]
fn an_exit_at_market_waits_for_the_first_read_for_a_moment_and_holds_up_no_stop() {
    // I5, I28: a journal that has lost its end does not know which ids are used; a price that is through does not wait long.
    let exit = order(1, OrderKind::Market);
    let mut executor = Executor::default();
    executor.protect_only(NOW, true);
    executor.push(NOW, vec![exit, stop(2)]);
    assert_eq!(executor.next(NOW), Some(stop(2)));
    assert_eq!(executor.next(NOW), None);
    let read_or_not = NOW.plus(WAITS_FOR_READ);
    executor.protect_only(read_or_not, true);
    assert_eq!(executor.next(read_or_not), Some(exit));
}

#[test]
fn the_cancel_of_a_stop_waits_for_the_first_read_and_that_of_a_target_does_not() {
    // I7, F-M13: it may be all that protects what a journal that has lost its end does not know of.
    let gone = |leg| {
        let scope = Scope::named("toy", "main", "BTCUSDT", None);
        let named =
            Named { scope, side: PositionSide::Long, epoch: Epoch(1), tranche: TrancheId::FIRST, leg, revision: 1 };
        Command::Cancel { account: AccountId(0), instrument: InstrumentId(0), id: named.id(), deal: None }
    };
    let mut executor = Executor::default();
    executor.protect_only(NOW, true);
    executor.push(NOW, vec![gone(Leg::Stop), gone(Leg::Target(1))]);
    assert_eq!(executor.next(NOW), Some(gone(Leg::Target(1))));
    assert_eq!(executor.next(NOW), None);
    executor.protect_only(NOW, false);
    assert_eq!(executor.next(NOW), Some(gone(Leg::Stop)));
}

#[test]
fn the_moment_counts_from_the_start_and_not_from_the_exit() {
    let exit = order(1, OrderKind::Market);
    let mut executor = Executor::default();
    executor.protect_only(NOW, true);
    let later = NOW.plus(WAITS_FOR_READ);
    executor.push(later, vec![exit]);
    executor.protect_only(later, true);
    assert_eq!(executor.next(later), Some(exit));
}

fn amend(to: &str) -> Command {
    let id = ClientOrderId::new("order-1").unwrap();
    let (trigger, quantity) = (Trigger::new(to.parse().unwrap(), TriggerSource::Mark), "1".parse().unwrap());
    Command::Amend { account: AccountId(0), instrument: InstrumentId(0), id, deal: None, trigger, quantity }
}

#[test]
fn moves_of_one_order_that_are_answered_at_once_leave_four_times_a_second_at_most() {
    // I19, I36.
    let mut executor = Executor::default();
    let mut left = 0;
    for millis in 0..1_000 {
        let now = NOW.plus(Span::from_millis(millis));
        executor.push(now, vec![amend("90")]);
        let Some(Command::Amend { id, .. }) = executor.next(now) else { continue };
        left += 1;
        let outcome = Outcome::Accepted(VenueOrderId::new("7").unwrap());
        let (account, instrument, asked) = (AccountId(0), InstrumentId(0), Asked::Amend);
        executor.hear(now, Event::Answer(Answer { account, instrument, id, asked, outcome, sent_at: now }));
        assert_eq!(executor.next_wake(now), None, "nothing waits");
    }
    assert_eq!(left, 4);
    assert_eq!(executor.next_wake(NOW.plus(Span::from_millis(999))), Some(NOW.plus(Span::from_millis(1_000))));
}

#[test]
fn of_moves_of_one_stop_that_wait_only_the_newest_leaves() {
    // I3, F-A07: an older one behind it would put the stop back.
    let mut executor = Executor::default();
    executor.push(NOW, vec![amend("90"), stop(2), amend("91")]);
    assert_eq!([executor.next(NOW), executor.next(NOW), executor.next(NOW)], [Some(stop(2)), Some(amend("91")), None]);
}

#[test]
fn the_twenty_first_order_of_a_leg_waits_until_the_minute_is_over_and_holds_up_no_other_leg() {
    // I36.
    let of = |tranche: u8, revision: u16| {
        let (scope, side, epoch) = (Scope::named("toy", "main", "BTCUSDT", None), PositionSide::Long, Epoch(1));
        let named = Named { scope, side, epoch, tranche: TrancheId(tranche), leg: Leg::Stop, revision };
        let Command::Place(any) = stop(1) else { unreachable!() };
        Command::Place(NewOrder { id: named.id(), ..any })
    };
    let mut executor = Executor::default();
    executor.push(NOW, (1..=21).map(|revision| of(1, revision)).chain([of(2, 1)]).collect());
    let sent: Vec<Command> = std::iter::from_fn(|| executor.next(NOW)).collect();
    assert_eq!(sent.len(), 21);
    assert_eq!(sent.last(), Some(&of(2, 1)), "the other tranche's stop does not wait");
    let minute_over = NOW.plus(MINUTE);
    let silent = NOW.plus(REQUEST_TIMEOUT);
    assert_eq!(executor.overdue(silent).len(), 21, "nobody has answered");
    assert_eq!(executor.next_wake(silent), Some(minute_over));
    assert_eq!(executor.next(minute_over), Some(of(1, 21)));
}
