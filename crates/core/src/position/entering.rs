//! Entries of ours: what was sent, what the venue says of it, and how it ends. Which entry may be sent at all is
//! `entries.rs` of the engine; what a filled one becomes is `facts.rs`.
//!
//! An unknown outcome is asked about and ends by proof (R4); nothing is sent a second time, whatever is not found.

use super::facts::Origin;
use super::watch::OVERDUE;
use super::{Ctx, Out, Position};
use crate::exits::parts;
use crate::orders::{Change, Doubt, EntryEnd, EntryName, EntryOrder, OrderState, Unwanted};
use backstop_model::{
    Answer, Asked, ClientOrderId, Command, DealId, Epoch, ExitPlan, Fill, Lookup, NewOrder, OrderQuantity, OrderReport,
    OrderStatus, OutOfRange, Outcome, Permit, PositionKey, Quantity, RefusalReason, Severity, Timestamp, Trigger,
};
use std::sync::Arc;

/// Entries remembered per position after they are over, so that a repeat is recognised.
const REMEMBERED: usize = 128;

/// Where an execution of an entry of ours comes from.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    /// The plan that its position gets, where it is known.
    pub plan: Option<Arc<ExitPlan>>,
    /// The stop that came with it.
    pub stop: Option<Trigger>,
    /// It was not to be filled any more.
    pub unwanted: Option<Unwanted>,
    /// The level it is the part for, as its id says; 0 for a whole entry.
    pub level: u8,
}

impl Entered {
    /// Something of ours is open again: it gets the plan that applies.
    pub(super) const fn again() -> Self {
        Self { plan: None, stop: None, unwanted: None, level: 0 }
    }

    pub(crate) fn of(id: &ClientOrderId, known: Option<&EntryOrder>) -> Self {
        Self {
            plan: known.and_then(|entry| entry.plan.clone()),
            stop: known.and_then(|entry| entry.stop),
            unwanted: known.and_then(|entry| entry.unwanted),
            level: EntryName::read(id).map_or(0, |name| name.level),
        }
    }

    /// The plan its position gets: its own; where nobody remembers that, the one that applies, or its level's part of it.
    pub(super) fn plan(&self, key: PositionKey, ctx: Ctx, out: &mut Out) -> Option<Arc<ExitPlan>> {
        if self.plan.is_some() || self.level == 0 {
            return self.plan.clone().or_else(|| ctx.plan_of_new());
        }
        let (whole, symbol) = (&ctx.plan_of_new()?, ctx.instrument.symbol);
        let part = parts::plan_of_part(whole, self.level).map(Arc::new);
        let follows = match part {
            Some(_) => format!("it follows {} of plan {}", parts::level_in_words(whole, self.level), whole.name),
            None => format!("plan {} has no such level now, so it follows the whole plan", whole.name),
        };
        let text = format!(
            "{symbol} {}: recognised without a record as the part of an entry for level {}: {follows}",
            key.side, self.level
        );
        out.tell(Severity::Warning, key, text);
        Some(part.unwrap_or_else(|| Arc::clone(whole)))
    }
}

impl Position {
    /// Sends an entry that has passed every check.
    pub(crate) fn send_entry(&mut self, entry: EntryOrder, out: &mut Out) {
        let key = self.key;
        out.commands.push(Command::Place(NewOrder {
            account: key.account,
            instrument: key.instrument,
            id: entry.id,
            side: key.side.opening(),
            position_side: key.side,
            // A new deal has no name yet.
            deal: None,
            quantity: OrderQuantity::Exact(entry.quantity),
            kind: entry.kind(),
            reduce_only: false,
            attached_stop: entry.stop,
        }));
        self.remember_entry(entry);
    }

    fn remember_entry(&mut self, entry: EntryOrder) {
        self.entries.push(entry);
        if self.entries.len() > REMEMBERED
            && let Some(oldest) = self.entries.iter().position(|entry| !entry.is_live())
        {
            self.entries.remove(oldest);
        }
    }

    /// What entries may still add.
    pub(crate) fn pending_entries(&self) -> Quantity {
        self.entries.iter().map(EntryOrder::pending).fold(Quantity::ZERO, |sum, more| sum.plus(more).unwrap_or(sum))
    }

    /// Whether an entry may still be filled.
    pub(crate) fn is_entering(&self) -> bool {
        self.entries.iter().any(EntryOrder::is_live)
    }

