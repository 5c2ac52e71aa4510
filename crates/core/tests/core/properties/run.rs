//! One random run: the case it is drawn from, and the loop that a runtime would have.

use super::laws;
use crate::builders::{account_from, definitions, instrument_from, key, plan_from};
use crate::venue::Toy;
use backstop_core::{Engine, Step};
use backstop_model::{
    Account, Candle, EntryRequest, Event, ExitPlan, Instrument, PositionSide, Price, Prices, Quantity, RequestId,
    Series, Span, Stamped, Timestamp,
};
use proptest::prelude::*;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Case {
    pub side: PositionSide,
    pub account: &'static str,
    pub instrument: &'static str,
    pub plan: String,
    /// In ticks of 0.1.
    pub entry: i64,
    /// In thousandths.
    pub quantity: u32,
    pub actions: Vec<(u16, Action)>,
    pub fates: Vec<u8>,
    pub trouble: u8,
}

/// What happens, some milliseconds after what happened before.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Prices move by so many basis points; the mark lags behind by so many ticks, the spread is so wide. One that is not
    /// sure may be a misprint (F-H01).
    Move { basis_points: i16, lag: i16, spread: u8, sure: bool },
    /// The venue's history: two candles that reach so many basis points up and down.
    Candles { up: u8, down: u8, mark: bool },
    /// Only the mark moves.
    MarkOnly { basis_points: i16 },
    /// Somebody adds, in thousandths.
    Add(u8),
    /// Somebody reduces.
    Reduce(u8),
    /// The operator enters, in thousandths; a limit lies so many basis points below the price for a long.
    Enter { thousandths: u8, limit: Option<u8> },
    /// The operator asks for the last entry once more.
    EnterAgain,
    /// The operator takes the last entry back.
    TakeBack,
    /// The operator closes.
    Close,
    /// The operator moves the stop to break-even.
    BreakEven,
    /// The operator closes a share, in percent.
    ClosePart(u8),
    /// The operator pauses, or lets it go on.
    Pause(bool),
    /// The loop is late: a price is heard before the deadlines that have come meanwhile (F-J03).
    Late { basis_points: i16 },
    /// The regular look.
    Snapshot,
    /// The price grid gets coarser.
    Coarser,
    /// Nothing but time.
    Wait,
}

fn sure() -> impl Strategy<Value = bool> {
    prop_oneof![3 => Just(true), 1 => Just(false)]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        20 => (-120_i16..140, -30_i16..30, 0_u8..20, sure())
            .prop_map(|(basis_points, lag, spread, sure)| Action::Move { basis_points, lag, spread, sure }),
        4 => (-500_i16..500, -30_i16..30, 0_u8..20, sure())
            .prop_map(|(basis_points, lag, spread, sure)| Action::Move { basis_points, lag, spread, sure }),
        3 => (-200_i16..200).prop_map(|basis_points| Action::MarkOnly { basis_points }),
        1 => (0_u8..200, 0_u8..200, any::<bool>()).prop_map(|(up, down, mark)| Action::Candles { up, down, mark }),
        2 => (1_u8..100).prop_map(Action::Add),
        1 => (1_u8..100).prop_map(Action::Reduce),
        1 => (1_u8..100, prop_oneof![Just(None), (0_u8..60).prop_map(Some)])
            .prop_map(|(thousandths, limit)| Action::Enter { thousandths, limit }),
        1 => Just(Action::EnterAgain),
        1 => Just(Action::TakeBack),
        1 => Just(Action::Snapshot),
        1 => Just(Action::BreakEven),
        1 => (1_u8..=100).prop_map(Action::ClosePart),
        1 => any::<bool>().prop_map(Action::Pause),
        1 => Just(Action::Coarser),
        3 => Just(Action::Wait),
        2 => (-30_i16..30).prop_map(|basis_points| Action::Late { basis_points }),
    ]
}

