//! Whether a request is in time: windows around its time stamp, and time stamps that can be used only once.
//!
//! The clocks of clients are their own affair; here only the venue's counts.

use crate::exchange::Exchange;
use crate::habits::RequestWindow;
use crate::refusal::{self, Refused};
use crate::request::Request;
use backstop_model::{Span, Timestamp};

/// How far ahead of the venue's clock a request may be signed (venues/binance.md §17, -1021).
const AHEAD: Span = Span::from_secs(1);

/// A time stamp as a nonce is a count of microseconds (venues/aster.md §2.3).
const NANOS_PER_NONCE: i64 = 1_000;

impl Exchange {
    /// The last instant at which a request can still take effect; absent where nothing bounds it.
    pub(crate) fn latest(&self, request: &Request) -> Option<Timestamp> {
        match self.habits.requests.window {
            RequestWindow::AsSent => Some(request.sent_at.plus(request.valid_for)),
            RequestWindow::Fixed(span) | RequestWindow::Nonce { within: span, .. } => Some(request.sent_at.plus(span)),
            RequestWindow::Unbounded => None,
        }
    }

    /// Whether a request is in time. A nonce is used up by asking.
    pub(crate) fn check_window(&mut self, account: &str, request: &Request) -> Result<(), Refused> {
        let late = self.latest(request).is_some_and(|latest| self.now > latest);
        let ahead = request.sent_at.since(self.now);
        match self.habits.requests.window {
            RequestWindow::Unbounded => Ok(()),
            RequestWindow::Nonce { within, remembered } => {
                let nonce = request.sent_at.as_nanos() / NANOS_PER_NONCE;
                if late || ahead > within {
                    return Err(refusal::BAD_NONCE.about(nonce));
                }
                self.use_nonce(account, nonce, remembered)
            }
            RequestWindow::AsSent | RequestWindow::Fixed(_) if late || ahead > AHEAD => {
                Err(refusal::OUTSIDE_WINDOW.refused())
            }
            RequestWindow::AsSent | RequestWindow::Fixed(_) => Ok(()),
        }
    }

    /// The newest nonces are remembered: one of them is a duplicate, one below all of them has expired.
    fn use_nonce(&mut self, account: &str, nonce: i64, remembered: usize) -> Result<(), Refused> {
        let known = self.nonces.entry(account.to_owned()).or_default();
        let is_full = known.len() >= remembered;
        if known.contains(&nonce) || (is_full && known.first().is_some_and(|smallest| nonce < *smallest)) {
            return Err(refusal::BAD_NONCE.about(nonce));
        }
        known.insert(nonce);
        if known.len() > remembered {
            known.pop_first();
        }
        Ok(())
    }
}
