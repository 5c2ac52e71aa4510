//! The read models: rows made by hand out of the position document.
//!
//! They are written in the transaction of their record and can always be made again out of the records; nothing of
//! Backstop decides on them.

use crate::{ReadUpdate, Record};
use backstop_model::PositionDocument;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

/// Puts one position into all read models.
pub(super) fn put(connection: &Connection, record: &Record, read: &ReadUpdate) -> rusqlite::Result<()> {
    if read.is_merged {
        return forget(connection, record, read);
    }
    put_document(connection, record, read)?;
    put_position(connection, record, read)?;
    let Some(main_order) = &read.main_order else { return Ok(()) };
    connection
        .prepare_cached(
            "INSERT INTO order_relationships (main_order_id, tp_order_id, sl_order_id, symbol, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (main_order_id) DO UPDATE SET tp_order_id = excluded.tp_order_id, sl_order_id = excluded.sl_order_id,
             created_at = CASE WHEN symbol = excluded.symbol THEN created_at ELSE excluded.created_at END, symbol = excluded.symbol",
        )?
        .execute(params![main_order, read.target_order, read.stop_order, read.document.symbol, record.at.as_millis()])?;
    Ok(())
}

/// A tranche that has gone up in another one is told of there; its row stays for those who have seen it.
fn forget(connection: &Connection, record: &Record, read: &ReadUpdate) -> rusqlite::Result<()> {
    let document = &read.document;
    connection
        .prepare_cached("DELETE FROM position_documents WHERE position_id = ?1 AND tranche = ?2")?
        .execute(params![document.position_id, document.tranche])?;
    connection
        .prepare_cached(
            "UPDATE position_tp_sl SET status = 'MERGED', quantity = '0', updated_at = ?2 WHERE position_id = ?1",
        )?
        .execute(params![tranche_name(document), record.at.as_millis()])?;
    Ok(())
}

fn put_document(connection: &Connection, record: &Record, read: &ReadUpdate) -> rusqlite::Result<()> {
    let document = &read.document;
    let (text, course) = (json(document)?, json(&read.course)?);
    connection
        .prepare_cached(
            "INSERT INTO position_documents (position_id, tranche, account, open, document, updated_sequence, course, main_order)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (position_id, tranche) DO UPDATE SET account = excluded.account, open = excluded.open,
             document = excluded.document, updated_sequence = excluded.updated_sequence, main_order = excluded.main_order,
             course = CASE WHEN open = 0 THEN coalesce(course, excluded.course) ELSE excluded.course END",
        )?
        .execute(params![
            document.position_id,
            document.tranche,
            read.account,
            document.exit_time.is_none(),
            text,
            record.sequence,
            course,
            read.main_order,
        ])?;
    Ok(())
}

fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|why| rusqlite::Error::ToSqlConversionFailure(Box::new(why)))
}

fn put_position(connection: &Connection, record: &Record, read: &ReadUpdate) -> rusqlite::Result<()> {
    let document = &read.document;
    let name = tranche_name(document);
    let id: Option<i64> = connection
        .prepare_cached("SELECT id FROM position_tp_sl WHERE position_id = ?1")?
        .query_row([&name], |row| row.get(0))
        .optional()?;
    let status = if document.exit_time.is_none() { "ACTIVE" } else { "CLOSED" };
    connection
        .prepare_cached(
            "INSERT INTO position_tp_sl (id, position_id, symbol, side, quantity, entry_price, tp_order_id, tp_price, sl_order_id, sl_price, status, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (id) DO UPDATE SET quantity = excluded.quantity, entry_price = excluded.entry_price, tp_order_id = excluded.tp_order_id,
             tp_price = excluded.tp_price, sl_order_id = excluded.sl_order_id, sl_price = excluded.sl_price, status = excluded.status, updated_at = excluded.updated_at",
        )?
        .execute(params![
            id,
            name,
            document.symbol,
            document.side.to_string(),
            document.current_quantity.to_string(),
            document.entry_price.to_string(),
            read.target_order,
            document.next_tp_price.map(|price| price.to_string()),
            read.stop_order,
            document.current_stop_loss.map(|price| price.to_string()),
            status,
            document.entry_time,
            record.at.as_millis(),
        ])?;
    Ok(())
}

/// One row per tranche: the first has the position's own name.
fn tranche_name(document: &PositionDocument) -> String {
    if document.tranche == 1 {
        document.position_id.clone()
    } else {
        format!("{}#{}", document.position_id, document.tranche)
    }
}
