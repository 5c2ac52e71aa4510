//! Two symbols at one production loop: the one is calm, the other in trouble. What leaves for the calm one, and when, is the same
//! as without the other (I13, R10).
//!
//! Questions about the whole account are no decision about the calm symbol: a surprise on the other one asks them.

use super::{Seeded, ground};
use crate::storm::stage::{self, ACCOUNT, MARKET, Stage};
use backstop_core::Engine;
use backstop_core::orders::Named;
use backstop_model::{
    Answer, Asked, ClientOrderId, Command, Event, Fee, Fill, FillCause, FillId, Instrument, InstrumentId,
    InstrumentSpec, Liquidity, Money, OrderReport, OrderSide, OrderStatus, Outcome, Permit, PositionKey, PositionSide,
    Price, Prices, Quantity, Refusal, RefusalReason, Snapshot, SnapshotCause, Span, Symbol, Tick, Timestamp,
    UnknownCause, VenueOrderId,
};
use backstop_runtime::executor::Budget;
use backstop_runtime::{Cycle, Executor, SnapshotSchedule};
use backstop_sim::dice::Dice;

/// In the order of what they break.
pub const SEEDED: &[Seeded] = &[
    Seeded {
        name: "neighbours-price",
        wrong: "a price of one symbol is heard by the other as well",
        breaks: "I13",
        plays: |seed, bug| play(seed, bug.then_some(neighbours_price)),
    },
    Seeded {
        name: "one-error-stops-all",
        wrong: "when the venue refuses an order of one symbol, the whole account only protects",
        breaks: "I13",
        plays: |seed, bug| play(seed, bug.then_some(one_error_stops_all)),
    },
    Seeded {
        name: "one-lane-for-all",
        wrong: "what is to be sent waits until every order of every symbol has been answered",
        breaks: "I13",
        plays: |seed, bug| play_in(seed, None, bug),
    },
];

/// The symbol in trouble.
const OTHER: InstrumentId = InstrumentId(1);
/// From one thing that happens to the next.
const APART: Span = Span::from_millis(70);
/// So many things happen.
const HAPPENS: u32 = 120;
/// Wakes on the way to the next of them.
const MOST_WAKES: u32 = 2_000;

/// What is heard in place of an event.
type Hears = fn(Event) -> Vec<Event>;

fn neighbours_price(event: Event) -> Vec<Event> {
    let Event::Tick(tick) = &event else { return vec![event] };
    let heard = Event::Tick(Tick { instrument: MARKET, ..*tick });
    if tick.instrument == OTHER { vec![event, heard] } else { vec![event] }
}

fn one_error_stops_all(event: Event) -> Vec<Event> {
    let refused = matches!(&event, Event::Answer(Answer { outcome: Outcome::Refused(_), .. }));
    let protects = Event::Permit { account: ACCOUNT, permit: Permit::ProtectOnly };
    if refused { vec![event, protects] } else { vec![event] }
}

fn play(seed: u64, bug: Option<Hears>) -> Option<String> {
    play_in(seed, bug, false)
}

fn play_in(seed: u64, bug: Option<Hears>, one_lane: bool) -> Option<String> {
    let [alone, beside] = [false, true].map(|troubled| Desk::new(seed, bug, one_lane).play(seed, troubled));
    let first = alone.iter().zip(&beside).find(|(one, other)| one != other);
    let shown =
        |sent: &(Timestamp, Command)| format!("{:?} at {} ms", sent.1, sent.0.since(stage::start()).as_millis());
    match first {
        Some((one, other)) => Some(format!("alone {}, beside the other {}", shown(one), shown(other))),
        None if alone.len() != beside.len() => {
            Some(format!("{} commands alone, {} beside the other", alone.len(), beside.len()))
        }
        None => None,
    }
}

/// The production loop with both symbols, and a venue that takes everything that is asked for the calm one.
struct Desk {
    stage: Stage,
    cycle: Cycle,
    bug: Option<Hears>,
    one_lane: bool,
    now: Timestamp,
    /// What has left for the calm symbol.
    calm: Vec<(Timestamp, Command)>,
    /// Orders of the other one.
    troubled: Vec<ClientOrderId>,
    /// Nothing of the other symbol has been answered since then.
    unanswered: Option<Timestamp>,
    fills: u32,
}

