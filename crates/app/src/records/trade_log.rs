//! The trade log: a CSV file to which closed trades are appended, and never anything else.
//!
//! What belongs into it follows from the store alone: at a start the rows that are missing are appended, so that a crash
//! loses none and doubles none (a row is known by its content, its fees apart). Whoever moves the file away gets a whole
//! new one. The header is written once; a row that a crash has torn is completed.

use super::rows::{Row, rows};
use backstop_model::{Course, PositionDocument};
use backstop_store::{Stored, regular};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The columns around those of money (product.md §4): `pnl_<currency>` stands between them.
const BEFORE: [&str; 8] =
    ["entry_time", "entry_price", "exit_time", "exit_price", "exit_reason", "tp_pts", "sl_pts", "pnl_pts"];
const AFTER: [&str; 4] = ["symbol", "side", "quantity", "fees"];
/// Trades whose rows are known to be there, remembered at most: a closed trade is heard of again only for a moment.
const REMEMBERED: usize = 4_096;

/// A trade log that cannot be kept, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TradeLogFailure {
    /// Reading or writing failed.
    #[error("the trade log {path} cannot be {done}: {why}; check permissions and free space")]
    File {
        /// Which file.
        path: String,
        /// Read or written.
        done: &'static str,
        /// What the system says.
        why: io::Error,
    },
    /// The file has other columns.
    #[error("{path} is not a trade log with the columns {columns}; move it away, or give another file")]
    NotOurs {
        /// Which file.
        path: String,
        /// The columns that are needed.
        columns: String,
    },
}

/// The table's columns and rows, without any file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Table {
    currencies: Vec<String>,
}

impl Table {
    /// A table with a column for each of these currencies, one of them at least.
    #[must_use]
    pub fn of(currencies: impl IntoIterator<Item = String>) -> Self {
        let currencies: BTreeSet<String> = currencies.into_iter().map(|currency| currency.to_lowercase()).collect();
        let currencies: Vec<String> = currencies.into_iter().collect();
        Self { currencies: if currencies.is_empty() { vec!["usdt".to_owned()] } else { currencies } }
    }

    /// The table with this header; none when it is not one of ours.
    fn read(header: &str) -> Option<Self> {
        let cells = header.trim_end().split(',').filter_map(|cell| cell.strip_prefix("pnl_"));
        let table = Self::of(cells.filter(|cell| *cell != "pts").map(str::to_owned));
        (table.header().trim_end() == header.trim_end()).then_some(table)
    }

    fn holds(&self, other: &Self) -> bool {
        other.currencies.iter().all(|currency| self.currencies.contains(currency))
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> String {
        let money = self.currencies.iter().map(|currency| format!("pnl_{currency}"));
        let before = BEFORE.iter().map(|&name| name.to_owned());
        line(before.chain(money).chain(AFTER.iter().map(|&name| name.to_owned())))
    }

    /// One row.
    #[must_use]
    pub fn line(&self, row: &Row) -> String {
        let points =
            |points: Option<backstop_model::Points>| points.map_or_else(String::new, |points| points.to_string());
        let before = [
            time(row.entry_time),
            row.entry_price.to_string(),
            time(row.exit_time),
            row.exit_price.to_string(),
            row.exit_reason.to_string(),
            points(row.tp_pts),
            points(row.sl_pts),
            row.pnl_pts.to_string(),
        ];
        let money = self.currencies.iter().map(|currency| match row.currency.eq_ignore_ascii_case(currency) {
            true => row.pnl.to_string(),
            false => String::new(),
        });
        let after = [row.symbol.clone(), row.side.to_string(), row.quantity.to_string(), row.fees.to_string()];
        line(before.into_iter().chain(money).chain(after))
    }

    fn has_room_for(&self, row: &Row) -> bool {
        self.currencies.iter().any(|currency| row.currency.eq_ignore_ascii_case(currency))
    }
}

/// The log in its file.
pub struct TradeLog {
    path: PathBuf,
    table: Table,
    file: File,
    /// What a crash has left of the last line.
    torn: String,
    /// Rows that are in the file and have not been met in the store yet, without their fees, and how often.
    there: BTreeMap<String, u32>,
    /// Trades whose rows are in the file.
    done: VecDeque<(String, u8)>,
}

impl TradeLog {
    /// Opens the log at `path`, or begins one, for trades in these currencies, and appends what of `trades` is missing.
    ///
    /// # Errors
    /// [`TradeLogFailure`] when the file cannot be used, or is something else.
    pub fn open(
        path: &Path,
        currencies: impl IntoIterator<Item = String>,
        trades: &[Stored],
    ) -> Result<Self, TradeLogFailure> {
        regular(path).map_err(failed(path, "written"))?;
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(failed(path, "written"))?;
        let text = fs::read_to_string(path).map_err(failed(path, "read"))?;
        let known = trades.iter().map(|trade| trade.document.currency.clone());
        let table = Table::of(currencies.into_iter().chain(known));
        let mut log = Self {
            path: path.to_owned(),
            table,
            file,
            torn: String::new(),
            there: BTreeMap::new(),
            done: VecDeque::new(),
        };
        log.take_over(&text)?;
        let missing = log.missing(trades);
        log.append(missing)?;
        Ok(log)
    }

