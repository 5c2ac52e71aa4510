//! A position that the venue speaks of and no execution we know explains (F-B01): it is asked for, again and again, until a
//! read shows it or says that there is none. Taking it over is `reports`' work.

use super::reports::GRACE;
use super::{Ctx, Out, Position};
use backstop_model::{Command, PositionReport, SnapshotCause, Timestamp};

impl Position {
    /// The venue's word while nothing is known to be open.
    pub(super) fn note_unseen(&mut self, report: &PositionReport, ctx: Ctx) {
        self.unseen = (!report.quantity.is_zero()).then(|| self.unseen.unwrap_or(ctx.now));
    }

    /// Something was closed: the venue's last word on the quantity is met, or, when all is closed for us, still to be looked into.
    pub(super) fn note_left(&mut self) {
        let (open, flat) = (self.quantity(), self.is_flat());
        let Some(live) = &mut self.live else { return };
        let Some(told) = live.mismatch.take_if(|told| flat || told.quantity == open) else { return };
        if flat && !told.quantity.is_zero() {
            self.unseen = Some(self.unseen.unwrap_or(told.since));
        }
    }

    /// Asks when executions have had their time.
    pub(super) fn watch_unseen(&mut self, ctx: Ctx, out: &mut Out) {
        if !self.is_flat() {
            self.unseen = None;
        }
        if let Some(since) = self.unseen
            && ctx.now.since(since) >= GRACE
        {
            self.unseen = Some(ctx.now);
            let (account, cause) = (self.key.account, SnapshotCause::Surprise);
            out.commands.push(Command::Snapshot { account, cause });
        }
    }

    /// When that is due.
    pub(super) fn unseen_until(&self) -> Option<Timestamp> {
        self.unseen.map(|since| since.plus(GRACE))
    }
}
