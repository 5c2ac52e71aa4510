//! Where the paper venue keeps its candles: a text file beside the ledger, one candle a line, so that average true ranges are
//! known again after a restart.
//!
//! Minutes that have ended are appended; now and then the file is written anew without what is too old. Not synced: what is
//! lost with the machine is a minute or two of history.

use super::LedgerFailure;
use super::candles::{HOUR, MINUTE};
use backstop_model::{Candle, Series, Span, Symbol, Timestamp};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Fewer lines than this are never too many.
const FEW: usize = 2_000;

/// One candle and whose it is: symbol, series, its length and beginning in seconds, high, low, close.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub symbol: Symbol,
    pub series: Series,
    pub length: Span,
    pub candle: Candle,
}

impl Line {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut word = || words.next();
        let symbol = Symbol::new(word()?).ok()?;
        let name = word()?;
        let series = Series::ALL.into_iter().find(|series| series.word() == name)?;
        let seconds: i64 = word()?.parse().ok()?;
        let length = [MINUTE, HOUR].into_iter().find(|length| *length == Span::from_secs(seconds))?;
        let opened_at = Timestamp::EPOCH.plus(Span::from_secs(word()?.parse().ok()?));
        let (high, low, close) = (word()?.parse().ok()?, word()?.parse().ok()?, word()?.parse().ok()?);
        words.next().is_none().then_some(Self {
            symbol,
            series,
            length,
            candle: Candle { opened_at, high, low, close },
        })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { symbol, series, length, candle } = self;
        let Candle { opened_at, high, low, close } = candle;
        let (length, opened) = (length.as_millis() / 1_000, opened_at.as_millis() / 1_000);
        writeln!(f, "{symbol} {} {length} {opened} {high} {low} {close}", series.word())
    }
}

/// The file.
#[derive(Debug)]
pub(super) struct CandleFile {
    path: PathBuf,
    found: Vec<Line>,
    ended: String,
    lines: usize,
}

impl CandleFile {
    /// The file at `path`, which need not exist yet.
    ///
    /// # Errors
    /// [`LedgerFailure`] when it is there and cannot be used.
    pub(super) fn open(path: &Path) -> Result<Self, LedgerFailure> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => String::new(),
            Err(why) => {
                return Err(LedgerFailure::File { path: path.display().to_string(), done: "read", why });
            }
        };
        let mut file = Self { path: path.to_owned(), found: Vec::new(), ended: String::new(), lines: 0 };
        // The machine may have failed in the middle of the last one.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for (number, line) in (1..).zip(whole.lines()) {
            let line = Line::read(line)
                .ok_or_else(|| LedgerFailure::NoCandle { path: path.display().to_string(), line: number })?;
            file.found.push(line);
        }
        // Without the end of a line the next one would be joined to it.
        file.lines = if whole.len() + 1 < text.len() { usize::MAX } else { file.found.len() };
        Ok(file)
    }

    /// What was found, once.
    pub(super) fn take_lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.found)
    }

    /// A candle has ended.
    pub(super) fn ended(&mut self, line: Line) {
        self.ended.push_str(&line.to_string());
        self.lines = self.lines.saturating_add(1);
    }

    /// Whether it holds much more than the candles that are kept.
    pub(super) const fn has_grown(&self, kept: usize) -> bool {
        self.lines > FEW + 2 * kept
    }

    /// Writes what has ended at its end.
    pub(super) fn append(&mut self) -> io::Result<()> {
        if self.ended.is_empty() {
            return Ok(());
        }
        OpenOptions::new().create(true).append(true).open(&self.path)?.write_all(self.ended.as_bytes())?;
        self.ended.clear();
        Ok(())
    }

    /// Writes it anew.
    pub(super) fn rewrite(&mut self, lines: impl Iterator<Item = Line>) -> io::Result<()> {
        let text: Vec<String> = lines.map(|line| line.to_string()).collect();
        let fresh = self.path.with_extension("candles-new");
        fs::write(&fresh, text.concat())?;
        fs::rename(&fresh, &self.path)?;
        self.lines = text.len();
        self.ended.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_left_out_and_one_that_says_nothing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.candles");
        let found = |text: &str| {
            fs::write(&path, text).unwrap();
            CandleFile::open(&path).map(|mut file| (file.has_grown(0), file.take_lines().len()))
        };
        let line = "BTCUSDT last 60 120 50100 50000 50050\n";
        assert_eq!(found(line).unwrap(), (false, 1));
        assert_eq!(Line::read(line.trim_end()).unwrap().to_string(), line);
        assert_eq!(found(&format!("{line}BTCUSDT last 60 180 50")).unwrap(), (true, 1), "to be written anew");
        let told = found(&format!("{line}BTCUSDT last 60 abc 1 1 1\n")).unwrap_err().to_string();
        assert_eq!(
            told,
            format!(
                "{} line 2 is no candle; move the file away: average true ranges are measured anew then",
                path.display()
            )
        );
    }
}
