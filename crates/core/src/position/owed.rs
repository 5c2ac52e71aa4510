//! Fees that the venue tells later than the executions they belong to (F-B11).
//!
//! An execution is booked when it is heard of, and what it cost when that is known: what it has opened or closed in which
//! tranche is remembered until then, and the last word on a tranche that is closed meanwhile. The first word on a fee
//! counts, once. How executions are booked is `facts`.

use super::levels::{break_even_price, settle_proposal};
use super::scene::{Scene, title};
use super::{Ctx, Out, Position, Tranche, facts_fee};
use crate::engine::Engine;
use crate::exits::stop_loss::{Basis, StopLevel};
use crate::step::PositionRead;
use backstop_model::plan::BreakEven;
use backstop_model::{
    Epoch, Fee, Fill, FillId, Money, OutOfRange, PositionDocument, PositionKey, Quantity, Rounding, Severity, TrancheId,
};
use serde::{Deserialize, Serialize};

/// Executions without a fee remembered at most; the oldest goes first.
const MOST: usize = 64;
/// Trades that are over whose records are kept; the last ones. Where deals are positions, so many deals of an instrument.
const MOST_TRADES: u32 = 4;

/// What an execution without a fee has been booked to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Owed {
    fill: FillId,
    epoch: Epoch,
    /// It opened, or added: its fee is one of the entry.
    opens: bool,
    parts: Vec<(TrancheId, Quantity)>,
}

/// A tranche that is over with a fee still to come: how it reads.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Past {
    epoch: Epoch,
    read: PositionRead,
}

/// One fee, or its part for one tranche.
#[derive(Clone, Copy)]
struct Due {
    epoch: Epoch,
    tranche: TrancheId,
    fee: Money,
    opens: bool,
}

impl Owed {
    fn is_of(&self, epoch: Epoch, tranche: TrancheId) -> bool {
        self.epoch == epoch && self.parts.iter().any(|(id, _)| *id == tranche)
    }

    /// The fee, as each tranche has a part in it; the last one takes what rounding leaves.
    fn dues(&self, fill: &Fill) -> Result<Vec<Due>, OutOfRange> {
        let whole = self.parts.iter().try_fold(Quantity::ZERO, |sum, (_, part)| sum.plus(*part))?;
        let fee = facts_fee(fill, whole)?;
        let (mut left, mut dues) = (fee, Vec::new());
        for (index, (tranche, part)) in self.parts.iter().enumerate() {
            let last = index + 1 == self.parts.len();
            let own = if last { left } else { fee.pro_rata(*part, whole, Rounding::Nearest)? };
            left = left.minus(own)?;
            dues.push(Due { epoch: self.epoch, tranche: *tranche, fee: own, opens: self.opens });
        }
        Ok(dues)
    }
}

impl Position {
    /// Remembers what an execution was booked to, if the venue has not said what it cost.
    pub(super) fn owe(&mut self, fill: &Fill, tranche: TrancheId, quantity: Quantity, opens: bool) {
        if fill.fee != Fee::Unknown {
            return;
        }
        let epoch = self.epoch;
        let same = |owed: &&mut Owed| owed.fill == fill.id && owed.epoch == epoch && owed.opens == opens;
        if let Some(owed) = self.aside.owed.iter_mut().find(same) {
            owed.parts.push((tranche, quantity));
            return;
        }
        self.aside.owed.push(Owed { fill: fill.id, epoch, opens, parts: vec![(tranche, quantity)] });
        if self.aside.owed.len() > MOST {
            self.aside.owed.remove(0);
            self.forget_paid();
        }
    }

    /// Whether an execution that is booked tells its fee only now.
    pub(crate) fn owes(&self, fill: &Fill) -> bool {
        let kept = self.aside.unmatched.iter().any(|kept| kept.lacks_fee_of(fill));
        fill.fee != Fee::Unknown && (kept || self.aside.owed.iter().any(|owed| owed.fill == fill.id))
    }

