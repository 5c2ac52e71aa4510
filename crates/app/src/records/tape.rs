//! The price tape: what the market did, for asking later what another plan would have done (product.md §4).
//!
//! One line a moment, appended and flushed when it suits; it is no part of the journal, nothing is decided on it, and what
//! a crash takes of its end is only missing. A line is `NANOSECONDS SYMBOL how POINTS [POINTS] .`: `how` is `jump` or `path`
//! (nothing left out between the points, as inside a bar); points are divided by `;`, each is `last,mark,bid,ask` with
//! nothing where a series has no value, or one price where all four are the same. The second list is the order for shorts
//! where it is another one; the full stop says that the line is whole.
//!
//! Limit: a tape that has reached 64 MiB becomes `.tape.1`, in place of the one before, and a new one begins. So the newest
//! 64 MiB at least are there, about half a million moments.

use crate::demo::Moment;
use crate::recorded::Tally;
use backstop_model::{Price, Prices, Series, Symbol, Timestamp};
use backstop_store::regular;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A tape that has grown to this is put aside, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// A longer line is no line of ours.
const LONGEST_LINE: u64 = 64 * 1024;
/// Ends a line that is whole: a torn one could pass for another.
const END: &str = " .";

/// Where the tape of a store lies.
#[must_use]
pub fn tape_of(store: &Path) -> PathBuf {
    store.with_extension("tape")
}

fn older(tape: &Path) -> PathBuf {
    tape.with_extension("tape.1")
}

/// A tape that is being written. It has no say: when the disk refuses it, it ends and the engine goes on.
pub struct TapeWriter {
    path: PathBuf,
    largest: u64,
    file: Option<BufWriter<File>>,
    bytes: u64,
}

impl TapeWriter {
    /// Goes on with the tape at `path`, or begins one.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_with_limit(path, LARGEST)
    }

    fn open_with_limit(path: &Path, largest: u64) -> io::Result<Self> {
        regular(path)?;
        let mut file = OpenOptions::new().append(true).read(true).create(true).open(path)?;
        let bytes = file.seek(SeekFrom::End(0))?;
        let mut writer = Self { path: path.to_owned(), largest, file: None, bytes };
        let mut torn = false;
        if bytes > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            torn = last != *b"\n";
        }
        let file = writer.file.insert(BufWriter::new(file));
        if torn {
            file.write_all(b"\n")?;
        }
        Ok(writer)
    }

    /// Appends one moment, sooner or later.
    pub fn note(&mut self, moment: &Moment) {
        if moment.long.is_empty() {
            return;
        }
        let line = line(moment);
        let Some(file) = &mut self.file else { return };
        self.bytes += line.len() as u64;
        if file.write_all(line.as_bytes()).is_err() || (self.bytes >= self.largest && self.turn_over().is_err()) {
            self.file = None;
        }
    }

    /// Hands what is waiting to the system.
    pub fn flush(&mut self) {
        if self.file.as_mut().is_some_and(|file| file.flush().is_err()) {
            self.file = None;
        }
    }

    fn turn_over(&mut self) -> io::Result<()> {
        self.flush();
        fs::rename(&self.path, older(&self.path))?;
        regular(&self.path)?;
        self.file = Some(BufWriter::new(File::create(&self.path)?));
        self.bytes = 0;
        Ok(())
    }
}

/// A tape that is read, the older part first. What was played again after a crash is left out; lines that are none of a tape are
/// counted and named, the torn end is only missing.
pub struct TapeReader {
    parts: Vec<BufReader<File>>,
    newest: BTreeMap<Symbol, Timestamp>,
    /// Of the part that is being read.
    line: u64,
    tally: Tally,
}

impl TapeReader {
    /// Opens the tape at `path`.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        regular(path)?;
        let mut parts = vec![BufReader::new(File::open(path)?)];
        if let Ok(older) = regular(&older(path)).and_then(|()| File::open(older(path))) {
            parts.push(BufReader::new(older));
        }
        Ok(Self { parts, newest: BTreeMap::new(), line: 0, tally: Tally::default() })
    }

    /// What was skipped so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The next moment; none at the end.
    ///
    /// # Errors
    /// When the file cannot be read any further.
    pub fn next_moment(&mut self) -> io::Result<Option<Moment>> {
        let mut line = Vec::new();
        while let Some(part) = self.parts.last_mut() {
            line.clear();
            if part.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
                (self.line, _) = (0, self.parts.pop());
                continue;
            }
            self.line += 1;
            let is_torn = !line.ends_with(b"\n") && (line.len() as u64) < LONGEST_LINE;
            self.tally.lines += u64::from(!is_torn);
            let whole = line.strip_suffix(b"\n").and_then(|text| std::str::from_utf8(text).ok());
            let Some(moment) = whole.and_then(read) else {
                if !is_torn {
                    let part = if self.parts.len() > 1 { " (of the older part)" } else { "" };
                    self.tally.skip(self.line, format_args!("no moment of a tape{part}"));
                }
                continue;
            };
            let newest = self.newest.entry(moment.symbol).or_insert(Timestamp::EPOCH);
            if moment.at > *newest {
                *newest = moment.at;
                return Ok(Some(moment));
            }
        }
        Ok(None)
    }
}

