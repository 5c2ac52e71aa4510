//! IG's profile: deals as positions, "received" and the confirm, closing, and the venue's own words of refusal.

use crate::dealer::{at_level, closing, ig, ig_with, opening};
use crate::desk::{Desk, ME, SYMBOL, limit, price, quantity, wish};
use backstop_model::{OrderSide, PositionMode, PositionSide, Span};
use backstop_sim::habits::{ConfirmTold, PartialClose, RepeatedReference};
use backstop_sim::{
    Answer, Ask, Body, Cause, CloseDeal, CloseTarget, ConfirmStatus, DealAsk, DealOrder, DealStatus, Fault, Fulfilment,
    HandAction, Knob, OpenDeal, Profile, Reason, Reply, Scope, Session, Slot, StreamEvent, Verdict,
};

fn epic(side: OrderSide, amount: &str) -> CloseDeal {
    CloseDeal { target: CloseTarget::Epic(SYMBOL.into()), ..closing(0, side, amount) }
}

/// venues/ig.md §0 fact 3.
#[test]
fn a_request_is_only_received_and_its_verdict_falls_later() {
    let mut desk = ig();
    let reference = desk.receive(DealAsk::Open(opening("mine-1", OrderSide::Buy, "1"))).unwrap();
    assert_eq!((reference.as_str(), desk.deals().len(), desk.confirms().len()), ("mine-1", 0, 0));
    desk.wait(20);
    assert_eq!(desk.deals(), ["1 long 1"]);
    let confirm = desk.confirms().pop().unwrap();
    assert_eq!((confirm.reference.as_str(), confirm.symbol.as_deref()), ("mine-1", Some(SYMBOL)));
}

/// venues/ig.md §4.5: not at once, and not for ever.
#[test]
fn a_verdict_can_be_asked_for_after_a_while_and_for_a_while() {
    let mut desk = ig();
    desk.receive(DealAsk::Open(opening("mine-1", OrderSide::Buy, "1"))).unwrap();
    let mut found_at = |millis| {
        desk.now = millis;
        let answer = desk.ask(Ask::Deal(DealAsk::Confirm { reference: "mine-1".into() }));
        match answer {
            Reply::Result(Answer::Confirm(confirm)) => Ok(confirm.reference),
            Reply::Refused(refused) => Err((refused.code, refused.text)),
            other => panic!("{other:?}"),
        }
    };
    let not_found = Err((404, "error.confirms.deal-not-found".to_owned()));
    assert_eq!(found_at(10), not_found);
    assert_eq!(found_at(400), not_found);
    assert_eq!(found_at(600), Ok("mine-1".to_owned()));
    assert_eq!(found_at(60_000), Ok("mine-1".to_owned()));
    assert_eq!(found_at(60_100), not_found);
}

/// venues/ig.md §4.5: each reference has its own verdict, whatever was dealt since.
#[test]
fn a_later_verdict_does_not_hide_an_earlier_one() {
    let mut desk = ig();
    desk.opened(opening("first", OrderSide::Buy, "1"));
    desk.opened(opening("second", OrderSide::Sell, "1"));
    desk.wait(1_000);
    for (reference, deal) in [("first", 1), ("second", 2)] {
        let answer = desk.ask(Ask::Deal(DealAsk::Confirm { reference: reference.into() }));
        let Reply::Result(Answer::Confirm(confirm)) = answer else { panic!("{reference}: {answer:?}") };
        let Verdict::Accepted(accepted) = confirm.verdict else { panic!("{reference} was rejected") };
        assert_eq!((accepted.deal, accepted.status), (deal, ConfirmStatus::Open));
    }
}

/// venues/ig.md §7.1, §11: the capture received the confirm first, and the update carries the earlier time; so both.
#[test]
fn the_confirm_is_told_before_the_update_or_after_it() {
    for (habit, expected) in [(ConfirmTold::AfterUpdate, "UC"), (ConfirmTold::BeforeUpdate, "CU")] {
        let mut desk = ig_with(|habits| habits.confirm_told = habit);
        let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
        desk.set_levels(deal, Some(crate::dealer::normal("95")), None).unwrap();
        desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "1"))).unwrap();
        let letters = desk.told.iter().filter_map(|told| match &told.body {
            Body::Stream(StreamEvent::Confirm(_)) => Some('C'),
            Body::Stream(StreamEvent::DealUpdate(_)) => Some('U'),
            Body::Stream(_) | Body::Response { .. } => None,
        });
        assert_eq!(letters.collect::<String>(), expected.repeat(3), "{habit:?}");
    }
}