impl Desk {
    fn new(seed: u64, bug: Option<Hears>, one_lane: bool) -> Self {
        let (stage, definitions) = ground(seed);
        let now = stage::start();
        let mut snapshots = SnapshotSchedule::new(Span::from_secs(60));
        // What the venue grants an account its symbols share; that is another promise's matter (I19).
        let budget = Budget { requests: 100_000, window: Span::from_secs(10) };
        snapshots.start(ACCOUNT, now, SnapshotCause::Start);
        let cycle = Cycle::new(Engine::new(), 0, Executor::new(budget), snapshots);
        let (calm, troubled) = (Vec::new(), Vec::new());
        let mut desk = Self { stage, cycle, bug, one_lane, now, calm, troubled, unanswered: None, fills: 0 };
        let other = desk.stage.instrument().cloned().map(|instrument| {
            let symbol = Symbol::new("ETHUSDT").expect("it is a symbol");
            let spec = InstrumentSpec { id: OTHER, symbol, ..InstrumentSpec::from(instrument) };
            Instrument::try_from(spec).expect("the same under another name is an instrument")
        });
        let other = other.map(|other| Event::DefineInstrument(Box::new(other)));
        definitions.into_iter().chain(other).for_each(|event| desk.take(event));
        desk.is_read();
        desk
    }

    /// What has left for the calm symbol in the end. What happens to it is the same with the other one and without.
    fn play(mut self, seed: u64, troubled: bool) -> Vec<(Timestamp, Command)> {
        let (mut calm, mut trouble) = (Dice::new(seed, 13), Dice::new(seed, 14));
        let mut ticks = 50_000_i64;
        self.tick(MARKET, ticks);
        self.fill(MARKET, OrderSide::Buy, 400);
        for _ in 0..HAPPENS {
            let next = self.now.plus(APART);
            self.wake_until(next);
            self.now = next;
            ticks += i64::from(calm.below(601)) - 300;
            self.tick(MARKET, ticks.max(1_000));
            if troubled {
                self.trouble(&mut trouble);
            }
            self.turn();
        }
        self.calm
    }

    fn take(&mut self, event: Event) {
        let events = self.bug.map_or_else(|| vec![event.clone()], |bug| bug(event.clone()));
        for event in events {
            self.cycle.take(self.now, event);
            self.cycle.durable(self.cycle.sequence());
        }
    }

    /// Nothing is open, and nothing rests.
    fn is_read(&mut self) {
        let (positions, orders, fills) = (Vec::new(), Vec::new(), Vec::new());
        let (account, server_time) = (ACCOUNT, self.now);
        self.take(Event::Snapshot(Snapshot { account, positions, orders, fills, server_time, balance: None }));
    }

    /// Everything that is due now.
    fn turn(&mut self) {
        loop {
            let said = self.cycle.overdue(self.now);
            let command = self.cycle.next_request(self.now);
            if said.is_empty() && command.is_none() {
                return;
            }
            said.into_iter().for_each(|event| self.take(event));
            command.into_iter().for_each(|command| self.sent(command));
        }
    }

    fn wake_until(&mut self, until: Timestamp) {
        for _ in 0..MOST_WAKES {
            let Some(at) = self.cycle.next_wake().filter(|at| *at <= until) else { return };
            self.now = self.now.max(at);
            if self.cycle.wants_wake(self.now) {
                self.take(Event::Wake);
            }
            self.turn();
        }
    }

