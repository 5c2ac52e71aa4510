//! Which positions an event concerns. Executions have a file of their own, `booking`.

use crate::engine::{Engine, Market, Turn};
use crate::exits::end_of_day::SessionEnd;
use crate::orders::{EntryName, Named, Scope};
use crate::position::Position;
use crate::quiet::QuietIndex;
use crate::volatility::{Known, Volatility};
use backstop_model::{
    Account, AccountId, Candle, ClientOrderId, Depth, Event, Instrument, InstrumentId, Lookup, OrderReport, OutOfRange,
    PlanId, PositionKey, PositionMode, PositionReport, PositionSide, Quantity, Series, Snapshot, Span,
};
use std::collections::BTreeSet;

impl Engine {
    pub(crate) fn route(&mut self, event: &Event, turn: &mut Turn) {
        match event {
            Event::DefineAccount(account) => {
                if let Some(spec) = account.hard_stop_atr() {
                    self.markets.iter_mut().for_each(|market| market.volatility.keep(spec));
                }
                let limited = account.limits.max_daily_loss.is_some();
                let account = self.as_the_venue_keeps_it(account);
                let before = self.accounts.insert(account.id, account.clone());
                if limited || before.as_ref().is_some_and(|before| before.limits.max_daily_loss.is_some()) {
                    self.note_day_limits();
                }
                turn.changed |= before.as_ref() != Some(&account);
            }
            Event::DefineInstrument(instrument) => self.define_instrument(instrument, turn),
            Event::NextClose { close_at, at } => self.next_close(close_at, *at, turn),
            Event::SessionEnds { instrument, at, last_of_week } => {
                let ends = SessionEnd { at: *at, last_of_week: *last_of_week };
                self.session_ends(*instrument, ends, turn);
            }
            Event::Candles { instrument, interval, candles, history: None } => {
                self.measure(*instrument, turn, |volatility| volatility.take(*interval, candles));
            }
            Event::Candles { instrument, interval, candles, history: Some(series) } => {
                if *series == Series::Last {
                    self.measure(*instrument, turn, |volatility| volatility.recall(*interval, candles));
                }
                self.recall(*instrument, *series, candles, turn);
            }
            Event::DefinePlan { id, plan } => {
                turn.changed |= self.plans.insert(*id, plan.clone()).as_ref() != Some(plan);
                for market in &mut self.markets {
                    plan.atrs().for_each(|spec| market.volatility.keep(spec));
                }
            }
            Event::SymbolPlan { account, instrument, plan } => {
                self.follow_by_symbol((*account, *instrument), *plan, turn)
            }
            Event::CancelEntry { account, request } => self.cancel_entry(*account, request, turn),
            Event::Enter(asked) => self.enter_asked(asked, turn),
            Event::AssignPlan { position, plan } => self.assign_plan(*position, *plan, turn),
            Event::BreakEven { position } => self.break_even(*position, turn),
            Event::Close { position } => self.close(*position, turn),
            Event::ClosePart { position, share } => self.close_part(*position, *share, turn),
            Event::Drill { position } => self.drill(*position, turn),
            Event::Pause { position, paused } => self.pause(*position, *paused, turn),
            Event::Depth(depth) => self.hear_depth(depth, turn),
            Event::Fill(fill) => self.fill(fill, turn),
            Event::Funding(funding) => self.funding(funding, turn),
            Event::Answer(answer) => {
                self.tell_owner(answer.account, answer.instrument, answer.id, turn, |position, ctx, out| {
                    position.answered(answer, ctx, out);
                    Ok(())
                })
            }
            Event::MarginCall(call) => self.margin_call(call, turn),
            Event::Mode(told) => self.mode_told(told, turn),
            Event::Order(report) => self.reported(report, turn),
            Event::Lookup(lookup) => self.looked_up(lookup, turn),
            Event::Position(report) => self.hinted(report, turn),
            Event::Permit { account, permit } => self.permit(*account, *permit, turn),
            Event::Snapshot(snapshot) => self.snapshot(snapshot, turn),
            Event::Annulled(annulled) => self.annulled(annulled, turn),
            // Ticks have their own way in, which most of them do not go to the end of.
            Event::Tick(_) => {}
            Event::Wake => self.wake(self.timers.due(turn.now), turn),
        }
    }

