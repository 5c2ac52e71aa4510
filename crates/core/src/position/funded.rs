//! Funding and overnight payments, each of them booked once, to what was open when it was paid (I11, F-F04).
//!
//! Venues tell of them later than of anything else: what was open then may be over, and another trade may have begun. The
//! record of a trade that is over is told again, as with a fee that comes late (`owed`).

use super::facts::part_of;
use super::scene::title;
use super::{Ctx, Out, Position, Tranche};
use backstop_model::{
    Epoch, Funding, Money, OutOfRange, PositionDocument, Quantity, Rounding, Severity, Timestamp, TrancheId,
};

/// Payments remembered, to recognise repeats; the oldest goes first.
const MOST: usize = 16;

/// How surely a payment of some instant is this position's; the first is the surest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Claim {
    /// Something of it was open then.
    WasOpen,
    /// Something of it ended then.
    Ended,
    /// It was open already when it was first read: nobody knows since when.
    FoundOpen,
    /// The last of it had ended before: venues book what they have counted a moment before.
    EndedBefore(std::cmp::Reverse<Timestamp>),
    /// What is open of it was opened later.
    OpenedSince,
}

/// What a payment is booked to, and how much of it was open then.
#[derive(Clone, Copy)]
struct Holder {
    epoch: Epoch,
    tranche: TrancheId,
    quantity: Quantity,
}

impl Position {
    /// Whether a payment is booked already.
    pub(crate) fn has_booked(&self, funding: &Funding) -> bool {
        self.aside.funded.contains(&(funding.at, funding.amount))
    }

    /// How surely it is of this position; not at all when nothing is known that it could be of.
    pub(crate) fn claim(&self, at: Timestamp) -> Result<Option<Claim>, OutOfRange> {
        Ok(self.holders(at)?.map(|(claim, _)| claim))
    }

    /// Takes note of a payment that nothing is known of that it could be for.
    pub(crate) fn fund_nothing(&mut self, funding: &Funding, ctx: Ctx, out: &mut Out) {
        self.note_funded(funding);
        let text = format!(
            "{} {}: funding of {} belongs to no trade that is known any more, and is in no record",
            ctx.instrument.symbol, self.key.side, funding.amount
        );
        out.tell(Severity::Warning, self.key, text);
    }