/// venues/ig.md §4.2 (`forceOpen`): many deals of a market, both ways, each a position of its own.
#[test]
fn each_deal_is_a_position_of_its_own() {
    let mut desk = ig();
    for (reference, side, amount) in
        [("a", OrderSide::Buy, "1"), ("b", OrderSide::Buy, "2"), ("c", OrderSide::Sell, "0.5")]
    {
        desk.opened(opening(reference, side, amount));
    }
    assert_eq!(desk.deals(), ["1 long 1", "2 long 2", "3 short 0.5"]);
    let Reply::Result(Answer::Snapshot(seen)) = desk.ask(Ask::Snapshot) else { panic!("no snapshot") };
    let references: Vec<String> =
        seen.positions.iter().map(|one| one.deal.as_ref().unwrap().reference.clone()).collect();
    assert_eq!((references.join(" "), seen.orders.len()), ("a b c".to_owned(), 0));
    assert_eq!(seen.positions[2].slot, Slot::Deal(3));
}

/// venues/ig.md §4.2: without `forceOpen` an order closes what is open the other way, and opens the rest.
#[test]
fn an_order_that_is_not_forced_open_closes_the_other_side_first() {
    let mut desk = ig();
    desk.opened(opening("a", OrderSide::Buy, "1"));
    desk.opened(opening("b", OrderSide::Buy, "1"));
    let netting = |reference, amount| OpenDeal { force_open: false, ..opening(reference, OrderSide::Sell, amount) };
    let accepted = desk.deal(DealAsk::Open(netting("c", "1"))).unwrap();
    assert_eq!((accepted.status, accepted.deal, desk.deals()), (ConfirmStatus::Closed, 1, vec!["2 long 1".to_owned()]));
    let accepted = desk.deal(DealAsk::Open(netting("d", "1.5"))).unwrap();
    let affected: Vec<_> = accepted.affected.iter().map(|one| (one.deal, one.status)).collect();
    assert_eq!(affected, [(2, ConfirmStatus::Closed), (5, ConfirmStatus::Open)]);
    assert_eq!((accepted.status, desk.deals()), (ConfirmStatus::Open, vec!["5 short 0.5".to_owned()]));
}

/// venues/ig.md §0 fact 4, §4.4.
#[test]
fn a_closing_names_the_deal_and_its_confirm_repeats_it_under_a_new_reference() {
    let mut desk = ig();
    let deal = desk.opened(opening("mine-1", OrderSide::Buy, "1"));
    desk.quote("101.5");
    let accepted = desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "1"))).unwrap();
    assert_eq!((accepted.deal, accepted.status, accepted.level), (deal, ConfirmStatus::Closed, Some(price("101.5"))));
    let confirm = desk.confirms().pop().unwrap();
    assert!(confirm.reference.starts_with("VENUE"), "a closing has no reference of the client's");
    // 1.5 points at 25 (§6).
    assert_eq!(accepted.profit, Some("37.5".parse().unwrap()));
    assert_eq!(desk.venue.ledger().account(ME).unwrap().balance, "100037.5".parse().unwrap());
    assert_eq!(desk.last_update(), (DealStatus::Deleted, Some(price("101.5")), "0".to_owned()));
}

/// venues/ig.md §4.4: a second full close by id is harmless, and no close is more than its deal.
#[test]
fn a_closing_never_does_more_than_close_its_deal() {
    let mut desk = ig();
    let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
    desk.opened(opening("b", OrderSide::Sell, "1"));
    for (close, expected) in [
        (closing(deal, OrderSide::Buy, "1"), Reason::PositionNotAvailableToClose),
        (closing(deal, OrderSide::Sell, "1.001"), Reason::PositionNotAvailableToClose),
        (closing(77, OrderSide::Sell, "1"), Reason::PositionNotFound),
        (epic(OrderSide::Sell, "1.001"), Reason::PositionNotAvailableToClose),
    ] {
        assert_eq!(desk.deal(DealAsk::Close(close.clone())), Err(expected), "{close:?}");
    }
    desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "1"))).unwrap();
    assert_eq!(desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "1"))), Err(Reason::PositionNotFound));
    assert_eq!(desk.deals(), ["2 short 1"]);
}