fn line(moment: &Moment) -> String {
    let how = if moment.continuous { "path" } else { "jump" };
    let mut line = format!("{} {} {how} {}", moment.at.as_nanos(), moment.symbol, points(&moment.long));
    if moment.short != moment.long {
        line.push(' ');
        line.push_str(&points(&moment.short));
    }
    line.push_str(END);
    line.push('\n');
    line
}

fn points(points: &[Prices]) -> String {
    let texts: Vec<String> = points.iter().map(point).collect();
    texts.join(";")
}

fn point(prices: &Prices) -> String {
    match prices.last {
        Some(last) if *prices == Prices::all(last) => last.to_string(),
        _ => {
            let texts = Series::ALL.map(|series| prices.of(series).map_or_else(String::new, |price| price.to_string()));
            texts.join(",")
        }
    }
}

fn read(line: &str) -> Option<Moment> {
    let mut words = line.strip_suffix(END)?.split(' ');
    let at = Timestamp::from_nanos(words.next()?.parse().ok()?);
    let symbol = Symbol::new(words.next()?).ok()?;
    let continuous = match words.next()? {
        "jump" => false,
        "path" => true,
        _ => return None,
    };
    let long = read_points(words.next()?)?;
    let short = words.next().map_or_else(|| Some(long.clone()), read_points)?;
    words.next().is_none().then_some(Moment { at, symbol, long, short, continuous })
}

fn read_points(text: &str) -> Option<Vec<Prices>> {
    text.split(';').map(read_point).collect()
}

fn read_point(text: &str) -> Option<Prices> {
    if !text.contains(',') {
        return text.parse().ok().map(Prices::all);
    }
    let cells: Vec<&str> = text.split(',').collect();
    let price = |cell: &str| -> Option<Option<Price>> {
        if cell.is_empty() { Some(None) } else { cell.parse().ok().map(Some) }
    };
    let [last, mark, bid, ask] = cells[..] else { return None };
    Some(Prices { last: price(last)?, mark: price(mark)?, bid: price(bid)?, ask: price(ask)? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn moment(millis: i64, price: &str) -> Moment {
        let price: Price = price.parse().unwrap();
        let prices = Prices { bid: None, ask: None, ..Prices::all(price) };
        let (at, symbol) = (Timestamp::from_millis(millis).unwrap(), Symbol::new("BTCUSDT").unwrap());
        let long = vec![Prices::all(price), prices];
        let short = vec![prices, Prices::all(price)];
        Moment { at, symbol, long, short, continuous: true }
    }

    fn all(path: &Path) -> Vec<Moment> {
        let mut reader = TapeReader::open(path).unwrap();
        std::iter::from_fn(|| reader.next_moment().unwrap()).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.tape");
        let moments =
            [moment(1, "50000.1"), Moment { short: moment(2, "7").long, continuous: false, ..moment(2, "7") }];
        let mut tape = TapeWriter::open(&path).unwrap();
        moments.iter().for_each(|moment| tape.note(moment));
        drop(tape);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "1000000 BTCUSDT path 50000.1;50000.1,50000.1,, 50000.1,50000.1,,;50000.1 .\n2000000 BTCUSDT jump 7;7,7,, .\n"
        );
        assert_eq!(all(&path), moments);
    }

    #[test]
    fn a_torn_end_and_what_was_played_again_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.tape");
        let write = |moments: &[Moment]| {
            let mut tape = TapeWriter::open(&path).unwrap();
            moments.iter().for_each(|moment| tape.note(moment));
        };
        write(&[moment(1, "1"), moment(2, "2"), moment(3, "3")]);
        let whole = fs::read(&path).unwrap();
        let last = whole.len() / 3 - 1;
        for torn in 1..last {
            fs::write(&path, &whole[..whole.len() - torn]).unwrap();
            assert_eq!(all(&path), [moment(1, "1"), moment(2, "2")], "{torn} bytes are gone");
            write(&[moment(2, "2"), moment(3, "3"), moment(4, "4")]);
            assert_eq!(all(&path), [moment(1, "1"), moment(2, "2"), moment(3, "3"), moment(4, "4")], "{torn}");
        }
    }

    #[test]
    fn a_tape_that_has_grown_too_long_keeps_its_newer_half() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.tape");
        let mut tape = TapeWriter::open_with_limit(&path, 200).unwrap();
        (1..=100).for_each(|millis| tape.note(&moment(millis, "1")));
        drop(tape);
        let left = all(&path);
        assert_eq!(left.last().unwrap().at.as_millis(), 100);
        assert!((2..=20).contains(&left.len()), "{}", left.len());
        assert!(left.windows(2).all(|pair| pair[1].at.as_millis() == pair[0].at.as_millis() + 1));
    }
}
