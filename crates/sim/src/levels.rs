//! The levels attached to deals: where they may stand, how a stop follows the market, and what happens when one is
//! reached (venues/ig.md §4.3, §6, §7.1).
//!
//! A level watches the price its deal would close at: the bid for a long, the offer for a short. In the queue of one
//! point it takes its turn among the orders (`conditional`).

use crate::account::{TrailingStops, worth_of};
use crate::conditional::{Condition, Turn, What, true_at};
use crate::deal::{
    Accepted, Affected, Confirm, ConfirmStatus, Deal, DealStatus, LevelAsk, Levels, OpenDeal, Reason, SetLevels,
    StopAsk, StopGuard, StopLevel, Verdict,
};
use crate::dealing_rules::{Dealing, GuaranteedStops, TrailingPreference};
use crate::exchange::Exchange;
use crate::habits::{LevelHit, LevelStep, OmittedLevel, PremiumDue, RiskSpacing, StopChange};
use crate::market::{Market, Session};
use crate::physics::slippage::worsened;
use crate::report::Cause;
use crate::request::Slot;
use backstop_model::{Points, PositionSide, Price, Prices, Ratio};

/// A stop takes at most so many steps on one quote; what is left it takes on the next.
const MOST_STEPS: u32 = 10_000;

impl Exchange {
    /// The levels a new deal begins with, measured from the price it is dealt at.
    pub(crate) fn levels_of(&self, account: &str, ask: &OpenDeal, from: Price) -> Result<Levels, Reason> {
        let side = PositionSide::opened_by(ask.side);
        let stop = ask.stop.map(|stop| first_stop(stop, side, from)).transpose()?;
        let limit = ask.limit.map(|limit| resolved(limit, side, from, Condition::Target)).transpose()?;
        let levels = Levels { stop, limit };
        self.check_levels(account, &ask.symbol, side, Levels::default(), levels)?;
        self.check_spacing((account, &ask.symbol), None, Levels::default(), levels)?;
        Ok(levels)
    }

    /// Replaces both levels of a deal.
    pub(crate) fn set_levels(&mut self, account: &str, set: &SetLevels) -> Result<Accepted, Reason> {
        let deal = self.ledger.open_deal(account, set.deal).ok_or(Reason::PositionNotFound)?;
        let (origin, id, side, symbol, old) = (deal.origin, deal.id, deal.side, deal.symbol.clone(), deal.levels);
        let habits = self.deal_habits();
        let new = match habits.omitted_level {
            OmittedLevel::Kept => Levels { stop: set.stop.or(old.stop), limit: set.limit.or(old.limit) },
            OmittedLevel::Removed => Levels { stop: set.stop, limit: set.limit },
        };
        if habits.stop_change == StopChange::Refused && changes_type(old, new) {
            return Err(Reason::CannotChangeStopType);
        }
        self.check_edits(&symbol, side, old, new)?;
        self.check_levels(account, &symbol, side, old, new)?;
        self.check_step(&symbol, side, old, new)?;
        self.check_spacing((account, &symbol), Some(origin), old, new)?;
        let now = self.now;
        if let Some(deal) = self.ledger.deals.get_mut(&origin) {
            deal.turn(now, id, new);
        }
        self.premium_when_attached(origin, old);
        self.publish_deal(origin, DealStatus::Updated);
        let holding = self.ledger.holding(account, &symbol, Slot::Deal(origin));
        let (status, quantity) = (ConfirmStatus::Amended, holding.quantity);
        let affected = vec![Affected { deal: id, status }];
        Ok(Accepted { status, deal: id, affected, level: holding.entry(), quantity, levels: new, profit: None })
    }