/// venues/ig.md §0 fact 6, §4.4: LIMIT means now at this level or better; STOP is refused at the door.
#[test]
fn a_closing_cannot_rest() {
    let mut desk = ig();
    let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
    let with = |order| DealAsk::Close(CloseDeal { order, ..closing(deal, OrderSide::Sell, "1") });
    assert_eq!(desk.receive(with(DealOrder::Stop(price("95")))), Err("400 invalid.request.orderType".to_owned()));
    assert_eq!(desk.deal(with(DealOrder::Limit(price("100.5")))), Err(Reason::LimitOrderWrongSide));
    desk.quote("103");
    assert_eq!(desk.deals().len(), 1, "the limit that was refused does not lie in wait");
    let accepted = desk.deal(with(DealOrder::Limit(price("102")))).unwrap();
    assert_eq!(accepted.level, Some(price("103")), "executed at the better price");
}

/// venues/ig.md §7.1: reported both ways, so both.
#[test]
fn a_deal_closed_in_part_goes_on_under_its_id_or_a_new_one() {
    for (habit, id) in [(PartialClose::KeepsId, 1), (PartialClose::NewId, 3)] {
        let mut desk = ig_with(|habits| habits.partial_close = habit);
        let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
        let accepted = desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "0.4"))).unwrap();
        assert_eq!((accepted.status, accepted.deal), (ConfirmStatus::PartiallyClosed, deal));
        assert_eq!(desk.deals(), [format!("{id} long 0.6")], "{habit:?}");
        let update = desk.updates().pop().unwrap();
        assert_eq!((update.status, update.deal.id, update.deal.origin), (DealStatus::Updated, id, deal));
        let old = desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "0.1")));
        assert_eq!(old.is_ok(), id == deal);
        let held = desk.venue.ledger().holding(ME, SYMBOL, Slot::Deal(deal)).quantity;
        assert_eq!(held, quantity(if id == deal { "0.5" } else { "0.6" }));
    }
}

/// venues/ig.md §4.4: one reference and one confirm for several deals.
#[test]
fn closing_by_market_closes_the_oldest_deals_under_one_confirm() {
    let mut desk = ig_with(|habits| habits.partial_close = PartialClose::KeepsId);
    for reference in ["a", "b", "c"] {
        desk.opened(opening(reference, OrderSide::Buy, "1"));
    }
    let accepted = desk.deal(DealAsk::Close(epic(OrderSide::Sell, "1.5"))).unwrap();
    let affected: Vec<_> = accepted.affected.iter().map(|one| (one.deal, one.status)).collect();
    assert_eq!(affected, [(1, ConfirmStatus::Closed), (2, ConfirmStatus::PartiallyClosed)]);
    assert_eq!((accepted.quantity, desk.deals()), (quantity("1.5"), vec!["2 long 0.5".into(), "3 long 1".to_owned()]));
}

/// venues/ig.md §4.2: unverified, so both; F-A10.
#[test]
fn a_repeated_reference_is_rejected_or_opens_a_second_deal() {
    for (habit, second, open) in
        [(RepeatedReference::Refused, Some(Reason::DuplicateOrder), 1), (RepeatedReference::Dealt, None, 2)]
    {
        let mut desk = ig_with(|habits| habits.repeated_reference = habit);
        desk.opened(opening("same", OrderSide::Buy, "1"));
        assert_eq!(desk.deal(DealAsk::Open(opening("same", OrderSide::Buy, "1"))).err(), second);
        assert_eq!(desk.deals().len(), open, "{habit:?}");
    }
}

/// venues/ig.md §4.2: what is malformed is refused before anything is received.
#[test]
fn a_malformed_request_gets_an_http_status_and_an_error_code() {
    let mut desk = ig();
    let open = |change: &dyn Fn(&mut OpenDeal)| {
        let mut open = opening("a", OrderSide::Buy, "1");
        change(&mut open);
        DealAsk::Open(open)
    };
    let levels_without_force = open(&|open| {
        open.force_open = false;
        open.stop = Some(at_level("95"));
    });
    for (ask, expected) in [
        (levels_without_force, "400 validation.target-value-conditional-set-value.request"),
        (open(&|open| open.reference = Some("no blanks".into())), "400 invalid.request.dealReference"),
        (open(&|open| open.reference = Some("x".repeat(31))), "400 invalid.request.dealReference"),
        (open(&|open| open.symbol = "NOPE".into()), "404 error.trading.otc.instrument-not-found"),
        (open(&|open| open.order = DealOrder::Stop(price("110"))), "400 invalid.request.orderType"),
    ] {
        assert_eq!(desk.receive(ask.clone()), Err(expected.to_owned()), "{ask:?}");
    }
    desk.wait(100);
    assert_eq!((desk.confirms().len(), desk.deals().len()), (0, 0));
}

