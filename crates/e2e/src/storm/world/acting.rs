//! What happens in a life at its instants: the market moves, people act at the venue and through Backstop, the venue acts of
//! its own accord, the process and its disk are hurt.

use super::World;
use crate::storm::canaries::Bug;
use crate::storm::life::{Act, DiskTrouble, Edit, Files, Hand, Incident, Wish};
use crate::storm::reloading;
use crate::storm::stage::{ACCOUNT, MARKET, ME, SYMBOL};
use crate::storm::troubles;
use crate::storm::watch::{open_slots, working_stops};
use backstop_model::{
    EntryRequest, Event, Leverage, Money, PositionKey, PositionMode, Price, Ratio, RequestId, Rounding, Span,
};
use backstop_sim as sim;

impl World<'_> {
    /// Something happens.
    pub(super) fn act(&mut self, act: Act) {
        if !matches!(act, Act::Market { .. }) {
            self.trace.say(self.now, "act", format_args!("{act:?}"));
        }
        if !troubles::waits(&act) {
            self.happened(act);
        }
        let now = self.now;
        let lasts = |ms: i64| now.plus(Span::from_millis(ms));
        match act {
            Act::Gap { ticks } => {
                (self.market.ticks, self.market.lag, self.market.spread) = (ticks, 0, 1);
                self.quote();
            }
            Act::Market { ticks, lag, spread } => {
                (self.market.ticks, self.market.lag, self.market.spread) = (ticks, lag, spread);
                self.quote();
            }
            Act::Misprint { ticks, ms } => {
                self.market.misprint = Some((ticks, lasts(ms)));
                self.quote();
            }
            Act::MarkAway { ticks, ms } => {
                self.market.mark_away = Some((ticks, lasts(ms)));
                self.quote();
            }
            Act::Crossed { ms } => {
                self.market.crossed_until = lasts(ms);
                self.quote();
            }
            Act::FeedCut { ms } => self.market.cut_until = lasts(ms),
            Act::Hand(hand) => self.by_hand(hand),
            Act::Wish(wish) => self.wish(wish),
            Act::Reload(edit) => self.reload(edit, None),
            Act::ReloadOf(edit, files) => self.reload(edit, Some(files)),
            Act::Venue(incident) => self.incident(incident),
            Act::Kill { after, down } => self.process.die_after(after, Span::from_millis(down)),
            Act::Freeze { ms } => {
                if self.process.acts(now) {
                    self.happened(act);
                }
                self.process.freeze(lasts(ms));
                self.watch.disturbed(lasts(ms));
            }
            Act::Engines(trouble) => self.trouble_engines(trouble),
            Act::Disk(trouble) => self.hurt_disk(trouble),
            Act::Missing { series, ms } => self.market.missing = Some((series, lasts(ms))),
            Act::Chase(_)
            | Act::Away { .. }
            | Act::Coarser
            | Act::CoarserNow
            | Act::CoarserUnsaid
            | Act::Crowd { .. }
            | Act::Flood { .. }
            | Act::Frozen { .. }
            | Act::Funding { .. }
            | Act::Garble(_)
            | Act::LimitOpen { .. }
            | Act::OpensAgain
            | Act::OtherMarket
            | Act::Stranger { .. }
            | Act::TellWithheld
            | Act::Terminate { .. }
            | Act::Thaw { .. }
            | Act::Thin { .. }
            | Act::Whip { .. }
            | Act::Withhold => self.arrange(act),
        }
    }

    fn hurt_disk(&mut self, trouble: DiskTrouble) {
        let disk = &mut self.process.disk;
        match trouble {
            DiskTrouble::Fails => disk.fail_next(false),
            DiskTrouble::Forgets { records } => disk.forget(records as usize),
            DiskTrouble::Full => disk.fail_next(true),
            DiskTrouble::Rots => disk.rot(),
            DiskTrouble::Slow { sync, ms } => {
                let (takes, until) = (Span::from_millis(sync), self.now.plus(Span::from_millis(ms)));
                disk.slow_down(takes, until);
                self.watch.disk_slows(until, takes);
                if self.process.engine().is_some() {
                    self.happened(Act::Disk(trouble));
                }
            }
        }
    }

    fn by_hand(&mut self, hand: Hand) {
        let (symbol, side) = (SYMBOL.to_owned(), self.life.side);
        let ours = || working_stops(&self.venue).next();
        let action = match hand {
            Hand::Open { steps } => sim::HandAction::Open { symbol, side, quantity: self.stage.quantity(steps) },
            Hand::Reduce { steps } => sim::HandAction::Reduce { symbol, side, quantity: self.stage.quantity(steps) },
            Hand::Close => sim::HandAction::Close { symbol, side },
            Hand::Flip => sim::HandAction::Flip { symbol, side },
            Hand::Leverage(leverage) => {
                let Ok(leverage) = Leverage::try_from(leverage) else { return };
                sim::HandAction::ChangeLeverage(leverage)
            }
            Hand::Mode => match self.mode() {
                PositionMode::Hedge => sim::HandAction::ChangeMode(PositionMode::OneWay),
                PositionMode::OneWay => sim::HandAction::ChangeMode(PositionMode::Hedge),
                PositionMode::PerDeal => return,
            },
            Hand::Margin { percent } => {
                let Some(amount) = self.margin(percent) else { return };
                sim::HandAction::ChangeMargin { symbol, side, amount }
            }
            Hand::CancelStop | Hand::MoveStop { .. } if self.life.mode == PositionMode::PerDeal => {
                let Some(levels) = self.level_by_hand(hand) else { return };
                sim::HandAction::MoveLevels(levels)
            }
            Hand::CancelStop => {
                let Some((client_id, _)) = ours() else { return };
                sim::HandAction::CancelOrder { client_id }
            }
            Hand::MoveStop { ticks } => {
                let Some((client_id, trigger)) = ours() else { return };
                sim::HandAction::MoveStop { client_id, trigger: self.moved(trigger, ticks) }
            }
        };
        // People try what does not go, and are told so.
        let done = self.venue.exchange_mut().by_hand(self.now, ME, action).is_ok();
        self.watch.by_hand(self.now, hand, done);
        if !done {
            return;
        }
        self.seen.by_hand(hand, side, self.mode());
        self.happened(Act::Hand(hand));
        if hand == Hand::Mode {
            self.trace.say(self.now, "venue", format_args!("keeps positions {} now", self.mode().word()));
        }
    }

    /// The stop of the oldest deal is moved, or taken away (venues/ig.md §4.3).
    fn level_by_hand(&self, hand: Hand) -> Option<sim::SetLevels> {
        let deal = self.venue.exchange().ledger().open_deals(ME).next()?;
        let stop = deal.levels.stop?;
        let stop = match hand {
            Hand::MoveStop { ticks } => Some(sim::StopLevel { level: self.moved(stop.level, ticks), ..stop }),
            _ => None,
        };
        Some(sim::SetLevels { deal: deal.id, stop, limit: deal.levels.limit })
    }

    /// How the venue keeps the account's positions now.
    pub(super) fn mode(&self) -> PositionMode {
        self.venue.exchange().ledger().account(ME).map_or(self.life.mode, |owner| owner.mode)
    }

    /// So much of what the open position was entered with, at a leverage of ten.
    fn margin(&self, percent: i32) -> Option<Money> {
        let (slot, ..) = open_slots(&self.venue).next()?;
        let cost = self.venue.exchange().ledger().holding(ME, SYMBOL, slot).cost;
        let share = Ratio::whole(percent.unsigned_abs()).over(Ratio::whole(1_000), Rounding::Down).ok()?;
        let amount = cost.times(share, Rounding::Down).ok()?;
        if percent < 0 { amount.negated().ok() } else { Some(amount) }
    }

    fn moved(&self, price: Price, ticks: i64) -> Price {
        let by = self.stage.price(ticks.abs()).as_points();
        let moved = if ticks > 0 { price.plus(by) } else { price.minus(by) };
        moved.unwrap_or(price)
    }

    fn incident(&mut self, incident: Incident) {
        let now = self.now;
        let slots: Vec<_> = open_slots(&self.venue).collect();
        let mut strikes = !slots.is_empty();
        match incident {
            Incident::Adl { steps } => {
                let quantity = self.stage.quantity(steps);
                if let Some((slot, ..)) = slots.first() {
                    self.venue.exchange_mut().adl(now, ME, SYMBOL, *slot, quantity);
                }
            }
            Incident::Annul { nth } => strikes = self.annul(nth),
            Incident::MarginCall => self.venue.exchange_mut().call_margin(now, ME),
            Incident::CancelAll => {
                strikes = self.venue.exchange_mut().cancel_by_system(now, ME, SYMBOL) > 0;
            }
            Incident::Expire => {
                self.venue.exchange_mut().expire(now, SYMBOL).expect("the market is listed");
                self.watch.settled();
            }
            Incident::Liquidate => {
                for (slot, ..) in slots {
                    self.venue.exchange_mut().liquidate(now, ME, SYMBOL, slot);
                }
            }
            Incident::Settle => {
                let price = self.stage.price(self.market.ticks);
                self.venue.exchange_mut().settle(now, SYMBOL, price).expect("the market is listed");
                self.watch.settled();
            }
        }
        if strikes {
            self.happened(Act::Venue(incident));
        }
    }

    /// One of the newest executions of clients' orders that can be annulled; false where there is none. A market that is settled is
    /// left as it is.
    fn annul(&mut self, nth: u32) -> bool {
        if self.watch.is_settled() {
            return false;
        }
        let ledger = self.venue.exchange().ledger();
        let newest = ledger.fills_of(ME).filter(|fill| fill.cause.is_none()).map(|fill| fill.id);
        let mut newest: Vec<u64> = newest.collect();
        newest.reverse();
        let first = (nth as usize).min(newest.len().saturating_sub(1));
        newest.rotate_left(first);
        let now = self.now;
        let annulled = newest.into_iter().find(|id| self.venue.exchange_mut().annul(now, *id));
        let Some(id) = annulled else { return false };
        let opening = self.life.side.opening();
        if self.venue.exchange().ledger().fills().iter().any(|fill| fill.id == id && fill.side == opening) {
            self.watch.opening_annulled();
        }
        true
    }

    /// The operator edits files and has them read again.
    fn reload(&mut self, edit: Edit, files: Option<Files>) {
        if matches!(files, Some(Files::Other | Files::Both)) && reloading::counts(edit) {
            self.reload_the_other(edit);
        }
        if files != Some(Files::Other) {
            self.reload_the_acting(edit, files);
        }
    }

    /// While the process is down nobody hears it.
    fn reload_the_acting(&mut self, edit: Edit, files: Option<Files>) {
        let Some(engine) = self.process.engine().filter(|_| self.process.acts(self.now)) else { return };
        let open = open_keys(engine);
        let Some(new) =
            reloading::edited(edit, self.stage.told()).filter(|_| edit != Edit::Observed || !open.is_empty())
        else {
            return;
        };
        self.happened(files.map_or(Act::Reload(edit), |files| Act::ReloadOf(edit, files)));
        let old = self.stage.told().clone();
        let confirmed = self.bug.as_ref().is_some_and(Bug::confirms);
        let expected = if reloading::counts(edit) { new.clone() } else { old.clone() };
        self.watch.configured.reads(self.now, old.clone(), expected);
        match old.replaced_by(&new, &open, confirmed) {
            Ok(events) => {
                self.stage.tell(new);
                for event in events {
                    if self.take(event) {
                        return;
                    }
                }
            }
            Err(why) => self.trace.say(self.now, "act", format_args!("it is not taken over: {why:?}")),
        }
    }

    /// The other engine has it when it takes over. One that was taken over from and does not know it reads it again at once, and
    /// nothing of that may count.
    fn reload_the_other(&mut self, edit: Edit) {
        let Some(new) = reloading::edited(edit, self.stage.of_the_other()) else { return };
        self.happened(Act::ReloadOf(edit, Files::Other));
        let old = self.stage.of_the_other().clone();
        let events = old.replaced_by(&new, &[], false).unwrap_or_default();
        self.stage.tell_the_other(new);
        self.tell_aside(events);
    }

    /// The operator asks; while the process is down nobody hears it.
    fn wish(&mut self, wish: Wish) {
        if !self.process.acts(self.now) {
            return;
        }
        let open: Vec<PositionKey> = self.process.engine().into_iter().flat_map(open_keys).collect();
        let each = |event: &dyn Fn(PositionKey) -> Event| open.iter().map(|key| event(*key)).collect();
        let events: Vec<Event> = match wish {
            Wish::BreakEven => each(&|position| Event::BreakEven { position }),
            Wish::Close => each(&|position| Event::Close { position }),
            Wish::Part(percent) => {
                let share = Ratio::percent(&percent.to_string()).expect("a whole number is a percentage");
                each(&|position| Event::ClosePart { position, share })
            }
            Wish::Pause(paused) => each(&|position| Event::Pause { position, paused }),
            Wish::Enter { steps } => {
                let request = RequestId::new(&format!("e{}", self.entries.len())).expect("a number is a name");
                let position = PositionKey::new(ACCOUNT, MARKET, self.life.side);
                let quantity = self.stage.quantity(steps);
                self.entries.push(EntryRequest { request, position, quantity, limit: None, plan: None });
                self.entries.last().map(|asked| Event::Enter(*asked)).into_iter().collect()
            }
            Wish::EnterAgain => self.entries.last().map(|asked| Event::Enter(*asked)).into_iter().collect(),
        };
        for event in events {
            if matches!(&event, Event::Enter(asked) if self.process.entry_waits(self.now, asked)) {
                continue;
            }
            self.watch.wished(self.now, &event);
            if self.take(event) {
                return;
            }
        }
    }
}

/// The positions the engine knows to be open.
fn open_keys(engine: &backstop_core::Engine) -> Vec<PositionKey> {
    let open = engine.positions().filter(|position| !position.quantity().is_zero());
    open.map(|position| position.key).collect()
}