    /// A symbol has a plan of its own from now on, or none any more.
    fn follow_by_symbol(&mut self, key: (AccountId, InstrumentId), plan: Option<PlanId>, turn: &mut Turn) {
        let before = match plan {
            Some(plan) => self.symbol_plans.insert(key, plan),
            None => self.symbol_plans.remove(&key),
        };
        turn.changed |= before != plan;
    }

    /// One order with all its executions: they are taken in together, so that nothing is decided after half of them (I2).
    fn looked_up(&mut self, lookup: &Lookup, turn: &mut Turn) {
        turn.gathering = true;
        for fill in &lookup.fills {
            self.fill(fill, turn);
        }
        self.tell_owner(lookup.account, lookup.instrument, lookup.id, turn, |position, ctx, out| {
            position.looked_up(lookup, ctx, out);
            Ok(())
        });
        self.decide_gathered(turn);
    }

    /// Time has passed: positions whose deadline has come look, and so does the day.
    pub(crate) fn wake(&mut self, slots: BTreeSet<u32>, turn: &mut Turn) {
        for slot in slots {
            self.with(slot, turn, |_, _, _| Ok(()));
        }
        self.look_at_days(turn);
    }

    /// The stream's word on a quantity. One of a position that nobody has heard of yet makes it known, so that it is asked
    /// for.
    fn hinted(&mut self, report: &PositionReport, turn: &mut Turn) {
        let hint = |position: &mut Position, ctx: crate::position::Ctx, _: &mut crate::position::Out| {
            position.position_reported(report, ctx);
            Ok(())
        };
        if report.quantity.is_zero() {
            self.tell_known(report.key, turn, hint);
        } else {
            self.tell(report.key, turn, hint);
        }
    }

    fn define_instrument(&mut self, instrument: &Instrument, turn: &mut Turn) {
        let index = instrument.id.index();
        if self.markets.len() <= index {
            self.markets.resize_with(index + 1, Market::default);
            self.indexes.resize_with(index + 1, QuietIndex::default);
        }
        let known = &mut self.markets[index].instrument;
        turn.changed |= known.as_ref() != Some(instrument);
        let is_regrid = known.as_ref().is_some_and(|before| before.tick != instrument.tick);
        let known_hours = known.as_ref().is_some_and(|before| before.hours.is_some());
        *known = Some(instrument.clone());
        // A market without hours has no session that ends, whatever was said of it before.
        if instrument.hours.is_none() && known_hours {
            let market = &mut self.markets[index];
            (market.session_ends, market.session_ended) = (None, None);
        }
        self.markets[index].volatility.keep(crate::position::adoption::HARD_STOP_ATR);
        let of_plans = self.plans.values().flat_map(|plan| plan.atrs());
        let wanted = of_plans.chain(self.accounts.values().filter_map(Account::hard_stop_atr));
        wanted.for_each(|spec| self.markets[index].volatility.keep(spec));
        // Another leverage moves the liquidation guard, another grid what may rest.
        let slots: Vec<u32> =
            self.slots.iter().filter(|(key, _)| key.instrument == instrument.id).map(|(_, slot)| *slot).collect();
        if turn.changed {
            let look = |position: &mut Position, ctx: crate::position::Ctx, _: &mut crate::position::Out| {
                if is_regrid {
                    position.ask_refused_places_again(ctx);
                }
                Ok(())
            };
            slots.into_iter().for_each(|slot| self.with(slot, turn, look));
        }
    }

    /// Bars that have ended: what follows the average true range, or has waited for it, looks at it.
    fn measure(
        &mut self,
        instrument: InstrumentId,
        turn: &mut Turn,
        take_in: impl FnOnce(&mut Volatility) -> Result<(), OutOfRange>,
    ) {
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        let before = market.volatility.clone();
        // Bars out of any range leave the averages as they were.
        if take_in(&mut market.volatility).is_err() {
            market.volatility = before;
            return;
        }
        turn.changed |= market.volatility != before;
        let follows = |key: &PositionKey| key.instrument == instrument;
        let slots: Vec<u32> = self.slots.iter().filter(|(key, _)| follows(key)).map(|(_, slot)| *slot).collect();
        for slot in slots {
            if self.positions[slot as usize].follows_volatility() {
                self.with(slot, turn, |position, ctx, out| position.arm_late(&before, ctx, out));
            }
        }
    }

