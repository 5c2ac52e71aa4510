//! Every Rust file opens with a `//!` sentence that says what it is.
//!
//! Public items are `missing_docs`' business; whether the sentence is a good one is a reader's.

use super::finding::Finding;
use super::source::Source;

const RULE: &str = "prose";

/// Shorter than this is a label, not a sentence.
const SHORTEST_SENTENCE: usize = 20;

/// The first thing in the file is its module doc, and it says something.
pub fn check(source: &Source) -> Option<Finding> {
    let doc: Vec<&str> = source.text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let sentence = doc.join(" ");
    let is_sentence = sentence.trim().chars().count() >= SHORTEST_SENTENCE && sentence.split_whitespace().count() >= 3;
    let what = match () {
        () if doc.is_empty() => "the file does not open with `//!`",
        () if !is_sentence => "the `//!` on top is not a sentence",
        () => return None,
    };
    let next = "say what the file is, why it is here and what it leaves to others";
    Some(Finding::new(source.path.as_str(), 1, RULE, what, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_found(text: &str) -> bool {
        check(&Source::new("crates/core/src/x.rs", text)).is_some()
    }

    #[test]
    fn a_sentence_on_top_passes() {
        assert!(!is_found("//! Routes an event to its position.\nfn a() {}"));
        assert!(!is_found("//! Routes an\n//! event onward.\n"));
    }

    #[test]
    fn nothing_a_label_or_a_late_doc_fails() {
        for bad in [
            "",
            "fn a() {}",
            "//! placeholder",
            "//! xxxxxxxxxxxxxxxxxxxxxxxx",
            "\n//! Routes an event to its position.",
        ] {
            assert!(is_found(bad), "{bad:?}");
        }
    }
}
