//! Executions that the venue annuls, hours later perhaps (F-F08). Nothing that was recorded changes: the correction is an
//! event of its own. What was closed by such an execution is open again, for what it was entered for; what was entered by it
//! was never there; its fee is returned. The venue is asked how things stand, and whatever is open is protected by the turn
//! that follows.
//!
//! How executions are booked is `facts`; how the record of a trade that is over is told again, `owed`.

mod gone;
mod past;

use self::gone::{Closed, Gone};
use self::past::{take_entry_out_of, take_out_of};
use super::entering::Entered;
use super::facts::Origin;
use super::scene::title;
use super::tranche::{Entry, Exit};
use super::{Ctx, Live, Out, Position, Tranche, arming, facts_fee};
use crate::exits::ladder::{self, LevelState};
use crate::orders::{Leg, Named};
use backstop_model::{
    Annulled, Command, Epoch, Fill, Money, Notice, OutOfRange, PositionSide, Price, Quantity, Ratio, Rounding,
    Severity, SnapshotCause, Timestamp, TrancheId,
};

/// Annulled executions that are remembered; the oldest goes first.
const MOST: usize = 16;

/// What an execution had closed and is open again.
#[derive(Clone, Copy)]
struct Again {
    quantity: Quantity,
    /// What it was entered for.
    cost: Money,
    /// A trade it was closed in followed a plan.
    managed: bool,
}

