//! What is wrong with a configuration, and showing it: file, line, column, the line itself, a caret and the next step.

use super::located::Place;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

/// The longest line a plain report shows whole, and how much of a longer one it shows before the culprit.
const LONGEST_LINE: usize = 200;
const LEAD: usize = 60;

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Where; absent when the file as a whole cannot be read.
    pub at: Option<Place>,
    /// What, naming the culprit.
    pub message: String,
    /// The next step.
    pub help: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(at: Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at: Some(at), message: message.into(), help: help.into() }
    }
}

/// A configuration that cannot be used: at least one problem, with the text it is in.
#[derive(Clone, Debug)]
pub struct ConfigError {
    file: String,
    text: String,
    problems: Vec<Problem>,
}

impl ConfigError {
    /// Problems of the text of `file`, in the order of the file. Values that look like secrets are masked in the copy.
    pub(super) fn new(file: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.at.map(|at| (at.line, at.column)));
        for problem in &mut problems {
            problem.message = harmless(&problem.message);
        }
        Self { file: file.to_owned(), text: harmless(&masked(text)), problems }
    }

    /// The problems, in the order of the file; never empty.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All problems as standard error shows them best: drawn in colour on a terminal, else plain.
    #[must_use]
    pub fn report(&self) -> String {
        if std::io::stderr().is_terminal() { self.drawn() } else { self.plain() }
    }

    /// All problems as plain text, one block each.
    #[must_use]
    pub fn plain(&self) -> String {
        let blocks: Vec<String> = self.problems.iter().map(|problem| self.plain_block(problem)).collect();
        blocks.join("\n")
    }

    /// All problems drawn with lines and colours.
    #[must_use]
    pub fn drawn(&self) -> String {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode()).with_context_lines(1);
        let mut drawn = String::new();
        for problem in &self.problems {
            let mut diagnostic = MietteDiagnostic::new(&problem.message).with_help(&problem.help);
            if let Some((offset, length)) = problem.at.and_then(|at| self.bytes_of(at)) {
                diagnostic = diagnostic.with_label(LabeledSpan::new(Some("here".to_owned()), offset, length));
            }
            let source = NamedSource::new(&self.file, self.text.clone());
            let report = Report::new(diagnostic).with_source_code(source);
            if handler.render_report(&mut drawn, report.as_ref()).is_err() {
                return self.plain();
            }
        }
        drawn
    }

    fn plain_block(&self, problem: &Problem) -> String {
        let mut block = format!("{}: error: {}\n", self.address(problem), problem.message);
        if let Some(at) = problem.at
            && let Some(line) = self.line(at)
        {
            let number = at.line.to_string();
            let margin = " ".repeat(number.len());
            // Of a very long line only the part around the culprit is shown.
            let hidden = if line.chars().count() > LONGEST_LINE { (at.column - 1).saturating_sub(LEAD) } else { 0 };
            let line: String = line.chars().skip(hidden).take(LONGEST_LINE).collect();
            let lead = at.column - 1 - hidden;
            // Tabs stay tabs, so that the caret stands under the culprit whatever their width.
            let before: String =
                line.chars().take(lead).map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
            let room = line.chars().count().saturating_sub(lead).max(1);
            let carets = "^".repeat(at.length.min(room));
            let _ = write!(block, "{margin} |\n{number} | {line}\n{margin} | {before}{carets}\n");
        }
        let _ = writeln!(block, "  help: {}", problem.help);
        block
    }

    fn address(&self, problem: &Problem) -> String {
        problem.at.map_or_else(|| self.file.clone(), |at| format!("{}:{}:{}", self.file, at.line, at.column))
    }

    fn line(&self, at: Place) -> Option<&str> {
        self.text.lines().nth(at.line - 1)
    }

    /// Offset and length in bytes; a place behind the last line is its end.
    fn bytes_of(&self, at: Place) -> Option<(usize, usize)> {
        let mut start = 0;
        for line in self.text.split_inclusive('\n').take(at.line - 1) {
            start += line.len();
        }
        let rest = self.text.get(start..)?;
        let line = rest.lines().next().unwrap_or("");
        let before: usize = line.chars().take(at.column - 1).map(char::len_utf8).sum();
        let inside: usize = line.chars().skip(at.column - 1).take(at.length).map(char::len_utf8).sum();
        Some((start + before, inside))
    }
}

impl fmt::Display for ConfigError {
    /// The first problem on one line, and how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.problems.first() else { return write!(f, "{}: not usable", self.file) };
        write!(f, "{}: {}; {}", self.address(first), first.message, first.help)?;
        match self.problems.len() {
            1 => Ok(()),
            count => write!(f, " (and {} more)", count - 1),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Whether a key asks for something that must not stand in a configuration file.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["secret", "token", "password", "passphrase", "credential", "apikey", "api_key", "private_key", "webhook_url"]
        .iter()
        .any(|word| key.contains(word))
}

/// The text without what would steer a terminal; as many letters as before.
fn harmless(text: &str) -> String {
    let steers = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    text.chars().map(|letter| if steers(letter) { '\u{fffd}' } else { letter }).collect()
}

/// The text with everything after a secret's key replaced, so that no report shows it; the lines of a block below such
/// a key are replaced too.
fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut block = None;
    for line in text.split_inclusive('\n') {
        let end = if line.ends_with('\n') { "\n" } else { "" };
        let indent = line.len() - line.trim_start().len();
        if block.is_some_and(|above| indent > above || line.trim().is_empty()) {
            masked.push_str("***");
            masked.push_str(end);
            continue;
        }
        block = None;
        match secret_colon(line) {
            Some(at) => {
                block = line[at + 1..].trim().trim_start_matches(['|', '>', '-', '+']).is_empty().then_some(indent);
                masked.push_str(&line[..at]);
                masked.push_str(": ***");
                masked.push_str(end);
            }
            None => masked.push_str(line),
        }
    }
    masked
}

/// Where the colon behind the first secret's key of a line is.
fn secret_colon(line: &str) -> Option<usize> {
    let is_after_secret = |before: &str| {
        let word = before.rsplit([' ', '{', ',', '\t']).find(|word| !word.is_empty());
        word.is_some_and(is_secret)
    };
    line.match_indices(':').map(|(at, _)| at).find(|&at| is_after_secret(&line[..at]))
}
