//! The cells of one line of a CSV, split by the `csv` crate.
//!
//! The reader of that crate is given one line at a time: a bar never spans lines, so a quote that is not closed spoils its
//! own line and not the rest of the file, lines keep their numbers, and no more than one line is ever held.

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use std::borrow::Cow;
use std::io::{self, Read};

/// What may stand between cells. Of several equals the last one wins: a comma may also be a decimal sign.
const SEPARATORS: [u8; 3] = [b',', b'\t', b';'];

/// Splits lines; holds the cells of the last one.
pub(super) struct Cells {
    separator: u8,
    reader: Reader<OneLine>,
    record: ByteRecord,
}

impl Cells {
    /// For tables whose first line this is: what stands in it most often is between the cells.
    pub(super) fn like(first: &[u8]) -> Self {
        let count = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
        let separator = SEPARATORS.into_iter().max_by_key(count).unwrap_or(b',');
        Self { separator, reader: reader(separator), record: ByteRecord::new() }
    }

    /// Takes up a line; else what is wrong with it.
    pub(super) fn split(&mut self, line: &[u8]) -> Result<(), &'static str> {
        self.reader.get_mut().put(line);
        let is_read = self.reader.read_byte_record(&mut self.record).is_ok_and(|is_there| is_there);
        if is_read && !self.reader.get_ref().is_dry {
            return Ok(());
        }
        // The reader believes that the file has ended inside a cell: the next line begins with a new one.
        self.reader = reader(self.separator);
        self.record.clear();
        Err("a quote is opened and not closed")
    }

    /// The cell at `index`, without blanks and quotes around it; none when there are fewer or it is empty.
    pub(super) fn get(&self, index: usize) -> Option<Cow<'_, str>> {
        self.record.get(index).map(bare).filter(|cell| !cell.is_empty())
    }

    /// All of them, empty ones too.
    pub(super) fn all(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.record.iter().map(bare)
    }
}

/// Some programs write a blank before a quote, which then belongs to the cell.
fn bare(cell: &[u8]) -> Cow<'_, str> {
    let is_around = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'"';
    let begin = cell.iter().position(|byte| !is_around(byte)).unwrap_or(cell.len());
    let end = cell.iter().rposition(|byte| !is_around(byte)).map_or(begin, |last| last + 1);
    String::from_utf8_lossy(&cell[begin..end])
}

fn reader(separator: u8) -> Reader<OneLine> {
    ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .terminator(Terminator::Any(b'\n'))
        .from_reader(OneLine::default())
}

/// A line and its end; after them it is dry until the next line is put in.
#[derive(Default)]
struct OneLine {
    bytes: Vec<u8>,
    given: usize,
    is_dry: bool,
}

impl OneLine {
    fn put(&mut self, line: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        (self.given, self.is_dry) = (0, false);
    }
}

impl Read for OneLine {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut left = &self.bytes[self.given..];
        let count = left.read(into)?;
        self.given += count;
        self.is_dry |= count == 0;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn split(cells: &mut Cells, line: &str) -> Result<Vec<String>, &'static str> {
        cells.split(line.as_bytes())?;
        Ok(cells.all().map(Cow::into_owned).collect())
    }

    #[test]
    fn quotes_and_blanks_around_cells_are_no_part_of_them() {
        let mut cells = Cells::like(b"a,b,c");
        assert_eq!(split(&mut cells, r#"1, 2 ,"3", "4","5,6","#).unwrap(), ["1", "2", "3", "4", "5,6", ""]);
        assert_eq!((cells.get(4).as_deref(), cells.get(5), cells.get(6)), (Some("5,6"), None, None));
    }

    #[test]
    fn an_open_quote_spoils_its_own_line_only() {
        let mut cells = Cells::like(b"a,b,c");
        assert!(split(&mut cells, "1,\"2,3").is_err());
        assert_eq!(cells.get(0), None);
        assert_eq!(split(&mut cells, "4,5,6").unwrap(), ["4", "5", "6"]);
        let long = format!("7,{},8", "x".repeat(100_000));
        assert_eq!(split(&mut cells, &long).unwrap().len(), 3);
        assert_eq!(split(&mut cells, "9,\u{0},\r1").unwrap().len(), 3);
    }

    #[test]
    fn the_separator_is_what_stands_there_most_often() {
        for (first, count) in [("a;b;c", 3), ("a\tb", 2), ("a,b", 2), ("7;1,5;2,5", 3), ("a", 1), ("\"a b\"|c", 1)] {
            assert_eq!(split(&mut Cells::like(first.as_bytes()), first).unwrap().len(), count, "{first}");
        }
    }
}