    /// Books a fee where its execution was booked.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn pay(&mut self, fill: &Fill, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        self.aside.unmatched.iter_mut().for_each(|kept| kept.note_fee_of(fill));
        let (due, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.aside.owed).into_iter().partition(|o| o.fill == fill.id);
        self.aside.owed = rest;
        for owed in due {
            for due in owed.dues(fill)? {
                self.charge(due, ctx, out)?;
            }
        }
        self.forget_paid();
        Ok(())
    }

    fn charge(&mut self, due: Due, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let Due { epoch, tranche: id, fee, .. } = due;
        let known = format!("{}: the fee of an execution is known now: {fee}", title(self.key.side, id, ctx));
        let live = self.live.as_mut().filter(|_| epoch == self.epoch);
        if let Some(tranche) = live.and_then(|live| live.tranche_mut(id)) {
            tranche.fees = tranche.fees.plus(fee)?;
            out.tell(Severity::Note, self.key, known);
            if due.opens {
                tranche.entry_fees = tranche.entry_fees.plus(fee)?;
                self.follow_fees(id, ctx, out)?;
            }
        } else if let Some(past) = self.aside.past.iter_mut().find(|past| past.is_of(epoch, id)) {
            let document = &mut past.read.document;
            document.fees = document.fees.plus(fee)?;
            document.realized_pnl = document.realized_pnl.minus(fee)?;
            let text = format!("{known}; {} has realised {}", document.position_id, document.realized_pnl);
            out.tell(Severity::Note, self.key, text);
            out.late_fees = out.late_fees.plus(fee)?;
            out.reads.push(past.read.clone());
        }
        Ok(())
    }

    /// A stop at net break-even stands where nothing is lost only with every fee of the entry counted.
    fn follow_fees(&mut self, id: TrancheId, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let key = self.key;
        let Some(live) = &mut self.live else { return Ok(()) };
        let Some(plan) = live.plan.clone().filter(|plan| plan.breakeven == BreakEven::Net) else { return Ok(()) };
        let scene = Scene { key, epoch: self.epoch, ctx, plan: &plan, orders: &self.orders };
        let Some(tranche) = live.tranche_mut(id).filter(|tranche| tranche.is_at_break_even()) else { return Ok(()) };
        let price = break_even_price(tranche, &scene)?;
        let tighter = |place: StopLevel| key.side.is_better(price, place.price);
        if tranche.stop.is_some_and(tighter) && tranche.aside.proposal.get().is_none_or(tighter) {
            scene.tell(
                Severity::Note,
                id,
                &format!("with that fee break-even is at {price}: the stop goes there"),
                out,
            );
            settle_proposal(tranche, StopLevel { price, basis: Basis::BreakEvenAwaited }, &scene);
        }
        Ok(())
    }

    /// Tranches that are no more: how they read is kept as long as a fee of theirs is to come.
    pub(crate) fn keep_owing(&mut self, reads: &[PositionRead]) {
        let epoch = self.epoch;
        for read in reads {
            let id = TrancheId(read.document.tranche);
            let known = self.aside.past.iter().any(|past| past.is_of(epoch, id));
            if !known && self.is_to_be_told_again(epoch, id) {
                self.aside.past.push(Past { epoch, read: read.clone() });
            }
        }
        self.forget_paid();
    }

    /// Something of a tranche is still to come, a fee or an execution that was only assumed; or one of its trade may be
    /// annulled, or funding of it be told late.
    fn is_to_be_told_again(&self, epoch: Epoch, id: TrancheId) -> bool {
        let is_recent = epoch.0.saturating_add(MOST_TRADES) > self.epoch.0;
        is_recent || self.has_to_come(epoch, id)
    }

    fn has_to_come(&self, epoch: Epoch, id: TrancheId) -> bool {
        self.aside.owed.iter().any(|owed| owed.is_of(epoch, id))
            || self.aside.assumed.iter().any(|one| one.is_of(epoch, id))
    }

    /// An execution is gone: its fee is nobody's. Whether it was not known yet.
    pub(super) fn owe_no_more(&mut self, fill: &Fill) -> bool {
        let before = self.aside.owed.len();
        self.aside.owed.retain(|owed| owed.fill != fill.id);
        self.forget_paid();
        self.aside.owed.len() < before
    }

    /// How the tranches that are over read, as far as that is kept, the newest first.
    pub(super) fn past_reads(&mut self) -> impl Iterator<Item = (Epoch, &mut PositionRead)> {
        self.aside.past.iter_mut().rev().map(|past| (past.epoch, &mut past.read))
    }

    /// How a tranche that is over reads, as long as something of it is still to come.
    pub(super) fn past_read(&mut self, epoch: Epoch, id: TrancheId) -> Option<&mut PositionRead> {
        self.aside.past.iter_mut().find(|past| past.is_of(epoch, id)).map(|past| &mut past.read)
    }

    /// The same, only to be looked at.
    pub(super) fn past_documents(&self) -> impl Iterator<Item = (Epoch, &PositionDocument)> {
        self.aside.past.iter().map(|past| (past.epoch, &past.read.document))
    }

    /// What is owed for one tranche is owed for another, in which it goes up.
    pub(super) fn hand_on_owed(&mut self, from: TrancheId, to: TrancheId) {
        let epoch = self.epoch;
        let parts = self.aside.owed.iter_mut().filter(|owed| owed.epoch == epoch).flat_map(|owed| &mut owed.parts);
        parts.filter(|(id, _)| *id == from).for_each(|(id, _)| *id = to);
        self.hand_on_assumed(from, to);
    }

    /// Only what has something to come is kept of what is over.
    fn keep_only_owing(&mut self) {
        let past = std::mem::take(&mut self.aside.past);
        let kept = past.into_iter().filter(|past| self.has_to_come(past.epoch, TrancheId(past.read.document.tranche)));
        self.aside.past = kept.collect();
        self.put_away();
    }

    pub(super) fn forget_paid(&mut self) {
        let past = std::mem::take(&mut self.aside.past);
        let kept =
            past.into_iter().filter(|past| self.is_to_be_told_again(past.epoch, TrancheId(past.read.document.tranche)));
        self.aside.past = kept.collect();
    }
}

