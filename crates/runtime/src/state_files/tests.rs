//! When files are written and deleted, and what a start finds.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use backstop_model::{ExitReason, Money, PositionSide, Range, Ratio};

pub fn document(symbol: &str, number: &str) -> PositionDocument {
    let price = |text: &str| text.parse().unwrap();
    PositionDocument {
        position_id: format!("main-{symbol}-long-{number}"),
        tranche: 1,
        symbol: symbol.to_owned(),
        side: PositionSide::Long,
        plan: "swing".to_owned(),
        entry_time: 1_700_000_000_000 + number.parse::<i64>().unwrap(),
        entry_price: price("50000"),
        value_per_point: None,
        original_quantity: "0.1".parse().unwrap(),
        current_quantity: "0.1".parse().unwrap(),
        tp_levels_hit: vec![],
        next_tp_level: Some(1),
        next_tp_price: Some(price("51500")),
        remaining_pct: Ratio::whole(100),
        average_exit_price: None,
        current_stop_loss: Some(price("49000")),
        best_price: Some(price("50000")),
        exit_time: None,
        exit_reason: None,
        fees: Money::ZERO,
        funding: Money::ZERO,
        realized_pnl: Money::ZERO,
        currency: "USDT".to_owned(),
        partial_exits: vec![],
    }
}

fn course() -> Course {
    let price = "50000".parse().unwrap();
    Course { range: Range::point(price), initial_stop: None, targets: vec![], is_trailing: false }
}

/// How an open position reads.
pub fn read(symbol: &str, number: &str) -> ReadUpdate {
    ReadUpdate {
        account: "main".to_owned(),
        document: document(symbol, number),
        course: course(),
        is_merged: false,
        main_order: Some(format!("web-{number}")),
        target_order: None,
        stop_order: None,
    }
}

/// How it reads when it is closed.
pub fn closed(symbol: &str, number: &str) -> ReadUpdate {
    let mut read = read(symbol, number);
    read.document.exit_time = Some(1_700_000_100_000);
    read.document.exit_reason = Some(ExitReason::StopLoss);
    read
}

/// As the store shows it.
pub fn stored(symbol: &str, number: &str) -> Stored {
    let ReadUpdate { account, document, course, main_order, .. } = read(symbol, number);
    Stored { account, document, course: Some(course), main_order }
}

fn files() -> StateFiles {
    StateFiles::of(["BTCUSDT".to_owned()])
}

fn deal_of(wish: Option<(String, Wish)>) -> String {
    match wish {
        None => "nothing".to_owned(),
        Some((_, Wish::Delete)) => "delete".to_owned(),
        Some((_, Wish::Write(state))) => state.deal_id,
    }
}

#[test]
fn it_is_written_once_at_the_opening_and_deleted_at_the_close() {
    let mut files = files();
    assert_eq!(deal_of(files.hear(&read("BTCUSDT", "1"))), "web-1");
    let mut moved = read("BTCUSDT", "1");
    for stop in ["49500", "50000", "50500"] {
        moved.document.current_stop_loss = Some(stop.parse().unwrap());
        moved.document.best_price = Some("52000".parse().unwrap());
        moved.course.is_trailing = true;
        assert_eq!(files.hear(&moved), None);
    }
    assert_eq!(deal_of(files.hear(&closed("BTCUSDT", "1"))), "delete");
    assert_eq!(files.hear(&closed("BTCUSDT", "1")), None);
    assert_eq!(files.hear(&read("ETHUSDT", "1")), None);
}

#[test]
fn of_several_positions_the_oldest_is_shown_and_the_next_one_follows_it() {
    let mut files = files();
    assert_eq!(deal_of(files.hear(&read("BTCUSDT", "2"))), "web-2");
    assert_eq!(deal_of(files.hear(&read("BTCUSDT", "3"))), "nothing");
    let mut moved = read("BTCUSDT", "3");
    moved.document.current_stop_loss = Some("49900".parse().unwrap());
    assert_eq!(deal_of(files.hear(&moved)), "nothing");
    let Some((_, Wish::Write(state))) = files.hear(&closed("BTCUSDT", "2")) else { panic!("it is written") };
    assert_eq!((state.deal_id.as_str(), state.sl_level), ("web-3", Some("49900".parse().unwrap())));
    let merged = ReadUpdate { is_merged: true, ..read("BTCUSDT", "3") };
    assert_eq!(deal_of(files.hear(&merged)), "delete");
}

#[test]
fn a_start_compares_file_and_store_and_the_store_is_followed() {
    let state = |number: &str| state(&document("BTCUSDT", number), Some(&format!("web-{number}")), false);
    let (one, two) = (Found::State(state("1")), Found::State(state("2")));
    let broken = Found::NotOurs("it is empty".to_owned());
    let open = [stored("BTCUSDT", "1")];
    let cases: [(&[Stored], Found, &str, &str); 7] = [
        (&[], Found::Missing, "", ""),
        (&[], one.clone(), "delete", "no open position there"),
        (&open, Found::Missing, "web-1", "there is none"),
        (&open, one, "", ""),
        (&open, two, "web-1", "it says web-2 from 50000, the store says web-1 from 50000"),
        (&open, broken.clone(), "nothing", "is not touched"),
        (&[], broken, "nothing", "is not touched"),
    ];
    for (open, found, wish, told) in cases {
        let found = BTreeMap::from([("BTCUSDT".to_owned(), found)]);
        let mut differences = files().start(open, &found);
        let Some(difference) = differences.pop() else {
            assert_eq!(wish, "", "{found:?}");
            continue;
        };
        assert!(difference.text.contains(told), "{}", difference.text);
        assert_eq!(deal_of(difference.wish.map(|wish| (difference.symbol, wish))), wish);
    }
}