    fn sent(&mut self, command: Command) {
        let (Some(instrument), Some(id)) = (command.instrument(), command.order()) else { return };
        if instrument == OTHER {
            self.troubled.push(id);
            self.unanswered.get_or_insert(self.now);
            return;
        }
        let waits = self.unanswered.filter(|_| self.one_lane);
        self.calm.push((waits.map_or(self.now, |since| since.plus(Span::from_millis(1_500)).max(self.now)), command));
        let asked = match command {
            Command::Amend { .. } => Asked::Amend,
            Command::Cancel { .. } => Asked::Cancel,
            Command::Place(_) => Asked::Place,
            Command::Lookup { .. } | Command::Snapshot { .. } => return,
        };
        let outcome = Outcome::Accepted(VenueOrderId::new("v").expect("a letter is an id"));
        let sent_at = self.now;
        self.take(Event::Answer(Answer { account: ACCOUNT, instrument, id, asked, outcome, sent_at }));
    }

    fn tick(&mut self, instrument: InstrumentId, ticks: i64) {
        let prices = Prices::all(self.price(ticks));
        self.take(Event::Tick(Tick { instrument, prices, confirmed: true }));
    }

    fn price(&self, ticks: i64) -> Price {
        self.stage.price(ticks)
    }

    fn fill(&mut self, instrument: InstrumentId, side: OrderSide, steps: u32) {
        self.fills += 1;
        let number = self.fills;
        let made = Fill {
            account: ACCOUNT,
            instrument,
            id: FillId::new(&format!("{}-{number}", instrument.0)).expect("a number is an id"),
            order: None,
            venue_order: VenueOrderId::new(&format!("hand-{number}")).expect("a number is an id"),
            side,
            position_side: None,
            deal: None,
            price: self.price(50_000),
            quantity: self.stage.quantity(steps),
            fee: Fee::Known(Money::ZERO),
            liquidity: Liquidity::Taker,
            cause: FillCause::Order,
            at: self.now,
        };
        self.take(Event::Fill(made));
    }

    /// Something goes wrong with the other symbol.
    fn trouble(&mut self, dice: &mut Dice) {
        let count = u32::try_from(self.troubled.len()).unwrap_or(u32::MAX);
        let id = (count > 0).then(|| self.troubled[dice.below(count) as usize]);
        let refused = |reason| Outcome::Refused(Refusal::new(reason, "no"));
        match (dice.below(9), id) {
            (0, Some(id)) => self.answered(id, Asked::Place, refused(RefusalReason::Throttled)),
            (1, Some(id)) => self.answered(id, Asked::Place, refused(RefusalReason::ReduceOnly)),
            (2, Some(id)) => self.answered(id, Asked::Place, Outcome::Unknown(UnknownCause::TimedOut)),
            (3, Some(id)) => self.answered(id, Asked::Cancel, refused(RefusalReason::NotFound)),
            (4, Some(id)) => self.ended(id, dice),
            (5, _) => self.fill(OTHER, OrderSide::Buy, 1 + dice.below(300)),
            (6, _) => self.fill(OTHER, OrderSide::Sell, 1 + dice.below(300)),
            (7, _) => self.take(Event::Close { position: PositionKey::new(ACCOUNT, OTHER, PositionSide::Long) }),
            _ => self.tick(OTHER, 1_000 + i64::from(dice.below(90_000))),
        }
    }

    fn answered(&mut self, id: ClientOrderId, asked: Asked, outcome: Outcome) {
        self.unanswered = None;
        let (account, instrument, sent_at) = (ACCOUNT, OTHER, self.now);
        self.take(Event::Answer(Answer { account, instrument, id, asked, outcome, sent_at }));
    }

    fn ended(&mut self, id: ClientOrderId, dice: &mut Dice) {
        let status = match dice.below(3) {
            0 => OrderStatus::Other("WHAT".to_owned()),
            1 => OrderStatus::Rejected,
            _ => OrderStatus::Expired,
        };
        self.take(Event::Order(OrderReport {
            account: ACCOUNT,
            instrument: OTHER,
            id: Some(id),
            venue_id: VenueOrderId::new("odd").expect("a word is an id"),
            deal: None,
            side: Named::read(&id).map_or(OrderSide::Sell, |named| named.side.closing()),
            status,
            quantity: None,
            filled: Quantity::ZERO,
            trigger: None,
            limit: None,
            at: self.now,
        }));
    }
}
