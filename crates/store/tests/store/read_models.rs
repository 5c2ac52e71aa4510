//! The tables other tools read: exactly these columns, exact decimals.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::builders::{document, showing};
use backstop_store::{Journal, ReadOnly, SqliteJournal};
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
    drop(SqliteJournal::open(&path).unwrap());
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
    let mut journal = SqliteJournal::open(&path).unwrap();
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