impl Engine {
    /// Deals come and go: of those of one instrument that are over, only the last ones keep their records.
    pub(crate) fn forget_old_deals(&mut self, of: PositionKey) {
        let of_it = |key: PositionKey| (key.account, key.instrument) == (of.account, of.instrument);
        let mut over: Vec<(i64, usize)> = Vec::new();
        for (slot, position) in self.positions.iter().enumerate() {
            let is_over = position.key.deal.is_some() && position.live.is_none();
            let ended = position.past_documents().filter_map(|(_, document)| document.exit_time).max();
            over.extend(ended.filter(|_| is_over && of_it(position.key)).map(|ended| (ended, slot)));
        }
        over.sort_unstable();
        let kept = over.len().saturating_sub(MOST_TRADES as usize);
        for (_, slot) in over.into_iter().take(kept) {
            self.positions[slot].keep_only_owing();
        }
    }
}

impl Past {
    fn is_of(&self, epoch: Epoch, tranche: TrancheId) -> bool {
        self.epoch == epoch && self.read.document.tranche == tranche.0
    }
}

impl Tranche {
    /// Its stop is at break-even, or goes there as soon as its own price allows.
    fn is_at_break_even(&self) -> bool {
        let wanted = self.stop.into_iter().chain(self.aside.proposal.get());
        self.closing.is_none()
            && !self.is_closed()
            && wanted.into_iter().any(|place| place.taken().basis == Basis::BreakEven)
    }
}
