//! What is understood as the name of an order, and why one is asked about.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::reasons::why_asked;
use super::*;
use backstop_core::orders::{Change, Leg, Named, OpenOrder, OrderState, Scope};
use backstop_model::{
    AccountId, Answer, Asked, ClientOrderId, Epoch, Event, ExitReason, InstrumentId, OrderKind, Outcome, PositionSide,
    Quantity, Snapshot, Timestamp, TrancheId,
};

fn record(sequence: u64, leg: Leg, revision: u16, side: PositionSide) -> Record {
    let scope: Scope = serde_json::from_str("7").unwrap();
    let id = Named { scope, side, epoch: Epoch(1), tranche: TrancheId::FIRST, leg, revision }.id();
    let event = Event::Answer(Answer {
        account: AccountId(0),
        instrument: InstrumentId(0),
        id,
        asked: Asked::Place,
        outcome: Outcome::Accepted(backstop_model::VenueOrderId::new(&format!("77{sequence}")).unwrap()),
        sent_at: Timestamp::EPOCH,
    });
    let at = Timestamp::from_millis(i64::try_from(sequence).unwrap()).unwrap();
    Record { sequence, at, event, market: vec![], commands: vec![], notices: vec![], fingerprint: None }
}

#[test]
fn an_order_is_found_by_number_client_id_venue_id_and_short_name() {
    let records = [
        record(1, Leg::Stop, 1, PositionSide::Long),
        record(2, Leg::Stop, 2, PositionSide::Long),
        record(3, Leg::Target(1), 1, PositionSide::Short),
        record(4, Leg::Stop, 2, PositionSide::Short),
    ];
    let found = |what: &str| explain(&records, what).iter().map(|explained| explained.record).collect::<Vec<_>>();
    let Event::Answer(answer) = &records[1].event else { panic!("it is one") };
    assert_eq!(found(answer.id.as_str()), [2]);
    assert_eq!(found("3"), [3]);
    assert_eq!(found("771"), [1]);
    assert_eq!(found("stop#2"), [2, 4]);
    assert_eq!(found("stop#2/short"), [4]);
    assert_eq!(found("tp1#1"), [3]);
    assert!(found("stop#3").is_empty() && found("9").is_empty());
}

fn stop_in(state: OrderState) -> OpenOrder {
    OpenOrder {
        id: ClientOrderId::new("one").unwrap(),
        tranche: TrancheId::FIRST,
        leg: Leg::Stop,
        epoch: Epoch(1),
        venue_id: None,
        kind: OrderKind::Market,
        quantity: "0.1".parse().unwrap(),
        former: false,
        whole: false,
        filled: Quantity::ZERO,
        reported: Quantity::ZERO,
        maybe_at: None,
        unheard: 0,
        maybe_gone: false,
        carried: false,
        reason: ExitReason::StopLoss,
        seen_at: Timestamp::EPOCH,
        changed_at: Timestamp::EPOCH,
        state,
    }
}

#[test]
fn a_question_about_an_order_says_what_made_it_be_asked() {
    let answer = record(1, Leg::Stop, 1, PositionSide::Long).event;
    let read = Event::Snapshot(Snapshot {
        account: AccountId(0),
        server_time: Timestamp::EPOCH,
        positions: vec![],
        orders: vec![],
        fills: vec![],
        balance: None,
    });
    let working = stop_in(OrderState::Working { change: None });
    assert_eq!(why_asked(Some(&working), &read), "the full read does not show it, although it was seen just before");
    let agreed = Change::Cancelling { since: Timestamp::EPOCH, agreed: true };
    let agreed = stop_in(OrderState::Working { change: Some(agreed) });
    assert!(why_asked(Some(&agreed), &answer).starts_with("the venue has agreed to cancel it"));
    let gone = OpenOrder { maybe_gone: true, ..working };
    assert_eq!(why_asked(Some(&gone), &answer), "nobody has answered its cancel: it may be gone");
    assert_eq!(why_asked(None, &answer), "the venue speaks of it, and it is not in our books");
}
