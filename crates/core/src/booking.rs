//! Books executions and payments, each of them once: whose it is, what of it closes and what of it opens.
//!
//! On accounts with one net position an execution the other way first reduces what is open; what is left of it opens
//! the other side. Our own orders never open anything, so that remainder can only be another's. What an execution means for
//! the position it is booked in is decided there.

use crate::engine::{Engine, Turn};
use crate::orders::{EntryName, Named};
use crate::position::{Position, facts_fee};
use backstop_model::{
    Annulled, Fill, FillCause, Funding, PositionKey, PositionMode, PositionSide, Quantity, Timestamp,
};

/// The position of a side that an execution may be of.
fn key_of(fill: &Fill, side: PositionSide) -> PositionKey {
    PositionKey::new(fill.account, fill.instrument, side).of_deal(fill.deal)
}

/// What the venue itself does to a position opens none, whether we have heard of the position or not (F-F01, F-F02).
fn is_forced(fill: &Fill) -> bool {
    fill.cause != FillCause::Order
}

impl Engine {
    /// Books one execution, once.
    pub(crate) fn fill(&mut self, fill: &Fill, turn: &mut Turn) {
        let side = self.side_of(fill);
        let both = [side, side.other()].map(|side| key_of(fill, side));
        if both.iter().any(|key| self.knows(*key, fill)) {
            return both.into_iter().for_each(|key| self.late_fee(key, fill, turn));
        }
        if let Some(key) = both.into_iter().find(|key| self.position(*key).is_some_and(|known| known.assumes(fill))) {
            self.asked_beside(key, fill, turn);
            return self.tell_known(key, turn, |position, ctx, out| {
                position.is_news(fill);
                position.count_at_entry(fill, ctx, out)?;
                position.prove(fill, ctx, out).map(|_| ())
            });
        }
        if side.opening() == fill.side {
            self.count_elsewhere(fill, side, turn);
            return self.enter(both[0], fill, fill.quantity, turn);
        }
        if fill.order.as_ref().is_some_and(|id| EntryName::read(id).is_some()) {
            // Somebody has opened the other side meanwhile: the entry has closed that.
            self.tell_known(both[1], turn, |position, ctx, out| position.count_at_entry(fill, ctx, out));
        }
        self.close_by(fill, both, turn);
    }

    /// Whose side it is of: as it says, else of what it may close, else as our order's name says, else of what it opens.
    fn side_of(&self, fill: &Fill) -> PositionSide {
        let opens = PositionSide::opened_by(fill.side);
        match fill.position_side {
            Some(side) => side,
            None if is_forced(fill) || self.may_close(key_of(fill, opens.other()), fill.at) => opens.other(),
            None => fill.order.as_ref().and_then(Named::read).map_or(opens, |named| named.side),
        }
    }

    /// It goes the other way than the first of the two positions: it closes of it what is open. What is left of another's
    /// opens the second where an account has one net position; else it waits for what it closes.
    fn close_by(&mut self, fill: &Fill, [closed, opened]: [PositionKey; 2], turn: &mut Turn) {
        let closes = fill.quantity.min(self.open_quantity(closed));
        let rest = fill.quantity.saturating_minus(closes);
        let ours = fill.order.as_ref().and_then(Named::read).is_some();
        let flips = self.is_net(fill) && !ours && !is_forced(fill);
        // What is known to have been opened is closed first, also before the execution that did it is told (F-B01, F-B16).
        let untold = self.position(closed).map_or(Quantity::ZERO, |known| known.untold(fill.at));
        let waits = if flips { rest.min(untold) } else { rest };
        self.tell(closed, turn, |position, ctx, out| {
            position.is_news(fill);
            position.count_at_order(fill)?;
            if !waits.is_zero() {
                position.keep_unmatched(fill, waits);
            }
            if !rest.is_zero() && !flips {
                position.closed_too_much(rest, ours, ctx, out);
            }
            position.leave(fill, closes, facts_fee(fill, closes)?, ctx, out)
        });
        let opens = rest.saturating_minus(waits);
        if !opens.is_zero() {
            let turned = self.turns_round(opened, fill);
            self.tell(opened, turn, |position, ctx, out| {
                position.is_news(fill);
                let asked = position.entered_by(fill);
                position.enter(fill, opens, facts_fee(fill, opens)?, asked, ctx, out)?;
                position.end_grace(turned, ctx);
                Ok(())
            });
        }
    }

    /// Whether it is of a net position: one that names no side is, also when it is heard of after the account has been
    /// switched (F-D07).
    fn is_net(&self, fill: &Fill) -> bool {
        let mode = self.accounts.get(&fill.account).map(|account| account.position_mode);
        fill.position_side.is_none() && mode.is_some_and(|mode| mode != PositionMode::PerDeal)
    }

    /// Whether an execution turns a net position round that we looked after: the new one gets its stop at once (product.md §3,
    /// F-D04). An order may do that in several executions.
    fn turns_round(&self, opened: PositionKey, fill: &Fill) -> bool {
        let before = self.position(PositionKey { side: opened.side.other(), ..opened });
        self.is_net(fill) && before.is_some_and(|before| before.was_ours_until(fill.at))
    }

