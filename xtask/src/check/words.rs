//! One word per idea: names that are defined avoid the words the glossary avoids.
//!
//! Only definitions are looked at (functions, types, traits, modules, constants) and file names:
//! what a library or a venue calls its things is its own affair. The glossary is
//! `docs/glossary.md`; `size` for a quantity is left to the reader.

use super::finding::Finding;
use super::source::Source;

const RULE: &str = "words";

/// Avoided word, and what to say instead.
const AVOIDED: [(&str, &str); 10] = [
    ("data", "name what it holds: bars, frames, fills"),
    ("handler", "name what it does with what arrives"),
    ("info", "name what it tells"),
    ("kill", "stop, end, suspend, crash"),
    ("lot", "quantity, tranche, step size"),
    ("manager", "name what it owns or decides"),
    ("service", "name what it does"),
    ("signal", "event, trigger, entry"),
    ("strategy", "exit plan, rule"),
    ("sync", "reconcile, catch up, make durable"),
];

/// Names of files and folders that say nothing.
const EMPTY_FILE_NAMES: [&str; 9] =
    ["common", "helper", "helpers", "manager", "misc", "types", "util", "utils", "stuff"];

/// Where an avoided word is right: the word, the start of the path, and why.
const ALLOWED: [(&str, &str, &str); 6] = [
    ("data", "crates/app/src/cli/", "`backstop data` is the command's name"),
    ("kill", "crates/sim/src/fault", "the fault catalogue's name for a crash"),
    ("kill", "xtask/", "ending a child process"),
    ("signal", "crates/app/src/", "an operating system's signal; TradingView's alerts are signals"),
    ("signal", "crates/runtime/src/", "an operating system's signal"),
    ("sync", "crates/store/src/", "fsync, and SQLite's `synchronous`"),
];

const DEFINING: [&str; 9] = ["const", "enum", "fn", "macro_rules", "mod", "static", "struct", "trait", "type"];

/// Names defined outside tests.
pub fn check(source: &Source) -> Vec<Finding> {
    if !source.path.contains("/src/") || is_wire(&source.path) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut words = source.words().peekable();
    while let Some((at, word)) = words.next() {
        let Some((name_at, name)) = words.peek().copied() else { break };
        if !DEFINING.contains(&word) || source.is_test(at) || !is_adjacent(source, at, word, name_at) {
            continue;
        }
        let line = source.line_of(name_at);
        findings.extend(avoided(&source.path, name).map(|(avoided, instead)| {
            let what = format!("`{name}` uses the avoided word `{avoided}`");
            Finding::new(source.path.as_str(), line, RULE, what, instead)
        }));
    }
    findings
}

/// Names of files and of the folders below `crates/` and `xtask/`.
pub fn check_file_names<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    paths.flat_map(check_file_name).collect()
}

fn check_file_name(path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for part in path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part)) {
        if EMPTY_FILE_NAMES.contains(&part) {
            let what = format!("`{part}` says nothing about what is inside");
            findings.push(Finding::new(path, 1, RULE, what, "name the thing"));
        }
        findings.extend(avoided(path, part).map(|(avoided, instead)| {
            let what = format!("the name `{part}` uses the avoided word `{avoided}`");
            Finding::new(path, 1, RULE, what, instead)
        }));
    }
    findings
}

/// A venue's own words live in its wire module, verbatim.
fn is_wire(path: &str) -> bool {
    path.starts_with("crates/venues/src/") && (path.contains("/wire.") || path.contains("/wire/"))
}

/// Between the keyword and the name there is only space (or the `!` of `macro_rules!`).
fn is_adjacent(source: &Source, at: usize, word: &str, name_at: usize) -> bool {
    let between = source.code[at + word.len()..name_at].trim();
    between.is_empty() || between == "!" || between == "r#"
}

fn avoided(path: &str, name: &str) -> Option<(&'static str, &'static str)> {
    let parts = parts(name);
    AVOIDED.into_iter().find(|(avoided, _)| {
        let is_allowed = ALLOWED.iter().any(|(word, start, _)| word == avoided && path.starts_with(start));
        !is_allowed && parts.iter().any(|part| is_form_of(part, avoided))
    })
}

fn is_form_of(part: &str, avoided: &str) -> bool {
    let plural = match avoided.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{avoided}s"),
    };
    part == avoided || part == plural
}

/// `BookDataFrame`, `book_data_frame` and `BOOK_DATA_FRAME` are all book, data, frame.
fn parts(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut parts = vec![String::new()];
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(index + 1);
        let starts_hump = letter.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase()) || after.is_some_and(|after| after.is_lowercase()));
        if !letter.is_alphanumeric() || starts_hump {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| letter.is_alphanumeric()) {
            part.extend(letter.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn names_split_at_underscores_and_humps() {
        assert_eq!(parts("BookDataFrame"), ["book", "data", "frame"]);
        assert_eq!(parts("HTTPInfo2"), ["http", "info2"]);
        assert_eq!(parts("LAST_SYNC_MS"), ["last", "sync", "ms"]);
    }

    #[test]
    fn defined_names_with_avoided_words_are_found() {
        for bad in [
            "fn sync_orders() {}",
            "struct OrderManager;",
            "enum ExitSignal {}",
            "trait Strategy {}",
            "mod services;",
            "const LOT: u8 = 1;",
            "type PriceData = u8;",
            "async fn kill_all() {}",
            "macro_rules! order_info { () => {} }",
        ] {
            assert_eq!(found("crates/core/src/x.rs", bad), 1, "{bad}");
        }
    }

    #[test]
    fn used_names_longer_words_comments_and_tests_pass() {
        let text = "//! The signal.\nuse tokio::signal;\nfn metadata(x: Strategy) -> Info { lottery() }\nstruct Slot;\n#[test]\nfn data_is_refused() {}";
        assert_eq!(found("crates/core/src/x.rs", text), 0);
    }

    #[test]
    fn a_venues_words_stay_in_its_wire_module() {
        assert_eq!(found("crates/venues/src/binance/wire.rs", "struct LotSizeInfo;"), 0);
        assert_eq!(found("crates/venues/src/binance/encode.rs", "struct LotSizeInfo;"), 1);
    }

    #[test]
    fn the_allow_list_is_about_places() {
        assert_eq!(found("crates/store/src/sqlite/mod.rs", "fn sync_file() {}"), 0);
        assert_eq!(found("crates/core/src/engine.rs", "fn sync_file() {}"), 1);
    }

    #[test]
    fn empty_file_names_are_found() {
        let bad = ["crates/core/src/utils.rs", "crates/core/tests/common/mod.rs", "crates/core/src/info.rs"];
        for path in bad {
            assert_eq!(check_file_names([path].into_iter()).len(), 1, "{path}");
        }
        assert_eq!(check_file_names(["crates/core/src/engine.rs"].into_iter()), []);
    }
}
