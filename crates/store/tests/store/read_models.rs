//! The tables other tools read: exactly these columns, exact decimals.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{course, document, open, record, showing};
use backstop_model::{Notice, PositionDocument, PositionKey, PositionSide, Severity};
use backstop_store::{Journal, ReadOnly, Step};
use rusqlite::Connection;
use tempfile::tempdir;

fn columns(connection: &Connection, table: &str) -> Vec<String> {
    let mut select = connection.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid").unwrap();
    select.query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_columns_are_those_that_were_promised() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    drop(open(&path));
    let connection = Connection::open(&path).unwrap();
    let promised = [
        "id",
        "position_id",
        "symbol",
        "side",
        "quantity",
        "entry_price",
        "tp_order_id",
        "tp_price",
        "sl_order_id",
        "sl_price",
        "status",
        "created_at",
        "updated_at",
    ];
    assert_eq!(columns(&connection, "position_tp_sl"), promised);
    let promised = ["main_order_id", "tp_order_id", "sl_order_id", "symbol", "created_at"];
    assert_eq!(columns(&connection, "order_relationships"), promised);
    let usual: String = connection
        .query_row("SELECT dflt_value FROM pragma_table_info('position_tp_sl') WHERE name = 'status'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(usual, "'ACTIVE'");
    let key: String = connection
        .query_row("SELECT name FROM pragma_table_info('order_relationships') WHERE pk = 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(key, "main_order_id");
}

#[test]
fn a_position_has_one_row_that_follows_it_to_its_end() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = open(&path);
    journal.append(&[showing(1, document("main-BTCUSDT-long-1", true))]).unwrap();
    let reader = ReadOnly::open(&path).unwrap();
    assert_eq!(reader.positions(true).unwrap().len(), 1);
    journal.append(&[showing(2, document("main-BTCUSDT-long-1", false))]).unwrap();
    assert_eq!(reader.positions(true).unwrap().len(), 0);
    assert_eq!(reader.positions(false).unwrap(), [("main".to_owned(), document("main-BTCUSDT-long-1", false))]);
    let connection = Connection::open(&path).unwrap();
    let row = |row: &rusqlite::Row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?));
    let all: Vec<_> = connection
        .prepare("SELECT quantity, sl_price, status FROM position_tp_sl")
        .unwrap()
        .query_map([], row)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(all, [("0".to_owned(), "49000".to_owned(), "CLOSED".to_owned())]);
    let stop: String = connection
        .query_row("SELECT sl_order_id FROM order_relationships WHERE main_order_id = 'web-1'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stop, "bs-stop");
}

#[test]
fn a_number_that_two_markets_have_given_to_an_order_is_told_of_one_of_them_and_not_of_both() {
    // Order numbers are a market's own at Binance: the row is the newer one's as a whole.
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = open(&path);
    let other = PositionDocument { symbol: "ETHUSDT".to_owned(), ..document("main-ETHUSDT-long-1", true) };
    journal.append(&[showing(1, document("main-BTCUSDT-long-1", true)), showing(2, other)]).unwrap();
    let row = |row: &rusqlite::Row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
    let connection = Connection::open(&path).unwrap();
    let told = connection.query_row("SELECT symbol, created_at FROM order_relationships", [], row).unwrap();
    assert_eq!(told, ("ETHUSDT".to_owned(), record(2).at.as_millis()));
}

#[test]
fn numbers_are_exact_texts_and_times_are_milliseconds() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let exact = PositionDocument {
        entry_price: "50000.123456789012".parse().unwrap(),
        current_quantity: "0.00000001".parse().unwrap(),
        ..document("main-BTCUSDT-long-1", true)
    };
    open(&path).append(&[showing(1, exact)]).unwrap();
    let connection = Connection::open(&path).unwrap();
    let row: (String, String, String, i64, i64) = connection
        .query_row("SELECT entry_price, quantity, tp_price, created_at, updated_at FROM position_tp_sl", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .unwrap();
    let texts = ("50000.123456789012".to_owned(), "0.00000001".to_owned(), "51500".to_owned());
    assert_eq!(row, (texts.0, texts.1, texts.2, 1_700_000_000_000, 1_700_000_000_000));
}

