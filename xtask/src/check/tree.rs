//! The files of the checkout: every text file, read once, in a fixed order.
//!
//! Build output, dependencies of other package managers and git's own folder are left out; so are
//! files that are not UTF-8 or too large to be somebody's prose. No rule lives here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Folders that hold other people's or generated files.
const SKIPPED_FOLDERS: [&str; 5] = [".git", "dist", "mutants.out", "node_modules", "target"];

/// Recorded frames and tapes can be large; prose and code never are.
const LARGEST_FILE_BYTES: u64 = 2 * 1024 * 1024;

/// Text by path; paths are relative to the root with forward slashes.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads everything below `root`.
    ///
    /// # Errors
    ///
    /// When a folder or file cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    /// A tree from path and text, for tests.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| (path.to_string(), text.to_string()));
        Self { files: files.collect() }
    }

    /// Every text file.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The Rust files that are under the house rules.
    pub fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| is_ours(path) && path.ends_with(".rs"))
    }

    /// One file's text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            let kind = entry.file_type()?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let path = format!("{prefix}{name}");
            if kind.is_dir() {
                if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    self.read_folder(&entry.path(), &format!("{path}/"))?;
                }
            } else if kind.is_file() {
                self.read_file(&entry.path(), path)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, file: &Path, path: String) -> Result<()> {
        // A file that vanishes between listing and reading was a temporary one: not ours to judge.
        let Ok(facts) = fs::metadata(file) else { return Ok(()) };
        if facts.len() > LARGEST_FILE_BYTES {
            return Ok(());
        }
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
        };
        if let Ok(text) = String::from_utf8(bytes) {
            self.files.insert(path, text);
        }
        Ok(())
    }
}

fn is_ours(path: &str) -> bool {
    path.starts_with("crates/") || path.starts_with("xtask/src/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rust_of_crates_and_xtask_is_ours() {
        let tree = Tree::of(&[
            ("README.md", ""),
            ("build/x.rs", ""),
            ("crates/core/src/lib.rs", "//! x"),
            ("crates/core/README.md", ""),
            ("xtask/src/main.rs", "//! y"),
        ]);
        let paths: Vec<_> = tree.rust().map(|(path, _)| path).collect();
        assert_eq!(paths, ["crates/core/src/lib.rs", "xtask/src/main.rs"]);
    }

    #[test]
    fn reading_this_checkout_finds_this_file_and_no_build_output() {
        let root = crate::workspace_root();
        let tree = Tree::read(&root).unwrap_or_default();
        assert!(tree.text("xtask/src/check/tree.rs").is_some());
        assert!(tree.files().all(|(path, _)| !path.starts_with("target/")));
    }
}
