//! Levels and closings of deals: IG.

use super::*;
use backstop_model::OrderStatus;
use backstop_sim::habits::{ConfirmTold, OmittedLevel, PartialClose};
use backstop_sim::{Fault, Knob};

pub(super) fn ig() -> Desktop {
    let mut desk = at_venue_of(Profile::ig(), PositionMode::PerDeal);
    desk.open(PositionSide::Long, "1");
    desk
}

pub(super) fn levels(desk: &Desktop) -> (Option<Price>, Option<Price>) {
    let deal = desk.venue.exchange().ledger().deals().next_back().unwrap();
    (deal.levels.stop.map(|stop| stop.level), deal.levels.limit)
}

pub(super) fn amend(desk: &Desktop, name: &str, to: &str) -> Command {
    Command::Amend {
        account: ACCOUNT,
        instrument: MARKET,
        id: id(name),
        deal: desk.deal(),
        trigger: Trigger::new(price(to), TriggerSource::BidAsk),
        quantity: quantity("1"),
    }
}

fn cancel(desk: &Desktop, name: &str) -> Command {
    Command::Cancel { account: ACCOUNT, instrument: MARKET, id: id(name), deal: desk.deal() }
}

#[test]
fn every_change_repeats_the_other_level_even_when_two_are_asked_for_at_once() {
    for omitted in [OmittedLevel::Kept, OmittedLevel::Removed] {
        for told in [ConfirmTold::AfterUpdate, ConfirmTold::BeforeUpdate] {
            let mut profile = Profile::ig();
            let habits = profile.habits.deals.as_mut().unwrap();
            (habits.omitted_level, habits.confirm_told) = (omitted, told);
            let mut desk = at_venue_of(profile, PositionMode::PerDeal);
            desk.open(PositionSide::Long, "1");
            let (stop, limit) = (desk.order("stop", None, stop("98")), desk.order("limit", None, target("103")));
            desk.send(&stop);
            desk.send(&limit);
            let told = desk.wait(1_000);
            assert!(is_accepted(&told, "stop", Asked::Place) && is_accepted(&told, "limit", Asked::Place));
            assert_eq!(levels(&desk), (Some(price("98")), Some(price("103"))));
            assert!(is_accepted(&desk.ask(&amend(&desk, "stop", "99")), "stop", Asked::Amend));
            assert_eq!(levels(&desk), (Some(price("99")), Some(price("103"))));
            let told = desk.ask(&cancel(&desk, "limit"));
            if omitted == OmittedLevel::Kept {
                // Such a venue cannot take a level away: nobody is told that it is gone.
                assert_eq!(refused(&told, "limit", Asked::Cancel), Some(RefusalReason::Unsupported));
                continue;
            }
            assert!(reports(&told).iter().any(|of| of.id == Some(id("limit")) && of.status == OrderStatus::Canceled));
            assert_eq!(levels(&desk), (Some(price("99")), None));
        }
    }
}

#[test]
fn levels_are_told_as_orders_of_the_deal_and_executions_belong_to_the_one_that_was_struck() {
    for (to, struck, other) in [("97", "stop", "limit"), ("104", "limit", "stop")] {
        let mut desk = ig();
        desk.ask(&desk.order("stop", None, stop("98")));
        desk.ask(&desk.order("limit", None, target("103")));
        let read = desk.snapshot();
        let named: Vec<_> = read.orders.iter().map(|order| (order.id.unwrap(), order.deal, order.quantity)).collect();
        assert_eq!(named, [(id("stop"), desk.deal(), None), (id("limit"), desk.deal(), None)]);
        assert_eq!(read.positions[0].key.deal, desk.deal());
        let deal = desk.deal();
        let told = desk.go(to);
        let made = fills(&told);
        assert_eq!((made.len(), made[0].order, made[0].deal), (1, Some(id(struck)), deal));
        assert_eq!(made[0].position_side, Some(PositionSide::Long));
        let last = |name: &str| {
            let of = reports(&told).into_iter().rev().find(|of| of.id == Some(id(name)));
            of.map(|of| of.status.clone())
        };
        assert_eq!((last(struck), last(other)), (Some(OrderStatus::Filled), Some(OrderStatus::Expired)));
    }
}

