//! Records and documents with good defaults.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use backstop_model::{
    Course, Event, ExitReason, Money, PartialExitDocument, PositionDocument, PositionSide, Range, Ratio, Timestamp,
};
use backstop_store::{Checkpoint, ReadUpdate, Record, SqliteJournal, Step};
use std::path::Path;

/// A store, without the room kept for a full disk.
pub fn open(path: &Path) -> SqliteJournal {
    SqliteJournal::open_with_ballast(path, 0).unwrap()
}

/// The state at a record.
pub fn checkpoint(sequence: u64) -> Checkpoint {
    Checkpoint { sequence, fingerprint: format!("fingerprint {sequence}"), state: format!("state {sequence}") }
}

/// A record with a number.
pub fn record(sequence: u64) -> Record {
    let at = Timestamp::from_nanos(1_700_000_000_000_000_000 + i64::try_from(sequence).unwrap());
    Record { sequence, at, event: Event::Wake, market: vec![], commands: vec![], notices: vec![], fingerprint: None }
}

/// A step without read models.
pub fn step(sequence: u64) -> Step {
    Step { record: record(sequence), reads: vec![] }
}

/// The steps `from..=to`.
pub fn steps(from: u64, to: u64) -> Vec<Step> {
    (from..=to).map(step).collect()
}

/// A position: open, or closed by its stop.
pub fn document(id: &str, open: bool) -> PositionDocument {
    let price = |text: &str| text.parse().unwrap();
    let exit = PartialExitDocument {
        tp_level: None,
        reason: ExitReason::StopLoss,
        exit_time: 1_700_000_100_000,
        exit_price: price("49000"),
        quantity_closed: "0.1".parse().unwrap(),
        profit: "-100".parse().unwrap(),
        profit_pct: "-2".parse().unwrap(),
        new_stop_loss: None,
    };
    PositionDocument {
        position_id: id.to_owned(),
        tranche: 1,
        symbol: "BTCUSDT".to_owned(),
        side: PositionSide::Long,
        plan: "swing".to_owned(),
        entry_time: 1_700_000_000_000,
        entry_price: price("50000"),
        value_per_point: None,
        original_quantity: "0.1".parse().unwrap(),
        current_quantity: if open { "0.1" } else { "0" }.parse().unwrap(),
        tp_levels_hit: vec![],
        next_tp_level: open.then_some(1),
        next_tp_price: open.then(|| price("51500")),
        remaining_pct: if open { Ratio::whole(100) } else { Ratio::ZERO },
        average_exit_price: (!open).then(|| price("49000")),
        current_stop_loss: Some(price("49000")),
        best_price: Some(price("50100")),
        exit_time: (!open).then_some(1_700_000_100_000),
        exit_reason: (!open).then_some(ExitReason::StopLoss),
        fees: Money::ZERO,
        funding: Money::ZERO,
        realized_pnl: if open { Money::ZERO } else { "-100".parse().unwrap() },
        currency: "USDT".to_owned(),
        partial_exits: if open { vec![] } else { vec![exit] },
    }
}

/// The course of such a position, between these prices.
pub fn course(low: &str, high: &str) -> Course {
    let price = |text: &str| text.parse().unwrap();
    Course {
        range: Range { high: price(high), low: price(low) },
        initial_stop: Some(price("49000")),
        targets: vec![(1, price("51500"))],
        is_trailing: false,
    }
}

/// A step that shows a position.
pub fn showing(sequence: u64, document: PositionDocument) -> Step {
    let read = ReadUpdate {
        account: "main".to_owned(),
        document,
        course: course("49000", "50100"),
        main_order: Some("web-1".to_owned()),
        is_merged: false,
        target_order: Some("bs-target".to_owned()),
        stop_order: Some("bs-stop".to_owned()),
    };
    Step { record: record(sequence), reads: vec![read] }
}
