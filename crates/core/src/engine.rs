//! The engine: holds the definitions and the positions, hands each event to the positions it concerns, and collects
//! what they answer. Which position an execution belongs to is `route.rs`; what follows from it is `position/`.

use crate::board::{Board, news};
use crate::day::{Day, earned};
use crate::exits::end_of_day::SessionEnd;
use crate::orders::Named;
use crate::position::{Ctx, Out, Position, is_off};
use crate::quiet::QuietIndex;
use crate::step::{PositionRead, Step};
use crate::timers::{Deadline, Timers, earlier};
use crate::volatility::Volatility;
use backstop_model::plan::CloseAt;
use backstop_model::{
    Account, AccountId, Command, Event, ExitPlan, Instrument, InstrumentId, Permit, PlanId, Points, PositionKey,
    Series, Severity, Stamped, Tick, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Slippages of stops remembered per instrument; their median enters net break-even.
const SLIPPAGES: usize = 15;

/// Everything the decisions depend on.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(from = "crate::replay::Saved", into = "crate::replay::Saved")]
pub struct Engine {
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) plans: BTreeMap<PlanId, Arc<ExitPlan>>,
    /// When positions that close at a time of day close next.
    pub(crate) closes: Vec<(CloseAt, Timestamp)>,
    /// When they closed last.
    pub(crate) closed: Vec<(CloseAt, Timestamp)>,
    /// Accounts that have been read at least once, and when they were last.
    pub(crate) read: BTreeMap<AccountId, Timestamp>,
    pub(crate) permits: BTreeMap<AccountId, Permit>,
    /// The day of each account that has a limit for its loss.
    pub(crate) days: BTreeMap<AccountId, Day>,
    /// When days were last looked at.
    pub(crate) days_seen_at: Timestamp,
    pub(crate) symbol_plans: BTreeMap<(AccountId, InstrumentId), PlanId>,
    pub(crate) markets: Vec<Market>,
    pub(crate) positions: Vec<Position>,
    pub(crate) slots: BTreeMap<PositionKey, u32>,
    pub(crate) indexes: Vec<QuietIndex>,
    pub(crate) timers: Timers,
    /// The time of the newest event: where a saved engine goes on from.
    pub(crate) saved_at: Timestamp,
    pub(crate) exhaustive: bool,
    /// Some account has a limit for the day's loss.
    pub(crate) has_day_limits: bool,
}

/// One instrument: its rules, its prices, what stops have slipped on it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Market {
    pub(crate) instrument: Option<Instrument>,
    pub(crate) board: Board,
    pub(crate) slippages: Vec<Points>,
    #[serde(default)]
    pub(crate) volatility: Volatility,
    /// When the trading session ends next.
    #[serde(default)]
    pub(crate) session_ends: Option<SessionEnd>,
    /// When the one before it ended.
    #[serde(default)]
    pub(crate) session_ended: Option<SessionEnd>,
}

impl Engine {
    /// What may be sent for an account, as far as it was said; its own configuration may allow less.
    #[must_use]
    pub fn permitted(&self, account: AccountId) -> Permit {
        self.permits.get(&account).copied().unwrap_or_default()
    }

    /// An engine that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at every position on every tick, as if there were no quiet intervals: the yardstick that the intervals are
    /// tested against.
    #[must_use]
    pub fn exhaustive(mut self) -> Self {
        self.exhaustive = true;
        self
    }

    /// Takes in one event and answers with everything that follows from it.
    pub fn handle(&mut self, stamped: &Stamped) -> Step {
        self.saved_at = stamped.at;
        if let Event::Tick(tick) = &stamped.event {
            return self.tick(tick, stamped.at);
        }
        let mut turn = Turn::at(stamped.at);
        self.route(&stamped.event, &mut turn);
        self.finish(turn)
    }

    /// When the engine wants to be woken, and why.
    #[must_use]
    pub fn next_deadline(&self) -> Option<(Timestamp, Deadline)> {
        earlier(self.timers.next(), self.day_deadline())
    }

    /// All positions that are open or still have orders to be seen gone.
    pub fn positions(&self) -> impl Iterator<Item = &Position> {
        self.positions.iter().filter(|position| !position.is_at_rest())
    }

    /// One position, if it has ever been open.
    #[must_use]
    pub fn position(&self, key: PositionKey) -> Option<&Position> {
        self.positions.get(*self.slots.get(&key)? as usize)
    }