#[test]
fn a_deal_keeps_its_name_when_a_part_is_closed_whatever_the_venue_calls_it_then() {
    for habit in [PartialClose::KeepsId, PartialClose::NewId] {
        let mut profile = Profile::ig();
        profile.habits.deals.as_mut().unwrap().partial_close = habit;
        let mut desk = at_venue_of(profile, PositionMode::PerDeal);
        desk.open(PositionSide::Long, "1");
        desk.ask(&desk.order("stop", None, stop("98")));
        let deal = desk.deal();
        let told = desk.ask(&desk.order("part", Some("0.4"), OrderKind::Market));
        assert!(is_accepted(&told, "part", Asked::Place));
        assert_eq!((fills(&told)[0].order, fills(&told)[0].deal), (Some(id("part")), deal));
        assert_eq!(desk.deal(), deal);
        assert!(is_accepted(&desk.ask(&amend(&desk, "stop", "99")), "stop", Asked::Amend));
        let told = desk.ask(&desk.order("rest", Some("0.6"), OrderKind::Market));
        assert_eq!((fills(&told)[0].order, fills(&told)[0].quantity), (Some(id("rest")), quantity("0.6")));
    }
}

#[test]
fn a_closing_whose_answer_is_lost_is_resolved_by_what_is_left_of_the_deal() {
    let mut desk = ig();
    desk.venue.exchange_mut().faults_mut().set(Fault::DropResponse, Knob::times(1));
    let told = desk.ask(&desk.order("close", Some("0.4"), OrderKind::Market));
    assert!(matches!(outcome_of(&told, "close", Asked::Place), None | Some(Outcome::Unknown(_))));
    // The update still leads to the execution, and to whose it was.
    assert!(fills(&told).iter().any(|fill| fill.order == Some(id("close"))), "{told:?}");
    let told = desk.ask(&desk.lookup("close"));
    let answer = told.iter().find_map(|event| if let Event::Lookup(answer) = event { Some(answer) } else { None });
    assert_eq!(answer.unwrap().found.as_ref().unwrap().status, OrderStatus::Filled);
    // One that never arrived has left the deal as it was.
    desk.venue.exchange_mut().faults_mut().set(Fault::DropRequest, Knob::times(1));
    desk.ask(&desk.order("lost", Some("0.6"), OrderKind::Market));
    desk.wait(10_000);
    let told = desk.ask(&desk.lookup("lost"));
    let answer = told.iter().find_map(|event| if let Event::Lookup(answer) = event { Some(answer) } else { None });
    assert_eq!((&answer.unwrap().found, answer.unwrap().fills.len()), (&None, 0));
}

#[test]
fn a_verdict_that_the_stream_does_not_bring_is_asked_for() {
    let mut desk = ig();
    desk.venue.exchange_mut().faults_mut().set(Fault::EventDrop, Knob::per_million(1_000_000));
    let order = desk.order("stop", None, stop("98"));
    desk.send(&order);
    assert!(outcome_of(&desk.wait(900), "stop", Asked::Place).is_none());
    assert!(is_accepted(&desk.wait(3_000), "stop", Asked::Place));
}

#[test]
fn a_level_whose_change_is_unknown_shows_by_where_it_stands() {
    let mut desk = ig();
    desk.venue.exchange_mut().faults_mut().set(Fault::DropResponse, Knob::times(1));
    let order = desk.order("stop", None, stop("98"));
    desk.send(&order);
    let told = desk.wait(1_000);
    assert!(reports(&told).iter().any(|of| of.id == Some(id("stop")) && of.status == OrderStatus::Working), "{told:?}");
    let told = desk.ask(&desk.lookup("stop"));
    let answer = told.iter().find_map(|event| if let Event::Lookup(answer) = event { Some(answer) } else { None });
    assert_eq!(answer.unwrap().found.as_ref().unwrap().trigger.unwrap().price, price("98"));
}

