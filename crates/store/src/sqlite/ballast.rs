//! Room kept for the day the disk is full (F-M05): a file beside the store that is given up when SQLite finds no space.
//!
//! What it gives is shared by everything that is recorded then: records are small, 64 MiB hold some ten thousand of them,
//! and a hole in the journal would be worse than a record more. That new plans and entries are refused from then on is
//! the caller's part, who asks [`crate::Journal::is_on_reserve`]. Checkpoints never use it.

use crate::regular::regular;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// As much is kept unless something else is asked for, in bytes.
pub(super) const USUAL: u64 = 64 * 1024 * 1024;

/// Written at once, in bytes; longer than what a file system compresses together.
const CHUNK: usize = 1024 * 1024;

/// The file, and whether it is there.
pub(super) struct Ballast {
    path: PathBuf,
    bytes: u64,
    held: bool,
}

impl Ballast {
    /// Keeps `bytes` beside the store; none are kept for 0. A disk that has no room for it is no error here, it is the
    /// state the ballast is for.
    pub(super) fn hold(store: &Path, bytes: u64) -> Self {
        let path = super::door::beside(store, ".ballast");
        let mut ballast = Self { path, bytes, held: false };
        ballast.fill();
        ballast
    }

    /// Takes the room again, after somebody has freed some.
    pub(super) fn fill(&mut self) {
        // What is no file is somebody's: there is no reserve then, as on a full disk.
        if self.bytes == 0 || regular(&self.path).is_err() {
            return;
        }
        let there = fs::metadata(&self.path).map_or(0, |found| found.len());
        self.held = there == self.bytes || write(&self.path, self.bytes).is_ok();
        if !self.held {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Gives up the room. False when there was none to give.
    pub(super) fn release(&mut self) -> bool {
        let held = std::mem::replace(&mut self.held, false);
        held && fs::remove_file(&self.path).is_ok()
    }

    /// Whether it was wanted and is not there.
    pub(super) const fn is_spent(&self) -> bool {
        self.bytes > 0 && !self.held
    }
}

/// Real bytes that do not compress: a hole in a file, or a run of zeros, keeps no room on many file systems.
fn write(path: &Path, bytes: u64) -> std::io::Result<()> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut chunk = vec![0; CHUNK];
    for word in chunk.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        word.copy_from_slice(&state.to_le_bytes());
    }
    let mut file = File::create(path)?;
    let mut left = bytes;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        file.write_all(&chunk[..now])?;
        left -= now as u64;
    }
    Ok(())
}
