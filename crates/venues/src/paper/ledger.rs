//! The paper venue's ledger file: its whole state, written atomically before anything is acknowledged.
//!
//! Beside it lies a cursor file that says how far the market has been played. Losing that one only repeats prices. And the
//! candles of the past, see `candle_file`.

use super::candle_file::CandleFile;
use super::candles::Candles;
use super::deals::DealBook;
use backstop_sim::Exchange;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The form this version writes.
const VERSION: u32 = 1;

/// A ledger file that cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFailure {
    /// Reading or writing failed.
    #[error("the paper ledger {path} cannot be {done}: {why}; check permissions and free space")]
    File {
        /// Which file.
        path: String,
        /// Read or written.
        done: &'static str,
        /// What the system says.
        why: std::io::Error,
    },
    /// A line of the candles that says nothing.
    #[error("{path} line {line} is no candle; move the file away: average true ranges are measured anew then")]
    NoCandle {
        /// Which file.
        path: String,
        /// Which line, from 1.
        line: usize,
    },
    /// Not a ledger.
    #[error("{path} is not a paper ledger of this version ({why}); move it away, or give another --store")]
    NotOurs {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Deserialize)]
struct Saved {
    version: u32,
    exchange: Exchange,
}

/// The rest of the file: whose the levels of deals are.
#[derive(Default, Deserialize)]
struct SavedDeals {
    #[serde(default)]
    deals: DealBook,
}

#[derive(Serialize)]
struct Saving<'a> {
    version: u32,
    exchange: &'a Exchange,
    deals: &'a DealBook,
}

/// A ledger on disk.
pub struct LedgerFile {
    path: PathBuf,
}

impl LedgerFile {
    /// The ledger at `path`, which need not exist yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn cursor_path(&self) -> PathBuf {
        self.path.with_extension("cursor")
    }

    /// The candles beside it; those of an unreadable file have been told of by [`Self::read`].
    pub(super) fn candles(&self) -> Candles {
        CandleFile::open(&self.candles_path()).map(Candles::of).unwrap_or_default()
    }

    fn candles_path(&self) -> PathBuf {
        // Ledgers of several exchanges may differ in their extension only.
        let mut name = self.path.clone().into_os_string();
        name.push(".candles");
        name.into()
    }

    pub(super) fn candles_failed(&self, why: std::io::Error) -> LedgerFailure {
        LedgerFailure::File { path: self.candles_path().display().to_string(), done: "written", why }
    }

    fn failed(&self, done: &'static str) -> impl FnOnce(std::io::Error) -> LedgerFailure + '_ {
        move |why| LedgerFailure::File { path: self.path.display().to_string(), done, why }
    }

    /// The exchange as it was last written, and how far the market was played; nothing when there is no file.
    ///
    /// # Errors
    /// [`LedgerFailure`] when the file is there and cannot be used.
    pub fn read(&self) -> Result<Option<(Exchange, u64)>, LedgerFailure> {
        self.only_files().map_err(self.failed("used"))?;
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(self.failed("read")(why)),
        };
        let not_ours = |why: String| LedgerFailure::NotOurs { path: self.path.display().to_string(), why };
        let saved: Saved = serde_json::from_slice(&text).map_err(|why| not_ours(why.to_string()))?;
        if saved.version != VERSION {
            return Err(not_ours(format!("version {}", saved.version)));
        }
        CandleFile::open(&self.candles_path())?;
        let cursor = fs::read_to_string(self.cursor_path()).ok().and_then(|text| text.trim().parse().ok());
        Ok(Some((saved.exchange, cursor.unwrap_or(0))))
    }

    /// A FIFO without another end blocks whoever opens it: nothing but files is opened.
    fn only_files(&self) -> std::io::Result<()> {
        let fresh = ["new", "cursor-new"].map(|extension| self.path.with_extension(extension));
        for path in [self.path.clone(), self.cursor_path(), self.candles_path()].into_iter().chain(fresh) {
            if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
                return Err(std::io::Error::other(format!("{} is no file; move it away", path.display())));
            }
        }
        Ok(())
    }

    /// Whose the levels of deals are; nobody's when the file does not say.
    pub(super) fn deals(&self) -> DealBook {
        let text = fs::read(&self.path).unwrap_or_default();
        serde_json::from_slice::<SavedDeals>(&text).unwrap_or_default().deals
    }

    /// Writes the exchange: a temporary file, synced, renamed over the old one.
    ///
    /// # Errors
    /// [`LedgerFailure::File`]; the old ledger is still there.
    pub(super) fn write(&mut self, exchange: &Exchange, deals: &DealBook) -> Result<(), LedgerFailure> {
        let fresh = self.path.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&fresh)?;
            file.write_all(&serde_json::to_vec(&Saving { version: VERSION, exchange, deals })?)?;
            file.sync_data()?;
            fs::rename(&fresh, &self.path)?;
            if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                File::open(folder)?.sync_all()?;
            }
            Ok(())
        };
        write().map_err(self.failed("written"))
    }

    /// Writes how far the market has been played.
    ///
    /// # Errors
    /// [`LedgerFailure::File`].
    pub fn note_cursor(&mut self, cursor: u64) -> Result<(), LedgerFailure> {
        let fresh = self.path.with_extension("cursor-new");
        let write = || -> std::io::Result<()> {
            fs::write(&fresh, cursor.to_string())?;
            fs::rename(&fresh, self.cursor_path())
        };
        write().map_err(self.failed("written"))
    }
}
