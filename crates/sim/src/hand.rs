//! People at the venue's own screen: they trade the same account behind everybody's back (faults.md section D).
//!
//! What they do goes through the same checks as a client's request, at once, under client ids that begin with `web-`,
//! and produces the same events. Only moving a stop is easier for them: screens amend what the API cannot.

use crate::account::{Position, TrailingStops};
use crate::deal::SetLevels;
use crate::exchange::{Counters, Exchange};
use crate::habits::ModeChange;
use crate::protecting::slot_of;
use crate::refusal::{self, Refused};
use crate::report::{Cause, Status, StreamEvent};
use crate::request::{Amend, Amount, Kind, Place};
use crate::risk::doubled;
use backstop_model::{Leverage, Money, PositionMode, PositionSide, Price, Quantity, Ratio, Timestamp};
use serde::{Deserialize, Serialize};

/// Something a person does.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum HandAction {
    /// Cancel every open order of a symbol.
    CancelAll {
        /// Which market.
        symbol: String,
    },
    /// Cancel one order (F-D05).
    CancelOrder {
        /// Its client id.
        client_id: String,
    },
    /// Change the leverage, of every market (F-D08).
    ChangeLeverage(Leverage),
    /// Add margin to a position, or take some out where negative (F-D09): liquidation moves away, or comes nearer.
    ChangeMargin {
        /// Which market.
        symbol: String,
        /// Which side.
        side: PositionSide,
        /// How much.
        amount: Money,
    },
    /// Switch between hedge and one-way (F-D07); refused while orders or positions are open.
    ChangeMode(PositionMode),
    /// Close a position at market (F-D01).
    Close {
        /// Which market.
        symbol: String,
        /// Which side.
        side: PositionSide,
    },
    /// Close a position and open as much on the other side (F-D04).
    Flip {
        /// Which market.
        symbol: String,
        /// The side before.
        side: PositionSide,
    },
    /// Replace the levels of a deal.
    MoveLevels(SetLevels),
    /// Move the trigger of a stop or target (F-D05).
    MoveStop {
        /// Its client id.
        client_id: String,
        /// The new trigger price.
        trigger: Price,
    },
    /// Open a position at market, or make it larger (F-D03).
    Open {
        /// Which market.
        symbol: String,
        /// Which side.
        side: PositionSide,
        /// How much.
        quantity: Quantity,
    },
    /// Allow trailing stops on deals, or not (venues/ig.md §2.1).
    PreferTrailing(TrailingStops),
    /// Make a position smaller at market (F-D02).
    Reduce {
        /// Which market.
        symbol: String,
        /// Which side.
        side: PositionSide,
        /// How much.
        quantity: Quantity,
    },
}

impl Exchange {
    /// Somebody does something at the venue's own screen, at once.
    ///
    /// # Errors
    /// The venue's refusal, as for a request; nothing has changed then.
    pub fn by_hand(&mut self, now: Timestamp, account: &str, action: HandAction) -> Result<(), Refused> {
        self.work_until(now);
        self.act_by_hand(account, action).map_err(|refused| self.habits.requests.numbers.spoken(refused))
    }

    fn act_by_hand(&mut self, account: &str, action: HandAction) -> Result<(), Refused> {
        let mode = self.mode_of(account)?;
        match action {
            HandAction::CancelAll { symbol } => {
                for id in self.open_ids(account, &symbol, None) {
                    self.end(id, Status::Canceled, Some(Cause::ByHand));
                }
                Ok(())
            }
            HandAction::CancelOrder { client_id } => {
                let id = self.open_by_hand(account, &client_id)?;
                self.end(id, Status::Canceled, Some(Cause::ByHand));
                Ok(())
            }
            HandAction::ChangeLeverage(leverage) => self.change_leverage(account, mode, leverage),
            HandAction::ChangeMargin { symbol, side, amount } => {
                self.change_margin(account, (mode, &symbol, side), amount)
            }
            HandAction::ChangeMode(mode) => self.change_mode(account, mode),
            HandAction::Close { symbol, side } => self.close_by_hand(account, mode, &symbol, side),
            HandAction::Flip { symbol, side } => self.flip(account, mode, &symbol, side),
            HandAction::MoveLevels(levels) => self.move_levels_by_hand(account, levels),
            HandAction::MoveStop { client_id, trigger } => {
                let id = self.open_by_hand(account, &client_id)?;
                let amend = Amend { client_id, price: None, trigger: Some(trigger), quantity: None };
                self.amend_open(id, &amend, Cause::ByHand).map(|_| ())
            }
            HandAction::Open { symbol, side, quantity } => {
                self.trade_by_hand(account, mode, &symbol, side, true, quantity)
            }
            HandAction::PreferTrailing(trailing) => {
                let owner = self.ledger.accounts.get_mut(account);
                owner.ok_or_else(|| refusal::NO_ACCOUNT.about(account))?.trailing = trailing;
                Ok(())
            }
            HandAction::Reduce { symbol, side, quantity } => {
                self.trade_by_hand(account, mode, &symbol, side, false, quantity)
            }
        }
    }

    fn open_by_hand(&self, account: &str, client_id: &str) -> Result<u64, Refused> {
        self.open_order(account, client_id).ok_or_else(|| refusal::UNKNOWN_ORDER.about(client_id))
    }

    fn held(&self, account: &str, mode: PositionMode, symbol: &str, side: PositionSide) -> Result<Quantity, Refused> {
        let held = match slot_of(mode, side) {
            Some(slot) => self.ledger.holding(account, symbol, slot).reducible_by(side.closing()),
            None => self.dealt_quantity(account, symbol, side),
        };
        if held.is_zero() {
            return Err(refusal::REDUCE_ONLY.about(symbol));
        }
        Ok(held)
    }

