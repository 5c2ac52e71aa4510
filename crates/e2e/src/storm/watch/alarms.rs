//! What people have to be told, and whether it has reached them (I35).

use super::Found;
use crate::storm::process::Process;
use backstop_core::position::Adoption;
use backstop_model::{Depth, Epoch, Event, Notice, PositionKey, Quantity, Severity, Span, Timestamp};
use std::collections::BTreeMap;

/// Without a stop for so long is a reason (`T_prot`).
const UNPROTECTED_FOR: Span = Span::from_secs(3);
/// And people know of it within this (I35).
const TOLD_WITHIN: Span = Span::from_secs(5);

/// When people were last alarmed about what.
#[derive(Debug, Default)]
pub struct Alarms {
    told: BTreeMap<PositionKey, Timestamp>,
    /// When the process has last begun to act: what it could not notice before, it could not tell either.
    acts_since: Timestamp,
    /// The venue has warned of the margin, and nobody has been told yet (F-F05).
    called: bool,
    /// How deep the book was just now said to be.
    depth: Option<Depth>,
    /// People were just now told that it is too thin for a position.
    thin: Vec<PositionKey>,
    /// For how much of each.
    told_thin: BTreeMap<PositionKey, Quantity>,
    /// What was open at the look before, and which incarnation of it.
    open: BTreeMap<PositionKey, (Epoch, Quantity)>,
}

impl Alarms {
    /// The engine hears something.
    pub const fn heard(&mut self, event: &Event) {
        self.called |= matches!(event, Event::MarginCall(_));
        if let Event::Depth(depth) = event {
            self.depth = Some(*depth);
        }
    }

    /// People are told something.
    pub fn told(&mut self, now: Timestamp, notice: &Notice) {
        self.called &= notice.severity != Severity::Alarm || !notice.text.contains("margin call");
        if let (Severity::Alarm, Some(position)) = (notice.severity, notice.position) {
            self.told.insert(position, now);
            if notice.text.contains("rests within one percent") {
                self.thin.push(position);
            }
        }
    }

    /// I35: a position that shows itself without a stop for too long is one that people have been alarmed about.
    pub fn look(&mut self, now: Timestamp, process: &Process, found: &mut Found) {
        if !process.acts(now) {
            (self.acts_since, self.called, self.depth) = (now, false, None);
            return;
        }
        if std::mem::take(&mut self.called) {
            found.push(("I35", "the venue warns of the margin, and nobody is told".to_owned()));
        }
        self.is_told_of_thin_books(process, found);
        for position in process.engine().into_iter().flat_map(backstop_core::Engine::positions) {
            let live = position.live.as_ref().filter(|live| live.adoption == Adoption::Managed && !live.suspended);
            let Some(since) = live.and_then(|live| live.protection.unprotected_since) else { continue };
            let due = since.plus(UNPROTECTED_FOR).max(self.acts_since).plus(TOLD_WITHIN);
            let told = self.told.get(&position.key).is_some_and(|at| *at >= since);
            if now > due && !told && !position.quantity().is_zero() {
                let side = position.key.side;
                found.push(("I35", format!("{side}: without a stop for {}, and nobody is told", now.since(since))));
            }
        }
    }

    /// F-G05: who has more open than rests near the price is told of it, once for so much.
    fn is_told_of_thin_books(&mut self, process: &Process, found: &mut Found) {
        let depth = self.depth.take();
        let before = std::mem::take(&mut self.open);
        for position in process.engine().into_iter().flat_map(backstop_core::Engine::positions) {
            let (key, open) = (position.key, position.quantity());
            if self.thin.contains(&key) {
                self.told_thin.insert(key, open);
            }
            // What has changed in this very step, the book was not heard for.
            self.open.insert(key, (position.epoch, open));
            let is_old = before.get(&key) == self.open.get(&key);
            let is_thin = is_old && depth.is_some_and(|depth| open > depth.takes(key.side));
            let is_known = position.live.as_ref().is_some_and(|live| live.aside.told_thin.is_some());
            let told = self.told_thin.get(&key).is_some_and(|told| *told >= open) && is_known;
            if is_thin && !told && !open.is_zero() {
                found.push(("I35", format!("{}: {open} is open in a thin book, and nobody is told", key.side)));
            }
        }
        self.thin.clear();
    }
}