fn plan() -> impl Strategy<Value = String> {
    let on = prop_oneof![Just("mark"), Just("last"), Just("bid_ask"), Just("bid_ask prefer"), Just("last prefer")];
    let stop = (5_u32..50, on);
    let levels = prop::collection::vec((5_u32..40, 1_u32..5), 1..5);
    let ladder = prop_oneof![
        Just("none"),
        Just("breakeven"),
        Just("previous_target"),
        Just("targets_behind 2"),
        Just("percent_below_trigger 1%"),
        Just("percent_below_high 1%"),
    ];
    let rest = prop_oneof![
        3 => Just(""),
        1 => Just("; rest; trail activation 3% distance 1% by amend; allow-loss"),
        1 => Just("; rest; trail distance 2% by engine; allow-loss"),
        1 => Just("; trail activation 2% distance 1.5% by amend on mark; allow-loss"),
    ];
    let more = prop_oneof![
        4 => Just(""),
        4 => Just("; instant"),
        1 => Just("; time-limit 60s"),
        1 => Just("; breakeven net"),
        1 => Just("; breakeven-at 0.4%"),
        1 => Just("; soft 0.4% for 5s"),
        1 => Just("; slices 3"),
        1 => Just("; instant; slices 2 most 3000")
    ];
    let tranches = prop_oneof![
        4 => Just(""),
        1 => Just("; tranches loss 0.4% max 3"),
        1 => Just("; tranches loss 0.4% max 3; merge never"),
        1 => Just("; tranches per-fill")
    ];
    (stop, levels, ladder, rest, more, tranches).prop_map(|((stop, on), levels, ladder, rest, more, tranches)| {
        let whole: u32 = levels.iter().map(|(_, weight)| weight).sum::<u32>() + u32::from(rest.contains("rest"));
        let mut text = format!("stop {}.{}% {on}", stop / 10, stop % 10);
        let (mut at, mut left) = (0, 100);
        for (index, (step, weight)) in levels.iter().enumerate() {
            at += step;
            let last = index + 1 == levels.len() && !rest.contains("rest");
            let share = if last { left } else { weight * 100 / whole };
            left -= share;
            text += &format!("; tp {}.{}% close {share}%", at / 10, at % 10);
        }
        format!("{text}; ladder {ladder}{rest}{more}{tranches}")
    })
}

/// Random cases with so much trouble, of 256.
pub fn case(trouble: u8) -> impl Strategy<Value = Case> {
    let side = prop_oneof![Just(PositionSide::Long), Just(PositionSide::Short)];
    let account = prop_oneof![
        4 => Just(""),
        4 => Just("amend"),
        4 => Just("amend no-reduce-only hedge"),
        4 => Just("whole-stop"),
        4 => Just("whole-stop amend"),
        2 => Just("whole-stop amend entry-stop"),
        1 => Just("unprotectable close"),
        1 => Just("on-refusal throttled=again,reduce,close"),
        4 => Just("amend last-target"),
        2 => Just("whole-stop amend last-target guaranteed"),
        1 => Just("amend guaranteed"),
        1 => Just("daily-loss 3%"),
        1 => Just("daily-loss 2% flatten"),
        1 => Just("whole-stop daily-loss 2% flatten")
    ];
    let instrument = prop_oneof![
        Just(""),
        Just("min 0.02"),
        Just("notional 1000"),
        Just("tick 2.5 step 0.01 min 0.01"),
        Just("maker 0.02% taker 0.05%"),
        Just("distance 0.5%"),
        Just("distance 120"),
        Just("distance 0.3% premium 2 0.6%"),
        Just("max 0.1"),
        Just("max 0.15 market-max 0.06 min 0.02"),
    ];
    let what = (side, account, instrument, plan(), 100_000_i64..600_000, 1_u32..300);
    let actions = prop::collection::vec((prop_oneof![0_u16..300, 0_u16..5000], action()), 5..40);
    let close = prop_oneof![3 => Just(None), 1 => (0_usize..40).prop_map(Some)];
    (what, actions, close, prop::collection::vec(any::<u8>(), 16..64)).prop_map(
        move |((side, account, instrument, plan, entry, quantity), mut actions, close, fates)| {
            if let Some(at) = close.filter(|at| *at < actions.len()) {
                actions[at].1 = Action::Close;
            }
            // Where reduce-only is not enforced the position is kept per side; the toy has one net position.
            let account = account.trim_end_matches(" hedge");
            Case { side, account, instrument, plan, entry, quantity, actions, fates, trouble }
        },
    )
}