impl Position {
    /// An execution is gone.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn annul(&mut self, annulled: &Annulled, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let Annulled { fill, at } = annulled;
        if self.aside.annulled.contains(&fill.id) {
            return Ok(());
        }
        self.aside.annulled.push(fill.id);
        if self.aside.annulled.len() > MOST {
            self.aside.annulled.remove(0);
        }
        let booked = self.booked_of(fill, ctx, out)?;
        self.as_of = self.as_of.max(*at);
        let what = if booked.is_some() { "what it did is undone" } else { "it was not known here, and is not booked" };
        let text = format!(
            "{} {}: the venue has annulled an execution, {} {} at {}: {what}; check the venue's trade history",
            ctx.instrument.symbol, self.key.side, fill.side, fill.quantity, fill.price
        );
        out.tell(Severity::Alarm, self.key, text);
        let look = Command::Snapshot { account: self.key.account, cause: SnapshotCause::Surprise };
        if !out.commands.contains(&look) {
            out.commands.push(look);
        }
        let Some(booked) = booked else { return Ok(()) };
        // A fee that was never booked is not returned.
        let fee = if self.owe_no_more(fill) { Money::ZERO } else { facts_fee(fill, booked)? };
        let mut gone = Gone { fill, left: booked, fee, assumed: self.aside.assumed.clone() };
        if fill.side == self.key.side.opening() {
            self.undo_entry(&mut gone, ctx)?;
            return self.undo_past_entry(&mut gone, out);
        }
        let again = self.undo_closing(&mut gone, ctx, out)?;
        again.map_or(Ok(()), |again| self.go_on_with(&again, *at, ctx, out))
    }

    /// How much of an execution is booked: as itself, or as what only reads have shown of it (F-B16), which is proven by this.
    /// Nothing where nobody knew of it; should it be heard of yet, it is none. What its order has executed stays executed.
    fn booked_of(&mut self, fill: &Fill, ctx: Ctx, out: &mut Out) -> Result<Option<Quantity>, OutOfRange> {
        if self.knows(fill) {
            return Ok(Some(fill.quantity.saturating_minus(self.forget_unmatched(fill))));
        }
        self.is_news(fill);
        if self.assumes(fill) {
            return self.prove(fill, ctx, out).map(Some);
        }
        self.count_at_order(fill)?;
        Ok(None)
    }

    /// A closing is gone, out of every trade that it has closed something of: first that of its order, if it was open then; then
    /// others that were, where an opening was heard of late. What is open again of trades that are over.
    fn undo_closing(&mut self, gone: &mut Gone, ctx: Ctx, out: &mut Out) -> Result<Option<Again>, OutOfRange> {
        let own = self.epoch_of(gone.fill);
        let mut again = None;
        let rounds: [fn(bool, bool) -> bool; 3] = [|own, lasted| own && lasted, |_, lasted| lasted, |own, _| own];
        for round in rounds {
            let of_it = |epoch, lasted| round(own == Some(epoch), lasted);
            if !gone.left.is_zero()
                && self.live.as_ref().is_some_and(|live| of_it(self.epoch, live.lasted(gone.fill.at)))
            {
                self.open_again(gone, ctx, out)?;
            }
            // Of a trade that goes on, tranches may be over as well.
            again = self.take_out_of_past(gone, of_it, again, out)?;
        }
        Ok(again)
    }

    /// An execution that was never heard of is gone: reads from before say nothing of quantities.
    pub(crate) fn note_annulled(&mut self, annulled: &Annulled) {
        self.as_of = self.as_of.max(annulled.at);
    }

    /// The incarnation that an execution was for, by the id of our order.
    fn epoch_of(&self, fill: &Fill) -> Option<Epoch> {
        let named = fill.order.as_ref().and_then(Named::read).filter(|named| named.scope == self.scope);
        named.map(|named| named.epoch)
    }

    /// In the trade that goes on: out of its closings, back under its stop. Levels that were reached stay reached.
    fn open_again(&mut self, gone: &mut Gone, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, epoch) = (self.key, self.epoch);
        let named = gone.fill.order.as_ref().and_then(Named::read).filter(|named| named.scope == self.scope);
        let Some(live) = &mut self.live else { return Ok(()) };
        let own = named.filter(|named| named.leg != Leg::WholeStop).map(|named| named.tranche);
        let mut ids: Vec<TrancheId> = live.tranches.iter().map(|tranche| tranche.id).collect();
        ids.sort_by_key(|id| Some(*id) != own);
        let mut reopened = Vec::new();
        for id in ids {
            let Some(tranche) = live.tranche_mut(id) else { continue };
            let before = tranche.remaining;
            tranche.open_again((epoch, key.side), named.and_then(|named| named.leg.level()), gone)?;
            if tranche.remaining != before {
                arming::rearm(live, id, key, ctx, out)?;
                reopened.push(id);
            }
        }
        live.mismatch = None;
        self.take_back_cancels_of(&reopened, out);
        Ok(())
    }

    /// In trades that are over: their records are told again without it. What it had closed, as far as the records are known.
    fn take_out_of_past(
        &mut self,
        gone: &mut Gone,
        of_it: impl Fn(Epoch, bool) -> bool,
        mut again: Option<Again>,
        out: &mut Out,
    ) -> Result<Option<Again>, OutOfRange> {
        let level = gone.fill.order.as_ref().and_then(Named::read).and_then(|named| named.leg.level());
        let (key, at) = (self.key, gone.fill.at.as_millis());
        for (epoch, read) in self.past_reads() {
            let document = &read.document;
            let lasted = document.entry_time <= at && document.exit_time.is_none_or(|ended| at <= ended);
            if gone.left.is_zero() || !of_it(epoch, lasted) {
                continue;
            }
            let before = read.document.realized_pnl;
            let (quantity, cost) = take_out_of(&mut read.document, epoch, level, gone)?;
            if quantity.is_zero() {
                continue;
            }
            out.late_fees = out.late_fees.plus(before.minus(read.document.realized_pnl)?)?;
            let known = again.unwrap_or(Again { quantity: Quantity::ZERO, cost: Money::ZERO, managed: false });
            let managed = known.managed || !read.document.plan.is_empty();
            again = Some(Again { quantity: known.quantity.plus(quantity)?, cost: known.cost.plus(cost)?, managed });
            let read = read.clone();
            let text = format!("{} has realised {} without it", read.document.position_id, read.document.realized_pnl);
            out.notices.push(Notice::new(Severity::Note, key, text));
            out.reads.push(read);
        }
        Ok(again)
    }

    /// What is open again goes on: with what has been opened since, or as an incarnation of its own.
    fn go_on_with(&mut self, again: &Again, at: Timestamp, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let key = self.key;
        if let Some(live) = self.live.as_mut().filter(|live| !live.is_flat()) {
            let Some(newest) = live.tranches.iter_mut().rev().find(|tranche| !tranche.is_closed()) else {
                return Ok(());
            };
            let id = newest.id;
            newest.take_in(again)?;
            live.mismatch = None;
            return arming::rearm(live, id, key, ctx, out);
        }
        let last_words = self.read(ctx)?;
        self.keep_owing(&last_words);
        out.reads.extend(last_words);
        self.epoch = self.next_epoch();
        let window = ctx.board.next_window();
        let price = again.cost.per(again.quantity, Rounding::Nearest)?;
        let entry = Entry { price, quantity: again.quantity, fee: Money::ZERO, at, window };
        let mut tranche = Tranche::open(TrancheId::FIRST, &entry, ctx)?;
        (tranche.cost, tranche.cost_left) = (again.cost, again.cost);
        let origin =
            if again.managed { Origin::Ours(Entered::again()) } else { Origin::Others { at_first_look: false } };
        self.begin(tranche, origin, ctx, out)?;
        self.prove_all();
        let name = title(key.side, TrancheId::FIRST, ctx);
        let text = format!("{name}: {} is open again, entered at {}", again.quantity, price);
        out.tell(Severity::Warning, key, text);
        Ok(())
    }

    /// It was there before: it is not closed again for want of a stop, as a new entry is.
    fn prove_all(&mut self) {
        let tranches = self.live.iter_mut().flat_map(|live| &mut live.tranches);
        tranches.for_each(|tranche| tranche.aside.unproven = Quantity::ZERO);
    }

    /// What was entered by it was never there.
    fn undo_entry(&mut self, gone: &mut Gone, ctx: Ctx) -> Result<(), OutOfRange> {
        let key = self.key;
        let order = gone.fill.order.map_or_else(|| gone.fill.venue_order.to_string(), |id| id.to_string());
        let Some(live) = self.live.as_mut().filter(|live| !live.is_flat()) else { return Ok(()) };
        let trails = live.plan.as_ref().is_some_and(|plan| plan.trails());
        let mut ids: Vec<TrancheId> = live.open().rev().map(|tranche| tranche.id).collect();
        ids.sort_by_key(|id| live.tranche(*id).and_then(|known| known.main_order.as_deref()) != Some(&*order));
        for id in ids {
            let Some(tranche) = live.tranche_mut(id).filter(|tranche| tranche.opened_at <= gone.fill.at) else {
                continue;
            };
            let before = tranche.remaining;
            tranche.undo_entry(key.side, gone)?;
            tranche.shrink_levels(before.saturating_minus(tranche.remaining), ctx.instrument.step, trails)?;
        }
        live.mismatch = None;
        self.note_left();
        Ok(())
    }
}

