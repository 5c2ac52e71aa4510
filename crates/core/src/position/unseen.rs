//! A position that the venue speaks of and no execution we know explains (F-B01): it is asked for, again and again, until a
//! read shows it or says that there is none. Taking it over is `reports`' work.

use super::reports::GRACE;
use super::{Ctx, Out, Position};
use backstop_model::{Command, PositionReport, Quantity, SnapshotCause, Timestamp};
use serde::{Deserialize, Serialize};

/// Something open that nobody here knows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Unseen {
    /// Since when, or when it was last asked about, by our time.
    since: Timestamp,
    /// When it was told, by the venue's time: a read from before says nothing of it (F-E16).
    told_at: Timestamp,
    /// How much, where the venue has said so.
    #[serde(default)]
    quantity: Option<Quantity>,
}

impl Position {
    /// The venue's word while nothing is known to be open.
    pub(super) fn note_unseen(&mut self, report: &PositionReport, ctx: Ctx) {
        let since = self.aside.unseen.get().map_or(ctx.now, |unseen| unseen.since);
        let unseen = Unseen { since, told_at: report.at, quantity: Some(report.quantity) };
        self.aside.unseen.put((!report.quantity.is_zero()).then_some(unseen));
    }

    /// How much of it was told before that instant, as far as no closing has been heard of that has found nothing to close.
    pub(super) fn unseen_before(&self, at: Timestamp) -> Quantity {
        let told = self.aside.unseen.get().filter(|unseen| unseen.told_at < at);
        let Some((quantity, told_at)) = told.and_then(|unseen| Some((unseen.quantity?, unseen.told_at))) else {
            return Quantity::ZERO;
        };
        quantity.saturating_minus(self.closed_since(told_at))
    }

    /// A read says that nothing is open.
    pub(super) fn read_as_flat(&mut self, read_at: Timestamp) {
        let known = self.aside.unseen.get().filter(|unseen| read_at < unseen.told_at);
        if let Some(aside) = self.aside.held() {
            aside.unseen.put(known);
        }
    }

    /// Something was closed: the venue's last word on the quantity is met, or, when all is closed for us, still to be looked into.
    pub(super) fn note_left(&mut self) {
        let (open, flat) = (self.quantity(), self.is_flat());
        let Some(live) = &mut self.live else { return };
        let Some(told) = live.mismatch.take_if(|told| flat || told.quantity == open) else { return };
        if flat && !told.quantity.is_zero() {
            let since = self.aside.unseen.get().map_or(told.since, |unseen| unseen.since);
            self.aside.unseen.put(Some(Unseen { since, told_at: Timestamp::EPOCH, quantity: None }));
        }
    }

    /// Asks when executions have had their time.
    pub(super) fn watch_unseen(&mut self, ctx: Ctx, out: &mut Out) {
        let flat = self.is_flat();
        if let Some(aside) = self.aside.held().filter(|_| !flat) {
            aside.unseen.put(None);
        }
        if let Some(unseen) = self.aside.unseen.get()
            && ctx.now.since(unseen.since) >= GRACE
        {
            self.aside.unseen.put(Some(Unseen { since: ctx.now, ..unseen }));
            let (account, cause) = (self.key.account, SnapshotCause::Surprise);
            out.commands.push(Command::Snapshot { account, cause });
        }
    }

    /// When that is due.
    pub(super) fn unseen_until(&self) -> Option<Timestamp> {
        self.aside.unseen.get().map(|unseen| unseen.since.plus(GRACE))
    }
}