    /// While the market is shut nothing changes, or levels only move away from it.
    fn check_edits(&self, symbol: &str, side: PositionSide, old: Levels, new: Levels) -> Result<(), Reason> {
        let market = self.markets.get(symbol).ok_or(Reason::MarketOffline)?;
        if let Some(reason) = market.is_over(self.now) {
            return Err(reason);
        }
        match market.session {
            Session::Closed => Err(Reason::MarketClosed),
            Session::ClosingsOnly | Session::Trading => Ok(()),
            Session::EditsOnly => {
                let stop = |levels: Levels| levels.stop.map(|stop| stop.level);
                if !moves_away(side.other(), stop(old), stop(new)) {
                    return Err(Reason::MoveAwayOnlyStop);
                }
                if !moves_away(side, old.limit, new.limit) {
                    return Err(Reason::MoveAwayOnlyLimit);
                }
                Ok(())
            }
        }
    }

    /// Whether the levels that are new may stand where they are to stand.
    fn check_levels(
        &self,
        account: &str,
        symbol: &str,
        side: PositionSide,
        old: Levels,
        new: Levels,
    ) -> Result<(), Reason> {
        let market = self.markets.get(symbol).ok_or(Reason::MarketOffline)?;
        let dealing = market.rules.dealing.clone().unwrap_or_else(|| Dealing::in_whole_points(Ratio::ONE));
        let price = market.executable(side.closing()).ok_or(Reason::MarketOffline)?;
        let fits = |level, condition, least| {
            let least = dealing.length(least, price).map_err(|_| Reason::AttachedOrderLevelError)?;
            let most = dealing.length(dealing.max_distance, price).map_err(|_| Reason::AttachedOrderLevelError)?;
            let passed = true_at(condition, side.closing(), price.cmp(&level));
            let distance = price.above(level).absolute().map_err(|_| Reason::AttachedOrderLevelError)?;
            if passed || distance < least || distance > most || !level.is_on_tick(market.rules.tick) {
                return Err(Reason::AttachedOrderLevelError);
            }
            Ok(())
        };
        if let Some(stop) = new.stop.filter(|stop| old.stop != Some(*stop)) {
            let least = match stop.guard {
                StopGuard::Guaranteed => dealing.min_guaranteed_distance,
                StopGuard::Normal | StopGuard::Trailing { .. } => dealing.min_distance,
            };
            self.check_guard(account, &dealing, price, stop.guard)?;
            fits(stop.level, Condition::Stop, least)?;
        }
        match new.limit.filter(|limit| old.limit != Some(*limit)) {
            Some(limit) => fits(limit, Condition::Target, dealing.min_distance),
            None => Ok(()),
        }
    }

    /// A level that is moved by less than the smallest step stays where it is, where that is asked of moves.
    fn check_step(&self, symbol: &str, side: PositionSide, old: Levels, new: Levels) -> Result<(), Reason> {
        let Some(market) = self.markets.get(symbol) else { return Err(Reason::MarketOffline) };
        let (Some(dealing), LevelStep::OfMoves) = (&market.rules.dealing, self.deal_habits().level_step) else {
            return Ok(());
        };
        let price = market.executable(side.closing()).ok_or(Reason::MarketOffline)?;
        let least = dealing.length(dealing.min_step, price).map_err(|_| Reason::AttachedOrderLevelError)?;
        let stop = |levels: Levels| levels.stop.map(|stop| stop.level);
        let moves = [(stop(old), stop(new)), (old.limit, new.limit)];
        let small = |(from, to): (Option<Price>, Option<Price>)| from.zip(to).is_some_and(|one| nearer(one, least));
        if moves.into_iter().any(small) { Err(Reason::AttachedOrderLevelError) } else { Ok(()) }
    }

