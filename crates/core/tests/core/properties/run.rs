//! One random run: the case it is drawn from, and the loop that a runtime would have.

use super::drawn::{Action, Case};
use super::laws;
use crate::builders::{account_from, definitions, instrument_from, key, plan_from};
use crate::venue::Toy;
use backstop_core::orders::{EntryName, Named};
use backstop_core::position::Tranche;
use backstop_core::{Engine, Step};
use backstop_model::{
    Account, Candle, ClientOrderId, Command, EntryRequest, Event, ExitPlan, ExitReason, Instrument, PositionMode,
    PositionSide, Price, Prices, Quantity, RequestId, Rounding, Series, Span, Stamped, Timestamp,
};

/// A run in progress, and what is left of it.
pub struct Run {
    pub case: Case,
    pub engine: Engine,
    /// The engine that looks at every tick.
    watchful: Engine,
    /// One, or one for each side where the account keeps both; what is opened first has the first.
    pub toys: Vec<Toy>,
    /// On which side hands act.
    hand: PositionSide,
    pub plan: ExitPlan,
    pub instrument: Instrument,
    pub account: Account,
    /// Everything that was handed in.
    pub events: Vec<Stamped>,
    pub laws: laws::Laws,
    last: i64,
    entries: Vec<EntryRequest>,
}

const START: i64 = 1_708_446_400_000;

impl Run {
    pub fn new(case: Case) -> Self {
        let (plan, _) = plan_from(&case.plan).unwrap_or_else(|bad| panic!("{}: {bad}", case.plan));
        let now = Timestamp::from_millis(START).unwrap();
        let instrument = instrument_from(case.instrument);
        let account = account_from(case.account);
        let toy = |side, fates| Toy::new(side, now, fates, case.trouble, instrument.step).offering(&account.capability);
        let mut toys = vec![toy(case.side, case.fates.clone())];
        if account.position_mode == PositionMode::Hedge {
            let fates = case.fates.iter().rev().copied().collect();
            toys.push(toy(case.side.other(), fates));
            toys = toys.into_iter().map(Toy::of_its_side).collect();
        }
        let mut run = Self {
            engine: Engine::new(),
            watchful: Engine::new().exhaustive(),
            toys,
            hand: case.side,
            plan,
            instrument,
            account,
            events: Vec::new(),
            laws: laws::Laws::default(),
            last: case.entry,
            entries: Vec::new(),
            case,
        };
        for event in definitions(&run.account, &run.instrument, &run.plan) {
            run.hand_in(event);
        }
        run
    }

