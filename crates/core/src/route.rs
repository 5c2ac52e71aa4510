//! Which positions an event concerns.
//!
//! On accounts with one net position an execution the other way first reduces what is open; what is left of it opens
//! the other side. Our own orders never open anything, so that remainder can only be another's.

use crate::engine::{Engine, Market, Turn};
use crate::exits::end_of_day::SessionEnd;
use crate::orders::{EntryName, Named, Scope};
use crate::position::{Entered, Position, facts_fee};
use crate::quiet::QuietIndex;
use crate::volatility::{Known, Volatility};
use backstop_model::{
    Account, AccountId, Annulled, Candle, ClientOrderId, Depth, Event, Fill, FillCause, Funding, Instrument,
    InstrumentId, Lookup, OrderReport, OutOfRange, PositionKey, PositionMode, PositionReport, PositionSide, Quantity,
    Series, Snapshot, Span, Timestamp,
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
                turn.changed |= self.symbol_plans.insert((*account, *instrument), *plan) != Some(*plan);
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
            self.markets[index].session_ends = None;
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

    /// Books one execution, once.
    fn fill(&mut self, fill: &Fill, turn: &mut Turn) {
        let key = |side| PositionKey::new(fill.account, fill.instrument, side).of_deal(fill.deal);
        let opens = PositionSide::opened_by(fill.side);
        let mode = self.accounts.get(&fill.account).map(|account| account.position_mode);
        // One that names no side is of a net position, also when it is heard of after the account has been switched (F-D07).
        let one_way = fill.position_side.is_none() && mode.is_some_and(|mode| mode != PositionMode::PerDeal);
        // What the venue itself does to a position opens none, whether we have heard of the position or not (F-F01, F-F02).
        let forced = fill.cause != FillCause::Order;
        let side = match fill.position_side {
            Some(side) => side,
            None if forced || self.may_close(key(opens.other()), fill.at) => opens.other(),
            None => match fill.order.as_ref().and_then(Named::read) {
                Some(named) => named.side,
                None => opens,
            },
        };
        let both = [key(side), key(side.other())];
        if both.iter().any(|key| self.knows(*key, fill)) {
            return both.into_iter().for_each(|key| self.late_fee(key, fill, turn));
        }
        if let Some(key) = both.into_iter().find(|key| self.position(*key).is_some_and(|known| known.assumes(fill))) {
            return self.tell_known(key, turn, |position, ctx, out| {
                position.is_news(fill);
                position.count_at_entry(fill, ctx, out)?;
                position.prove(fill, ctx, out).map(|_| ())
            });
        }
        if side.opening() == fill.side {
            self.count_elsewhere(fill, side, turn);
            self.enter(key(side), fill, fill.quantity, turn);
            if one_way {
                self.turned_round(key(side), fill, turn);
            }
            return;
        }
        if fill.order.as_ref().is_some_and(|id| EntryName::read(id).is_some()) {
            // Somebody has opened the other side meanwhile: the entry has closed that.
            self.tell_known(key(opens), turn, |position, ctx, out| position.count_at_entry(fill, ctx, out));
        }
        let closes = fill.quantity.min(self.open_quantity(key(side)));
        let rest = fill.quantity.saturating_minus(closes);
        let ours = fill.order.as_ref().and_then(Named::read).is_some();
        let flips = one_way && !ours && !forced;
        // What is known to have been opened is closed first, also before the execution that did it is told (F-B01, F-B16).
        let untold = self.position(key(side)).map_or(Quantity::ZERO, |known| known.untold(fill.at));
        let waits = if flips { rest.min(untold) } else { rest };
        self.tell(key(side), turn, |position, ctx, out| {
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
        let opened = rest.saturating_minus(waits);
        if !opened.is_zero() {
            self.tell(key(side.other()), turn, |position, ctx, out| {
                position.is_news(fill);
                let asked = position.entered_by(fill);
                position.enter(fill, opened, facts_fee(fill, opened)?, asked, ctx, out)
            });
            self.turned_round(key(side.other()), fill, turn);
        }
    }

    /// A position that we looked after has been turned round by hand: the new one gets its stop at once (F-D04). An order may
    /// do that in several executions.
    fn turned_round(&mut self, key: PositionKey, fill: &Fill, turn: &mut Turn) {
        let before = PositionKey { side: key.side.other(), ..key };
        if self.position(before).is_some_and(|before| before.was_ours_until(fill.at)) {
            self.tell_known(key, turn, |position, ctx, _| {
                position.end_grace(ctx);
                Ok(())
            });
        }
    }

    /// An exit of ours that left in the words of another mode has opened something on the other side (F-D07): that is what the
    /// order has done, and it has closed nothing.
    fn count_elsewhere(&mut self, fill: &Fill, side: PositionSide, turn: &mut Turn) {
        let named = fill.order.as_ref().and_then(Named::read).filter(|named| named.side != side);
        let Some(named) = named else { return };
        let key = PositionKey::new(fill.account, fill.instrument, named.side).of_deal(fill.deal);
        self.tell_known(key, turn, |position, _, _| position.count_at_order(fill));
    }

    /// The venue annuls an execution: whoever has booked it undoes it; where nobody has, it is never booked (F-F08).
    fn annulled(&mut self, annulled: &Annulled, turn: &mut Turn) {
        let fill = &annulled.fill;
        let closes = fill.position_side.unwrap_or(PositionSide::opened_by(fill.side).other());
        let key = |side| PositionKey::new(fill.account, fill.instrument, side).of_deal(fill.deal);
        let both = [key(closes), key(closes.other())];
        let mut knowing: Vec<_> = both.into_iter().filter(|key| self.knows(*key, fill)).collect();
        if knowing.is_empty() {
            // What only reads have shown of it is undone where they have.
            let assumes = |key: &PositionKey| self.position(*key).is_some_and(|position| position.assumes(fill));
            knowing.extend(both.into_iter().find(assumes));
        }
        if knowing.is_empty() {
            self.tell(key(closes), turn, |position, ctx, out| position.annul(annulled, ctx, out));
            // Reads from before know it still, on whichever side.
            return self.tell_known(key(closes.other()), turn, |position, _, _| {
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

    fn enter(&mut self, key: PositionKey, fill: &Fill, quantity: Quantity, turn: &mut Turn) {
        let asked = self.asked_beside(key, fill, turn);
        // A closing of it may have been quicker than this (F-B03): nothing is decided in between.
        let is_closed = self.position(key).is_some_and(|position| position.was_closed_since(fill.at));
        let decides = is_closed && !turn.gathering;
        turn.gathering |= is_closed;
        self.tell(key, turn, |position, ctx, out| {
            position.is_news(fill);
            position.count_at_entry(fill, ctx, out)?;
            let asked = asked.or_else(|| position.entered_by(fill));
            position.enter(fill, quantity, facts_fee(fill, quantity)?, asked, ctx, out)
        });
        if is_closed {
            self.tell_known(key, turn, |position, ctx, out| position.close_unmatched(fill.at, ctx, out));
        }
        if decides {
            self.decide_gathered(turn);
        }
    }

    /// Where every deal is a position, an entry is kept beside them: it was sent before its deal had a name.
    fn asked_beside(&mut self, key: PositionKey, fill: &Fill, turn: &mut Turn) -> Option<Entered> {
        let beside = key.of_deal(None);
        key.deal?;
        if self.position(beside).is_none() && self.is_entry_of(beside, fill) {
            // Its record is lost, its name is not.
            self.tell(beside, turn, |_, _, _| Ok(()));
        }
        let asked = self.position(beside)?.entered_by(fill)?;
        self.tell_known(beside, turn, |position, ctx, out| position.count_at_entry(fill, ctx, out));
        Some(asked)
    }

    fn is_entry_of(&self, key: PositionKey, fill: &Fill) -> bool {
        let account = self.accounts.get(&key.account);
        let scope = account.zip(self.instrument(key.instrument)).map(|(of, at)| Scope::of(of, at, None));
        let name = fill.order.as_ref().and_then(EntryName::read);
        name.is_some_and(|name| Some(name.scope) == scope && name.side == key.side)
    }

    /// Whether there is something to close at that instant, as far as executions say, our entries' own words, or the venue's
    /// on what is open.
    fn may_close(&self, key: PositionKey, at: Timestamp) -> bool {
        self.position(key).is_some_and(|known| !known.quantity().is_zero() || !known.untold(at).is_zero())
    }

    fn open_quantity(&self, key: PositionKey) -> Quantity {
        self.position(key).map_or(Quantity::ZERO, Position::quantity)
    }

    fn knows(&self, key: PositionKey, fill: &Fill) -> bool {
        self.position(key).is_some_and(|position| position.knows(fill))
    }

    fn funding(&mut self, funding: &Funding, turn: &mut Turn) {
        let sides = [PositionSide::Long, PositionSide::Short];
        for side in sides.into_iter().filter(|side| funding.position_side.is_none_or(|of| of == *side)) {
            let key = PositionKey::new(funding.account, funding.instrument, side).of_deal(funding.deal);
            if !self.open_quantity(key).is_zero() {
                self.tell_known(key, turn, |position, _, _| position.fund(funding));
            }
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
            let orders = || snapshot.orders.iter().filter(of_it);
            self.tell(key, turn, |position, ctx, out| {
                position.missing_in(&snapshot.orders, snapshot.server_time, ctx, out);
                position.entries_read(&snapshot.orders, snapshot.server_time, ctx, out);
                position.position_read(quantity, report, (snapshot.server_time, first), ctx, out)?;
                position.forget_foreign(&snapshot.orders);
                position.recognise(orders(), ctx, out)?;
                position.note_used_ids(&snapshot.fills);
                for order in orders() {
                    position.read_order(order, ctx, out);
                }
                Ok(())
            });
        }
        turn.changed |= self.read.insert(snapshot.account, turn.now).is_none();
        self.decide_gathered(turn);
        self.look_at_day(snapshot.account, snapshot.balance, turn);
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