    /// A guaranteed stop that is new keeps its spacing, from others or from where it has been.
    fn check_spacing(
        &self,
        (account, symbol): (&str, &str),
        origin: Option<u64>,
        old: Levels,
        new: Levels,
    ) -> Result<(), Reason> {
        let Some(market) = self.markets.get(symbol) else { return Err(Reason::MarketOffline) };
        let (Some(dealing), Some(to)) = (&market.rules.dealing, guaranteed_level(new)) else { return Ok(()) };
        let least = dealing.length(dealing.guaranteed_spacing, to).map_err(|_| Reason::CrSpacing)?;
        let crowded = match self.deal_habits().risk_spacing {
            RiskSpacing::OfMoves => guaranteed_level(old).is_some_and(|from| nearer((from, to), least)),
            RiskSpacing::FromOthers if guaranteed_level(old) == Some(to) => false,
            RiskSpacing::FromOthers => {
                let others = self.open_deals_on(symbol).filter(|deal| deal.account == account);
                let others = others.filter(|deal| Some(deal.origin) != origin);
                let gap = |from: Price| from == to || nearer((from, to), least);
                least > Points::ZERO && others.filter_map(|deal| guaranteed_level(deal.levels)).any(gap)
            }
        };
        if crowded { Err(Reason::CrSpacing) } else { Ok(()) }
    }

    /// Whether account and market take such a stop at all.
    fn check_guard(&self, account: &str, dealing: &Dealing, price: Price, guard: StopGuard) -> Result<(), Reason> {
        match guard {
            StopGuard::Normal => Ok(()),
            StopGuard::Guaranteed => match dealing.guaranteed {
                GuaranteedStops::Available { .. } => Ok(()),
                GuaranteedStops::NotAvailable => Err(Reason::StopOrLimitNotAllowed),
            },
            StopGuard::Trailing { distance, increment } => {
                let wished = self.ledger.account(account).map(|owner| owner.trailing);
                let (Some(TrailingStops::Enabled), TrailingPreference::Available { least_increment }) =
                    (wished, dealing.trailing)
                else {
                    return Err(Reason::TrailingStopNotAllowed);
                };
                let near = dealing.length(dealing.min_distance, price).is_ok_and(|least| distance >= least);
                let coarse = dealing.points(least_increment).is_ok_and(|least| increment >= least)
                    && dealing.length(dealing.min_step, price).is_ok_and(|least| increment >= least);
                if near && coarse && increment > Points::ZERO && distance > Points::ZERO {
                    return Ok(());
                }
                Err(Reason::AttachedOrderTrailingStopError)
            }
        }
    }

    /// Trailing stops follow the price their deals would close at, in whole steps, and tell each move.
    pub(crate) fn follow_levels(&mut self, symbol: &str) {
        let Some(market) = self.markets.get(symbol) else { return };
        let moved: Vec<(u64, u64, Levels)> = self
            .open_deals_on(symbol)
            .filter_map(|deal| Some((deal.origin, deal.id, followed(deal, market.executable(deal.side.closing())?)?)))
            .collect();
        let now = self.now;
        for (origin, id, levels) in moved {
            if let Some(deal) = self.ledger.deals.get_mut(&origin) {
                deal.turn(now, id, levels);
            }
            self.publish_deal(origin, DealStatus::Updated);
        }
    }