    /// Nothing more of any entry is to be filled.
    pub(crate) fn stop_entering(&mut self, why: Unwanted) {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_live()) {
            // To be closed is more than to be taken back.
            if !matches!(entry.unwanted, Some(Unwanted::Closed(_))) {
                entry.unwanted = Some(why);
            }
        }
    }

    /// The deal that an entry of ours has opened goes on no more: nothing more is to be filled of it.
    pub(crate) fn end_entries_of(&mut self, deal: DealId, why: Unwanted) {
        let its = |entry: &&mut EntryOrder| entry.deal == Some(deal) && entry.is_live();
        for entry in self.entries.iter_mut().filter(its) {
            if !matches!(entry.unwanted, Some(Unwanted::Closed(_))) {
                entry.unwanted = Some(why);
            }
        }
    }

    /// The operator takes one entry back.
    pub(crate) fn take_back(&mut self, id: ClientOrderId, ctx: Ctx, out: &mut Out) {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) else { return };
        if entry.is_live() {
            entry.unwanted = entry.unwanted.or(Some(Unwanted::Cancelled));
            return;
        }
        let text = format!("{} {}: nothing to take back: {entry}", ctx.instrument.symbol, self.key.side);
        out.tell(Severity::Note, self.key, text);
    }

    /// What is known of an execution that came from an entry of ours; nothing when it did not.
    pub(crate) fn entered_by(&self, fill: &Fill) -> Option<Entered> {
        let id = fill.order.filter(|id| self.is_entry_of_ours(id))?;
        let known = self.entries.iter().find(|entry| entry.id == id);
        Some(Entered::of(&id, known))
    }

    /// Who opened what a full read shows and no execution explains: an entry of ours that is on its way, or others. One that is
    /// kept beside a deal was asked before (`entry_deals`).
    pub(super) fn origin_of_read(&self, beside: Option<Entered>, at_first_look: bool) -> Origin {
        let own = || {
            let explains = self.entries.iter().rev().find(|entry| entry.explains_unseen())?;
            Some(Entered::of(&explains.id, Some(explains)))
        };
        beside.or_else(own).map_or(Origin::Others { at_first_look }, Origin::Ours)
    }

    fn is_entry_of_ours(&self, id: &ClientOrderId) -> bool {
        EntryName::read(id).is_some_and(|name| name.scope == self.scope && name.side == self.key.side)
    }

    /// Takes in the answer to a command about an entry.
    pub(super) fn entry_answered(&mut self, answer: &Answer, ctx: Ctx, out: &mut Out) {
        let Some(index) = self.entries.iter().position(|entry| entry.id == answer.id) else { return };
        match answer.asked {
            Asked::Place => self.entry_place_answered(index, answer, ctx, out),
            Asked::Cancel => self.entry_cancel_answered(index, answer, ctx, out),
            // Entries are never moved.
            Asked::Amend => {}
        }
    }

    fn entry_place_answered(&mut self, index: usize, answer: &Answer, ctx: Ctx, out: &mut Out) {
        let entry = &mut self.entries[index];
        if !matches!(entry.state, OrderState::InFlight { .. } | OrderState::Unknown(_)) {
            if let Outcome::Accepted(venue_id) = &answer.outcome {
                entry.venue_id = entry.venue_id.or(Some(*venue_id));
            }
            return;
        }
        match &answer.outcome {
            Outcome::Accepted(venue_id) => {
                entry.venue_id = Some(*venue_id);
                entry.state = OrderState::Working { change: None };
                entry.seen_at = ctx.now;
            }
            // The first one exists or existed: ask for it (F-A11).
            Outcome::Refused(refusal) if refusal.reason == RefusalReason::DuplicateId => {
                entry.state = OrderState::Unknown(Doubt::new(ctx.now, answer.sent_at));
            }
            Outcome::Refused(refusal) => self.end_entry(index, EntryEnd::Refused(refusal.clone()), ctx, out),
            Outcome::Unknown(_) => {
                if !matches!(entry.state, OrderState::Unknown(_)) {
                    entry.state = OrderState::Unknown(Doubt::new(ctx.now, answer.sent_at));
                }
            }
        }
    }

    fn entry_cancel_answered(&mut self, index: usize, answer: &Answer, ctx: Ctx, out: &mut Out) {
        let entry = &mut self.entries[index];
        let OrderState::Working { change: Some(Change::Cancelling { .. }) } = entry.state else { return };
        let agreed = match &answer.outcome {
            Outcome::Accepted(_) => true,
            Outcome::Refused(refusal) if refusal.reason == RefusalReason::NotFound => {
                // It may be gone because it filled: ask (F-B07).
                let (account, instrument, id) = (self.key.account, self.key.instrument, entry.id);
                out.commands.push(Command::Lookup { account, instrument, id, deal: None });
                true
            }
            Outcome::Refused(_) | Outcome::Unknown(_) => false,
        };
        entry.state = OrderState::Working { change: Some(Change::Cancelling { since: ctx.now, agreed }) };
    }

    /// Takes in what the venue says of an order, if it is an entry of ours. True when it is.
    pub(super) fn entry_reported(&mut self, report: &OrderReport, ctx: Ctx, out: &mut Out) -> bool {
        let Some(id) = report.id.filter(|id| EntryName::read(id).is_some()) else { return false };
        if !self.is_entry_of_ours(&id) {
            return true;
        }
        let index = match self.entries.iter().position(|entry| entry.id == id) {
            Some(index) => index,
            None => self.recognise_entry(id, report, ctx, out),
        };
        let entry = &mut self.entries[index];
        entry.venue_id = Some(report.venue_id);
        entry.reported = entry.reported.max(report.filled);
        entry.seen_at = ctx.now;
        let known_by_fill_only = entry.request.is_none() && entry.quantity <= entry.filled;
        if let (Some(quantity), true) = (report.quantity, known_by_fill_only) {
            entry.quantity = quantity.max(entry.filled);
        }
        match &report.status {
            OrderStatus::Working | OrderStatus::Triggered | OrderStatus::Other(_) => {
                let revives = known_by_fill_only && entry.filled < entry.quantity;
                if matches!(entry.state, OrderState::InFlight { .. } | OrderState::Unknown(_)) || revives {
                    entry.state = OrderState::Working { change: None };
                    entry.end = None;
                }
            }
            OrderStatus::Filled => self.end_entry(index, EntryEnd::Filled, ctx, out),
            OrderStatus::Canceled | OrderStatus::Expired | OrderStatus::Rejected => {
                self.end_entry(index, EntryEnd::Canceled, ctx, out);
            }
        }
        true
    }

    /// An entry that is provably ours but not known, after a journal was lost: it is counted, and its fills are ours.
    fn recognise_entry(&mut self, id: ClientOrderId, report: &OrderReport, ctx: Ctx, out: &mut Out) -> usize {
        self.remember_entry(EntryOrder {
            limit: report.limit,
            state: OrderState::Working { change: None },
            ..self.unknown_entry(id, report.quantity.unwrap_or(report.filled), ctx.now)
        });
        if !report.status.is_final() {
            let level = EntryName::read(&id).map_or(0, |name| name.level);
            let part = if level == 0 { String::new() } else { format!("the part for level {level} of ") };
            let text = format!(
                "{} {}: entry {id} is recognised at the venue without a record of it; what it fills gets {part}the plan that applies",
                ctx.instrument.symbol, self.key.side
            );
            out.tell(Severity::Warning, self.key, text);
        }
        self.entries.len() - 1
    }

    fn unknown_entry(&self, id: ClientOrderId, quantity: Quantity, now: Timestamp) -> EntryOrder {
        EntryOrder {
            id,
            request: None,
            epoch: self.entry_epoch(),
            quantity,
            limit: None,
            part: None,
            asked_plan: None,
            plan: None,
            stop: None,
            asked_at: now,
            venue_id: None,
            deal: None,
            filled: Quantity::ZERO,
            reported: Quantity::ZERO,
            seen_at: now,
            unwanted: None,
            state: OrderState::Over { since: now },
            end: None,
        }
    }

    /// The incarnation that an entry asked for now belongs to.
    pub(crate) fn entry_epoch(&self) -> Epoch {
        if self.is_flat() { self.next_epoch() } else { self.epoch }
    }

    /// Takes in the answer to "what became of this entry?"; its executions have been booked.
    pub(super) fn entry_looked_up(&mut self, lookup: &Lookup, ctx: Ctx, out: &mut Out) {
        if let Some(report) = &lookup.found {
            self.entry_reported(report, ctx, out);
            return;
        }
        let validity = ctx.account.capability.request_validity;
        let Some(index) = self.entries.iter().position(|entry| entry.id == lookup.id) else { return };
        let entry = &mut self.entries[index];
        match &mut entry.state {
            OrderState::Unknown(doubt) => {
                doubt.count_absence(lookup.server_time);
                if doubt.proves_absence(validity) && entry.reported <= entry.filled {
                    let was_there = entry.venue_id.is_some() || !entry.filled.is_zero();
                    let end = if was_there { EntryEnd::Canceled } else { EntryEnd::Absent };
                    self.end_entry(index, end, ctx, out);
                }
            }
            OrderState::Working { .. } | OrderState::Triggered { .. } => {
                let mut doubt = Doubt::new(ctx.now, lookup.server_time);
                doubt.count_absence(lookup.server_time);
                entry.state = OrderState::Unknown(doubt);
            }
            OrderState::InFlight { .. } | OrderState::Over { .. } => {}
        }
    }

    /// Takes in what a full read says of entries, before anything is made of the quantities in it.
    pub(crate) fn entries_read(&mut self, read: &[OrderReport], server_time: Timestamp, ctx: Ctx, out: &mut Out) {
        self.entries_missing_in(read, server_time, ctx);
        let instrument = self.key.instrument;
        for report in read.iter().filter(|report| report.instrument == instrument) {
            self.entry_reported(report, ctx, out);
        }
    }

    /// Entries that a full read does not show: ask for them, unless they were seen just now.
    fn entries_missing_in(&mut self, read: &[OrderReport], server_time: Timestamp, ctx: Ctx) {
        for entry in &mut self.entries {
            let recent = server_time.since(entry.seen_at) < super::reports::GRACE;
            let working = matches!(entry.state, OrderState::Working { .. } | OrderState::Triggered { .. });
            if working && !recent && !read.iter().any(|report| report.id == Some(entry.id)) {
                let mut doubt = Doubt::new(ctx.now, server_time);
                doubt.ask_at = ctx.now;
                entry.state = OrderState::Unknown(doubt);
            }
        }
    }

    /// Takes note of an execution at the entry it belongs to; one without a record of it is remembered by its id.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn count_at_entry(&mut self, fill: &Fill, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let Some(id) = fill.order.filter(|id| self.is_entry_of_ours(id)) else { return Ok(()) };
        let Some(index) = self.entries.iter().position(|entry| entry.id == id) else {
            let (filled, end) = (fill.quantity, Some(EntryEnd::Filled));
            let known = self.unknown_entry(id, filled, ctx.now);
            self.remember_entry(EntryOrder { filled, reported: filled, end, deal: fill.deal, ..known });
            return Ok(());
        };
        let entry = &mut self.entries[index];
        entry.deal = fill.deal.or(entry.deal);
        entry.filled = entry.filled.plus(fill.quantity)?;
        entry.reported = entry.reported.max(entry.filled);
        if entry.filled >= entry.quantity {
            self.end_entry(index, EntryEnd::Filled, ctx, out);
        } else if matches!(entry.state, OrderState::InFlight { .. } | OrderState::Unknown(_)) {
            // It has executed, so it exists: the answer is still on its way (F-B04).
            entry.state = OrderState::Working { change: None };
        }
        Ok(())
    }

    /// Questions and cancels of entries that are due.
    pub(crate) fn settle_entries(&mut self, ctx: Ctx, out: &mut Out) {
        self.end_with_position();
        let (account, instrument) = (self.key.account, self.key.instrument);
        for entry in &mut self.entries {
            let id = entry.id;
            if entry.unended_at().is_some_and(|at| ctx.now >= at) {
                entry.state = OrderState::Unknown(Doubt { ask_at: ctx.now, ..Doubt::new(ctx.now, entry.seen_at) });
            }
            match &mut entry.state {
                OrderState::Unknown(doubt) if ctx.now >= doubt.ask_at => {
                    doubt.note_asked(ctx.now);
                    out.commands.push(Command::Lookup { account, instrument, id, deal: None });
                }
                OrderState::Working { change: Some(Change::Cancelling { since, agreed }) }
                    if ctx.now.since(*since) >= OVERDUE =>
                {
                    let question = Command::Lookup { account, instrument, id, deal: None };
                    out.commands.push(if *agreed {
                        question
                    } else {
                        Command::Cancel { account, instrument, id, deal: None }
                    });
                    *since = ctx.now;
                }
                OrderState::Working { change: change @ None }
                    if entry.unwanted.is_some() && ctx.permit != Permit::Observe =>
                {
                    *change = Some(Change::Cancelling { since: ctx.now, agreed: false });
                    out.commands.push(Command::Cancel { account, instrument, id, deal: None });
                }
                OrderState::InFlight { .. }
                | OrderState::Over { .. }
                | OrderState::Triggered { .. }
                | OrderState::Unknown(_)
                | OrderState::Working { .. } => {}
            }
        }
    }

    /// When a position is being closed, or is closed, what has not been filled of its entries is taken back.
    fn end_with_position(&mut self) {
        let Some(live) = &self.live else { return };
        let over = live.tranches.iter().all(|tranche| tranche.is_closed() || tranche.closing.is_some());
        let epoch = self.epoch;
        for entry in self.entries.iter_mut().filter(|entry| over && entry.epoch <= epoch && entry.is_live()) {
            entry.unwanted = entry.unwanted.or(Some(Unwanted::Cancelled));
        }
    }
}