/// A run in progress, and what is left of it.
pub struct Run {
    pub case: Case,
    pub engine: Engine,
    /// The engine that looks at every tick.
    watchful: Engine,
    pub toy: Toy,
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
        let toy = Toy::new(case.side, now, case.fates.clone(), case.trouble, instrument.step);
        let mut run = Self {
            engine: Engine::new(),
            watchful: Engine::new().exhaustive(),
            toy,
            plan,
            instrument,
            account: account_from(case.account),
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
        self.toy.by_hand(true, entry, quantity);
        self.deliver();
        for (wait, action) in self.case.actions.clone() {
            match action {
                Action::Late { .. } => self.toy.now = self.toy.now.plus(Span::from_millis(i64::from(wait.min(600)))),
                _ => self.pass(Span::from_millis(i64::from(wait))),
            }
            self.act(action);
        }
        self.act(Action::Pause(false));
        for entry in self.entries.clone() {
            self.hand_in(Event::CancelEntry { account: entry.account(), request: entry.request });
        }
        self.deliver();
        self.pass(Span::from_secs(90));
        self.toy.heal();
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
                self.toy.move_to(prices, sure);
            }
            Action::MarkOnly { basis_points } => {
                let mark = self.last + self.last * i64::from(basis_points) / 10_000;
                self.toy.move_to(Prices { mark: Some(self.price(mark)), ..Prices::default() }, true);
            }
            Action::Candles { up, down, mark } => self.candles(up, down, mark),
            Action::Add(thousandths) => {
                let (at, quantity) = (self.price(self.last), self.quantity(u32::from(thousandths)));
                if !self.toy.open.is_zero() {
                    self.laws.was_changed_by_hand = true;
                    self.toy.by_hand(true, at, quantity);
                }
            }
            Action::Reduce(thousandths) => {
                let (at, quantity) = (self.price(self.last), self.quantity(u32::from(thousandths)));
                self.laws.was_changed_by_hand = true;
                self.toy.by_hand(false, at, quantity);
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
            Action::BreakEven => self.hand_in(Event::BreakEven { position: key(self.case.side) }),
            Action::ClosePart(percent) => {
                self.laws.was_changed_by_hand = true;
                let share = crate::builders::percent(&percent.to_string());
                self.hand_in(Event::ClosePart { position: key(self.case.side), share });
            }
            Action::Pause(paused) => self.hand_in(Event::Pause { position: key(self.case.side), paused }),
            Action::Close => self.hand_in(Event::Close { position: key(self.case.side) }),
            Action::Snapshot => self.toy.snapshot(),
            Action::Late { basis_points } => {
                return self.act(Action::Move { basis_points, lag: 0, spread: 2, sure: true });
            }
            Action::Coarser => self.coarsen(),
            Action::Wait => {}
        }
        self.deliver();
    }

    fn candles(&mut self, up: u8, down: u8, mark: bool) {
        let away = |points: i64| self.price(self.last + self.last * points / 10_000);
        let (high, low) = (away(i64::from(up)), away(-i64::from(down)));
        let candle = |ago: i64| Candle { opened_at: self.toy.now.plus(Span::from_secs(-ago)), high, low, close: low };
        let history = Some(if mark { Series::Mark } else { Series::Last });
        let (interval, candles) = (Span::from_secs(1), vec![candle(2), candle(1)]);
        self.hand_in(Event::Candles { instrument: self.instrument.id, interval, candles, history });
    }

    fn enter(&mut self, thousandths: u8, limit: Option<u8>) {
        self.laws.was_changed_by_hand = true;
        let away = |points: u8| match self.case.side {
            PositionSide::Long => self.last - self.last * i64::from(points) / 10_000,
            PositionSide::Short => self.last + self.last * i64::from(points) / 10_000,
        };
        let asked = EntryRequest {
            request: RequestId::new(&format!("e{}", self.entries.len())).unwrap(),
            position: key(self.case.side),
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

    /// Lets time pass, waking the engine at every deadline on the way.
    pub(super) fn pass(&mut self, span: Span) {
        let until = self.toy.now.plus(span);
        for turn in 0.. {
            let Some((at, why)) = self.engine.next_deadline().filter(|(at, _)| *at <= until) else { break };
            assert!(turn < 500, "it does not come to rest: {why:?}");
            self.toy.now = self.toy.now.max(at);
            self.hand_in(Event::Wake);
            self.deliver();
        }
        self.toy.now = until;
    }

    /// Hands in everything that is on its way.
    pub(super) fn deliver(&mut self) {
        for turn in 0.. {
            let Some(event) = self.toy.outbox.pop_front() else { break };
            assert!(turn < 2000, "the venue and the engine talk for ever: {event:?}");
            self.hand_in(event);
        }
    }

    pub(super) fn hand_in(&mut self, event: Event) {
        let sequence = self.events.len() as u64 + 1;
        let stamped = Stamped { sequence, at: self.toy.now, event };
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
            self.toy.command(command);
        }
    }
}
