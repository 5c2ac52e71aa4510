//! Lines of a file of any size with bounded memory: a line that is too long is passed over without being held.

use super::source::{self, Kind};
use super::unusable::Unusable;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

/// The longest line that is held; the largest frame a venue may send is as long.
const LONGEST: usize = 4 * 1024 * 1024;

/// Says that a line was passed over.
pub(super) fn too_long(length: u64) -> String {
    format!("line of {length} bytes; at most 4 MiB are read")
}

/// One line.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Line<'l> {
    /// Its bytes, without the line's end and a mark of UTF-8 at the beginning of the file.
    Whole(&'l [u8]),
    /// It has so many bytes and was passed over.
    TooLong(u64),
}

/// The lines of one file, unpacked as they are read.
pub(super) struct Lines {
    path: PathBuf,
    from: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl Lines {
    /// # Errors
    /// [`Unusable`] when the file cannot be opened or unpacked.
    pub(super) fn open(path: &Path) -> Result<Self, Unusable> {
        let from = source::open(path)?;
        Ok(Self { path: path.to_owned(), from, buffer: Vec::new(), number: 0, bytes: 0 })
    }

    /// What the file seems to hold; nothing is consumed.
    ///
    /// # Errors
    /// [`Unusable`] when it cannot be read.
    pub(super) fn kind(&mut self) -> Result<Kind, Unusable> {
        match self.from.fill_buf() {
            Ok(beginning) => Ok(Kind::of(beginning)),
            Err(why) => Err(self.failed(why)),
        }
    }

    /// The next line that is not blank, with its number counted from 1; none at the end.
    ///
    /// # Errors
    /// [`Unusable`] when the file cannot be read or its packing is damaged.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Line<'_>)>, Unusable> {
        loop {
            let length = match self.read_line() {
                Ok(Some(length)) => length,
                Ok(None) => return Ok(None),
                Err(why) => return Err(self.failed(why)),
            };
            self.number += 1;
            if length > LONGEST as u64 {
                return Ok(Some((self.number, Line::TooLong(length))));
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let mark = if self.number == 1 { "\u{feff}".as_bytes() } else { &[] };
        let line = self.buffer.strip_prefix(mark).unwrap_or(&self.buffer);
        // Blanks stay: before a tab they are an empty cell.
        Ok(Some((self.number, Line::Whole(line.strip_suffix(b"\r").unwrap_or(line)))))
    }

    /// Reads up to and with the next line feed into the buffer and gives the line's length; none at the end.
    fn read_line(&mut self) -> io::Result<Option<u64>> {
        self.buffer.clear();
        let mut length = 0;
        let mut found = false;
        loop {
            let available = match self.from.fill_buf() {
                Ok(available) => available,
                Err(wrong) if wrong.kind() == io::ErrorKind::Interrupted => continue,
                Err(wrong) => return Err(wrong),
            };
            if available.is_empty() {
                return Ok((length > 0).then_some(length));
            }
            let part = available.split_inclusive(|byte| *byte == b'\n').next().unwrap_or(available);
            let used = part.len();
            let content = part.strip_suffix(b"\n").unwrap_or(part);
            found |= content.len() < used;
            length += content.len() as u64;
            if length <= LONGEST as u64 {
                self.buffer.extend_from_slice(content);
            }
            self.from.consume(used);
            self.bytes += used as u64;
            if found {
                return Ok(Some(length));
            }
        }
    }

    /// Errors of the packing come as "invalid" or "unexpected end"; everything else is the system's.
    fn failed(&self, why: io::Error) -> Unusable {
        let path = self.path.clone();
        match why.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                let why = if why.kind() == io::ErrorKind::UnexpectedEof {
                    "the file ends too early".to_owned()
                } else {
                    why.to_string()
                };
                Unusable::Damaged { path, lines: self.number, bytes: self.bytes, why }
            }
            _ => Unusable::Unreadable { path, why },
        }
    }
}