    /// Books a payment pro rata to what was open then; the newest takes what rounding leaves.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn fund(&mut self, funding: &Funding, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let Some((_, holders)) = self.holders(funding.at)? else { return Ok(()) };
        self.note_funded(funding);
        let whole = holders.iter().try_fold(Quantity::ZERO, |sum, holder| sum.plus(holder.quantity))?;
        let (mut left, last) = (funding.amount, holders.len().saturating_sub(1));
        for (index, holder) in holders.into_iter().enumerate() {
            let part = if index == last { left } else { part_of(funding.amount, holder.quantity, whole)? };
            left = left.minus(part)?;
            self.fund_one(holder, part, ctx, out)?;
        }
        Ok(())
    }

    fn fund_one(&mut self, holder: Holder, part: Money, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let Holder { epoch, tranche: id, quantity } = holder;
        let live = self.live.as_mut().filter(|_| epoch == self.epoch);
        if let Some(tranche) = live.and_then(|live| live.tranche_mut(id)) {
            return tranche.fund(part, quantity);
        }
        let name = title(self.key.side, id, ctx);
        let Some(read) = self.past_read(epoch, id) else { return Ok(()) };
        let document = &mut read.document;
        document.funding = document.funding.plus(part)?;
        document.realized_pnl = document.realized_pnl.plus(part)?;
        let text = format!(
            "{name}: funding of {part} is told only now; {} has realised {}",
            document.position_id, document.realized_pnl
        );
        let read = read.clone();
        out.late_fees = out.late_fees.minus(part)?;
        out.tell(Severity::Note, self.key, text);
        out.reads.push(read);
        Ok(())
    }

    fn note_funded(&mut self, funding: &Funding) {
        self.aside.funded.push((funding.at, funding.amount));
        if self.aside.funded.len() > MOST {
            self.aside.funded.remove(0);
        }
    }

    /// What a payment of that instant is for, oldest first.
    fn holders(&self, at: Timestamp) -> Result<Option<(Claim, Vec<Holder>)>, OutOfRange> {
        let open_then = self.held(at, |ended| ended > at)?;
        if !open_then.is_empty() {
            return Ok(Some((Claim::WasOpen, open_then)));
        }
        // Documents tell milliseconds.
        let ended_then = self.held(at, |ended| ended.as_millis() >= at.as_millis())?;
        if !ended_then.is_empty() {
            return Ok(Some((Claim::Ended, ended_then)));
        }
        let open = self.open_holders();
        let found = self.live.as_ref().is_some_and(|live| live.read_until.is_some());
        Ok(match (self.ended_before(at), open.is_empty()) {
            (_, false) if found => Some((Claim::FoundOpen, open)),
            (Some((ended, holder)), _) => Some((Claim::EndedBefore(std::cmp::Reverse(ended)), vec![holder])),
            (None, false) => Some((Claim::OpenedSince, open)),
            (None, true) => None,
        })
    }

    /// What of the newest trade had been opened by then and was closed when `counts` says, or is open.
    fn held(&self, at: Timestamp, counts: impl Fn(Timestamp) -> bool) -> Result<Vec<Holder>, OutOfRange> {
        let mut holders = Vec::new();
        let within = |ended: i64| moment(ended).is_some_and(&counts);
        for (epoch, document) in self.past_documents() {
            if document.entry_time <= at.as_millis() {
                let exits = document.partial_exits.iter().filter(|exit| within(exit.exit_time));
                let closed = exits.map(|exit| exit.quantity_closed);
                holders.extend(holder(epoch, TrancheId(document.tranche), Quantity::ZERO, closed)?);
            }
        }
        let tranches = self.live.iter().flat_map(|live| &live.tranches);
        for tranche in tranches.filter(|tranche| tranche.opened_at <= at) {
            let closed = tranche.exits.iter().filter(|exit| counts(exit.at)).map(|exit| exit.quantity);
            holders.extend(holder(self.epoch, tranche.id, tranche.remaining, closed)?);
        }
        let newest = holders.iter().map(|holder| holder.epoch).max();
        holders.retain(|holder| Some(holder.epoch) == newest);
        Ok(holders)
    }

    fn open_holders(&self) -> Vec<Holder> {
        let holder = |tranche: &Tranche| Holder { epoch: self.epoch, tranche: tranche.id, quantity: tranche.remaining };
        self.live.iter().flat_map(|live| live.open()).map(holder).collect()
    }

    /// What had ended last by then, and when.
    fn ended_before(&self, at: Timestamp) -> Option<(Timestamp, Holder)> {
        let one = |(epoch, document): (Epoch, &PositionDocument)| {
            let ended = moment(document.exit_time?)?;
            Some((ended, Holder { epoch, tranche: TrancheId(document.tranche), quantity: document.original_quantity }))
        };
        let closed = self.live.iter().flat_map(|live| &live.tranches).filter(|tranche| tranche.is_closed());
        let closed = closed.filter_map(|tranche| {
            let ended = tranche.exits.iter().map(|exit| exit.at).max()?;
            Some((ended, Holder { epoch: self.epoch, tranche: tranche.id, quantity: tranche.original }))
        });
        let all = self.past_documents().filter_map(one).chain(closed);
        all.filter(|(ended, holder)| *ended <= at && !holder.quantity.is_zero()).max_by_key(|(ended, _)| *ended)
    }
}

/// What was open of one tranche: what is left of it, and what was closed since.
fn holder(
    epoch: Epoch,
    tranche: TrancheId,
    left: Quantity,
    mut closed: impl Iterator<Item = Quantity>,
) -> Result<Option<Holder>, OutOfRange> {
    let quantity = closed.try_fold(left, |sum, one| sum.plus(one))?;
    Ok((!quantity.is_zero()).then_some(Holder { epoch, tranche, quantity }))
}

fn moment(millis: i64) -> Option<Timestamp> {
    Timestamp::from_millis(millis).ok()
}

impl Tranche {
    /// Books its part of a payment on `quantity`, of which some may have been closed since.
    fn fund(&mut self, part: Money, quantity: Quantity) -> Result<(), OutOfRange> {
        self.funding = self.funding.plus(part)?;
        let paid = part.negated()?.max(Money::ZERO);
        let left = self.remaining.min(quantity);
        let paid = if left == quantity { paid } else { paid.pro_rata(left, quantity, Rounding::Up)? };
        self.funding_paid = self.funding_paid.plus(paid)?;
        Ok(())
    }
}
