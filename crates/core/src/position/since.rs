//! From when on prices count for a plan: since the entry; and where another plan or an addition has put its places elsewhere,
//! or a pause has ended, since then.
//!
//! Where the price has been before was no place of this plan's, and nobody has asked to be closed for it. How far a position
//! went all in all is told from its entry on, whatever became of its plan.

use super::recalled::Recalled;
use super::{Ctx, Tranche};
use crate::exits::trailing_stop::Phase;
use backstop_model::{Candle, PositionSide, Price, Series, Timestamp};
use serde::{Deserialize, Serialize};

/// From when on prices count.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Since {
    /// The first window of the board that counts.
    window: u64,
    /// When it began.
    at: Timestamp,
    /// How far each series went since, while nobody here heard it.
    #[serde(default, skip_serializing_if = "Recalled::is_empty")]
    recalled: Recalled,
}

impl Since {
    /// The best price of a series: heard here, or told by the venue's candles, whichever is tighter.
    pub(super) fn best(&self, side: PositionSide, ctx: Ctx, series: Series) -> Option<Price> {
        let heard = ctx.board.range_since(series, self.window).map(|range| match side {
            PositionSide::Long => range.high,
            PositionSide::Short => range.low,
        });
        heard.into_iter().chain(self.recalled.best(series)).reduce(|one, other| side.better(one, other))
    }
}

impl Tranche {
    /// Since its entry, whatever became of its plan.
    pub(super) fn since_entry(&self) -> Since {
        Since { window: self.window, at: self.opened_at, recalled: self.recalled() }
    }

    /// From when on prices count for its plan.
    pub(super) fn since(&self) -> Since {
        self.aside.since.get().unwrap_or_else(|| self.since_entry())
    }

    /// The places of its plan lie elsewhere now: the price has been at none of them yet. A trail that is active goes on from
    /// its best price.
    pub(super) fn count_anew(&mut self, ctx: Ctx) {
        if !self.is_trailing() {
            self.count_from_now(ctx);
        }
    }

    /// What the price did before counts for nothing more.
    pub(super) fn count_from_now(&mut self, ctx: Ctx) {
        let since = Since { window: ctx.board.next_window(), at: ctx.now, recalled: Recalled::default() };
        self.aside.since.put(Some(since));
    }

    /// Whether its trail is active.
    pub(super) fn is_trailing(&self) -> bool {
        self.trail.is_some_and(|trail| trail.phase != Phase::Waiting)
    }

    /// Takes in the venue's candles as far as they count for the plan.
    pub(super) fn recall_for_plan(&mut self, series: Series, candles: &[Candle], side: PositionSide) {
        if let Some(mut since) = self.aside.since.get()
            && since.recalled.take_in(series, candles, since.at, side)
        {
            self.aside.since.put(Some(since));
        }
    }
}
