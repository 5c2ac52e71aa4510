//! Progress of long work, for somebody who waits at a terminal.
//!
//! It is drawn on standard error, only when that is a terminal and only once the work has taken a moment, and it is gone
//! when the work is done. With `--json` there is none.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Shorter work is done before anybody wonders.
const PATIENCE: Duration = Duration::from_millis(400);
/// Drawn so often a second.
const HERTZ: u8 = 8;
const OF_KNOWN_LENGTH: &str = "{msg} [{bar:30}] {percent} %  {human_pos} of {human_len}, {eta} left";
const OF_UNKNOWN_LENGTH: &str = "{msg} {human_pos}, {elapsed}";

/// How far a piece of work has come.
pub(super) struct Progress {
    bar: ProgressBar,
    /// When the work began, until it is drawn; none when it never is.
    hidden_since: Option<Instant>,
}

impl Progress {
    /// Of work named `what` with so many parts, if that is known; `quiet` draws nothing.
    pub(super) fn new(what: &'static str, total: Option<u64>, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden()).with_message(what);
        let form = if total.is_some() { OF_KNOWN_LENGTH } else { OF_UNKNOWN_LENGTH };
        bar.set_style(ProgressStyle::with_template(form).expect("a constant of this file is a template"));
        Self { bar, hidden_since: (!quiet).then(Instant::now) }
    }

    /// So many parts are done.
    pub(super) fn reached(&mut self, parts: u64) {
        self.bar.set_position(parts);
        if self.hidden_since.is_some_and(|since| since.elapsed() >= PATIENCE) {
            self.hidden_since = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(HERTZ));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