/// There are no orders of the other venues at IG, and no deals at theirs.
#[test]
fn the_words_of_other_venues_are_not_understood() {
    let mut desk = ig();
    let order = desk.place_ask(wish("a", OrderSide::Buy, "1", limit("90"), false));
    assert_eq!(crate::desk::order_or_code(desk.ask(order)).map(|_| ()), Err(404));
    let mut elsewhere = desk_of_binance();
    let refused = elsewhere.receive(DealAsk::Open(opening("a", OrderSide::Buy, "1")));
    assert!(refused.unwrap_err().starts_with("-1020"));
}

fn desk_of_binance() -> Desk {
    crate::desk::desk_of(Profile::binance(), PositionMode::OneWay)
}

/// venues/ig.md §11: a confirm that rejects, with any reason.
#[test]
fn a_verdict_can_be_rejected_by_chance() {
    let mut desk = ig();
    desk.venue.faults_mut().set(Fault::DealReject, Knob::times(1));
    desk.venue.faults_mut().incidents.reason = Reason::MarketOffline;
    assert_eq!(desk.deal(DealAsk::Open(opening("a", OrderSide::Buy, "1"))), Err(Reason::MarketOffline));
    assert_eq!((desk.deals().len(), desk.venue.faults().struck(Fault::DealReject)), (0, 1));
    desk.opened(opening("b", OrderSide::Buy, "1"));
}

/// venues/ig.md §0 fact 3, §11 ("response lost after execution"); F-A02.
#[test]
fn a_deal_whose_answer_was_lost_is_found_by_its_confirm() {
    let mut desk = ig();
    desk.venue.faults_mut().set(Fault::DropResponse, Knob::times(1));
    desk.send(Ask::Deal(DealAsk::Open(opening("mine-1", OrderSide::Buy, "1"))));
    desk.wait(2_000);
    assert_eq!(desk.confirms().pop().map(|confirm| confirm.reference), Some("mine-1".to_owned()));
    assert_eq!(desk.deals(), ["1 long 1"]);
}

/// venues/ig.md §4.2 (`timeInForce`); F-B09.
#[test]
fn a_thin_book_fills_all_or_nothing_or_what_there_is() {
    let mut desk = ig();
    desk.venue.faults_mut().set(Fault::MarketRest, Knob::times(2));
    assert_eq!(desk.deal(DealAsk::Open(opening("a", OrderSide::Buy, "1"))), Err(Reason::OrderSizeCannotBeFilled));
    assert_eq!(desk.deals().len(), 0);
    let some = OpenDeal { fulfilment: Fulfilment::ExecuteAndEliminate, ..opening("b", OrderSide::Buy, "1") };
    let accepted = desk.deal(DealAsk::Open(some)).unwrap();
    assert!(accepted.quantity < quantity("1") && !accepted.quantity.is_zero(), "{}", accepted.quantity);
    assert_eq!(desk.venue.ledger().holding(ME, SYMBOL, Slot::Deal(accepted.deal)).quantity, accepted.quantity);
}

/// venues/ig.md §10.2; F-L.
#[test]
fn a_market_that_is_shut_or_closing_only_says_so() {
    let mut desk = ig();
    let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
    for (session, opens, closes) in [
        (Session::Closed, Reason::MarketClosed, Some(Reason::MarketClosed)),
        (Session::EditsOnly, Reason::MarketClosedWithEdits, Some(Reason::MarketClosedWithEdits)),
        (Session::ClosingsOnly, Reason::ClosingOnlyTradesAccepted, None),
    ] {
        let now = desk.clock();
        desk.venue.set_session(now, SYMBOL, session).unwrap();
        assert_eq!(desk.deal(DealAsk::Open(opening("b", OrderSide::Buy, "1"))), Err(opens), "{session:?}");
        assert_eq!(desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "1"))).err(), closes, "{session:?}");
    }
}

/// F-F01, F-F02, F-F03, F-F07: a deal is gone, or smaller, and nothing says why.
#[test]
fn the_venue_can_take_deals_away() {
    let mut desk = ig_with(|habits| habits.partial_close = PartialClose::KeepsId);
    for reference in ["a", "b"] {
        desk.opened(opening(reference, OrderSide::Buy, "1"));
    }
    let now = desk.clock();
    assert_eq!(desk.venue.adl(now, ME, SYMBOL, Slot::Deal(1), quantity("0.4")), quantity("0.4"));
    desk.venue.liquidate(now, ME, SYMBOL, Slot::Deal(1));
    desk.venue.settle(now, SYMBOL, price("97")).unwrap();
    desk.wait(10);
    let told: Vec<_> = desk.updates().into_iter().skip(2).map(|told| (told.deal.id, told.status, told.level)).collect();
    assert_eq!(
        told,
        [
            (1, DealStatus::Updated, Some(price("100"))),
            (1, DealStatus::Deleted, Some(price("100"))),
            (2, DealStatus::Deleted, Some(price("97"))),
        ]
    );
    let causes: Vec<_> = desk.venue.ledger().fills().iter().filter_map(|fill| fill.cause).collect();
    assert_eq!(causes, [Cause::Adl, Cause::Liquidation, Cause::Settlement]);
    assert_eq!((desk.deals().len(), desk.confirms().len()), (0, 2));
}

