//! What is understood as the name of an order.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use backstop_core::orders::{Leg, Named, Scope};
use backstop_model::{
    AccountId, Answer, Asked, Epoch, Event, InstrumentId, Outcome, PositionSide, Timestamp, TrancheId,
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
