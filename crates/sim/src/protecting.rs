//! Exits that are no orders of the ordinary kind: orders bound to a position, orders in inverted words, and closing a
//! position without naming a quantity (venues/bitget.md §6, §8).
//!
//! Once accepted they are orders like all others; what makes them different is checked here.

use crate::exchange::{Counters, Exchange};
use crate::habits::{FlashClose, HedgeWords, SideMismatch, WholePosition};
use crate::numbers;
use crate::order::Bound;
use crate::placing::Placed;
use crate::reduction::Candidate;
use crate::refusal::{self, Refused};
use crate::request::{Amount, Kind, Place, Protect, Slot, TradeSide};
use backstop_model::{OrderSide, PositionMode, PositionSide};

impl Exchange {
    /// Places an order bound to a position.
    pub(crate) fn protect(&mut self, account: &str, protect: &Protect) -> Result<Placed, Refused> {
        let mode = self.mode_of(account)?;
        if self.habits.exits.whole != WholePosition::Bound {
            return Err(refusal::UNSUPPORTED.about(&protect.client_id));
        }
        let slot = slot_of(mode, protect.holds).ok_or_else(|| refusal::UNSUPPORTED.about(&protect.client_id))?;
        if !protect.kind.is_conditional() {
            return Err(refusal::BAD_VALUE.about(&protect.client_id));
        }
        let place = Place {
            client_id: protect.client_id.clone(),
            symbol: protect.symbol.clone(),
            side: protect.holds.closing(),
            position_side: slot.position_side(),
            amount: protect.amount,
            kind: protect.kind,
            reduce_only: slot == Slot::Both && protect.amount != Amount::ClosePosition,
        };
        self.check_name(account, &place)?;
        let holding = self.ledger.holding(account, &place.symbol, slot);
        if holding.reducible_by(place.side).is_zero() {
            return Err(refusal::NO_POSITION.about(&place.client_id));
        }
        let new = Candidate { account, place: &place, slot, closes: true, bound: Bound::ToPosition };
        self.check_bound(new, holding)?;
        self.enter(new)
    }

    /// Places an order in the inverted words of hedge mode.
    pub(crate) fn place_hedged(&mut self, account: &str, place: &Place, trade: TradeSide) -> Result<Placed, Refused> {
        let wrong = || refusal::WRONG_SIDE.about(&place.client_id);
        let mode = self.mode_of(account)?;
        match (self.habits.requests.hedge, mode, self.habits.requests.side_mismatch) {
            (HedgeWords::PositionSide, _, _) => Err(refusal::UNSUPPORTED.about(&place.client_id)),
            (HedgeWords::TradeSide, PositionMode::Hedge, _) => self.place_belonging(account, inverted(place, trade)),
            (HedgeWords::TradeSide, PositionMode::OneWay, SideMismatch::Overlooked) => {
                self.place(account, place.clone())
            }
            (HedgeWords::TradeSide, PositionMode::OneWay, SideMismatch::Refused)
            | (HedgeWords::TradeSide, PositionMode::PerDeal, _) => Err(wrong()),
        }
    }

    /// An ordinary order at a venue of inverted words: on a hedge account it says neither open nor close.
    pub(crate) fn place_unsided(&mut self, account: &str, place: Place) -> Result<Placed, Refused> {
        let mode = self.mode_of(account)?;
        match (mode, self.habits.requests.side_mismatch) {
            (PositionMode::OneWay | PositionMode::PerDeal, _) => self.place_belonging(account, place),
            (PositionMode::Hedge, SideMismatch::Overlooked) => {
                self.place_belonging(account, inverted(&place, TradeSide::Open))
            }
            (PositionMode::Hedge, SideMismatch::Refused) => Err(refusal::WRONG_SIDE.about(&place.client_id)),
        }
    }

    /// Closes what is open on a symbol, on one side or both, at market and under ids of the venue's.
    pub(crate) fn flash_close(
        &mut self,
        account: &str,
        symbol: &str,
        side: Option<PositionSide>,
    ) -> Result<Placed, Refused> {
        let mode = self.mode_of(account)?;
        if self.habits.exits.flash == FlashClose::Absent {
            return Err(refusal::UNSUPPORTED.about(symbol));
        }
        let mut closed = Err(refusal::NO_POSITION.about(symbol));
        for side in [PositionSide::Long, PositionSide::Short].into_iter().filter(|one| side.is_none_or(|of| of == *one))
        {
            let Some(slot) = slot_of(mode, side) else { continue };
            let quantity = self.ledger.holding(account, symbol, slot).reducible_by(side.closing());
            if quantity.is_zero() {
                continue;
            }
            let number = Counters::next(&mut self.counters.hand);
            let place = Place {
                client_id: format!("flash-{number}"),
                symbol: symbol.to_owned(),
                side: side.closing(),
                position_side: slot.position_side(),
                amount: Amount::Exact(quantity),
                kind: Kind::Market,
                reduce_only: slot == Slot::Both,
            };
            closed = Ok(self.close_whatever_rests(account, place, slot)?);
        }
        closed
    }

    /// The whole position goes, whatever rests against it and however small it is.
    fn close_whatever_rests(&mut self, account: &str, place: Place, slot: Slot) -> Result<Placed, Refused> {
        self.check_name(account, &place)?;
        if self.is_deleveraging(account, &place.symbol) {
            return Err(numbers::ADL_FLASH.about(&place.symbol));
        }
        self.check_price_now(&place, Bound::Free)?;
        let Amount::Exact(quantity) = place.amount else {
            return Err(refusal::BAD_VALUE.about(&place.client_id));
        };
        let terms = crate::order::Terms::free(slot, true, Some(quantity));
        let id = self.accept(account, place, terms);
        self.begin(id);
        Ok(Placed { id, evicted: 0 })
    }

    pub(crate) fn mode_of(&self, account: &str) -> Result<PositionMode, Refused> {
        self.ledger.account(account).map(|owner| owner.mode).ok_or_else(|| refusal::NO_ACCOUNT.about(account))
    }
}

/// The slot that holds a side's position; deals have no such slot.
pub(crate) const fn slot_of(mode: PositionMode, side: PositionSide) -> Option<Slot> {
    match mode {
        PositionMode::Hedge => Some(Slot::of(Some(side))),
        PositionMode::OneWay => Some(Slot::Both),
        PositionMode::PerDeal => None,
    }
}

/// An order with buy and sell as they trade: to close a long is to sell it.
fn inverted(place: &Place, trade: TradeSide) -> Place {
    let position = match place.side {
        OrderSide::Buy => PositionSide::Long,
        OrderSide::Sell => PositionSide::Short,
    };
    let side = match trade {
        TradeSide::Close => position.closing(),
        TradeSide::Open => position.opening(),
    };
    // Reduce-only is not heeded here: open and close say it (venues/bitget.md §0 fact 4).
    Place { side, position_side: Some(position), reduce_only: false, ..place.clone() }
}