/// F-D01 … F-D04.
#[test]
fn people_open_reduce_flip_and_close_deals_at_the_screen() {
    let mut desk = ig_with(|habits| habits.partial_close = PartialClose::KeepsId);
    let (symbol, side) = (SYMBOL.to_owned(), PositionSide::Long);
    let mut hand = |action| {
        let now = desk.clock();
        let done = desk.venue.by_hand(now, ME, action).map_err(|refused| refused.text);
        (done, desk.deals())
    };
    let open = HandAction::Open { symbol: symbol.clone(), side, quantity: quantity("1") };
    assert_eq!(hand(open.clone()), (Ok(()), vec!["1 long 1".to_owned()]));
    hand(open).0.unwrap();
    let reduce = HandAction::Reduce { symbol: symbol.clone(), side, quantity: quantity("1.5") };
    assert_eq!(hand(reduce), (Ok(()), vec!["2 long 0.5".to_owned()]));
    assert_eq!(hand(HandAction::Flip { symbol: symbol.clone(), side }).1, ["6 short 0.5"]);
    let close = HandAction::Close { symbol, side: PositionSide::Short };
    assert_eq!(hand(close.clone()), (Ok(()), Vec::new()));
    assert!(hand(close).0.is_err());
    desk.wait(10);
    assert_eq!((desk.confirms().len(), desk.updates().len()), (0, 7), "a screen confirms nothing to the interface");
}

/// F-A08: a stale read shows a deal as it was.
#[test]
fn a_stale_read_shows_the_levels_of_before() {
    let mut desk = ig();
    let deal = desk.long_between("95", "110");
    desk.wait(1_000);
    desk.set_levels(deal, Some(crate::dealer::normal("97")), Some("110")).unwrap();
    desk.venue.faults_mut().stale_by = Span::from_millis(500);
    desk.venue.faults_mut().set(Fault::StaleRead, Knob::times(1));
    let mut stop = || {
        let Reply::Result(Answer::Snapshot(seen)) = desk.ask(Ask::Snapshot) else { panic!("no snapshot") };
        seen.positions[0].deal.as_ref().unwrap().levels.stop.unwrap().level
    };
    assert_eq!((stop(), stop()), (price("95"), price("97")));
}

/// venues/ig.md §10.2 (`CLOSINGS_ONLY_ACCOUNT`): closings pass.
#[test]
fn an_account_of_closings_only_opens_nothing() {
    let mut desk = ig();
    let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
    desk.venue.faults_mut().set(Fault::OnlyReduce, Knob::per_million(1_000_000));
    assert_eq!(desk.deal(DealAsk::Open(opening("b", OrderSide::Buy, "1"))), Err(Reason::ClosingsOnlyAccount));
    desk.deal(DealAsk::Close(closing(deal, OrderSide::Sell, "1"))).unwrap();
}

/// F-I06: one part of the interface fails, the others work.
#[test]
fn a_refusal_can_be_about_levels_alone_or_about_dealing_alone() {
    for (scope, levels_fail) in [(Scope::Conditional, true), (Scope::Regular, false)] {
        let mut desk = ig();
        let deal = desk.opened(opening("a", OrderSide::Buy, "1"));
        desk.venue.faults_mut().set(Fault::Reject, Knob::per_million(1_000_000).only(scope));
        let stop = Some(crate::dealer::normal("95"));
        let levels = desk.receive(DealAsk::Levels(backstop_sim::SetLevels { deal, stop, limit: None }));
        let close = desk.receive(DealAsk::Close(closing(deal, OrderSide::Sell, "1")));
        assert_eq!((levels.is_err(), close.is_err()), (levels_fail, !levels_fail), "{scope:?}");
        // The allowance of trading requests, in IG's words (§3).
        let refused = levels.err().or(close.err()).unwrap();
        assert_eq!(refused, "403 error.public-api.exceeded-account-trading-allowance");
    }
}