    /// An exit of ours that left in the words of another mode has opened something on the other side (F-D07): that is what the
    /// order has done, and it has closed nothing.
    fn count_elsewhere(&mut self, fill: &Fill, side: PositionSide, turn: &mut Turn) {
        let named = fill.order.as_ref().and_then(Named::read).filter(|named| named.side != side);
        let Some(named) = named else { return };
        self.tell_known(key_of(fill, named.side), turn, |position, _, _| position.count_at_order(fill));
    }

    /// The venue annuls an execution: whoever has booked it undoes it; where nobody has, it is never booked (F-F08).
    pub(crate) fn annulled(&mut self, annulled: &Annulled, turn: &mut Turn) {
        let fill = &annulled.fill;
        let closes = fill.position_side.unwrap_or(PositionSide::opened_by(fill.side).other());
        let both = [closes, closes.other()].map(|side| key_of(fill, side));
        let mut knowing: Vec<_> = both.into_iter().filter(|key| self.knows(*key, fill)).collect();
        if knowing.is_empty() {
            // What only reads have shown of it is undone where they have.
            let assumes = |key: &PositionKey| self.position(*key).is_some_and(|position| position.assumes(fill));
            knowing.extend(both.into_iter().find(assumes));
        }
        if knowing.is_empty() {
            self.tell(both[0], turn, |position, ctx, out| position.annul(annulled, ctx, out));
            // Reads from before know it still, on whichever side.
            return self.tell_known(both[1], turn, |position, _, _| {
                position.note_annulled(annulled);
                Ok(())
            });
        }
        for key in knowing {
            self.tell_known(key, turn, |position, ctx, out| position.annul(annulled, ctx, out));
        }
    }

    /// An execution that is known tells what it has cost (F-B11).
    fn late_fee(&mut self, key: PositionKey, fill: &Fill, turn: &mut Turn) {
        if self.position(key).is_some_and(|position| position.owes(fill)) {
            self.tell_known(key, turn, |position, ctx, out| position.pay(fill, ctx, out));
        }
    }

    /// Books one payment, once: to the position that was open when it was paid, as far as that is known.
    pub(crate) fn funding(&mut self, funding: &Funding, turn: &mut Turn) {
        let key = |side| PositionKey::new(funding.account, funding.instrument, side).of_deal(funding.deal);
        let sides = [PositionSide::Long, PositionSide::Short].into_iter();
        let of_it = |side: &PositionSide| funding.position_side.is_none_or(|of| of == *side);
        let keys: Vec<PositionKey> = sides.filter(of_it).map(key).filter(|key| self.position(*key).is_some()).collect();
        if keys.iter().any(|key| self.position(*key).is_some_and(|known| known.has_booked(funding))) {
            return;
        }
        let claim = |key: &PositionKey| self.position(*key)?.claim(funding.at).ok().flatten();
        let whose = keys.iter().filter_map(|key| Some((claim(key)?, *key))).min_by_key(|(claim, _)| *claim);
        match (whose, keys.first()) {
            (Some((_, key)), _) => self.tell_known(key, turn, |position, ctx, out| position.fund(funding, ctx, out)),
            (None, Some(key)) => self.tell_known(*key, turn, |position, ctx, out| {
                position.fund_nothing(funding, ctx, out);
                Ok(())
            }),
            (None, None) => {}
        }
    }

    fn enter(&mut self, key: PositionKey, fill: &Fill, quantity: Quantity, turn: &mut Turn) {
        let asked = self.asked_beside(key, fill, turn);
        // A closing of it may have been quicker than this (F-B03): nothing is decided in between.
        let is_closed = self.position(key).is_some_and(|position| position.was_closed_since(fill.at));
        let decides = is_closed && !turn.gathering;
        turn.gathering |= is_closed;
        let turned = self.turns_round(key, fill);
        self.tell(key, turn, |position, ctx, out| {
            position.is_news(fill);
            // A close of ours that was worded for another mode has added to what it was to close: it has done what it will (F-D07).
            position.count_at_order(fill)?;
            position.count_at_entry(fill, ctx, out)?;
            let asked = asked.or_else(|| position.entered_by(fill));
            position.enter(fill, quantity, facts_fee(fill, quantity)?, asked, ctx, out)?;
            position.end_grace(turned, ctx);
            Ok(())
        });
        if is_closed {
            self.tell_known(key, turn, |position, ctx, out| position.close_unmatched(fill.at, ctx, out));
        }
        if decides {
            self.decide_gathered(turn);
        }
    }

    /// Whether there is something to close at that instant, as far as executions say, our entries' own words, or the venue's
    /// on what is open.
    fn may_close(&self, key: PositionKey, at: Timestamp) -> bool {
        self.position(key).is_some_and(|known| !known.quantity().is_zero() || !known.untold(at).is_zero())
    }

    pub(crate) fn open_quantity(&self, key: PositionKey) -> Quantity {
        self.position(key).map_or(Quantity::ZERO, Position::quantity)
    }

    fn knows(&self, key: PositionKey, fill: &Fill) -> bool {
        self.position(key).is_some_and(|position| position.knows(fill))
    }
}
