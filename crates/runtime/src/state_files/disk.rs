//! State files on the disk: each is there whole or not at all, whatever breaks off.

use super::{Difference, Found, MarketState, StateFiles, Wish};
use crate::followed::Follower;
use backstop_store::{ReadUpdate, Stored, regular};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A larger file is no state file.
const LARGEST: u64 = 64 * 1024;

/// Links that lead to links are followed so far.
const MOST_LINKS: u32 = 16;

/// Called with everything people should know.
pub type Told = Box<dyn Fn(String) + Send>;

/// Keeps the state files of a configuration.
pub struct StateFileKeeper {
    files: StateFiles,
    paths: BTreeMap<String, PathBuf>,
    told: Told,
}

impl StateFileKeeper {
    /// Reads the files at these paths, by symbol, compares them with what the store says is open, and puts them right.
    #[must_use]
    pub fn start(paths: BTreeMap<String, PathBuf>, open: &[Stored], told: Told) -> Self {
        let paths: BTreeMap<_, _> = paths.into_iter().map(|(symbol, path)| (symbol, behind_links(path))).collect();
        let mut files = StateFiles::of(paths.keys().cloned());
        let found = paths.iter().map(|(symbol, path)| (symbol.clone(), read(path))).collect();
        let differences = files.start(open, &found);
        let keeper = Self { files, paths, told };
        for Difference { symbol, text, wish } in differences {
            keeper.tell(&symbol, &text);
            if let Some(wish) = wish {
                keeper.grant(&symbol, &wish);
            }
        }
        keeper
    }

    fn grant(&self, symbol: &str, wish: &Wish) {
        let Some(path) = self.paths.get(symbol) else { return };
        let done = match wish {
            Wish::Delete => delete(path),
            Wish::Write(state) => write(path, state),
        };
        if let Err(why) = done {
            self.tell(symbol, &format!("it cannot be written ({why}); check permissions and free space"));
        }
    }

    fn tell(&self, symbol: &str, text: &str) {
        let path = self.paths.get(symbol).map_or_else(String::new, |path| path.display().to_string());
        (self.told)(format!("state file {path} of {symbol}: {text}"));
    }
}

impl Follower for StateFileKeeper {
    fn follow(&mut self, reads: &[ReadUpdate]) {
        for read in reads {
            if let Some((symbol, wish)) = self.files.hear(read) {
                self.grant(&symbol, &wish);
            }
        }
    }
}

fn read(path: &Path) -> Found {
    let mut text = String::new();
    match regular(path).and_then(|()| File::open(path)).and_then(|file| file.take(LARGEST).read_to_string(&mut text)) {
        Ok(_) => serde_json::from_str(&text).map_or_else(|why| Found::NotOurs(why.to_string()), Found::State),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Found::Missing,
        Err(why) => Found::NotOurs(why.to_string()),
    }
}

/// Where a link leads to, also when nothing stands there yet: whoever made it wants the file to be there, and a link that is
/// replaced would leave the old word at its other end.
fn behind_links(path: PathBuf) -> PathBuf {
    let mut at = path.clone();
    for _ in 0..MOST_LINKS {
        let Ok(leads) = fs::read_link(&at) else { return at };
        at = at.parent().map_or_else(|| leads.clone(), |folder| folder.join(&leads));
    }
    // Links in a circle: what the system says of them is told.
    path
}

/// A temporary file beside it, synced, renamed over it; then the folder is synced, so that the name is durable too.
fn write(path: &Path, state: &MarketState) -> io::Result<()> {
    lay_down(path, state)?;
    fs::rename(temporary(path), path)?;
    make_folder_durable(path)
}

/// The first half of [`write`]: nothing is to be seen of it at `path`.
fn lay_down(path: &Path, state: &MarketState) -> io::Result<()> {
    let fresh = temporary(path);
    // Whatever stands there, no other file is written through it.
    match fs::symlink_metadata(&fresh) {
        Ok(found) if !found.is_file() => {
            return Err(io::Error::other(format!("{} is in the way and no file; move it away", fresh.display())));
        }
        Ok(_) | Err(_) => {}
    }
    let mut file = File::create(&fresh)?;
    file.write_all(&serde_json::to_vec_pretty(state)?)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn delete(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => make_folder_durable(path),
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(why),
    }
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn make_folder_durable(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::super::tests::{closed, read as heard, stored};
    use super::*;
    use std::sync::{Arc, Mutex};

    struct Room {
        _folder: tempfile::TempDir,
        path: PathBuf,
        told: Arc<Mutex<Vec<String>>>,
    }

    impl Room {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("btc.json");
            Self { path, _folder: folder, told: Arc::default() }
        }

        fn keeper(&self, open: &[Stored]) -> StateFileKeeper {
            let told = Arc::clone(&self.told);
            let paths = BTreeMap::from([("BTCUSDT".to_owned(), self.path.clone())]);
            StateFileKeeper::start(paths, open, Box::new(move |text| told.lock().unwrap().push(text)))
        }

        fn said(&self) -> String {
            self.told.lock().unwrap().join("\n")
        }
    }

    #[test]
    fn a_file_lives_as_long_as_its_position() {
        let room = Room::new();
        let mut keeper = room.keeper(&[]);
        keeper.follow(&[heard("BTCUSDT", "1")]);
        let text = fs::read_to_string(&room.path).unwrap();
        let keys = [
            "deal_id",
            "entry_price",
            "entry_time",
            "tp_level",
            "sl_level",
            "highest_bid",
            "trailing_active",
            "status",
        ];
        let places: Vec<usize> = keys.iter().map(|key| text.find(&format!("\"{key}\"")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        assert!(text.contains("\"entry_price\": \"50000\"") && text.contains("\"status\": \"open\""), "{text}");
        keeper.follow(&[closed("BTCUSDT", "1")]);
        assert!(!room.path.exists());
        assert_eq!(room.said(), "");
    }

    #[test]
    fn a_crash_before_the_rename_leaves_nothing_or_the_whole_of_before() {
        let room = Room::new();
        let (old, new) = (stored("BTCUSDT", "1"), stored("BTCUSDT", "2"));
        let state = |stored: &Stored| super::super::state(&stored.document, stored.main_order.as_ref(), false);
        lay_down(&room.path, &state(&old)).unwrap();
        assert_eq!(read(&room.path), Found::Missing);
        write(&room.path, &state(&old)).unwrap();
        lay_down(&room.path, &state(&new)).unwrap();
        assert_eq!(read(&room.path), Found::State(state(&old)));
        // The next start puts it right, and the next write takes the left-over away.
        drop(room.keeper(&[new]));
        assert!(matches!(read(&room.path), Found::State(state) if state.deal_id == "web-2"));
        assert!(!temporary(&room.path).exists());
        assert!(room.said().contains("it says web-1 from 50000, the store says web-2"), "{}", room.said());
    }

    #[test]
    fn somebody_elses_file_is_never_touched() {
        let room = Room::new();
        fs::write(&room.path, "{\"my\": \"notes\"}").unwrap();
        let mut keeper = room.keeper(&[stored("BTCUSDT", "1")]);
        keeper.follow(&[heard("BTCUSDT", "2"), closed("BTCUSDT", "1"), closed("BTCUSDT", "2")]);
        assert_eq!(fs::read_to_string(&room.path).unwrap(), "{\"my\": \"notes\"}");
        assert!(room.said().contains("is not touched"), "{}", room.said());
    }
}