    /// How deep a book is concerns whatever is open there.
    fn hear_depth(&mut self, depth: &Depth, turn: &mut Turn) {
        let of_it = |key: &PositionKey| key.instrument == depth.instrument;
        let slots: Vec<u32> = self.slots.iter().filter(|(key, _)| of_it(key)).map(|(_, slot)| *slot).collect();
        for slot in slots {
            self.with(slot, turn, |position, ctx, out| {
                position.hear_depth(depth, ctx, out);
                Ok(())
            });
        }
    }

    /// What is known of an instrument's bars of one length; nothing where no average is made of them.
    #[must_use]
    pub fn known_bars(&self, instrument: InstrumentId, interval: Span) -> Option<Known> {
        self.markets.get(instrument.index())?.volatility.known(interval)
    }

    /// The venue's history of a series: what is open there learns how far it went while nobody here heard it.
    fn recall(&mut self, instrument: InstrumentId, series: Series, candles: &[Candle], turn: &mut Turn) {
        let of_it = |key: &PositionKey| key.instrument == instrument;
        let slots: Vec<u32> = self.slots.iter().filter(|(key, _)| of_it(key)).map(|(_, slot)| *slot).collect();
        for slot in slots {
            self.with(slot, turn, |position, ctx, out| {
                position.recall(series, candles, ctx, out);
                Ok(())
            });
        }
    }

    /// Whose position on an instrument needs the history of a series after a gap; nothing when none does.
    #[must_use]
    pub fn needs_history(&self, instrument: InstrumentId, series: Series) -> Option<AccountId> {
        let needs = |position: &&Position| position.key.instrument == instrument && position.needs_history(series);
        self.positions.iter().find(needs).map(|position| position.key.account)
    }

    fn slot(&mut self, key: PositionKey) -> Option<u32> {
        if let Some(slot) = self.slots.get(&key) {
            return Some(*slot);
        }
        let account = self.accounts.get(&key.account)?;
        let instrument = self.markets.get(key.instrument.index())?.instrument.as_ref()?;
        let slot = u32::try_from(self.positions.len()).ok()?;
        self.positions.push(Position::new(key, account, instrument));
        self.slots.insert(key, slot);
        Some(slot)
    }

    /// Hands something to one position, known or new.
    pub(crate) fn tell(
        &mut self,
        key: PositionKey,
        turn: &mut Turn,
        take_in: impl FnOnce(&mut Position, crate::position::Ctx, &mut crate::position::Out) -> Result<(), OutOfRange>,
    ) {
        // A new place in the row decides in which order positions take their turn: a replay has to have it too.
        let is_known = self.slots.contains_key(&key);
        if let Some(slot) = self.slot(key) {
            turn.changed |= !is_known;
            self.with(slot, turn, take_in);
        }
    }

    /// Hands something to a position that exists.
    pub(crate) fn tell_known(
        &mut self,
        key: PositionKey,
        turn: &mut Turn,
        take_in: impl FnOnce(&mut Position, crate::position::Ctx, &mut crate::position::Out) -> Result<(), OutOfRange>,
    ) {
        if let Some(slot) = self.slots.get(&key).copied() {
            self.with(slot, turn, take_in);
        }
    }

    /// Hands something to the position whose order it is about.
    fn tell_owner(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        id: ClientOrderId,
        turn: &mut Turn,
        take_in: impl FnOnce(&mut Position, crate::position::Ctx, &mut crate::position::Out) -> Result<(), OutOfRange>,
    ) {
        if let Some(key) = self.owner_of(account, instrument, id) {
            self.tell_known(key, turn, take_in);
        }
    }

    /// The position an id of ours names, if it exists. Those of one side lie together, that without a deal first.
    #[must_use]
    pub fn owner_of(&self, account: AccountId, instrument: InstrumentId, id: ClientOrderId) -> Option<PositionKey> {
        let exit = Named::read(&id).map(|named| (named.scope, named.side));
        let (scope, side) = exit.or(EntryName::read(&id).map(|name| (name.scope, name.side)))?;
        let side = PositionKey::new(account, instrument, side);
        let mut of_side = self.slots.range(side..).take_while(|(key, _)| key.of_deal(None) == side);
        of_side.find(|(_, slot)| self.positions[**slot as usize].scope == scope).map(|(key, _)| *key)
    }