#[test]
fn an_immediate_limit_that_the_price_does_not_reach_expires_and_one_that_it_does_fills() {
    let mut desk = ig();
    let ioc = |at: &str| limit(price(at), TimeInForce::ImmediateOrCancel);
    let told = desk.ask(&desk.order("far", Some("0.5"), ioc("101")));
    assert!(is_accepted(&told, "far", Asked::Place) && fills(&told).is_empty());
    assert!(reports(&told).iter().any(|of| of.id == Some(id("far")) && of.status == OrderStatus::Expired));
    let told = desk.ask(&desk.order("near", Some("0.5"), ioc("99.5")));
    assert_eq!((fills(&told)[0].order, fills(&told)[0].price), (Some(id("near")), price("100")));
}

#[test]
fn a_level_that_is_passed_would_trigger_and_one_that_is_too_near_is_refused_otherwise() {
    let mut desk = ig();
    let told = desk.ask(&desk.order("passed", None, stop("101")));
    assert_eq!(refused(&told, "passed", Asked::Place), Some(RefusalReason::WouldTrigger));
    let mut rules = desk.venue.exchange().rules("BTCUSDT").unwrap().clone();
    let mut dealing = backstop_sim::Dealing::in_whole_points("1".parse().unwrap());
    dealing.min_distance = backstop_sim::Distance::InPoints("2".parse().unwrap());
    dealing.max_distance = backstop_sim::Distance::OfPrice("0.3".parse().unwrap());
    rules.dealing = Some(dealing);
    desk.venue.exchange_mut().change_rules("BTCUSDT", rules).unwrap();
    let told = desk.ask(&desk.order("near", None, stop("99")));
    assert_eq!(refused(&told, "near", Asked::Place), Some(RefusalReason::TooNear));
    let told = desk.ask(&desk.order("farther", None, stop("69")));
    assert_eq!(refused(&told, "farther", Asked::Place), Some(RefusalReason::TooFar), "one word of the venue for both");
    assert!(is_accepted(&desk.ask(&desk.order("far", None, stop("98"))), "far", Asked::Place));
    // A refused one leaves no name behind.
    assert_eq!(desk.snapshot().orders[0].id, Some(id("far")));
}

#[test]
fn an_entry_opens_a_deal_under_its_own_id_now_or_not_at_all() {
    let mut desk = at_venue_of(Profile::ig(), PositionMode::PerDeal);
    let told = desk.ask(&desk.entry("entry", "1", OrderKind::Market));
    assert!(is_accepted(&told, "entry", Asked::Place), "{told:?}");
    let made = fills(&told)[0];
    assert_eq!((made.order, made.deal, made.position_side), (Some(id("entry")), desk.deal(), Some(PositionSide::Long)));
    assert!(reports(&told).iter().any(|of| of.id == Some(id("entry")) && of.status == OrderStatus::Filled));
    let told = desk.ask(&desk.entry("far", "1", target("99")));
    assert_eq!(refused(&told, "far", Asked::Place), Some(RefusalReason::Other));
    let told = desk.ask(&Command::Lookup { account: ACCOUNT, instrument: MARKET, id: id("entry"), deal: None });
    let answer = told.iter().find_map(|event| if let Event::Lookup(answer) = event { Some(answer) } else { None });
    assert_eq!((answer.unwrap().fills.len(), answer.unwrap().found.as_ref().unwrap().filled), (1, quantity("1")));
    // One that never arrived is answered as well: it is not there.
    let told = desk.ask(&Command::Lookup { account: ACCOUNT, instrument: MARKET, id: id("lost"), deal: None });
    let answer = told.iter().find_map(|event| if let Event::Lookup(answer) = event { Some(answer) } else { None });
    assert_eq!((answer.unwrap().fills.len(), &answer.unwrap().found), (0, &None));
}