    fn open_deals_on<'e>(&'e self, symbol: &'e str) -> impl Iterator<Item = &'e Deal> + 'e {
        let open = self.ledger.open_deals.iter().filter_map(|origin| self.ledger.deals.get(origin));
        open.filter(move |deal| deal.symbol == symbol)
    }

    /// The levels that the market has reached, with their turns.
    pub(crate) fn levels_reached(&self, symbol: &str, market: &Market, before: &Prices) -> Vec<Turn> {
        let mut turns = Vec::new();
        for deal in self.open_deals_on(symbol) {
            let side = deal.side.closing();
            let Some(price) = market.executable(side) else { continue };
            let origin =
                before.of(crate::market::watched(backstop_model::TriggerSource::BidAsk, side)).unwrap_or(price);
            let stop = deal.levels.stop.map(|stop| (stop.level, Condition::Stop, What::DealStop));
            let limit = deal.levels.limit.map(|limit| (limit, Condition::Target, What::DealLimit));
            for (level, condition, what) in [stop, limit].into_iter().flatten() {
                let Ok(distance) = level.above(origin).absolute() else { continue };
                if true_at(condition, side, price.cmp(&level)) {
                    turns.push(Turn { is_target: what == What::DealLimit, distance, id: deal.origin, what });
                }
            }
        }
        turns
    }

    /// A level is reached: the deal is closed, a limit and a guaranteed stop at their level, another stop at what the
    /// market gives. Nothing says why (venues/ig.md §0 fact 2).
    pub(crate) fn strike(&mut self, origin: u64, what: What) {
        let Some(deal) = self.ledger.deals.get(&origin).filter(|_| self.ledger.open_deals.contains(&origin)) else {
            return;
        };
        let (account, symbol, levels, id) = (deal.account.clone(), deal.symbol.clone(), deal.levels, deal.id);
        let Some(market) = self.markets.get(&symbol) else { return };
        let side = deal.side.closing();
        let ticks = self.physics.slippage.trigger_ticks;
        let given =
            || market.executable(side).map(|best| worsened(best, side, ticks, market.rules.tick).unwrap_or(best));
        let (cause, price) = match (what, levels.stop.map(|stop| (stop.guard, stop.level))) {
            (What::DealLimit, _) => (Cause::DealLimit, levels.limit),
            (What::DealStop, Some((StopGuard::Guaranteed, level))) => (Cause::DealStop, Some(level)),
            (What::DealStop, Some((StopGuard::Normal | StopGuard::Trailing { .. }, _))) => (Cause::DealStop, given()),
            (What::DealStop, None) | (What::Order, _) => return,
        };
        if what == What::DealStop {
            self.premium_at_trigger(origin);
        }
        let fills = self.ledger.fills().len();
        let quantity = self.ledger.holding(&account, &symbol, Slot::Deal(origin)).quantity;
        self.force(&account, &symbol, Slot::Deal(origin), quantity, cause, price);
        match self.deal_habits().level_hit {
            LevelHit::UpdateOnly => {}
            LevelHit::Confirmed => self.confirm_struck(origin, id, levels, fills),
        }
    }

    /// A confirm for a closing that nobody asked for: what the executions since `fills` did.
    fn confirm_struck(&mut self, origin: u64, id: u64, levels: Levels, fills: usize) {
        let Some(deal) = self.ledger.deals.get(&origin) else { return };
        let Some(fill) = self.ledger.fills().get(fills) else { return };
        let status = ConfirmStatus::Closed;
        let accepted = Accepted {
            status,
            deal: id,
            affected: vec![Affected { deal: id, status }],
            level: Some(fill.price),
            quantity: fill.quantity,
            levels,
            profit: Some(fill.realised),
        };
        let (account, reference, symbol) = (deal.account.clone(), deal.reference.clone(), deal.symbol.clone());
        let verdict = Verdict::Accepted(Box::new(accepted));
        self.confirm(&account, Confirm { at: self.now, reference, symbol: Some(symbol), verdict });
    }

    /// The premium of a stop that has just become a guaranteed one, where it is due then.
    pub(crate) fn premium_when_attached(&mut self, origin: u64, old: Levels) {
        let Some(deal) = self.ledger.deals.get(&origin) else { return };
        if self.deal_habits().premium_due == PremiumDue::WhenAttached && !guaranteed(old) && guaranteed(deal.levels) {
            self.charge_premium(origin);
        }
    }

    fn premium_at_trigger(&mut self, origin: u64) {
        let Some(deal) = self.ledger.deals.get(&origin) else { return };
        if self.deal_habits().premium_due == PremiumDue::AtTrigger && guaranteed(deal.levels) {
            self.charge_premium(origin);
        }
    }

    /// A premium is a fee of the position: so many points on what is open.
    fn charge_premium(&mut self, origin: u64) {
        let Some(deal) = self.ledger.deals.get(&origin) else { return };
        let Some(dealing) = self.rules(&deal.symbol).and_then(|rules| rules.dealing.as_ref()) else { return };
        let GuaranteedStops::Available { premium } = dealing.guaranteed else { return };
        let held = self.ledger.holding(&deal.account, &deal.symbol, Slot::Deal(origin)).quantity;
        let worth = dealing.worth().ok();
        let paid = dealing.points(premium).and_then(|points| worth_of(points.value(held)?, worth));
        let key = (deal.symbol.clone(), Slot::Deal(origin));
        let Some(owner) = self.ledger.accounts.get_mut(&deal.account) else { return };
        let (Ok(paid), Some(position)) = (paid, owner.positions.get_mut(&key)) else { return };
        if let (Ok(fees), Ok(balance)) = (position.fees.plus(paid), owner.balance.minus(paid)) {
            position.fees = fees;
            owner.balance = balance;
            if let Some(deal) = self.ledger.deals.get_mut(&origin) {
                deal.premium = deal.premium.plus(paid).unwrap_or(deal.premium);
            }
        }
    }
}