impl Position {
    /// What a trade that is over had entered by it was never there, so what had closed it has opened the other side: its record
    /// is told again without both. What is open now the venue says.
    fn undo_past_entry(&mut self, gone: &mut Gone, out: &mut Out) -> Result<(), OutOfRange> {
        let (key, at) = (self.key, gone.fill.at.as_millis());
        for (_, read) in self.past_reads() {
            let document = &read.document;
            // What closed it may have happened before it, and have been heard of after it.
            let ended = document.exit_time.map_or(at, |ended| ended.max(document.entry_time));
            let lasted = (document.entry_time..=ended).contains(&at);
            if !lasted || gone.left.is_zero() {
                continue;
            }
            let before = document.realized_pnl;
            take_entry_out_of(&mut read.document, gone)?;
            let read = read.clone();
            let text = format!("{} has realised {} without it", read.document.position_id, read.document.realized_pnl);
            out.late_fees = out.late_fees.plus(before.minus(read.document.realized_pnl)?)?;
            out.notices.push(Notice::new(Severity::Note, key, text));
            out.reads.push(read);
        }
        Ok(())
    }
}

impl Live {
    /// Something of it was open then.
    fn lasted(&self, at: Timestamp) -> bool {
        let until = |tranche: &Tranche| !tranche.is_closed() || tranche.exits.iter().any(|exit| exit.at >= at);
        self.tranches.iter().any(|tranche| tranche.opened_at <= at && until(tranche))
    }
}