#[test]
fn a_closing_by_hand_is_nobodys_of_ours() {
    let mut desk = ig();
    desk.ask(&desk.order("stop", None, stop("98")));
    let told = desk.by_hand(HandAction::Close { symbol: "BTCUSDT".to_owned(), side: PositionSide::Long });
    assert!(fills(&told)[0].order.is_some_and(|of| of.as_str().starts_with("web-")));
    let expired = |of: &&&OrderReport| of.id == Some(id("stop")) && of.status == OrderStatus::Expired;
    assert_eq!(reports(&told).iter().filter(expired).count(), 1);
    let told = desk.ask(&desk.order("late", Some("1"), OrderKind::Market));
    assert!(fills(&told).is_empty());
}

#[test]
fn whose_a_level_is_outlives_a_restart_with_the_ledger_and_is_a_strangers_without() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paper.venue");
    let file = LedgerFile::at(&path);
    let mut desk = around(exchange_of(Profile::ig(), PositionMode::PerDeal), Some(file), PositionMode::PerDeal);
    desk.open(PositionSide::Long, "1");
    desk.ask(&desk.order("stop", None, stop("98")));
    drop(desk);
    let file = LedgerFile::at(&path);
    let (exchange, _) = file.read().unwrap().unwrap();
    let mut again = around(exchange.clone(), Some(file), PositionMode::PerDeal);
    assert_eq!(again.snapshot().orders[0].id, Some(id("stop")));
    let mut without = around(exchange, None, PositionMode::PerDeal);
    let stranger = without.snapshot().orders.remove(0);
    assert_eq!((stranger.id, stranger.trigger.map(|trigger| trigger.price)), (None, Some(price("98"))));
}

fn guaranteed(at: &str) -> OrderKind {
    OrderKind::StopMarket(Trigger { guaranteed: true, ..Trigger::new(price(at), TriggerSource::BidAsk) })
}

/// IG with an open deal, guaranteed stops from five points away for half a point.
fn selling_guarantees() -> Desktop {
    let mut desk = ig();
    let mut rules = desk.venue.exchange().rules("BTCUSDT").unwrap().clone();
    let mut dealing = backstop_sim::Dealing::in_whole_points("1".parse().unwrap());
    dealing.min_guaranteed_distance = backstop_sim::Distance::InPoints("5".parse().unwrap());
    dealing.guaranteed = backstop_sim::GuaranteedStops::Available { premium: "0.5".parse().unwrap() };
    rules.dealing = Some(dealing);
    desk.venue.exchange_mut().change_rules("BTCUSDT", rules).unwrap();
    desk
}

#[test]
fn a_guaranteed_stop_is_said_with_every_change_and_its_premium_is_told() {
    let mut desk = selling_guarantees();
    let told = desk.ask(&desk.order("near", None, guaranteed("96")));
    assert_eq!(refused(&told, "near", Asked::Place), Some(RefusalReason::TooNear));
    assert!(is_accepted(&desk.ask(&desk.order("stop", None, guaranteed("94"))), "stop", Asked::Place));
    let stop = |desk: &mut Desktop| desk.snapshot().orders.iter().find_map(|order| order.trigger).unwrap();
    assert_eq!((stop(&mut desk).price, stop(&mut desk).guaranteed), (price("94"), true));
    let premium = |desk: &mut Desktop| desk.snapshot().positions[0].premium.unwrap().to_string();
    assert_eq!(premium(&mut desk), "0.5", "half a point on one contract");
    // Setting and taking away the target says the stop as it is.
    desk.ask(&desk.order("target", None, target("110")));
    assert!(stop(&mut desk).guaranteed);
    desk.ask(&cancel(&desk, "target"));
    assert!(stop(&mut desk).guaranteed);
    assert_eq!(premium(&mut desk), "0.5", "it is paid once");
}