#[test]
fn each_tranche_has_its_own_row_and_document() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = open(&path);
    let second = PositionDocument { tranche: 2, ..document("main-BTCUSDT-long-1", true) };
    journal.append(&[showing(1, document("main-BTCUSDT-long-1", false)), showing(2, second.clone())]).unwrap();
    let reader = ReadOnly::open(&path).unwrap();
    assert_eq!(reader.positions(true).unwrap(), [("main".to_owned(), second)]);
    let trades = reader.trades().unwrap();
    assert_eq!(trades.len(), 1);
    assert_eq!((trades[0].account.as_str(), &trades[0].document), ("main", &document("main-BTCUSDT-long-1", false)));
    assert_eq!(trades[0].document.partial_exits.len(), 1);
    let connection = Connection::open(&path).unwrap();
    let mut select = connection.prepare("SELECT position_id, status FROM position_tp_sl ORDER BY id").unwrap();
    let rows: Vec<(String, String)> =
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let expected = [("main-BTCUSDT-long-1", "CLOSED"), ("main-BTCUSDT-long-1#2", "ACTIVE")];
    assert_eq!(rows, expected.map(|(id, status)| (id.to_owned(), status.to_owned())));
}

#[test]
fn the_course_of_a_closed_trade_stays_as_it_was_when_it_closed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut journal = open(&path);
    let mut seen = |sequence, is_open, low, high| {
        let mut step = showing(sequence, document("main-BTCUSDT-long-1", is_open));
        step.reads[0].course = course(low, high);
        journal.append(&[step]).unwrap();
    };
    seen(1, true, "49900", "50000");
    seen(2, true, "49800", "50100");
    let reader = ReadOnly::open(&path).unwrap();
    assert_eq!(reader.open_positions().unwrap()[0].course, Some(course("49800", "50100")));
    seen(3, false, "49000", "50100");
    seen(4, false, "40000", "60000");
    let trade = reader.trades().unwrap().remove(0);
    assert_eq!(trade.course, Some(course("49000", "50100")));
    assert_eq!(trade.main_order.as_deref(), Some("web-1"));
}

#[test]
fn a_store_of_the_first_form_is_read_as_it_is() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    open(&path).append(&[showing(1, document("main-BTCUSDT-long-1", false))]).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "ALTER TABLE position_documents DROP COLUMN course;
             ALTER TABLE position_documents DROP COLUMN main_order;
             DROP TABLE journal_head;
             PRAGMA user_version = 1;",
        )
        .unwrap();
    let trade = ReadOnly::open(&path).unwrap().trades().unwrap().remove(0);
    assert_eq!((trade.course, trade.document.position_id.as_str()), (None, "main-BTCUSDT-long-1"));
    assert_eq!(ReadOnly::open(&path).unwrap().verify(), Ok(1), "where it ends is noted since the third form");
    drop(open(&path));
    assert_eq!(ReadOnly::open(&path).unwrap().trades().unwrap().len(), 1);
    connection.execute_batch("DROP TRIGGER journal_is_never_shortened; DELETE FROM journal").unwrap();
    assert!(ReadOnly::open(&path).unwrap().verify().is_err(), "it is noted now");
}

#[test]
fn what_people_were_told_can_be_read_with_sqlite3() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let key = PositionKey::new(backstop_model::AccountId(0), backstop_model::InstrumentId(0), PositionSide::Long);
    let mut told = record(1);
    told.notices = vec![Notice::new(Severity::Alarm, key, "no stop: place one by hand".to_owned())];
    open(&path).append(&[Step { record: told, reads: vec![] }]).unwrap();
    let row: (i64, i64, String, String) = Connection::open(&path)
        .unwrap()
        .query_row("SELECT * FROM notices", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap();
    assert_eq!(row, (1, 1_700_000_000_000, "alarm".to_owned(), "no stop: place one by hand".to_owned()));
}
