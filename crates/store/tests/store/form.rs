//! The written form of a record: what is in files today must be readable for ever.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use backstop_model::{
    AccountId, ClientOrderId, Command, Event, Fee, Fill, FillCause, FillId, InstrumentId, Liquidity, MarketView,
    NewOrder, Notice, OrderKind, OrderQuantity, OrderSide, PositionKey, PositionSide, Range, SeriesView, Severity,
    Timestamp, Trigger, TriggerSource, VenueOrderId,
};
use backstop_store::{Record, StoreError, VERSION, decode, encode};

const FORM_1: &str = include_str!("record-form-1.json");

fn fill() -> Fill {
    Fill {
        account: AccountId(0),
        instrument: InstrumentId(1),
        id: FillId::new("7001").unwrap(),
        order: None,
        venue_order: VenueOrderId::new("42").unwrap(),
        side: OrderSide::Buy,
        position_side: None,
        deal: None,
        price: "50000.5".parse().unwrap(),
        quantity: "0.1".parse().unwrap(),
        fee: Fee::Known("2.5".parse().unwrap()),
        liquidity: Liquidity::Taker,
        cause: FillCause::Order,
        at: Timestamp::from_millis(1_708_446_400_000).unwrap(),
    }
}

fn a_record_with_everything() -> Record {
    let at = Timestamp::from_millis(1_708_446_400_123).unwrap();
    let price = "50000.5".parse().unwrap();
    let seen = SeriesView { price, at, confirmed: true, range: Range { high: price, low: price } };
    let stop = NewOrder {
        account: AccountId(0),
        instrument: InstrumentId(1),
        id: ClientOrderId::new("bs-stop-1").unwrap(),
        side: OrderSide::Sell,
        position_side: PositionSide::Long,
        deal: None,
        quantity: OrderQuantity::WholePosition,
        kind: OrderKind::StopMarket(Trigger::new("49000".parse().unwrap(), TriggerSource::Mark)),
        reduce_only: true,
        attached_stop: None,
    };
    let key = PositionKey::new(AccountId(0), InstrumentId(1), PositionSide::Long);
    Record {
        sequence: 12,
        at,
        event: Event::Fill(fill()),
        market: vec![(InstrumentId(1), MarketView { series: [Some(seen), None, None, None] })],
        commands: vec![Command::Place(stop)],
        notices: vec![Notice::new(Severity::Note, key, "long 0.1 BTCUSDT opened at 50000.5".to_owned())],
        fingerprint: Some("f".to_owned()),
    }
}

#[test]
fn form_1_is_read_and_written_as_ever() {
    // A difference here means that journals in use could not be read: add a form, leave this one alone.
    let record = a_record_with_everything();
    assert_eq!(decode("s.db", 12, 1, FORM_1.trim_end()).unwrap(), record);
    assert_eq!(encode(&record).unwrap(), FORM_1.trim_end());
}

#[test]
fn a_newer_form_is_refused_with_a_way_out() {
    let text = encode(&a_record_with_everything()).unwrap();
    let wrong = decode("s.db", 12, VERSION + 1, &text).unwrap_err();
    assert_eq!(wrong, StoreError::Newer { file: "s.db".to_owned(), found: 2, known: 1 });
    assert!(wrong.is_foreign());
    assert!(wrong.to_string().contains("use that version"), "{wrong}");
}

#[test]
fn a_text_that_is_no_record_is_damage() {
    for (version, text) in [(1, ""), (1, "{}"), (1, "[1,2]"), (0, FORM_1)] {
        let wrong = decode("s.db", 12, version, text).unwrap_err();
        assert_eq!(wrong, StoreError::Broken { file: "s.db".to_owned(), sequence: 12 });
        assert!(wrong.is_damage());
    }
}
