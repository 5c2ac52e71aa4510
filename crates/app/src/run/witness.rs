//! Whether the journal may have lost its end since the engine last ran: a file beside the store says what it has seen of it.
//!
//! What is written and synced survives a process that dies. A machine that dies may take it along when its disk has lied, and
//! a backup that is put back brings an older end (F-M13). Both show: the machine has been started again since, or the journal
//! is shorter than it was. What follows from it is the cycle's business.

use backstop_store::regular;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Until then a loss counts, also when the engine is started again meanwhile; requests are valid for less.
const COUNTS_FOR_MS: i64 = 60_000;

/// What the file says.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Seen {
    /// The machine's name for its present run; nothing where it has none.
    boot: Option<String>,
    /// The journal's last record was at least this one.
    sequence: u64,
    /// When a loss was last possible, in milliseconds of the Unix epoch.
    #[serde(default)]
    doubted_at: Option<i64>,
}

/// The file beside a store.
#[derive(Debug)]
pub struct Witness {
    path: PathBuf,
    boot: Option<String>,
}

impl Witness {
    /// The witness of a store.
    #[must_use]
    pub fn beside(store: &Path) -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        Self { path: store.with_extension("witness"), boot: boot.map(|boot| boot.trim().to_owned()) }
    }

    /// Whether records may be missing behind the last one, `sequence`, and from now on what was seen. A journal without a
    /// record misses none when nobody has seen it before.
    ///
    /// # Errors
    /// When it cannot be written: then the next start doubts.
    pub fn doubts(&self, sequence: u64, now_ms: i64) -> (bool, io::Result<()>) {
        let read = regular(&self.path).and_then(|()| fs::read(&self.path));
        let seen = read.ok().and_then(|bytes| serde_json::from_slice::<Seen>(&bytes).ok());
        let is_new = seen.as_ref().map_or(sequence > 0, |seen| self.is_new_doubt(seen, sequence));
        let before = seen.and_then(|seen| seen.doubted_at);
        let doubted_at = if is_new { Some(now_ms) } else { before };
        let counts = doubted_at.is_some_and(|at| now_ms.saturating_sub(at) < COUNTS_FOR_MS);
        (counts, self.write(&Seen { boot: self.boot.clone(), sequence, doubted_at }))
    }

    fn is_new_doubt(&self, seen: &Seen, sequence: u64) -> bool {
        self.boot.is_none() || seen.boot != self.boot || sequence < seen.sequence
    }

    fn write(&self, seen: &Seen) -> io::Result<()> {
        let beside = self.path.with_extension("witness-new");
        regular(&self.path)?;
        regular(&beside)?;
        fs::write(&beside, serde_json::to_vec(seen)?)?;
        fs::rename(beside, &self.path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use tempfile::{TempDir, tempdir};

    fn on(boot: Option<&str>, folder: &TempDir) -> Witness {
        Witness { boot: boot.map(str::to_owned), ..Witness::beside(&folder.path().join("s.db")) }
    }

    fn doubts(witness: &Witness, sequence: u64, now_ms: i64) -> bool {
        let (doubts, written) = witness.doubts(sequence, now_ms);
        written.unwrap();
        doubts
    }

    #[test]
    fn a_process_that_is_started_again_on_a_running_machine_doubts_nothing() {
        let folder = tempdir().unwrap();
        let witness = on(Some("monday"), &folder);
        assert!(!doubts(&witness, 0, 0), "nothing was ever sent");
        assert!(!doubts(&witness, 40, 1_000));
        assert!(!doubts(&witness, 41, 2_000));
    }

    #[test]
    fn a_journal_that_is_gone_as_a_whole_is_doubted_too() {
        let folder = tempdir().unwrap();
        assert!(!doubts(&on(Some("monday"), &folder), 0, 0));
        assert!(!doubts(&on(Some("monday"), &folder), 40, 0));
        assert!(doubts(&on(Some("monday"), &folder), 0, 100_000));
    }

    #[test]
    fn a_machine_that_was_started_again_a_shorter_journal_and_a_witness_that_is_gone_are_doubted_for_a_minute() {
        let folder = tempdir().unwrap();
        assert!(!doubts(&on(Some("monday"), &folder), 0, 0));
        assert!(!doubts(&on(Some("monday"), &folder), 40, 0));
        assert!(doubts(&on(Some("tuesday"), &folder), 40, 100_000), "the machine was started again");
        assert!(doubts(&on(Some("tuesday"), &folder), 44, 159_999), "a minute is not over");
        assert!(!doubts(&on(Some("tuesday"), &folder), 45, 160_000));
        assert!(doubts(&on(Some("tuesday"), &folder), 44, 300_000), "the journal is shorter than it was");
        fs::remove_file(folder.path().join("s.witness")).unwrap();
        assert!(doubts(&on(Some("tuesday"), &folder), 50, 900_000), "nobody has seen it");
        assert!(doubts(&on(None, &folder), 60, 1_900_000), "a machine that does not say so");
    }
}
