//! Closings of what is not known to be open (F-B01, F-B03): the execution that opened it was lost on its way, or comes later.
//!
//! They are kept until that one is here, and booked then; a closing that is only remembered by its id would be lost
//! (I10). What an execution closes is decided in `facts`; whose it is, in the engine's `route`.

use super::{Ctx, Out, Position, facts_fee};
use backstop_model::{Fill, OutOfRange, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

/// Kept at most; the oldest goes first.
const MOST: usize = 16;

/// A closing, and how much of it has closed nothing yet.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Unmatched {
    fill: Fill,
    left: Quantity,
}

impl Position {
    /// Keeps what an execution has closed beyond what is known to be open.
    pub(crate) fn keep_unmatched(&mut self, fill: &Fill, left: Quantity) {
        self.unmatched.push(Unmatched { fill: fill.clone(), left });
        if self.unmatched.len() > MOST {
            self.unmatched.remove(0);
        }
    }

    /// Whether something was closed after that instant that is known to be open only now.
    pub(crate) fn was_closed_since(&self, opened_at: Timestamp) -> bool {
        self.unmatched.iter().any(|kept| kept.fill.at > opened_at)
    }

    /// Books what was closed after that, oldest first, as far as something is open.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn close_unmatched(&mut self, opened_at: Timestamp, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (mut since, before): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.unmatched).into_iter().partition(|kept| kept.fill.at > opened_at);
        self.unmatched = before;
        since.sort_by_key(|kept| kept.fill.at);
        for kept in since {
            let closes = kept.left.min(self.quantity());
            if !closes.is_zero() {
                self.leave(&kept.fill, closes, facts_fee(&kept.fill, closes)?, ctx, out)?;
            }
            let left = kept.left.saturating_minus(closes);
            if !left.is_zero() {
                self.keep_unmatched(&kept.fill, left);
            }
        }
        Ok(())
    }
}