fn guaranteed_level(levels: Levels) -> Option<Price> {
    levels.stop.filter(|stop| stop.guard == StopGuard::Guaranteed).map(|stop| stop.level)
}

/// Whether two prices differ, and by less than that.
fn nearer((from, to): (Price, Price), least: Points) -> bool {
    from != to && to.above(from).absolute().is_ok_and(|distance| distance < least)
}

fn first_stop(stop: StopAsk, side: PositionSide, from: Price) -> Result<StopLevel, Reason> {
    let at = |level| resolved(level, side, from, Condition::Stop);
    match stop {
        StopAsk::Guaranteed(level) => Ok(StopLevel { level: at(level)?, guard: StopGuard::Guaranteed }),
        StopAsk::Normal(level) => Ok(StopLevel { level: at(level)?, guard: StopGuard::Normal }),
        StopAsk::Trailing { distance, increment } => {
            let level = at(LevelAsk::Distance(distance))?;
            Ok(StopLevel { level, guard: StopGuard::Trailing { distance, increment } })
        }
    }
}

fn resolved(level: LevelAsk, side: PositionSide, from: Price, condition: Condition) -> Result<Price, Reason> {
    let distance = match level {
        LevelAsk::Level(price) => return Ok(price),
        LevelAsk::Distance(distance) => distance,
    };
    let level = match (side, condition) {
        (PositionSide::Long, Condition::Stop) | (PositionSide::Short, Condition::Target) => from.minus(distance),
        (PositionSide::Long, Condition::Target) | (PositionSide::Short, Condition::Stop) => from.plus(distance),
    };
    level.map_err(|_| Reason::AttachedOrderLevelError)
}

fn guaranteed(levels: Levels) -> bool {
    levels.stop.is_some_and(|stop| stop.guard == StopGuard::Guaranteed)
}

fn changes_type(old: Levels, new: Levels) -> bool {
    let type_of = |levels: Levels| levels.stop.map(|stop| std::mem::discriminant(&stop.guard));
    old.stop.is_some() && new.stop.is_some() && type_of(old) != type_of(new)
}

/// Whether a level goes, stays, or moves the way that a `side` earns. A new one is none that moves away.
fn moves_away(side: PositionSide, old: Option<Price>, new: Option<Price>) -> bool {
    match (old, new) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(old), Some(new)) => side.reached(new, old),
    }
}

/// The levels of a deal whose trailing stop has room for a step or more; absent when nothing moves.
fn followed(deal: &Deal, price: Price) -> Option<Levels> {
    let stop = deal.levels.stop?;
    let StopGuard::Trailing { distance, increment } = stop.guard else { return None };
    let step = |level: Price| match deal.side {
        PositionSide::Long => level.plus(increment),
        PositionSide::Short => level.minus(increment),
    };
    let has_room = |level: Price| match deal.side {
        PositionSide::Long => level.plus(distance).is_ok_and(|reach| reach <= price),
        PositionSide::Short => level.minus(distance).is_ok_and(|reach| reach >= price),
    };
    let mut level = stop.level;
    for _ in 0..MOST_STEPS {
        match step(level) {
            Ok(next) if has_room(next) => level = next,
            Ok(_) | Err(_) => break,
        }
    }
    (level != stop.level).then_some(Levels { stop: Some(StopLevel { level, ..stop }), ..deal.levels })
}