    /// One order: of ours its position hears, of another's every position it could matter to.
    fn reported(&mut self, report: &OrderReport, turn: &mut Turn) {
        let ours = report.id.and_then(|id| self.owner_of(report.account, report.instrument, id));
        let sides = [PositionSide::Long, PositionSide::Short];
        let each = sides.map(|side| PositionKey::new(report.account, report.instrument, side).of_deal(report.deal));
        let keys = ours.as_ref().map_or(&each[..], std::slice::from_ref);
        for key in keys {
            self.tell_known(*key, turn, |position, ctx, out| {
                position.reported(report, ctx, out);
                Ok(())
            });
        }
    }

    /// The venue's full truth: executions first, then quantities, then orders; only then does anybody decide, so that
    /// nothing is placed that an order further down the same read already does.
    fn snapshot(&mut self, snapshot: &Snapshot, turn: &mut Turn) {
        turn.gathering = true;
        for fill in &snapshot.fills {
            self.fill(fill, turn);
        }
        let mut keys: BTreeSet<PositionKey> =
            self.slots.keys().filter(|key| key.account == snapshot.account).copied().collect();
        keys.extend(snapshot.positions.iter().filter(|report| !report.quantity.is_zero()).map(|report| report.key));
        keys.extend(snapshot.orders.iter().filter_map(|report| self.owner(report)));
        for key in keys {
            let report = snapshot.positions.iter().find(|report| report.key == key);
            let quantity = report.map_or(Quantity::ZERO, |report| report.quantity);
            let first = !self.has_read(snapshot.account);
            let of_it = |order: &&OrderReport| order.instrument == key.instrument && order.deal == key.deal;
            let turned = !quantity.is_zero() && self.reads_as_turned(key);
            let orders = || snapshot.orders.iter().filter(of_it);
            let beside = self.entry_beside(key, quantity);
            let entered = beside.as_ref().map(|(_, entered)| entered.clone());
            self.tell(key, turn, |position, ctx, out| {
                position.missing_in(&snapshot.orders, snapshot.server_time, ctx, out);
                position.entries_read(&snapshot.orders, snapshot.server_time, ctx, out);
                position.position_read(quantity, report, (snapshot.server_time, first, entered), ctx, out)?;
                position.end_grace(turned, ctx);
                position.forget_foreign(&snapshot.orders);
                position.recognise(orders(), ctx, out)?;
                position.note_used_ids(&snapshot.fills);
                for order in orders() {
                    position.read_order(order, ctx, out);
                }
                Ok(())
            });
            if let Some((entry, _)) = beside {
                self.note_deal_of(entry, key, turn);
            }
        }
        turn.changed |= self.read.insert(snapshot.account, turn.now).is_none();
        self.decide_gathered(turn);
        self.look_at_day(snapshot.account, snapshot.balance, turn);
    }

    /// Whether a read that shows something open there shows what we look after turned round (F-D04): a net position is never open
    /// on both sides.
    fn reads_as_turned(&self, key: PositionKey) -> bool {
        let is_net =
            self.accounts.get(&key.account).is_some_and(|account| account.position_mode == PositionMode::OneWay);
        let is_flat = self.position(key).is_none_or(Position::is_flat);
        let before = self.position(PositionKey { side: key.side.other(), ..key });
        is_net && is_flat && before.is_some_and(Position::is_managed)
    }

    /// The position that an order of ours belongs to, known or not.
    fn owner(&self, report: &OrderReport) -> Option<PositionKey> {
        let id = report.id.as_ref()?;
        let exit = Named::read(id).map(|named| (named.scope, named.side));
        let (scope, side) = exit.or(EntryName::read(id).map(|name| (name.scope, name.side)))?;
        let account = self.accounts.get(&report.account)?;
        let instrument = self.markets.get(report.instrument.index())?.instrument.as_ref()?;
        let key = PositionKey::new(report.account, report.instrument, side).of_deal(report.deal);
        (scope == Scope::of(account, instrument, report.deal)).then_some(key)
    }
}