    /// Whether a command that was decided earlier must not leave any more: the cancel of a stop that is by now all that
    /// protects what has been opened since (I7), or of one that is over (I9), the move of a stop that is to go elsewhere by now (I3), an order whose
    /// price is none any more (F-G02), and one that nobody waits for any more, because another has had its id (F-M13).
    #[must_use]
    pub fn takes_back(&self, command: &Command) -> bool {
        let owner = |account, instrument, id| self.owner_of(account, instrument, id).and_then(|key| self.position(key));
        match command {
            Command::Amend { account, instrument, id, trigger, .. } => owner(*account, *instrument, *id)
                .is_some_and(|position| position.is_moved_elsewhere(*id, trigger.price)),
            Command::Cancel { account, instrument, id, .. } => {
                let wrong = |position: &Position| position.is_needed_again(*id) || position.has_seen_the_end_of(*id);
                owner(*account, *instrument, *id).is_some_and(wrong)
            }
            Command::Place(order) => {
                let off = |instrument: &Instrument| is_off(order.kind, instrument.tick);
                let asked = |position: &Position| position.still_asks_for(order.id);
                self.instrument(order.instrument).is_some_and(off)
                    || (Named::read(&order.id).is_some()
                        && !owner(order.account, order.instrument, order.id).is_some_and(asked))
            }
            Command::Lookup { .. } | Command::Snapshot { .. } => false,
        }
    }