    /// Takes note of how a tranche stands; the rows of a closed one are appended and synced.
    ///
    /// # Errors
    /// [`TradeLogFailure::File`]; the rows are appended at the next start.
    pub fn hear(&mut self, document: &PositionDocument, course: &Course) -> Result<(), TradeLogFailure> {
        let name = (document.position_id.clone(), document.tranche);
        if document.exit_time.is_none() || self.done.contains(&name) {
            return Ok(());
        }
        let lines = self.lines_of(document, Some(course));
        self.append(lines)?;
        self.note(name);
        Ok(())
    }

    /// Reads what is there: the header, which has to be ours, and the rows.
    fn take_over(&mut self, text: &str) -> Result<(), TradeLogFailure> {
        let header = self.table.header();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let (lines, torn) = text.split_at(whole);
        torn.clone_into(&mut self.torn);
        let mut lines = lines.split_inclusive('\n');
        match lines.next() {
            None if header.starts_with(torn) => {
                self.torn.clear();
                return self.write(&header[torn.len()..]);
            }
            None => return Err(self.not_ours(&header)),
            Some(found) => match Table::read(found).filter(|found| found.holds(&self.table)) {
                Some(found) => self.table = found,
                None => return Err(self.not_ours(&header)),
            },
        }
        for line in lines {
            *self.there.entry(without_fees(line).to_owned()).or_insert(0) += 1;
        }
        Ok(())
    }

    fn missing(&mut self, trades: &[Stored]) -> Vec<String> {
        let mut missing = Vec::new();
        for trade in trades {
            for line in self.lines_of(&trade.document, trade.course.as_ref()) {
                match self.there.get_mut(without_fees(&line)) {
                    Some(count @ 1..) => *count -= 1,
                    Some(_) | None => missing.push(line),
                }
            }
            self.note((trade.document.position_id.clone(), trade.document.tranche));
        }
        self.there.clear();
        missing
    }

    /// A trade whose amounts fit nowhere has no rows.
    fn lines_of(&self, document: &PositionDocument, course: Option<&Course>) -> Vec<String> {
        let rows = rows(document, course).unwrap_or_default();
        rows.iter().filter(|row| self.table.has_room_for(row)).map(|row| self.table.line(row)).collect()
    }

    fn note(&mut self, name: (String, u8)) {
        self.done.push_back(name);
        if self.done.len() > REMEMBERED {
            self.done.pop_front();
        }
    }

    /// Appends lines with one sync. The one that was torn is completed first; a torn end that fits none is left as it is,
    /// on a line of its own.
    fn append(&mut self, mut lines: Vec<String>) -> Result<(), TradeLogFailure> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        let torn = std::mem::take(&mut self.torn);
        if !torn.is_empty() {
            match lines.iter().position(|line| line.starts_with(&torn)) {
                Some(index) => text.push_str(&lines.remove(index)[torn.len()..]),
                None => text.push('\n'),
            }
        }
        lines.iter().for_each(|line| text.push_str(line));
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> Result<(), TradeLogFailure> {
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(failed(&self.path, "written"))
    }

    fn not_ours(&self, header: &str) -> TradeLogFailure {
        TradeLogFailure::NotOurs { path: self.path.display().to_string(), columns: header.trim_end().to_owned() }
    }
}

fn failed(path: &Path, done: &'static str) -> impl FnOnce(io::Error) -> TradeLogFailure {
    let path = path.display().to_string();
    move |why| TradeLogFailure::File { path, done, why }
}

/// A line without its last cell, by which it is known: a fee may become known later.
fn without_fees(line: &str) -> &str {
    line.trim_end().rsplit_once(',').map_or("", |(known, _)| known)
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let cells: Vec<String> = cells.collect();
    // Memory takes everything: neither writing nor ending can fail.
    writer.write_record(&cells).expect("memory takes every row");
    let bytes = writer.into_inner().expect("memory takes every row");
    String::from_utf8(bytes).expect("cells are UTF-8")
}

/// RFC 3339 in UTC, to the millisecond.
fn time(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| millis.to_string(), |at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}