#[test]
fn a_stop_that_cannot_become_a_guaranteed_one_is_refused_as_unsupported_and_stays() {
    let mut desk = selling_guarantees();
    let mut profile = Profile::ig();
    profile.habits.deals.as_mut().unwrap().stop_change = backstop_sim::habits::StopChange::Refused;
    let mut never = at_venue_of(profile, PositionMode::PerDeal);
    never.open(PositionSide::Long, "1");
    let rules = desk.venue.exchange().rules("BTCUSDT").unwrap().clone();
    never.venue.exchange_mut().change_rules("BTCUSDT", rules).unwrap();
    never.ask(&never.order("stop", None, stop("98")));
    let told = never.ask(&never.order("better", None, guaranteed("94")));
    assert_eq!(refused(&told, "better", Asked::Place), Some(RefusalReason::Unsupported));
    let standing = never.snapshot().orders[0].trigger.unwrap();
    assert_eq!((standing.price, standing.guaranteed), (price("98"), false));
    assert!(desk.snapshot().orders.is_empty());
}

/// Seen in the crash matrix (ig/place-stop/k7/late): a stop of which nobody knew had arrived, a second one asked for the
/// same level, and cancelling the second took away what the first was believed to be.
#[test]
fn a_level_that_two_orders_asked_for_goes_with_the_last_of_them() {
    for (first, last) in [("one", "two"), ("two", "one")] {
        let mut desk = ig();
        desk.ask(&desk.order("one", None, stop("98")));
        assert!(is_accepted(&desk.ask(&desk.order("two", None, stop("98"))), "two", Asked::Place));
        let told = desk.ask(&cancel(&desk, first));
        assert!(is_accepted(&told, first, Asked::Cancel));
        assert!(reports(&told).iter().any(|of| of.id == Some(id(first)) && of.status == OrderStatus::Canceled));
        assert_eq!(levels(&desk).0, Some(price("98")), "{last} has it still");
        assert_eq!(desk.snapshot().orders[0].id, Some(id(last)));
        desk.ask(&cancel(&desk, last));
        assert_eq!(levels(&desk).0, None);
    }
}

/// I9: the first request was lost on its way, the second one set the level, and removing it brought the first one back to life.
#[test]
fn a_level_whose_first_order_never_heard_of_it_goes_with_the_second() {
    let mut desk = ig();
    desk.venue.exchange_mut().faults_mut().set(Fault::DropRequest, Knob::times(1));
    desk.ask(&desk.order("one", None, stop("98")));
    assert!(is_accepted(&desk.ask(&desk.order("two", None, stop("98"))), "two", Asked::Place));
    let told = desk.ask(&cancel(&desk, "two"));
    assert!(is_accepted(&told, "two", Asked::Cancel));
    assert_eq!(levels(&desk).0, None);
}

/// I9: the same with a level that the first order had, and that somebody has taken away since.
#[test]
fn a_level_that_was_taken_away_and_set_again_is_the_second_orders_alone() {
    let mut desk = ig();
    assert!(is_accepted(&desk.ask(&desk.order("one", None, target("103"))), "one", Asked::Place));
    let deal = desk.venue.exchange().ledger().deals().next_back().unwrap().id;
    desk.by_hand(HandAction::MoveLevels(backstop_sim::SetLevels { deal, stop: None, limit: None }));
    assert!(is_accepted(&desk.ask(&desk.order("two", None, target("103"))), "two", Asked::Place));
    desk.ask(&cancel(&desk, "two"));
    assert_eq!(levels(&desk).1, None);
}

/// I3: an answer names no price, so that the answer to an older move would be taken for the newer one's.
#[test]
fn of_moves_of_one_stop_only_the_newest_is_answered() {
    let mut desk = ig();
    assert!(is_accepted(&desk.ask(&desk.order("stop", None, stop("95"))), "stop", Asked::Place));
    for to in ["96", "97", "98"] {
        let moved = amend(&desk, "stop", to);
        desk.send(&moved);
    }
    let told = desk.wait(2_000);
    let answers = told.iter().filter(|event| matches!(event, Event::Answer(answer) if answer.asked == Asked::Amend));
    assert_eq!(answers.count(), 1);
    assert_eq!(levels(&desk).0, Some(price("98")));
}