    /// An instrument's rules.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.markets.get(id.index())?.instrument.as_ref()
    }

    /// The median slippage of the stops that were seen on an instrument, in points.
    #[must_use]
    pub fn slippage(&self, id: InstrumentId) -> Points {
        self.markets.get(id.index()).map_or(Points::ZERO, |market| median(&market.slippages))
    }

    /// An instrument's average true ranges.
    #[must_use]
    pub fn volatility(&self, id: InstrumentId) -> Option<&Volatility> {
        Some(&self.markets.get(id.index())?.volatility)
    }

    /// An instrument's prices.
    #[must_use]
    pub fn board(&self, id: InstrumentId) -> Option<&Board> {
        self.markets.get(id.index()).map(|market| &market.board)
    }

    /// All accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// All instruments.
    pub fn instruments(&self) -> impl Iterator<Item = &Instrument> {
        self.markets.iter().filter_map(|market| market.instrument.as_ref())
    }

    /// All plans, those included that no configuration names any more.
    pub fn plans(&self) -> impl Iterator<Item = (PlanId, &ExitPlan)> {
        self.plans.iter().map(|(id, plan)| (*id, plan.as_ref()))
    }

    /// Whether the account has ever been read in full.
    #[must_use]
    pub fn has_read(&self, account: AccountId) -> bool {
        self.read.contains_key(&account)
    }

    /// When every account had last been read in full; nothing while one of them never was.
    #[must_use]
    pub fn all_read_at(&self) -> Option<Timestamp> {
        let read_at = self.accounts.keys().map(|account| self.read.get(account).copied());
        read_at.collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    /// What a position decides with, at `now`.
    #[must_use]
    pub fn ctx(&self, key: PositionKey, now: Timestamp) -> Option<Ctx<'_>> {
        let market = self.markets.get(key.instrument.index())?;
        let assigned = self.position(key).and_then(|position| position.assigned);
        let account = self.accounts.get(&key.account)?;
        let by_symbol = self.symbol_plans.get(&(key.account, key.instrument)).copied();
        let plan = assigned.or(by_symbol).or(account.plan).and_then(|id| self.plans.get(&id));
        let slippage = median(&market.slippages);
        let permit = self.permitted(key.account).max(account.permit);
        Some(Ctx {
            now,
            account,
            permit,
            instrument: market.instrument.as_ref()?,
            board: &market.board,
            volatility: &market.volatility,
            closes: &self.closes,
            session_ends: market.session_ends,
            closed: &self.closed,
            session_ended: market.session_ended,
            plan,
            slippage,
        })
    }

    fn tick(&mut self, tick: &Tick, now: Timestamp) -> Step {
        let Some(market) = self.markets.get_mut(tick.instrument.index()) else { return Step::default() };
        let index = &mut self.indexes[tick.instrument.index()];
        // Who waits for a price that counts looks at each, whatever it is: one that is fresh, confirmed, or the second one.
        let (mut slots, mut left) = (index.waiting().collect::<BTreeSet<_>>(), Vec::new());
        for (series, price) in news(&tick.prices) {
            if !index.is_quiet(series, price) {
                index.triggered(series, price, &mut slots);
                left.push(series);
            }
        }
        let grown = market.board.put(&tick.prices, now, tick.confirmed);
        for (series, extremes) in Series::ALL.into_iter().zip(grown) {
            // An extreme may be believed later than it was seen, when another series has confirmed it.
            extremes.into_iter().flatten().for_each(|extreme| index.triggered(series, extreme, &mut slots));
            if extremes != [None, None] && !left.contains(&series) {
                left.push(series);
            }
        }
        left.into_iter().for_each(|series| index.refresh_series(series, &market.board));
        self.overdue(tick.instrument, now, &mut slots);
        if self.exhaustive {
            slots.extend(self.slots.iter().filter(|(key, _)| key.instrument == tick.instrument).map(|(_, slot)| *slot));
        }
        if slots.is_empty() {
            return Step::default();
        }
        let mut turn = Turn::at(now);
        for slot in slots {
            self.with(slot, &mut turn, |_, _, _| Ok(()));
        }
        self.finish(turn)
    }

    /// A deadline that has come is looked at with the next price, as in a replay, which looks at every position.
    fn overdue(&self, instrument: InstrumentId, now: Timestamp, slots: &mut BTreeSet<u32>) {
        if self.timers.next().is_some_and(|(at, _)| at <= now) {
            let here = |slot: &u32| self.positions[*slot as usize].key.instrument == instrument;
            slots.extend(self.timers.due(now).into_iter().filter(here));
        }
    }

    /// Lets one position take in something, take its turn, and say what it watches from now on.
    pub(crate) fn with(
        &mut self,
        slot: u32,
        turn: &mut Turn,
        take_in: impl FnOnce(&mut Position, Ctx, &mut Out) -> Result<(), backstop_model::OutOfRange>,
    ) {
        let before = &self.positions[slot as usize];
        let key = before.key;
        let went_on = key.deal.is_some() && before.goes_on();
        // A copy decides, so that it can be given the rest of the engine to look at.
        let mut position = before.clone();
        let mut out = Out::default();
        let Some(ctx) = self.ctx(key, turn.now) else { return };
        let taken = take_in(&mut position, ctx, &mut out);
        let earned = earned(before, &position).and_then(|earned| earned.minus(out.late_fees));
        // A closed incarnation is told of before the next one may begin.
        let ended = position.is_flat() && !before.is_flat();
        if ended {
            // The next incarnation is asked anew.
            position.assigned = None;
        }
        let done = match (taken, turn.gathering && !ended) {
            (Err(wrong), _) => Err(wrong),
            (Ok(()), true) => {
                turn.gathered.insert(slot);
                Ok(Vec::new())
            }
            (Ok(()), false) => decide(&mut position, ctx, &mut out),
        };
        if ctx.permit == Permit::Observe {
            only_observe(&mut out);
        }
        let changed = position != *before || !out.commands.is_empty();
        turn.positions.append(&mut out.reads);
        // What was gathered is told with the decision, also when nothing had to be decided.
        let altered = turn.altered.remove(&slot) || changed;
        if turn.gathering && altered {
            turn.altered.insert(slot);
        }
        match done {
            Ok(read) if altered => turn.positions.extend(read),
            Ok(_) => {}
            Err(_) => suspend(&mut position, ctx, &mut out),
        }
        let (quiet, deadline) = (position.quiet(ctx), position.deadline(ctx));
        let ended = before.live.is_some() && position.live.is_none();
        position.put_away();
        self.positions[slot as usize] = position;
        self.count_day(key.account, earned);
        self.timers.set(slot, deadline);
        self.indexes[key.instrument.index()].set(slot, &quiet);
        self.indexes[key.instrument.index()].set_waiting(slot, self.positions[slot as usize].waits_for_price());
        turn.touched.insert(key.instrument);
        turn.changed |= changed;
        turn.commands.append(&mut out.commands);
        turn.notices.append(&mut out.notices);
        self.note_slippage(key.instrument, out.slippage);
        if ended {
            self.tidy(key.instrument);
            if key.deal.is_some() {
                self.forget_old_deals(key);
            }
        }
        if went_on && !self.positions[slot as usize].goes_on() {
            self.end_entry_beside(key, turn);
        }
    }

    /// Lets every position that has only gathered facts take its turn.
    pub(crate) fn decide_gathered(&mut self, turn: &mut Turn) {
        turn.gathering = false;
        for slot in std::mem::take(&mut turn.gathered) {
            self.with(slot, turn, |_, _, _| Ok(()));
        }
    }

    fn note_slippage(&mut self, instrument: InstrumentId, slippage: Vec<Points>) {
        let known = &mut self.markets[instrument.index()].slippages;
        known.extend(slippage);
        let surplus = known.len().saturating_sub(SLIPPAGES);
        known.drain(..surplus);
    }

    /// When nothing is open on an instrument any more, its closed windows serve nobody.
    fn tidy(&mut self, instrument: InstrumentId) {
        let open =
            self.positions.iter().any(|position| position.key.instrument == instrument && position.live.is_some());
        if !open {
            self.markets[instrument.index()].board.forget_windows();
        }
    }

    pub(crate) fn finish(&mut self, turn: Turn) -> Step {
        let market = turn.touched.iter().map(|id| (*id, self.markets[id.index()].board.view())).collect();
        for id in &turn.touched {
            let market = &mut self.markets[id.index()];
            if turn.changed {
                market.board.close_window();
            }
            self.indexes[id.index()].refresh(&market.board);
        }
        Step {
            changed: turn.changed,
            commands: turn.commands,
            notices: turn.notices.into_iter().map(|notice| self.saying_which_deal(notice)).collect(),
            market: if turn.changed { market } else { Vec::new() },
            positions: turn.positions,
            not_entered: turn.not_entered,
            deadline: self.next_deadline(),
        }
    }
}

