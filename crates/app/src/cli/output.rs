//! The one place through which commands speak: results on standard output, warnings and failures on standard error.
//!
//! Somebody may stop reading before the end (`backstop trades | head -1`). That is no mistake: the command ends quietly
//! with exit code 0. Standard error is the last place to say anything, so what cannot be written there is dropped.

use super::Failure;
use std::fmt::Display;
use std::io::{self, Write};

/// Writes one line to standard output.
///
/// # Errors
/// [`Failure::NobodyReads`], or a failure that names standard output when it cannot be written for another reason.
pub(super) fn line(text: impl Display) -> Result<(), Failure> {
    write(&format!("{text}\n"))
}

/// Writes a text that ends its own lines to standard output.
///
/// # Errors
/// As for [`line`].
pub(super) fn write(text: &str) -> Result<(), Failure> {
    let mut to = io::stdout().lock();
    to.write_all(text.as_bytes()).and_then(|()| to.flush()).map_err(not_written)
}

/// What follows when standard output could not be written.
pub(super) fn not_written(why: io::Error) -> Failure {
    match why.kind() {
        io::ErrorKind::BrokenPipe => Failure::NobodyReads,
        _ => Failure::said(format!("standard output cannot be written: {why}; check where it leads, and its disk")),
    }
}

/// Writes one line to standard output for an engine that goes on whether anybody reads or not.
pub(super) fn line_if_read(text: impl Display) {
    // Who protects positions does not end because the log's reader has ended.
    let _ = line(text);
}

/// Writes one line to standard error.
pub(super) fn error(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Tells of something that works but should be known.
pub(super) fn warning(text: impl Display) {
    error(format_args!("warning: {text}"));
}
