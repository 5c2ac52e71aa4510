//! Executions that the venue annuls (F-F08), hours later perhaps: the ledger keeps the execution and notes that it was annulled,
//! and position, profit, fee and wallet are as if it had never been. Orders stay as they are.
//!
//! No venue documents the form of such a message; this is the simulator's own.

use crate::account::{Holding, Position, worth_of};
use crate::exchange::Exchange;
use crate::protecting::slot_of;
use crate::report::{Fill, StreamEvent};
use backstop_model::{Money, OutOfRange, PositionSide, Rounding, Timestamp};

impl Exchange {
    /// Annuls an execution, if its position still allows it: what it had closed comes back, what it had opened goes. Not one
    /// that turned a position round, not one whose position is on the other side by now, not an opening of what has been closed
    /// since, not one of a deal, and not one from before a switch between hedge and one-way: its position has no place in the
    /// account any more (F-D07). Whether it was.
    pub fn annul(&mut self, now: Timestamp, id: u64) -> bool {
        self.work_until(now);
        let Some(fill) = self.ledger.fill(id).cloned() else { return false };
        if self.ledger.annulled_at(id).is_some() || self.is_withheld(id) || !self.has_place_for(&fill) {
            return false;
        }
        let Ok(Some(after)) = self.without(&fill) else { return false };
        let key = (fill.symbol.clone(), fill.slot);
        let Some(account) = self.ledger.accounts.get_mut(&fill.account) else { return false };
        let before = account.positions.get(&key).cloned().unwrap_or_default();
        let earned = after.realised.minus(before.realised).and_then(|more| more.minus(after.fees)?.plus(before.fees));
        let Ok(balance) = earned.and_then(|earned| account.balance.plus(earned)) else { return false };
        account.balance = balance;
        let holding = after.holding;
        account.positions.insert(key, after);
        self.ledger.note_annulled(id, self.now, holding);
        let told = StreamEvent::TradeAnnulled { at: self.now, fill: Box::new(fill.clone()) };
        self.publish(&fill.account, told);
        self.publish_position(&fill.account, &fill.symbol, fill.slot);
        self.expire_what_no_longer_fits(&fill.account, &fill.symbol, fill.slot);
        true
    }

    fn has_place_for(&self, fill: &Fill) -> bool {
        let place = |side| self.mode_of(&fill.account).ok().and_then(|mode| slot_of(mode, side));
        [PositionSide::Long, PositionSide::Short].into_iter().any(|side| place(side) == Some(fill.slot))
    }

    /// The position without the execution.
    fn without(&self, fill: &Fill) -> Result<Option<Position>, OutOfRange> {
        let Some(position) = self.ledger.position(&fill.account, &fill.symbol, fill.slot) else { return Ok(None) };
        let before = self.ledger.holding_before(fill);
        let (cash, now) = (fill.price.notional(fill.quantity)?, position.holding);
        let opens = PositionSide::opened_by(fill.side);
        let mut realised = position.realised.minus(fill.realised)?;
        let holding = if before.is_flat() || before.side == opens {
            if self.ledger.was_flat_since(fill) {
                return Ok(None);
            }
            let Some((holding, rest)) = unopened(now, opens, fill, cash)? else { return Ok(None) };
            realised = realised.plus(worth_of(rest, position.worth)?)?;
            holding
        } else {
            let is_other = !now.is_flat() && now.side == opens;
            if before.quantity < fill.quantity || is_other {
                return Ok(None);
            }
            // What it was entered for is what it was closed for less what that realised.
            let gained = match position.worth {
                Some(worth) => fill.realised.in_points(worth, Rounding::Nearest)?,
                None => fill.realised,
            };
            let cost = match opens.other() {
                PositionSide::Long => cash.minus(gained)?,
                PositionSide::Short => cash.plus(gained)?,
            };
            let quantity = now.quantity.plus(fill.quantity)?;
            Holding { side: opens.other(), quantity, cost: now.cost.plus(cost)? }
        };
        let fees = position.fees.minus(fill.fee)?;
        Ok(Some(Position { holding, realised, fees, at: self.now, ..position.clone() }))
    }
}

/// A holding without what an execution had opened, and what that leaves of its cost when it is flat then.
fn unopened(
    now: Holding,
    opens: PositionSide,
    fill: &Fill,
    cash: Money,
) -> Result<Option<(Holding, Money)>, OutOfRange> {
    if now.side != opens || now.quantity < fill.quantity {
        return Ok(None);
    }
    let (quantity, cost) = (now.quantity.minus(fill.quantity)?, now.cost.minus(cash)?);
    if !quantity.is_zero() {
        let is_sound = cost > Money::ZERO;
        return Ok(is_sound.then_some((Holding { side: opens, quantity, cost }, Money::ZERO)));
    }
    let rest = match opens {
        PositionSide::Long => cost.negated()?,
        PositionSide::Short => cost,
    };
    Ok(Some((Holding::FLAT, rest)))
}
