//! Input that cannot be used at all: exit code 2. Every message names the file and the next step.

use std::io;
use std::path::PathBuf;

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be opened or read.
    #[error("{}: cannot be read: {why}; check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// Its packing ends too early or is damaged.
    #[error("{}: damaged after line {lines} ({bytes} bytes of text): {why}; fetch or copy the file again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Complete lines that could be read.
        lines: u64,
        /// Bytes of text that could be read.
        bytes: u64,
        /// What is wrong with the packing.
        why: String,
    },
    /// A zip archive without a CSV.
    #[error("{}: the archive holds no .csv file, but {}; unpack it, or name another", path.display(), listed(found))]
    NoCsv {
        /// The archive.
        path: PathBuf,
        /// What it holds.
        found: Vec<String>,
    },
    /// A table whose columns are not those of bars.
    #[error("{}: no column for {}; the columns are {}: rename them in the first line, or name another file", path.display(), listed(missing), listed(seen))]
    Columns {
        /// The file.
        path: PathBuf,
        /// What is missing.
        missing: Vec<String>,
        /// What is there.
        seen: Vec<String>,
    },
    /// A table without names that has fewer columns than bars need.
    #[error(
        "{}: the first line has no names, and {} is not time, open, high, low, close; add a first line that names the columns",
        path.display(),
        listed(seen)
    )]
    NoHeader {
        /// The file.
        path: PathBuf,
        /// The cells of the first line.
        seen: Vec<String>,
    },
    /// Nothing says which instrument it is about.
    #[error("{}: nothing says which symbol this is; add --symbol, or name the file like BTCUSDT-5m.csv", path.display())]
    NoSymbol {
        /// The file.
        path: PathBuf,
    },
    /// Text in two bytes a letter, as spreadsheets save it when asked for Unicode.
    #[error("{}: the text is UTF-16; save it as CSV in UTF-8", path.display())]
    Utf16 {
        /// The file.
        path: PathBuf,
    },
    /// Not one usable line.
    #[error("{}: no usable line{}; recorded frames (`time_ns JSON`) or bars (CSV) are needed", path.display(), first_reason(first))]
    Nothing {
        /// The file.
        path: PathBuf,
        /// Why the first line is not usable, where there is one.
        first: Option<String>,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    // Names come from the file, which may be anything: no control characters, and not too many letters.
    let clean = |name: &String| name.chars().filter(|letter| !letter.is_control()).take(60).collect::<String>();
    let shown: Vec<String> = names.iter().take(20).map(|name| format!("`{}`", clean(name))).collect();
    let more = if names.len() > 20 { " …" } else { "" };
    shown.join(", ") + more
}

fn first_reason(first: &Option<String>) -> String {
    first.as_ref().map_or_else(String::new, |why| format!(" ({why})"))
}