    /// Plays all actions, then lets everything settle.
    pub fn go(mut self) -> Self {
        self.act(Action::Move { basis_points: 0, lag: 0, spread: 2, sure: true });
        self.act(Action::Snapshot);
        let entry = self.price(self.last);
        let quantity = self.quantity(self.case.quantity).max(self.instrument.min_quantity);
        let side = self.case.side;
        self.toy_mut(side).by_hand(true, entry, quantity);
        if self.toys.len() > 1 && self.case.quantity.is_multiple_of(2) {
            self.toy_mut(side.other()).by_hand(true, entry, quantity);
        }
        self.deliver();
        for (wait, action) in self.case.actions.clone() {
            match action {
                Action::Late { .. } => self.set_now(self.now().plus(Span::from_millis(i64::from(wait.min(600))))),
                _ => self.pass(Span::from_millis(i64::from(wait))),
            }
            self.act(action);
        }
        for toy in 0..self.toys.len() {
            self.hand = self.toys[toy].side;
            self.act(Action::Pause(false));
        }
        for entry in self.entries.clone() {
            self.hand_in(Event::CancelEntry { account: entry.account(), request: entry.request });
        }
        self.deliver();
        self.pass(Span::from_secs(90));
        self.toys.iter_mut().for_each(Toy::heal);
        for _ in 0..3 {
            self.pass(Span::from_secs(20));
            self.act(Action::Snapshot);
        }
        self.pass(Span::from_secs(20));
        laws::at_the_end(&self);
        self
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Move { basis_points, lag, spread, sure } => {
                self.last = (self.last + self.last * i64::from(basis_points) / 10_000).max(1000);
                let prices = Prices {
                    last: Some(self.price(self.last)),
                    mark: Some(self.price(self.last + i64::from(lag))),
                    bid: Some(self.price(self.last - i64::from(spread))),
                    ask: Some(self.price(self.last + i64::from(spread))),
                };
                self.move_to(prices, sure);
            }
            Action::MarkOnly { basis_points } => {
                let mark = self.last + self.last * i64::from(basis_points) / 10_000;
                self.move_to(Prices { mark: Some(self.price(mark)), ..Prices::default() }, true);
            }
            Action::Candles { up, down, mark } => self.candles(up, down, mark),
            Action::Add(thousandths) => {
                let (at, quantity) = (self.price(self.last), self.quantity(u32::from(thousandths)));
                let side = self.hand;
                // The first side begins once; the other one as often as hands like.
                if !self.toy(side).open.is_zero() || side != self.case.side {
                    self.laws.changed_by_hand.insert(side);
                    self.toy_mut(side).by_hand(true, at, quantity);
                }
            }
            Action::Reduce(thousandths) => {
                let (at, quantity) = (self.price(self.last), self.quantity(u32::from(thousandths)));
                let side = self.hand;
                self.laws.changed_by_hand.insert(side);
                self.toy_mut(side).by_hand(false, at, quantity);
            }
            Action::Enter { thousandths, limit } => self.enter(thousandths, limit),
            Action::EnterAgain => {
                if let Some(asked) = self.entries.last() {
                    self.hand_in(Event::Enter(*asked));
                }
            }
            Action::TakeBack => {
                if let Some(asked) = self.entries.last() {
                    self.hand_in(Event::CancelEntry { account: asked.account(), request: asked.request });
                }
            }
            Action::BreakEven => self.hand_in(Event::BreakEven { position: key(self.hand) }),
            Action::ClosePart(percent) => {
                self.laws.changed_by_hand.insert(self.hand);
                let share = crate::builders::percent(&percent.to_string());
                let (open, going) = self.open_and_going();
                self.hand_in(Event::ClosePart { position: key(self.hand), share });
                let asked = open.saturating_minus(going).share(share, Rounding::Down).unwrap();
                let more = self.open_and_going().1.saturating_minus(going);
                assert!(more <= asked, "a part by hand closes {more}, and {asked} was asked for");
            }
            Action::Pause(paused) => self.hand_in(Event::Pause { position: key(self.hand), paused }),
            Action::Close => self.hand_in(Event::Close { position: key(self.hand) }),
            Action::Snapshot => self.read(),
            Action::Switch => {
                let other = self.toys.iter().find(|toy| toy.side != self.hand);
                self.hand = other.map_or(self.hand, |toy| toy.side);
            }
            Action::Late { basis_points } => {
                return self.act(Action::Move { basis_points, lag: 0, spread: 2, sure: true });
            }
            Action::Coarser => self.coarsen(),
            Action::Wait => {}
        }
        self.deliver();
    }

    /// What is open on the side of the hand, and what of it hands have decided to close.
    fn open_and_going(&self) -> (Quantity, Quantity) {
        let live = self.engine.position(key(self.hand)).and_then(|position| position.live.as_ref());
        let by_hand = |tranche: &Tranche| match tranche.closing {
            Some(closing) if closing.reason == ExitReason::Manual => tranche.remaining,
            // Somebody may have closed some of that meanwhile.
            Some(_) | None => tranche.aside.part.min(tranche.remaining),
        };
        let sum = |parts: Vec<Quantity>| parts.into_iter().fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap());
        let tranches = || live.into_iter().flat_map(|live| live.open());
        (sum(tranches().map(|tranche| tranche.remaining).collect()), sum(tranches().map(by_hand).collect()))
    }

    fn candles(&mut self, up: u8, down: u8, mark: bool) {
        let away = |points: i64| self.price(self.last + self.last * points / 10_000);
        let (high, low) = (away(i64::from(up)), away(-i64::from(down)));
        let candle = |ago: i64| Candle { opened_at: self.now().plus(Span::from_secs(-ago)), high, low, close: low };
        let history = Some(if mark { Series::Mark } else { Series::Last });
        let (interval, candles) = (Span::from_secs(1), vec![candle(2), candle(1)]);
        self.hand_in(Event::Candles { instrument: self.instrument.id, interval, candles, history });
    }

    fn enter(&mut self, thousandths: u8, limit: Option<u8>) {
        self.laws.changed_by_hand.insert(self.hand);
        let away = |points: u8| match self.hand {
            PositionSide::Long => self.last - self.last * i64::from(points) / 10_000,
            PositionSide::Short => self.last + self.last * i64::from(points) / 10_000,
        };
        let asked = EntryRequest {
            request: RequestId::new(&format!("e{}", self.entries.len())).unwrap(),
            position: key(self.hand),
            quantity: self.quantity(u32::from(thousandths)),
            limit: limit.map(|points| self.price(away(points))),
            plan: None,
        };
        self.entries.push(asked);
        self.hand_in(Event::Enter(asked));
    }

    pub(super) fn price(&self, ticks: i64) -> Price {
        let raw: Price = format!("{}.{}", ticks / 10, ticks % 10).parse().unwrap();
        raw.ceil_to_tick(self.instrument.tick).unwrap()
    }

    pub(super) fn quantity(&self, thousandths: u32) -> Quantity {
        let raw: Quantity = format!("{}.{:03}", thousandths / 1000, thousandths % 1000).parse().unwrap();
        raw.ceil_to_step(self.instrument.step).unwrap()
    }

    /// One side, as it is at the venue.
    pub(super) fn toy(&self, side: PositionSide) -> &Toy {
        self.toys.iter().find(|toy| toy.side == side).expect("I1: the account keeps no such side")
    }

    pub(super) fn toy_mut(&mut self, side: PositionSide) -> &mut Toy {
        self.toys.iter_mut().find(|toy| toy.side == side).expect("I1: the account keeps no such side")
    }

    fn now(&self) -> Timestamp {
        self.toys[0].now
    }

    fn set_now(&mut self, now: Timestamp) {
        self.toys.iter_mut().for_each(|toy| toy.now = now);
    }

    /// One market: its prices are told once.
    pub(super) fn move_to(&mut self, prices: Prices, sure: bool) {
        let (first, others) = self.toys.split_first_mut().expect("there is one at least");
        first.move_to(prices, sure);
        others.iter_mut().for_each(|toy| toy.move_untold(prices));
    }

    /// The whole account is read.
    fn read(&mut self) {
        let mut whole = self.toys[0].read();
        for other in self.toys[1..].iter().map(Toy::read) {
            whole.positions.extend(other.positions);
            whole.orders.extend(other.orders);
            whole.fills.extend(other.fills);
        }
        self.toys[0].outbox.push_back(Event::Snapshot(whole));
    }

    fn command(&mut self, command: &Command) {
        let named = |id: &ClientOrderId| Named::read(id).map(|named| named.side);
        let side = |id: &ClientOrderId| named(id).or_else(|| EntryName::read(id).map(|name| name.side));
        let side = match command {
            Command::Snapshot { .. } => return self.read(),
            Command::Place(order) => order.position_side,
            Command::Amend { id, .. } | Command::Cancel { id, .. } | Command::Lookup { id, .. } => {
                side(id).expect("our ids are ours")
            }
        };
        self.toy_mut(side).command(command);
    }

    /// Lets time pass, waking the engine at every deadline on the way.
    pub(super) fn pass(&mut self, span: Span) {
        let until = self.now().plus(span);
        for turn in 0.. {
            let Some((at, why)) = self.engine.next_deadline().filter(|(at, _)| *at <= until) else { break };
            assert!(turn < 500, "it does not come to rest: {why:?}");
            self.set_now(self.now().max(at));
            self.hand_in(Event::Wake);
            self.deliver();
        }
        self.set_now(until);
    }

    /// Hands in everything that is on its way.
    pub(super) fn deliver(&mut self) {
        for turn in 0.. {
            let Some(event) = self.toys.iter_mut().find_map(|toy| toy.outbox.pop_front()) else { break };
            assert!(turn < 2000, "the venue and the engine talk for ever: {event:?}");
            self.hand_in(event);
        }
    }

    pub(super) fn hand_in(&mut self, event: Event) {
        let sequence = self.events.len() as u64 + 1;
        let stamped = Stamped { sequence, at: self.now(), event };
        let step: Step = self.engine.handle(&stamped);
        let same = self.watchful.handle(&stamped);
        if step.commands != same.commands {
            let side = self.case.side;
            eprintln!("ORD {:?}\nEXH {:?}", self.engine.position(key(side)), self.watchful.position(key(side)));
        }
        assert_eq!(step.commands, same.commands, "quiet intervals hide a decision at {stamped:?}");
        self.events.push(stamped);
        assert!(step.changed || step.commands.is_empty(), "commands without a record (R1)");
        laws::after(self, &step);
        for command in &step.commands {
            self.command(command);
        }
    }
}
