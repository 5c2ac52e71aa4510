//! What an engine keeps beside its store: state files and the trade log. They follow the journal on a thread of their own.

use crate::config::Config;
use crate::records::{TradeLog, TradeLogFailure};
use backstop_runtime::{Background, Followed, Follower, StateFileKeeper};
use backstop_store::{Journal, ReadOnly, ReadUpdate, StoreError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Tells people of what could not be done.
pub type Told = fn(String);

/// Which files are kept.
pub struct Beside {
    /// State files by symbol.
    pub state_files: BTreeMap<String, PathBuf>,
    /// The trade log.
    pub trade_log: Option<PathBuf>,
    /// The currencies trades may be in.
    pub currencies: Vec<String>,
}

impl Beside {
    /// The state files of a configuration, and this trade log.
    #[must_use]
    pub fn new(config: &Config, trade_log: Option<&PathBuf>, currencies: Vec<String>) -> Self {
        let files = config.instruments.iter();
        let state_files =
            files.filter_map(|(symbol, overrides)| Some((symbol.to_string(), overrides.state_file.clone()?))).collect();
        Self { state_files, trade_log: trade_log.cloned(), currencies }
    }

    /// Lets these files follow the journal of `store`, after making up for what a crash has kept from them. A file that
    /// cannot be kept is told of and left out: an engine does not stay down for it.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be looked into.
    pub fn follow(self, journal: Box<dyn Journal>, store: &Path, told: Told) -> Result<Box<dyn Journal>, StoreError> {
        if self.state_files.is_empty() && self.trade_log.is_none() {
            return Ok(journal);
        }
        let reader = ReadOnly::open(store)?;
        let mut followers: Vec<Box<dyn Follower>> = Vec::new();
        if !self.state_files.is_empty() {
            let keeper = StateFileKeeper::start(self.state_files, &reader.open_positions()?, Box::new(told));
            followers.push(in_background(keeper, "state files are", told));
        }
        if let Some(path) = self.trade_log {
            match TradeLog::open(&path, self.currencies, &reader.trades()?) {
                Ok(log) => followers.push(in_background(Keeper { log, told }, "the trade log is", told)),
                Err(why) => told(format!("{why}. It is not kept until the next start")),
            }
        }
        Ok(Box::new(Followed::new(journal, followers)))
    }
}

fn in_background(follower: impl Follower + 'static, what: &'static str, told: Told) -> Box<dyn Follower> {
    let behind = move || told(format!("{what} behind and incomplete until the next start; is that disk slow?"));
    Box::new(Background::start(follower, behind))
}

struct Keeper {
    log: TradeLog,
    told: Told,
}

impl Follower for Keeper {
    fn follow(&mut self, reads: &[ReadUpdate]) {
        for read in reads.iter().filter(|read| !read.is_merged) {
            let heard: Result<(), TradeLogFailure> = self.log.hear(&read.document, &read.course);
            if let Err(why) = heard {
                (self.told)(format!("{why}. What is missing is appended at the next start"));
            }
        }
    }
}