/// What one event brings about, while it is being handed around.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) now: Timestamp,
    pub(crate) changed: bool,
    pub(crate) commands: Vec<Command>,
    pub(crate) notices: Vec<backstop_model::Notice>,
    pub(crate) positions: Vec<PositionRead>,
    pub(crate) not_entered: Option<crate::entries::NotEntered>,
    pub(crate) touched: BTreeSet<InstrumentId>,
    /// One event brings many facts: positions take them all in before any of them decides.
    pub(crate) gathering: bool,
    pub(crate) gathered: BTreeSet<u32>,
    /// Those of them that are not what they were.
    pub(crate) altered: BTreeSet<u32>,
}

impl Turn {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self {
            now,
            changed: false,
            commands: Vec::new(),
            notices: Vec::new(),
            positions: Vec::new(),
            not_entered: None,
            touched: BTreeSet::new(),
            gathering: false,
            gathered: BTreeSet::new(),
            altered: BTreeSet::new(),
        }
    }
}

/// The last gate of an account that is only observed: questions may leave, nothing else, and people are not told of deeds.
fn only_observe(out: &mut Out) {
    let asks = |command: &Command| matches!(command, Command::Lookup { .. } | Command::Snapshot { .. });
    out.commands.retain(asks);
    for notice in &mut out.notices {
        notice.text.insert_str(0, "observe, nothing is sent: ");
    }
}

/// The turn of one position after it has taken something in, and how it reads then.
fn decide(position: &mut Position, ctx: Ctx, out: &mut Out) -> Result<Vec<PositionRead>, backstop_model::OutOfRange> {
    position.let_go_of_settled();
    position.look(ctx, out)?;
    position.settle_entries(ctx, out);
    position.follow_drill(ctx, out)?;
    let before = position.read(ctx)?;
    position.settle(ctx, out)?;
    // Protection is judged again: an order may have been let go. What is over by now has its last word from before.
    let mut reads = position.read(ctx)?;
    let is_over = |read: &PositionRead| reads.iter().all(|now| now.document.tranche != read.document.tranche);
    let last_words: Vec<_> = before.into_iter().filter(is_over).collect();
    position.keep_owing(&last_words);
    reads.extend(last_words);
    Ok(reads)
}

/// A number has left its range: nothing more is decided for this position; the stop it has stays.
fn suspend(position: &mut Position, ctx: Ctx, out: &mut Out) {
    if let Some(live) = &mut position.live {
        live.suspended = true;
    }
    out.commands.clear();
    let text = format!(
        "{} {}: a number left its range; the position is suspended with the stop it has, close it by hand and report this",
        ctx.instrument.symbol, position.key.side
    );
    out.tell(Severity::Alarm, position.key, text);
}

fn median(values: &[Points]) -> Points {
    let mut sorted = values.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or(Points::ZERO)
}
