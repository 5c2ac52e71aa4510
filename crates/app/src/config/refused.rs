//! What the YAML reader says, in our words: its position is kept, and every message gets a next step.

use super::located::Place;
use super::problem::{Problem, is_secret};
use serde_saphyr::{Error, MessageFormatter as _, UserMessageFormatter};

/// The reader's error as a problem of the file.
pub(super) fn problem(error: &Error) -> Problem {
    let error = error.without_snippet();
    let (message, help) = words(error);
    Problem { at: error.location().map(Place::from), message, help }
}

fn words(error: &Error) -> (String, String) {
    match error {
        Error::SerdeUnknownField { field, expected, .. } => unknown_key(field, expected),
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let help = format!("{}choose one of: {}", meant(variant, expected), expected.join(", "));
            (format!("`{variant}` is not known here"), help)
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("this key");
            (format!("`{key}` stands here twice"), "keep one of the two".to_owned())
        }
        Error::Unexpected { expected, .. } => unexpected(expected),
        Error::InvalidBooleanStrict { .. } => {
            ("yes or no is needed here".to_owned(), "write `true` or `false`".to_owned())
        }
        Error::MultipleDocuments { .. } => {
            let help = "remove the `---` line, or split the file in two".to_owned();
            ("a second document begins here; a configuration is one".to_owned(), help)
        }
        Error::UnexpectedValueForUnitEnumVariant { .. } => {
            ("this word takes no value".to_owned(), "write the word alone, without braces".to_owned())
        }
        Error::UnknownAnchor { .. } => {
            let help = "define it with `&name` further up, or put the text in quotes".to_owned();
            ("this refers to something that is not defined".to_owned(), help)
        }
        other => {
            let said = UserMessageFormatter.format_message(other).into_owned();
            let help = syntax_help(&said);
            (said, help.to_owned())
        }
    }
}

fn unknown_key(field: &str, expected: &[&str]) -> (String, String) {
    if is_secret(field) {
        let help = "keys and secrets never stand in the configuration; the paper venue needs none: remove the line";
        return (format!("`{field}` does not belong in a configuration file"), help.to_owned());
    }
    if field.ends_with(')') {
        let help = "between braces a value with a comma needs quotes, for example \"1.5 atr(14, 5m)\"";
        return (format!("the comma before `{field}` ends the value"), help.to_owned());
    }
    let help = format!("{}known here: {}", meant(field, expected), expected.join(", "));
    (format!("unknown key `{field}`"), help)
}

fn unexpected(expected: &str) -> (String, String) {
    let (message, help) = match expected {
        "mapping start" => ("a group of keys is needed here", "write it like `{ at: 2% }`, or indented below"),
        "sequence start" => ("a list is needed here", "write it like `[ … ]`, or as lines that begin with `-`"),
        "string scalar" => ("a single value is needed here", "write one value, for example `3%`"),
        other => return (format!("{other} is needed here"), "compare with examples/swing.yaml".to_owned()),
    };
    (message.to_owned(), help.to_owned())
}

fn syntax_help(said: &str) -> &'static str {
    if said.contains("unexpected character") {
        return "text that begins with @ or % needs quotes, for example \"@ 102.50\"";
    }
    if said.contains("tab") {
        return "indent with spaces";
    }
    "check indentation, quotes and brackets of this line and the one before"
}

/// `did you mean …? ` when a known word is near.
fn meant(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|known| (changes(word, known), known)).min();
    match nearest {
        Some((changes, known)) if changes <= 2 && changes < known.len() => format!("did you mean `{known}`? "),
        _ => String::new(),
    }
}

/// How many letters must be changed, added or removed to make one word of the other.
fn changes(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (count, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = count + 1;
        for (index, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[index + 1];
            row[index + 1] = replaced.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row[to.len()]
}