impl Tranche {
    /// Takes an annulled closing out, as far as it was this tranche's: out of the closings of its level first.
    fn open_again(
        &mut self,
        (epoch, side): (Epoch, PositionSide),
        level: Option<u8>,
        gone: &mut Gone,
    ) -> Result<(), OutOfRange> {
        for (index, most) in gone.order(self.exits.iter().map(Closed::from), level, (epoch, self.id)) {
            let exit = &mut self.exits[index];
            let quantity = most.min(gone.left);
            if quantity.is_zero() {
                continue;
            }
            let cost = exit.take_out((side, self.aside.value_per_point), quantity, gone.fill.price)?;
            let number = exit.level;
            self.remaining = self.remaining.plus(quantity)?;
            self.cost_left = self.cost_left.plus(cost)?;
            self.fees = self.fees.minus(gone.fee_with(quantity)?)?;
            let open = |level: &&mut ladder::Level| Some(level.number) == number && level.state == LevelState::Open;
            if let Some(level) = self.levels.iter_mut().find(open) {
                level.filled = level.filled.saturating_minus(quantity);
            }
        }
        self.exits.retain(|exit| !exit.quantity.is_zero());
        self.forget_smallness();
        if !self.is_closed() {
            self.entry_price = self.cost_left.per(self.remaining, Rounding::Nearest)?;
        }
        Ok(())
    }

    /// Adds what another trade had closed.
    fn take_in(&mut self, again: &Again) -> Result<(), OutOfRange> {
        self.forget_smallness();
        self.original = self.original.plus(again.quantity)?;
        self.remaining = self.remaining.plus(again.quantity)?;
        self.cost = self.cost.plus(again.cost)?;
        self.cost_left = self.cost_left.plus(again.cost)?;
        self.entry_price = self.cost_left.per(self.remaining, Rounding::Nearest)?;
        Ok(())
    }

    /// Takes an annulled entry out, as far as it is still open here. Where the average has moved cost to what was closed, the last
    /// closing takes the rest.
    fn undo_entry(&mut self, side: PositionSide, gone: &mut Gone) -> Result<(), OutOfRange> {
        let quantity = self.remaining.min(gone.left);
        if quantity.is_zero() {
            return Ok(());
        }
        let cost = gone.fill.price.notional(quantity)?;
        let fee = gone.fee_with(quantity)?;
        self.remaining = self.remaining.minus(quantity)?;
        self.original = self.original.minus(quantity)?;
        self.cost = self.cost.minus(cost)?;
        self.cost_left = self.cost_left.minus(cost)?;
        self.fees = self.fees.minus(fee)?;
        self.entry_fees = self.entry_fees.minus(fee)?;
        self.aside.unproven = self.aside.unproven.min(self.remaining);
        self.aside.part = self.aside.part.min(self.remaining);
        if self.is_closed() {
            let rest = std::mem::replace(&mut self.cost_left, Money::ZERO);
            if let Some(last) = self.exits.last_mut() {
                last.cost = last.cost.plus(rest)?;
                last.profit = ladder::profit(side, last.cost, last.cash, self.aside.value_per_point)?;
            }
        } else if self.cost_left > Money::ZERO {
            self.entry_price = self.cost_left.per(self.remaining, Rounding::Nearest)?;
        }
        Ok(())
    }
}

impl Exit {
    /// Takes a part out, executed at that price; what it had cost to enter.
    fn take_out(
        &mut self,
        (side, value_per_point): (PositionSide, Ratio),
        quantity: Quantity,
        price: Price,
    ) -> Result<Money, OutOfRange> {
        let cash = price.notional(quantity)?;
        let cost = if quantity == self.quantity {
            // All that it has earned goes with it.
            entered_for(side, cash, ladder::profit(side, self.cost, self.cash, Ratio::ONE)?)?
        } else {
            self.cost.pro_rata(quantity, self.quantity, Rounding::Nearest)?
        };
        self.quantity = self.quantity.minus(quantity)?;
        self.cost = self.cost.minus(cost)?;
        self.cash = self.cash.minus(cash)?;
        self.profit = ladder::profit(side, self.cost, self.cash, value_per_point)?;
        Ok(cost)
    }
}

/// What something was entered for, by what it was closed for and what that has earned, all in points × quantity.
pub(super) fn entered_for(side: PositionSide, cash: Money, profit: Money) -> Result<Money, OutOfRange> {
    match side {
        PositionSide::Long => cash.minus(profit),
        PositionSide::Short => cash.plus(profit),
    }
}
