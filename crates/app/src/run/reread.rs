//! The file of the configuration read again while the engine runs: what changes, and what stands against it.
//!
//! What may change meanwhile is `runtime::reload`'s; here a file becomes definitions under the numbers that are given.

use super::RunCast;
use crate::config::Config;
use crate::web::{Change, Counts, Open, Source, Unread};
use backstop_model::{Event, Instrument, Name, PositionKey};
use backstop_runtime::NotTaken;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file that is another one after so long is being written.
const SETTLES: Duration = Duration::from_millis(100);

/// The instruments of a configuration, and those that are needed although it does not name them.
pub type Instruments = fn(&Config, &[Instrument]) -> Result<Vec<Instrument>, String>;

/// A configuration that counts, and the file it came from.
pub struct Reread {
    path: Option<PathBuf>,
    config: Config,
    cast: RunCast,
    next: Option<(Config, RunCast)>,
    instruments: Instruments,
}

impl Reread {
    /// What counts now; without a path there is nothing to read again.
    #[must_use]
    pub fn new(path: Option<&Path>, config: &Config, cast: RunCast, instruments: Instruments) -> Self {
        Self { path: path.map(Path::to_path_buf), config: config.clone(), cast, next: None, instruments }
    }

    fn load(&self) -> Result<Config, Unread> {
        let wrong = |text: String| Unread::Wrong(text);
        let path = self.path.as_ref().ok_or_else(|| {
            wrong("the engine was started without --config: there is no file to read again".to_owned())
        })?;
        if !path.is_file() {
            return Err(wrong(format!("{} is not a file; nothing was changed", path.display())));
        }
        let before = size_and_age(path);
        std::thread::sleep(SETTLES);
        let config = Config::load(path).map_err(|why| wrong(format!("{why}; nothing was changed")))?;
        if before != size_and_age(path) {
            return Err(wrong(format!("{} is being written: ask again when it is saved", path.display())));
        }
        if config.is_blank {
            return Err(wrong(format!("{} says nothing: was it saved whole? nothing was changed", path.display())));
        }
        Ok(config)
    }

    fn what_needs_a_start(&self, new: &Config) -> Vec<String> {
        let mut said = Vec::new();
        if new.tape != self.config.tape {
            said.push("tape is another one".to_owned());
        }
        let drills =
            |of: &Config| of.accounts.iter().map(|account| (account.name, account.fire_drill)).collect::<Vec<_>>();
        if drills(new).iter().any(|one| drills(&self.config).iter().any(|old| old.0 == one.0 && old.1 != one.1)) {
            said.push("fire_drill is another one".to_owned());
        }
        if new.instruments != self.config.instruments {
            said.push("instruments are written otherwise".to_owned());
        }
        said
    }
}

impl Source for Reread {
    fn read(&mut self, open: &[Open], confirmed: bool) -> Result<Change, Unread> {
        self.next = None;
        let config = self.load()?;
        let at_start = self.what_needs_a_start(&config);
        if !at_start.is_empty() {
            return Err(Unread::AtStart(at_start));
        }
        let instruments = (self.instruments)(&config, self.cast.instruments()).map_err(Unread::Wrong)?;
        let cast = RunCast::new(&config, instruments, self.cast.numbers()).map_err(Unread::Wrong)?;
        let moved: Vec<Name> = cast.moved_since(&self.cast).collect();
        if !moved.is_empty() {
            return Err(Unread::AtStart(
                moved.iter().map(|name| format!("account {name} is at another venue")).collect(),
            ));
        }
        let keys: Vec<PositionKey> = open.iter().map(|(key, ..)| *key).collect();
        let events = self.cast.definitions.replaced_by(&cast.definitions, &keys, confirmed);
        let events = events.map_err(|why| match why {
            NotTaken::AtStart(what) => Unread::AtStart(what),
            NotTaken::Unconfirmed(what) => Unread::Unconfirmed(what),
        })?;
        let kept = open.iter().filter(|(.., plan)| is_written_anew(plan, &events));
        let kept = kept.map(|(_, position, plan)| (position.clone(), plan.clone())).collect();
        let said = events.iter().filter_map(|event| in_words(event, &cast)).collect();
        let counts = Counts { config: config.clone(), names: cast.names() };
        self.next = Some((config, cast));
        Ok(Change { events, counts, said, kept })
    }

    fn counts(&mut self) {
        if let Some((config, cast)) = self.next.take() {
            (self.config, self.cast) = (config, cast.with_left_of(&self.cast));
        }
    }
}

fn size_and_age(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()))
}

fn is_written_anew(name: &str, events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::DefinePlan { plan, .. } if plan.name.as_str() == name))
}

fn in_words(event: &Event, cast: &RunCast) -> Option<String> {
    match event {
        Event::DefinePlan { plan, .. } => Some(format!("plan {}", plan.name)),
        Event::DefineAccount(account) => Some(format!("account {}", account.name)),
        Event::SymbolPlan { account, instrument, .. } => {
            let account = cast.accounts().iter().find(|known| known.id == *account)?.name;
            let symbol = cast.instruments().iter().find(|known| known.id == *instrument)?.symbol;
            Some(format!("the plan of {symbol} for account {account}"))
        }
        _ => None,
    }
}