    /// In as many orders as the venue makes it be, like anybody who closes more than it takes at once (F-G04).
    fn close_by_hand(
        &mut self,
        account: &str,
        mode: PositionMode,
        symbol: &str,
        side: PositionSide,
    ) -> Result<(), Refused> {
        let mut left = self.held(account, mode, symbol, side)?;
        let (smallest, largest) = self.rules(symbol).map_or((Quantity::ZERO, left), |rules| {
            let largest = rules.max_market_quantity.or(rules.max_quantity);
            (rules.min_quantity, largest.unwrap_or(left))
        });
        while !left.is_zero() {
            let rest = left.saturating_minus(largest);
            let is_short = !rest.is_zero() && rest < smallest;
            let part = if is_short { left.saturating_minus(smallest) } else { left.min(largest) };
            self.trade_by_hand(account, mode, symbol, side, false, part)?;
            left = left.saturating_minus(part);
        }
        Ok(())
    }

    fn flip(&mut self, account: &str, mode: PositionMode, symbol: &str, side: PositionSide) -> Result<(), Refused> {
        let held = self.held(account, mode, symbol, side)?;
        match mode {
            PositionMode::Hedge | PositionMode::PerDeal => {
                self.trade_by_hand(account, mode, symbol, side, false, held)?;
                self.trade_by_hand(account, mode, symbol, side.other(), true, held)
            }
            PositionMode::OneWay => {
                let both = doubled(held).ok_or_else(|| refusal::ABOVE_MAX.about(held))?;
                self.trade_by_hand(account, mode, symbol, side.other(), true, both)
            }
        }
    }

    fn trade_by_hand(
        &mut self,
        account: &str,
        mode: PositionMode,
        symbol: &str,
        side: PositionSide,
        opens: bool,
        quantity: Quantity,
    ) -> Result<(), Refused> {
        if mode == PositionMode::PerDeal {
            return self.deal_by_hand(account, symbol, side, opens, quantity);
        }
        let number = Counters::next(&mut self.counters.hand);
        let place = Place {
            client_id: format!("web-{number}"),
            symbol: symbol.to_owned(),
            side: if opens { side.opening() } else { side.closing() },
            position_side: (mode == PositionMode::Hedge).then_some(side),
            amount: Amount::Exact(quantity),
            kind: Kind::Market,
            reduce_only: !opens && mode == PositionMode::OneWay,
        };
        self.place_belonging(account, place).map(|_| ())
    }

    pub(crate) fn change_mode(&mut self, account: &str, mode: PositionMode) -> Result<(), Refused> {
        let owner = self.ledger.account(account).ok_or_else(|| refusal::NO_ACCOUNT.about(account))?;
        let leverage = owner.leverage;
        if !self.native().keeps(mode) {
            return Err(refusal::UNSUPPORTED.refused());
        }
        if owner.mode == mode {
            return Err(refusal::NO_CHANGE.refused());
        }
        if owner.has_position() {
            return Err(refusal::OPEN_POSITION.refused());
        }
        let symbols: Vec<&String> = self.markets.keys().collect();
        if symbols.iter().any(|symbol| !self.open_ids(account, symbol, None).is_empty()) {
            return Err(refusal::OPEN_ORDERS.refused());
        }
        self.configure(account, mode, leverage)
    }

    fn change_margin(
        &mut self,
        account: &str,
        (mode, symbol, side): (PositionMode, &str, PositionSide),
        amount: Money,
    ) -> Result<(), Refused> {
        self.held(account, mode, symbol, side)?;
        let slot = slot_of(mode, side).ok_or_else(|| refusal::UNSUPPORTED.refused())?;
        let too_much = || refusal::MARGIN.about(amount);
        let key = (symbol.to_owned(), slot);
        let mark = self.markets.get(symbol).and_then(crate::market::Market::mark);
        let maintenance = self.rules(symbol).map_or(Ratio::ZERO, |rules| rules.maintenance_margin);
        let owner = self.ledger.accounts.get_mut(account).ok_or_else(|| refusal::NO_ACCOUNT.about(account))?;
        let leverage = owner.leverage_of(symbol);
        let position = owner.positions.get_mut(&key).ok_or_else(|| refusal::REDUCE_ONLY.about(symbol))?;
        let margin = position.margin.plus(amount).map_err(|_| too_much())?;
        let changed = Position { margin, ..position.clone() };
        let level = changed.liquidation_price(leverage, maintenance);
        // Nobody takes out what would liquidate at once.
        if amount < Money::ZERO && level.zip(mark).is_none_or(|(level, mark)| changed.holding.side.hit(mark, level)) {
            return Err(too_much());
        }
        *position = changed;
        self.publish_position(account, symbol, slot);
        Ok(())
    }

    /// For every market: none keeps one of its own.
    fn change_leverage(&mut self, account: &str, mode: PositionMode, leverage: Leverage) -> Result<(), Refused> {
        self.ledger.accounts.get_mut(account).into_iter().for_each(|owner| owner.leverages.clear());
        self.configure(account, mode, leverage)
    }

    fn configure(&mut self, account: &str, mode: PositionMode, leverage: Leverage) -> Result<(), Refused> {
        let owner = self.ledger.accounts.get_mut(account).ok_or_else(|| refusal::NO_ACCOUNT.about(account))?;
        let switched = owner.mode != mode;
        if switched {
            owner.switched = Some((self.now, owner.mode));
        }
        owner.mode = mode;
        owner.leverage = leverage;
        match self.habits.requests.mode_change {
            ModeChange::Silent if switched => {}
            ModeChange::Pushed | ModeChange::Silent => {
                let mode = switched.then_some(mode);
                self.publish(account, StreamEvent::ConfigUpdate { at: self.now, mode, leverage });
            }
        }
        Ok(())
    }
}
